package ami

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/event"
)

// What has to do with channels.

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// channelHeaders are what every event about a channel says of it, in Asterisk's order; prefix is "" or "Dest".
func channelHeaders(prefix string, ch event.Channel) []header {
	return []header{{prefix + "Channel", ch.Name}, {prefix + "ChannelState", itoa(ch.State)}, {prefix + "ChannelStateDesc", ch.StateName},
		{prefix + "CallerIDNum", orUnknown(ch.CallerNumber)}, {prefix + "CallerIDName", orUnknown(ch.CallerName)},
		{prefix + "ConnectedLineNum", orUnknown(ch.ConnectedNumber)}, {prefix + "ConnectedLineName", orUnknown(ch.ConnectedName)},
		{prefix + "Language", ch.Language}, {prefix + "AccountCode", ch.AccountCode}, {prefix + "Context", ch.Context}, {prefix + "Exten", ch.Exten},
		{prefix + "Priority", itoa(ch.Priority)}, {prefix + "Uniqueid", ch.UniqueID}, {prefix + "Linkedid", ch.LinkedID}}
}

func orUnknown(s string) string {
	if s == "" {
		return "<unknown>"
	}
	return s
}

// infoHeaders is channelHeaders of a channel as it is now.
func infoHeaders(i channel.Info) []header {
	return channelHeaders("", event.Channel{Name: i.Name, UniqueID: i.UniqueID, LinkedID: i.LinkedID, State: int(i.State), StateName: i.State.String(),
		AccountCode: i.AccountCode, Language: i.Language, CallerName: i.CallerID.Name, CallerNumber: i.CallerID.Number,
		ConnectedName: i.Connected.Name, ConnectedNumber: i.Connected.Number, Context: i.Place.Context, Exten: i.Place.Exten, Priority: i.Place.Priority})
}

func clock(d time.Duration) string {
	s := int(d.Seconds())
	return pad(s/3600) + ":" + pad(s/60%60) + ":" + pad(s%60)
}

func pad(n int) string {
	if n < 10 {
		return "0" + itoa(n)
	}
	return itoa(n)
}

func coreShowChannels(a *action) {
	var items []message
	for _, i := range a.server.cfg.PBX.Channels() {
		m := append(message{{"Event", "CoreShowChannel"}}, infoHeaders(i)...)
		items = append(items, append(m, header{"BridgeId", i.BridgeID}, header{"Application", i.Application}, header{"ApplicationData", i.Data},
			header{"Duration", clock(time.Since(i.Created))}))
	}
	a.list("Channels will follow", "CoreShowChannelsComplete", items)
}

func status(a *action) {
	infos := a.server.cfg.PBX.Channels()
	if a.get("Channel") != "" {
		info, ok := a.channel()
		if !ok {
			return
		}
		infos = []channel.Info{info}
	}
	var items []message
	for _, i := range infos {
		seconds := 0
		if !i.Answered.IsZero() {
			seconds = int(time.Since(i.Answered).Seconds())
		}
		m := append(message{{"Event", "Status"}}, infoHeaders(i)...)
		m = append(m, header{"Type", i.Tech}, header{"DNID", i.DNID}, header{"BridgeID", i.BridgeID}, header{"Application", i.Application},
			header{"Data", i.Data}, header{"Seconds", itoa(seconds)})
		for _, names := range a.all("Variables") {
			for name := range strings.SplitSeq(names, ",") {
				value, _ := a.server.cfg.PBX.Variable(i.Name, name)
				m = append(m, header{"Variable", name + "=" + value})
			}
		}
		items = append(items, m)
	}
	a.list("Channel status will follow", "StatusComplete", items)
}

func hangup(a *action) {
	info, ok := a.channel()
	if !ok {
		return
	}
	cause := channel.Cause(0)
	if word := a.get("Cause"); word != "" {
		var err error
		if cause, err = channel.ParseCause(word); err != nil {
			a.fail("Invalid 'Cause: " + word + "'")
			return
		}
	}
	a.server.cfg.PBX.HangupChannel(info.Name, cause)
	a.succeed("Channel Hungup")
}

// variable names what Getvar and Setvar are about; a function's value belongs to the dialplan that runs.
func (a *action) variable() (channelName, name string, ok bool) {
	if name = a.get("Variable"); name == "" {
		a.fail("No variable specified")
		return "", "", false
	}
	if strings.HasSuffix(name, ")") {
		a.fail("Functions cannot be reached from here, variables can")
		return "", "", false
	}
	if a.get("Channel") == "" {
		return "", name, true
	}
	info, found := a.channel()
	return info.Name, name, found
}

func getVariable(a *action) {
	ch, name, ok := a.variable()
	if !ok {
		return
	}
	value, _ := a.server.cfg.PBX.Variable(ch, name)
	a.answer("Success", header{"Variable", name}, header{"Value", value})
}

func setVariable(a *action) {
	ch, name, ok := a.variable()
	if !ok {
		return
	}
	if !a.server.cfg.PBX.SetVariable(ch, name, a.get("Value")) {
		a.fail("No such channel")
		return
	}
	a.succeed("Variable Set")
}

// place reads Context, Exten and Priority.
func (a *action) place() (dialplan.Named, bool) {
	p := dialplan.Named{Context: a.get("Context"), Exten: a.get("Exten"), Priority: a.get("Priority")}
	if p.Context == "" || p.Exten == "" || p.Priority == "" {
		a.fail("Context, Exten and Priority are needed")
		return p, false
	}
	return p, true
}

// redirect moves Channel and, if named, ExtraChannel, which goes to ExtraContext, ExtraExten and ExtraPriority if those are given.
func redirect(a *action) {
	if a.get("Channel") == "" {
		a.fail("Channel not specified")
		return
	}
	info, ok := a.channel()
	if !ok {
		return
	}
	to, ok := a.place()
	if !ok {
		return
	}
	if err := a.server.cfg.PBX.Redirect(info.Name, to); err != nil {
		a.fail("Redirect failed: " + err.Error())
		return
	}
	extra := a.get("ExtraChannel")
	if extra == "" {
		a.succeed("Redirect successful")
		return
	}
	to = dialplan.Named{Context: orElse(a.get("ExtraContext"), to.Context), Exten: orElse(a.get("ExtraExten"), to.Exten),
		Priority: orElse(a.get("ExtraPriority"), to.Priority)}
	if err := a.server.cfg.PBX.Redirect(extra, to); err != nil {
		a.fail("Secondary redirect failed: " + err.Error())
		return
	}
	a.succeed("Dual Redirect successful")
}

// powerful applications need the class system: they can run commands of the machine.
var powerful = []string{"System", "TrySystem", "Exec", "TryExec", "ExecIf", "MixMonitor"}

// callerID reads "Name" <number>.
func callerID(text string) channel.CallerID {
	id := config.ParseCallerID(text)
	return channel.CallerID{Name: id.Name, Number: id.Number}
}

func originate(a *action) {
	o := channel.Origination{Channel: a.get("Channel"), CallerID: callerID(a.get("CallerID")), Account: a.get("Account"), Timeout: 30 * time.Second}
	if o.Channel == "" {
		a.fail("Channel not specified")
		return
	}
	if word := a.get("Timeout"); word != "" {
		ms, err := strconv.Atoi(word)
		if err != nil || ms <= 0 || ms > 24*3600*1000 {
			a.fail("Invalid timeout")
			return
		}
		o.Timeout = time.Duration(ms) * time.Millisecond
	}
	if o.Application, o.Data = a.get("Application"), a.get("Data"); o.Application != "" {
		if user, _ := a.account(); slices.ContainsFunc(powerful, func(app string) bool { return strings.EqualFold(app, o.Application) }) && !mayAny(user.Write, "system") {
			a.fail("Originate Access Forbidden: app: " + o.Application)
			return
		}
	} else {
		var ok bool
		if o.Place, ok = a.place(); !ok {
			return
		}
	}
	for _, list := range a.all("Variable") {
		for pair := range strings.SplitSeq(list, ",") {
			if name, value, ok := strings.Cut(pair, "="); ok && strings.Trim(name, "_") != "" {
				o.Variables = append(o.Variables, [2]string{name, value})
			}
		}
	}
	if a.server.cfg.PBX.Config().Asterisk.MaxCalls > 0 && len(a.server.cfg.PBX.Channels()) >= 2*a.server.cfg.PBX.Config().Asterisk.MaxCalls {
		a.fail("Originate failed")
		return
	}
	async := strings.EqualFold(a.get("Async"), "true") || strings.EqualFold(a.get("Async"), "yes") || a.get("Async") == "1"
	if async {
		a.succeed("Originate successfully queued")
		a.server.wait.Go(func() { a.originated(o, true) })
		return
	}
	a.originated(o, false)
}

// originated carries the call out. An asynchronous one lives as long as the server, not as the session, and ends in an event.
func (a *action) originated(o channel.Origination, async bool) {
	ctx := a.ctx
	if async {
		ctx = a.server.ctx
	}
	result, err := a.server.cfg.PBX.Originate(ctx, o)
	if !async {
		if err != nil {
			a.fail("Originate failed")
			return
		}
		a.succeed("Originate successfully queued")
		return
	}
	response := "Success"
	if err != nil {
		response = "Failure"
	}
	ev := event.OriginateEnded{At: time.Now(), ActionID: a.id, Response: response, Channel: orElse(result.Channel, o.Channel), Context: o.Place.Context,
		Exten: o.Place.Exten, Reason: int(result.Reason), UniqueID: result.UniqueID}
	a.server.cfg.Events.Publish(ev)
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
