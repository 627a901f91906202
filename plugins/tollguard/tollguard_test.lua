local conf = [[
[general]
outside = _9X.,_XXXXXXX.
[100]
forward = yes
[101]
forward = _9NXXXXXX, 95551234567
[102]
forward = no
disa = _9X.
[103]
forward = _[
]]

local function permits(t, endpoint, kind, number)
  return t:value(('channel.TOLLGUARD("%s", "%s", "%s"):get()'):format(endpoint, kind, number)) == "1"
end

test("nobody may without a word in tollguard.conf", function(t)
  t:ok(not permits(t, "100", "forward", "95551234"))
  t:ok(not permits(t, "100", "disa", "95551234"))
end)

test("yes, no, and patterns", function(t)
  t:config("tollguard.conf", conf)
  t:ok(permits(t, "100", "forward", "95551234"))
  t:ok(not permits(t, "100", "disa", "95551234"))
  t:ok(permits(t, "101", "forward", "95551234"))
  t:ok(permits(t, "101", "forward", "95551234567"))
  t:ok(not permits(t, "101", "forward", "9011495551234"))
  t:ok(not permits(t, "102", "forward", "95551234"))
  t:ok(permits(t, "102", "disa", "95551234"))
  t:ok(not permits(t, "", "forward", "95551234"))
  t:ok(not permits(t, "general", "outside", "95551234"))
  t:ok(not permits(t, "103", "forward", "95551234"))
end)

test("a number of the house needs no permission", function(t)
  t:config("tollguard.conf", conf)
  local function allows(number) return t:value(('tostring(require("pbx").tollguard.allows("102", "forward", "%s"))'):format(number)) end
  t:equal(allows("101"), "true")
  t:equal(allows("95551234"), "false")
end)

--- The phones that Dial rang for a marked channel, and its status.
local function dial(t, mark, target)
  t:config("tollguard.conf", conf)
  t:phone("PJSIP/101", { cause = 17 })
  t:phone("PJSIP/95551234@trunk", { cause = 17 })
  t:phone("PJSIP/trunk/sip:95551234@192.0.2.1", { cause = 17 })
  local c = t:channel {}
  if mark then c:set("__TOLLGUARD", mark) end
  c:run("Dial", target, 10)
  return c:get("DIALSTATUS"), c
end

test("a call of one's own goes anywhere", function(t)
  t:equal(dial(t, nil, "PJSIP/95551234@trunk"), "BUSY")
end)

test("a forwarded call leaves the house with permission only", function(t)
  t:equal(dial(t, "forward,100,95551234", "PJSIP/95551234@trunk"), "BUSY")
  for _, target in ipairs { "PJSIP/95551234@trunk", "pjsip/95551234@trunk", "PJSIP/trunk/sip:95551234@192.0.2.1", "PJSIP/sip:1@192.0.2.1" } do
    local status, c = dial(t, "forward,102,95551234", target)
    t:equal(status, "CONGESTION")
    t:ok(c:returned())
    t:contains(c:log(), "tollguard: forward of 102 to 95551234 is not allowed to leave by " .. target)
  end
end)

test("what was refused has a cause of its own", function(t)
  t:equal(t:lua([[channel["__TOLLGUARD"] = "forward,102,95551234"; app.dial("PJSIP/95551234@trunk"); put(channel.HANGUPCAUSE:get())]]):get("SEEN"), "21")
end)

test("phones of the house ring for everybody, beside what is refused too", function(t)
  t:equal(dial(t, "forward,102,101", "PJSIP/101"), "BUSY")
  t:equal(dial(t, "forward,102,101", "PJSIP/101&PJSIP/95551234@trunk"), "BUSY")
end)

test("mark is taken back", function(t)
  t:equal(t:lua([[
    local pbx = require "pbx"
    local before = pbx.tollguard.mark(pbx.channel(), "forward", "102", "95551234")
    put(channel.TOLLGUARD:get())
    pbx.tollguard.restore(pbx.channel(), before)
    app.noop("after " .. (channel.TOLLGUARD:get() or ""))
  ]]):get("SEEN"), "forward,102,95551234")
end)
