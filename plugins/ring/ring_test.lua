local plan = [[local pbx = require "pbx"
extensions = { internal = { ["600"] = function() channel.SEEN = "status " .. pbx.ring.group { %s } end } } ]]

local function call(t, how)
  t:dialplan(plan:format(how))
  local c = t:channel { callerid_number = "100", callerid_name = "Alice" }
  c:enter("internal", "600")
  return c
end

local answers = { answer_ms = 1000, hangup_ms = 2000 }
local silent = { ring_ms = 0 }

local function phones(t, how)
  for name, phone in pairs(how) do t:phone("PJSIP/" .. name, phone) end
end

local function rang(t, ...)
  local out = {}
  for _, name in ipairs { ... } do
    if t:peer("PJSIP/" .. name) then out[#out + 1] = name end
  end
  return table.concat(out, " ")
end

test("all ring, the first to answer has the call, and the dialplan ends", function(t)
  phones(t, { ["101"] = silent, ["102"] = answers })
  local c = call(t, 'members = { "101", "102" }')
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:equal(c:get("SEEN"), nil)
  t:equal(c:released(), "PJSIP/101 26")
end)

test("with g the dialplan goes on after the talk", function(t)
  phones(t, { ["101"] = answers })
  t:equal(call(t, 'members = "101", options = "g"'):get("SEEN"), "status ANSWER")
end)

test("nobody answers", function(t)
  phones(t, { ["101"] = silent, ["102"] = silent })
  local c = call(t, 'members = "101&102", seconds = 12')
  t:equal(c:get("SEEN"), "status NOANSWER")
  t:equal(c:elapsed_ms(), 12000)
end)

test("some ring later, or when the others have ended", function(t)
  phones(t, { ["101"] = silent, ["102"] = { answer_ms = 0, hangup_ms = 1 } })
  t:equal(call(t, 'members = { "101", "102" }, delays = { ["102"] = 7 }'):elapsed_ms(), 7001)
  phones(t, { ["101"] = { cause = 17 } })
  t:equal(call(t, 'members = { "101", "102" }, delays = { ["102"] = 7 }'):elapsed_ms(), 1)
end)

test("hunt rings one after the other", function(t)
  phones(t, { ["101"] = silent, ["102"] = { cause = 17 }, ["103"] = answers, ["104"] = silent })
  local c = call(t, 'members = { "101", "102", "103", "104" }, strategy = "hunt", seconds = 5')
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:equal(c:elapsed_ms(), 5000 + 1000 + 2000)
  t:equal(rang(t, "101", "102", "103", "104"), "101 102 103")
end)

test("of several ends the best counts", function(t)
  phones(t, { ["101"] = silent, ["102"] = { cause = 17 } })
  t:equal(call(t, 'members = { "101", "102", "109" }, strategy = "hunt", seconds = 5'):get("SEEN"), "status NOANSWER")
  t:equal(call(t, 'members = { "102", "109" }, strategy = "hunt"'):get("SEEN"), "status BUSY")
  t:equal(call(t, 'members = { "109" }, strategy = "hunt"'):get("SEEN"), "status CHANUNAVAIL")
end)

test("memory hunt rings the earlier ones on", function(t)
  phones(t, { ["101"] = { answer_ms = 12000, hangup_ms = 1 }, ["102"] = silent, ["103"] = silent })
  local c = call(t, 'members = { "101", "102", "103" }, strategy = "memoryhunt", seconds = 5')
  t:equal(c:elapsed_ms(), 12001)
  t:equal(rang(t, "101", "102", "103"), "101 102 103")
  phones(t, { ["101"] = silent })
  t:equal(call(t, 'members = { "101", "102", "103" }, strategy = "memoryhunt", seconds = 5'):elapsed_ms(), 15000)
end)

test("random rings each of them once", function(t)
  phones(t, { ["101"] = silent, ["102"] = silent, ["103"] = silent })
  local c = call(t, 'members = { "101", "102", "103" }, strategy = "random", seconds = 5')
  t:equal(rang(t, "101", "102", "103"), "101 102 103")
  t:equal(c:elapsed_ms(), 15000)
end)

test("who is not to be disturbed, and with skip_busy who talks, does not ring", function(t)
  phones(t, { ["101"] = silent, ["102"] = silent, ["103"] = answers })
  t:value('(function() require("pbx").person.set_dnd("101", true) end)()')
  t:device("PJSIP/102", "INUSE")
  call(t, 'members = { "101", "102", "103" }, skip_busy = true')
  t:equal(rang(t, "101", "102", "103"), "103")
  t:equal(call(t, 'members = { "101", "102" }, skip_busy = true'):get("SEEN"), "status BUSY")
  call(t, 'members = { "101", "102", "103" }')
  t:equal(rang(t, "101", "102", "103"), "102 103")
end)

test("the phones show the group before the caller's name", function(t)
  phones(t, { ["101"] = silent })
  call(t, 'members = { "101" }, prefix = "Sales: "')
  t:equal(t:peer("PJSIP/101"):shown(), '"Sales: Alice" <100>')
end)

test("music instead of ringing", function(t)
  phones(t, { ["101"] = silent })
  t:equal(call(t, 'members = { "101" }, music = "default"'):tones(), "music default stop")
end)

test("other dial strings are members, too", function(t)
  t:phone("Local/200@internal", answers)
  t:equal(call(t, 'members = { "Local/200@internal" }'):get("DIALSTATUS"), "ANSWER")
end)

test("who answers can be asked first", function(t)
  t:phone("Local/01@followme-legs", { answer_ms = 3000, hangup_ms = 1 })
  t:equal(call(t, 'members = { "101" }, confirm = true'):get("DIALSTATUS"), "ANSWER")
  t:equal(t:peer("Local/01@followme-legs"):get("FOLLOWME_TARGET_1"), "PJSIP/101")
end)

test("a call that was sent on does not leave by a group either", function(t)
  t:phone("PJSIP/95551234@trunk", answers)
  t:dialplan(plan:format('members = { "PJSIP/95551234@trunk" }'))
  local c = t:channel {}
  c:set("__TOLLGUARD", "forward,101,95551234")
  c:enter("internal", "600")
  t:equal(c:get("SEEN"), "status CONGESTION")
end)

test("mistakes are named", function(t)
  for how, what in pairs { ["members = {}"] = "members: want a list", ['members = "1", strategy = "all"'] = "strategy 'all': want ringall", ['members = "1", seconds = 0'] = "seconds: want" } do
    t:dialplan(plan:format(how))
    local c = t:channel {}
    c:fails()
    c:enter("internal", "600")
    t:contains(c:log(), what)
  end
end)

test("as an application", function(t)
  phones(t, { ["101"] = silent, ["102"] = answers })
  local c = t:call("RingGroup", "101&102", "hunt", 5)
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:ok(not c:returned())
  c = t:call("RingGroup", "101")
  t:equal(c:get("DIALSTATUS"), "NOANSWER")
  t:ok(c:returned())
end)
