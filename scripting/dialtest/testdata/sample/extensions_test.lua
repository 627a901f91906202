-- Each extension of the sample, called.

local function menu(t, from, to)
  local call = t:call { from = from, to = to or "s" }
  t:expect(call):answered():hears("demo-congrats")
  return call
end

test("the menu without a caller who stays", function(t)
  local call = menu(t, "100")
  t:expect(call):hears("demo-instruct")
  call:hangup()
  t:expect(call):ends()
end)

test("nobody presses a key: t, which is the same function as #", function(t)
  t:expect(menu(t, "100")):hears("demo-instruct"):hears("demo-thanks"):ends()
end)

test("# says good-bye", function(t)
  local call = menu(t, "100")
  call:press("#")
  t:expect(call):hears("demo-thanks"):ends()
end)

test("a key in the middle of a prompt ends it", function(t)
  local call = menu(t, "100")
  call:press("2")
  t:expect(call):hears("demo-moreinfo"):hears("demo-instruct")
  call:hangup()
end)

test("LANGUAGE() of old", function(t)
  local call = menu(t, "100")
  call:press("3")
  t:expect(call):hears("demo-congrats")
  call:hangup()
end)

test("a number that is not there: i", function(t)
  local call = menu(t, "100")
  call:press("9")
  t:expect(call):hears("invalid"):hears("demo-instruct")
  call:hangup()
end)

test("1000 goes to another context, which only includes", function(t)
  local call = menu(t, "100")
  call:press("1000")
  t:expect(call):hears("demo-congrats")
  t:equal(call:variable("CONTEXT"), "default")
  call:press("2")
  t:expect(call):hears("demo-moreinfo")
  t:equal(call:variable("CONTEXT"), "default")
  call:hangup()
end)

test("1234 rings a phone, then its mailbox", function(t)
  local phone = t:phone("101", { answers = false })
  local call = menu(t, "100")
  call:press("1234")
  t:expect(call):hears("transfer"):rings(phone):for_seconds(20):hears("vm-theperson"):hears("vm-isunavail"):hears("vm-intro"):hears("beep")
  call:says(3)
  call:press("#")
  t:expect(call):ends()
  t:equal(call:variable("VMSTATUS"), "SUCCESS")
  t:equal(t:mailbox("101").new, 1)
  t:equal(t:mailbox("1234@default").new, 0)
end)

test("1234 when it is busy", function(t)
  t:phone("101", { busy = true })
  local call = t:call { from = "100", to = "1234" }
  t:expect(call):hears("vm-theperson"):hears("vm-isonphone"):hears("beep")
  call:hangup()
end)

test("1234 when it is answered", function(t)
  local phone = t:phone("101", { answers = 2 })
  local call = t:call { from = "public", to = "1234" }
  t:expect(call):talks_to(phone)
  phone:hangup()
  t:expect(call):ends()
end)

test("a mailbox alone", function(t)
  local call = t:call { from = "100", to = "1235" }
  t:expect(call):hears("vm-theperson"):hears("digits/1"):hears("vm-isunavail"):hears("beep")
  call:hangup()
end)

test("a number for a key, a number for an argument", function(t)
  t:phone("100", { busy = true })
  local call = t:call { from = "101", to = "1236" }
  t:expect(call):hears("vm-theperson"):hears("digits/1"):hears("vm-isonphone"):hears("beep")
  call:hangup()
end)

test("500: somebody who is not there", function(t)
  t:phone("misery", { registered = false })
  t:expect(t:call { from = "100", to = "500" }):hears("demo-abouttotry"):hears("demo-nogo"):hears("demo-congrats")
end)

test("600: echo, then the menu", function(t)
  local call = t:call { from = "100", to = "600" }
  t:expect(call):hears("demo-echotest"):hears("echo")
  call:press("#")
  t:expect(call):hears("demo-echodone"):hears("demo-congrats")
  call:hangup()
end)

test("8500", function(t)
  local call = t:call { from = "100", to = "8500" }
  t:expect(call):hears("vm-login")
  call:press("101#")
  t:expect(call):hears("vm-password")
  call:press("4711#")
  t:expect(call):hears("vm-opts")
  call:press("#")
  t:expect(call):hears("demo-congrats")
end)

test("local: seven digits by the trunk, the rest by includes of includes", function(t)
  local trunk = t:phone("trunk", { answers = 1 })
  local call = t:call { from = "local", to = "5551234" }
  t:expect(call):talks_to(trunk)
  call:hangup()
  call = menu(t, "local")
  call:press("#")
  t:expect(call):hears("demo-thanks"):ends()
end)

test("public: a context that only includes", function(t)
  t:expect(menu(t, "public")):hears("demo-instruct"):hears("demo-thanks"):ends()
end)

test("after hours goes to voicemail", function(t)
  t:clock("2026-11-21 23:10")
  local bob = t:phone("101", { answers = false })
  local call = t:call { from = "100", to = "1234" }
  t:expect(call):rings(bob):for_seconds(20)
  t:expect(call):hears("vm-theperson")
  call:press("#"); t:expect(call):hears("beep")
  call:says(3.2); call:hangup()
  t:equal(t:mailbox("101").new, 1)
  t:equal(t:mailbox("101").urgent + t:mailbox("101").old, 0)
end)
