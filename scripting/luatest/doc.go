// Package luatest runs the plugins' own tests, plugins/NAME/NAME_test.lua, upon real channels with faked legs and a faked clock.
//
//	test("a busy phone", function(t)
//	  t:phone("PJSIP/100", { cause = 17 })
//	  local c = t:call("Dial", "PJSIP/100", 30)
//	  t:equal(c:get("DIALSTATUS"), "BUSY")
//	end)
//
// Only the edges are faked: channel.Leg, channel.Media, channel.Tech, the clock and the sounds. Channel, run loop, plugins and
// the interpreter are the real ones. Time is virtual: it jumps to the next thing that is due as soon as every goroutine waits, so a
// test of a minute's ringing takes a millisecond, and a script that waits for what never comes fails its test by name.
//
// # What a test can say
//
//	t:call(app, ...)            run an application on a fresh channel to its end; ► c
//	t:channel{headers={...}}    … whose call came with SIP headers
//	t:channel{...}              a channel to be prepared first: exten, context, callerid_name, callerid_number, dnid, up=true, media=false; ► c
//	                            transfer = 200: the report to a transfer once it is up; 0 none comes; false: it has no transfers
//	t:lua(text, {...})          run lines of a dialplan on a fresh channel, put(v) leaves v in SEEN; ► c
//	t:value(expression, {...})  what an expression of the dialplan yields there, as text; "nil"
//	t:conf(text)                the text of extensions.conf
//	t:dialplan(text)            Lua text that goes before the harness's own context: extensions = {...}
//	t:phone(target, {...})      what a dialled target does: ring_ms, progress_ms, answer_ms, hangup_ms (after the answer), end_ms + cause,
//	                            forward = "…" (with end_ms or at once). A target without is unavailable (cause 20).
//	                            keys = {[at_ms] = "12#"} are pressed there, counted from the call
//	t:peer(target)              the phone's last call: p:sent() the digits it got, p:get(name), p:shown() who called, p:callerid(), p:redirected() the number called first and why it came on, p:headers() that were added; nil without one
//	t:config(file, text)        a .conf file beside the dialplan
//	t:guest{...}                another caller, who runs the dialplan on his own: at_ms, context, exten, keys, keys_at_ms, leaves_ms
//	t:device(name, state)       what DEVICE_STATE says of it
//	t:sound(name, ms)           how long a prompt is (1000 otherwise); false: there is none
//	t:talks(ms)                 how long a party that is recorded speaks before it is silent; not at all otherwise
//	t:recorded(name)            how long the recording of that name (without extension) is, in ms; nil: there is none. Its calls must be over
//	t:command(line)             what a plugin's own command writes, or "error: …"
//	t:wait(ms)                  time passes: timers and tasks of plugins run
//	t:file(name [, text])       a file beneath the recordings: its text, nil without one; with text writes it
//	t:files(dir)                the names of the files in and below it, sorted, with spaces between
//	t:path()                    the directory of those files, as the machine names it
//	t:equal(got, want)  t:ok(value)  t:contains(text, part)
//	c:press(at_ms, digits)      keys pressed from then on, 100 ms apart       c:hang_up(at_ms)      the caller leaves
//	c:fails()                   a Lua error is expected; without this it fails the test
//	c:run(app, ...)             run an application      c:enter(context, exten)   run the dialplan from there
//	c:get(name)  c:played()  c:indications()  c:sent()  c:returned()  c:answered()  c:cause()  c:elapsed_ms()  c:log()  c:place()  c:records()
//	c:tones()                   the tone lists that were begun, and "stop" for each that was stopped; so is hold music, as "music CLASS"       c:name()
//	c:transferred()             where it was sent
//	c:jitter_buffer()           the jitter buffer that was set, as fixed= max= resync= extra=; "none" when it was taken out
//	c:released()                the dialled channels that have been hung up, as "target cause"
package luatest
