test("Playback answers and plays all files", function(t)
  t:sound("two", 500)
  local c = t:call("Playback", "one&two")
  t:ok(c:answered())
  t:ok(c:returned())
  t:equal(c:played(), "one two")
  t:equal(c:elapsed_ms(), 1500)
  t:equal(c:get("PLAYBACKSTATUS"), "SUCCESS")
end)

test("Playback is not interrupted by keys", function(t)
  local c = t:channel {}
  c:press(100, "5")
  c:run("Playback", "one")
  t:equal(c:elapsed_ms(), 1000)
end)

test("Playback noanswer opens early media", function(t)
  local c = t:call("Playback", "one", "noanswer")
  t:ok(not c:answered())
  t:equal(c:indications(), "progress")
  t:equal(c:played(), "one")
end)

test("Playback skip does nothing before the answer", function(t)
  local c = t:call("Playback", "one", "skip")
  t:equal(c:played(), "")
  t:ok(c:returned())
end)

test("a missing file is FAILED and the rest is played", function(t)
  t:sound("gone", false)
  local c = t:call("Playback", "gone&one")
  t:equal(c:get("PLAYBACKSTATUS"), "FAILED")
  t:equal(c:played(), "one")
  t:ok(c:returned())
  t:contains(c:log(), "cannot play 'gone'")
end)

test("Playback ends with the caller", function(t)
  local c = t:channel {}
  c:hang_up(300)
  c:run("Playback", "one")
  t:ok(not c:returned())
  t:equal(c:elapsed_ms(), 300)
end)

test("a channel without sound says so and goes on", function(t)
  local c = t:channel { media = false, up = true }
  c:run("Playback", "one")
  t:equal(c:get("PLAYBACKSTATUS"), "FAILED")
  t:ok(c:returned())
end)

test("Playback says numbers and moments among files", function(t)
  local c = t:channel { up = true, language = "en" }
  c:run("Playback", "one&num:42&enum:3&digit:0*&char:ab&phonetic:a&date:1767603600&time:1767603600", "mix")
  t:equal(c:played(), "one digits/40 digits/2 digits/h-3 digits/0 digits/star letters/a letters/b phonetic/a_p " ..
    "digits/day-1 digits/mon-0 digits/h-5 digits/2 digits/thousand digits/20 digits/6 digits/9 digits/oclock digits/a-m")
  t:equal(c:get("PLAYBACKSTATUS"), "SUCCESS")
  c = t:channel { up = true, language = "de" }
  c:run("Playback", "num:21", "say")
  t:contains(c:played(), "digits/1-and digits/20")
  c = t:channel { up = true }
  c:run("Playback", "num:many", "say")
  t:contains(c:played(), "num:many")
end)

test("keys that are typed ahead count, through several prompts and menus", function(t)
  t:dialplan [[extensions = { start = {
    s = function() app.playback("welcome"); app.background("first") app.waitexten(5) end,
    ["2"] = function() app["goto"]("second", "s", 1) end,
    t = function() channel.SEEN = "t" end,
  }, second = {
    s = function() app.background("second"); app.waitexten(5) end,
    ["35"] = function(c, e) channel.SEEN = c .. e end,
  } }]]
  local c = t:channel {}
  c:press(200, "235")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "second35")
  t:equal(c:elapsed_ms(), 1000)
end)

test("between digits TIMEOUT(digit) counts, for the first one TIMEOUT(response)", function(t)
  t:dialplan [[extensions = { start = {
    s = function() channel.TIMEOUT("digit"):set(2); channel.TIMEOUT("response"):set(7); app.answer(); app.waitexten() end,
    ["123"] = function() channel.SEEN = "123" end, ["12"] = function() channel.SEEN = "12" end,
    i = function() channel.SEEN = "i" .. channel.INVALID_EXTEN:get() end, t = function() channel.SEEN = "t" end,
  } }]]
  local function typed(presses)
    local c = t:channel {}
    for at, keys in pairs(presses) do c:press(at, keys) end
    c:enter("start", "s")
    return c:get("SEEN"), c:elapsed_ms()
  end
  local seen, ms = typed { [6900] = "1", [8800] = "2", [10700] = "3" }
  t:equal(seen .. ms, "12310700")
  seen, ms = typed { [1000] = "12" }
  t:equal(seen .. ms, "123100")
  seen, ms = typed { [1000] = "1" }
  t:equal(seen .. ms, "i13000")
  seen, ms = typed {}
  t:equal(seen .. ms, "t7000")
end)

local menu = [[
extensions = { menu = {
  s = function() app.background("welcome", channel.LETTERS:get()); app.waitexten(3); channel.AFTER = "yes" end,
  ["1"] = function(c, e) channel.SEEN = e end,
  ["22"] = function(c, e) channel.SEEN = e end,
  ["2"] = function(c, e) channel.SEEN = e end,
  [12345] = function(c, e) channel.SEEN = e end,
  ["1234"] = function(c, e) channel.SEEN = e end,
  i = function() channel.SEEN = "i:" .. channel.INVALID_EXTEN:get() end,
  t = function() channel.SEEN = "t" end,
}, short = {
  s = function() app.background("welcome"); channel.AFTER = "yes" end,
  ["7"] = function(c, e) channel.SEEN = e end,
} }
]]

local function dialling(t, keys, letters, context)
  t:dialplan(menu)
  local c = t:channel {}
  if keys then c:press(200, keys) end
  c:set("LETTERS", letters or "")
  c:enter(context or "menu", "s")
  return c
end

test("Background jumps at once where the key is a whole extension", function(t)
  local c = dialling(t, "7", nil, "short")
  t:equal(c:get("SEEN"), "7")
  t:equal(c:elapsed_ms(), 200)
  t:equal(c:get("AFTER"), nil)
end)

test("Background collects the longer extension although a shorter one matches", function(t)
  local c = dialling(t, "12345")
  t:equal(c:get("SEEN"), "12345")
  t:equal(c:elapsed_ms(), 600)
end)

test("a shorter extension is taken after the digit timeout", function(t)
  local c = dialling(t, "1234")
  t:equal(c:get("SEEN"), "1234")
  t:equal(c:elapsed_ms(), 5500)
end)

test("an extension that is not there goes to i", function(t)
  t:equal(dialling(t, "9"):get("SEEN"), "i:9")
end)

test("nothing typed goes to t", function(t)
  local c = dialling(t)
  t:equal(c:get("SEEN"), "t")
  t:equal(c:elapsed_ms(), 4000)
end)

test("Background p is not interrupted, the key is for WaitExten", function(t)
  local c = dialling(t, "22", "p")
  t:equal(c:get("SEEN"), "22")
  t:equal(c:elapsed_ms(), 1000)
end)

test("Background m is stopped only by a one-digit extension", function(t)
  t:equal(dialling(t, "9", "m"):get("SEEN"), "i:9")
end)

test("Background s and n before the answer", function(t)
  local c = t:call("Background", "one", "s")
  t:equal(c:played(), "")
  c = t:call("Background", "one", "n")
  t:ok(not c:answered())
  t:equal(c:played(), "one")
end)

local function reading(t, keys, ...)
  local c = t:channel {}
  if keys then c:press(200, keys) end
  c:run("Read", ...)
  return c
end

test("Read ends with #", function(t)
  local c = reading(t, "12#", "X", "prompt")
  t:equal(c:get("X"), "12")
  t:equal(c:get("READSTATUS"), "OK")
  t:equal(c:elapsed_ms(), 400)
  t:ok(c:answered())
end)

test("Read ends with as many digits as asked for", function(t)
  local c = reading(t, "1234", "X", "prompt", 3)
  t:equal(c:get("X"), "123")
  t:equal(c:get("READSTATUS"), "OK")
end)

test("Read times out", function(t)
  local c = reading(t, nil, "X", "prompt", 4, "", 1, 5)
  t:equal(c:get("X"), "")
  t:equal(c:get("READSTATUS"), "TIMEOUT")
  t:equal(c:elapsed_ms(), 6000)
  t:ok(c:returned())
end)

test("Read keeps what was typed before the timeout", function(t)
  local c = reading(t, "12", "X", "prompt", 4, "", 1, 2)
  t:equal(c:get("X"), "12")
  t:equal(c:get("READSTATUS"), "TIMEOUT")
end)

test("Read tries again", function(t)
  local c = t:channel {}
  c:press(3500, "7#")
  c:run("Read", "X", "prompt", 0, "", 2, 2)
  t:equal(c:get("X"), "7")
  t:equal(c:played(), "prompt prompt")
end)

test("Read takes other terminators, keeps a lone one, or has none", function(t)
  t:equal(reading(t, "1*", "X", "", 0, "t(*)"):get("X"), "1")
  t:equal(reading(t, "#", "X", "", 0, "e"):get("X"), "#")
  t:equal(reading(t, "1#2", "X", "", 3, "t"):get("X"), "1#2")
end)

test("Read i plays a tone until the first key", function(t)
  local c = reading(t, "12#", "X", "dial", 0, "i")
  t:equal(c:get("X"), "12")
  t:equal(c:get("READSTATUS"), "OK")
  t:equal(c:tones(), "350+440 stop")
  t:equal(c:played(), "")
  t:equal(reading(t, "123", "X", "dial", 2, "i"):get("X"), "12")
  t:equal(reading(t, "12", "X", "dial", 1, "i"):get("X"), "1")
  t:equal(reading(t, "#", "X", "dial", 0, "ie"):get("X"), "#")
  t:contains(reading(t, "1", "X", "dail", 1, "i"):log(), "us has no tone of that name")
  c = reading(t, nil, "X", "dial", 4, "i", 2, 3)
  t:equal(c:get("READSTATUS"), "TIMEOUT")
  t:equal(c:elapsed_ms(), 6000)
  t:equal(c:tones(), "350+440 stop 350+440 stop")
end)

test("Read says that the caller hung up", function(t)
  local c = t:channel {}
  c:hang_up(1500)
  c:run("Read", "X", "prompt")
  t:equal(c:get("READSTATUS"), "HANGUP")
  t:ok(not c:returned())
end)

test("Read s skips before the answer, n does not answer", function(t)
  t:equal(reading(t, nil, "X", "p", 1, "s"):get("READSTATUS"), "SKIPPED")
  t:ok(not reading(t, "1", "X", "p", 1, "n"):answered())
end)

test("Read without a variable is an error that goes on", function(t)
  local c = t:call("Read")
  t:equal(c:get("READSTATUS"), "ERROR")
  t:ok(c:returned())
end)

local function controlled(t, at_ms, keys, ...)
  t:sound("long", 20000)
  local c = t:channel {}
  if keys then c:press(at_ms, keys) end
  c:run("ControlPlayback", ...)
  return c
end

test("ControlPlayback plays to the end", function(t)
  local c = controlled(t, 100, "5", "long")
  t:ok(c:answered())
  t:equal(c:elapsed_ms(), 20000)
  t:equal(c:get("CPLAYBACKSTATUS"), "SUCCESS")
  t:equal(c:get("CPLAYBACKOFFSET"), "-1")
  t:equal(c:get("CPLAYBACKSTOPKEY"), nil)
end)

test("ControlPlayback is stopped by a key, and says where", function(t)
  local c = controlled(t, 4000, "9", "long", 1000, "", "", "89")
  t:equal(c:elapsed_ms(), 4000)
  t:equal(c:get("CPLAYBACKSTATUS"), "USERSTOPPED")
  t:equal(c:get("CPLAYBACKSTOPKEY"), "9")
  t:equal(c:get("CPLAYBACKOFFSET"), "4000")
  t:ok(c:returned())
end)

test("ControlPlayback of a file that is not there", function(t)
  t:sound("gone", false)
  local c = t:call("ControlPlayback", "gone")
  t:equal(c:get("CPLAYBACKSTATUS"), "ERROR")
  t:contains(c:log(), "cannot play 'gone'")
  t:equal(t:call("ControlPlayback"):get("CPLAYBACKSTATUS"), "ERROR")
end)

test("ControlPlayback goes on and back, and begins again", function(t)
  t:equal(controlled(t, 1000, "#", "long", 5000):elapsed_ms(), 15000)
  t:equal(controlled(t, 8000, "*", "long"):elapsed_ms(), 23000)
  t:equal(controlled(t, 8000, "7", "long", 1000, "", "", "", "", "7"):elapsed_ms(), 28000)
  t:equal(controlled(t, 1000, "3", "long", 5000, "3"):elapsed_ms(), 15000)
  t:equal(controlled(t, nil, nil, "long", 1000, "", "", "", "", "", "o(15000)"):elapsed_ms(), 5000)
end)

test("ControlPlayback is paused until the key comes again", function(t)
  t:sound("long", 20000)
  local c = t:channel {}
  c:press(4000, "5")
  c:press(60000, "5")
  c:run("ControlPlayback", "long", 3000, "", "", "", "5")
  t:equal(c:elapsed_ms(), 76000)
end)

test("WaitExten m plays music, d a dial tone", function(t)
  t:dialplan [[extensions = { start = {
    s = function() app.waitexten(3, channel.LETTERS:get()) end, t = function() end, ["5"] = function() end } }]]
  local function waiting(letters)
    local c = t:channel { up = true }
    c:set("LETTERS", letters)
    c:enter("start", "s")
    return c:tones()
  end
  t:equal(waiting("m(sales)"), "music sales stop")
  t:equal(waiting("m"), "music default stop")
  t:equal(waiting("d"), "350+440 stop")
end)

local numbers = [[extensions = { start = {}, numbers = { ["100"] = function() end, ["1001"] = function() end, ["#5"] = function() end, ["_2X"] = function() end } }]]

local function reading_exten(t, keys, ...)
  t:dialplan(numbers)
  local c = t:channel {}
  if keys then c:press(200, keys) end
  c:run("ReadExten", ...)
  return c
end

test("ReadExten takes keys as long as more could match", function(t)
  local c = reading_exten(t, "1001", "X", "prompt", "numbers")
  t:ok(c:answered())
  t:equal(c:get("X"), "1001")
  t:equal(c:get("READEXTENSTATUS"), "OK")
  t:equal(c:elapsed_ms(), 500)
  c = reading_exten(t, "100", "X", "prompt", "numbers")
  t:equal(c:get("X"), "100")
  t:equal(c:elapsed_ms(), 5400)
  t:equal(reading_exten(t, "100", "X", "prompt", "numbers", "", 2):elapsed_ms(), 2400)
  t:equal(reading_exten(t, "#5", "X", "prompt", "numbers"):get("X"), "#5")
end)

test("ReadExten p ends with #", function(t)
  local c = reading_exten(t, "100#", "X", "prompt", "numbers", "p")
  t:equal(c:get("X"), "100")
  t:equal(c:elapsed_ms(), 500)
end)

test("ReadExten tells what is no extension, and that nothing came", function(t)
  local c = reading_exten(t, "29", "X", "", "numbers")
  t:equal(c:get("READEXTENSTATUS"), "OK")
  c = reading_exten(t, "2#", "X", "", "numbers")
  t:equal(c:get("X") .. c:get("READEXTENSTATUS") .. c:get("INVALID_EXTEN"), "iINVALID2#")
  c = reading_exten(t, nil, "X", "", "numbers", "", 3)
  t:equal(c:get("X") .. c:get("READEXTENSTATUS"), "tTIMEOUT")
  t:equal(c:elapsed_ms(), 3000)
end)

test("ReadExten i plays a tone, s and n before the answer", function(t)
  t:equal(reading_exten(t, "22", "X", "dial", "numbers", "i"):tones(), "350+440 stop")
  t:equal(reading_exten(t, nil, "X", "p", "numbers", "s"):get("READEXTENSTATUS"), "SKIP")
  t:ok(not reading_exten(t, "22", "X", "p", "numbers", "n"):answered())
end)

test("ReadExten without a variable, or with a context that is none", function(t)
  t:equal(t:call("ReadExten"):get("READEXTENSTATUS"), "ERROR")
  local c = t:call("ReadExten", "X", "", "nowhere")
  t:equal(c:get("READEXTENSTATUS"), "ERROR")
  t:contains(c:log(), "there is no context nowhere")
end)

local talkers = [[extensions = { start = {
  s = function() app.backgrounddetect("long", channel.A:get(), channel.B:get(), channel.C:get(), channel.D:get()); channel.SEEN = "on" end,
  talk = function() channel.SEEN = "talk" end, ["12"] = function() channel.SEEN = "12" end,
} }]]

local function detecting(t, talk_ms, keys, ...)
  t:sound("long", 20000)
  t:talks(talk_ms)
  t:dialplan(talkers)
  local c = t:channel {}
  for i, name in ipairs { "A", "B", "C", "D" } do c:set(name, (select(i, ...)) or "") end
  if keys then c:press(2000, keys) end
  c:enter("start", "s")
  return c
end

test("BackgroundDetect goes to talk when the caller has spoken", function(t)
  local c = detecting(t, 800)
  t:ok(c:answered())
  t:equal(c:get("SEEN"), "talk")
  t:equal(c:get("TALK_DETECTED"), "800")
  t:equal(c:elapsed_ms(), 1800)
  t:equal(detecting(t, 800, nil, "500"):elapsed_ms(), 1300)
end)

test("BackgroundDetect wants speech of the right length at the right time", function(t)
  t:equal(detecting(t, 0):get("SEEN"), "on")
  t:equal(detecting(t, 80):get("SEEN"), "on")
  t:equal(detecting(t, 800, nil, "1000", "900"):get("SEEN"), "on")
  t:equal(detecting(t, 800, nil, "1000", "100", "700"):get("SEEN"), "on")
  t:equal(detecting(t, 3000, nil, "1000", "100", "", "3500"):get("SEEN"), "on")
end)

test("BackgroundDetect is stopped by a key that an extension begins with", function(t)
  t:equal(detecting(t, 0, "12"):get("SEEN"), "12")
  t:equal(detecting(t, 0, "9"):get("SEEN"), "on")
end)

test("WaitForSilence and WaitForNoise", function(t)
  t:talks(3000)
  local c = t:channel { up = true }
  c:run("WaitForSilence", 2000)
  t:equal(c:get("WAITSTATUS"), "SILENCE")
  t:equal(c:elapsed_ms(), 5000)
  c = t:channel { up = true }
  c:run("WaitForNoise", 500, 2)
  t:equal(c:get("WAITSTATUS"), "NOISE")
  c = t:channel { up = true }
  c:run("WaitForSilence", 2000, 1, 4)
  t:equal(c:get("WAITSTATUS"), "TIMEOUT")
  t:equal(c:elapsed_ms(), 4000)
end)
