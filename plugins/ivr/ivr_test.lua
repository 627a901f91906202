local plan = [[
local pbx = require "pbx"
local function seen(what) return function(chan, key, menu) chan:set("SEEN", what .. (key or "") .. (menu or "")) end end
local german = pbx.ivr.menu { name = "german", prompt = "hauptmenue", keys = { ["1"] = function(chan) chan:set("SEEN", "eins " .. chan:language()) end } }
extensions = { incoming = {
  s = pbx.ivr.menu {
    name = "reception", prompt = "welcome&main-menu", again = "main-menu", direct_dial = "internal",
    keys = {
      [1] = "internal,100",
      ["2"] = { prompt = "sales", keys = { ["1"] = seen "sales", ["*"] = "back", ["8"] = { prompt = "deeper", keys = { ["0"] = "top", ["*"] = "back" } } } },
      ["3"] = { play = "opening-hours" },
      ["4"] = { dial = "PJSIP/200", timeout_ms = 20000, busy = { app = "VoiceMail", args = "200@default,b" }, next = seen "nobody" },
      ["5"] = { language = "de", next = german },
      ["6"] = seen "six",
      ["7"] = function() return "back" end,
      ["77"] = seen "long",
      ["9"] = "repeat",
      ["0"] = "nowhere,1",
      ["#"] = "hangup",
    },
  },
}, internal = {
  ["100"] = function(c, e) channel.SEEN = c .. e end,
  ["_2XX"] = function(c, e) channel.SEEN = c .. e end,
} }
]]

--- A caller of the plan, who presses keys at moments.
local function caller(t, presses, text)
  t:dialplan(text or plan)
  local c = t:channel {}
  for at, keys in pairs(presses) do c:press(at, keys) end
  local before = #c:played()
  c:enter("incoming", "s")
  return c, c:played():sub(before + 1):match("^%s*(.*)$")
end

test("a key leads to an extension, and stops the prompt", function(t)
  local c = caller(t, { [300] = "1" })
  t:ok(c:answered())
  t:equal(c:get("SEEN"), "internal100")
  t:equal(c:elapsed_ms(), 300 + 2000) -- 1 begins 100 in internal, too
end)

test("an extension can be dialled, before its menu asks, too", function(t)
  local c = caller(t, { [10] = "234" })
  t:equal(c:get("SEEN"), "internal234")
  t:equal(c:elapsed_ms(), 210)
  t:equal(c:get("IVR_KEY"), "234")
end)

test("a sub-menu: typed ahead, back, and the choice there", function(t)
  local c = caller(t, { [100] = "2" , [2500] = "1" })
  t:equal(c:get("SEEN"), "sales12")
  t:equal(c:get("IVR_MENU"), "2")
  local heard
  c, heard = caller(t, { [100] = "2", [2600] = "*", [4000] = "6" })
  t:equal(c:get("SEEN"), "six6reception")
  t:equal(heard, "welcome main-menu sales welcome main-menu")
end)

test("top leads out of all sub-menus", function(t)
  local c = caller(t, { [100] = "2", [2600] = "8", [3600] = "0", [4600] = "6" })
  t:equal(c:get("SEEN"), "six6reception")
end)

test("repeat, and an announcement that leads back", function(t)
  local c, heard = caller(t, { [100] = "9", [2500] = "6" })
  t:equal(heard, "welcome main-menu welcome main-menu")
  c, heard = caller(t, { [100] = "3", [4000] = "6" })
  t:equal(heard, "welcome main-menu opening-hours welcome main-menu")
  t:equal(c:get("SEEN"), "six6reception")
end)

test("a wrong key: the prompt for it, the short prompt, and after three tries good-bye", function(t)
  local c, heard = caller(t, { [100] = "8", [2000] = "8", [4000] = "8" })
  t:equal(heard, "welcome main-menu option-is-invalid main-menu option-is-invalid main-menu option-is-invalid vm-goodbye")
  t:equal(c:get("SEEN"), nil)
  t:equal(c:get("IVR_KEY"), "")
end)

test("silence: five seconds each time", function(t)
  local c, heard = caller(t, {})
  t:equal(heard, "welcome main-menu main-menu main-menu vm-goodbye")
  t:equal(c:elapsed_ms(), 2000 + 5000 + 1000 + 5000 + 1000 + 5000 + 1000)
end)

test("the shorter of two choices after two seconds, or at #", function(t)
  local c = caller(t, { [100] = "77" })
  t:equal(c:get("SEEN"), "long77reception")
  t:equal(c:elapsed_ms(), 200)
  c = caller(t, { [100] = "7#", [800] = "6" })
  t:equal(c:get("SEEN"), "six6reception")
end)

test("hangup hangs up", function(t)
  local c = caller(t, { [100] = "#" })
  t:equal(c:elapsed_ms(), 100)
  t:equal(c:cause(), 16)
end)

test("a phone rings, and what comes when nobody answers or it is busy", function(t)
  t:phone("PJSIP/200", { ring_ms = 100 })
  local c = caller(t, { [100] = "4" })
  t:equal(c:get("SEEN"), "nobody4reception")
  t:equal(c:get("DIALSTATUS"), "NOANSWER")
  t:phone("PJSIP/200", { cause = 17 })
  c = caller(t, { [100] = "4" })
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:phone("PJSIP/200", { ring_ms = 100, answer_ms = 500, hangup_ms = 5000 })
  c = caller(t, { [100] = "4" })
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:equal(c:get("SEEN"), nil)
end)

test("a choice of language", function(t)
  local c = caller(t, { [100] = "5", [400] = "1" })
  t:equal(c:get("SEEN"), "eins de")
end)

test("a place that is not there is named in the log, and the menu goes on", function(t)
  local c = caller(t, { [100] = "0", [4000] = "6" })
  t:contains(c:log(), "ivr: menu reception, key 0: the dialplan has no nowhere,1")
  t:equal(c:get("SEEN"), "six6reception")
end)

test("the caller leaves", function(t)
  t:dialplan(plan)
  local c = t:channel {}
  c:hang_up(1500)
  c:enter("incoming", "s")
  t:equal(c:elapsed_ms(), 1500)
end)

--- A menu of one key 1, with more fields.
local function with(fields, keys)
  return ([[local pbx = require "pbx"
  local function seen(what) return function(chan) chan:set("SEEN", what) end end
  extensions = { incoming = { s = pbx.ivr.menu { prompt = "main-menu", keys = { ["1"] = seen "one" %s }, %s } }, night = { s = function() channel.SEEN = "night" end } }]]):format(keys or "", fields)
end

test("hours: outside of them the menu is closed", function(t) -- it is Monday, 9:00 UTC
  t:equal(caller(t, { [100] = "1" }, with [[hours = "08:00-17:00,mon-fri,*,*,UTC", closed = "night,s"]]):get("SEEN"), "one")
  t:equal(caller(t, { [100] = "1" }, with [[hours = "10:00-17:00,mon-fri,*,*,UTC", closed = "night,s"]]):get("SEEN"), "night")
  t:equal(caller(t, { [100] = "1" }, with [[hours = { "10:00-17:00,mon-fri,*,*,UTC", "*,mon,*,*,UTC" }, closed = "night,s"]]):get("SEEN"), "one")
  local c, heard = caller(t, {}, with [[hours = function() return false end, closed = { play = "office-closed" }]])
  t:equal(heard, "office-closed")
  t:equal(c:elapsed_ms(), 1000)
  c = caller(t, { [100] = "1" }, with [[hours = function() return false end, closed = { prompt = "night-menu", keys = { ["1"] = seen "night-one" } }]])
  t:equal(c:get("SEEN"), "night-one")
end)

test("except: days on which it is closed all the same", function(t) -- it is the fifth of January
  t:equal(caller(t, { [100] = "1" }, with [[hours = "*,*,*,*", except = "01-06", closed = "night,s"]]):get("SEEN"), "one")
  t:equal(caller(t, { [100] = "1" }, with [[hours = "*,*,*,*", except = { "02-01", "12-24/01-06" }, closed = "night,s"]]):get("SEEN"), "night")
  t:equal(caller(t, { [100] = "1" }, with [[hours = "*,*,*,*", except = function() return true end, closed = "night,s"]]):get("SEEN"), "night")
end)

test("hours of one key", function(t)
  local text = with("", [[, ["2"] = { hours = "*,tue,*,*,UTC", open = seen "open", closed = { play = "closed-now" } }]])
  local c, heard = caller(t, { [100] = "2", [2500] = "1" }, text)
  t:equal(heard, "main-menu closed-now main-menu")
  t:equal(c:get("SEEN"), "one")
end)

test("tries, times and prompts of its own, and what happens in the end", function(t)
  local c, heard = caller(t, { [100] = "5" }, with [[tries = 2, timeout_ms = 1000, invalid = { "wrong", "again" }, nothing = "hello", failed = "night,s"]])
  t:equal(heard, "main-menu wrong again main-menu hello")
  t:equal(c:get("SEEN"), "night")
  c, heard = caller(t, { [100] = "5" }, with [[tries = 1, invalid = false, failed = { play = "bye" }]])
  t:equal(heard, "main-menu bye")
end)

test("a sub-menu takes what it does not say from the menu it is in", function(t)
  local c, heard = caller(t, { [100] = "2" }, with([[tries = 2, timeout_ms = 1000, failed = { play = "bye" } ]], [[, ["2"] = { prompt = "sub", keys = { ["1"] = "back" } }]]))
  t:equal(heard, "main-menu sub sub bye")
end)

test("barge_in = false plays to the end, and the key counts then", function(t)
  local c = caller(t, { [100] = "1" }, with "barge_in = false")
  t:equal(c:elapsed_ms(), 1000)
  t:equal(c:get("SEEN"), "one")
end)

test("answer = false is early media", function(t)
  local c = caller(t, { [100] = "1" }, with "answer = false")
  t:ok(not c:answered())
  t:equal(c:indications(), "progress")
end)

test("hooks see what happens, and may say what to do instead", function(t)
  local c = caller(t, { [100] = "7", [5000] = "1" }, with [[
    timeout_ms = 2000,
    on_enter = function(chan, menu) chan:set("ENTER", menu) end,
    on_invalid = function(chan, typed, attempt) chan:set("INVALID", typed .. attempt) end,
    on_timeout = function(chan, _, attempt) chan:set("TIMEOUT", attempt) return "repeat" end,
    on_leave = function(chan, key) chan:set("LEAVE", key) end]])
  t:equal(c:get("ENTER") .. c:get("INVALID") .. c:get("TIMEOUT") .. c:get("LEAVE"), "menu7121")
  t:equal(c:get("SEEN"), "one")
  c = caller(t, { [100] = "1" }, with [[on_key = function() return "night,s" end]])
  t:equal(c:get("SEEN"), "night")
  c = caller(t, {}, with [[on_enter = function() return "night,s" end]])
  t:equal(c:get("SEEN"), "night")
end)

test("a function may answer with another menu, and nonsense is named", function(t)
  local c = caller(t, { [100] = "2", [1500] = "1" }, with("", [[, ["2"] = function() return pbx.ivr.menu { prompt = "made", keys = { ["1"] = seen "made" } } end]]))
  t:equal(c:get("SEEN"), "made")
  c = caller(t, { [100] = "2", [2500] = "1" }, with("", [[, ["2"] = function() return "somewhere" end]]))
  t:contains(c:log(), 'ivr: what the function returned: "somewhere"; write a number')
  t:equal(c:get("SEEN"), "one")
end)

test("prompts may be a function", function(t)
  local c, heard = caller(t, { [1500] = "1" }, [[local pbx = require "pbx"
    extensions = { incoming = { s = pbx.ivr.menu { prompt = function(chan) return { "good-morning", "main-menu" } end, keys = { ["1"] = "hangup" } } } }]])
  t:equal(heard, "good-morning main-menu")
end)

test("a menu is called in an extension, and what follows it runs when it is over", function(t)
  local c = caller(t, { [100] = "1" }, [[local pbx = require "pbx"
    local menu = pbx.ivr.menu { prompt = "main-menu", keys = { ["1"] = function(chan) chan:set("SEEN", "one") end } }
    extensions = { incoming = { s = function() menu() channel.SEEN = channel.SEEN:get() .. " and on" end } }]])
  t:equal(c:get("SEEN"), "one and on")
end)

--- What is said about a table that is wrong.
local function wrong(t, text)
  local c = t:lua([[local pbx = require "pbx" local _, why = pcall(function() pbx.ivr.menu(]] .. text .. [[)() end) put(tostring(why))]])
  return c:get("SEEN")
end

test("a wrong table is refused, with the place, what it is, and what to write instead", function(t)
  for text, want in pairs {
    [ [[{ prompt = "a", keys = {}, triess = 2 }]] ] = "extensions.lua:2: pbx.ivr.menu: the menu: there is no triess; did you mean tries?",
    [ [[{ prompt = "a", keys = {}, colour = 2 }]] ] = "there is no colour; write one of again, answer, barge_in,",
    [ [[{ prompt = "a", keys = {}, tries = 0 }]] ] = "tries: 0; write a whole number of at least 1",
    [ [[{ prompt = "a", keys = {}, timeout_ms = "5" }]] ] = 'timeout_ms: "5"; write milliseconds, such as 5000',
    [ [[{ keys = {} }]] ] = 'the menu: says nothing; write prompt = "main-menu"',
    [ [[{ prompt = "a" }]] ] = "no key does anything",
    [ [[{ prompt = {}, keys = {} }]] ] = "prompt: a table; write the name of a prompt",
    [ [[{ prompt = "a", keys = "1" }]] ] = 'keys: "1"; write a table such as',
    [ [[{ prompt = "a", keys = { x = "100" } }]] ] = 'keys["x"]: no key of a telephone; write digits, "*" or "#"',
    [ [[{ prompt = "a", keys = { [1] = "100", ["1"] = "100" } }]] ] = 'keys["1"]: is there twice',
    [ [[{ prompt = "a", keys = { ["1"] = "reapeat" } }]] ] = 'keys["1"]: "reapeat"; did you mean repeat?',
    [ [[{ prompt = "a", keys = { ["1"] = "sales" } }]] ] = 'keys["1"]: "sales"; write a number ("100"), "context,extension"',
    [ [[{ prompt = "a", keys = { ["1"] = true } }]] ] = 'keys["1"]: true; write a place ("100")',
    [ [[{ prompt = "a", keys = { ["1"] = {} } }]] ] = 'keys["1"]: says nothing that can be done; write one of app, dial',
    [ [[{ prompt = "a", keys = { ["1"] = { dial = "PJSIP/1", secs = 5 } } }]] ] = 'keys["1"]: there is no secs; write one of busy, dial',
    [ [[{ prompt = "a", keys = { ["1"] = { hours = "mon", open = "1" } } }]] ] = 'keys["1"].hours: "mon" (',
    [ [[{ prompt = "a", keys = {}, hours = "*,*,*,*", closed = "1", except = "holidays.ics" }]] ] = 'except: "holidays.ics" (there is no calendar holidays.ics beside the dialplan); write "09:00-17:00,mon-fri" as in GotoIfTime, days',
    [ [[{ prompt = "a", keys = {}, hours = "*" }]] ] = "has hours and not what to do outside of them",
    [ [[{ prompt = "a", keys = {}, closed = "100" }]] ] = "has closed or except and no hours",
    [ [[{ prompt = "a", keys = { ["2"] = { prompt = "b", keys = { ["3"] = "topp" } } } }]] ] = 'keys["2"].keys["3"]: "topp"; did you mean top?',
    [ [["main"]] ] = 'got "main"; write a table',
  } do t:contains(wrong(t, text), want) end
end)

test("all that is wrong is told at once", function(t)
  t:contains(wrong(t, [[{ prompt = 1, keys = { ["1"] = "bakc" }, tries = 1.5 }]]),
    'keys["1"]: "bakc"; did you mean back?; prompt: 1; write the name of a prompt, several joined by "&", a list of names, or a function that returns one of these; tries: 1.5; write a whole number')
end)
