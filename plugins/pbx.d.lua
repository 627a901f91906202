---@meta pbx
-- Made by `go generate ./scripting` from the tables that register the API. For the Lua language server: put this file beside
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

---@class pbx.Channel
---@field name fun(self: pbx.Channel): string Its name: PJSIP/alice-00000001.
---@field tech fun(self: pbx.Channel): string Its technology: PJSIP, Local.
---@field uniqueid fun(self: pbx.Channel): string Its unique id.
---@field linkedid fun(self: pbx.Channel): string The unique id of the call's oldest channel.
---@field callid fun(self: pbx.Channel): string The call as the log names it: C-00000001.
---@field endpoint fun(self: pbx.Channel): string Its endpoint, empty for Local channels.
---@field dnid fun(self: pbx.Channel): string The number that was dialled first.
---@field exten fun(self: pbx.Channel): string The extension it is in.
---@field context fun(self: pbx.Channel): string The context it is in.
---@field priority fun(self: pbx.Channel): integer The priority it is at.
---@field state fun(self: pbx.Channel): string Down, Ring, Ringing, Up, Busy and the like.
---@field is_up fun(self: pbx.Channel): boolean Whether it was answered.
---@field created fun(self: pbx.Channel): number When it began, in seconds since 1970.
---@field answered fun(self: pbx.Channel): number? When it was answered, in seconds since 1970; nil before.
---@field hung_up fun(self: pbx.Channel): boolean Whether it is gone.
---@field language fun(self: pbx.Channel, language?: string): string? Its language; with an argument sets it.
---@field accountcode fun(self: pbx.Channel, code?: string): string? Its account code; with an argument sets it.
---@field tone_zone fun(self: pbx.Channel, country?: string): string? The country of its tones; with an argument sets it, and raises for one that is unknown.
---@field music_class fun(self: pbx.Channel, class?: string): string? The hold music it hears whatever else is suggested, empty if none was set; with an argument sets it.
---@field held fun(self: pbx.Channel): boolean Whether its far end has put us on hold.
---@field callerid fun(self: pbx.Channel): pbx.CallerID Who calls.
---@field set_callerid fun(self: pbx.Channel, id: pbx.CallerID) Changes the fields that are given.
---@field connected fun(self: pbx.Channel): pbx.CallerID Whom it talks to.
---@field property fun(self: pbx.Channel, name: string): string? What its technology knows, such as "pjsip,call-id".
---@field userfield fun(self: pbx.Channel, text?: string): string? The CDR's user field; with an argument sets it.
---@field amaflags fun(self: pbx.Channel, flag?: string): string? The CDR's billing flag, empty for the default; with an argument sets it.
---@field application fun(self: pbx.Channel): string, string The application that runs, and its arguments.
---@field cdr fun(self: pbx.Channel, field: string, form?: string): string? A field of the call detail record, as CDR() has it.
---@field set_cdr fun(self: pbx.Channel, field: string, value: string|number): boolean?, string? Sets a field of the record. true, or nil and why not.
---@field reset_cdr fun(self: pbx.Channel, keep?: boolean) Begins the record anew; keep keeps the site's own fields.
---@field disable_cdr fun(self: pbx.Channel, yes: boolean) Keeps the record from being written, or lets it.
---@field leg_causes fun(self: pbx.Channel): table[] How the parties it dialled ended: channel, cause, text, detail.
---@field clear_leg_causes fun(self: pbx.Channel) Forgets leg_causes.
---@field header fun(self: pbx.Channel, name: string, n?: integer): string?, string? The n-th header of that name that came with the call; or nil and why not.
---@field header_names fun(self: pbx.Channel, prefix?: string): string[] The names of the headers that came with the call.
---@field set_header fun(self: pbx.Channel, how: "add"|"update", name: string, value: string|number, n?: integer): boolean?, string? A header of the call that is about to be made. true, or nil and why not.
---@field remove_headers fun(self: pbx.Channel, name: string): integer?, string? Takes headers that were added off, a* by their beginning: how many; or nil and why not.
---@field cause fun(self: pbx.Channel): integer Its hang-up cause, 0 before.
---@field get fun(self: pbx.Channel, name: string): string? A variable, or a function written FUNC(args).
---@field set fun(self: pbx.Channel, name: string, value: string|number) Sets a variable or a function.
---@field unset fun(self: pbx.Channel, name: string) Removes a variable.
---@field variables fun(self: pbx.Channel): table<string, string> All its variables.
---@field answer fun(self: pbx.Channel) Answers; nothing happens if it is up.
---@field indicate fun(self: pbx.Channel, what: "proceeding"|"ringing"|"progress"|"busy"|"congestion"|"forwarded") Signals a state of the call.
---@field play fun(self: pbx.Channel, names: string|string[], keys?: string): boolean?, string?, string? Plays prompts, a name, a&b&c or a list, without a gap. true and the key of keys that stopped it (it stays queued); or nil, why what cannot be played was left out, and the key.
---@field start_play fun(self: pbx.Channel, names: string|string[], how?: pbx.Play): pbx.Playback?, string? Begins to play and returns: the playback under control, or nil and why nothing can be played; both when a part was left out.
---@field play_tone fun(self: pbx.Channel, name: string, dbm0?: number): boolean?, string? A tone by name or as a list, which sounds while the script goes on, until another sound. true, or nil and why not.
---@field stop_tone fun(self: pbx.Channel) Ends play_tone.
---@field record fun(self: pbx.Channel, how: pbx.Record): pbx.Recorded?, string? Writes what the party says to a file. How it ended, a hang-up too (which the next primitive raises); or nil and why it could not begin.
---@field listen fun(self: pbx.Channel, what: pbx.Listen): pbx.Listened?, string? Waits for speech, silence, noise or a key, whichever comes first; or nil and why it cannot.
---@field monitor fun(self: pbx.Channel, how: pbx.Monitor): string?, string? Records both sides while the script goes on, in bridges and out of them, until stop_monitor or the hang-up: its id, or nil and why it could not begin.
---@field stop_monitor fun(self: pbx.Channel, id?: string): boolean Ends a monitor, the oldest without an id; whether there was one.
---@field mute_monitor fun(self: pbx.Channel, what: "read"|"write"|"both", on: boolean, id?: string): boolean Puts silence in the place of what the party says (read), is told (write), or both.
---@field monitors fun(self: pbx.Channel): table[] The monitors that run, as {id=, file=, seconds=}.
---@field start_music fun(self: pbx.Channel, class?: string): boolean?, string? Hold music that plays while the script goes on, until another sound. true, or nil and why not.
---@field stop_music fun(self: pbx.Channel) Ends start_music.
---@field wait fun(self: pbx.Channel, ms?: number) Lets milliseconds pass; without a number waits until the hang-up.
---@field digit fun(self: pbx.Channel, ms?: number): string? One key; nil after the time.
---@field read fun(self: pbx.Channel, how: pbx.Read): string, string, string? Keys: what was typed; "max", "terminator" or "timeout"; the terminator.
---@field flush fun(self: pbx.Channel) Forgets the keys that wait.
---@field echo fun(self: pbx.Channel, keys?: string): string? The party hears himself until one of keys (#), which is returned.
---@field send_digits fun(self: pbx.Channel, keys: string, gap_ms?: number, ms?: number, channel?: string): boolean?, string? Sends keys to the party, or to another live channel's. true, or nil and why not.
---@field jitter_buffer fun(self: pbx.Channel, how?: pbx.JitterBuffer): boolean?, string? Evens out what the party sends before others hear it; without an argument passes it on as it comes. true, or nil and why not.
---@field volume fun(self: pbx.Channel, how?: pbx.Volume): pbx.Volume?, string? How loud it is, and with an argument changes the fields given; or nil and why not.
---@field dial fun(self: pbx.Channel, how: pbx.Dial): pbx.Dialled Rings one or more parties; raises when the caller leaves.
---@field page fun(self: pbx.Channel, how: pbx.Page): integer Rings parties while the script goes on; each that answers runs an application on his own. How many ring. Who has not answered when this application ends, or after the time, is cancelled.
---@field bridge fun(self: pbx.Channel, peer: pbx.Channel, until?: pbx.Bridge): pbx.Bridged Joins it with a party that dial brought, until one of them leaves, the time is up, or a code is pressed.
---@field go_on fun(self: pbx.Channel, context: string, exten: string, priority?: integer) Sends a party that dial brought into the dialplan on its own; the script is done with it.
---@field hangup fun(self: pbx.Channel, cause?: integer|string) Ends the channel and returns; whatever waits next on it raises.
---@field transfer fun(self: pbx.Channel, target: string): boolean?, integer|string Sends the party to another, by its technology's own means. Whether that worked and its last word, 0 for none; or nil and why it cannot be.
---@field set_cause fun(self: pbx.Channel, cause: integer|string) The cause its hang-up will have.
---@field conference_join fun(self: pbx.Channel, name: string, how?: pbx.ConferenceMember): boolean?, string? Takes it into a conference, which begins with it if need be: true, or nil and "locked", "full" or why else not.
---@field conference_next fun(self: pbx.Channel, ms?: number): string, any Waits for what happens: "digit" and the key; "joined" or "left" and who; "kicked" and why; "timeout".
---@field conference_leave fun(self: pbx.Channel) Leaves the conference; nothing happens if it is in none.
---@field conference_mute fun(self: pbx.Channel, on?: boolean): boolean Whether it is muted in its conference; with an argument changes it.
---@field conference_deafen fun(self: pbx.Channel, on: boolean) Whether it hears nothing of its conference.
---@field conference_wait fun(self: pbx.Channel, on: boolean) Whether it is left out of the talk for now: it neither hears nor is heard.
---@field conference_gain fun(self: pbx.Channel, listen_db?: integer, talk_db?: integer): integer, integer How much louder it hears and is heard, in dB; with arguments changes both.
---@field conference_play fun(self: pbx.Channel, names: string|string[], language?: string): boolean?, string? Lets all in its conference hear prompts after what plays already, to their end. true; or nil and which are missing.
---@field spy fun(self: pbx.Channel, channel: string, how?: {mode?: "listen"|"whisper"|"barge", heard_only?: boolean, deaf?: boolean, volume?: number}): boolean?, string? Hears another channel while the script goes on, until another sound; whisper is heard by that party, barge by whoever hears it, too. true, or nil and why not.
---@field spy_next fun(self: pbx.Channel, ms?: number): "digit"|"gone"|"timeout", string? What happens next: a key, the end of the other, or of the time.
---@field spy_mode fun(self: pbx.Channel, mode: "listen"|"whisper"|"barge") Who hears it.
---@field spy_volume fun(self: pbx.Channel, times: number) So many times as loud; below 0 it is divided, 0 is as it comes.
---@field spy_end fun(self: pbx.Channel) Ends it; the end of the application does, too.
---@field locate fun(self: pbx.Channel, place: string): string?, string, integer Takes [[context,]exten,]priority apart: context, extension, priority; labels, +n and -n are looked up. Or nil and why not.
---@field gosub fun(self: pbx.Channel, place: string): boolean, string Runs the subroutine "context,exten,priority(argument,…)", of a dialled peer too: true and what it returned; or false and why it did not.
---@field gosub_application fun(self: pbx.Channel, place: string): boolean, string What the application Gosub does.
---@field gosub_return fun(self: pbx.Channel, value?: string): boolean Leaves the newest subroutine; false if there is none.
---@field gosub_pop fun(self: pbx.Channel): boolean Forgets the newest subroutine; false if there is none.
---@field gosub_local fun(self: pbx.Channel, name: string, value?: string|number): string|boolean|nil Reads or sets a variable that Return forgets; false outside of subroutines.
---@field gosub_peek fun(self: pbx.Channel, level: integer, name: string): string? A variable as the caller that many subroutines up has it.
---@field gosub_caller fun(self: pbx.Channel, level: integer): {context: string, exten: string, priority: integer}? Where the subroutine that many levels up was called.
---@field priorities fun(self: pbx.Channel): {priority: integer, application: string, data: string}[] The extension of extensions.conf that runs, empty in Lua.
---@field execute fun(self: pbx.Channel, application: string, arguments?: string): integer?, string? Runs another application: 0 to go on, or what to return in its stead; or nil and why it cannot run.
---@field expand fun(self: pbx.Channel, text: string): string Replaces ${…} and $[…] in text.
---@field hangup_handler fun(self: pbx.Channel, what: "push"|"pop"|"wipe", place?: string) The subroutines that run after the hang-up, the last one pushed first.
---@field go_to fun(self: pbx.Channel, context: string, exten: string, priority?: integer) Ends the application and moves the call.
---@field timeout fun(self: pbx.Channel, what: "digit"|"response"|"absolute"): number TIMEOUT() in seconds; absolute 0 if none is set.
---@field set_timeout fun(self: pbx.Channel, what: "digit"|"response"|"absolute", seconds: number) Sets TIMEOUT().
---@field exception fun(self: pbx.Channel, field?: string): string? EXCEPTION() of extension e.
---@field raise fun(self: pbx.Channel, reason: string) Goes to extension e with that reason.

---@class pbx.conference
---@field list fun(): pbx.Conference[] The conferences that are going on.
---@field info fun(name: string): pbx.Conference? A conference that is going on; nil when it is not.
---@field lock fun(name: string, on: boolean): boolean? Lets only admins in, or everybody again.
---@field kick fun(name: string, who: string, reason?: string): integer? Tells a channel, "all", "participants" (no admins) or "last" to leave; how many there were.
---@field mute fun(name: string, who: string, on: boolean): integer? Mutes them, or lets them be heard; how many there were.
---@field gain fun(name: string, who: string, listen_db: integer, talk_db: integer): integer? How much louder they hear and are heard, in dB; how many there were.
---@field play fun(name: string, sounds: string|string[], language?: string): boolean?, string? Lets everybody hear prompts after what plays already; it does not wait. true, or nil and which are missing.
---@field record fun(name: string, how: boolean|{file?: string, tracks?: "mono"|"stereo"}): string|boolean|nil, string? Begins a recording: the file's name; or ends it (false): true; or nil and why not.
---@field mute_record fun(name: string, on: boolean): boolean?, string? Records silence instead, or the conference again. true, or nil and why not.

---@class pbx.mailbox
---@field draft fun(context: string, box: string, message: table): string?, string? Begins a message, whose fields are those of its .txt: the path to record to, without an extension; or nil and why not.
---@field deliver fun(context: string, box: string, folder: string, draft: string, how?: {duration_ms?: number, flag?: string, time?: integer, max?: integer}): integer?, string?, string? Puts a copy of a draft that was recorded into a mailbox, on disk: its number, path and id; or nil and "full" or why else not.
---@field discard fun(draft: string): boolean?, string? Removes a draft.
---@field list fun(context: string, box: string, folder: string): table[]?, string? The messages of a folder: id, number, path, time, duration in s and the fields of the .txt.
---@field count fun(context: string, box: string, folder: string): integer How many messages a folder has.
---@field change fun(context: string, box: string, folder: string, moves: table<string, string>, max?: integer): integer?, string? Moves messages by their id to the folder that moves names, "" removes them, and numbers the rest anew: how many found no room and stay.
---@field path fun(context: string, box: string): string?, string? The directory of a mailbox, where greetings are.
---@field greeting fun(context: string, box: string, which: string): string? The path of a greeting, without an extension; nil if there is none.
---@field greet fun(context: string, box: string, which: string, draft: string): boolean?, string? Makes what was recorded in a draft a greeting.
---@field copy fun(context: string, box: string, folder: string, id: string, draft: string): boolean?, string? Puts the sound of a message into a draft.
---@field convert fun(sounds: string[], file: string, gain_db?: number): boolean?, string? Writes recordings, one after the other, to a file in the format of its extension; or nil and why not.
---@field secret fun(context: string, box: string, password?: string): string|boolean|nil, string? The password in the directory of a mailbox, nil without one; or sets it: true, or nil and why not.
---@field post fun(job: {mailbox: string, message: string, sound?: string, transcribe?: boolean, letters: table[]}): boolean?, string? Queues what is to be done for a message, on disk: a transcription, then letters, which have from, from_name, to (a list), to_name, subject, body, charset, attach (a name) and headers; or nil and why not.
---@field run fun(which: string, words: string[]): string?, string? Runs the program that [general] of voicemail.conf has as externpass, externpassnotify or externpasscheck: what it wrote; or nil and why not.
---@field start fun(which: string, words: string[]): boolean Runs one while the call goes on; whether there is one.
---@field erase fun(context: string, box: string, which: string): boolean?, string? Removes a greeting.

---@class pbx.events
---@field user fun(name: string, fields?: table<string, string|number|boolean>) A UserEvent for those outside, such as the manager interface; plugins hear it as UserEvent.
---@field emit fun(name: string, fields?: table<string, string|number|boolean>) Tells all plugins that listen to events[name].
---@field listen fun(...: string): pbx.Listener Keeps the events of these names from now on, for this call: its next() waits for one.

---@class pbx.http
---@field get fun(url: string, how?: pbx.Http): pbx.Answer?, string? Asks a host that [sandbox] http allows; or nil and why there is no answer.
---@field post fun(url: string, body: string|table, how?: pbx.Http): pbx.Answer?, string? Sends text, or a table as JSON.

---@class pbx.json
---@field encode fun(value: any): string?, string? JSON text, names sorted; or nil and why not.
---@field decode fun(text: string): any, string? The value of JSON text; or nil and why not.
---@field list fun(t: table): table Marks t as a list, for when it is empty.
---@field null userdata What null is within a table.

---@class pbx.shared
---@field get fun(self: pbx.shared, key: string): any, integer? A value all scripts share in memory, and its revision; nil without one.
---@field put fun(self: pbx.shared, key: string, value: any, how?: number|pbx.Put): integer?, string? Sets it; the revision, or nil and "conflict". A nil value deletes.
---@field swap fun(self: pbx.shared, key: string, old: any, new: any): boolean Sets new if the value is old; nil is "absent".
---@field add fun(self: pbx.shared, key: string, n?: number, ttl_ms?: number): number Adds to a number in one step; absent counts as 0.
---@field delete fun(self: pbx.shared, key: string): boolean Removes it; whether there was one.
---@field list fun(self: pbx.shared, prefix?: string): table<string, any> All whose key begins with prefix.

---@class pbx.time
---@field now fun(): number Seconds since 1970, with fractions.
---@field format fun(epoch: number, zone?: string, format?: string): string A moment as strftime writes it; %3q is milliseconds.
---@field parse fun(text: string, zone: string?, format: string): number? The moment that strptime reads; nil when text is not of that form.
---@field fields fun(epoch: number, zone?: string): table<string, integer|boolean> year, month, day, hour, min, sec, wday, yday, isdst, and offset in seconds.
---@field within fun(ranges: string, epoch?: number): boolean?, string? Whether a moment, or now, is in times,weekdays,days,months[,zone]; or nil and why not.
---@field match fun(rules: string|string[], epoch?: number): boolean?, string? Whether a moment, or now, is in one of the rules: an .ics file beside the dialplan, a day (2026-12-24, 12-24), days (12-24/01-06), or a range as within has it; and the event or the rule. Or nil and why not.

---@class pbx.text
---@field matches fun(expression: string, text: string): boolean?, string? Whether text matches a regular expression (RE2); or nil and why not.
---@field uri_escape fun(text: string): string All but the unreserved characters of RFC 3986 as %XX.
---@field uri_unescape fun(text: string): string The text that %XX stand for.
---@field base64 fun(text: string): string Text in base64.
---@field unbase64 fun(text: string): string?, string? What base64 stands for; or nil and why not.
---@field md5 fun(text: string): string The MD5 hash in hexadecimal digits.
---@field sha1 fun(text: string): string The SHA-1 hash in hexadecimal digits.
---@field uuid fun(): string A random universally unique identifier.

---@class pbx.store
---@field get fun(self: pbx.store, key: string): string?, integer? The value of family/key and its revision, nil without one.
---@field put fun(self: pbx.store, key: string, value: string|number, how?: number|pbx.Put): integer?, string? Keeps a value, for how ms or for ever; the revision, or nil and "conflict".
---@field delete fun(self: pbx.store, key: string): boolean Removes a value; whether there was one.
---@field list fun(self: pbx.store, prefix: string): table<string, string> All values whose key begins with prefix.

---@class pbx.confbridge
---@field join fun(name: string, how?: {user?: table<string, string|number|boolean>, bridge?: table<string, string|number|boolean>, menu?: table<string, string>}): string Takes the call into a conference, with options of confbridge.conf upon its default profiles; ► CONFBRIDGE_RESULT.

---@class pbx.dial
---@field parties fun(chan: pbx.Channel, list: string[], seconds?: string|number, options?: string, more?: pbx.Dial): integer? Dial for other plugins: a list of Tech/resource, and further fields of chan:dial. What an application returns.

---@class pbx.directory
---@field choose fun(context?: string): string? Lets the caller find somebody in the mailboxes of a context by his name: the mailbox, nil for none.

---@class pbx.followme
---@field confirmed fun(list: string[], variables?: table<string, string>): string[], table<string, string> Dial strings whose parties are asked whether they take the call, for chan:dial or pbx.dial.parties; and the variables that go with them.

---@alias pbx.Prompts string|string[] a name, names joined by &, or a list
---@alias pbx.Times string|string[]|fun(chan: pbx.Channel): boolean "09:00-17:00,mon-fri,1-31,jan-dec,zone" as in GotoIfTime, "12-24", "12-24/01-06", "holidays.ics": as pbx.time.match has them
---@alias pbx.MenuAction string|pbx.MenuStep|pbx.Menu|fun(chan: pbx.Channel, keys: string, menu: string): pbx.MenuAction? "100", "context,extension[,priority]", "repeat", "back", "top", "hangup"

---@class pbx.MenuStep
---@field play? pbx.Prompts said first
---@field dial? string phones, as in Dial
---@field timeout_ms? number how long they ring
---@field options? string of Dial
---@field busy? pbx.MenuAction if they are busy
---@field app? string an application
---@field args? string its arguments
---@field language? string the caller's from here on
---@field hours? pbx.Times with open and closed
---@field except? pbx.Times when it is closed all the same
---@field open? pbx.MenuAction
---@field closed? pbx.MenuAction
---@field next? pbx.MenuAction what follows; without it the menu again, after app nothing

---@class pbx.Menu
---@field prompt pbx.Prompts|fun(chan: pbx.Channel): pbx.Prompts
---@field again? pbx.Prompts|fun(chan: pbx.Channel): pbx.Prompts after a mistake
---@field keys? table<string|integer, pbx.MenuAction>
---@field direct_dial? string|true a context whose extensions can be dialled
---@field tries? integer (3)
---@field timeout_ms? number for the first key (5000)
---@field between_ms? number for each further one (2000)
---@field invalid? pbx.Prompts|false after a key that means nothing
---@field nothing? pbx.Prompts|false after silence
---@field failed? pbx.MenuAction when all tries are used up
---@field hours? pbx.Times when it is open
---@field except? pbx.Times when it is closed all the same: holidays
---@field closed? pbx.MenuAction at other times
---@field language? string
---@field barge_in? boolean false: the prompt is heard to its end
---@field answer? boolean false: early media
---@field name? string
---@field on_enter? fun(chan: pbx.Channel, menu: string): pbx.MenuAction?
---@field on_key? fun(chan: pbx.Channel, keys: string, menu: string): pbx.MenuAction?
---@field on_invalid? fun(chan: pbx.Channel, keys: string, attempt: integer, menu: string): pbx.MenuAction?
---@field on_timeout? fun(chan: pbx.Channel, keys: string, attempt: integer, menu: string): pbx.MenuAction?
---@field on_leave? fun(chan: pbx.Channel, keys: string, menu: string)

---@class pbx.ivr
---@field menu fun(menu: pbx.Menu): function A voice menu: a function for an extension's place, to be called in one, or for a key of another menu.

---@alias pbx.person.When "always"|"busy"|"noanswer"

---@class pbx.person
---@field of fun(chan: pbx.Channel): string? Whose phone a channel is: AMPUSER, else its endpoint.
---@field forward fun(person: string, when: pbx.person.When): string? The number that a person's calls go to.
---@field set_forward fun(person: string, when: pbx.person.When, number?: string) Lets them go there; nil: no more. The lamps follow.
---@field dnd fun(person: string): boolean Whether a person is not to be disturbed.
---@field set_dnd fun(person: string, on: boolean)
---@field waiting fun(person: string): boolean Whether a second call rings.
---@field set_waiting fun(person: string, on: boolean)
---@field followed fun(person: string): boolean Whether calls go on to FollowMe when nobody answers.
---@field set_followed fun(person: string, on: boolean)
---@field last_caller fun(person: string): string?
---@field blacklisted fun(number?: string): boolean
---@field set_blacklisted fun(number: string, on: boolean): boolean Whether that could be done: not with what is no number.
---@field takes_calls fun(person: string, skip_busy?: boolean): boolean Whether a call to a group may ring that phone; skip_busy: not when it talks at all.
---@field context fun(chan: pbx.Channel): string Where forwards are dialled.

---@class pbx.ring.Group
---@field members string[]|string people, or Tech/resource; "101&102" is a list, too
---@field strategy? "ringall"|"hunt"|"memoryhunt"|"random" ringall
---@field seconds? number 20; of ringall for all together, else for each
---@field delays? table<string, number> of ringall: seconds after the others, by member
---@field skip_busy? boolean who talks is left out, whatever his call waiting
---@field confirm? boolean who answers is asked whether to take the call
---@field music? string hold music of that class instead of ringing
---@field prefix? string before the caller's name
---@field forwards? boolean phones' own forwards (302) are followed
---@field options? string of Dial

---@class pbx.ring
---@field group fun(how: pbx.ring.Group): string Rings several people: DIALSTATUS if nobody took the call. After a talk the dialplan ends.

---@class pbx.say
---@field number fun(n: integer, language?: string, gender?: string): string[] A whole number as prompts.
---@field ordinal fun(n: integer, language?: string, gender?: string): string[] The n-th, as prompts.
---@field digits fun(text: string, language?: string): string[] Digits and the keys * # one by one, as prompts.
---@field letters fun(text: string, language?: string): string[] A text spelled, as prompts.
---@field phonetic fun(text: string, language?: string): string[] A text spelled in the phonetic alphabet, as prompts.
---@field noun fun(n: integer, name: string, language?: string): string The prompt of a noun of which there are n: vm-message, vm-messages.
---@field moment fun(epoch: number, zone?: string, format?: string, language?: string): string[] A moment as prompts, in a form of SayUnixTime.
---@field language fun(name: string, words: table) The tables of another language, for this call: call it in extensions.lua.

---@class pbx.tollguard
---@field permits fun(endpoint: string, kind: "forward"|"disa", number: string): boolean Whether tollguard.conf lets the endpoint send calls to that outside number.
---@field allows fun(endpoint: string, kind: "forward"|"disa", number: string): boolean The same, for a number that may be one of the house: only what a pattern of `outside` has needs permission.
---@field mark fun(chan: pbx.Channel, kind?: "forward"|"disa", endpoint?: string, number?: string): string? From now on the channel goes where that endpoint sent it, and may leave the house only with its permission. What it was before.
---@field restore fun(chan: pbx.Channel, before?: string) Takes mark back.
---@field targets fun(chan: pbx.Channel, list: string[]): string[], boolean Those dial strings that the channel may ring; and whether one was refused.

---@class pbx.voicemail
---@field boxes fun(context?: string): {name: string, context: string, fullname: string, hidden: boolean, aliases: string[]}[] The mailboxes of a context (default), "*" for all, in the order of voicemail.conf.
---@field option fun(name: string): string? An option of voicemail.conf [general].

---@class pbx.wakeup
---@field set fun(person: string, epoch: number) Wakes somebody at a moment, instead of another one that was asked for before.
---@field get fun(person: string): number? When somebody is to be woken.
---@field cancel fun(person: string): boolean Takes it back; whether there was one.

---@class pbx
---@field log fun(level: pbx.Level, text: string) A line in the log.
---@field log_once fun(level: pbx.Level, text: string) A line in the log, each once in a call.
---@field channel fun(): pbx.Channel The call's channel.
---@field find_channel fun(name: string): pbx.Channel? Another live channel, whose own variables and facts may be read; nil if there is none of that name.
---@field originate fun(how: pbx.Originate): pbx.Originated|true|nil, string? Calls somebody who, once he answers, runs the dialplan or an application. true at once, with wait=true the result; or nil and what is wrong with it.
---@field redirect fun(channel: string, context: string, exten: string, priority?: integer|string): boolean?, string? Moves a channel that runs the dialplan to another place of it. true, or nil and why not.
---@field global fun(name: string, value?: string|number): string? Reads a global variable, or sets it.
---@field exists fun(context: string, exten: string, how?: "match"|"canmatch"|"matchmore", priority?: integer): boolean Whether the dialplan has an extension for this caller.
---@field matches fun(pattern: string, exten: string): boolean Whether an extension pattern of the dialplan, _NXX., or a plain number is that of exten.
---@field options fun(text?: string): table<string, string|true> Takes option letters apart: "tL(60:5)g" is {t=true, L="60:5", g=true}.
---@field split fun(text: string, separator: string): string[] The pieces of text, empty ones too.
---@field truth fun(text?: string): boolean Whether text is true in a condition: not empty, and not zero.
---@field context_exists fun(context: string): boolean Whether the dialplan has a context.
---@field device_state fun(device: string, state?: string): string|boolean|nil, string? What a device is doing: NOT_INUSE; or gives a Custom: device a state: true, or nil and why not.
---@field file_status fun(path: string): {kind: "file"|"directory"|"other", size: integer, mode: integer, accessed: integer, changed: integer, modified: integer}?, string? What a file is, if it is in a directory of [sandbox] files; or nil and why not.
---@field read_file fun(path: string): string?, string? The text of a file in a directory of [sandbox] files; or nil and why not.
---@field hint fun(context: string, exten: string): string?, string? The devices of an extension's hint, and its state; nil if it has none.
---@field cause fun(name: string): integer?, string? The number of a hang-up cause, USER_BUSY; or nil and why not.
---@field cause_text fun(cause: integer): string A cause in words.
---@field dial_string fun(tech: string, resource: string): string Tech/resource, refusing text that would mean more than one party.
---@field conf fun(file: string): table[]? The sections of a .conf file, each with name, place and options, which are lists of name, value and place; nil without the file.
---@field remove_recording fun(file: string): boolean Removes a file where recordings are; whether there was one.
---@field channels fun(): pbx.ChannelInfo[] The channels there are, in the order of their beginning.
---@field quote_shell fun(text: string): string Text as one word of a shell's command line, whatever is in it.
---@field quote_sql fun(text: string): string Text as a literal of standard SQL; raises for what none can hold.
---@field file_name fun(text: string): string Text as the name of one file, without a path.
---@field config_sections fun(): {name: string, options: table<string, string>}[] Every section of the plugin's NAME.conf, in order.
---@field spawn fun(task: string, data?: any) Queues one of the plugin's tasks for its own state; data is plain: text, numbers, booleans, tables of these.
---@field after fun(ms: number, task: string, data?: any): integer The same, ms from now; the id is for cancel.
---@field cancel fun(id: integer): boolean Takes back what after began; whether it was still to come.
---@field sleep fun(ms: number) Lets milliseconds pass.
---@field has_prompt fun(name: string, language?: string): boolean Whether a prompt can be played to this caller, or to one of that language: in it, or in what it falls back to.
---@field recorded fun(name: string): boolean Whether there is a recording of that name, with its extension.
---@field config table<string, any> The plugin's options, from its NAME.conf or as they stand in its table. Inside functions only.
---@field conference pbx.conference
---@field mailbox pbx.mailbox
---@field events pbx.events
---@field http pbx.http
---@field json pbx.json
---@field shared pbx.shared
---@field time pbx.time
---@field text pbx.text
---@field store pbx.store
---@field confbridge pbx.confbridge
---@field dial pbx.dial
---@field directory pbx.directory
---@field followme pbx.followme
---@field ivr pbx.ivr
---@field person pbx.person
---@field ring pbx.ring
---@field say pbx.say
---@field tollguard pbx.tollguard
---@field voicemail pbx.voicemail
---@field wakeup pbx.wakeup
local pbx = {}

---The applications: app.Dial("PJSIP/100", 20). Names are found in any case.
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

return pbx
