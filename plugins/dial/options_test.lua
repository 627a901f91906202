-- The options of Dial, in the order of the alphabet.

local function phone(t, how)
  t:phone("PJSIP/100", how or { answer_ms = 1000, hangup_ms = 10000 })
end

test("A plays to the callee, and to the caller, before they talk", function(t)
  phone(t)
  t:sound("hello", 2000)
  local c = t:call("Dial", "PJSIP/100", 30, "A(hello)")
  t:equal(c:played(), "hello")
  t:equal(c:get("ANSWEREDTIME_MS"), "8000")
  c = t:call("Dial", "PJSIP/100", 30, "A(hello:bye)")
  t:equal(c:played(), "hello bye hello")
end)

test("A of a sound that is not there says so, and the call goes on", function(t)
  phone(t)
  t:sound("nothere", false)
  local c = t:call("Dial", "PJSIP/100", 30, "A(nothere)")
  t:contains(c:log(), "Dial: option A: ")
  t:equal(c:get("ANSWEREDTIME"), "10")
end)

test("a callee who leaves during the announcement ends the dialplan, unless g", function(t)
  phone(t, { answer_ms = 0, hangup_ms = 500 })
  t:ok(not t:call("Dial", "PJSIP/100", 30, "A(hello)"):returned())
  t:ok(t:call("Dial", "PJSIP/100", 30, "A(hello)g"):returned())
end)

test("a answers the caller before the announcement", function(t)
  phone(t)
  local c = t:channel {}
  c:hang_up(1500)
  c:run("Dial", "PJSIP/100", 30, "aA(hello)")
  t:ok(c:answered())
  c = t:channel {}
  c:hang_up(1500)
  c:run("Dial", "PJSIP/100", 30, "A(hello)")
  t:ok(not c:answered())
  t:equal(c:released(), "PJSIP/100 16 PJSIP/100 16")
end)

test("c and Q choose what the phones that lose are told", function(t)
  for options, cause in pairs { c = 26, ["Q(USER_BUSY)"] = 17, ["Q(21)"] = 21, ["Q(NONE)"] = 16, [""] = 16 } do
    t:phone("PJSIP/" .. cause .. #options, { ring_ms = 0 })
    local before = #t:call("NoOp"):released()
    local c = t:call("Dial", "PJSIP/" .. cause .. #options, 1, options)
    t:contains(c:released(), "PJSIP/" .. cause .. #options .. " " .. cause)
    t:ok(#c:released() > before)
  end
  phone(t, { ring_ms = 0 })
  t:contains(t:call("Dial", "PJSIP/100", 1, "Q(SHOE)"):log(), "Dial: option Q: ")
end)

test("D sends keys to either party", function(t)
  phone(t)
  local c = t:call("Dial", "PJSIP/100", 30, "D(12:34)")
  t:equal(t:peer("PJSIP/100"):sent(), "12")
  t:equal(c:sent(), "34")
  c = t:call("Dial", "PJSIP/100", 30, "D(5)")
  t:equal(t:peer("PJSIP/100"):sent(), "5")
  t:equal(c:sent(), "")
end)

local exits = [[extensions = {
  start = { s = function() app.dial("PJSIP/100", 20, "d") end, ["1"] = function() channel.SEEN = "one" end },
  out = { ["2"] = function() channel.SEEN = "two" end },
}]]

test("d takes the caller to an extension of one key", function(t)
  phone(t, { ring_ms = 0 })
  t:dialplan(exits)
  local c = t:channel {}
  c:press(1000, "21")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "one")
  t:equal(c:get("DIALSTATUS"), "CANCEL")
  t:equal(c:released(), "PJSIP/100 16")
end)

test("d goes to EXITCONTEXT", function(t)
  phone(t, { ring_ms = 0 })
  t:dialplan(exits)
  local c = t:channel {}
  c:set("EXITCONTEXT", "out")
  c:press(1000, "12")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "two")
end)

test("e runs h for the callee", function(t)
  phone(t)
  t:dialplan [[extensions = { start = { s = function() app.dial("PJSIP/100", 20, "e") end,
    h = function() channel["GLOBAL(H)"] = (channel["GLOBAL(H)"]:get() or "") .. channel.CHANNEL:get() .. " " end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  local h = t:value('channel["GLOBAL(H)"]:get()')
  t:contains(h, "PJSIP/caller-00000001")
  t:contains(h, "PJSIP/100-00000002")
  t:equal(#h, #"PJSIP/caller-00000001 PJSIP/100-00000002 ")
end)

test("f shows another caller to where a phone forwards", function(t)
  phone(t, { forward = "200" })
  t:phone("Local/200@luatest", { cause = 17 })
  t:call("Dial", "PJSIP/100", 5, 'f("Desk" <9>)')
  t:equal(t:peer("Local/200@luatest"):shown(), '"Desk" <9>')
  t:equal(t:peer("Local/200@luatest"):get("FORWARDERNAME"), "PJSIP/100-00000002")
  t:call("Dial", "PJSIP/100", 5, "f")
  t:equal(t:peer("Local/200@luatest"):shown(), "run")
  t:call("Dial", "PJSIP/100", 5)
  t:equal(t:peer("Local/200@luatest"):shown(), '"Alice" <100>')
end)

test("h and H let a party hang up with the disconnect code", function(t)
  phone(t, { answer_ms = 0, keys = { [2000] = "1*" } })
  local c = t:call("Dial", "PJSIP/100", 30, "hg")
  t:equal(c:get("ANSWEREDTIME_MS"), "2100")
  t:equal(c:sent(), "1")
  t:ok(c:returned())
  t:equal(c:released(), "PJSIP/100 16")

  phone(t, { answer_ms = 0 })
  c = t:channel {}
  c:press(3000, "*")
  c:run("Dial", "PJSIP/100", 30, "H")
  t:equal(c:get("ANSWEREDTIME"), "3")
  t:ok(not c:returned())
end)

test("H while it rings gives up", function(t)
  phone(t, { ring_ms = 0 })
  local c = t:channel {}
  c:press(1000, "*")
  c:run("Dial", "PJSIP/100", 30, "H")
  t:equal(c:get("DIALSTATUS"), "CANCEL")
  t:equal(c:elapsed_ms(), 1000)
  t:ok(not c:returned())
end)

test("FEATUREMAP changes the code for this call", function(t)
  phone(t, { answer_ms = 0, keys = { [1000] = "*", [3000] = "99" } })
  t:dialplan [[extensions = { start = { s = function()
    channel["FEATUREMAP(disconnect)"] = "99"
    channel.SEEN = channel.FEATUREMAP("disconnect"):get() .. channel.FEATUREMAP("blindxfer"):get()
    app.dial("PJSIP/100", 20, "h")
  end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "99#")
  t:equal(c:get("ANSWEREDTIME_MS"), "3100")
  t:equal(c:sent(), "*")
  t:contains(t:lua('channel["FEATUREMAP(shoe)"] = "1"'):log(), "unknown feature 'shoe'")
  t:contains(t:lua('channel["FEATUREMAP(disconnect)"] = "x"'):log(), "are no keys")
end)

test("L ends the talk after its time, with warnings", function(t)
  phone(t, { answer_ms = 0 })
  local c = t:call("Dial", "PJSIP/100", 30, "L(90000:65000:30000)g")
  t:equal(c:get("ANSWEREDTIME"), "90")
  t:equal(c:played(), "vm-youhave digits/1 minute digits/5 seconds vm-youhave digits/30 digits/5 seconds vm-youhave digits/5 seconds")
  t:ok(c:returned())
  t:ok(not t:call("Dial", "PJSIP/100", 30, "L(1000)"):returned())
end)

test("L plays the files of LIMIT_, to whom they say", function(t)
  phone(t, { answer_ms = 0 })
  local c = t:channel {}
  for name, value in pairs { CONNECT_FILE = "begin", WARNING_FILE = "soon", TIMEOUT_FILE = "over", PLAYAUDIO_CALLEE = "yes", PLAYAUDIO_CALLER = "no" } do
    c:set("LIMIT_" .. name, value)
  end
  c:run("Dial", "PJSIP/100", 30, "L(10000:3000)")
  t:equal(c:played(), "begin soon over")
  t:equal(c:get("ANSWEREDTIME"), "10")
end)

test("L that is no number is a warning", function(t)
  phone(t)
  t:contains(t:call("Dial", "PJSIP/100", 30, "L(soon)"):log(), "option L wants")
  t:contains(t:call("Dial", "PJSIP/100", 30, "S(soon)"):log(), "option S wants")
end)

test("o keeps the caller's number at the called channel", function(t)
  phone(t)
  t:call("Dial", "PJSIP/100", 30, "o")
  t:equal(t:peer("PJSIP/100"):callerid(), '"Alice" <100>')
  t:call("Dial", "PJSIP/100", 30, "o(55)")
  t:equal(t:peer("PJSIP/100"):callerid(), "55")
end)

test("R rings at once and lets early media through", function(t)
  phone(t, { progress_ms = 300, end_ms = 900, cause = 17 })
  t:equal(t:call("Dial", "PJSIP/100", 10, "R"):indications(), "ringing progress busy")
  t:equal(t:call("Dial", "PJSIP/100", 10, "r"):indications(), "ringing busy")
end)

test("r(tone) plays a tone instead of ringing", function(t)
  phone(t, { ring_ms = 100, end_ms = 900, cause = 17 })
  local c = t:call("Dial", "PJSIP/100", 10, "r(dial)")
  t:equal(c:indications(), "progress busy")
  t:equal(c:tones(), "350+440 stop")
  t:contains(t:call("Dial", "PJSIP/100", 10, "r(shoe)"):log(), "Dial: option r: ")
end)

test("S ends the talk after seconds", function(t)
  phone(t, { answer_ms = 0 })
  t:equal(t:call("Dial", "PJSIP/100", 30, "S(4)"):get("ANSWEREDTIME"), "4")
  t:equal(t:call("Dial", "PJSIP/100", 30, "S(4)L(60000:58000)"):get("ANSWEREDTIME"), "4")
end)

local transfers = [[extensions = {
  start = { s = function() app.dial("PJSIP/100", 20, channel.OPTIONS:get()) channel.AFTER = "yes" end },
  there = { ["12"] = function()
    channel.SEEN = channel.BLINDTRANSFER:get()
    channel["GLOBAL(WHO)"] = channel.CHANNEL:get()
    app.wait(1)
  end },
}]]

local function transferring(t, options, keys, at)
  t:dialplan(transfers)
  local c = t:channel {}
  c:set("OPTIONS", options)
  c:set("_TRANSFER_CONTEXT", "there")
  if keys then c:press(at, keys) end
  c:enter("start", "s")
  return c
end

test("t lets the callee send the caller elsewhere", function(t)
  t:sound("pbx-transfer", 1000)
  phone(t, { answer_ms = 0, keys = { [1000] = "#12" } })
  local c = transferring(t, "t")
  t:equal(c:get("SEEN"), "PJSIP/100-00000002")
  t:equal(c:get("AFTER"), nil)
  t:equal(c:released(), "PJSIP/100 16")
  t:equal(t:value('channel["GLOBAL(WHO)"]:get()'), "PJSIP/caller-00000001")
end)

test("T lets the caller send the callee elsewhere", function(t)
  phone(t, { answer_ms = 0 })
  local c = transferring(t, "T", "#12", 1000)
  t:equal(c:get("AFTER"), nil)
  t:equal(t:value('channel["GLOBAL(WHO)"]:get()'), "PJSIP/100-00000002")
  t:equal(t:peer("PJSIP/100"):get("BLINDTRANSFER"), "PJSIP/caller-00000001")
end)

test("a transfer to nowhere is refused and they talk on", function(t)
  phone(t, { answer_ms = 0, hangup_ms = 20000 })
  local c = transferring(t, "T", "#9", 1000)
  t:contains(c:played(), "pbx-invalid")
  t:equal(c:get("SEEN"), nil)
  t:equal(c:get("DIALSTATUS"), "ANSWER")
end)

test("without t and T the code is only a key", function(t)
  phone(t, { answer_ms = 0, hangup_ms = 5000 })
  local c = transferring(t, "h", "#12", 1000)
  t:equal(c:played(), "")
end)

test("z: a forward takes the timeout away", function(t)
  phone(t, { end_ms = 1000, forward = "200" })
  t:phone("Local/200@luatest", { end_ms = 8000, cause = 17 })
  t:equal(t:call("Dial", "PJSIP/100", 5, "z"):get("DIALSTATUS"), "BUSY")
  t:equal(t:call("Dial", "PJSIP/100", 5):get("DIALSTATUS"), "NOANSWER")
end)

test("the progress timeout ends the wait for any sign of life", function(t)
  phone(t, {})
  local c = t:call("Dial", "PJSIP/100", "30^4")
  t:equal(c:elapsed_ms(), 4000)
  t:equal(c:get("DIALSTATUS"), "NOANSWER")
  phone(t, { ring_ms = 1000 })
  t:equal(t:call("Dial", "PJSIP/100", "30^4"):elapsed_ms(), 30000)
end)

test("RetryDial tries again until somebody answers", function(t)
  phone(t, { end_ms = 1000, cause = 17 })
  local c = t:call("RetryDial", "sorry", 2, 3, "PJSIP/100", 5)
  t:equal(c:elapsed_ms(), 4 * 1000 + 3 * 3000)
  t:equal(c:get("DIALSTATUS"), "BUSY")
  t:equal(c:played(), "sorry sorry sorry")
  t:ok(c:returned())
  phone(t)
  t:equal(t:call("RetryDial", "sorry", 2, 3, "PJSIP/100", 5):get("DIALSTATUS"), "ANSWER")
end)

test("RetryDial with d leaves between two tries", function(t)
  phone(t, { cause = 17 })
  t:dialplan [[extensions = { start = { s = function() app.retrydial("", 10, -1, "PJSIP/100", 5, "d") end, ["1"] = function() channel.SEEN = "one" end } }]]
  local c = t:channel {}
  c:press(15000, "1")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "one")
end)

test("m plays hold music instead of ringing", function(t)
  phone(t, { ring_ms = 100, end_ms = 900, cause = 17 })
  t:equal(t:call("Dial", "PJSIP/100", 10, "m"):indications(), "progress busy")
  local c = t:channel { media = false }
  c:run("Dial", "PJSIP/100", 10, "m")
  t:contains(c:log(), "Dial: option m: ")
  t:equal(c:indications(), "progress ringing busy")
end)
