package scripting

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/event"
)

func TestListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := serviceBench(t, nil)
		go func() {
			time.Sleep(time.Second)
			bus.Publish(event.ContactAdded{Contact: event.Contact{AOR: "100"}})
			bus.Publish(event.ContactRemoved{})
			bus.Publish(event.UserEvent{Name: "Door", Fields: []event.Field{{Key: "which", Value: "front"}}})
		}()
		ch, err := b.script(`
			local pbx = require "pbx"
			local e = pbx.events.listen("ContactAdded", "UserEvent", "bell")
			pbx.events.emit("bell", { who = "me" })
			local rung = e:next(0)
			channel.A = rung.event .. " " .. rung.who
			channel.B = e:next().contact.aor
			channel.C = e:next().name
			local began = pbx.time.now()
			channel.D = tostring(e:next(2500)) .. " " .. (pbx.time.now() - began)
			e:close()
			channel.E = tostring(e:next())
			channel.F = select(2, pcall(pbx.events.listen, "ContactAded"))
			for i = 1, 16 do pbx.events.listen("bell") end
			channel.G = select(2, pcall(pbx.events.listen, "bell"))
			`)
		if err != nil {
			t.Error(err)
		}
		for name, want := range map[string]string{"A": "UserEvent me", "B": "100", "C": "Door", "D": "nil 2.5", "E": "nil"} {
			if got := get(t, ch, name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if got := get(t, ch, "F"); !strings.Contains(got, `there is no such event (did you mean "ContactAdded"?)`) {
			t.Errorf("F is %q", got)
		}
		if got := get(t, ch, "G"); !strings.Contains(got, "16 listeners are open in this script; close()") {
			t.Errorf("G is %q", got)
		}
		if bus.Wanted(event.ContactAdded{}) {
			t.Error("the call's end left a listener")
		}
	})
}

func TestListenEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := serviceBench(t, nil)
		g := b.load(dialplanFile, `extensions = { default = { s = function() require("pbx").events.listen("bell"):next(); channel.AFTER = "yes" end, h = function() channel.H = 1 end } }`)
		ch := b.channel("default", "s")
		time.AfterFunc(time.Second, func() { ch.Hangup(channel.NormalClearing) })
		if err := g.Run(ch); err != nil || get(t, ch, "AFTER") != "(unset)" || get(t, ch, "H") != "1" {
			t.Errorf("%v, AFTER %s, H %s", err, get(t, ch, "AFTER"), get(t, ch, "H"))
		}
	})
}

func TestPluginListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, bus := serviceBench(t, nil)
		g := b.load(dialplanFile, "extensions = {}", "plugins/ear.lua", `local pbx = require "pbx"
			return { commands = { ["ear once"] = function(out) local e = pbx.events.listen("bell"); local got = e:next(1000); e:close(); out(got and got.who or "nothing") end } }`)
		g.InForce()
		synctest.Wait()
		if got := b.command(g, "ear once"); got != "nothing\n" {
			t.Errorf("got %q", got)
		}
		time.AfterFunc(500*time.Millisecond, func() { bus.Publish(event.UserEvent{Name: "bell", Fields: []event.Field{{Key: "who", Value: "b"}}}) })
		if got := b.command(g, "ear once"); got != "b\n" {
			t.Errorf("got %q", got)
		}
	})
}
