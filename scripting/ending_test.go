package scripting

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
)

// TestEndings: every way in which an extension's function can end, and what becomes of the call. R is what is left at the end; the script
// has the extensions s, 1, 12, h and, in the context other, s.
func TestEndings(t *testing.T) {
	tests := []struct {
		name, body, want string
		cause            channel.Cause
		logged           bool // an error with a traceback
	}{
		{"it returns", `note "s"`, "s h", channel.NormalClearing, false},
		{"it returns -1", `note "s"; return -1`, "s h", channel.NormalClearing, false},
		{"it returns 5 and a table", `note "s"; return 5, {}`, "s h", channel.NormalClearing, false},
		{"Dial left BUSY", `channel.DIALSTATUS = "BUSY"`, "h", channel.UserBusy, false},
		{"Dial left CONGESTION", `channel.DIALSTATUS = "CONGESTION"`, "h", channel.Congestion, false},
		{"Dial left CHANUNAVAIL", `channel.DIALSTATUS = "CHANUNAVAIL"`, "h", channel.Congestion, false},
		{"Dial left NOANSWER", `channel.DIALSTATUS = "NOANSWER"`, "h", channel.NormalClearing, false},
		{"an application hangs up", `app.hangup(21); note "no"`, "h", channel.CallRejected, false},
		{"it goes on after a hang-up that it caught", `pcall(app.hangup); note(tostring(check_hangup()))`, "true h", channel.NormalClearing, false},
		{"it is elsewhere", `app["goto"]("other", "s", 1); note "no"`, "other", channel.NormalClearing, false},
		{"GotoIf that does not hold", `app.gotoif("0?other,s,1"); note "s"`, "s h", channel.NormalClearing, false},
		{"a goto caught and not thrown again", `pcall(app["goto"], "other", "s", 1); note "s"`, "s other", channel.NormalClearing, false},
		{"text", `error("spilt")`, "h", channel.NormalClearing, true},
		{"text without a position", `error("spilt", 0)`, "h", channel.NormalClearing, true},
		{"a runtime error", `local t; t.x = 1`, "h", channel.NormalClearing, true},
		{"a table", `error({ code = 7 })`, "h", channel.NormalClearing, true},
		{"nil", `error()`, "h", channel.NormalClearing, true},
		{"a number gets a position and is text", `error(49)`, "h", channel.NormalClearing, true},
		{"the number of a key", `error(49, 0)`, "1 h", channel.NormalClearing, false},
		{"the number of a goto, without one", `error(5, 0)`, "h", channel.NormalClearing, false},
		{"the number of a hang-up", `error(-1, 0)`, "h", channel.NormalClearing, false},
		{"an assertion", `assert(false, "spilt")`, "h", channel.NormalClearing, true},
		{"an assertion that holds a number", `assert(nil, 49)`, "1 h", channel.NormalClearing, false},
		{"a coroutine that hangs up", `local go = coroutine.wrap(function() app.hangup(); note "no" end); go(); note "no"`, "h", channel.NormalClearing, false},
		{"a subroutine comes back", `app.gosub("other", "sub", "1(x)"); note(channel.GOSUB_RETVAL:get())`, "xx h", channel.NormalClearing, false},
		{"a tail call of an application", `return app["goto"]("other", "s", 1)`, "other", channel.NormalClearing, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			ch, err := b.run(`
function note(s) local r = channel.R:get(); channel.R = r and r .. " " .. s or s end
extensions = {
  default = {
    s = function() ` + tt.body + ` end,
    ["1"] = function(c, e) note(e) end,
    h = function(c, e) note(e) end,
  },
  other = {
    s = function(c) note(c) end,
    sub = function() app["return"](channel.ARG1:get() .. channel.ARG1:get()) end,
  },
}`)
			if got := get(t, ch, "R"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if ch.HangupCause() != tt.cause {
				t.Errorf("cause %d, want %d", ch.HangupCause(), tt.cause)
			}
			n := strings.Count(b.log.String(), "Error executing lua extension:")
			if logged := n == 1; logged != tt.logged || (err != nil) != tt.logged || n > 1 {
				t.Errorf("logged %d times, error %v\n%s", n, err, b.log)
			}
		})
	}
}

// TestValueNotCallable: the extension is found, the call fails.
func TestValueNotCallable(t *testing.T) {
	for _, value := range []string{`"text"`, "{}", "7", "true"} {
		b := newBench(t, nil)
		ch, err := b.run(`extensions = { default = { s = ` + value + `, h = function() channel.R = "h" end } }`)
		if err == nil || !strings.Contains(err.Error(), `attempt to call extension "s" (a `) || get(t, ch, "R") != "h" {
			t.Errorf("%s: %v, R %q", value, err, get(t, ch, "R"))
		}
	}
}

// TestTheDeadChannel: in h, and after a hang-up that a script caught, whatever needs a caller ends at once.
func TestTheDeadChannel(t *testing.T) {
	for name, text := range map[string]string{
		"in h": `extensions = { default = { s = function() end, h = function()
			channel.R = tostring(check_hangup()) .. tostring(pcall(app.wait, 60)) .. tostring(pcall(app.background, "x")) .. tostring(pcall(app.waitexten, 60)) end } }`,
		"caught": `extensions = { default = { s = function() pcall(app.hangup)
			channel.R = tostring(check_hangup()) .. tostring(pcall(app.wait, 60)) .. tostring(pcall(app.background, "x")) .. tostring(pcall(app.waitexten, 60)) end } }`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				began := time.Now()
				ch, err := b.run(text)
				if got := get(t, ch, "R"); err != nil || got != "truefalsefalsefalse" {
					t.Errorf("got %q, %v\n%s", got, err, b.log)
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestKeysInLua: extensions keyed in, over Lua's contexts and the order of its patterns.
func TestKeysInLua(t *testing.T) {
	tests := []struct {
		name, extensions, keys, want string
		took                         time.Duration
	}{
		{"a longer number with a number for a key", `[12345] = hit, ["1234"] = hit`, "12345", "12345", 0},
		{"the shorter one after TIMEOUT(digit)", `[12345] = hit, ["1234"] = hit`, "1234", "1234", 5 * time.Second},
		{"! needs no more digits", `["_12!"] = hit, ["_1."] = hit`, "12", "12", 0},
		{"unless a number before it does", `["_12!"] = hit, ["1234"] = hit`, "12", "12", 5 * time.Second},
		{"_. waits for more", `["_X."] = hit`, "12", "12", 5 * time.Second},
		{"# ends nothing by itself", `["#"] = hit, ["12"] = hit`, "#", "#", 0},
		{"a number in an included context", `include = { "more" }`, "42", "42", 0},
		{"nothing: t", `t = hit`, "", "t", 10 * time.Second},
		{"invalid: i", `["12"] = hit, i = hit`, "9", "i9", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, nil)
				g := b.load(dialplanFile, `
local function hit(c, e) channel.R = e .. (channel.INVALID_EXTEN:get() or "") end
extensions = { default = { s = function() app.waitexten(); channel.R = "no" end, `+tt.extensions+` }, more = { ["42"] = hit } }`)
				ch := b.channel("default", "s")
				for _, key := range tt.keys {
					ch.Digit(key)
				}
				began := time.Now()
				if err := g.Run(ch); err != nil {
					t.Error(err)
				}
				if got := get(t, ch, "R"); got != tt.want {
					t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// TestIncludesAreOfLua: a Lua context includes contexts, in the order written, depth first; what an extension gets is the including one.
func TestIncludesAreOfLua(t *testing.T) {
	for exten, want := range map[string]string{"1": "a own", "2": "a b", "3": "a c", "4": "a d", "5": "a b"} {
		b := newBench(t, nil)
		g := b.load(dialplanFile, `
local function in_(name) return function(c) channel.R = c .. " " .. name end end
extensions = {
  a = { ["1"] = in_ "own", include = { "b", "d" } },
  b = { ["1"] = in_ "b", ["2"] = in_ "b", ["_5"] = in_ "b", include = { "c" } },
  c = { ["2"] = in_ "c", ["3"] = in_ "c" },
  d = { ["3"] = in_ "d", ["4"] = in_ "d", ["5"] = in_ "d" },
}`)
		ch := b.channel("a", exten)
		if err := g.Run(ch); err != nil || get(t, ch, "R") != want {
			t.Errorf("%s: got %q, want %q (%v)", exten, get(t, ch, "R"), want, err)
		}
	}
}

// A name that nobody has comes with the nearest that somebody has.
func TestNearestNames(t *testing.T) {
	for body, want := range map[string]string{
		"app.playbak('beep')":               `application 'playbak' not found (did you mean "Playback"?)`,
		"app.zzzzzz()":                      "application 'zzzzzz' not found",
		"app.agi()":                         "application 'agi' not found",
		"if true then nofunc() end":         "attempt to call 'nofunc', which is no function",
		"error({ code = 5, list = { 1 } })": `an error was raised: {"code":5,"list":[1]}`,
		"error(setmetatable({}, { __tostring = function() return 'mine' end }))": "mine",
		"app.own()": `a channel has no method 'answr' (did you mean "answer"?)`,
	} {
		b := newBench(t, nil)
		g := b.load(dialplanFile, "extensions = { default = { s = function() "+body+" end } }", "plugins/own.lua",
			"return { applications = { Own = function(chan) chan:answr() end } }")
		err := g.Run(b.channel("default", "s"))
		if err == nil || !strings.HasSuffix(scriptError(err).Message, want) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		if trace := scriptError(err).Traceback; !strings.HasSuffix(trace, "in extension s of context default") || strings.Contains(trace, "anonymous") {
			t.Errorf("%s: %s", body, trace)
		}
	}
	b := newBench(t, nil)
	if _, err := b.script("channel.CALERID('num'):get()"); err != nil || !strings.Contains(b.log.String(), `Function CALERID not registered (did you mean "CALLERID"?)`) {
		t.Errorf("%v %s", err, b.log)
	}
}

// The caret stands beneath the name itself, not beneath a part of another one.
func TestCaret(t *testing.T) {
	b := newBench(t, nil)
	if _, err := b.script("local t = nil; app.noop(t.x)"); err == nil || !strings.Contains(b.log.String(), `"detail":"    local t = nil; app.noop(t.x)\n          ^\n`) {
		t.Errorf("%v %s", err, b.log)
	}
}

// A broken file that extensions.lua requires is told once.
func TestBrokenModuleIsToldOnce(t *testing.T) {
	b := newBench(t, nil)
	_, problems := b.host.Load(files(dialplanFile, "require 'x'", "x.lua", "retrun M"), nil)
	if len(problems) != 1 || problems[0].Warning {
		t.Error(texts(problems))
	}
}
