package scripting

import (
	"maps"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// method is one method of the channel userdata plugins get: chan:NAME(...). What is written here is what registers it and what
// editors are told (annotations.go): the signature is the Lua language server's, doc one line of plain words.
type method struct {
	name, signature, doc string
	run                  primitive
}

// primitive does what a method says. ch is the channel it was called on, which may be a dialled peer; arguments begin at 2.
type primitive func(c *call, l *lua.LState, ch *channel.Channel) int

// channelHandle is this call's channel as plugins see it.
func (c *call) channelHandle() lua.LValue {
	if c.handle == nil {
		c.handle = c.handleOf(c.ch)
	}
	return c.handle
}

func (c *call) handleOf(ch *channel.Channel) *lua.LUserData {
	return &lua.LUserData{Value: ch, Metatable: c.metas.handle, Env: c.l.Env}
}

// newHandleMeta is the metatable of channels, with all their methods.
func newHandleMeta(methods map[string]primitive) *lua.LTable {
	known := tableOf(nil)
	for name, m := range methods {
		known.RawSetString(name, inCall(func(c *call, l *lua.LState) int { return m(c, l, channelArgument(l, 1)) }))
	}
	known.Metatable = tableOf(map[string]lua.LValue{"__index": goFunction(func(l *lua.LState) int {
		name := l.CheckString(2)
		l.RaiseError("a channel has no method '%s'%s", name, orNearest(name, slices.Sorted(maps.Keys(methods))))
		return 0
	})})
	return tableOf(map[string]lua.LValue{
		"__metatable": lua.LString("channel"),
		"__index":     known,
		"__tostring": goFunction(func(l *lua.LState) int {
			l.Push(lua.LString(channelArgument(l, 1).Name()))
			return 1
		}),
	})
}

func channelArgument(l *lua.LState, i int) *channel.Channel {
	if ud, ok := l.Get(i).(*lua.LUserData); ok {
		if ch, ok := ud.Value.(*channel.Channel); ok && ch != nil {
			return ch
		}
	}
	l.ArgError(i, "channel expected; write chan:method(), not chan.method()")
	return nil
}

// waiting runs a primitive that may block, and raises its error.
func (c *call) waiting(l *lua.LState, f func() error) {
	if err := c.pausing(f); err != nil {
		c.raise(l, err)
	}
}

// pausing runs f without counting its time as Lua's.
func (c *call) pausing(f func() error) error {
	c.dog.enter()
	defer c.dog.leave()
	return f()
}

func milliseconds(l *lua.LState, i int, missing time.Duration) time.Duration {
	switch v := l.Get(i).(type) {
	case *lua.LNilType:
		return missing
	case lua.LNumber:
		return toDuration(float64(v))
	}
	l.ArgError(i, "number of milliseconds expected")
	return 0
}

// toDuration reads milliseconds, within what a timer can take.
func toDuration(ms float64) time.Duration {
	const year = 365 * 24 * 3600 * 1000
	return time.Duration(min(max(ms, -1), year) * float64(time.Millisecond))
}

func pushString(l *lua.LState, s string) int { l.Push(lua.LString(s)); return 1 }

// pushEpoch pushes seconds since 1970, nil for a moment that has not come.
func pushEpoch(l *lua.LState, t time.Time) int {
	if t.IsZero() {
		l.Push(lua.LNil)
	} else {
		l.Push(lua.LNumber(float64(t.UnixMilli()) / 1000))
	}
	return 1
}

// text makes a method of a getter.
func text(get func(*channel.Channel) string) primitive {
	return func(_ *call, l *lua.LState, ch *channel.Channel) int { return pushString(l, get(ch)) }
}

// textPair makes a method that reads without an argument and writes with one.
func textPair(get func(*channel.Channel) string, set func(*channel.Channel, string)) primitive {
	return func(_ *call, l *lua.LState, ch *channel.Channel) int {
		if l.GetTop() >= 2 {
			set(ch, l.CheckString(2))
			return 0
		}
		return pushString(l, get(ch))
	}
}

// channelMethods is the whole Lua API of a channel, in the order of the manual. Those under "what it does" wait, and raise when the
// channel is gone.
func channelMethods() []method {
	return []method{
		// what it is
		{"name", "(): string", "Its name: PJSIP/alice-00000001.", text((*channel.Channel).Name)},
		{"tech", "(): string", "Its technology: PJSIP, Local.", text((*channel.Channel).Tech)},
		{"uniqueid", "(): string", "Its unique id.", text((*channel.Channel).UniqueID)},
		{"linkedid", "(): string", "The unique id of the call's oldest channel.", text((*channel.Channel).LinkedID)},
		{"callid", "(): string", "The call as the log names it: C-00000001.", text((*channel.Channel).CallID)},
		{"endpoint", "(): string", "Its endpoint, empty for Local channels.", text((*channel.Channel).Endpoint)},
		{"dnid", "(): string", "The number that was dialled first.", text((*channel.Channel).DNID)},
		{"exten", "(): string", "The extension it is in.", text(func(ch *channel.Channel) string { return ch.Place().Exten })},
		{"context", "(): string", "The context it is in.", text(func(ch *channel.Channel) string { return ch.Place().Context })},
		{"priority", "(): integer", "The priority it is at.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			l.Push(lua.LNumber(ch.Place().Priority))
			return 1
		}},
		{"state", "(): string", "Down, Ring, Ringing, Up, Busy and the like.", text(func(ch *channel.Channel) string { return ch.State().String() })},
		{"is_up", "(): boolean", "Whether it was answered.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			l.Push(lua.LBool(ch.State() == channel.Up))
			return 1
		}},
		{"created", "(): number", "When it began, in seconds since 1970.", func(_ *call, l *lua.LState, ch *channel.Channel) int { return pushEpoch(l, ch.Created()) }},
		{"answered", "(): number?", "When it was answered, in seconds since 1970; nil before.", func(_ *call, l *lua.LState, ch *channel.Channel) int { return pushEpoch(l, ch.Answered()) }},
		{"hung_up", "(): boolean", "Whether it is gone.", func(_ *call, l *lua.LState, ch *channel.Channel) int { l.Push(lua.LBool(ch.HungUp())); return 1 }},
		{"language", "(language?: string): string?", "Its language; with an argument sets it.", textPair((*channel.Channel).Language, (*channel.Channel).SetLanguage)},
		{"accountcode", "(code?: string): string?", "Its account code; with an argument sets it.", textPair((*channel.Channel).AccountCode, (*channel.Channel).SetAccountCode)},
		{"tone_zone", "(country?: string): string?", "The country of its tones; with an argument sets it, and raises for one that is unknown.", toneZone},
		{"music_class", "(class?: string): string?", "The hold music it hears whatever else is suggested, empty if none was set; with an argument sets it.", textPair((*channel.Channel).MusicClass, (*channel.Channel).SetMusicClass)},
		{"held", "(): boolean", "Whether its far end has put us on hold.", func(_ *call, l *lua.LState, ch *channel.Channel) int { l.Push(lua.LBool(ch.Held())); return 1 }},
		{"callerid", "(): pbx.CallerID", "Who calls.", callerID},
		{"set_callerid", "(id: pbx.CallerID)", "Changes the fields that are given.", setCallerID},
		{"connected", "(): pbx.CallerID", "Whom it talks to.", connected},
		{"property", "(name: string): string?", "What its technology knows, such as \"pjsip,call-id\".", property},
		{"userfield", "(text?: string): string?", "The CDR's user field; with an argument sets it.", textPair((*channel.Channel).UserField, (*channel.Channel).SetUserField)},
		{"amaflags", "(flag?: string): string?", "The CDR's billing flag, empty for the default; with an argument sets it.", textPair((*channel.Channel).AMAFlags, (*channel.Channel).SetAMAFlags)},
		{"application", "(): string, string", "The application that runs, and its arguments.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			name, data := ch.Application()
			return pushString(l, name) + pushString(l, data)
		}},
		{"cdr", "(field: string, form?: string): string?", "A field of the call detail record, as CDR() has it.", cdrField},
		{"set_cdr", "(field: string, value: string|number): boolean?, string?", "Sets a field of the record. true, or nil and why not.", setCDRField},
		{"reset_cdr", "(keep?: boolean)", "Begins the record anew; keep keeps the site's own fields.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			ch.Records().Reset(ch, l.ToBool(2))
			return 0
		}},
		{"disable_cdr", "(yes: boolean)", "Keeps the record from being written, or lets it.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			ch.Records().Disable(ch, l.ToBool(2))
			return 0
		}},
		{"leg_causes", "(): table[]", "How the parties it dialled ended: channel, cause, text, detail.", legCauses},
		{"clear_leg_causes", "()", "Forgets leg_causes.", func(_ *call, _ *lua.LState, ch *channel.Channel) int { ch.ClearLegCauses(); return 0 }},
		{"header", "(name: string, n?: integer): string?, string?", "The n-th header of that name that came with the call; or nil and why not.", header},
		{"header_names", "(prefix?: string): string[]", "The names of the headers that came with the call.", headerNames},
		{"set_header", "(how: \"add\"|\"update\", name: string, value: string|number, n?: integer): boolean?, string?", "A header of the call that is about to be made. true, or nil and why not.", setHeader},
		{"remove_headers", "(name: string): integer?, string?", "Takes headers that were added off, a* by their beginning: how many; or nil and why not.", removeHeaders},
		{"cause", "(): integer", "Its hang-up cause, 0 before.", func(_ *call, l *lua.LState, ch *channel.Channel) int { l.Push(lua.LNumber(ch.HangupCause())); return 1 }},

		// variables
		{"get", "(name: string): string?", "A variable, or a function written FUNC(args).", getVariable},
		{"set", "(name: string, value: string|number)", "Sets a variable or a function.", setVariable},
		{"unset", "(name: string)", "Removes a variable.", func(_ *call, l *lua.LState, ch *channel.Channel) int { ch.Unset(l.CheckString(2)); return 0 }},
		{"variables", "(): table<string, string>", "All its variables.", variables},

		// what it does
		{"answer", "()", "Answers; nothing happens if it is up.", func(c *call, l *lua.LState, ch *channel.Channel) int { c.waiting(l, ch.Answer); return 0 }},
		{"indicate", "(what: \"proceeding\"|\"ringing\"|\"progress\"|\"busy\"|\"congestion\"|\"forwarded\")", "Signals a state of the call.", indicate},
		{"play", "(names: string|string[], keys?: string): boolean?, string?, string?", "Plays prompts, a name, a&b&c or a list, without a gap. true and the key of keys that stopped it (it stays queued); or nil, why what cannot be played was left out, and the key.", play},
		{"start_play", "(names: string|string[], how?: pbx.Play): pbx.Playback?, string?", "Begins to play and returns: the playback under control, or nil and why nothing can be played; both when a part was left out.", startPlay},
		{"play_tone", "(name: string, dbm0?: number): boolean?, string?", "A tone by name or as a list, which sounds while the script goes on, until another sound. true, or nil and why not.", playTone},
		{"stop_tone", "()", "Ends play_tone.", func(_ *call, _ *lua.LState, ch *channel.Channel) int { ch.StopTone(); return 0 }},
		{"record", "(how: pbx.Record): pbx.Recorded?, string?", "Writes what the party says to a file. How it ended, a hang-up too (which the next primitive raises); or nil and why it could not begin.", record},
		{"listen", "(what: pbx.Listen): pbx.Listened?, string?", "Waits for speech, silence, noise or a key, whichever comes first; or nil and why it cannot.", listen},
		{"monitor", "(how: pbx.Monitor): string?, string?", "Records both sides while the script goes on, in bridges and out of them, until stop_monitor or the hang-up: its id, or nil and why it could not begin.", monitor},
		{"stop_monitor", "(id?: string): boolean", "Ends a monitor, the oldest without an id; whether there was one.", stopMonitor},
		{"mute_monitor", "(what: \"read\"|\"write\"|\"both\", on: boolean, id?: string): boolean", "Puts silence in the place of what the party says (read), is told (write), or both.", muteMonitor},
		{"monitors", "(): table[]", "The monitors that run, as {id=, file=, seconds=}.", listMonitors},
		{"start_music", "(class?: string): boolean?, string?", "Hold music that plays while the script goes on, until another sound. true, or nil and why not.", startMusic},
		{"stop_music", "()", "Ends start_music.", func(_ *call, _ *lua.LState, ch *channel.Channel) int { ch.StopMusic(); return 0 }},
		{"wait", "(ms?: number)", "Lets milliseconds pass; without a number waits until the hang-up.", wait},
		{"digit", "(ms?: number): string?", "One key; nil after the time.", digit},
		{"read", "(how: pbx.Read): string, string, string?", "Keys: what was typed; \"max\", \"terminator\" or \"timeout\"; the terminator.", read},
		{"flush", "()", "Forgets the keys that wait.", func(_ *call, _ *lua.LState, ch *channel.Channel) int { ch.FlushDigits(); return 0 }},
		{"echo", "(keys?: string): string?", "The party hears himself until one of keys (#), which is returned.", echo},
		{"send_digits", "(keys: string, gap_ms?: number, ms?: number, channel?: string): boolean?, string?", "Sends keys to the party, or to another live channel's. true, or nil and why not.", sendDigits},
		{"jitter_buffer", "(how?: pbx.JitterBuffer): boolean?, string?", "Evens out what the party sends before others hear it; without an argument passes it on as it comes. true, or nil and why not.", jitterBuffer},
		{"volume", "(how?: pbx.Volume): pbx.Volume?, string?", "How loud it is, and with an argument changes the fields given; or nil and why not.", volume},
		{"dial", "(how: pbx.Dial): pbx.Dialled", "Rings one or more parties; raises when the caller leaves.", dial},
		{"page", "(how: pbx.Page): integer", "Rings parties while the script goes on; each that answers runs an application on his own. How many ring. Who has not answered when this application ends, or after the time, is cancelled.", page},
		{"bridge", "(peer: pbx.Channel, until?: pbx.Bridge): pbx.Bridged", "Joins it with a party that dial brought, until one of them leaves, the time is up, or a code is pressed.", bridge},
		{"go_on", "(context: string, exten: string, priority?: integer)", "Sends a party that dial brought into the dialplan on its own; the script is done with it.", goOn},
		{"hangup", "(cause?: integer|string)", "Ends the channel and returns; whatever waits next on it raises.", hangup},
		{"transfer", "(target: string): boolean?, integer|string", "Sends the party to another, by its technology's own means. Whether that worked and its last word, 0 for none; or nil and why it cannot be.", transfer},
		{"set_cause", "(cause: integer|string)", "The cause its hang-up will have.", func(_ *call, l *lua.LState, ch *channel.Channel) int {
			ch.SetHangupCause(causeArgument(l, 2))
			return 0
		}},

		// conferences
		{"conference_join", "(name: string, how?: pbx.ConferenceMember): boolean?, string?", "Takes it into a conference, which begins with it if need be: true, or nil and \"locked\", \"full\" or why else not.", conferenceJoin},
		{"conference_next", "(ms?: number): string, any", "Waits for what happens: \"digit\" and the key; \"joined\" or \"left\" and who; \"kicked\" and why; \"timeout\".", conferenceNext},
		{"conference_leave", "()", "Leaves the conference; nothing happens if it is in none.", conferenceLeave},
		{"conference_mute", "(on?: boolean): boolean", "Whether it is muted in its conference; with an argument changes it.", conferenceMute},
		{"conference_deafen", "(on: boolean)", "Whether it hears nothing of its conference.", conferenceDeafen},
		{"conference_wait", "(on: boolean)", "Whether it is left out of the talk for now: it neither hears nor is heard.", conferenceWait},
		{"conference_gain", "(listen_db?: integer, talk_db?: integer): integer, integer", "How much louder it hears and is heard, in dB; with arguments changes both.", conferenceGain},
		{"conference_play", "(names: string|string[], language?: string): boolean?, string?", "Lets all in its conference hear prompts after what plays already, to their end. true; or nil and which are missing.", conferencePlay},

		// listening to others
		{"spy", "(channel: string, how?: {mode?: \"listen\"|\"whisper\"|\"barge\", heard_only?: boolean, deaf?: boolean, volume?: number}): boolean?, string?", "Hears another channel while the script goes on, until another sound; whisper is heard by that party, barge by whoever hears it, too. true, or nil and why not.", spy},
		{"spy_next", "(ms?: number): \"digit\"|\"gone\"|\"timeout\", string?", "What happens next: a key, the end of the other, or of the time.", spyNext},
		{"spy_mode", "(mode: \"listen\"|\"whisper\"|\"barge\")", "Who hears it.", spySetMode},
		{"spy_volume", "(times: number)", "So many times as loud; below 0 it is divided, 0 is as it comes.", spySetVolume},
		{"spy_end", "()", "Ends it; the end of the application does, too.", spyEnd},

		// the dialplan
		{"locate", "(place: string): string?, string, integer", "Takes [[context,]exten,]priority apart: context, extension, priority; labels, +n and -n are looked up. Or nil and why not.", locate},
		{"gosub", "(place: string): boolean, string", "Runs the subroutine \"context,exten,priority(argument,…)\", of a dialled peer too: true and what it returned; or false and why it did not.", gosub},
		{"gosub_application", "(place: string): boolean, string", "What the application Gosub does.", gosubApplication},
		{"gosub_return", "(value?: string): boolean", "Leaves the newest subroutine; false if there is none.", gosubReturn},
		{"gosub_pop", "(): boolean", "Forgets the newest subroutine; false if there is none.", gosubPop},
		{"gosub_local", "(name: string, value?: string|number): string|boolean|nil", "Reads or sets a variable that Return forgets; false outside of subroutines.", gosubLocal},
		{"gosub_peek", "(level: integer, name: string): string?", "A variable as the caller that many subroutines up has it.", gosubPeek},
		{"gosub_caller", "(level: integer): {context: string, exten: string, priority: integer}?", "Where the subroutine that many levels up was called.", gosubCaller},
		{"priorities", "(): {priority: integer, application: string, data: string}[]", "The extension of extensions.conf that runs, empty in Lua.", priorities},
		{"execute", "(application: string, arguments?: string): integer?, string?", "Runs another application: 0 to go on, or what to return in its stead; or nil and why it cannot run.", execute},
		{"expand", "(text: string): string", "Replaces ${…} and $[…] in text.", expand},
		{"hangup_handler", "(what: \"push\"|\"pop\"|\"wipe\", place?: string)", "The subroutines that run after the hang-up, the last one pushed first.", hangupHandler},
		{"go_to", "(context: string, exten: string, priority?: integer)", "Ends the application and moves the call.", goTo},
		{"timeout", "(what: \"digit\"|\"response\"|\"absolute\"): number", "TIMEOUT() in seconds; absolute 0 if none is set.", timeout},
		{"set_timeout", "(what: \"digit\"|\"response\"|\"absolute\", seconds: number)", "Sets TIMEOUT().", setTimeout},
		{"exception", "(field?: string): string?", "EXCEPTION() of extension e.", getException},
		{"raise", "(reason: string)", "Goes to extension e with that reason.", raiseException},
	}
}

func callerTable(l *lua.LState, id channel.CallerID) int {
	t := l.CreateTable(0, 4)
	t.RawSetString("name", lua.LString(id.Name))
	t.RawSetString("number", lua.LString(id.Number))
	t.RawSetString("presentation", lua.LString(id.Presentation))
	t.RawSetString("ani", lua.LString(id.ANI))
	t.RawSetString("rdnis", lua.LString(id.RDNIS))
	t.RawSetString("reason", lua.LString(id.Reason))
	t.RawSetString("tag", lua.LString(id.Tag))
	t.RawSetString("all", lua.LString(id.String()))
	l.Push(t)
	return 1
}

func callerID(_ *call, l *lua.LState, ch *channel.Channel) int { return callerTable(l, ch.CallerID()) }

func connected(_ *call, l *lua.LState, ch *channel.Channel) int {
	return callerTable(l, ch.Connected())
}

// callerOf reads {name=, number=, presentation=}; a missing field keeps what id has.
func callerOf(t *lua.LTable, id channel.CallerID) channel.CallerID {
	for field, to := range map[string]*string{"name": &id.Name, "number": &id.Number, "presentation": &id.Presentation, "ani": &id.ANI, "rdnis": &id.RDNIS,
		"reason": &id.Reason, "tag": &id.Tag} {
		if v := t.RawGetString(field); v != lua.LNil {
			*to = lua.LVAsString(v)
		}
	}
	return id
}

func setCallerID(_ *call, l *lua.LState, ch *channel.Channel) int {
	ch.SetCallerID(callerOf(l.CheckTable(2), ch.CallerID()))
	return 0
}

func property(_ *call, l *lua.LState, ch *channel.Channel) int {
	if v, ok := ch.Leg().Property(l.CheckString(2)); ok {
		return pushString(l, v)
	}
	l.Push(lua.LNil)
	return 1
}

// getVariable reads any variable or function for the call's own channel; of a peer, its own variables.
func getVariable(c *call, l *lua.LState, ch *channel.Channel) int {
	var v string
	var ok bool
	if ch == c.ch {
		v, ok = c.getValue(l, l.CheckString(2))
	} else {
		v, ok = ch.Get(l.CheckString(2))
	}
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, v)
}

func setVariable(c *call, l *lua.LState, ch *channel.Channel) int {
	name, value := l.CheckString(2), settable(l, 3, "set")
	if ch == c.ch {
		c.setValue(l, name, value)
	} else {
		ch.Set(name, value)
	}
	return 0
}

func variables(_ *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CreateTable(0, 8)
	for name, v := range maps.All(ch.Variables()) {
		t.RawSetString(name, lua.LString(v))
	}
	l.Push(t)
	return 1
}

var indications = map[string]channel.Indication{
	"proceeding": channel.IndicateProceeding, "ringing": channel.IndicateRinging, "progress": channel.IndicateProgress,
	"busy": channel.IndicateBusy, "congestion": channel.IndicateCongestion,
	"forwarded": channel.IndicateForwarded,
}

func indicate(c *call, l *lua.LState, ch *channel.Channel) int {
	ind, ok := indications[l.CheckString(2)]
	if !ok {
		l.ArgError(2, "want proceeding, ringing, progress, busy, congestion or forwarded")
	}
	c.waiting(l, func() error { return ch.Indicate(ind) })
	return 0
}

// wait lets milliseconds pass; without a number it waits until the channel hangs up.
func wait(c *call, l *lua.LState, ch *channel.Channel) int {
	d := milliseconds(l, 2, -1)
	c.waiting(l, func() error {
		if d >= 0 {
			return ch.Wait(d)
		}
		<-ch.Context().Done()
		return ch.Wait(0)
	})
	return 0
}

// pushDigit pushes a key, nil for none.
func pushDigit(l *lua.LState, key rune) int {
	if key == 0 {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, string(key))
}

// digit takes one key; nil after timeout_ms (no number: for ever) without one.
func digit(c *call, l *lua.LState, ch *channel.Channel) int {
	timeout := milliseconds(l, 2, -1)
	var key rune
	c.waiting(l, func() (err error) {
		key, err = ch.ReadDigit(timeout)
		return err
	})
	return pushDigit(l, key)
}

// read takes keys until max of them (0: no limit), a terminator, or a pause: chan:read{max=4, timeout_ms=5000, first_ms=10000,
// terminators="#"}. It returns what was typed, without the terminator, and "max", "terminator" or "timeout"; third is the terminator.
func read(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	number := func(name string, missing float64) float64 {
		if v, ok := t.RawGetString(name).(lua.LNumber); ok {
			return float64(v)
		}
		return missing
	}
	most := int(number("max", 0))
	timeout := toDuration(number("timeout_ms", 5000))
	pause := toDuration(number("first_ms", number("timeout_ms", 5000)))
	terminators := "#"
	if v, ok := t.RawGetString("terminators").(lua.LString); ok {
		terminators = string(v)
	}
	var typed strings.Builder
	why, end := "max", rune(0)
	c.waiting(l, func() error {
		for most == 0 || typed.Len() < most {
			key, err := ch.ReadDigit(pause)
			switch {
			case err != nil:
				return err
			case key == 0:
				why = "timeout"
				return nil
			case strings.ContainsRune(terminators, key):
				why, end = "terminator", key
				return nil
			case typed.Len() >= 255: // Asterisk's bound for "as many as you like"
				return nil
			}
			typed.WriteRune(key)
			pause = timeout
		}
		return nil
	})
	return pushString(l, typed.String()) + pushString(l, why) + pushDigit(l, end)
}

func echo(c *call, l *lua.LState, ch *channel.Channel) int {
	stop := l.OptString(2, "#")
	var key rune
	c.waiting(l, func() (err error) {
		key, err = ch.Echo(stop)
		return err
	})
	return pushDigit(l, key)
}

// causeArgument reads a hang-up cause: a number or a name. Missing is 0: whatever was set before.
func causeArgument(l *lua.LState, i int) channel.Cause {
	switch v := l.Get(i).(type) {
	case *lua.LNilType:
		return 0
	case lua.LNumber:
		return channel.Cause(v)
	case lua.LString:
		cause, err := channel.ParseCause(string(v))
		if err != nil {
			l.ArgError(i, err.Error())
		}
		return cause
	}
	l.ArgError(i, "hang-up cause expected")
	return 0
}

// hangup ends the channel and returns; whatever waits next on it raises.
func hangup(c *call, l *lua.LState, ch *channel.Channel) int {
	ch.Hangup(causeArgument(l, 2))
	for i, p := range c.peers {
		if p == ch {
			c.peers = append(c.peers[:i], c.peers[i+1:]...)
			c.release(ch)
			break
		}
	}
	return 0
}

// transfer sends the far end elsewhere and waits for its report.
func transfer(c *call, l *lua.LState, ch *channel.Channel) int {
	target := l.CheckString(2)
	var result channel.Transferred
	err := c.pausing(func() (err error) {
		result, err = ch.Transfer(target)
		return err
	})
	if err != nil {
		return c.outcome(l, ch, err)
	}
	l.Push(lua.LBool(result.OK))
	l.Push(lua.LNumber(result.Protocol))
	return 2
}

// goTo moves the channel in the dialplan and ends the application that called it.
func goTo(c *call, l *lua.LState, ch *channel.Channel) int {
	if ch != c.ch {
		l.ArgError(1, "only the script's own channel can be moved")
	}
	p := dialplan.Place{Context: l.CheckString(2), Exten: l.CheckString(3), Priority: l.OptInt(4, 1)}
	ch.SetPlace(p)
	c.moved = true
	l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	return 0
}
