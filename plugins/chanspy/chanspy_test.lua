local dialplan = [[
extensions = { start = {
  s = function() app.chanspy(channel.PREFIX:get(), channel.OPTIONS:get()); channel.AFTER = "yes" end,
  e = function() app.extenspy(channel.PREFIX:get(), channel.OPTIONS:get()); channel.AFTER = "yes" end,
  long = function() app.answer() app.wait(30) end,
  short = function() app.answer() app.wait(5) end,
  sales = function() channel.SPYGROUP = "front:sales"; app.answer() app.wait(20) end,
  rings = function() app.ringing() app.wait(30) end,
  ["7"] = function() channel.EXIT = "seven" end,
} }
]]

local function spy(t, prefix, options)
  t:dialplan(dialplan)
  local c = t:channel { up = true }
  c:set("PREFIX", prefix)
  c:set("OPTIONS", options)
  return c
end

local function enter(c, exten)
  c:enter("start", exten or "s")
  return c
end

test("it hears one channel after the other, and ends when there is none", function(t)
  t:guest { at_ms = 0, exten = "short" }
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "PJSIP/guest", "qS")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  enter(c)
  t:equal(c:get("AFTER"), "yes")
  t:contains(c:get("SPY_CHANNEL"), "PJSIP/guest-")
  t:ok(c:elapsed_ms() >= 29900 and c:elapsed_ms() < 31500)
  t:equal(c:played(), "")
end)

test("E ends with the first one; a beep and the name without q", function(t)
  t:guest { at_ms = 0, exten = "short" }
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "", "E")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  enter(c)
  t:ok(c:elapsed_ms() < 11000)
  t:contains(c:played(), "beep letters/g letters/u letters/e letters/s letters/t")
end)

test("who rings, who spies and who is somebody else is left out", function(t)
  t:guest { at_ms = 0, exten = "rings" }
  local c = spy(t, "PJSIP/other", "qS")
  t:ok(enter(c):elapsed_ms() < 100)
  c = spy(t, "all", "qS")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  t:ok(enter(c):elapsed_ms() < 1500)
end)

test("g, b, e and u choose", function(t)
  for _, o in ipairs { { "g(back:sales)", true }, { "g(back)", false }, { "b", false }, { "e(guest)", true }, { "e(101:102)", false } } do
    t:guest { at_ms = 0, exten = "sales" }
    local c = spy(t, "", "qS" .. o[1])
    t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
    enter(c)
    t:equal(c:get("SPY_CHANNEL") ~= nil, o[2])
  end
  local c = spy(t, "none.such", "qSu")
  t:equal(enter(c):get("SPY_CHANNEL"), nil)
end)

test("keys: whisper and barge with d, an end with x", function(t)
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "PJSIP/guest", "qdx(9)")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  c:press(3000, "5")
  c:press(4000, "6")
  c:press(5000, "4")
  c:press(6000, "#")
  c:press(7000, "9")
  enter(c)
  t:equal(c:get("AFTER"), "yes")
  t:ok(c:elapsed_ms() > 6900 and c:elapsed_ms() < 7200)
end)

test("X goes to a single-digit extension, also while nobody is there", function(t)
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "PJSIP/guest", "qX")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  c:press(3000, "7")
  t:equal(enter(c):get("EXIT"), "seven")
  c = spy(t, "PJSIP/nobody", "qX")
  c:press(3000, "7")
  t:equal(enter(c):get("EXIT"), "seven")
end)

test("digits and # choose a channel by its name", function(t)
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "PJSIP/guest", "q")
  t:dialplan((dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1)))
  c:press(3000, "42#")
  c:press(5000, "*")
  c:hang_up(9000)
  enter(c)
  t:contains(c:get("SPY_CHANNEL"), "PJSIP/guest-")
end)

test("ExtenSpy: the channels of an extension", function(t)
  t:guest { at_ms = 0, exten = "short" }
  t:guest { at_ms = 0, exten = "long" }
  local c = spy(t, "short@start", "qS")
  t:dialplan((dialplan:gsub("e = function%(%)", "e = function() app.wait(1);", 1)))
  enter(c, "e")
  t:ok(c:elapsed_ms() < 6500)
  t:contains(c:get("SPY_CHANNEL"), "PJSIP/guest-")
  c = spy(t, "long", "qS")
  t:ok(enter(c, "e"))
  c = spy(t, "@start", "q")
  t:equal(enter(c, "e"):get("AFTER"), nil)
end)

test("what has no effect is named", function(t)
  t:contains(enter(spy(t, "x", "qSlD")):log(), "option 'l' is without effect")
end)
