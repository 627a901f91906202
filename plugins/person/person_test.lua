local plan = [[extensions = {
  internal = {
    ["_1XX"] = function(_, number)
      if channel.FIRST:get() then channel.CALLERID("rdnis"):set(channel.FIRST:get()) end
      app.dialperson(number, 20)
      channel.SEEN = "after " .. channel.DIALSTATUS:get()
      channel.LEFT = channel.CALLERID("rdnis"):get() .. channel.REDIRECTING("reason"):get()
    end,
    ["_9X."] = function() end,
  },
} ]]

--- One call to 101, by 100.
local function call(t, prepare)
  t:dialplan(plan)
  local c = t:channel { callerid_number = "100", callerid_name = "Alice" }
  if prepare then prepare(c) end
  c:enter("internal", "101")
  return c
end

local function put(t, key, value) t:value(('(function() require("pbx").store:put("%s", "%s") end)()'):format(key, value)) end

test("without any wish the phone rings", function(t)
  t:phone("PJSIP/101", { answer_ms = 1000, hangup_ms = 1000 })
  local c = call(t)
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:equal(t:peer("PJSIP/101"):shown(), '"Alice" <100>')
end)

test("a forward takes all calls, and the caller and the new phone are told", function(t)
  put(t, "CF/101", "102")
  t:phone("PJSIP/101", { answer_ms = 1000 })
  t:phone("Local/102@internal", { answer_ms = 1000, hangup_ms = 1000 })
  local c = call(t)
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:contains(c:indications(), "forwarded")
  t:equal(t:peer("PJSIP/101"), nil)
  t:equal(t:peer("Local/102@internal"):redirected(), "101 cfu")
end)

test("busy, no answer and unavailable", function(t)
  t:phone("Local/102@internal", { cause = 17 })
  t:phone("Local/103@internal", { cause = 17 })
  put(t, "CFB/101", "102")
  put(t, "CFU/101", "103")
  t:phone("PJSIP/101", { cause = 17 })
  call(t)
  t:equal(t:peer("Local/102@internal"):redirected(), "101 cfb")
  t:equal(t:peer("Local/103@internal"), nil)
  t:phone("PJSIP/101", { ring_ms = 100 })
  local c = call(t)
  t:equal(t:peer("Local/103@internal"):redirected(), "101 cfnr")
  t:equal(c:get("SEEN"), "after BUSY") -- what 103 was
  t:phone("PJSIP/101", { cause = 20 })
  call(t)
  t:equal(t:peer("Local/103@internal"):redirected(), "101 unavailable")
end)

test("the number that was called first stays", function(t)
  put(t, "CF/101", "102")
  t:phone("Local/102@internal", { cause = 17 })
  call(t, function(c) c:set("FIRST", "200") end)
  t:equal(t:peer("Local/102@internal"):redirected(), "200 cfu")
end)

test("do not disturb, and no call waiting, are busy without ringing", function(t)
  t:phone("PJSIP/101", { answer_ms = 1000, hangup_ms = 1 })
  put(t, "DND/101", "YES")
  t:equal(call(t):get("SEEN"), "after BUSY")
  put(t, "DND/101", "")
  put(t, "CW/101", "DISABLED")
  t:device("PJSIP/101", "INUSE")
  t:equal(call(t):get("SEEN"), "after BUSY")
  t:equal(t:peer("PJSIP/101"), nil)
  t:device("PJSIP/101", "NOT_INUSE")
  t:equal(call(t):get("DIALSTATUS"), "ANSWER")
end)

test("busy because of do not disturb is forwarded, too", function(t)
  put(t, "DND/101", "YES")
  put(t, "CFB/101", "102")
  t:phone("Local/102@internal", { answer_ms = 1000, hangup_ms = 1 })
  t:equal(call(t):get("DIALSTATUS"), "ANSWER")
end)

test("person.conf says whether a second call may ring", function(t)
  t:config("person.conf", "[general]\ncall_waiting = no\n")
  t:device("PJSIP/101", "INUSE")
  t:phone("PJSIP/101", { answer_ms = 1000, hangup_ms = 1 })
  t:equal(call(t):get("SEEN"), "after BUSY")
  put(t, "CW/101", "ENABLED")
  t:equal(call(t):get("DIALSTATUS"), "ANSWER")
end)

test("a circle of forwards is busy, and so are too many", function(t)
  put(t, "CF/101", "102")
  t:phone("Local/102@internal", { answer_ms = 1000 })
  local c = call(t, function(c) c:set("__FORWARDED_THROUGH", "103@internal,102@internal") end)
  t:equal(c:get("SEEN"), "after BUSY")
  t:contains(c:log(), "101 forwards to 102@internal, where the call was already")
  t:config("person.conf", "[general]\nmax_forwards = 2\n")
  c = call(t, function(c) c:set("__FORWARDED_THROUGH", "103@internal,104@internal") end)
  t:equal(c:get("SEEN"), "after BUSY")
  t:contains(c:log(), "a call that was forwarded 2 times")
  t:equal(t:peer("Local/102@internal"), nil)
end)

test("an outside number needs tollguard's permission; without it the phone rings", function(t)
  put(t, "CF/101", "95551234567")
  t:phone("PJSIP/101", { answer_ms = 1000, hangup_ms = 1 })
  t:phone("Local/95551234567@internal", { answer_ms = 1000, hangup_ms = 1 })
  local c = call(t)
  t:contains(c:log(), "101 may not forward to 95551234567; see tollguard.conf")
  t:equal(t:peer("Local/95551234567@internal"), nil)
  t:ok(t:peer("PJSIP/101") ~= nil)
  t:config("tollguard.conf", "[101]\nforward = yes\n")
  call(t)
  t:equal(t:peer("Local/95551234567@internal"):get("TOLLGUARD"), "forward,101,95551234567")
end)

test("what was put into the database by somebody else is no dial string", function(t)
  put(t, "CF/101", "102@internal&PJSIP/1")
  t:phone("PJSIP/101", { answer_ms = 1000, hangup_ms = 1 })
  t:equal(call(t):get("DIALSTATUS"), "ANSWER")
end)

test("forwards may have a context of their own", function(t)
  put(t, "CF/101", "102")
  t:config("person.conf", "[general]\ncontext = outward\n")
  t:phone("Local/102@outward", { cause = 17 })
  call(t)
  t:ok(t:peer("Local/102@outward") ~= nil)
  t:config("person.conf", "")
  t:phone("Local/102@theirs", { cause = 17 })
  call(t, function(c) c:set("FORWARD_CONTEXT", "theirs") end)
  t:ok(t:peer("Local/102@theirs") ~= nil)
end)

test("after a forward that nobody took the call is as it was", function(t)
  put(t, "CFB/101", "102")
  t:phone("PJSIP/101", { cause = 17 })
  t:phone("Local/102@internal", { cause = 17 })
  local c = call(t)
  t:equal(c:get("FORWARDED_THROUGH"), "")
  t:equal(c:get("TOLLGUARD"), "")
  t:equal(c:get("LEFT"), "unknown")
end)

test("who calls is kept, and who is on the blacklist does not get through", function(t)
  t:phone("PJSIP/101", { cause = 17 })
  call(t)
  t:equal(t:value('require("pbx").person.last_caller("101")'), "100")
  put(t, "blacklist/100", "1")
  local c = call(t)
  t:equal(c:get("SEEN"), nil)
  t:equal(c:cause(), 21)
  t:contains(c:log(), "100 is on the blacklist")
end)

test("the lamps follow", function(t)
  local c = t:lua([[
    local person = require("pbx").person
    person.set_dnd("101", true) person.set_forward("101", "always", "102") person.set_forward("101", "busy", "102") person.set_forward("101", "busy", nil)
    local out = {}
    for i, name in ipairs { "DND101", "CF101", "CFB101" } do out[i] = channel.DEVICE_STATE("Custom:" .. name):get() end
    put(table.concat(out, " "))]])
  t:equal(c:get("SEEN"), "INUSE INUSE NOT_INUSE")
  t:equal(t:value([[channel.DB("DND/101"):get() .. channel.DB("CF/101"):get()]]), "YES102")
end)

test("whose phone it is: its endpoint, or AMPUSER", function(t)
  t:equal(t:value('require("pbx").person.of(require("pbx").channel())'), "caller")
  t:equal(t:lua('channel.AMPUSER = "101" put(require("pbx").person.of(require("pbx").channel()))'):get("SEEN"), "101")
end)

test("a call without a person is a mistake in the dialplan", function(t)
  local c = t:channel {}
  c:fails()
  c:run("DialPerson")
  t:contains(c:log(), "want DialPerson(person")
end)

test("who does not answer and is followed is looked for", function(t)
  t:config("followme.conf", "[101]\ncontext = internal\nnumber => 102\n")
  t:phone("PJSIP/101", { cause = 17 })
  t:phone("Local/01@followme-legs", { answer_ms = 1000, hangup_ms = 1000 })
  local c = call(t)
  t:equal(c:get("SEEN"), "after BUSY")
  put(t, "AMPUSER/101/followme/ddial", "DIRECT")
  c = call(t)
  t:equal(c:get("SEEN"), nil)
  t:equal(c:played(), "followme/status followme/pls-hold-while-try")
end)
