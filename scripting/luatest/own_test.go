package luatest

import (
	"testing"
	"testing/fstest"
)

func TestCommandsAndTimers(t *testing.T) {
	Run(t, fstest.MapFS{"tick/init.lua": {Data: []byte(`
local pbx = require "pbx"
local n = 0
return { timers = { t = { every_ms = 1000, run = function() n = n + 1 end } }, tasks = { add = function(k) n = n + k end },
  commands = { ["tick show"] = function(out) return n end, ["tick later"] = function(out, ms) pbx.after(tonumber(ms), "add", 100) end },
  applications = { Add = function(chan, k) pbx.spawn("add", tonumber(k)) end } }`)},
		"tick/tick_test.lua": {Data: []byte(`
test("timers, tasks and commands", function(t)
  t:equal(t:command("tick show"), "0")
  t:wait(3500)
  t:equal(t:command("tick show"), "3")
  t:equal(t:command("tick later 2000"), "")
  t:wait(1900)
  t:equal(t:command("tick show"), "5")
  t:wait(200)
  t:equal(t:command("tick show"), "105")
  t:call("Add", "1000")
  t:equal(t:command("tick show"), "1105")
  t:contains(t:command("tick nonsense"), "error: no plugin has a command")
end)`)}})
}
