test("the first is told that he is alone, the second is heard by him", function(t)
  local a = t:call { from = "100", to = "800" }
  t:expect(a):answered():hears("conf-onlyperson")
  t:wait(5)
  local b = t:call { from = "101", to = "803" }
  t:expect(b):talks_to(t:phone("100"))
  t:expect(a):talks_to(t:phone("101")):hears("confbridge-join")
  t:wait(5)
  b:press("1")
  t:expect(b):ends()
  t:expect(a):hears("confbridge-leave")
  a:hangup()
  t:expect(a):ends()
end)

test("who is muted is not heard", function(t)
  local a = t:call { from = "100", to = "800" }
  t:wait(30)
  local b = t:call { from = "101", to = "801" }
  t:expect(b):talks_to(t:phone("100"))
  t:wait(30)
  a:hangup()
  b:hangup()
  t:expect(a):ends()
  t:ok(not t:story():find("100  talks with 101", 1, true))
end)

test("the boss needs a PIN, mutes himself by key, shows the last one out, leaves by key", function(t)
  local boss = t:call { from = "100", to = "802" }
  t:expect(boss):hears("conf-getpin")
  boss:press("1111#")
  t:expect(boss):hears("conf-invalidpin"):hears("conf-getpin")
  boss:press("4711#")
  t:expect(boss):hears("conf-onlyperson")
  t:wait(10)
  local member = t:call { from = "101", to = "801" }
  t:expect(member):talks_to(t:phone("100"))
  t:wait(5)
  boss:press("1")
  t:expect(boss):muted():hears("conf-muted")
  t:wait(5)
  boss:press("1")
  t:expect(boss):unmuted()
  t:wait(5)
  boss:press("2")
  t:expect(member):hears("conf-kicked"):ends()
  t:equal(member:variable("CONFBRIDGE_RESULT"), "KICKED")
  t:contains(t:story(), "left by KICKED")
  t:wait(5)
  boss:press("3")
  t:expect(boss):ends()
  t:equal(boss:variable("CONFBRIDGE_RESULT"), "DTMF")
end)

-- The most telling state of a hint's devices counts.
local lamps = {
  { lamp = "NOT_INUSE", want = "NOT_INUSE" }, { lamp = "UNKNOWN", want = "NOT_INUSE" }, { lamp = "INVALID", want = "NOT_INUSE" },
  { lamp = "UNAVAILABLE", want = "NOT_INUSE" }, { lamp = "ONHOLD", want = "ONHOLD" }, { lamp = "RINGING", want = "RINGING" }, { lamp = "INUSE", want = "INUSE" },
  { lamp = "BUSY", want = "BUSY" }, { lamp = "RINGINUSE", want = "RINGINUSE" },
}
for _, case in ipairs(lamps) do
  test("an extension whose lamp is " .. case.lamp .. " is " .. case.want, function(t)
    t:phone("101", { registered = false })
    t:set_device("Custom:lamp", case.lamp)
    t:expect(t:call { from = "102", to = "810" }):ends()
    t:contains(t:story(), "NoOp(" .. case.want .. " UNAVAILABLE NOT_INUSE)")
  end)
end

test("a call waits for an event of another", function(t)
  local a = t:call { from = "100", to = "811" }
  t:wait(10)
  t:expect(t:call { from = "101", to = "812" }):ends()
  t:expect(a):ends()
  t:contains(t:story(), "NoOp(rung by 101)")
end)

for reason, how in pairs { ["0"] = { registered = false }, ["3"] = { answers = false }, ["5"] = { busy = true }, ["8"] = { refuses = "CONGESTION" } } do
  test("a call that was begun and fails runs `failed` with reason " .. reason, function(t)
    t:phone("101", how)
    t:expect(t:call { from = "100", to = "813" }):ends()
    t:wait(1)
    t:contains(t:story(), "NoOp(not reached 101, reason " .. reason .. ", OutgoingSpoolFailed)")
  end)
end

test("a call that was begun and is answered does not", function(t)
  t:phone("101", { answers = 1 })
  t:expect(t:call { from = "100", to = "813" }):ends()
  t:wait(1)
  t:contains(t:story(), "NoOp(reached 101)")
  t:ok(not t:story():find("not reached", 1, true))
end)
