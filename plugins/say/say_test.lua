local function said(t, language, application, ...)
  local c = t:channel { up = true, language = language }
  local before = #c:played()
  c:run(application, ...)
  return c:played():sub(before + 1):match("^%s*(.-)%s*$"), c
end

test("SayNumber in English", function(t)
  for n, want in pairs {
    ["0"] = "digits/0", ["7"] = "digits/7", ["20"] = "digits/20", ["25"] = "digits/20 digits/5", ["100"] = "digits/1 digits/hundred",
    ["-3"] = "digits/minus digits/3", ["1999"] = "digits/1 digits/thousand digits/9 digits/hundred digits/90 digits/9",
    ["2000000"] = "digits/2 digits/million", ["12000"] = "digits/12 digits/thousand",
  } do
    t:equal(said(t, "en", "SayNumber", n), want)
  end
end)

test("SayNumber in German", function(t)
  for n, want in pairs {
    ["1"] = "digits/1", ["16"] = "digits/16", ["25"] = "digits/5-and digits/20", ["30"] = "digits/30", ["100"] = "digits/1N digits/hundred",
    ["342"] = "digits/3 digits/hundred digits/2-and digits/40", ["1000000"] = "digits/1F digits/million", ["21000"] = "digits/1-and digits/20 digits/thousand",
  } do
    t:equal(said(t, "de_CH", "SayNumber", n), want)
  end
  t:equal(said(t, "de", "SayNumber", "1", "f"), "digits/1F")
  t:equal(said(t, "de", "SayNumber", "101", "n"), "digits/1N digits/hundred digits/1N")
end)

test("SayNumber of what is no number says so and goes on", function(t)
  for _, bad in ipairs { "", "x", "1.5", "1e15" } do
    local words, c = said(t, "en", "SayNumber", bad)
    t:equal(words, "")
    t:contains(c:log(), "is no whole number")
    t:ok(c:returned())
  end
end)

test("SayAlpha and SayPhonetic spell", function(t)
  t:equal(said(t, "en", "SayAlpha", "Ab1 .#"), "letters/a letters/b digits/1 letters/space letters/dot digits/pound")
  t:equal(said(t, "en", "SayPhonetic", "Ab1"), "phonetic/a_p phonetic/b_p digits/1")
  t:equal(said(t, "en", "SayAlpha", ""), "")
end)

test("SayUnixTime in English", function(t)
  t:equal(said(t, "en", "SayUnixTime", "1767603600", "UTC"), "digits/day-1 digits/mon-0 digits/h-5 digits/2 digits/thousand digits/20 digits/6 digits/at digits/9 digits/oclock digits/a-m")
  t:equal(said(t, "en", "SayUnixTime", "1767603600", "America/New_York", "HM"), "digits/oh digits/4 digits/hundred")
  t:equal(said(t, "en", "SayUnixTime", "1767637805", "UTC", "T"), "digits/18 digits/30 digits/oh digits/5")
  t:equal(said(t, "en", "SayUnixTime", "1767637805", "UTC", "R"), "digits/18 digits/30")
  t:equal(said(t, "en", "SayUnixTime", "946684799", "UTC", "dY"), "digits/30 digits/h-1 digits/19 digits/90 digits/9")
  t:equal(said(t, "en", "SayUnixTime", "-2208988800", "UTC", "Y"), "digits/19 digits/hundred")
  t:equal(said(t, "en", "SayUnixTime", "1767603600", "UTC", "'hello'lMp"), "hello digits/9 digits/oclock digits/a-m")
end)

test("Q and q are relative to today", function(t)
  t:equal(said(t, "en", "SayUnixTime", "1767603600", "UTC", "Q"), "digits/today")
  t:equal(said(t, "en", "SayUnixTime", "1767603600", "UTC", "q"), "")
  t:equal(said(t, "en", "SayUnixTime", "1767517200", "UTC", "Q"), "digits/yesterday")
  t:equal(said(t, "en", "SayUnixTime", "1767430800", "UTC", "q"), "digits/day-6")
  t:equal(said(t, "en", "SayUnixTime", "1767430800", "UTC", "Q"), "digits/day-6 digits/mon-0 digits/h-3 digits/2 digits/thousand digits/20 digits/6")
end)

test("SayUnixTime in German, and without arguments", function(t)
  t:equal(said(t, "de", "SayUnixTime", "1767637800", "UTC"), "digits/day-1 digits/h-5 digits/mon-0 digits/2 digits/thousand digits/6-and digits/20 digits/18 digits/oclock digits/30")
  t:contains(said(t, "en", "SayUnixTime"), "digits/day-")
end)

test("SayUnixTime says what it cannot read", function(t)
  local _, c = said(t, "en", "SayUnixTime", "soon")
  t:contains(c:log(), "'soon' is no number of seconds")
  _, c = said(t, "en", "SayUnixTime", "0", "UTC", "z")
  t:contains(c:log(), "unknown letter 'z'")
end)

local plan = [[extensions = { start = { s = function() channel.SAY_DTMF_INTERRUPT = channel.HOW:get() app.saynumber(1999) end, ["5"] = function() channel.SEEN = "five" end } }]]

test("a key interrupts when asked for", function(t)
  t:dialplan(plan)
  local c = t:channel { up = true }
  c:set("HOW", "true")
  c:press(1500, "5")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "five")
  c = t:channel { up = true }
  c:set("HOW", "")
  c:press(1500, "5")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), nil)
end)

test("a caller who hangs up ends it", function(t)
  local c = t:channel { up = true }
  c:hang_up(1500)
  c:run("SayNumber", "1999")
  t:ok(not c:returned())
end)

test("lists of prompts for others", function(t)
  t:equal(t:value [[table.concat(require "pbx".say.number(21, "en"), " ")]], "digits/20 digits/1")
  t:equal(t:value [[table.concat(require "pbx".say.letters("a1"), " ")]], "letters/a digits/1")
  t:equal(t:value [[table.concat(require "pbx".say.moment(1767603600, "UTC", "HN"), " ")]], "digits/oh digits/9 digits/hundred")
end)

test("SayDigits says each digit", function(t)
  local c = t:channel { up = true }
  c:run("SayDigits", "1*2#")
  t:equal(c:played(), "digits/1 digits/star digits/2 digits/pound")
end)

test("SayDigits is interrupted when asked for", function(t)
  t:dialplan [[extensions = { start = {
    s = function() channel.SAY_DTMF_INTERRUPT = "true"; app.saydigits("111") end,
    ["5"] = function(c, e) channel.SEEN = e end } }]]
  local c = t:channel { up = true }
  c:press(1200, "5")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "5")
end)

--- Compare what an expression of n yields for each n, a list of prompts, with what is wanted, without the folder. All in one call, for speed.
local function lists(t, language, call, wanted)
  local numbers = {}
  for n in pairs(wanted) do numbers[#numbers + 1] = n end
  local c = t:lua(([[local pbx, out = require "pbx", {}
    for _, n in ipairs { %s } do out[#out + 1] = table.concat(pbx.say.%s, " ") end
    put(table.concat(out, ";"))]]):format(table.concat(numbers, ","), call:format("n", language)))
  local seen = c:get("SEEN") .. ";"
  for _, n in ipairs(numbers) do
    local stop = seen:find(";", 1, true)
    t:equal(n .. ": " .. seen:sub(1, stop - 1):gsub("digits/", ""), n .. ": " .. wanted[n])
    seen = seen:sub(stop + 1)
  end
end

test("numbers in English", function(t)
  lists(t, "en", "number(%s, '%s')", { [0] = "0", [1] = "1", [13] = "13", [19] = "19", [20] = "20", [21] = "20 1", [80] = "80", [99] = "90 9", [100] = "1 hundred",
    [101] = "1 hundred 1", [110] = "1 hundred 10", [999] = "9 hundred 90 9", [1000] = "1 thousand", [1001] = "1 thousand 1", [1100] = "1 thousand 1 hundred",
    [21000] = "20 1 thousand", [345678] = "3 hundred 40 5 thousand 6 hundred 70 8", [1000000] = "1 million", [1000001] = "1 million 1",
    [999999999] = "9 hundred 90 9 million 9 hundred 90 9 thousand 9 hundred 90 9", [1000000000] = "1 billion", [2147483647] =
    "2 billion 1 hundred 40 7 million 4 hundred 80 3 thousand 6 hundred 40 7", [-21] = "minus 20 1" })
end)

test("numbers in German", function(t)
  lists(t, "de", "number(%s, '%s')", { [0] = "0", [1] = "1", [16] = "16", [20] = "20", [21] = "1-and 20", [30] = "30", [77] = "7-and 70", [100] = "1N hundred", [101] = "1N hundred 1",
    [199] = "1N hundred 9-and 90", [342] = "3 hundred 2-and 40", [1000] = "1N thousand", [1001] = "1N thousand 1", [2000] = "2 thousand", [21000] = "1-and 20 thousand",
    [101000] = "1N hundred 1N thousand", [1000000] = "1F million", [2000000] = "2 millions", [31000001] = "1-and 30 millions 1", [101000000] = "1N hundred 1F millions",
    [1000000000] = "1F milliard", [2000000000] = "2 milliards", [-5] = "minus 5" })
  lists(t, "de_CH", "number(%s, '%s', 'f')", { [1] = "1F", [2] = "2", [21] = "1-and 20", [101] = "1N hundred 1F" })
  lists(t, "de", "number(%s, '%s', 'n')", { [1] = "1N", [1001] = "1N thousand 1N" })
end)

test("numbers in French", function(t)
  lists(t, "fr", "number(%s, '%s')", { [0] = "0", [1] = "1", [17] = "17", [20] = "20", [21] = "20 et 1", [22] = "20 2", [31] = "30 et 1", [59] = "50 9", [60] = "60", [61] = "60 et 1", [62] = "60 2",
    [70] = "60 10", [71] = "60 et 11", [72] = "60 12", [79] = "60 19", [80] = "80", [81] = "80 1", [90] = "80 10", [91] = "80 11", [99] = "80 19", [100] = "hundred", [101] = "hundred 1",
    [171] = "hundred 60 et 11", [200] = "2 hundred", [221] = "2 hundred 20 et 1", [1000] = "thousand", [1001] = "thousand 1", [1999] = "thousand 9 hundred 80 19",
    [21000] = "20 et 1 thousand", [80000] = "80 thousand", [1000000] = "1 million", [1000000000] = "1 milliard", [-71] = "minus 60 et 11" })
  lists(t, "fr_CA", "number(%s, '%s', 'f')", { [1] = "1F", [21] = "20 et 1F", [80] = "80", [101] = "hundred 1F" })
end)

test("the n-th", function(t)
  lists(t, "en", "ordinal(%s, '%s')", { [1] = "h-1", [12] = "h-12", [20] = "h-20", [21] = "20 h-1", [90] = "h-90", [100] = "1 h-hundred", [101] = "1 hundred h-1",
    [1000] = "1 h-thousand", [2032] = "2 thousand 30 h-2", [1000000] = "1 h-million" })
  lists(t, "de", "ordinal(%s, '%s')", { [1] = "h-1", [19] = "h-19", [20] = "h-20", [31] = "1-and h-30", [100] = "h-hundred", [205] = "2 hundred h-5", [1000] = "h-thousand" })
  lists(t, "de", "ordinal(%s, '%s', 'f')", { [1] = "h-1F", [21] = "1-and h-20F" })
  lists(t, "fr", "ordinal(%s, '%s')", { [1] = "h-1", [2] = "h-2", [31] = "h-31", [45] = "40 5" })
  lists(t, "fr", "ordinal(%s, '%s', 'f')", { [1] = "h-1F" })
end)

--- The same for moments of UTC in a format.
local function moments(t, language, format, wanted) lists(t, language, "moment(%s, 'UTC', " .. format .. ", '%s')", wanted) end

test("dates and hours in three languages", function(t)
  local first, second, old = 1767225600, 1767398400 + 12 * 3600 + 300, -1577923200 -- Thursday 2026-01-01 00:00, Saturday 2026-01-03 12:05, 1920-01-01
  moments(t, "en", "nil", { [first] = "day-4 mon-0 h-1 2 thousand 20 6 at 12 oclock a-m", [second] = "day-6 mon-0 h-3 2 thousand 20 6 at 12 oh 5 p-m",
    [old] = "day-4 mon-0 h-1 19 20 at 12 oclock a-m" })
  moments(t, "de", "nil", { [first] = "day-4 h-1 mon-0 2 thousand 6-and 20 0 oclock", [second] = "day-6 h-3 mon-0 2 thousand 6-and 20 12 oclock 5",
    [old] = "day-4 h-1 mon-0 19 hundred 20 0 oclock" })
  moments(t, "fr", "nil", { [first] = "day-4 h-1 mon-0 2 thousand 20 6 at 0 oclock", [second] = "day-6 3 mon-0 2 thousand 20 6 at 12 oclock 5",
    [old] = "day-4 h-1 mon-0 thousand 9 hundred 20 at 0 oclock" })
  moments(t, "en", "'HM'", { [first] = "oh 0 hundred", [first + 3660] = "oh 1 oh 1", [second + 36000] = "20 2 oh 5" })
  moments(t, "en", "'IMSp'", { [first + 3601] = "1 oclock oh 1 a-m", [second] = "12 oh 5 oh 0 p-m" })
  moments(t, "de", "'IM'", { [first + 3600] = "1N oclock", [second + 3600] = "1N oclock 5" })
  moments(t, "de", "'T'", { [first + 3661] = "1N oclock 1 1" })
  moments(t, "fr", "'R'", { [first + 3600] = "1F oclock", [first + 75660] = "20 et 1F oclock 1" })
  moments(t, "fr", "'A d B'", { [first] = "day-4 h-1 mon-0", [first + 20 * 86400] = "day-3 20 et 1 mon-0" })
end)

test("counted nouns and adjectives", function(t)
  for n, want in pairs { ["0"] = "digits/0 vm-messages", ["1"] = "digits/1 vm-message", ["2"] = "digits/2 vm-messages", ["21"] = "digits/20 digits/1 vm-messages" } do
    t:equal(said(t, "en", "SayCountedNoun", n, "vm-message"), want)
  end
  t:equal(said(t, "fr", "SayCountedNoun", "0", "vm-message"), "digits/0 vm-message")
  t:equal(said(t, "fr", "SayCountedNoun", "1", "hour", "f"), "digits/1F hour")
  t:equal(said(t, "de", "SayCountedNoun", "1", "minute", "f"), "digits/1F minute")
  t:equal(said(t, "en", "SayCountedAdj", "2", "vm-INBOX"), "vm-INBOX")
  t:equal(said(t, "fr", "SayCountedAdj", "2", "vm-INBOX"), "vm-INBOXs")
  local words, c = said(t, "en", "SayCountedNoun", "many", "vm-message")
  t:equal(words, "")
  t:contains(c:log(), "SayCountedNoun: 'many' is no whole number")
end)

test("SayOrdinal", function(t)
  t:equal(said(t, "en", "SayOrdinal", "23"), "digits/20 digits/h-3")
  t:equal(said(t, "de", "SayOrdinal", "1", "f"), "digits/h-1F")
end)

test("letters with accents", function(t)
  t:equal(said(t, "de", "SayAlpha", "Ärger"), "letters/ae letters/r letters/g letters/e letters/r")
  t:equal(said(t, "fr", "SayAlpha", "né"), "letters/n letters/e-acute")
  t:equal(said(t, "en", "SayAlpha", "né"), "letters/n")
end)

test("what is missing is said in the words of English, and named once", function(t)
  t:sound("digits/5-and", false)
  for _ = 1, 2 do t:equal(said(t, "de_CH", "SayNumber", "25"), "digits/20 digits/5") end
  local words, c = said(t, "de_CH", "SayNumber", "26")
  t:equal(words, "digits/6-and digits/20")
  local _, times = c:log():gsub("the prompt digits/5%-and is missing in language de_CH", "")
  t:equal(times, 1)
  t:sound("digits/1F", false)
  t:equal(said(t, "fr", "SayUnixTime", "1767229200", "UTC", "H"), "digits/oh digits/1")
end)

test("a language of the site's own", function(t)
  local c = t:lua([[
    local pbx = require "pbx"
    pbx.say.language("eo", { number = { { 0, "digits/=" }, { 20, "digits/<-dek >", per = 10 } }, minus = "digits/minus", digit = "digits/=", keys = {} })
    put(table.concat(pbx.say.number(42, "eo"), " "))]])
  t:equal(c:get("SEEN"), "digits/4-dek digits/2")
end)

test("every prompt of every number, date and letter has a name as files have", function(t)
  local c = t:lua([[
    local pbx, bad, count = require "pbx", nil, 0
    local function look(list)
      for _, name in ipairs(list) do
        count = count + 1
        if not name:find("^[a-z]+/[%w-_]+$") then bad = bad or name end
      end
      if #list == 0 then bad = bad or "nothing" end
    end
    for _, language in ipairs { "en", "de", "fr" } do
      local n, step = 0, 1
      while n <= 1e9 do
        for _, gender in ipairs { "", "f", "n" } do
          look(pbx.say.number(n, language, gender ~= "" and gender or nil))
          look(pbx.say.ordinal(n, language, gender ~= "" and gender or nil))
        end
        n = n + step
        if n > 130 then step = math.floor(n / 7) end
      end
      for day = 0, 40 do look(pbx.say.moment(day * 777777, "UTC", nil, language)) end
      look(pbx.say.letters("abcdefghijklmnopqrstuvwxyz0123456789*#@.-+/", language))
      look(pbx.say.phonetic("abcdefghijklmnopqrstuvwxyz0123456789", language))
    end
    put(bad or count > 5000 and "good" or count)]])
  t:equal(c:get("SEEN"), "good")
end)
