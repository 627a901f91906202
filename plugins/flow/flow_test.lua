test("Set splits at the first =", function(t)
  t:equal(t:call("Set", "X=a=b"):get("X"), "a=b")
  t:equal(t:call("Set", "X="):get("X"), "")
end)

test("Set keeps commas", function(t)
  t:equal(t:call("Set", "X=a", "b"):get("X"), "a,b")
end)

test("Set keeps ${} as it is", function(t)
  t:equal(t:call("Set", "X=${EXTEN}"):get("X"), "${EXTEN}")
end)

test("Set takes a function on the left", function(t)
  t:equal(t:call("Set", "CHANNEL(accountcode)=sales"):get("ACCOUNTCODE"), "sales")
end)

test("Set without = says so", function(t)
  t:contains(t:call("Set", "X"):log(), "Set: want NAME=value")
end)

test("Set with _ hands a variable on to the dialled channel once", function(t)
  t:phone("PJSIP/1", { cause = 17 })
  local c = t:call("Set", "_X=1")
  t:equal(c:get("X"), "1")
end)

test("MSet sets several", function(t)
  local c = t:call("MSet", 'A=1', 'B="two"', "C=")
  t:equal(c:get("A"), "1")
  t:equal(c:get("B"), "two")
  t:equal(c:get("C"), "")
end)

local places = [[
extensions = {
  start = { s = function(c, e) app[channel.WHAT:get()](channel.TO:get()); channel.AFTER = "yes" end },
  there = { ["100"] = function(c, e) channel.SEEN = c .. "/" .. e end, i = function() channel.SEEN = "i:" .. channel.INVALID_EXTEN:get() end },
}
]]

local function going(t, application, to)
  t:dialplan(places)
  local c = t:channel {}
  c:set("WHAT", application)
  c:set("TO", to)
  c:enter("start", "s")
  return c
end

test("Goto ends the function and runs the other place", function(t)
  local c = going(t, "Goto", "there,100,1")
  t:equal(c:get("SEEN"), "there/100")
  t:equal(c:get("AFTER"), nil)
end)

test("Goto to an extension that is not there goes to i", function(t)
  t:equal(going(t, "Goto", "there,999,1"):get("SEEN"), "i:999")
end)

test("Goto to a label hangs up", function(t)
  local c = going(t, "Goto", "there,100,label")
  t:equal(c:get("SEEN"), nil)
  t:equal(c:get("AFTER"), nil)
  t:contains(c:log(), "no priority or label 'label'")
end)

test("Goto with +n passes the one priority there is and falls through", function(t)
  local c = going(t, "Goto", "+1")
  t:equal(c:get("AFTER"), nil)
  t:contains(c:log(), "Auto fallthrough")
end)

test("GotoIf goes where the condition says", function(t)
  t:equal(going(t, "GotoIf", "1?there,100,1:there,999,1"):get("SEEN"), "there/100")
  t:equal(going(t, "GotoIf", "0?there,100,1:there,999,1"):get("SEEN"), "i:999")
end)

test("GotoIf without the place goes on", function(t)
  t:equal(going(t, "GotoIf", "0?there,100,1"):get("AFTER"), "yes")
  t:equal(going(t, "GotoIf", "?there,100,1"):get("AFTER"), "yes")
end)
