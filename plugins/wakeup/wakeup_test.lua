-- The clock of a test begins on Monday 2026-01-05 at 09:00 UTC.
local plan = [[extensions = { internal = { include = { "features" } } } ]]

local function dial(t, code, keys)
  t:dialplan(plan)
  local c = t:channel { callerid_number = "100" }
  for at_ms, pressed in pairs(keys or {}) do c:press(at_ms, pressed) end
  local before = #c:played()
  c:enter("internal", code)
  local all = c.played
  c.played = function(self) return (all(self):sub(before + 1):gsub("^ ", "")) end
  return c
end

local function count(t, text) -- how often in the log of all that has happened
  local n, log = 0, t:call("NoOp"):log()
  for _ in log:gmatch(text) do n = n + 1 end
  return n
end

test("the phone rings at the time", function(t)
  t:phone("PJSIP/caller", { answer_ms = 2000, hangup_ms = 20000 })
  t:contains(dial(t, "*680930"):played(), "wakeup-call has-been-set-to digits/9 digits/30 digits/a-m")
  t:contains(dial(t, "*#68"):played(), "is-set-to digits/9 digits/30")
  t:equal(t:command("wakeup show"), "caller               2026-01-05 09:30:00\n1 wake-up calls")
  t:wait(29 * 60000)
  t:equal(t:peer("PJSIP/caller"), nil)
  t:wait(2 * 60000)
  t:equal(t:peer("PJSIP/caller"):shown(), '"Wake-up call" <*68>')
  t:equal(t:command("wakeup show"), "0 wake-up calls")
  t:contains(dial(t, "*#68"):played(), "wakeup-call is-not-set")
end)

test("a time that is past is tomorrow's", function(t)
  dial(t, "*680859")
  t:contains(t:command("wakeup show"), "2026-01-06 08:59:00")
  dial(t, "*680900")
  t:contains(t:command("wakeup show"), "2026-01-06 09:00:00")
end)

test("without a time it is asked for, and again if there is no such hour", function(t)
  local c = dial(t, "*68", { [2000] = "2460", [6000] = "2359" })
  t:contains(c:played(), "wakeup-enter-time pbx-invalid wakeup-enter-time wakeup-call")
  t:contains(t:command("wakeup show"), "2026-01-05 23:59:00")
  t:contains(dial(t, "*6899"):played(), "pbx-invalid wakeup-enter-time pbx-invalid")
  t:contains(t:command("wakeup show"), "2026-01-05 23:59:00")
end)

test("it is taken back", function(t)
  t:phone("PJSIP/caller", { answer_ms = 2000, hangup_ms = 20000 })
  dial(t, "*680930")
  t:equal(dial(t, "*61"):played(), "wakeup-call cancelled")
  t:equal(dial(t, "*61"):played(), "wakeup-call is-not-set")
  t:wait(3600000)
  t:equal(t:peer("PJSIP/caller"), nil)
end)

test("who does not answer is rung again, three times, and then given up", function(t)
  t:phone("PJSIP/caller", { ring_ms = 100 })
  dial(t, "*680910")
  t:wait(10 * 60000 + 40000)
  t:contains(t:command("wakeup show"), "1 wake-up calls")
  t:wait(20 * 60000)
  t:contains(t:command("wakeup show"), "0 wake-up calls")
  t:equal(count(t, "wakeup: caller, attempt"), 4)
  t:equal(count(t, "caller did not answer"), 4)
  t:equal(count(t, "caller is given up"), 1)
end)

test("a call can be put off with 1", function(t)
  local c = t:channel {}
  c:press(800, "1")
  c:run("WakeUpCall", "caller")
  t:contains(c:played(), "this-is-yr-wakeup-call wakeup-call has-been-set-to digits/9 digits/10 digits/a-m")
  t:contains(t:command("wakeup show"), "2026-01-05 09:10")
end)

test("without a key it ends", function(t)
  local c = t:call("WakeUpCall", "caller")
  t:contains(c:played(), "this-is-yr-wakeup-call current-time-is digits/9 digits/oclock digits/a-m to-repeat press-1 goodbye")
  t:contains(t:command("wakeup show"), "0 wake-up calls")
end)

--- What stands in the database when the PBX comes up.
local function starts_with(t, value)
  t:value(('(function() require("pbx").store:put("wakeup/caller", "%s") end)()'):format(value))
  t:config("wakeup.conf", "[general]\nretries = 1\n") -- as good as a start: the plugin's state is made anew
  t:command("wakeup show")
end

test("what was asked for before a restart is rung", function(t)
  t:phone("PJSIP/caller", { answer_ms = 2000, hangup_ms = 20000 })
  starts_with(t, "1767605400,1767605400,0") -- 09:30
  t:wait(29 * 60000)
  t:equal(t:peer("PJSIP/caller"), nil)
  t:wait(2 * 60000)
  t:ok(t:peer("PJSIP/caller") ~= nil)
end)

test("what was missed a few minutes ago is rung at the start, what is older is not", function(t)
  t:phone("PJSIP/caller", { answer_ms = 2000, hangup_ms = 20000 })
  starts_with(t, "1767603300,1767603300,0") -- 08:55
  t:wait(60000)
  t:ok(t:peer("PJSIP/caller") ~= nil)
end)

test("what is long past is not rung any more", function(t)
  t:phone("PJSIP/caller", { answer_ms = 2000, hangup_ms = 20000 })
  starts_with(t, "1767600000,1767600000,0") -- 08:00
  t:wait(10000)
  t:equal(t:peer("PJSIP/caller"), nil)
  t:contains(t:command("wakeup show"), "0 wake-up calls")
end)

test("scripts set, see and cancel them", function(t)
  t:equal(t:lua([[local w = require("pbx").wakeup w.set("102", 1767605400) put(w.get("102") .. tostring(w.cancel("102")) .. tostring(w.get("102")))]]):get("SEEN"),
    "1767605400truenil")
end)
