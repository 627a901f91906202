test("DEVICE_STATE tells, and sets Custom: devices", function(t)
  t:device("PJSIP/100", "INUSE")
  t:equal(t:value('channel.DEVICE_STATE("PJSIP/100"):get()'), "INUSE")
  t:equal(t:value('(function() channel["DEVICE_STATE(Custom:lamp)"] = "BUSY" return channel.DEVICE_STATE("Custom:lamp"):get() end)()'), "BUSY")
  t:contains(t:lua('channel["DEVICE_STATE(PJSIP/100)"] = "BUSY"'):log(), "DEVICE_STATE: device")
  t:equal(t:value('channel.DEVICE_STATE():get()'), "UNKNOWN")
end)

local hinted = [[hints = { default = { ["100"] = "PJSIP/100&Custom:lamp" }, start = { ["101"] = "PJSIP/101" } }
]]

test("HINT and EXTENSION_STATE look at hints", function(t)
  t:device("PJSIP/100", "RINGING")
  local function of(expression)
    t:dialplan(hinted .. "extensions = { start = { s = function() channel.SEEN = " .. expression .. " or 'nil' end } }")
    local c = t:channel {}
    c:enter("start", "s")
    return c:get("SEEN"), c
  end
  t:equal(of 'channel.HINT("100@default"):get()', "PJSIP/100&Custom:lamp")
  t:equal(of 'channel.HINT("101"):get()', "PJSIP/101")
  t:equal(of 'channel.HINT("100@default", "n"):get()', "")
  t:equal(of 'channel.HINT("102"):get()', "nil")
  t:equal(of 'channel.EXTENSION_STATE("100"):get()', "RINGING")
  t:equal(of 'channel.EXTENSION_STATE("101@start"):get()', "UNKNOWN")
  t:equal(of 'channel.EXTENSION_STATE("999"):get()', "UNKNOWN")
  local _, c = of 'channel.HINT():get()'
  t:contains(c:log(), "HINT: want exten")
end)

test("DIALPLAN_EXISTS", function(t)
  for call, want in pairs { ["start"] = "1", ["start,s"] = "1", ["start,s,1"] = "1", ["start,s,2"] = "0", ["start,x"] = "0", ["nowhere"] = "0", [",s"] = "1", ["start,s,label"] = "0" } do
    t:equal(t:value(('channel["DIALPLAN_EXISTS(%s)"]:get()'):format(call)), want)
  end
  t:equal(t:value('channel["VALID_EXTEN(start,s)"]:get()'), "1")
end)

test("ChanIsAvail finds the first that can be called", function(t)
  t:device("PJSIP/1", "UNAVAILABLE")
  t:device("PJSIP/2", "INUSE")
  t:device("PJSIP/3", "NOT_INUSE")
  local c = t:call("ChanIsAvail", "PJSIP/1&PJSIP/2&PJSIP/3")
  t:equal(c:get("AVAILCHAN"), "PJSIP/2")
  t:equal(c:get("AVAILSTATUS"), "2")
  t:equal(t:call("ChanIsAvail", "PJSIP/1&PJSIP/2&PJSIP/3", "s"):get("AVAILCHAN"), "PJSIP/3")
  t:equal(t:call("ChanIsAvail", "PJSIP/1&PJSIP/2&PJSIP/3", "a"):get("AVAILCHAN"), "PJSIP/2&PJSIP/3")
  c = t:call("ChanIsAvail", "PJSIP/1")
  t:equal(c:get("AVAILCHAN"), "")
  t:equal(c:get("AVAILSTATUS"), "5")
end)

test("the hint of a pattern names its devices by ${EXTEN}", function(t)
  t:device("PJSIP/142", "INUSE")
  t:conf("[globals]\nTECH = PJSIP\n[start]\nexten => _1XX,hint,${TECH}/${EXTEN}\nexten => _*2XX,hint,PJSIP/${EXTEN:1}&Custom:${CONTEXT}\n"
    .. "exten => s,1,Set(SEEN=${HINT(142)} ${EXTENSION_STATE(142@start)} ${HINT(*207)} ${HINT(300)}.)\n")
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "PJSIP/142 INUSE PJSIP/207&Custom:start .")
end)
