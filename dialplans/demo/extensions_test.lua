-- What this dialplan shall do, tried on simulated phones in simulated time. Run it with: asterism test DIR
-- dialplans/README.md says what a test can say.

test("a phone that nobody answers rings for 25 seconds", function(t)
  local bob = t:phone("101", { answers = false })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):shows("Phone 100"):for_seconds(25)
  t:expect(call):hears("the-party-you-are-calling"):hears("is-curntly-unavail"):ends()
end)

test("two phones talk", function(t)
  local bob = t:phone("101", { answers = 3 })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):for_seconds(3)
  t:expect(call):talks_to(bob)
  t:equal(t:device("PJSIP/101"), "INUSE")
  t:wait(60)
  call:hangup()
  local record = t:records()[1]
  t:equal(record.disposition, "ANSWERED")
  t:equal(record.billsec, 60)
end)

test("a phone that is busy", function(t)
  t:phone("101", { busy = true })
  t:expect(t:call { from = "100", to = "101" }):hears("is-curntly-busy"):ends()
end)

test("a phone that is not registered", function(t)
  t:phone("101", { registered = false })
  t:expect(t:call { from = "100", to = "101" }):ends_with("CONGESTION")
end)

test("603 rings all phones, the first to answer has the call", function(t)
  local one, two = t:phone("102", { answers = 5 }), t:phone("103", { answers = 4 })
  local call = t:call { from = "100", to = "603" }
  t:expect(call):rings(one)
  t:expect(call):talks_to(two)
  two:hangup()
  t:expect(call):ends()
end)

test("600 is an echo that # ends", function(t)
  local call = t:call { from = "100", to = "600" }
  t:expect(call):hears("demo-echotest"):hears("echo")
  call:press("#")
  t:expect(call):hears("demo-echodone"):ends()
end)

test("601 is a prompt", function(t)
  t:expect(t:call { from = "100", to = "601" }):hears("demo-congrats"):ends()
end)

test("602 says digits", function(t)
  local call = t:call { from = "100", to = "602" }
  t:expect(call):hears("please-enter-the")
  call:press("42#")
  t:expect(call):hears("vm-num-i-have"):hears("digits/4"):hears("digits/2"):ends()
end)

test("602 without digits says good-bye after three attempts", function(t)
  t:expect(t:call { from = "100", to = "602" }):hears("please-enter-the"):hears("please-enter-the"):hears("please-enter-the"):hears("vm-goodbye")
end)

test("604 is busy, 605 is no way there", function(t)
  t:expect(t:call { from = "100", to = "604" }):ends_with("BUSY")
  t:expect(t:call { from = "100", to = "605" }):ends_with("CONGESTION")
end)

test("606 is a menu", function(t)
  for key, prompt in pairs { ["1"] = "digits/1", ["2"] = "digits/2" } do
    local call = t:call { from = "100", to = "606" }
    t:expect(call):hears("press-1")
    call:press(key)
    t:expect(call):hears(prompt):hears("vm-goodbye"):ends()
  end
end)

test("the menu refuses other keys and gives up waiting", function(t)
  local call = t:call { from = "100", to = "606" }
  t:expect(call):hears("press-1")
  call:press("7")
  t:expect(call):hears("option-is-invalid"):hears("press-1"):hears("vm-goodbye"):ends()
end)

test("a number that nobody has", function(t)
  local call = t:call { from = "100", to = "999" }
  t:expect(call):hears("pbx-invalid"):ends()
end)

test("607 is music for a minute", function(t)
  local call = t:call { from = "100", to = "607" }
  t:expect(call):hears("music")
  t:expect(call):ends()
end)

test("608 says again what was said", function(t)
  local call = t:call { from = "100", to = "608" }
  t:expect(call):answered()
  call:says(2)
  t:wait(1)
  call:press("#")
  t:expect(call):hears("demo/100"):ends()
end)
