package scripting

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:generate go test -run TestAnnotationsAreCurrent -update .

// annotationTypes are the tables that methods take and give, and what extensions.lua sees as globals.
const annotationTypes = `---@meta pbx
-- Made by ` + "`go generate ./scripting`" + ` from the tables that register the API. For the Lua language server: put this file beside
-- extensions.lua, or name its folder in "workspace.library" of .luarc.json. It is never run.

---@alias pbx.Level "debug"|"verbose"|"info"|"notice"|"dtmf"|"warning"|"error"

---@class pbx.CallerID
---@field name? string
---@field number? string
---@field presentation? string
---@field ani? string
---@field rdnis? string
---@field reason? string why it was redirected: cfu, cfb, cfnr …
---@field tag? string
---@field all? string

---@class pbx.Put
---@field ttl_ms? number how long it lasts
---@field revision? integer only if the value still has this revision
---@field absent? boolean only if there is none

---@class pbx.Http
---@field timeout_ms? number 10000, at most 30000
---@field headers? table<string, string>

---@class pbx.Answer
---@field status integer
---@field headers table<string, string> names in small letters
---@field body string

---@class pbx.Read
---@field max? integer most keys to take; 0 is any number
---@field timeout_ms? number between two keys (5000)
---@field first_ms? number until the first key (timeout_ms)
---@field terminators? string keys that end it ("#")

---@class pbx.JitterBuffer
---@field fixed? boolean always delay by max_ms, rather than by what the network needs
---@field max_ms? number most delay (200); what comes later is lost
---@field resync_ms? number a jump of the timestamp that is no delay (1000); negative: there is none
---@field extra_ms? number on top of the jitter seen (40)

---@class pbx.Volume
---@field heard? number what the party says: above 0 so many times louder, below 0 so many times softer, 0 as it comes
---@field said? number what the party is told, likewise
---@field keys? boolean the party's key * adds 1 to both, # takes 1

---@class pbx.Play
---@field offset_ms? number where to begin
---@field volume_db? number -40 to 20
---@field speed? number 0.5 to 2

---@class pbx.Playback
---@field wait fun(self: pbx.Playback, keys?: string, ms?: number): string? "ended", one of keys (taken from the queue), or nil when ms have passed
---@field pause fun(self: pbx.Playback)
---@field resume fun(self: pbx.Playback)
---@field seek fun(self: pbx.Playback, ms: number) Moves on, or back.
---@field seek_to fun(self: pbx.Playback, ms: number)
---@field position fun(self: pbx.Playback): number ms
---@field duration fun(self: pbx.Playback): number ms
---@field volume fun(self: pbx.Playback, db: number)
---@field speed fun(self: pbx.Playback, factor: number)
---@field stop fun(self: pbx.Playback) It is stopped, too, when the application ends.

---@class pbx.Record
---@field file string with its extension; relative to the folder of sounds, or absolute beneath that or the spool
---@field max_ms? number
---@field min_ms? number a shorter one is not kept
---@field silence_ms? number that ends it
---@field threshold? integer mean amplitude below which it is silent (256)
---@field terminators? string keys that end it
---@field append? boolean
---@field keep? boolean also after a hang-up
---@field trim? boolean cut off the silence, or the key, that ended it

---@class pbx.Recorded
---@field why "digit"|"silence"|"timeout"|"hangup"|"error"
---@field key? string
---@field duration_ms number of what is in the file
---@field silence_ms number at its end

---@class pbx.Listener
---@field next fun(self: pbx.Listener, ms?: number): table<string, any>? The oldest event that was kept, or the next one; nil when ms have passed.
---@field close fun(self: pbx.Listener) The end of the call does it, too.

---@class pbx.Listen
---@field sound? pbx.Playback that plays meanwhile; its end ends it
---@field keys? string that end it
---@field timeout_ms? number
---@field pause_ms? number speech ends with so long a pause; without it none is waited for
---@field min_ms? number the least of speech that counts
---@field max_ms? number the most
---@field within_ms? number only speech that is over so soon counts
---@field silence_ms? number without a break
---@field noise_ms? number without a break
---@field threshold? integer mean amplitude below which it is silent (256)

---@class pbx.Listened
---@field why "speech"|"silence"|"noise"|"digit"|"ended"|"timeout"
---@field key? string of keys, taken from the queue
---@field talk_ms? number how long the speech was

---@class pbx.Monitor
---@field file? string both sides, mixed
---@field heard? string what the party says
---@field said? string what it is told
---@field stereo? boolean file has the party in the left channel and what it is told in the right one
---@field bridged? boolean only while it is in a bridge
---@field append? boolean
---@field heard_gain? number -4 to 4: doublings of what the party says
---@field said_gain? number of what it is told
---@field beep_ms? number how often the party hears a beep while it is in a bridge
---@field delete? boolean the files are removed in the end, after the command
---@field command? string run in the end, with ^{NAME} for variables, where asterisk.conf has live_dangerously
---@field id? string
---@field mailboxes? {context: string, box: string, folder: string, max?: integer}[] that get a copy as a message in the end
---@field callerid? string of those messages

---@class pbx.Dial
---@field targets string[] "PJSIP/100", …
---@field delays_ms? number[] how long after the others each target rings; the next ones ring at once when all that ring have ended
---@field timeout_ms? number
---@field progress_timeout_ms? number without ringing, early media or answer
---@field ring? "real"|"until_media"|"fake"|"none" what the caller hears: what comes; ringing at once until early media comes; ringing alone; nothing
---@field forward_callerid? pbx.CallerID shown to whom a phone forwards to
---@field forward_untimed? boolean a forward takes the timeout away
---@field cancel_cause? integer told to the phones that do not answer
---@field digits? string keys of the caller that end it
---@field before? fun(leg: pbx.Channel) called for each phone when all are found and none rings
---@field ignore_forwards? boolean
---@field unshown? boolean
---@field forward_context? string
---@field callerid? pbx.CallerID
---@field variables? table<string, string>

---@class pbx.Page
---@field targets string[] "PJSIP/100", …
---@field application string which each runs who answers
---@field data? string its arguments
---@field timeout_ms? number
---@field before? fun(leg: pbx.Channel) called for each phone when all are found and none rings
---@field ignore_forwards? boolean
---@field callerid? pbx.CallerID
---@field variables? table<string, string>

---@class pbx.Dialled
---@field peer? pbx.Channel who answered
---@field target? string
---@field timed_out boolean
---@field ring_ms? number
---@field progress_ms? number
---@field digit? string of digits, that was pressed
---@field cause integer
---@field legs table[]

---@class pbx.Originate
---@field channel string whom to call, "PJSIP/100"
---@field exten? string where he goes then
---@field context? string of exten ("default")
---@field priority? integer|string a label, too (1)
---@field application? string what he runs instead of an extension
---@field data? string its arguments
---@field callerid? pbx.CallerID|string what he sees: a table or "Name" <number>
---@field timeout_ms? number (30000)
---@field variables? table<string, string> of his channel
---@field account? string
---@field wait? boolean until that is decided
---@field done? string a task of the plugin that gets the result
---@field tag? any plain data for that task

---@class pbx.Originated
---@field answered boolean
---@field status "ANSWER"|"BUSY"|"NOANSWER"|"CONGESTION"|"CHANUNAVAIL"
---@field why? string in words, when he did not answer
---@field channel? string its name
---@field uniqueid? string
---@field tag? any what was given for the task

---@class pbx.ConferenceMember
---@field rate? integer of the mix, Hz; said by who comes first
---@field max_rate? integer what it is chosen below otherwise
---@field max_members? integer
---@field record? {file?: string, fresh?: boolean, timeless?: boolean, tracks?: "mono"|"stereo"} how it is recorded, if it is; said by who comes first
---@field admin? boolean may come into a locked or full conference
---@field marked? boolean others may wait for him, and leave with him
---@field wait_marked? boolean
---@field end_marked? boolean
---@field muted? boolean
---@field deaf? boolean
---@field listen_db? integer
---@field talk_db? integer
---@field level? boolean he is made as loud as others: automatic gain
---@field threshold? integer loudness from which he talks: the root mean square of 16-bit samples (160)
---@field hang_ms? number how long he still talks after his last loud 20 ms (400)
---@field talk_events? boolean that he talks is an event, at most five of a conference each second
---@field spoken? string the sound of his name, for who announces him

---@class pbx.ChannelInfo
---@field name string
---@field uniqueid string
---@field endpoint string
---@field context string
---@field exten string
---@field state string
---@field application string
---@field peer string the channel it is bridged to, or ""
---@field number string its caller's
---@field created number seconds since 1970

---@class pbx.Conference
---@field name string
---@field locked boolean
---@field record string the file it is recorded to, or ""
---@field record_muted boolean
---@field muted boolean who is no admin comes in muted
---@field parties integer
---@field admins integer
---@field marked integer
---@field members pbx.ConferenceInfo[] in the order they came

---@class pbx.ConferenceInfo
---@field channel string
---@field uniqueid string
---@field name string
---@field number string
---@field spoken string
---@field admin boolean
---@field marked boolean
---@field wait_marked boolean
---@field end_marked boolean
---@field muted boolean
---@field talking boolean
---@field waiting boolean it is left out of the talk for now
---@field joined number seconds since 1970

---@class pbx.Bridge
---@field limit_ms? number
---@field mine? table<string, string> codes that the channel's party may press, and their names
---@field theirs? table<string, string> those of the peer's
---@field pause_ms? number between two keys of a code (1000)

---@class pbx.Bridged
---@field peer_hung_up boolean
---@field peer_moved boolean another party sent the peer elsewhere; it is no longer this script's
---@field timed_out boolean
---@field code? string the name of the code that was pressed
---@field by_peer? boolean it was the peer who pressed it
---@field duration_ms number

`

// annotationGlobals are the globals of extensions.lua.
const annotationGlobals = `---The applications: app.Dial("PJSIP/100", 20). Names are found in any case.
---@type table<string, fun(...: string|number|nil)>
app = {}

---@class pbx.Variable
---@field get fun(self: pbx.Variable): string?
---@field set fun(self: pbx.Variable, value: string|number)
---@overload fun(...: string|number|nil): pbx.Variable

---Variables and functions: channel.NAME:get(), channel.FUNC("arg"):set(value), channel.NAME = value.
---@type table<string, pbx.Variable|string|number>
channel = {}

---@type table<string, table<string|integer, function|string[]>>
extensions = {}

---@type table<string, table<string|integer, string>>
hints = {}

---@return boolean # whether the caller is gone
function check_hangup() end

`

// Annotations is the native API as the Lua language server reads it. plugins are those shipped: where NAME/NAME.d.lua has the class pbx.NAME, the
// module of that plugin is told, too.
func Annotations(plugins fs.FS) (string, error) {
	modules, err := fs.Glob(plugins, "*/*.d.lua")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(annotationTypes)
	b.WriteString("---@class pbx.Channel\n")
	for _, m := range channelMethods() {
		fmt.Fprintf(&b, "---@field %s %s %s\n", m.name, selfSignature("pbx.Channel", m.signature), m.doc)
	}
	var groups []string
	fields := map[string][]string{}
	for _, f := range hostFunctions() {
		group, name, object := "", f.name, false
		if g, n, ok := strings.Cut(f.name, ":"); ok {
			group, name, object = g, n, true
		} else if g, n, ok := strings.Cut(f.name, "."); ok {
			group, name = g, n
		}
		if fields[group] == nil {
			groups = append(groups, group)
		}
		signature := "fun" + f.signature
		if object {
			signature = selfSignature("pbx."+group, f.signature)
		}
		fields[group] = append(fields[group], fmt.Sprintf("---@field %s %s %s\n", name, signature, f.doc))
	}
	for _, v := range hostValues() {
		group, name, ok := strings.Cut(v.name, ".")
		if !ok {
			group, name = "", v.name
		}
		fields[group] = append(fields[group], fmt.Sprintf("---@field %s %s %s\n", name, v.kind, v.doc))
	}
	for _, group := range groups[1:] {
		fmt.Fprintf(&b, "\n---@class pbx.%s\n%s", group, strings.Join(fields[group], ""))
	}
	groups = groups[1:]
	for _, file := range modules {
		types, err := fs.ReadFile(plugins, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s", types)
		groups = append(groups, path.Dir(file))
	}
	fmt.Fprintf(&b, "\n---@class pbx\n%s", strings.Join(fields[""], ""))
	for _, group := range groups {
		fmt.Fprintf(&b, "---@field %s pbx.%[1]s\n", group)
	}
	b.WriteString("local pbx = {}\n\n")
	b.WriteString(annotationGlobals)
	b.WriteString("return pbx\n")
	return b.String(), nil
}

// selfSignature is the type of a function called with a colon.
func selfSignature(class, signature string) string {
	if strings.HasPrefix(signature, "()") {
		return "fun(self: " + class + ")" + strings.TrimPrefix(signature, "()")
	}
	return "fun(self: " + class + ", " + strings.TrimPrefix(signature, "(")
}
