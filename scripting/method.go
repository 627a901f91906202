package scripting

import (
	"asterism/engine/channel"

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
