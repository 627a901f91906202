package scripting

import (
	"errors"
	"strings"
	"testing"
	"time"

	"asterism/engine/channel"
)

// TestPbxLua holds what scripts see against pbx_lua's semantics, most of them checked on a real Asterisk.
func TestPbxLua(t *testing.T) {
	tests := []struct{ name, body, variable, want string }{
		{"arguments", `channel.R = context .. "/" .. extension`, "R", "default/s"},
		{"variable set and read", `channel.X = 1.5; channel.R = channel.X:get() .. channel.X.value .. channel["X"].name`, "R", "1.51.5X"},
		{"unset is nil, emptied is empty", `channel.E = ""; channel.R = tostring(channel.NONE:get()) .. tostring(channel.NONE.value) .. "[" .. channel.E:get() .. "]"`, "R", "nilnil[]"},
		{"built-in", `channel.R = channel.EXTEN:get() .. channel.CONTEXT:get() .. channel.PRIORITY:get()`, "R", "sdefault1"},
		{"built-in cannot be overwritten", `channel.EXTEN = "x"; channel.R = channel.EXTEN:get()`, "R", "s"},
		{"no substring syntax", `channel.R = tostring(channel["EXTEN:1"]:get())`, "R", "nil"},
		{"set method", `channel.X:set("7"); channel.R = channel.X:get()`, "R", "7"},
		{"function object", `local f = channel.CALLERID("num"); channel.R = f.name .. tostring(f.value) .. f:get()`, "R", "CALLERID(num)nil100"},
		{"function by text", `channel.R = channel["CALLERID(name)"]:get()`, "R", "Alice"},
		{"assigning nil", `local ok, e = pcall(function() channel.X = nil end); channel.R = e`, "R", "extensions.lua:2: bad argument #3 to '__newindex' (string expected, got nil)"},
		{"dot for colon", `local ok, e = pcall(channel.X.get); channel.R = e`, "R", "extensions.lua:2: User probably used '.' instead of ':' for retrieving a channel variable"},
		{"any case", `app.SET("R=1"); app.noop(); app.NoOp()`, "R", "1"},
		{"unknown application", `local ok, e = pcall(app.bogus, 1); channel.R = e`, "R", "extensions.lua:2: application 'bogus' not found"},
		{"joining", `app.set("R=a", nil, "c", nil)`, "R", "a,,c,"},
		{"joining numbers", `app.set("R=" , 60, 1.5, 1/3)`, "R", ",60,1.5,0.33333333333333"},
		{"no expansion", `app.set("R=${EXTEN}")`, "R", "${EXTEN}"},
		{"hangup is the number -1", `local ok, e = pcall(app.hangup); channel.R = type(e) .. e .. tostring(check_hangup())`, "R", "number-1true"},
		{"goto is the number 5", `local ok, e = pcall(app["goto"], "default", "s", 2); channel.R = tostring(e); error(e, 0)`, "R", "5"},
		{"return values are ignored", `channel.R = "before"; return "1"`, "R", "before"},
		{"autoservice", `autoservice_stop(); local off = autoservice_status(); autoservice_start(); channel.R = tostring(off) .. tostring(autoservice_status())`, "R", "falsetrue"},
		{"error with a number is text", `local ok, e = pcall(function() error(5) end); channel.R = type(e) .. e`, "R", "stringextensions.lua:2: 5"},
		{"error with a number, level 0", `local ok, e = pcall(error, 5, 0); channel.R = type(e) .. e`, "R", "number5"},
		{"a bare table is not concatenated", `local ok, e = pcall(app.noop, {}); channel.R = tostring(ok)`, "R", "false"},
		{"inheritance mark", `channel._X = "1"; channel.R = channel.X:get()`, "R", "1"},
		{"process variables", `channel.R = tostring(tonumber(channel.EPOCH:get()) > 1700000000)`, "R", "true"},
		{"assigning a boolean", `local ok, e = pcall(function() channel.X = true end); channel.R = e`, "R", "extensions.lua:2: bad argument #3 to '__newindex' (string expected, got boolean)"},
		{"assigning a table", `local ok, e = pcall(function() channel.X = {} end); channel.R = e`, "R", "extensions.lua:2: bad argument #3 to '__newindex' (string expected, got table)"},
		{"set without a value", `local ok, e = pcall(function() channel.X:set() end); channel.R = tostring(ok)`, "R", "false"},
		{"dot for colon when setting", `local ok, e = pcall(channel.X.set, "1"); channel.R = e:match("User probably used '.' instead of ':'") or e`, "R", "User probably used '.' instead of ':'"},
		{"value is of that moment", `channel.X = 1; local x = channel.X; channel.X = 2; channel.R = x.value .. x:get()`, "R", "12"},
		{"numbers are their text", `channel.X = 5; channel.Y = 0.5; channel.Z = 1e15; channel.R = channel.X:get() .. "/" .. channel.Y:get() .. "/" .. channel.Z:get()`, "R", "5/0.5/1e+15"},
		{"names are case-sensitive", `channel.X = 1; channel.R = tostring(channel.x:get())`, "R", "nil"},
		{"function without arguments", `local f = channel.CALLERID(); channel.R = f.name`, "R", "CALLERID()"},
		{"function arguments are joined", `channel.R = channel.FIELDQTY("a", nil, 5).name`, "R", "FIELDQTY(a,,5)"},
		{"function set by text", `channel["CALLERID(name)"] = "Bob"; channel.R = channel.CALLERID("name"):get()`, "R", "Bob"},
		{"function set by method", `channel.CALLERID("name"):set("Bob"); channel.R = channel["CALLERID(name)"]:get()`, "R", "Bob"},
		{"function of an object is not its text", `channel.R = type(channel.CALLERID("num"))`, "R", "table"},
		{"unknown function gives nil", `channel.R = tostring(channel.NOFUNCTION(1):get())`, "R", "nil"},
		{"inheritance mark for ever", `channel.__X = "1"; channel.R = channel.X:get() .. channel["__X"]:get()`, "R", "11"},
		{"global by function", `channel.GLOBAL("G"):set("1"); channel.R = channel.GLOBAL("G"):get() .. channel.G:get()`, "R", "11"},
		{"own goes before global", `channel.GLOBAL("G"):set("1"); channel.G = "2"; channel.R = channel.G:get()`, "R", "2"},
		{"no arguments", `local ok, e = pcall(app.set); channel.R = tostring(channel.NONE:get())`, "R", "nil"},
		{"a first nil keeps its comma", `app.set(nil, "R=x"); channel.R = channel.R:get() or "unset"`, "R", "unset"},
		{"a comma in an argument separates", `app.set("R=a,b"); channel.R = channel.R:get()`, "R", "a,b"},
		{"a boolean among arguments", `local ok, e = pcall(app.noop, "x", true); channel.R = e`, "R", "extensions.lua:2: bad argument #2 (attempt to concatenate a boolean value)"},
		{"a boolean alone", `local ok, e = pcall(app.noop, false); channel.R = e`, "R", "extensions.lua:2: bad argument #1 (attempt to concatenate a boolean value)"},
		{"any name is an application until it runs", `local f = app.whatever; channel.R = type(f)`, "R", "function"},
		{"reserved words as applications", `local a, b = app["goto"], app["return"]; channel.R = type(a) .. type(b) .. type(app.Goto)`, "R", "functionfunctionfunction"},
		{"an application gives nothing back", `channel.R = select("#", app.noop("x"))`, "R", "0"},
		{"autoservice gives nothing back", `channel.R = select("#", autoservice_start()) .. select("#", autoservice_stop()) .. type(autoservice_status())`, "R", "00boolean"},
		{"autoservice is on and may be set twice", `local first = autoservice_status(); autoservice_stop(); autoservice_stop(); local off = autoservice_status(); autoservice_start(); autoservice_start()
			channel.R = tostring(first) .. tostring(off) .. tostring(autoservice_status())`, "R", "truefalsetrue"},
		{"check_hangup of a caller who is there", `channel.R = tostring(check_hangup()) .. select("#", check_hangup())`, "R", "false1"},
		{"application as a value", `local f = app.set; f("R=v"); channel.R = channel.R:get() .. type(app.set)`, "R", "vfunction"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			ch, err := b.script(tt.body)
			if err != nil {
				t.Error(err)
			}
			if got := get(t, ch, tt.variable); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
			}
		})
	}
}

func TestRunLoop(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"included context, including one as argument", `
			extensions = { default = { include = { "lower" } }, lower = { s = function(c, e) channel.R = c .. e end } }`, "defaults"},
		{"pattern, most exact first", `
			extensions = { default = { s = function() app["goto"]("default", "1234", 1) end,
			  ["_X."] = function() channel.R = "any" end, ["_12XX"] = function(c, e) channel.R = e end } }`, "1234"},
		{"numeric key", `
			extensions = { default = { s = function() app["goto"]("default", "1000", 1) end, [1000] = function(c, e) channel.R = type(e) .. e end } }`, "string1000"},
		{"globals last through goto and into h", `
			n = 0
			extensions = { default = { s = function() n = n + 1; if n < 3 then app.goto("default", "s", 1) end end,
			  h = function(c, e) channel.R = n .. e .. tostring(check_hangup()) end } }`, "3htrue"},
		{"goto to oneself", `
			extensions = { default = { s = function() channel.R = (channel.R:get() or "") .. "x"; if #channel.R:get() < 3 then app.goto("s", 1) end channel.R = channel.R:get() .. "." end } }`, "xxx."},
		{"the line after goto does not run", `
			extensions = { default = { s = function() app.goto("default", "t1", 1); channel.R = "after" end, t1 = function() channel.R = "there" end } }`, "there"},
		{"invalid goes to i", `
			extensions = { default = { s = function() app.goto("default", "nowhere", 1) end, i = function() channel.R = channel.INVALID_EXTEN:get() end } }`, "nowhere"},
		{"invalid without i goes to e", `
			extensions = { default = { s = function() app.goto("default", "nowhere", 1) end, e = function() channel.R = channel.EXCEPTION("exten"):get() end } }`, "nowhere"},
		{"h in an included context", `
			extensions = { default = { s = function() app.hangup() end, include = { "common" } }, common = { h = function(c) channel.R = "h " .. c end } }`, "h default"},
		{"h after an error", `
			extensions = { default = { s = function() error("x") end, h = function() channel.R = "h" end } }`, "h"},
		{"h of the context the call is in", `
			extensions = { default = { s = function() app.goto("other", "s", 1) end, h = function() channel.R = "default" end },
			  other = { s = function() end, h = function() channel.R = "other" end } }`, "other"},
		{"callable table", `
			extensions = { default = { s = setmetatable({}, { __call = function(self, c, e) channel.R = c .. e end }) } }`, "defaults"},
		{"function shared as extension", `
			local function f(c, e) channel.R = e end
			extensions = { default = { s = f, other = f } }`, "s"},
		{"conf is code", `
			extensions = { default = {} }
			for _, n in ipairs { "s", "100" } do extensions.default[n] = function(c, e) channel.R = e end end`, "s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			ch, _ := b.run(tt.text)
			if got := get(t, ch, "R"); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
			}
			if !ch.HungUp() {
				t.Error("the channel is still up after Run")
			}
		})
	}
}

func TestStart(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `extensions = { default = { s = function() channel.R = "s" end, ["_X."] = function(c, e) channel.R = e end,
		["_9&X."] = function(c, e) channel.R = "literal" .. e end } }`)
	tests := []struct {
		exten, want string
		cause       channel.Cause
	}{
		{"", "s", channel.NormalClearing},
		{"100", "100", channel.NormalClearing},
		{"none", "(unset)", channel.Unallocated},
		{"100&PJSIP/200", "(unset)", channel.Unallocated},
		{"100,30,g", "(unset)", channel.Unallocated},
		{"100@other", "(unset)", channel.Unallocated},
		{"100/sip:x@evil", "(unset)", channel.Unallocated},
		{"1\r\n", "(unset)", channel.Unallocated},
		{"9&12", "literal9&12", channel.NormalClearing},
		{"9&1,2", "(unset)", channel.Unallocated},
	}
	for _, tt := range tests {
		ch := b.channel("default", tt.exten)
		if err := g.Run(ch); err != nil {
			t.Errorf("%q: %v", tt.exten, err)
		}
		if got := get(t, ch, "R"); got != tt.want || ch.HangupCause() != tt.cause {
			t.Errorf("%q: got %q, cause %d; want %q, %d", tt.exten, got, ch.HangupCause(), tt.want, tt.cause)
		}
		if _, found := g.Find("default", tt.exten, ""); tt.exten != "" && found != (tt.want != "(unset)") {
			t.Errorf("Find(%q): %v", tt.exten, found)
		}
	}
}

func TestErrorsWhileRunning(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"error", `error("x")`, "extensions.lua:2: x"},
		{"runtime error", "local t\nlocal x = t.field", "extensions.lua:3: attempt to index 't' (a nil value) with key 'field'"},
		{"nil call", `nothing()`, "extensions.lua:2: attempt to call 'nothing', which is no function"},
		{"error value", `error({})`, "an error was raised: {}"},
		{"deep recursion", "local function f() return 1 + f() end\nf()", "extensions.lua:2: stack overflow"},
		{"unknown application", `app.bogus()`, "application 'bogus' not found"},
		{"required file that is broken", `require "broken"`, "broken.lua:2: syntax error"},
		{"required file that is not there", `require "a.b"`, "module 'a.b' not found: no a/b.lua beside extensions.lua"},
		{"error in a required file", `require "raises"`, "lib/raises.lua:1: from the module"},
		{"registry", "local t = {} for i = 1, 100000 do t[i] = i end\nreturn select('#', unpack(t))", "registry overflow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			g, problems := b.host.Load(files(dialplanFile, "extensions = { default = { s = function()\n"+tt.body+"\nend } }",
				"broken.lua", "x =\n= 1", "raises/init.lua", "", "lib/raises.lua", `error("from the module")`), nil)
			if g == nil {
				t.Fatal(texts(problems))
			}
			if strings.Contains(tt.body, "raises") {
				g = b.load(dialplanFile, "extensions = { default = { s = function()\nrequire 'lib.raises'\nend } }", "lib/raises.lua", `error("from the module")`)
			}
			ch := b.channel("default", "s")
			err := g.Run(ch)
			var se *ScriptError
			if !errors.As(err, &se) || !strings.Contains(se.Message, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			log := b.log.String()
			if n := strings.Count(log, "Error executing lua extension:"); n != 1 {
				t.Errorf("%d log entries of the error\n%s", n, log)
			}
			if !strings.Contains(log, "stack traceback:") || !strings.Contains(log, tt.want) {
				t.Errorf("no message or traceback in\n%s", log)
			}
			if ch.HangupCause() != channel.NormalClearing {
				t.Errorf("cause %v", ch.HangupCause())
			}
		})
	}
}

func TestKillSwitch(t *testing.T) {
	for _, body := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"local co = coroutine.wrap(function() while true do end end) co()",
		`(("a"):rep(40) .. "b"):find(("a*"):rep(40) .. "c")`,
		"while true do app.noop() end",
		`while true do pcall(app["goto"], "default", "s", 1) end`,
	} {
		t.Run(body, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Budget = 100 * time.Millisecond })
			began := time.Now()
			ch, err := b.script("\n" + body)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if !errors.Is(err, errBudget) || !strings.HasPrefix(err.Error(), "extensions.lua:3: ran too long") {
				t.Errorf("got %v", err)
			}
			if !ch.HungUp() {
				t.Error("the call goes on")
			}
			if !strings.Contains(b.log.String(), "lua extension stopped: extensions.lua:3: ran too long") {
				t.Errorf("log: %.300s", b.log)
			}
		})
	}
}

// A goto to itself without an application that waits is an endless loop too.
func TestKillSwitchAcrossGoto(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Budget = 100 * time.Millisecond })
	_, err := b.script(`app.goto("default", "s", 1)`)
	if !errors.Is(err, errBudget) {
		t.Errorf("got %v", err)
	}
}

// After the hang-up a script that catches everything has the grace and no more.
func TestGrace(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Budget, c.Grace = time.Hour, 50*time.Millisecond })
	_, err := b.script("app.hangup = app.hangup\npcall(app.hangup)\nwhile true do pcall(app.wait, 1) end")
	if !errors.Is(err, errGrace) || !strings.Contains(err.Error(), "extensions.lua:4: ") {
		t.Errorf("got %v", err)
	}
}

// Time spent waiting does not count as Lua's.
func TestWaitingIsNotRunning(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Budget = 60 * time.Millisecond })
	if _, err := b.script("for i = 1, 4 do app.wait(0.05) end"); err != nil {
		t.Error(err)
	}
}

func TestSandbox(t *testing.T) {
	b := newBench(t, nil)
	for _, expr := range []string{"io", "debug", "os.execute", "os.exit", "os.remove", "os.rename", "os.tmpname", "os.setenv", "string.dump", "newproxy", "module", "_printregs", "package.loadlib"} {
		ch, err := b.script(`channel.R = tostring(` + expr + `)`)
		if got := get(t, ch, "R"); err != nil || got != "nil" {
			t.Errorf("%s is %s (%v)", expr, got, err)
		}
	}
	t.Setenv("ASTERISM_SITE", "north")
	t.Setenv("SECRET", "x")
	ch, err := b.script(`channel.R = os.getenv("ASTERISM_SITE") .. tostring(os.getenv("SECRET")) .. type(os.time()) .. type(os.clock()) .. os.date("%Y", 0)`)
	if got := get(t, ch, "R"); err != nil || got != "northnilnumbernumber1970" {
		t.Errorf("os: %q %v", got, err)
	}
	for _, body := range []string{`require "../secret"`, `require "/etc/passwd"`, `dofile("../secret.lua")`, `dofile("/etc/passwd")`, `assert(loadfile("/etc/passwd"))`, `string.rep("x", 1e9)`} {
		if _, err := b.script(body); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

func TestRequire(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `
local lib = require "lib.numbers"
local again = require "lib.numbers"
extensions = { default = { s = function()
  channel.R = lib.name .. tostring(lib == again) .. require("folder").x .. dofile("lib/value.lua") .. loadstring("return 1 + 1")() .. assert(loadfile("lib/value.lua"))()
end } }`, "lib/numbers.lua", `return { name = ... }`, "folder/init.lua", `return { x = "f" }`, "lib/value.lua", `return "v"`)
	ch := b.channel("default", "s")
	if err := g.Run(ch); err != nil {
		t.Fatal(err)
	}
	if got := get(t, ch, "R"); got != "lib.numberstruefv2v" {
		t.Errorf("got %q", got)
	}
}

// A call keeps the generation it began with, its modules included.
func TestGenerationsLiveSideBySide(t *testing.T) {
	b := newBench(t, nil)
	text := `extensions = { default = { s = function() channel.R = require "v" end } }`
	old, fresh := b.load(dialplanFile, text, "v.lua", `return "old"`), b.load(dialplanFile, text, "v.lua", `return "new"`)
	for g, want := range map[*Generation]string{old: "old", fresh: "new"} {
		ch := b.channel("default", "s")
		if err := g.Run(ch); err != nil || get(t, ch, "R") != want {
			t.Errorf("got %q, %v; want %q", get(t, ch, "R"), err, want)
		}
	}
}

// Two calls share nothing but GLOBAL().
func TestCallsShareNothing(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `n = 0; extensions = { default = { s = function() n = n + 1; string.mine = (string.mine or 0) + 1; channel.R = n .. string.mine end } }`)
	for range 3 {
		ch := b.channel("default", "s")
		if err := g.Run(ch); err != nil || get(t, ch, "R") != "11" {
			t.Errorf("got %q, %v", get(t, ch, "R"), err)
		}
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `extensions = { default = { s = function() for i = 1, 20 do app.set("X=" .. i); app.noop(("x"):rep(i)) end channel.R = channel.X:get() end } }`)
	done := make(chan string, 50)
	for range cap(done) {
		ch := b.channel("default", "s")
		go func() {
			err := g.Run(ch)
			v, _ := ch.Get("R")
			if err != nil {
				v = err.Error()
			}
			done <- v
		}()
	}
	for range cap(done) {
		if got := <-done; got != "20" {
			t.Error(got)
		}
	}
}

// What the wire says never makes a line of the log.
func TestLogInjection(t *testing.T) {
	b := newBench(t, nil)
	if _, err := b.script(`app.noop("a\nExecuting [fake@x:1]\27[2J"); print("p\nq"); error("e\nfake")`); err == nil {
		t.Error("no error")
	}
	log := b.log.String()
	for _, want := range []string{`a\\x0aExecuting [fake@x:1]\\x1b[2J`, `p\\x0aq`, `e\\x0afake`} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in\n%s", want, log)
		}
	}
}
