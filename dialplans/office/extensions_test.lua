-- What the office shall do, tried on simulated phones in simulated time. Run it with: asterism test DIR
-- Without a word about the clock it is Monday, 2026-01-05, 09:00.

--- A call from the telephone line to the reception, whose menu has begun.
local function reception(t)
  local call = t:call { from = "trunk", to = "5550100", callerid = "5557777" }
  t:expect(call):hears("thank-you-for-calling"):hears("press-1")
  return call
end

--- A call of a star code, to its end.
local function dial(t, from, code) t:expect(t:call { from = from, to = code }):answered():ends() end

-- People ------------------------------------------------------------------------------------------------------------------

test("two people talk", function(t)
  local sara = t:phone("103", { answers = 3 })
  local call = t:call { from = "101", to = "103" }
  t:expect(call):rings(sara):shows("Rita Ruiz"):talks_to(sara)
end)

test("who does not answer has a mailbox", function(t)
  local sara = t:phone("103", { answers = false })
  local call = t:call { from = "101", to = "103" }
  t:expect(call):rings(sara):for_seconds(20)
  t:expect(call):hears("vm-isunavail"):hears("beep")
  call:says(4)
  t:wait(4)
  call:press("#")
  t:expect(call):hears("vm-review")
  call:press("1")
  t:expect(call):hears("vm-msgsaved")
  call:hangup()
  t:wait(1)
  t:equal(t:mailbox("103").new, 1)
end)

test("who is busy says so", function(t)
  t:phone("103", { busy = true })
  t:expect(t:call { from = "101", to = "103" }):hears("vm-isonphone"):hears("beep")
end)

test("numbers that nobody has", function(t)
  for _, number in ipairs { "121", "205", "555" } do t:expect(t:call { from = "101", to = number }):hears("pbx-invalid"):ends() end
end)

-- Forwards, do not disturb, follow me ---------------------------------------------------------------------------------------

test("a forward for busy phones, from outside too", function(t)
  dial(t, "103", "*90104")
  t:phone("103", { busy = true })
  local sam = t:phone("104", { answers = 2 })
  local call = t:call { from = "trunk", to = "5550103", callerid = "5557777" }
  t:expect(call):rings(sam):shows("5557777"):talks_to(sam)
end)

test("a forward of all calls lights its lamp, and one key takes it back", function(t)
  dial(t, "103", "*72104")
  t:equal(t:device("Custom:CF103"), "INUSE")
  local sam = t:phone("104", { answers = 2 })
  t:expect(t:call { from = "101", to = "103" }):talks_to(sam)
  dial(t, "103", "*74103")
  t:equal(t:device("Custom:CF103"), "NOT_INUSE")
  local sara = t:phone("103", { answers = 2 })
  t:expect(t:call { from = "102", to = "103" }):talks_to(sara)
end)

test("a forward that nobody takes ends in the mailbox of who was called", function(t)
  dial(t, "103", "*72104")
  local sam = t:phone("104", { answers = false })
  local call = t:call { from = "101", to = "103" }
  t:expect(call):rings(sam):hears("vm-theperson"):hears("digits/3"):hears("beep")
end)

test("two who forward to each other are busy", function(t)
  dial(t, "103", "*72104")
  dial(t, "104", "*72103")
  t:expect(t:call { from = "101", to = "103" }):hears("vm-isonphone")
end)

test("do not disturb", function(t)
  dial(t, "103", "*76103")
  t:equal(t:device("Custom:DND103"), "INUSE")
  t:phone("103", { answers = 2 })
  t:expect(t:call { from = "101", to = "103" }):hears("vm-isonphone")
end)

test("forwards leave the house only where tollguard.conf says so", function(t)
  local mobile = t:phone("trunk", { answers = 2 })
  local call = t:call { from = "104", to = "*7295555110001" }
  t:expect(call):hears("not-auth-pstn"):ends()
  call = t:call { from = "103", to = "*7290115551234" }
  t:expect(call):hears("not-auth-pstn"):ends()
  dial(t, "103", "*7295555110001")
  t:expect(t:call { from = "101", to = "103" }):talks_to(mobile)
end)

test("the boss is looked for by her assistant and on her mobile phone", function(t)
  dial(t, "119", "*21119")
  t:phone("119", { answers = false })
  local petra = t:phone("118", { answers = 2 })
  local mobile = t:phone("trunk", { answers = 2 })
  local call = t:call { from = "trunk", to = "5550119", callerid = "5557777" }
  t:expect(call):hears("followme/status"):hears("followme/pls-hold-while-try"):rings(petra)
  t:expect(petra):hears("followme/options")
  petra:press("2")
  t:expect(call):rings(mobile)
  t:expect(mobile):hears("followme/options")
  mobile:press("1")
  t:expect(call):talks_to(mobile)
end)

test("whoever takes such a call first has it, and the other phone is left alone", function(t)
  dial(t, "119", "*21119")
  t:phone("119", { busy = true })
  local petra, rita = t:phone("118", { answers = 2 }), t:phone("101", { answers = 2 })
  local call = t:call { from = "103", to = "119" }
  t:expect(petra):hears("followme/options")
  t:expect(rita):hears("followme/options")
  rita:press("1")
  t:expect(call):talks_to(rita)
  t:wait(1)
  t:equal(t:device("PJSIP/118"), "NOT_INUSE")
end)

test("a wake-up call", function(t)
  local sara = t:phone("103", { answers = 3 })
  dial(t, "103", "*680930")
  t:wait(31 * 60)
  t:expect(sara):hears("this-is-yr-wakeup-call")
end)

-- Departments -------------------------------------------------------------------------------------------------------------

test("sales: all phones ring, with the department's name, but those who talk", function(t)
  local sara, sam, sofia = t:phone("103", { answers = 2 }), t:phone("104", { answers = 5 }), t:phone("105", { answers = false })
  local talk = t:call { from = "101", to = "103" }
  t:expect(talk):talks_to(sara)
  local call = t:call { from = "102", to = "201" }
  t:expect(call):rings(sofia):shows("Sales: Ralf Roth")
  t:expect(call):talks_to(sam)
end)

test("support: one more phone each eight seconds, with music, then the mailbox", function(t)
  local tom, tina = t:phone("108", { answers = false }), t:phone("109", { answers = false })
  local call = t:call { from = "101", to = "202" }
  t:expect(call):hears("music"):rings(tom):rings(tina):for_seconds(24)
  t:expect(call):hears("vm-theperson"):hears("beep")
end)

test("0 is the reception, where the second phone rings later", function(t)
  local rita, ralf = t:phone("101", { answers = false }), t:phone("102", { answers = 3 })
  local call = t:call { from = "103", to = "0" }
  t:expect(call):rings(rita):for_seconds(13)
  t:expect(call):talks_to(ralf)
end)

-- The reception's menu ----------------------------------------------------------------------------------------------------

test("each key of the menu leads to its department", function(t)
  for key, number in pairs { ["1"] = "103", ["2"] = "108", ["3"] = "112", ["0"] = "101" } do
    local phone = t:phone(number, { answers = 2, hangs_up_after = 5 })
    local call = reception(t)
    call:press(key)
    t:expect(call):rings(phone):talks_to(phone):ends()
  end
end)

test("a person's number can be dialled, one of the house only cannot", function(t)
  local will = t:phone("114", { answers = 2 })
  local call = reception(t)
  call:press("114")
  t:expect(call):talks_to(will)
  call:hangup()
  call = reception(t)
  call:press("400")
  t:expect(call):hears("option-is-invalid")
end)

test("9 finds people by the letters of their names", function(t)
  local wanda = t:phone("115", { answers = 2 })
  local call = reception(t)
  call:press("9")
  t:expect(call):hears("dir-welcome")
  call:press("937") -- WES
  t:expect(call):hears("dir-instr")
  call:press("1")
  t:expect(call):talks_to(wanda)
end)

test("who is on the blacklist does not get in", function(t)
  dial(t, "101", "*305557777")
  t:expect(t:call { from = "trunk", to = "5550100", callerid = "5557777" }):ends_with("CALL_REJECTED")
end)

test("0 in a greeting is the reception", function(t)
  local rita = t:phone("101", { answers = 2 })
  t:phone("103", { busy = true })
  local call = t:call { from = "trunk", to = "5550103", callerid = "5557777" }
  t:expect(call):hears("vm-isonphone")
  call:press("0")
  t:expect(call):talks_to(rita)
end)

test("* repeats; who presses nothing gets the reception", function(t)
  local rita = t:phone("101", { answers = 2 })
  local call = reception(t)
  call:press("*")
  t:expect(call):hears("thank-you-for-calling")
  t:expect(call):talks_to(rita)
end)

local function closed(t)
  local call = t:call { from = "trunk", to = "5550100", callerid = "5557777" }
  t:expect(call):hears("office-closed"):hears("to-leave-message")
  return call
end

test("at night there is a mailbox", function(t)
  t:clock("2026-01-05 20:00")
  local call = closed(t)
  call:press("1")
  t:expect(call):hears("beep")
end)

test("at night somebody is on call", function(t)
  t:clock("2026-01-05 20:00")
  local mobile = t:phone("trunk", { answers = 2 })
  local call = closed(t)
  call:press("2")
  t:expect(call):hears("followme/status"):rings(mobile)
  t:expect(mobile):hears("followme/options")
  mobile:press("1")
  t:expect(call):talks_to(mobile)
end)

test("if nobody on call answers there is the mailbox again", function(t)
  t:clock("2026-01-05 20:00")
  local second = t:phone("trunk", { answers = false })
  local call = closed(t)
  call:press("2")
  t:expect(call):rings(second):for_seconds(25)
  t:expect(call):hears("beep")
end)

test("holidays: of the calendar, of the company, and an afternoon", function(t)
  for _, when in ipairs { "2026-06-12 13:00", "2026-09-07 10:00", "2026-11-27 10:00", "2026-12-28 10:00" } do
    t:clock(when)
    closed(t):hangup()
  end
end)

test("hours: Friday is shorter, and after lunch of the outing's day nobody is there", function(t)
  t:clock("2026-01-08 17:29")
  reception(t):hangup()
  t:clock("2026-01-08 17:31")
  closed(t):hangup()
  t:clock("2026-01-09 14:59")
  reception(t):hangup()
  t:clock("2026-01-09 15:01")
  closed(t):hangup()
end)

test("the night switch and its lamp", function(t)
  t:expect(t:call { from = "101", to = "*28" }):hears("office-closed"):ends()
  t:equal(t:device("Custom:NIGHT"), "INUSE")
  closed(t):hangup()
  t:expect(t:call { from = "101", to = "*28" }):hears("welcome"):ends()
  t:equal(t:device("Custom:NIGHT"), "NOT_INUSE")
  reception(t)
end)

-- Conferences, mailboxes, outside ----------------------------------------------------------------------------------------------

test("the staff's conference, with a guest from outside", function(t)
  local call = t:call { from = "101", to = "300" }
  t:expect(call):hears("conf-onlyperson")
  local guest = t:call { from = "trunk", to = "5550300", callerid = "5557777" }
  t:expect(guest):hears("conf-getpin")
  guest:press("4711#")
  t:expect(call):talks_to(guest)
end)

test("the board's conference wants a PIN", function(t)
  local call = t:call { from = "119", to = "301" }
  t:expect(call):hears("conf-getpin")
  call:press("1234#")
  t:expect(call):hears("conf-invalidpin")
end)

test("one's own mailbox needs no password, any other does", function(t)
  t:expect(t:call { from = "101", to = "400" }):hears("vm-youhave"):hears("vm-opts")
  local call = t:call { from = "101", to = "401" }
  t:expect(call):hears("vm-login")
  call:press("103#")
  t:expect(call):hears("vm-password")
end)

test("nobody gets into a mailbox by a forward", function(t)
  dial(t, "103", "*72400")
  t:expect(t:call { from = "trunk", to = "5550103", callerid = "103" }):ends()
  t:contains(t:story(), "Playback(feature-not-avail-line)")
end)

test("9 leads outside, and the main number is shown", function(t)
  local customer = t:phone("trunk", { answers = 3 })
  local call = t:call { from = "103", to = "95551234" }
  t:expect(call):rings(customer):shows("5550100"):talks_to(customer)
end)

test("outside is busy, or does not answer", function(t)
  t:phone("trunk", { busy = true })
  t:expect(t:call { from = "103", to = "95551234" }):ends_with("BUSY")
  t:phone("trunk", { registered = false })
  t:expect(t:call { from = "103", to = "95551234" }):hears("all-circuits-busy-now"):ends()
end)

test("the emergency number, with and without 9", function(t)
  local help = t:phone("trunk", { answers = 1, hangs_up_after = 5 })
  for _, number in ipairs { "911", "9911" } do t:expect(t:call { from = "103", to = number }):talks_to(help):ends() end
  t:phone("trunk", { registered = false })
  t:expect(t:call { from = "103", to = "911" }):hears("all-circuits-busy-now"):ends()
end)

test("the lobby's phone calls the house, and nobody else", function(t)
  local rita = t:phone("101", { answers = 2 })
  t:expect(t:call { from = "120", to = "0" }):talks_to(rita)
  t:expect(t:call { from = "120", to = "95551234" }):hears("pbx-invalid")
end)

test("a forward that came by another way is refused at the trunk", function(t)
  t:phone("trunk", { answers = 2 })
  t:phone("104", { forwards_to = "95551234" }) -- the phone's own, by SIP
  t:expect(t:call { from = "101", to = "104" }):hears("vm-theperson"):hears("beep")
end)

test("a number that nobody has is no forward", function(t)
  t:expect(t:call { from = "103", to = "*72555" }):hears("pbx-invalid"):ends()
  t:ok(t:device("Custom:CF103") ~= "INUSE")
end)
