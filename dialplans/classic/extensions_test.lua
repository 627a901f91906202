-- What this dialplan shall do, in office hours and after. Run it with: asterism test DIR

test("a phone rings for 20 seconds", function(t)
  local bob = t:phone("101", { answers = false })
  local call = t:call { from = "100", to = "101" }
  t:expect(call):rings(bob):for_seconds(20)
  t:expect(call):hears("vm-isunavail"):ends()
end)

test("a phone that is busy", function(t)
  t:phone("101", { busy = true })
  t:expect(t:call { from = "100", to = "101" }):ends_with("BUSY")
end)

test("0 is the operator", function(t)
  local operator = t:phone("100", { answers = 1 })
  local call = t:call { from = "101", to = "0" }
  t:expect(call):talks_to(operator)
  call:hangup()
end)

test("600 is an echo", function(t)
  local call = t:call { from = "100", to = "600" }
  t:expect(call):hears("echo")
  call:press("#")
  t:expect(call):hears("demo-echodone"):ends()
end)

test("*60 counts to three", function(t)
  t:expect(t:call { from = "100", to = "*60" }):hears("digits/1"):hears("digits/2"):hears("digits/3"):ends()
end)

test("800 is the menu in office hours", function(t)
  t:clock("2026-11-20 16:59")
  t:expect(t:call { from = "100", to = "800" }):hears("demo-instruct")
end)

test("800 says good-bye after them", function(t)
  t:clock("2026-11-21 23:10")
  t:expect(t:call { from = "100", to = "800" }):hears("vm-goodbye"):ends()
end)

test("the menu dials", function(t)
  local bob = t:phone("101", { answers = 1 })
  local call = t:call { from = "100", to = "700" }
  t:expect(call):hears("demo-instruct")
  call:press("101")
  t:expect(call):talks_to(bob)
  call:hangup()
end)

test("1 in the menu is the operator", function(t)
  local operator = t:phone("100", { answers = 1 })
  local call = t:call { from = "101", to = "700" }
  t:expect(call):hears("demo-instruct")
  call:press("1")
  t:expect(call):talks_to(operator)
  call:hangup()
end)

test("the menu gives up after three attempts", function(t)
  local call = t:call { from = "100", to = "700" }
  t:expect(call):hears("demo-instruct")
  call:press("9")
  t:expect(call):hears("pbx-invalid"):hears("demo-instruct"):hears("demo-instruct"):hears("vm-goodbye"):ends()
end)
