local conf = [[
[general]
featuredigittimeout = 3000
[101]
context = internal
number => 102,20,2
number => 103&104,10,1
[here]
context = internal
enable_callee_prompt = no
number => 102
[prompts]
takecall = 5
followme-options-prompt = mine
[broken]
number => ,x
mood = good
[outside]
context = internal
number => 95551234567
number => PJSIP/95551234567@trunk
]]

local function caller(t)
  t:config("followme.conf", conf)
  return t:channel { callerid_number = "100" }
end

--- What answers in the place of a number that took the call: the leg is answered then.
local function took(t, index) t:phone(("Local/0%d@followme-legs"):format(index), { answer_ms = 4000, hangup_ms = 5000 }) end

test("the steps are tried in their order, all numbers of one at once", function(t)
  local c = caller(t)
  c:run("FollowMe", "101")
  t:equal(c:played(), "followme/pls-hold-while-try")
  t:ok(c:answered())
  t:ok(c:returned())
  t:equal(c:tones(), "music default stop")
end)

test("who takes the call is bridged, and the dialplan ends", function(t)
  took(t, 2)
  local c = caller(t)
  c:run("FollowMe", "101", "s")
  t:equal(c:played(), "followme/status followme/pls-hold-while-try")
  t:ok(not c:returned())
  t:equal(c:elapsed_ms(), 2000 + 4000 + 5000) -- in the first step, which is 103 and 104
  t:equal(t:peer("Local/02@followme-legs"):get("FOLLOWME_TARGET_1"), "Local/103@internal")
  t:equal(t:peer("Local/02@followme-legs"):get("FOLLOWME_TARGET_2"), "Local/104@internal")
  t:equal(t:peer("Local/02@followme-legs"):get("FOLLOWME_WAY"), "101")
end)

test("the second step", function(t)
  took(t, 1)
  local c = caller(t)
  c:run("FollowMe", "here", "d")
  t:equal(c:played(), "")
  t:equal(t:peer("Local/01@followme-legs"):get("FOLLOWME_TARGET_1"), "Local/102@internal")
end)

test("N answers when somebody was found, and plays nothing before", function(t)
  local c = caller(t)
  c:run("FollowMe", "here", "Nasd")
  t:ok(not c:answered())
  t:equal(c:played(), "")
  took(t, 1)
  c = caller(t)
  c:run("FollowMe", "here", "N")
  t:contains(c:indications(), "ringing")
  t:ok(c:answered())
end)

test("n says sorry", function(t)
  local c = caller(t)
  c:run("FollowMe", "here", "Nn")
  t:equal(c:played(), "followme/sorry")
  t:ok(c:returned())
end)

test("a has the caller's name recorded", function(t)
  t:talks(2000)
  took(t, 1)
  local c = caller(t)
  c:run("FollowMe", "here", "ad")
  t:equal(c:played(), "vm-rec-name beep")
  local name = t:peer("Local/01@followme-legs"):get("FOLLOWME_NAME")
  t:contains(name, "followme-names/")
  t:ok(t:recorded(name) > 1500)
end)

test("B runs on the caller", function(t)
  t:dialplan [[extensions = { subs = { s = function() channel.SEEN = channel.ARG1:get() app["return"]() end } }]]
  local c = caller(t)
  c:run("FollowMe", "here", "B(subs^s^1(x))d")
  t:equal(c:get("SEEN"), "x")
end)

test("without a profile the dialplan goes on", function(t)
  local c = caller(t)
  c:run("FollowMe", "nobody")
  t:ok(c:returned())
  t:contains(c:log(), "followme.conf has no profile [nobody]")
  t:ok(not c:answered())
end)

test("what is wrong in followme.conf is said", function(t)
  local c = caller(t)
  c:run("FollowMe", "broken", "dx")
  t:contains(c:log(), "followme.conf:15: number => ,x: write number[&number][,seconds[,order]]")
  t:contains(c:log(), "followme.conf:16: mood is nothing")
  t:contains(c:log(), "unknown option 'x'")
end)

test("who is looked for already is not followed in a circle", function(t)
  local c = caller(t)
  c:set("FOLLOWME_WAY", "99,101")
  c:run("FollowMe", "101")
  t:contains(c:log(), "not followed in a circle")
  t:ok(not c:answered())
end)

test("outside numbers need tollguard's permission", function(t)
  local c = caller(t)
  c:run("FollowMe", "outside", "N")
  t:contains(c:log(), "outside may not be followed to 95551234567; see tollguard.conf")
  t:equal(t:peer("Local/01@followme-legs"), nil)
  t:config("tollguard.conf", "[outside]\nforward = yes\n")
  took(t, 1)
  c = caller(t)
  c:run("FollowMe", "outside", "N")
  t:ok(c:answered())
end)

--- One number, with what the party presses.
local function leg(t, phone, how)
  t:config("followme.conf", conf)
  t:phone("Local/102@internal", phone)
  local c = t:channel { callerid_number = "100" }
  c:set("FOLLOWME_TARGET_1", how.target or "Local/102@internal")
  c:set("FOLLOWME_PROFILE", how.profile or "101")
  c:set("FOLLOWME_NAME", how.name or "")
  if how.before then c:set("FOLLOWME_BEFORE", how.before) end
  c:enter("followme-legs", "01")
  return c
end

test("the party is asked, and 1 takes the call", function(t)
  local c = leg(t, { answer_ms = 1000, hangup_ms = 20000, keys = { [5000] = "1" } }, {})
  t:equal(c:played(), "followme/no-recording followme/options")
  t:ok(c:answered())
  t:equal(t:peer("Local/102@internal"):redirected(), "101 follow_me")
  t:equal(t:peer("Local/102@internal"):get("TOLLGUARD"), "forward,101,102")
end)

test("the caller's name is played, and a key counts at once", function(t)
  local c = leg(t, { answer_ms = 1000, hangup_ms = 20000, keys = { [2500] = "31" } }, { name = "alice" })
  t:contains(c:played(), "followme/call-from alice")
  t:ok(c:answered())
end)

test("2 turns it down", function(t)
  local c = leg(t, { answer_ms = 1000, keys = { [5000] = "2" } }, {})
  t:ok(not c:answered())
  t:equal(c:cause(), 21)
  t:equal(c:released(), "Local/102@internal 16")
end)

test("who says nothing is asked twice, and does not have the call", function(t)
  local c = leg(t, { answer_ms = 1000 }, {})
  t:equal(c:played(), "followme/no-recording followme/options followme/no-recording followme/options")
  t:equal(c:cause(), 21)
end)

test("who hangs up does not have it either", function(t)
  local c = leg(t, { answer_ms = 1000, hangup_ms = 500 }, {})
  t:ok(not c:answered())
  t:equal(c:cause(), 21)
end)

test("busy is busy", function(t)
  t:equal(leg(t, { cause = 17 }, {}):cause(), 17)
end)

test("a profile has keys and prompts of its own, or asks nothing", function(t)
  local c = leg(t, { answer_ms = 1000, hangup_ms = 20000, keys = { [5000] = "5" } }, { profile = "prompts" })
  t:equal(c:played(), "followme/no-recording mine")
  t:ok(c:answered())
  c = leg(t, { answer_ms = 1000, hangup_ms = 2000 }, { profile = "here" })
  t:ok(c:answered())
end)

test("b runs on the channel that is called", function(t)
  t:dialplan [[extensions = { subs = { s = function() channel.CALLED = channel.ARG1:get() app["return"]() end } }]]
  leg(t, { answer_ms = 1000, keys = { [2000] = "1" }, hangup_ms = 9000 }, { before = "subs^s^1(x)" })
  t:equal(t:peer("Local/102@internal"):get("CALLED"), "x")
end)

test("a trunk without permission is not rung", function(t)
  t:phone("PJSIP/95551234567@trunk", { answer_ms = 0 })
  local c = leg(t, { cause = 17 }, { profile = "outside", target = "PJSIP/95551234567@trunk" })
  t:equal(c:cause(), 21)
  t:equal(t:peer("PJSIP/95551234567@trunk"), nil)
end)

test("a leg that nobody dialled ends", function(t)
  local c = t:channel {}
  c:enter("followme-legs", "07")
  t:ok(not c:answered())
end)
