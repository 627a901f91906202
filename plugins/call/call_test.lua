test("System is not allowed unless the site says so, and ends the call", function(t)
  local c = t:call("System", "true")
  t:equal(c:get("SYSTEMSTATUS"), "FAILURE")
  t:contains(c:log(), "System: not allowed; asterism.conf opens it")
  t:ok(not c:returned())
end)

test("TrySystem that is not allowed goes on", function(t)
  local c = t:call("TrySystem", "true")
  t:equal(c:get("SYSTEMSTATUS"), "FAILURE")
  t:ok(c:returned())
end)

test("UserEvent without a name, or with an impossible one, is a line in the log", function(t)
  t:contains(t:call("UserEvent"):log(), "UserEvent: want a name")
  t:contains(t:call("UserEvent", ("x"):rep(300)):log(), "UserEvent: ")
  t:ok(t:call("UserEvent", "Mine", "a: b", "no pair"):returned())
end)

test("SoftHangup ends another call", function(t)
  local other = t:channel {}
  local c = t:call("SoftHangup", other:name())
  t:ok(c:returned())
  other:run("Wait", 60)
  t:ok(not other:returned())
  t:contains(t:call("SoftHangup", "PJSIP/nobody"):log(), "SoftHangup: no channel is called PJSIP/nobody")
end)

local plan = [[extensions = { start = {
  s = function() channel.SAID = (channel.SAID:get() or "") .. "s" app.Wait(5) end,
  seen = function() channel["GLOBAL(SEEN)"] = channel.WHO:get() .. " " .. channel.CALLERID("all"):get() app.Wait(1) end,
} }]]

test("Originate connects who answers to an extension", function(t)
  t:dialplan(plan)
  t:phone("PJSIP/101", { ring_ms = 100, answer_ms = 2000 })
  local c = t:call("Originate", "PJSIP/101", "exten", "start", "seen", "1", "10", "c(200)n(Door)v(WHO=bell^X=1)")
  t:equal(c:get("ORIGINATE_STATUS"), "SUCCESS")
  t:ok(c:elapsed_ms() >= 2000 and c:elapsed_ms() < 2100)
  c:run("NoOp")
  t:equal(t:peer("PJSIP/101"):get("WHO"), "bell")
  t:equal(t:peer("PJSIP/101"):shown(), '"Door" <200>')
end)

test("Originate tells why nobody answered", function(t)
  for _, case in ipairs {
    { { cause = 17 }, "BUSY" }, { { ring_ms = 0 }, "RINGING" }, { { cause = 34 }, "CONGESTION" }, { { cause = 21 }, "FAILED" },
  } do
    t:phone("PJSIP/101", case[1])
    t:equal(t:call("Originate", "PJSIP/101", "app", "Wait", "1", nil, "3"):get("ORIGINATE_STATUS"), case[2])
  end
  t:equal(t:call("Originate", "PJSIP/102", "app", "Wait", "1"):get("ORIGINATE_STATUS"), "FAILED")
  local c = t:call("Originate", "PJSIP/101", "dance", "Wait", "1")
  t:equal(c:get("ORIGINATE_STATUS"), "FAILED")
  t:contains(c:log(), "Originate: 'dance'; want app or exten")
  t:contains(t:call("Originate", "PJSIP/101"):log(), "Originate: want Tech/resource,app|exten,arg1")
  t:contains(t:call("Originate", "nobody", "app", "Wait"):log(), "write Tech/resource")
end)

test("Originate with option a does not wait; one who leaves ends the waiting", function(t)
  t:phone("PJSIP/101", { ring_ms = 100, answer_ms = 2000 })
  local c = t:call("Originate", "PJSIP/101", "app", "Wait", "1", nil, "10", "a")
  t:equal(c:get("ORIGINATE_STATUS"), "SUCCESS")
  t:ok(c:elapsed_ms() < 100)
  local gone = t:channel {}
  gone:hang_up(500)
  gone:run("Originate", "PJSIP/101", "app", "Wait", "1")
  t:ok(not gone:returned())
  t:equal(gone:get("ORIGINATE_STATUS"), nil)
end)

test("ChannelRedirect moves another call", function(t)
  t:dialplan([[extensions = { start = {
    s = function() app.ChannelRedirect(channel.OTHER:get(), "start", "there", "1") end,
    bad = function() app.ChannelRedirect(channel.OTHER:get(), "start", "nowhere", "1") end,
    ["wait"] = function() app.Wait(60) end,
    there = function() channel.MOVED = "yes" end,
  } }]])
  local c = t:channel {}
  c:set("OTHER", "PJSIP/nobody-1")
  c:enter("start", "s")
  t:equal(c:get("CHANNELREDIRECT_STATUS"), "NOCHANNEL")
end)
