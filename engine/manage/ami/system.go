package ami

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/manage"
	"asterism/engine/store"
)

// What has to do with the PBX as a whole.

func itoa(n int) string { return strconv.Itoa(n) }

func ping(a *action) {
	now := time.Now()
	a.answer("Success", header{"Ping", "Pong"}, header{"Timestamp", fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)})
}

func events(a *action) {
	word := "Off"
	if a.setEvents(a.get("EventMask")) {
		word = "On"
	}
	a.answer("Success", header{"Events", word})
}

func listCommands(a *action) {
	var lines []header
	for _, o := range operations() {
		lines = append(lines, header{o.name, fmt.Sprintf("%s  (Priv: %s)", o.summary, orNone(o.class))})
	}
	a.answer("Success", lines...)
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

// quietLevels keeps a manager's `core set verbose` from changing anybody's console.
type quietLevels struct{}

func (quietLevels) Verbose() int       { return 0 }
func (quietLevels) Debug() int         { return 0 }
func (quietLevels) SetVerbose(int) int { return 0 }
func (quietLevels) SetDebug(int) int   { return 0 }

// maxOutput bounds the answer to one Command.
const maxOutput = 4 << 20

func command(a *action) {
	line := a.get("Command")
	if line == "" {
		a.fail("No command provided")
		return
	}
	var out bytes.Buffer
	after := a.server.cfg.CLI.Run(a.ctx, line, quietLevels{}, &out)
	if out.Len() > maxOutput {
		out.Truncate(maxOutput)
	}
	headers := []header{{"Message", "Command output follows"}}
	text := strings.TrimRight(out.String(), "\n")
	if strings.HasPrefix(text, "No such command") {
		a.answer("Error", header{"Message", "Command output follows"}, header{"Output", text})
		return
	}
	for l := range strings.SplitSeq(text, "\n") {
		headers = append(headers, header{"Output", l})
	}
	a.answer("Success", headers...)
	if after != nil {
		after()
	}
}

func coreStatus(a *action) {
	pbx := a.server.cfg.PBX
	started, reloaded := pbx.Started().Local(), pbx.Reloaded().Local()
	a.answer("Success",
		header{"CoreStartupDate", started.Format(time.DateOnly)}, header{"CoreStartupTime", started.Format(time.TimeOnly)},
		header{"CoreReloadDate", reloaded.Format(time.DateOnly)}, header{"CoreReloadTime", reloaded.Format(time.TimeOnly)},
		header{"CoreCurrentCalls", itoa(countCalls(pbx))}, header{"CoreProcessedCalls", strconv.FormatUint(pbx.CallsProcessed(), 10)})
}

// countCalls counts the groups of channels that belong together.
func countCalls(pbx PBX) int {
	calls := map[string]bool{}
	for _, info := range pbx.Channels() {
		calls[info.LinkedID] = true
	}
	return len(calls)
}

func coreSettings(a *action) {
	conf := a.server.cfg.PBX.Config().Asterisk
	a.answer("Success", header{"AMIversion", "13.0.0"}, header{"AsteriskVersion", "Asterism"}, header{"SystemName", a.server.cfg.System},
		header{"CoreMaxCalls", itoa(conf.MaxCalls)}, header{"CoreRunUser", conf.RunUser}, header{"CoreRunGroup", conf.RunGroup},
		header{"CoreCDRenabled", yesNo(a.server.cfg.PBX.Config().CDR.Enable)}, header{"CoreHTTPenabled", "No"})
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

// reload reads everything again: what Module names cannot be reloaded alone, and a generation is whole or it is not.
func reload(a *action) {
	if problems := a.server.cfg.PBX.Reload(); config.Failed(problems) {
		for _, p := range problems {
			if !p.Warning {
				a.fail(p.Error())
				return
			}
		}
	}
	a.succeed("Module Reloaded")
}

func userEvent(a *action) {
	name := a.get("UserEvent")
	if name == "" {
		a.fail("No UserEvent provided")
		return
	}
	ev := event.UserEvent{At: time.Now(), Name: name}
	for _, h := range a.message {
		if !strings.EqualFold(h.key, "Action") && !strings.EqualFold(h.key, "UserEvent") && !strings.EqualFold(h.key, "ActionID") {
			ev.Fields = append(ev.Fields, event.Field{Key: h.key, Value: h.value})
		}
	}
	a.server.cfg.Events.Publish(ev)
	a.succeed("Event Sent")
}

// astdb tells whether there is a database and the action names a family.
func (a *action) astdb() (store.Store, string, bool) {
	family := a.get("Family")
	switch {
	case a.server.cfg.Store == nil:
		a.fail("Database unavailable")
	case family == "":
		a.fail("No family specified")
	default:
		return a.server.cfg.Store, family, true
	}
	return nil, "", false
}

func dbGet(a *action) {
	db, family, ok := a.astdb()
	if !ok {
		return
	}
	e, err := db.Get(a.ctx, store.Key(family, a.get("Key")))
	if err != nil {
		a.fail(databaseError(err))
		return
	}
	a.succeed("Result will follow", header{"EventList", "start"})
	m := message{{"Event", "DBGetResponse"}}
	if a.id != "" {
		m = append(m, header{"ActionID", a.id})
	}
	a.emit(append(m, header{"Family", family}, header{"Key", a.get("Key")}, header{"Val", string(e.Value)}))
	end := message{{"Event", "DBGetComplete"}}
	if a.id != "" {
		end = append(end, header{"ActionID", a.id})
	}
	a.emit(append(end, header{"EventList", "Complete"}, header{"ListItems", "1"}))
}

func databaseError(err error) string {
	if errors.Is(err, store.ErrNotFound) {
		return "Database entry not found"
	}
	return "Database unavailable: " + err.Error()
}

func dbPut(a *action) {
	db, family, ok := a.astdb()
	if !ok {
		return
	}
	if _, err := db.Put(a.ctx, store.Key(family, a.get("Key")), []byte(a.get("Val")), store.Any, 0); err != nil {
		a.fail("Failed to update entry")
		return
	}
	a.succeed("Updated database successfully")
}

func dbDel(a *action) {
	db, family, ok := a.astdb()
	if !ok {
		return
	}
	if err := db.Delete(a.ctx, store.Key(family, a.get("Key")), store.Any); err != nil {
		a.fail(databaseError(err))
		return
	}
	a.succeed("Key deleted successfully")
}

func dbDelTree(a *action) {
	db, family, ok := a.astdb()
	if !ok {
		return
	}
	prefix := "/" + strings.Trim(family+"/"+a.get("Key"), "/")
	list, err := db.List(a.ctx, prefix)
	if err != nil {
		a.fail(databaseError(err))
		return
	}
	for _, e := range list {
		if e.Key == prefix || strings.HasPrefix(e.Key, prefix+"/") {
			_ = db.Delete(a.ctx, e.Key, store.Any) // gone already is as good
		}
	}
	a.succeed("Key tree deleted successfully")
}

func pjsipShowEndpoints(a *action) {
	up := map[string]int{}
	for _, info := range a.server.cfg.PBX.Channels() {
		if info.Tech == "PJSIP" {
			up[info.Endpoint]++
		}
	}
	reachable := map[string]string{}
	for _, c := range a.server.cfg.PBX.Contacts() {
		reachable[c.AOR] = join(reachable[c.AOR], c.AOR+"/"+c.URI)
	}
	var items []message
	conf := a.server.cfg.PBX.Config().PJSIP
	for _, name := range sortedKeys(conf.Endpoints) {
		e := conf.Endpoints[name]
		contacts, state := "", "Unavailable"
		for _, aor := range e.AORs {
			contacts = join(contacts, reachable[aor])
		}
		switch {
		case up[name] > 0:
			state = "In use"
		case contacts != "":
			state = "Not in use"
		}
		items = append(items, message{{"Event", "EndpointList"}, {"ObjectType", "endpoint"}, {"ObjectName", name}, {"Transport", e.Transport},
			{"Aor", strings.Join(e.AORs, ",")}, {"Auths", strings.Join(e.Auth, ",")}, {"Contacts", contacts}, {"DeviceState", state},
			{"ActiveChannels", itoa(up[name])}})
	}
	a.list("A listing of Endpoints follows, presented as EndpointList events", "EndpointListComplete", items)
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

func pjsipShowContacts(a *action) {
	var items []message
	for _, c := range a.server.cfg.PBX.Contacts() {
		items = append(items, message{{"Event", "ContactList"}, {"ObjectType", "contact"}, {"ObjectName", c.AOR + ";@" + c.CallID}, {"Uri", c.URI},
			{"Endpoint", c.Endpoint}, {"Aor", c.AOR}, {"UserAgent", c.UserAgent}, {"ExpirationTime", expiry(c.Expires)},
			{"Status", c.Status.String()}, {"RoundtripUsec", strconv.FormatInt(c.RTT.Microseconds(), 10)}})
	}
	a.list("A listing of Contacts follows, presented as ContactList events", "ContactListComplete", items)
}

func pjsipShowSubscriptions(a *action) {
	var items []message
	for _, s := range a.server.cfg.PBX.Subscriptions() {
		items = append(items, message{{"Event", "InboundSubscriptionDetail"}, {"Role", "Notifier"}, {"Endpoint", s.Endpoint}, {"Callid", s.CallID},
			{"State", "ACTIVE"}, {"Callerid", s.Subscriber}, {"Resource", s.Resource}, {"EventPackage", s.Event}, {"Context", s.Context},
			{"UserAgent", s.UserAgent}, {"SubscriptionState", s.State}, {"Expiry", expiry(s.Expires)}})
	}
	a.list("Following are Events for each inbound Subscription", "InboundSubscriptionDetailComplete", items)
}

func pjsipShowRegistrations(a *action) {
	var items []message
	for _, g := range a.server.cfg.PBX.Registrations() {
		next := 0
		if !g.Next.IsZero() {
			next = max(0, int(time.Until(g.Next)/time.Second))
		}
		items = append(items, message{{"Event", "OutboundRegistrationDetail"}, {"ObjectType", "registration"}, {"ObjectName", g.Name},
			{"ServerUri", g.ServerURI}, {"ClientUri", g.ClientURI}, {"OutboundAuth", strings.Join(g.Auth, ",")}, {"Endpoint", g.Endpoint},
			{"Status", string(g.Status)}, {"NextReg", itoa(next)}})
	}
	a.list("Following are Events for each Outbound registration", "OutboundRegistrationDetailComplete", items)
}

func pjsipOrder(register bool) func(*action) {
	return func(a *action) {
		name := a.get("Registration")
		if name == "" || !a.server.cfg.PBX.OrderRegistration(name, register) {
			a.fail("Unable to retrieve registration " + name)
			return
		}
		a.succeed("Queued")
	}
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

var _ manage.Levels = quietLevels{}
