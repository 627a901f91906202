package scripting

import (
	"strings"
	"testing"
	"testing/fstest"

	"asterism/engine/config"
	"asterism/engine/dialplan"
)

const starCodes = `
local pbx = require "pbx"
return {
  features = {
    forward = { code = "*72", number = "optional", synopsis = "Forward all calls", run = function(chan, number)
      chan:set("FORWARD", "to '" .. number .. "' by " .. chan:context() .. " " .. pbx.config.forward)
    end },
    speed = { code = "*75", number = "required", run = function(chan, number) chan:go_to("default", "speed" .. number) end },
    echo = { code = "*43", run = function(chan, number) chan:set("ECHO", number); return -1 end },
    leg = { code = "*43", context = "legs", run = function(chan) chan:set("ECHO", "leg of " .. chan:context()) end },
    broken = { code = "*0", run = function() error("no way") end },
  },
}`

const withCodes = `extensions = { default = { include = { "features" }, ["_speed."] = function(_, e) channel.SPEED = e end }, features = { ["*43"] = nil } }`

func TestFeatures(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, withCodes, "plugins/stars.lua", starCodes)
	dial := func(exten string) map[string]string {
		ch := b.channel("default", exten)
		_ = g.Run(ch) // what went wrong is in the log
		out := map[string]string{}
		for _, name := range []string{"FORWARD", "SPEED", "ECHO", "INVALID_EXTEN"} {
			if v, ok := ch.Get(name); ok {
				out[name] = v
			}
		}
		return out
	}
	for exten, want := range map[string]string{
		"*72": "FORWARD=to '' by default *72", "*721234": "FORWARD=to '1234' by default *72", "*75": "", "*751": "SPEED=speed1", "*43": "ECHO=", "*431": "",
	} {
		name, value, given := strings.Cut(want, "=")
		if got := dial(exten); given && got[name] != value || !given && len(got) != 0 {
			t.Errorf("%s: %v, want %s", exten, got, want)
		}
	}
	ch := b.channel("legs", "*43")
	_ = g.Run(ch)
	if v, _ := ch.Get("ECHO"); v != "leg of legs" {
		t.Errorf("a feature of another context left %q", v)
	}
	if _, ok := g.Index().Find("default", "*7", "", 1, dialplan.MatchMore); !ok {
		t.Error("*7 could become *72")
	}
	dial("*0")
	if log := b.log.String(); !strings.Contains(log, "plugins/stars.lua:11: no way") || !strings.Contains(log, `Executing [*72@default:1] Feature("`) {
		t.Errorf("the log has neither the error nor the line that ran:\n%s", log)
	}
}

func TestFeatureCodesAreOptions(t *testing.T) {
	etc := func(conf, plan string, more ...string) (*Generation, string) {
		b := newBench(t, nil)
		m := files(append([]string{dialplanFile, plan, "plugins/stars.lua", starCodes, "stars.conf", conf}, more...)...)
		snap, problems := config.Load(m, config.LoadOptions{})
		g, found := b.host.Load(m, snap)
		return g, texts(append(problems, found...))
	}
	const plan = `extensions = { default = { include = { "features" } }, features = { ["*0"] = function() end } }`
	g, problems := etc("[general]\nforward = **1\necho =\n", plan)
	if problems != "" {
		t.Fatal(problems)
	}
	for exten, want := range map[string]string{"*72": "starcodes.forward_on", "*751": "stars.speed", "**1": "stars.forward", "**15": "stars.forward", "*43": "starcodes.echo", "*0": "function at extensions.lua:1"} {
		e, _ := g.Find("default", exten, "")
		if e.Data != want {
			t.Errorf("%s is %q, want %q", exten, e.Data, want)
		}
	}
	if _, problems = etc("[general]\nforward = x7\n", plan); problems != `error stars.conf:2: forward: "x7"; write keys of a telephone (0-9 * # A-D), or nothing to turn it off` {
		t.Error(problems)
	}
	_, problems = etc("[general]\nforward = *75\n", plan)
	if problems != "warning plugins/stars.lua:8: plugin stars: the code *75 of feature speed is that of stars.forward already; this one is not used; write another one in [general] of stars.conf: speed = *99" {
		t.Error(problems)
	}
}

func TestFeaturesAreChecked(t *testing.T) {
	for table, want := range map[string]string{
		`x = 5`:                              "features.x is a number; write a table with code and run",
		`x = { code = "*1" }`:                "features.x has no function run",
		`x = { run = print }`:                `features.x: code is ""; write keys of a telephone in a string, code = "*72"`,
		`x = { code = "_*1X", run = print }`: `features.x: code is "_*1X"; write keys of a telephone in a string, code = "*72"`,
		`x = { code = "*1", run = print, number = "yes" }`: `features.x: number is "yes"; write "optional", "required" or nothing`,
	} {
		b := newBench(t, nil)
		_, problems := b.host.Load(fstest.MapFS(files(dialplanFile, `extensions = {}`, "plugins/bad.lua", "return { features = { "+table+" } }")), nil)
		if got := texts(problems); got != "error plugins/bad.lua: "+want {
			t.Errorf("%s: %s", table, got)
		}
	}
	b := newBench(t, nil)
	_, problems := b.host.Load(files(dialplanFile, `extensions = {}`, "plugins/bad.lua", `return { options = { x = { "string", "" } }, features = { x = { code = "*1", run = print } } }`), nil)
	if got := texts(problems); !strings.Contains(got, "features.x and options.x are one name") {
		t.Error(got)
	}
}
