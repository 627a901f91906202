local plan = [[extensions = {
  internal = {
    include = { "features" },
    ["_1XX"] = function(_, number)
      channel.SEEN = number .. " " .. channel.CALLERID("pres"):get()
      app.wait(1)
    end,
    ["_9X."] = function(_, number) channel.SEEN = number; app.wait(1) end,
  },
} ]]

--- A code dialled at the phone "caller", whose number is 100; keys are pressed when they are due. The call, whose played() are its own.
local function dial(t, code, keys)
  t:dialplan(plan)
  local c = t:channel { callerid_number = "100" }
  for at_ms, pressed in pairs(keys or {}) do c:press(at_ms, pressed) end
  local before = #c:played()
  c:enter("internal", code)
  local all = c.played
  c.played = function(self) return (all(self):sub(before + 1):gsub("^ ", "")) end
  return c
end

local function kept(t, key) return t:value(('(require("pbx").store:get("%s"))'):format(key)) end
local function put(t, key, value) t:value(('(function() require("pbx").store:put("%s", "%s") end)()'):format(key, value)) end
local function lamp(t, name) return t:value(('channel.DEVICE_STATE("Custom:%s"):get()'):format(name)) end

test("a forward is set, told and cleared", function(t)
  for _, kind in ipairs { { "*72", "*73", "*#72", "CF", "call-fwd-unconditional" }, { "*90", "*91", "*#90", "CFB", "call-fwd-on-busy" },
    { "*52", "*53", "*#52", "CFU", "call-fwd-no-ans" } } do
    local set, clear, state, family, prompt = unpack(kind)
    t:equal(dial(t, state):played(), prompt .. " is-not-set")
    local c = dial(t, set .. "102")
    t:ok(c:answered())
    t:contains(c:played(), prompt .. " has-been-set-to digits/1 digits/0 digits/2")
    t:equal(kept(t, family .. "/caller"), "102")
    t:equal(lamp(t, family .. "caller"), "INUSE")
    t:contains(dial(t, state):played(), prompt .. " is-set-to digits/1 digits/0 digits/2")
    t:contains(dial(t, clear):played(), prompt .. " de-activated")
    t:equal(kept(t, family .. "/caller"), "nil")
    t:equal(lamp(t, family .. "caller"), "NOT_INUSE")
  end
end)

test("without a number behind the code it is asked for", function(t)
  local c = dial(t, "*72", { [2000] = "102#" })
  t:contains(c:played(), "please-enter-the")
  t:equal(kept(t, "CF/caller"), "102")
end)

test("who types nothing three times keeps what he had", function(t)
  t:contains(dial(t, "*72"):played(), "goodbye")
  t:equal(kept(t, "CF/caller"), "nil")
end)

test("no forward to oneself, nor to where the dialplan has nothing", function(t)
  for _, number in ipairs { "100", "555", "1A0", "*78", "*67101" } do
    t:contains(dial(t, "*72" .. number):played(), "pbx-invalid")
    t:equal(kept(t, "CF/caller"), "nil")
  end
end)

test("an outside number needs the permission of tollguard.conf", function(t)
  t:equal(dial(t, "*7295551234567"):played(), "not-auth-pstn")
  t:equal(kept(t, "CF/caller"), "nil")
  t:config("tollguard.conf", "[caller]\nforward = yes\n")
  t:contains(dial(t, "*7295551234567"):played(), "has-been-set-to")
  t:equal(kept(t, "CF/caller"), "95551234567")
end)

test("one key that forwards and forwards no more", function(t)
  dial(t, "*74100", { [2000] = "102#" })
  t:equal(kept(t, "CF/caller"), "102")
  t:contains(dial(t, "*74"):played(), "de-activated")
  t:equal(kept(t, "CF/caller"), "nil")
  t:equal(dial(t, "*74101"):played(), "feature-not-avail-line")
end)

test("do not disturb", function(t)
  t:equal(dial(t, "*78"):played(), "do-not-disturb activated")
  t:equal(kept(t, "DND/caller"), "YES")
  t:equal(lamp(t, "DNDcaller"), "INUSE")
  t:contains(dial(t, "*#78"):played(), "do-not-disturb activated")
  t:contains(dial(t, "*79"):played(), "do-not-disturb de-activated")
  t:equal(kept(t, "DND/caller"), "nil")
  dial(t, "*76")
  t:equal(lamp(t, "DNDcaller"), "INUSE")
  dial(t, "*76100")
  t:equal(lamp(t, "DNDcaller"), "NOT_INUSE")
  t:contains(dial(t, "*76101"):played(), "feature-not-avail-line")
  t:equal(lamp(t, "DNDcaller"), "NOT_INUSE")
end)

test("call waiting", function(t)
  t:equal(dial(t, "*71"):played(), "call-waiting de-activated")
  t:equal(kept(t, "CW/caller"), "DISABLED")
  t:contains(dial(t, "*70"):played(), "call-waiting activated")
  t:equal(kept(t, "CW/caller"), "ENABLED")
  t:contains(dial(t, "*#70"):played(), "call-waiting activated")
end)

test("follow me", function(t)
  t:equal(dial(t, "*21100"):played(), "followme-on")
  t:equal(lamp(t, "FOLLOWMEcaller"), "INUSE")
  t:equal(kept(t, "AMPUSER/caller/followme/ddial"), "DIRECT")
  t:equal(dial(t, "*21"):played(), "followme-off")
  t:equal(lamp(t, "FOLLOWMEcaller"), "NOT_INUSE")
end)

test("the last caller is told, and called back with 1", function(t)
  t:equal(dial(t, "*69"):played(), "vm-nonumber")
  put(t, "CALLTRACE/caller", "102")
  local c = dial(t, "*69")
  t:contains(c:played(), "info-about-last-call digits/1 digits/0 digits/2 to-call-back press-1")
  t:equal(c:get("SEEN"), nil)
  t:contains(dial(t, "*69", { [5500] = "1" }):get("SEEN"), "102")
  put(t, "CALLTRACE/caller", "anonymous")
  t:equal(dial(t, "*69", { [3000] = "1" }):played(), "info-about-last-call to-call-back press-1 pbx-invalid")
end)

test("a caller from outside is called back with the prefix, and none makes anybody dial a code", function(t)
  put(t, "CALLTRACE/caller", "5557777")
  t:contains(dial(t, "*69", { [9500] = "1" }):played(), "pbx-invalid")
  t:config("starcodes.conf", "[general]\nprefix = 9\n")
  t:equal(dial(t, "*69", { [10500] = "1" }):get("SEEN"), "95557777")
  put(t, "CALLTRACE/caller", "*72101")
  t:contains(dial(t, "*69", { [8500] = "1" }):played(), "pbx-invalid")
  t:equal(kept(t, "CF/caller"), "nil")
end)

test("the blacklist, with a PIN if the site has one", function(t)
  t:contains(dial(t, "*305551234"):played(), "blacklist number digits/5")
  t:equal(kept(t, "blacklist/5551234"), "1")
  t:contains(dial(t, "*31", { [2000] = "5551234#" }):played(), "de-activated")
  t:equal(kept(t, "blacklist/5551234"), "nil")
  put(t, "CALLTRACE/caller", "5551234")
  t:contains(dial(t, "*32"):played(), "activated")
  t:equal(kept(t, "blacklist/5551234"), "1")
  t:config("starcodes.conf", "[general]\npin = 4711\n")
  t:equal(dial(t, "*315551234", { [1000] = "1#", [4000] = "2#", [8000] = "3#" }):played(),
    "access-password access-denied access-password access-denied access-password access-denied")
  t:equal(kept(t, "blacklist/5551234"), "1")
  dial(t, "*315551234", { [1000] = "4711#" })
  t:equal(kept(t, "blacklist/5551234"), "nil")
end)

test("speed dials are one's own, else the site's", function(t)
  t:equal(dial(t, "*001"):played(), "speed-dial-empty")
  put(t, "sysspeeddials/01", "101")
  t:contains(dial(t, "*001"):get("SEEN"), "101")
  t:contains(dial(t, "*7501102"):played(), "speed-dial digits/0 digits/1 has-been-set-to digits/1 digits/0 digits/2")
  t:equal(kept(t, "AMPUSER/caller/speeddials/01"), "102")
  t:contains(dial(t, "*01"):get("SEEN"), "102")
  t:contains(dial(t, "*7501"):played(), "is-set-to digits/1")
  t:contains(dial(t, "*7502"):played(), "is-not-set")
  t:contains(dial(t, "*751"):played(), "pbx-invalid")
  put(t, "sysspeeddials/03", "555")
  t:contains(dial(t, "*003"):played(), "pbx-invalid")
end)

test("a number is called without showing one's own", function(t)
  t:equal(dial(t, "*67101"):get("SEEN"), "101 prohib")
  t:equal(dial(t, "*67555"):played(), "pbx-invalid")
end)

test("a phone that answers by itself", function(t)
  t:device("PJSIP/101", "NOT_INUSE")
  t:phone("PJSIP/101", { answer_ms = 0, hangup_ms = 2000 })
  local c = dial(t, "*80101")
  t:ok(c:answered())
  t:contains(t:peer("PJSIP/101"):headers(), "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer")
  t:contains(t:peer("PJSIP/101"):headers(), "Call-Info: <sip:127.0.0.1>;answer-after=0")
  t:config("starcodes.conf", "[general]\nalert_info = Auto Answer\ncall_info =\n")
  dial(t, "*80101")
  t:equal(t:peer("PJSIP/101"):headers(), "Alert-Info: Auto Answer")
end)

test("a phone that talks, is not to be disturbed, or is nobody's is not spoken to", function(t)
  t:phone("PJSIP/101", { answer_ms = 0, hangup_ms = 2000 })
  t:device("PJSIP/101", "INUSE")
  t:equal(dial(t, "*80101"):cause(), 17)
  t:device("PJSIP/101", "NOT_INUSE")
  put(t, "DND/101", "YES")
  t:equal(dial(t, "*80101"):cause(), 17)
  t:equal(t:peer("PJSIP/101"), nil)
  t:device("PJSIP/109", "INVALID")
  t:equal(dial(t, "*80109"):played(), "pbx-invalid")
end)

test("a phone that does not answer by itself", function(t)
  t:device("PJSIP/101", "NOT_INUSE")
  t:phone("PJSIP/101", { ring_ms = 100 })
  local c = dial(t, "*80101")
  t:contains(c:played(), "is-curntly-unavail")
  t:ok(c:elapsed_ms() >= 15000)
end)

test("a group of phones hears the caller", function(t)
  t:config("starcodes.conf", "[general]\n[11]\nmembers = 101 & 102&103&caller\n[12]\nmembers = 102\n")
  for _, name in ipairs { "101", "102", "103" } do t:phone("PJSIP/" .. name, { answer_ms = 0 }) end
  t:device("PJSIP/102", "INUSE")
  put(t, "DND/103", "YES")
  t:dialplan(plan)
  local c = t:channel { callerid_number = "100" }
  c:hang_up(5000)
  c:enter("internal", "*8411")
  t:contains(t:peer("PJSIP/101"):headers(), "Call-Info: <sip:127.0.0.1>;answer-after=0")
  t:equal(t:peer("PJSIP/102"), nil)
  t:equal(t:peer("PJSIP/103"), nil)
  t:equal(dial(t, "*8412"):played(), "tt-allbusy")
  t:equal(dial(t, "*8413"):played(), "pbx-invalid")
end)

test("echo, clock and one's own number", function(t)
  local c = dial(t, "*43", { [3000] = "#" })
  t:equal(c:played(), "demo-echotest demo-echodone goodbye")
  t:contains(dial(t, "*60"):played(), "current-time-is digits/9 digits/oclock digits/a-m")
  t:contains(dial(t, "*65"):played(), "extension number is digits/1 digits/0 digits/0")
end)

test("a code may be another, or none", function(t)
  t:config("starcodes.conf", "[general]\ndnd_on = *25\ndnd_off =\n")
  t:equal(dial(t, "*25"):played(), "do-not-disturb activated")
  t:equal(dial(t, "*79"):played(), "")
  t:equal(dial(t, "*78"):played(), "")
end)
