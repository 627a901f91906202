-- Run with: asterism test DIR

test("a phone rings for 20 seconds", function(t)
  local bob = t:phone("101", { answers = false })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):for_seconds(20)
  t:expect(call):ends()
end)

test("two phones talk", function(t)
  local bob = t:phone("101", { answers = 3 })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):for_seconds(3)
  t:expect(call):talks_to(bob)
  call:hangup()
  t:equal(t:records()[1].disposition, "ANSWERED")
end)

test("a phone that is busy", function(t)
  t:phone("101", { busy = true })
  t:expect(t:call { from = "100", to = "101" }):ends_with("BUSY")
end)

test("600 is an echo", function(t)
  local call = t:call { from = "100", to = "600" }
  t:expect(call):answered():hears("echo")
  call:hangup()
end)
