local plan = [[extensions = {
  start = { s = function() app.disa(channel.HOW:get()); channel.SEEN = "went on" end },
  disa = { ["100"] = function() channel.SEEN = "disa 100" end },
  office = {
    ["100"] = function() channel.SEEN = "100 " .. channel.CALLERID("num"):get() .. " " .. channel.CHANNEL("accountcode"):get() end,
    ["1001"] = function() channel.SEEN = "1001" end, ["_9XXXXXXXX"] = function(_, e) app.dial("PJSIP/" .. e .. "@trunk", 5); channel.SEEN = e .. " " .. channel.DIALSTATUS:get() end,
    ["77"] = function() app.dial("PJSIP/123@trunk", 5); channel.SEEN = "77 " .. channel.DIALSTATUS:get() end,
    i = function() channel.SEEN = "i " .. channel.INVALID_EXTEN:get() end,
  },
} ]]

local function dialling(t, how, keys)
  t:dialplan(plan)
  local c = t:channel { callerid_number = "5551234" }
  for at_ms, typed in pairs(keys) do c:press(at_ms, typed) end
  c:set("HOW", how)
  c:enter("start", "s")
  return c
end

test("the passcode, then an extension", function(t)
  local c = dialling(t, "4711,office", { [1000] = "4711#", [3000] = "1001" })
  t:ok(c:answered())
  t:equal(c:get("SEEN"), "1001")
  t:equal(c:tones(), "350+440 stop 350+440 stop")
  t:equal(c:elapsed_ms(), 3300)
end)

test("it may all be typed ahead, and a shorter extension waits for the digit timeout", function(t)
  local c = dialling(t, "4711,office", { [1000] = "4711#100" })
  t:equal(c:get("SEEN"), "100 5551234 4711")
  t:equal(c:elapsed_ms(), 1700 + 5000)
end)

test("p ends the extension with #", function(t)
  t:equal(dialling(t, "4711,office,,,p", { [1000] = "4711#100#" }):elapsed_ms(), 1800)
end)

test("the caller's number may be another, and the context is disa without one", function(t)
  t:equal(dialling(t, '4711,office,"Office" <200>', { [1000] = "4711#100" }):get("SEEN"), "100 200 4711")
  t:equal(dialling(t, "4711", { [1000] = "4711#100" }):get("SEEN"), "disa 100")
end)

test("no-password asks for none, n does not answer", function(t)
  local c = dialling(t, "no-password,office,,,n", { [1000] = "1001" })
  t:equal(c:get("SEEN"), "1001")
  t:ok(not c:answered())
  t:equal(c:tones(), "350+440 stop")
end)

test("a wrong passcode ends the call, and the log says whose it was", function(t)
  local c = dialling(t, "4711,office", { [1000] = "4712#", [3000] = "1001" })
  t:equal(c:get("SEEN"), nil)
  t:equal(c:tones(), "350+440 stop 480+620/250,0/250")
  t:equal(c:elapsed_ms(), 11400)
  t:contains(c:log(), "DISA: call from 5551234")
  t:contains(c:log(), "wrong passcode")
end)

test("nothing typed, and no # at the end", function(t)
  t:contains(dialling(t, "4711,office", {}):log(), "nothing was dialled")
  t:contains(dialling(t, "4711,office", { [1000] = "4711" }):log(), "not ended with #")
  t:contains(dialling(t, "4711,office", { [1000] = "4711#" }):log(), "nothing was dialled")
end)

test("what is not there goes to i", function(t)
  t:equal(dialling(t, "4711,office", { [1000] = "4711#5" }):get("SEEN"), "i 5")
  local c = dialling(t, "4711", { [1000] = "4711#5" })
  t:equal(c:get("SEEN"), nil)
  t:contains(c:log(), "there is no extension 5 in context disa")
end)

test("outside numbers want permission", function(t)
  local c = dialling(t, "4711,office", { [1000] = "4711#912345678" })
  t:equal(c:get("SEEN"), nil)
  t:contains(c:log(), "912345678 is an outside number, and tollguard.conf has no disa =")
  c = dialling(t, "4711,office", { [1000] = "4711#77" })
  t:equal(c:get("SEEN"), "77 CONGESTION")
  t:contains(c:log(), "tollguard: disa of")
end)

test("with permission they are dialled", function(t)
  t:config("tollguard.conf", "[caller]\ndisa = _9X.\n")
  t:phone("PJSIP/912345678@trunk", { cause = 17 })
  local c = dialling(t, "4711,office", { [1000] = "4711#912345678" })
  t:equal(c:get("SEEN"), "912345678 BUSY")
end)

test("a file has passcodes with what goes with them", function(t)
  t:file("secrets/codes", "# ours\n1111\n4711 | office | \"Boss\" <300>\n")
  t:config("asterism.conf", "[sandbox]\nfiles = " .. t:path() .. "/secrets\n")
  local file = t:path() .. "/secrets/codes"
  t:equal(dialling(t, file, { [1000] = "4711#100" }):get("SEEN"), "100 300 4711")
  t:equal(dialling(t, file, { [1000] = "1111#100" }):get("SEEN"), "disa 100")
  t:contains(dialling(t, file, { [1000] = "#100" }):log(), "wrong passcode")
  t:contains(dialling(t, "/etc/passwd", { [1000] = "1#" }):log(), "not in a directory of [sandbox] files")
end)

test("without a passcode nothing happens", function(t)
  t:contains(dialling(t, "", {}):log(), "DISA: want a passcode")
end)

test("messages make the dial tone stutter", function(t)
  t:dialplan(plan)
  t:config("voicemail.conf", "[default]\n100 => 1,Alice\n")
  t:talks(5000)
  t:equal(dialling(t, "no-password,office,,100", { [1000] = "1001" }):tones(), "350+440 stop")
  local c = t:channel {}
  c:hang_up(6000)
  c:run("VoiceMail", "100", "s")
  t:contains(dialling(t, "no-password,office,,100", { [1000] = "1001" }):tones(), "!350+440/100,!0/100")
end)
