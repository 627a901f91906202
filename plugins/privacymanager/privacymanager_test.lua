local plan = [[extensions = { numbers = { ["_0X."] = function() end }, start = { s = function()
  app.privacymanager(channel.HOW:get())
  channel.NUMBER, channel.NAME, channel.GONE_ON = channel.CALLERID("num"):get(), channel.CALLERID("name"):get(), "yes"
end } }]]

local function asking(t, keys, how)
  t:dialplan(plan)
  local c = t:channel { callerid_number = "", callerid_name = "" }
  for at_ms, typed in pairs(keys) do c:press(at_ms, typed) end
  c:set("HOW", how or "")
  c:enter("start", "s")
  return c
end

test("a caller with a number is let through", function(t)
  local c = t:call("PrivacyManager")
  t:equal(c:get("PRIVACYMGRSTATUS"), "SUCCESS")
  t:ok(not c:answered())
  t:equal(c:played(), "")
end)

test("one without types it", function(t)
  local c = asking(t, { [3500] = "5551234567#" })
  t:ok(c:answered())
  t:equal(c:get("PRIVACYMGRSTATUS"), "SUCCESS")
  t:equal(c:played(), "privacy-unident privacy-prompt privacy-thankyou")
  t:equal(c:get("NUMBER"), "5551234567")
  t:equal(c:get("NAME"), "Privacy Manager")
end)

test("too short ones are incorrect, and the tries have an end", function(t)
  local c = asking(t, { [3500] = "555#", [6500] = "556#" }, "2")
  t:equal(c:get("PRIVACYMGRSTATUS"), "FAILED")
  t:equal(c:played(), "privacy-unident privacy-prompt privacy-incorrect privacy-prompt privacy-incorrect")
  t:equal(c:get("GONE_ON"), "yes")
end)

test("a shorter number may do, and # is not needed", function(t)
  t:equal(asking(t, { [3500] = "5551" }, "1,4"):get("NUMBER"), "5551")
end)

test("letters are no number", function(t)
  t:equal(asking(t, { [3500] = "55*1#" }, "1,4"):get("PRIVACYMGRSTATUS"), "FAILED")
end)

test("the context says which numbers there are", function(t)
  t:equal(asking(t, { [3500] = "5551234#" }, "1,4,,numbers"):get("PRIVACYMGRSTATUS"), "FAILED")
  t:equal(asking(t, { [3500] = "0551234#" }, "1,4,,numbers"):get("PRIVACYMGRSTATUS"), "SUCCESS")
end)

test("a number that is not to be shown counts as none", function(t)
  t:dialplan [[extensions = { start = { s = function() channel.CALLERID("pres"):set("prohib"); app.privacymanager(1, 4); channel.SEEN = channel.CALLERID("num"):get() .. channel.CALLERID("pres"):get() end } }]]
  local c = t:channel {}
  c:press(3500, "5551#")
  c:enter("start", "s")
  t:contains(c:get("SEEN"), "5551allowed")
end)

test("who hangs up has failed", function(t)
  local c = t:channel { callerid_number = "" }
  c:hang_up(2500)
  c:run("PrivacyManager")
  t:equal(c:get("PRIVACYMGRSTATUS"), "FAILED")
  t:ok(not c:returned())
end)

test("numbers that are none are told", function(t)
  local c = asking(t, { [3500] = "5551234567#" }, "x,0")
  t:equal(c:get("PRIVACYMGRSTATUS"), "SUCCESS")
  t:contains(c:log(), "retries is 'x'")
  t:contains(c:log(), "minlength is '0'")
end)
