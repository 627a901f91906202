-- What this dialplan shall do, tried on simulated phones in simulated time. Run it with: asterism test DIR
-- dialplans/README.md says what a test can say.

test("nobody answers: the phone rings for 25 seconds, then the mailbox takes a message", function(t)
  local bob = t:phone("101", { answers = false })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):shows("Phone 100"):for_seconds(25)
  t:expect(call):hears("vm-theperson"):hears("vm-isunavail"):hears("vm-intro"):hears("beep")
  call:says(4)
  t:wait(1)
  call:press("#")
  t:expect(call):ends()
  t:equal(t:mailbox("101").new, 1)
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
  t:equal(t:mailbox("101").new, 0)
end)

test("a phone that is busy has another greeting", function(t)
  t:phone("101", { busy = true })
  t:expect(t:call { from = "100", to = "101" }):hears("vm-isonphone"):hears("beep")
end)

test("a phone that is not registered has its mailbox, too", function(t)
  t:phone("101", { registered = false })
  t:expect(t:call { from = "100", to = "101" }):hears("vm-isunavail"):hears("beep")
end)

test("610 plays one's messages", function(t)
  t:phone("101", { busy = true })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):hears("beep")
  call:says(3)
  t:wait(1)
  call:hangup()
  local mine = t:call { from = "101", to = "610" }
  t:expect(mine):hears("vm-youhave"):hears("digits/1"):hears("vm-message")
  mine:press("1")
  t:wait(20)
  mine:press("#")
  t:expect(mine):hears("vm-goodbye"):ends()
  t:equal(t:mailbox("101").new, 0)
  t:equal(t:mailbox("101").old, 1)
end)

test("603 rings all phones, the first to answer has the call", function(t)
  local one, two = t:phone("102", { answers = 5 }), t:phone("103", { answers = 4 })
  local call = t:call { from = "100", to = "603" }
  t:expect(call):rings(one)
  t:expect(call):talks_to(two)
  two:hangup()
  t:expect(call):ends()
end)

test("603 says that nobody answers", function(t)
  t:expect(t:call { from = "100", to = "603" }):hears("please-try-call-later"):ends()
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

test("606: key 1 rings sales", function(t)
  local bob = t:phone("101", { answers = 2 })
  local call = t:call { from = "109", to = "606" }
  t:expect(call):hears("thank-you-for-calling")
  call:press("1")
  t:expect(call):talks_to(bob)
end)

test("606: key 1 says that nobody is there, and the menu goes on", function(t)
  t:phone("100", { registered = false })
  t:phone("101", { answers = false })
  local call = t:call { from = "109", to = "606" }
  call:press("1")
  t:expect(call):hears("is-curntly-unavail"):hears("thank-you-for-calling")
end)

test("606: the sub-menu, and back", function(t)
  local carol = t:phone("102", { answers = 2 })
  local call = t:call { from = "109", to = "606" }
  t:expect(call):hears("thank-you-for-calling")
  call:press("2")
  t:expect(call):hears("support")
  call:press("*")
  t:expect(call):hears("thank-you-for-calling")
  call:press("21") -- who knows the way need not listen
  t:expect(call):talks_to(carol)
end)

test("606: a phone is dialled", function(t)
  local dave = t:phone("103", { answers = 2 })
  local call = t:call { from = "109", to = "606" }
  t:expect(call):hears("thank-you-for-calling")
  call:press("103")
  t:expect(call):talks_to(dave)
end)

test("606: the operator; a wrong key; once more; and good-bye in the end", function(t)
  local alice = t:phone("100", { answers = 1 })
  local call = t:call { from = "109", to = "606" }
  t:expect(call):hears("thank-you-for-calling")
  call:press("7")
  t:expect(call):hears("option-is-invalid"):hears("thank-you-for-calling")
  call:press("9")
  t:expect(call):hears("thank-you-for-calling")
  call:press("0")
  t:expect(call):talks_to(alice)
  t:expect(t:call { from = "109", to = "606" }):hears("vm-goodbye"):ends()
end)

test("609 is a menu made by hand", function(t)
  for key, prompt in pairs { ["1"] = "digits/1", ["2"] = "digits/2" } do
    local call = t:call { from = "100", to = "609" }
    t:expect(call):hears("press-1")
    call:press(key)
    t:expect(call):hears(prompt):hears("vm-goodbye"):ends()
  end
end)

test("609 refuses other keys and gives up waiting", function(t)
  local call = t:call { from = "100", to = "609" }
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

test("611 is a conference", function(t)
  local one = t:call { from = "100", to = "611" }
  t:expect(one):hears("conf-onlyperson")
  local two = t:call { from = "101", to = "611" }
  t:expect(two):answered()
  t:wait(10)
  t:ok(not one:ended() and not two:ended())
  two:hangup()
  one:hangup()
end)

test("612 tells the time", function(t)
  t:clock("2026-01-05 09:00")
  t:expect(t:call { from = "100", to = "612" }):hears("current-time-is"):hears("digits/day-1"):hears("digits/mon-0"):hears("digits/at"):ends()
end)
