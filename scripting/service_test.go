package scripting

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/event"

	"github.com/rs/zerolog"
)

// command runs a plugin's command and gives what it wrote, and its error.
func (b *bench) command(g *Generation, line string) string {
	b.t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := g.RunCommand(ctx, strings.Fields(line), &out); err != nil {
		out.WriteString("error: " + err.Error())
	}
	return out.String()
}

const counter = `
local pbx = require "pbx"
local n, heard = 0, {}
return {
  events = {
    ConfigReloaded = function(e) heard[#heard + 1] = e.event .. " " .. e.generation end,
    ["bell"] = function(e) heard[#heard + 1] = "bell " .. e.who .. " " .. e.times end,
  },
  timers = { tick = { every_ms = 60000, run = function() n = n + 1 end } },
  tasks = {
    add = function(k) n = n + k end,
    fail = function() error("task trouble") end,
  },
  commands = {
    ["counter show"] = { run = function(out, ...) out("n", n, ...); return table.concat(heard, ";") end, synopsis = "Shows the count" },
    ["counter show all"] = function() return "all" end,
    ["counter fail"] = function(out) out("before"); error("no way") end,
    ["counter loop"] = function() while true do end end,
    ["counter later"] = function(out, ms) pbx.after(tonumber(ms), "add", 100) end,
  },
  applications = { Add = function(chan, k) pbx.spawn("add", tonumber(k)); pbx.events.emit("bell", { who = "app", times = 2 }) end },
  save = function() return { n = n, heard = heard } end,
  restore = function(old) if old then n, heard = old.n, old.heard end end,
}`

func serviceBench(t *testing.T, more func(*Config)) (*bench, *event.Bus) {
	bus := event.NewBus(zerolog.Nop())
	t.Cleanup(bus.Close)
	return newBench(t, func(c *Config) {
		c.Events = bus
		if more != nil {
			more(c)
		}
	}), bus
}

func TestPluginState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := serviceBench(t, nil)
		plan := `extensions = { default = { s = function() app.add(5) end } }`
		load := func(more ...string) *Generation {
			g := b.load(append([]string{dialplanFile, plan}, more...)...)
			g.InForce()
			synctest.Wait()
			return g
		}
		g := load("plugins/counter.lua", counter)
		show := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := b.command(g, "counter show"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		show("n\t0\n\n")
		if got := b.command(g, "COUNTER Show x y"); got != "n\t0\tx\ty\n\n" {
			t.Errorf("arguments: %q", got)
		}
		if got := b.command(g, "counter show all"); got != "all\n" {
			t.Errorf("the longer command: %q", got)
		}
		time.Sleep(150 * time.Second) // two ticks
		show("n\t2\n\n")

		bus.Publish(event.ConfigReloaded{Generation: 7})
		bus.Publish(event.ConfigRejected{})
		ch := b.channel("default", "s")
		if err := g.Run(ch); err != nil {
			t.Fatal(err)
		}
		show("n\t7\nConfigReloaded 7;bell app 2\n")

		b.command(g, "counter later 90000")
		g = load("plugins/counter.lua", strings.Replace(counter, "n = n + 1", "n = n + 1000", 1)) // save and restore; the task to come stays
		show("n\t7\nConfigReloaded 7;bell app 2\n")
		time.Sleep(29 * time.Second) // the beat of the old timer goes on: 150 s had passed
		show("n\t7\nConfigReloaded 7;bell app 2\n")
		time.Sleep(2 * time.Second)
		show("n\t1007\nConfigReloaded 7;bell app 2\n")
		time.Sleep(60 * time.Second)
		show("n\t2107\nConfigReloaded 7;bell app 2\n")

		if got := b.command(g, "counter fail"); got != "before\nerror: plugins/counter.lua:17: no way" {
			t.Errorf("a command that fails: %q", got)
		}

		g = load() // the plugin's file is gone
		if got := b.command(g, "counter show"); !strings.Contains(got, "no plugin has a command") {
			t.Errorf("without the plugin: %q", got)
		}
		g = load("plugins/counter.lua", counter)
		show("n\t2107\nConfigReloaded 7;bell app 2\n")
	})
}

// The clock of a synctest bubble stands still while Lua loops, so this one takes a little real time.
func TestALoopInAPluginState(t *testing.T) {
	b, _ := serviceBench(t, func(c *Config) { c.Budget = 50 * time.Millisecond })
	g := b.load(dialplanFile, "extensions = {}", "plugins/counter.lua", counter)
	g.InForce()
	for range 2 {
		if got := b.command(g, "counter loop"); !strings.Contains(got, "plugins/counter.lua:18: ran too long") {
			t.Errorf("a command that loops: %q", got)
		}
		if got := b.command(g, "counter show all"); got != "all\n" {
			t.Errorf("after the loop: %q", got)
		}
	}
	for range maxKills {
		b.command(g, "counter loop")
	}
	if got := b.command(g, "counter show all"); !strings.Contains(got, "its own state is off") {
		t.Errorf("after %d loops: %q", maxKills, got)
	}
}

func TestPluginStateFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := serviceBench(t, nil)
		sub := bus.Subscribe("test", event.Is[event.ScriptFailed])
		g := b.load(dialplanFile, "extensions = {}", "plugins/bad.lua", `return {
  events = { ConfigReloaded = function(e) local x = nil; return x.y end },
  timers = { t = { at = "12:00", run = function() error("noon") end } },
}`)
		g.InForce()
		synctest.Wait()
		for range 3 {
			bus.Publish(event.ConfigReloaded{})
		}
		synctest.Wait()
		if n := len(sub.C()); n != 3 {
			t.Errorf("%d events", n)
		}
		log := b.log.String()
		if n := strings.Count(log, "plugin failed"); n != 1 || !strings.Contains(log, "plugins/bad.lua:2: attempt to index 'x' (a nil value) with key 'y'") ||
			!strings.Contains(log, "in plugin bad, event ConfigReloaded") {
			t.Errorf("%d lines: %s", n, log)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if !strings.Contains(b.log.String(), "bad.lua:3: noon") {
			t.Error("the timer did not fire")
		}
		list := strings.Join(g.Failures(), "\n")
		if !strings.Contains(list, "3 times since") || !strings.Contains(list, "timer t") {
			t.Error(list)
		}
	})
}

func TestTasksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := serviceBench(t, nil)
		g := b.load(dialplanFile, "extensions = {}", "plugins/slow.lua", `
local pbx = require "pbx"
local n, first = 0, nil
return {
  tasks = { one = function(i) first = first or i; n = n + 1 end },
  commands = {
    ["slow fill"] = function() for i = 1, 1500 do pbx.spawn("one", i) end end,
    ["slow show"] = function() return n .. " from " .. first end,
    ["slow later"] = function() for i = 1, 1100 do pbx.after(1000, "one", i) end end,
  },
}`)
		g.InForce()
		b.command(g, "slow fill")
		synctest.Wait()
		if got := b.command(g, "slow show"); got != "1024 from 477\n" {
			t.Error(got)
		}
		if got := b.command(g, "slow later"); !strings.Contains(got, "more than 1024 tasks") {
			t.Error(got)
		}
	})
}

func TestCloseSavesAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := serviceBench(t, nil)
		g := b.load(dialplanFile, "extensions = {}", "plugins/p.lua", `
local pbx = require "pbx"
return { save = function() pbx.store:put("p/saved", "yes") end, tasks = { long = function() pbx.sleep(3600000) end },
  commands = { ["p long"] = function() pbx.spawn("long") end } }`)
		g.InForce()
		b.command(g, "p long")
		synctest.Wait()
		began := time.Now()
		b.host.Close()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("Close took %s", took)
		}
		var out bytes.Buffer
		if err := g.RunCommand(context.Background(), []string{"p", "long"}, &out); !errors.Is(err, errStopping) {
			t.Error(err)
		}
		g.InForce() // after the end: nothing begins
	})
}

func TestOwnPartsOfATableAreChecked(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`return { aplications = {} }`, `warning plugins/x.lua: plugin x: "aplications" is no part of a plugin and has no effect; did you mean "applications"?`},
		{`return { events = { ChannelAnswerd = function() end } }`, `error plugins/x.lua: events.ChannelAnswerd: there is no such event (did you mean "ChannelAnswered"?)`},
		{`return { events = { ConfigReloaded = 5 } }`, `events["ConfigReloaded"] is a number`},
		{`return { timers = { a = function() end } }`, `timers.a: write a table`},
		{`return { timers = { a = { every_ms = 1, run = function() end } } }`, `write at least 100`},
		{`return { timers = { a = { every_ms = 1000, at = "10:00", run = function() end } } }`, `write one of`},
		{`return { timers = { a = { cron = "x", run = function() end } } }`, `want five fields`},
		{`return { commands = { ["a  b"] = function() end } }`, `one blank between`},
		{`return { save = 1 }`, `save is a number`},
		{`return { options = { a = { "integr", 3 } } }`, `options.a: "integr" is no type`},
		{`return { options = { a = { "integer", "x" } } }`, `options.a: the default x is not a whole number`},
		{`return { options = { a = { "choice", "red", "green" } } }`, `the default red is not one of green`},
	} {
		_, problems := newBench(t, nil).host.Load(files(dialplanFile, "extensions = {}", "plugins/x.lua", tt.body), nil)
		if got := texts(problems); !strings.Contains(got, tt.want) {
			t.Errorf("%s\n got %s\nwant %s", tt.body, got, tt.want)
		}
	}
}
