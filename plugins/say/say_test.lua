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
