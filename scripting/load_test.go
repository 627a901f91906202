package scripting

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/plugins"
)

func TestLoadProblems(t *testing.T) {
	const ok = `extensions = { default = { s = function() end } }`
	tests := []struct {
		name   string
		files  []string
		want   string // of all problems
		usable bool
	}{
		{"good", []string{dialplanFile, ok}, "", true},
		{"no file", nil, "error extensions.lua: no such file, and no extensions.conf either; write one", false},
		{"syntax", []string{dialplanFile, "extensions = {\n  default = {\n    s = function( end\n"}, `error extensions.lua:3: syntax error near "end" (column 19); a value is expected here`, false},
		{"runtime", []string{dialplanFile, "extensions = {}\nlocal x = nothing.field"}, "error extensions.lua:2: attempt to index 'nothing' (a nil value) with key 'field'", false},
		{"no extensions", []string{dialplanFile, "local extensions = {}"}, "error extensions.lua: no global table `extensions`; write", false},
		{"app at file scope", []string{dialplanFile, ok + "\napp.noop()"}, "error extensions.lua:2: attempt to index 'app' (a nil value) with key 'noop'", false},
		{"context is no table", []string{dialplanFile, "extensions = {\n  default = { s = print },\n  [\"broken\"] = function() end }"}, `error extensions.lua:3: context "broken" is a function; write a table of extensions`, true},
		{"context is a string", []string{dialplanFile, "extensions = { a = {} }\nextensions.b = 'x'"}, `error extensions.lua:2: context "b" is a string; write a table`, true},
		{"key of another type", []string{dialplanFile, "extensions = {\n  default = { [true] = print } }"}, `error extensions.lua:2: context "default": an extension's key is a string or a number, not a boolean`, true},
		{"value that cannot be called", []string{dialplanFile, "extensions = {\n  default = { s = 'x' } }"}, `warning extensions.lua:2: context "default": extension "s" is a string and cannot be called`, true},
		{"broken pattern", []string{dialplanFile, "extensions = {\n  default = {\n    ['_[12'] = function() end } }"}, `error extensions.lua:3: context "default": `, true},
		{"circle", []string{dialplanFile, "extensions = {\n  a = { include = { 'b' } },\n  b = {\n    include = { 'a' },\n  } }"},
			`error extensions.lua:4: context "b" includes "a", which goes round in a circle: a -> b -> a`, true},
		{"circle in a module", []string{dialplanFile, "extensions = require 'contexts'", "contexts.lua", "local t = {}\nt.x = {}\nt.x.include = {\n  'x' }\nreturn t"},
			`error contexts.lua:4: context "x" includes "x", which goes round in a circle: x -> x`, true},
		{"missing include", []string{dialplanFile, "extensions = { a = {\n include = { 'gone' } } }"}, `warning extensions.lua:2: context "a" includes "gone": no such context`, true},
		{"include is a string", []string{dialplanFile, "extensions = { a = { include = 'b' } }"}, `error extensions.lua:1: context "a": include is a string; write a list`, true},
		{"Include", []string{dialplanFile, "extensions = { a = { Include = { 'b' } } }"}, `warning extensions.lua:1: context "a": "Include" is ignored; write include in lower case`, true},
		{"twice", []string{dialplanFile, "extensions = { a = { [100] = print, ['100'] = print } }"}, `warning extensions.lua`, true},
		{"required and broken", []string{dialplanFile, "require 'x'\n" + ok, "x.lua", "y = \n = 2"}, `error x.lua:2: syntax error`, false},
		{"broken and not required", []string{dialplanFile, ok, "old/x.lua", "y = = 2"}, `warning old/x.lua:1: syntax error near "=" (column 5)`, true},
		{"endless", []string{dialplanFile, "while true do end"}, "error extensions.lua:1: ran too long without calling a primitive", false},
		{"hints", []string{dialplanFile, ok + "\nhints = 1"}, "warning extensions.lua:2: hints is a number and is ignored", true},
		{"hint is a number", []string{dialplanFile, ok + "\nhints = {\n  default = {\n [100] = 5 } }"}, `warning extensions.lua:4: hints["default"][100] is a number and is ignored; write the device as text, "PJSIP/100"`, true},
		{"include holds a number", []string{dialplanFile, "extensions = {\n a = {\n  include = { 1 } } }"}, `error extensions.lua:3: context "a": include holds a number; write names of contexts`, true},
		{"number key", []string{dialplanFile, "extensions = {}\nextensions.a = {}\nextensions.a[100] = 'x'"}, `warning extensions.lua:3: context "a": extension "100" is a string`, true},
		{"hint context is no table", []string{dialplanFile, ok + "\nhints = { default = 1 }"}, "error extensions.lua:2: hints[default] is a number", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.Budget = 200_000_000 })
			g, problems := b.host.Load(files(tt.files...), nil)
			got := texts(problems)
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if (g != nil) != tt.usable {
				t.Errorf("usable %v, want %v", g != nil, tt.usable)
			}
		})
	}
}

func TestIndex(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `extensions = {
  default = { ["_1XX"] = function() end, [200] = function() end, include = { "more" } },
  more = { ["_X."] = function() end },
}
hints = { default = { [100] = "PJSIP/100", ["101"] = "PJSIP/101&Custom:x", ["102"] = 7 }, only = { ["1"] = "Custom:y" } }`)
	x := g.Index()
	for exten, want := range map[string]string{"150": "_1XX", "200": "200", "999": "_X."} {
		if e, ok := x.Find("default", exten, "", 1, dialplan.Match); !ok || e.Pattern != want {
			t.Errorf("%s: got %q, want %q", exten, e.Pattern, want)
		}
	}
	if e, _ := x.Find("default", "150", "", 1, dialplan.Match); e.File != dialplanFile || e.Line != 2 || e.Data != "function at extensions.lua:2" {
		t.Errorf("got %+v", e)
	}
	if _, ok := x.Find("default", "150", "", 2, dialplan.Match); ok {
		t.Error("a Lua extension has only priority 1")
	}
	if e, ok := x.Hint("default", "101"); !ok || e.Data != "PJSIP/101&Custom:x" {
		t.Errorf("hint: %+v", e)
	}
	if !x.Has("only") || len(x.Hints()) != 3 {
		t.Errorf("hints: %+v", x.Hints())
	}
}

// The hint of a number from the wire: its devices may hold nothing that the number did not have a right to say.
func TestHintFromTheWire(t *testing.T) {
	b := newBench(t, nil)
	b.host.SetGlobal("LAMP", "Custom:lamp")
	g := b.load(dialplanFile, `extensions = { default = { ["1"] = function() end } }
hints = { default = { ["_1XX"] = "PJSIP/${EXTEN}&${LAMP}", ["_9."] = "PJSIP/${EXTEN}" } }`)
	for exten, want := range map[string]string{"101": "PJSIP/101&Custom:lamp", "9&Custom:secret": "", "5": ""} {
		if got, ok := g.Hint("default", exten); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", exten, got, ok, want)
		}
	}
}

// Asterisk's own sample, in our words: everything it shows has to load.
func TestSample(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `
CONSOLE = "Console/dsp"
IAXINFO = "guest"
function outgoing_local(c, e) app.dial("PJSIP/trunk/" .. e, "", "") end
function demo_instruct() app.background("demo-instruct") app.waitexten() end
function demo_congrats() app.background("demo-congrats") demo_instruct() end
function demo_start() app.wait(1) app.answer() channel.TIMEOUT("digit"):set(5) channel.TIMEOUT("response"):set(10) demo_congrats() end
function demo_hangup() app.playback("demo-thanks") app.hangup() end
extensions = {
  demo = {
    s = demo_start,
    ["2"] = function() app.background("demo-moreinfo") demo_instruct() end,
    ["3"] = function() channel.CHANNEL("language"):set("fr") demo_congrats() end,
    ["1000"] = function() app.goto("default", "s", 1) end,
    ["#"] = demo_hangup, t = demo_hangup,
    i = function() app.playback("invalid") demo_instruct() end,
  },
  default = { include = { "demo" } },
  public = { include = { "demo" } },
  ["local"] = { ["_NXXXXXX"] = outgoing_local },
}
hints = { demo = { [1000] = "PJSIP/1000", [1001] = "PJSIP/1001" } }`)
	if e, ok := g.Find("local", "2345678", ""); !ok || e.Pattern != "_NXXXXXX" {
		t.Errorf("got %+v", e)
	}
}

func TestPlugins(t *testing.T) {
	site := files(
		"hello/init.lua", `local words = require "hello.words"
return { applications = { Hello = function(chan, who) chan:set("R", words.greet(who)) end },
  functions = { HELLO = function(chan, a, b) return (a or "nil") .. "/" .. (b or "nil") end },
  commands = { ["hello show"] = { synopsis = "greets", run = function() end } }, extras = {} }`,
		"hello/words.lua", `return { greet = function(who) return "hello " .. who end }`,
		"hello/hello_test.lua", `this is not Lua`,
		"single.lua", `local pbx = require "pbx"; return { applications = { Single = function() error("inside") end, Shown = { raw = true, synopsis = "s", run = function(chan, data) chan:set("R", data) end } } }`,
		"control/init.lua", `return { applications = { NoOp = function(chan) chan:set("R", "the site's") end, Answer = function() return -1 end } }`,
		"broken/init.lua", "local M = {}\nM.x = = 1\nreturn M",
		"global/init.lua", "return { applications = { Leak = function() leaked = 1 end } }",
		"notable/init.lua", "return 1",
		"raises/init.lua", "\nerror('at load')",
		"wrong/init.lua", "return { applications = { X = 1 } }",
		"reads/init.lua", "return { applications = { Y = unknown_thing } }",
		"flow.lua", "return {", // broken: the shipped flow stays
		"README.md", "not a plugin", ".hidden/init.lua", "= =", "folder/notes.txt", "no Lua here",
	)
	b := newBench(t, func(c *Config) { c.Plugins = []fs.FS{site, plugins.FS} })
	g, problems := b.host.Load(files(dialplanFile, `extensions = { default = { s = function(c, e) end,
  hello = function() app.hello("you"); channel.R = channel.R:get() .. channel.HELLO(1, nil, 3):get() end,
  shown = function() app.shown("a, b", "c") end, noop = function() app.noop() end, answer = function() app.answer(); channel.R = "went on" end,
  single = function() app.single() end, leak = function() app.leak() end, set = function() app.set("R=set") end,
  user = function() string = nil; table = nil; pairs = nil; app.dial("PJSIP/1&PJSIP/2"); channel.R = channel.DIALSTATUS:get() end,
} }`), nil)
	if g == nil {
		t.Fatal(texts(problems))
	}
	got := texts(problems)
	for _, want := range []string{
		`error plugins/broken/init.lua:2: syntax error near "="`,
		"error plugins/notable/init.lua: the plugin returns no table",
		"error plugins/raises/init.lua:2: at load",
		"error plugins/wrong/init.lua: applications.X is a number; write a function",
		"error plugins/reads/init.lua:1: unknown global 'unknown_thing' in a plugin",
		"error plugins/flow.lua:1: syntax error at the end of the file",
		"warning plugins/hello/init.lua: plugin hello: \"extras\" is no part of a plugin and has no effect",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if len(problems) != 7 {
		t.Errorf("%d problems:\n%s", len(problems), got)
	}
	tests := []struct{ exten, want, err string }{
		{"hello", "hello you1/nil", ""},
		{"shown", "a, b,c", ""},
		{"noop", "the site's", ""},
		{"answer", "(unset)", ""},
		{"single", "(unset)", "plugins/single.lua:1: inside"},
		{"leak", "(unset)", "plugins/global/init.lua:1: plugin global: assignment to global 'leaked'"},
		{"set", "set", ""},
		{"user", "CHANUNAVAIL", ""},
	}
	for _, tt := range tests {
		ch := b.channel("default", tt.exten)
		err := g.Run(ch)
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: error %v, want %q", tt.exten, err, tt.err)
		}
		if got := get(t, ch, "R"); got != tt.want {
			t.Errorf("%s: got %q, want %q\n%s", tt.exten, got, tt.want, b.log)
		}
	}
	if cmds := g.Commands(); !slices.Contains(cmds, Summary{Name: "hello show", Plugin: "hello", Synopsis: "greets"}) {
		t.Errorf("commands %v", cmds)
	}
}

// An application's traceback reaches the one log entry.
func TestPluginTraceback(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Plugins = []fs.FS{files("p/init.lua", "local function deep()\n  error('inside')\nend\nreturn { applications = { P = function() deep() end } }")}
	})
	if _, err := b.script("app.p()"); err == nil {
		t.Fatal("no error")
	}
	if log := b.log.String(); !strings.Contains(log, "plugins/p/init.lua:4:") || !strings.Contains(log, "extensions.lua:2:") {
		t.Errorf("traceback incomplete:\n%s", log)
	}
}

// Peers an application leaves behind are hung up; a peer is a channel of its own.
func TestAbort(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.Plugins = []fs.FS{plugins.FS, files("x/init.lua", `return { applications = {
  Kind = function(chan) chan:hangup(21); local ok, e = pcall(chan.wait, chan, 10); chan:set("R", e.kind .. e.cause .. tostring(e)) end,
  Digit = function() return "5" end,
  Bad = function(chan) chan.wait(5) end,
  None = function(chan) chan:nonsense() end,
} }`)}
	})
	ch, _ := b.script(`app.kind()`)
	if got := get(t, ch, "R"); got != "hangup21hangup: 21 Call Rejected" {
		t.Errorf("got %q", got)
	}
	ch, err := b.run(`extensions = { default = { s = function() app.digit(); channel.R = "after" end, ["5"] = function() channel.R = "five" end } }`)
	if got := get(t, ch, "R"); got != "five" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for body, want := range map[string]string{"app.bad()": "write chan:method()", "app.none()": "a channel has no method 'nonsense'"} {
		if _, err := b.script(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestGlobals(t *testing.T) {
	b := newBench(t, nil)
	b.host.SetGlobal("SITE", "north")
	ch, err := b.script(`channel.R = channel.SITE:get(); channel.GLOBAL("N"):set(5)`)
	if err != nil || get(t, ch, "R") != "north" || b.host.Globals()["N"] != "5" {
		t.Errorf("%q %v %v", get(t, ch, "R"), b.host.Globals(), err)
	}
}

func TestDialString(t *testing.T) {
	b := newBench(t, nil)
	ch, err := b.script(`local pbx = require "pbx"
channel.R = pbx.dial_string("PJSIP", "100") .. tostring(pcall(pbx.dial_string, "PJSIP", "100&PJSIP/200"))`)
	if err != nil || get(t, ch, "R") != "PJSIP/100false" {
		t.Errorf("%q %v", get(t, ch, "R"), err)
	}
}

func TestSummaries(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, "extensions = {}")
	var names []string
	for _, a := range g.Applications() {
		if a.Synopsis == "" {
			t.Errorf("%s has no synopsis", a.Name)
		}
		names = append(names, a.Name)
	}
	all := strings.Join(names, " ")
	for _, want := range strings.Fields("Answer Background Busy Congestion Dial Echo Goto GotoIf Hangup Log Milliwatt MSet NoOp PlayTones Playback Proceeding Progress Read Ringing SayDigits SendDTMF Set StopPlayTones Verbose Wait WaitExten") {
		if !strings.Contains(" "+all+" ", " "+want+" ") {
			t.Errorf("no application %s in %s", want, all)
		}
	}
	for _, f := range g.Functions() {
		if f.Synopsis == "" {
			t.Errorf("%s has no synopsis", f.Name)
		}
	}
}

// FuzzDialled: text from the wire reaches an extension only if no character of it could act in a dial string, unless the pattern says it.
func FuzzDialled(f *testing.F) {
	for _, s := range []string{"100", "100&PJSIP/200", "1,2", "1@x", "1/sip:a", "${EXTEN}", "+49 30", "*8#"} {
		f.Add(s)
	}
	b := newBench(f, nil)
	g := b.load(dialplanFile, `extensions = { default = { ["_."] = function() end, ["_!"] = function() end, ["_X&X"] = function() end } }`)
	f.Fuzz(func(t *testing.T, exten string) {
		e, ok := g.Find("default", exten, "")
		if ok && strings.ContainsAny(exten, "&,/@^|(){}$;:\"\\\r\n\x00") && e.Pattern != "_X&X" {
			t.Errorf("%q found as %q", exten, e.Pattern)
		}
	})
}

var _ channel.Leg = silent{}
