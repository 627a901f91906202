package ami

import (
	"context"
	"io"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/manage"
	"asterism/engine/registrar"
	"asterism/engine/registration"
	"asterism/engine/subscription"
)

// PBX is what the actions need of the running engine; *engine.Engine satisfies it. Every method is safe from any goroutine.
type PBX interface {
	manage.Calls
	manage.Life
	manage.Conferences
	Contacts() []registrar.Contact
	// MessagesWaiting counts the messages of a mailbox, "100@default"; fresh ones are the urgent ones, too.
	MessagesWaiting(mailbox string) (fresh, old, urgent int)
	Subscriptions() []subscription.Subscription
	Registrations() []registration.Registration
	OrderRegistration(name string, register bool) bool
	// Variable reads a variable of the channel of that name, or a global one for ""; found is false when there is no such channel.
	Variable(channel, name string) (value string, found bool)
	// SetVariable writes one, with the same meaning of "" and false.
	SetVariable(channel, name, value string) (found bool)
	// Originate calls a destination and, when it answers, runs it at a place of the dialplan or through one application. It returns
	// when that is decided.
	Originate(ctx context.Context, o channel.Origination) (channel.Originated, error)
}

// CommandLine runs the line of Action: Command; *manage.CLI is one.
type CommandLine interface {
	Run(ctx context.Context, line string, levels manage.Levels, out io.Writer) (after func())
}

// action is one request of a client and its way to answer.
type action struct {
	*session
	message
	id  string // ActionID, to be repeated
	ctx context.Context
	err error // of the first send that failed
}

// operation is an action by name: who may do it, and what it does.
type operation struct {
	name    string
	class   string // of manager.conf's write; "" for everybody who is logged in
	summary string
	run     func(*action)
}

// operations is made anew by a function, because ListCommands lists it.
func operations() []operation {
	list := []operation{
		{"Command", "command", "Run a line of the command line", command},
		{"CoreSettings", "system,reporting", "Show the version and settings", coreSettings},
		{"CoreShowChannels", "system,reporting", "List the channels", coreShowChannels},
		{"CoreStatus", "system,reporting", "Show when it was started and how many calls are up", coreStatus},
		{"DBDel", "system", "Delete an entry of the database", dbDel},
		{"DBDelTree", "system", "Delete entries of the database", dbDelTree},
		{"DBGet", "system,reporting", "Read an entry of the database", dbGet},
		{"DBPut", "system", "Write an entry of the database", dbPut},
		{"Events", "", "Choose the events to be sent", events},
		{"Getvar", "call,reporting", "Read a variable of a channel, or a global one", getVariable},
		{"Hangup", "system,call", "Hang up a channel", hangup},
		{"ListCommands", "", "List the actions", listCommands},
		{"Originate", "originate", "Call somebody and connect him to the dialplan", originate},
		{"PJSIPRegister", "system", "Register with a registrar now", pjsipOrder(true)},
		{"PJSIPShowContacts", "system,reporting", "List the contacts", pjsipShowContacts},
		{"PJSIPShowEndpoints", "system,reporting", "List the endpoints", pjsipShowEndpoints},
		{"PJSIPShowRegistrationsOutbound", "system,reporting", "List our registrations with others", pjsipShowRegistrations},
		{"PJSIPShowSubscriptionsInbound", "system", "List what phones have subscribed to", pjsipShowSubscriptions},
		{"PJSIPUnregister", "system", "Take a registration back", pjsipOrder(false)},
		{"Ping", "", "Be answered", ping},
		{"Redirect", "call", "Move a channel, and another one, to a place of the dialplan", redirect},
		{"Reload", "system,config,reporting", "Read configuration and dialplan again", reload},
		{"Setvar", "call", "Write a variable of a channel, or a global one", setVariable},
		{"Status", "system,call,reporting", "List channels with their state", status},
		{"UserEvent", "user", "Send an event of one's own to all clients", userEvent},
	}
	list = append(append(list, conferenceOperations()...), mailboxOperations()...)
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.name, b.name) })
	return list
}

// run does the action; false ends the connection.
func (a *action) run() bool {
	name := a.get("Action")
	user, in := a.account()
	switch {
	case strings.EqualFold(name, "Logoff"):
		a.answer("Goodbye", header{"Message", "Thanks for all the fish."})
		return false
	case strings.EqualFold(name, "Login"):
		return a.login(a) && a.err == nil
	case strings.EqualFold(name, "Challenge"):
		if !strings.EqualFold(a.get("AuthType"), "MD5") {
			a.fail("Must specify AuthType")
			return a.err == nil
		}
		a.answer("Success", header{"Challenge", a.newChallenge()})
		return a.err == nil
	case !in:
		a.fail("Permission denied") // whatever it was: who is not logged in learns nothing
		return a.err == nil
	case name == "":
		a.fail("Missing action in request")
		return a.err == nil
	}
	i := slices.IndexFunc(operations(), func(o operation) bool { return strings.EqualFold(o.name, name) })
	if i < 0 {
		a.fail("Invalid/unknown command: " + name + ". Use Action: ListCommands to show available commands.")
		return a.err == nil
	}
	if o := operations()[i]; mayAny(user.Write, o.class) {
		o.run(a)
	} else {
		a.fail("Permission denied")
	}
	return a.err == nil
}

// mayAny: one of the classes is enough.
func mayAny(has []string, classes string) bool {
	return slices.ContainsFunc(strings.Split(classes, ","), func(c string) bool { return config.May(has, c) })
}

func (a *action) emit(m message) {
	if a.err == nil {
		a.err = a.send(m)
	}
}

// answer sends the response.
func (a *action) answer(response string, headers ...header) {
	m := message{{"Response", response}}
	if a.id != "" {
		m = append(m, header{"ActionID", a.id})
	}
	a.emit(append(m, headers...))
}

func (a *action) succeed(text string, more ...header) {
	a.answer("Success", append([]header{{"Message", text}}, more...)...)
}

func (a *action) fail(text string) { a.answer("Error", header{"Message", text}) }

// list answers with events that carry the ActionID: a beginning, the items, an end named complete.
func (a *action) list(text, complete string, items []message) {
	a.answer("Success", header{"EventList", "start"}, header{"Message", text})
	for _, m := range items {
		if a.id != "" {
			m = slices.Insert(m, 1, header{"ActionID", a.id})
		}
		a.emit(m)
	}
	end := message{{"Event", complete}}
	if a.id != "" {
		end = append(end, header{"ActionID", a.id})
	}
	a.emit(append(end, header{"EventList", "Complete"}, header{"ListItems", itoa(len(items))}))
}

// channel finds the channel an action names, or says why not.
func (a *action) channel() (channel.Info, bool) {
	name := a.get("Channel")
	if name == "" {
		a.fail("No channel specified")
		return channel.Info{}, false
	}
	for _, info := range a.server.cfg.PBX.Channels() {
		if strings.EqualFold(info.Name, name) || info.UniqueID == name {
			return info, true
		}
	}
	a.fail("No such channel")
	return channel.Info{}, false
}
