package scripting

import (
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// The native API: what `require "pbx"` yields. One table registers it and describes it (annotations.go makes ../plugins/pbx.d.lua of it
// for editors). Functions are made when they are first asked for, so that a call pays for those it uses.

// hostFunction is one function of the module: pbx.NAME, or pbx.GROUP.NAME, or pbx.GROUP:NAME where the group is an object.
type hostFunction struct {
	name, signature, doc string
	make                 func(c *call, plugin string) lua.LGFunction
}

// hostValue is a field of the module that is no function; kind is its type for editors.
type hostValue struct {
	name, kind, doc string
	make            func(c *call, l *lua.LState, plugin string) lua.LValue
}

// hostValues are those there are.
func hostValues() []hostValue {
	return []hostValue{
		{"config", "table<string, any>", "The plugin's options, from its NAME.conf or as they stand in its table. Inside functions only.", (*call).configTable},
		{"json.null", "userdata", "What null is within a table.", func(*call, *lua.LState, string) lua.LValue { return &lua.LUserData{Value: jsonNull{}} }},
	}
}

// plain is a function that needs neither call nor plugin.
func plain(f lua.LGFunction) func(*call, string) lua.LGFunction {
	return func(*call, string) lua.LGFunction { return f }
}

// ofCall is a function that needs the call.
func ofCall(f func(*call, *lua.LState) int) func(*call, string) lua.LGFunction {
	return func(c *call, _ string) lua.LGFunction { return func(l *lua.LState) int { return f(c, l) } }
}

// hostFunctions is the whole module, in the order of the manual. A colon marks functions of an object, called as pbx.store:get(key).
func hostFunctions() []hostFunction {
	return []hostFunction{
		{"log", "(level: pbx.Level, text: string)", "A line in the log.", (*call).pbxLog},
		{"log_once", "(level: pbx.Level, text: string)", "A line in the log, each once in a call.", (*call).pbxLogOnce},
		{"channel", "(): pbx.Channel", "The call's channel.", ofCall((*call).pbxChannel)},
		{"find_channel", "(name: string): pbx.Channel?", "Another live channel, whose own variables and facts may be read; nil if there is none of that name.", ofCall((*call).pbxFindChannel)},
		{"originate", "(how: pbx.Originate): pbx.Originated|true|nil, string?", "Calls somebody who, once he answers, runs the dialplan or an application. true at once, with wait=true the result; or nil and what is wrong with it.", (*call).pbxOriginate},
		{"redirect", "(channel: string, context: string, exten: string, priority?: integer|string): boolean?, string?", "Moves a channel that runs the dialplan to another place of it. true, or nil and why not.", ofCall((*call).pbxRedirect)},
		{"global", "(name: string, value?: string|number): string?", "Reads a global variable, or sets it.", ofCall((*call).pbxGlobal)},
		{"exists", "(context: string, exten: string, how?: \"match\"|\"canmatch\"|\"matchmore\", priority?: integer): boolean", "Whether the dialplan has an extension for this caller.", ofCall((*call).pbxExists)},
		{"matches", "(pattern: string, exten: string): boolean", "Whether an extension pattern of the dialplan, _NXX., or a plain number is that of exten.", plain(pbxMatches)},
		{"options", "(text?: string): table<string, string|true>", "Takes option letters apart: \"tL(60:5)g\" is {t=true, L=\"60:5\", g=true}.", plain(pbxOptions)},
		{"split", "(text: string, separator: string): string[]", "The pieces of text, empty ones too.", plain(pbxSplit)},
		{"truth", "(text?: string): boolean", "Whether text is true in a condition: not empty, and not zero.", plain(pbxTruth)},
		{"context_exists", "(context: string): boolean", "Whether the dialplan has a context.", ofCall((*call).pbxContextExists)},
		{"device_state", "(device: string, state?: string): string|boolean|nil, string?", "What a device is doing: NOT_INUSE; or gives a Custom: device a state: true, or nil and why not.", ofCall((*call).pbxDeviceState)},
		{"file_status", "(path: string): {kind: \"file\"|\"directory\"|\"other\", size: integer, mode: integer, accessed: integer, changed: integer, modified: integer}?, string?", "What a file is, if it is in a directory of [sandbox] files; or nil and why not.", ofCall((*call).pbxFileStatus)},
		{"read_file", "(path: string): string?, string?", "The text of a file in a directory of [sandbox] files; or nil and why not.", ofCall((*call).pbxReadFile)},
		{"hint", "(context: string, exten: string): string?, string?", "The devices of an extension's hint, and its state; nil if it has none.", ofCall((*call).pbxHint)},
		{"cause", "(name: string): integer?, string?", "The number of a hang-up cause, USER_BUSY; or nil and why not.", plain(pbxCause)},
		{"cause_text", "(cause: integer): string", "A cause in words.", plain(pbxCauseText)},
		{"dial_string", "(tech: string, resource: string): string", "Tech/resource, refusing text that would mean more than one party.", plain(pbxDialString)},
		{"conf", "(file: string): table[]?", "The sections of a .conf file, each with name, place and options, which are lists of name, value and place; nil without the file.", ofCall((*call).confSections)},

		{"remove_recording", "(file: string): boolean", "Removes a file where recordings are; whether there was one.", ofCall((*call).removeRecording)},

		{"channels", "(): pbx.ChannelInfo[]", "The channels there are, in the order of their beginning.", ofCall((*call).pbxChannels)},
		{"conference.list", "(): pbx.Conference[]", "The conferences that are going on.", ofCall((*call).conferenceList)},
		{"conference.info", "(name: string): pbx.Conference?", "A conference that is going on; nil when it is not.", ofCall((*call).conferenceInfo)},
		{"conference.lock", "(name: string, on: boolean): boolean?", "Lets only admins in, or everybody again.", ofCall((*call).conferenceLock)},
		{"conference.kick", "(name: string, who: string, reason?: string): integer?", "Tells a channel, \"all\", \"participants\" (no admins) or \"last\" to leave; how many there were.", ofCall((*call).conferenceKick)},
		{"conference.mute", "(name: string, who: string, on: boolean): integer?", "Mutes them, or lets them be heard; how many there were.", ofCall((*call).conferenceMuteOther)},
		{"conference.gain", "(name: string, who: string, listen_db: integer, talk_db: integer): integer?", "How much louder they hear and are heard, in dB; how many there were.", ofCall((*call).conferenceLevels)},
		{"conference.play", "(name: string, sounds: string|string[], language?: string): boolean?, string?", "Lets everybody hear prompts after what plays already; it does not wait. true, or nil and which are missing.", ofCall((*call).conferenceAnnounce)},
		{"conference.record", "(name: string, how: boolean|{file?: string, tracks?: \"mono\"|\"stereo\"}): string|boolean|nil, string?", "Begins a recording: the file's name; or ends it (false): true; or nil and why not.", ofCall((*call).conferenceRecord)},
		{"conference.mute_record", "(name: string, on: boolean): boolean?, string?", "Records silence instead, or the conference again. true, or nil and why not.", ofCall((*call).conferenceMuteRecord)},

		{"mailbox.draft", "(context: string, box: string, message: table): string?, string?", "Begins a message, whose fields are those of its .txt: the path to record to, without an extension; or nil and why not.", ofCall((*call).mailboxDraft)},
		{"mailbox.deliver", "(context: string, box: string, folder: string, draft: string, how?: {duration_ms?: number, flag?: string, time?: integer, max?: integer}): integer?, string?, string?", "Puts a copy of a draft that was recorded into a mailbox, on disk: its number, path and id; or nil and \"full\" or why else not.", ofCall((*call).mailboxDeliver)},
		{"mailbox.discard", "(draft: string): boolean?, string?", "Removes a draft.", ofCall((*call).mailboxDiscard)},
		{"mailbox.list", "(context: string, box: string, folder: string): table[]?, string?", "The messages of a folder: id, number, path, time, duration in s and the fields of the .txt.", ofCall((*call).mailboxList)},
		{"mailbox.count", "(context: string, box: string, folder: string): integer", "How many messages a folder has.", ofCall((*call).mailboxCount)},
		{"mailbox.change", "(context: string, box: string, folder: string, moves: table<string, string>, max?: integer): integer?, string?", "Moves messages by their id to the folder that moves names, \"\" removes them, and numbers the rest anew: how many found no room and stay.", ofCall((*call).mailboxChange)},
		{"mailbox.path", "(context: string, box: string): string?, string?", "The directory of a mailbox, where greetings are.", ofCall((*call).mailboxPath)},
		{"mailbox.greeting", "(context: string, box: string, which: string): string?", "The path of a greeting, without an extension; nil if there is none.", ofCall((*call).mailboxGreeting)},
		{"mailbox.greet", "(context: string, box: string, which: string, draft: string): boolean?, string?", "Makes what was recorded in a draft a greeting.", ofCall((*call).mailboxGreet)},
		{"mailbox.copy", "(context: string, box: string, folder: string, id: string, draft: string): boolean?, string?", "Puts the sound of a message into a draft.", ofCall((*call).mailboxCopy)},
		{"mailbox.convert", "(sounds: string[], file: string, gain_db?: number): boolean?, string?", "Writes recordings, one after the other, to a file in the format of its extension; or nil and why not.", ofCall((*call).mailboxConvert)},
		{"mailbox.secret", "(context: string, box: string, password?: string): string|boolean|nil, string?", "The password in the directory of a mailbox, nil without one; or sets it: true, or nil and why not.", ofCall((*call).mailboxSecret)},
		{"mailbox.post", "(job: {mailbox: string, message: string, sound?: string, transcribe?: boolean, letters: table[]}): boolean?, string?", "Queues what is to be done for a message, on disk: a transcription, then letters, which have from, from_name, to (a list), to_name, subject, body, charset, attach (a name) and headers; or nil and why not.", ofCall((*call).mailboxPost)},
		{"mailbox.run", "(which: string, words: string[]): string?, string?", "Runs the program that [general] of voicemail.conf has as externpass, externpassnotify or externpasscheck: what it wrote; or nil and why not.", ofCall((*call).mailboxRun)},
		{"mailbox.start", "(which: string, words: string[]): boolean", "Runs one while the call goes on; whether there is one.", ofCall((*call).mailboxStart)},
		{"mailbox.erase", "(context: string, box: string, which: string): boolean?, string?", "Removes a greeting.", ofCall((*call).mailboxErase)},

		{"quote_shell", "(text: string): string", "Text as one word of a shell's command line, whatever is in it.", plain(pbxQuoteShell)},
		{"quote_sql", "(text: string): string", "Text as a literal of standard SQL; raises for what none can hold.", plain(pbxQuoteSQL)},
		{"file_name", "(text: string): string", "Text as the name of one file, without a path.", plain(pbxFileName)},
		{"config_sections", "(): {name: string, options: table<string, string>}[]", "Every section of the plugin's NAME.conf, in order.", (*call).configSections},
		{"spawn", "(task: string, data?: any)", "Queues one of the plugin's tasks for its own state; data is plain: text, numbers, booleans, tables of these.", (*call).pbxSpawn},
		{"after", "(ms: number, task: string, data?: any): integer", "The same, ms from now; the id is for cancel.", (*call).pbxAfter},
		{"cancel", "(id: integer): boolean", "Takes back what after began; whether it was still to come.", (*call).pbxCancel},
		{"sleep", "(ms: number)", "Lets milliseconds pass.", ofCall((*call).pbxSleep)},
		{"events.user", "(name: string, fields?: table<string, string|number|boolean>)", "A UserEvent for those outside, such as the manager interface; plugins hear it as UserEvent.", ofCall((*call).eventsUser)},
		{"events.emit", "(name: string, fields?: table<string, string|number|boolean>)", "Tells all plugins that listen to events[name].", ofCall((*call).eventsEmit)},

		{"events.listen", "(...: string): pbx.Listener", "Keeps the events of these names from now on, for this call: its next() waits for one.", ofCall((*call).eventsListen)},

		{"http.get", "(url: string, how?: pbx.Http): pbx.Answer?, string?", "Asks a host that [sandbox] http allows; or nil and why there is no answer.", ofCall((*call).httpGet)},
		{"http.post", "(url: string, body: string|table, how?: pbx.Http): pbx.Answer?, string?", "Sends text, or a table as JSON.", ofCall((*call).httpPost)},

		{"json.encode", "(value: any): string?, string?", "JSON text, names sorted; or nil and why not.", plain(jsonEncode)},
		{"json.decode", "(text: string): any, string?", "The value of JSON text; or nil and why not.", plain(jsonDecode)},
		{"json.list", "(t: table): table", "Marks t as a list, for when it is empty.", plain(jsonList)},

		{"shared:get", "(key: string): any, integer?", "A value all scripts share in memory, and its revision; nil without one.", ofCall((*call).sharedGet)},
		{"shared:put", "(key: string, value: any, how?: number|pbx.Put): integer?, string?", "Sets it; the revision, or nil and \"conflict\". A nil value deletes.", ofCall((*call).sharedPut)},
		{"shared:swap", "(key: string, old: any, new: any): boolean", "Sets new if the value is old; nil is \"absent\".", ofCall((*call).sharedSwap)},
		{"shared:add", "(key: string, n?: number, ttl_ms?: number): number", "Adds to a number in one step; absent counts as 0.", ofCall((*call).sharedAdd)},
		{"shared:delete", "(key: string): boolean", "Removes it; whether there was one.", ofCall((*call).sharedDelete)},
		{"shared:list", "(prefix?: string): table<string, any>", "All whose key begins with prefix.", ofCall((*call).sharedList)},
		{"has_prompt", "(name: string, language?: string): boolean", "Whether a prompt can be played to this caller, or to one of that language: in it, or in what it falls back to.", ofCall((*call).pbxHasPrompt)},
		{"recorded", "(name: string): boolean", "Whether there is a recording of that name, with its extension.", ofCall((*call).pbxRecorded)},

		{"time.now", "(): number", "Seconds since 1970, with fractions.", ofCall((*call).timeNow)},
		{"time.format", "(epoch: number, zone?: string, format?: string): string", "A moment as strftime writes it; %3q is milliseconds.", plain(timeFormat)},
		{"time.parse", "(text: string, zone: string?, format: string): number?", "The moment that strptime reads; nil when text is not of that form.", plain(timeParse)},
		{"time.fields", "(epoch: number, zone?: string): table<string, integer|boolean>", "year, month, day, hour, min, sec, wday, yday, isdst, and offset in seconds.", plain(timeFields)},

		{"time.within", "(ranges: string, epoch?: number): boolean?, string?", "Whether a moment, or now, is in times,weekdays,days,months[,zone]; or nil and why not.", ofCall((*call).timeWithin)},
		{"time.match", "(rules: string|string[], epoch?: number): boolean?, string?", "Whether a moment, or now, is in one of the rules: an .ics file beside the dialplan, a day (2026-12-24, 12-24), days (12-24/01-06), or a range as within has it; and the event or the rule. Or nil and why not.", ofCall((*call).timeMatch)},
		{"text.matches", "(expression: string, text: string): boolean?, string?", "Whether text matches a regular expression (RE2); or nil and why not.", plain(textMatches)},
		{"text.uri_escape", "(text: string): string", "All but the unreserved characters of RFC 3986 as %XX.", plain(textEscape)},
		{"text.uri_unescape", "(text: string): string", "The text that %XX stand for.", plain(textUnescape)},
		{"text.base64", "(text: string): string", "Text in base64.", plain(textBase64)},
		{"text.unbase64", "(text: string): string?, string?", "What base64 stands for; or nil and why not.", plain(textUnbase64)},
		{"text.md5", "(text: string): string", "The MD5 hash in hexadecimal digits.", plain(digest(textMD5))},
		{"text.sha1", "(text: string): string", "The SHA-1 hash in hexadecimal digits.", plain(digest(textSHA1))},
		{"text.uuid", "(): string", "A random universally unique identifier.", plain(textUUID)},

		{"store:get", "(key: string): string?, integer?", "The value of family/key and its revision, nil without one.", ofCall((*call).storeGet)},
		{"store:put", "(key: string, value: string|number, how?: number|pbx.Put): integer?, string?", "Keeps a value, for how ms or for ever; the revision, or nil and \"conflict\".", ofCall((*call).storePut)},
		{"store:delete", "(key: string): boolean", "Removes a value; whether there was one.", ofCall((*call).storeDelete)},
		{"store:list", "(prefix: string): table<string, string>", "All values whose key begins with prefix.", ofCall((*call).storeList)},
	}
}

// hostModule is what require "pbx" yields. plugin is "" for extensions.lua.
func (c *call) hostModule(l *lua.LState, plugin string) *lua.LTable {
	return c.lazyTable(l, plugin, "")
}

// lazyTable is the module, or one group of it, whose fields are made when they are first read.
func (c *call) lazyTable(l *lua.LState, plugin, prefix string) *lua.LTable {
	t := l.CreateTable(0, 4)
	t.Metatable = c.gen.host.api.lazyMeta(plugin, prefix)
	return t
}

// lazyOf names a table of the module: whose it is, and the group with its point.
type lazyOf struct{ plugin, prefix string }

// lazyMeta is the metatable of lazyTable, one for all states.
func (a *hostAPI) lazyMeta(plugin, prefix string) *lua.LTable {
	of := lazyOf{plugin, prefix}
	if m, ok := a.lazy.Load(of); ok {
		return m.(*lua.LTable)
	}
	m, _ := a.lazy.LoadOrStore(of, newLazyMeta(of))
	return m.(*lua.LTable)
}

func newLazyMeta(of lazyOf) *lua.LTable {
	return tableOf(map[string]lua.LValue{"__metatable": lua.LString("pbx"), "__index": inCall(func(c *call, l *lua.LState) int {
		v := lua.LValue(lua.LNil) // so that a script can ask whether this version has it
		if name, ok := l.Get(2).(lua.LString); ok {
			if found := c.hostField(l, of, string(name)); found != nil {
				v = found
				l.CheckTable(1).RawSetString(string(name), v)
			}
		}
		l.Push(v)
		return 1
	})})
}

// hostField makes a field of the module; nil if there is none of that name.
func (c *call) hostField(l *lua.LState, of lazyOf, name string) lua.LValue {
	api := c.gen.host.api
	switch full := of.prefix + name; {
	case api.functions[full] != nil:
		return goFunction(api.functions[full](c, of.plugin))
	case api.values[full] != nil:
		return api.values[full](c, l, of.plugin)
	case of.prefix == "" && api.groups[full]:
		return c.lazyTable(l, of.plugin, full+".")
	case of.prefix == "":
		return c.pluginModule(l, full)
	}
	return nil
}

// hostAPI is hostFunctions by name; the Host keeps it.
type hostAPI struct {
	functions map[string]func(*call, string) lua.LGFunction // "log", "store.get"
	values    map[string]func(*call, *lua.LState, string) lua.LValue
	groups    map[string]bool // "store"
	lazy      sync.Map        // of lazyOf, metatables
}

func newHostAPI() *hostAPI {
	a := &hostAPI{functions: map[string]func(*call, string) lua.LGFunction{}, groups: map[string]bool{},
		values: map[string]func(*call, *lua.LState, string) lua.LValue{}}
	for _, v := range hostValues() {
		a.values[v.name] = v.make
	}
	for _, f := range hostFunctions() {
		full := strings.Replace(f.name, ":", ".", 1)
		if group, _, inGroup := strings.Cut(full, "."); inGroup {
			a.groups[group] = true
		}
		a.functions[full] = f.make
	}
	return a
}
