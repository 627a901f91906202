--- Numbers, letters and times in words, in English, German and French, and whatever language a site adds.
-- Applications: SayNumber, SayOrdinal, SayDigits, SayAlpha, SayPhonetic, SayCountedNoun, SayCountedAdj, SayUnixTime, DateTime.
local pbx = require "pbx"
local rules = require "say.rules"
local moment = require "say.moment"
local shipped = { en = true, de = true, fr = true }
local added = {} -- by the site, for this call
local M = { name = "say" }

local any_key = "0123456789*#ABCD"
local most = 1e12

local function named(name) return added[name] or shipped[name] and require("say.languages." .. name) end

--- The table of a language, or of what it is a kind of: de for de_CH. English for those that have none.
local function table_of(language)
  local name = language or ""
  while name ~= "" do
    local words = named(name)
    if words then return words end
    name = name:match("^(.*)_[^_]*$") or ""
  end
  return named "en"
end

--- The first prompt that the sounds have not, in the language or in those they fall back to.
local function missing(list, language)
  for _, name in ipairs(list) do
    if not pbx.has_prompt(name, language) then return name end
  end
end

--- What make(table of the language) yields; in English words if a recording of it is missing, which the log says once.
local function spoken(language, make)
  local words = table_of(language)
  local list = make(words)
  if words == named "en" then return list end
  local name = missing(list, language)
  if not name then return list end
  if pbx.shared:add("say/missing/" .. language .. "/" .. name) == 1 then
    pbx.log("warning", ("say: the prompt %s is missing in language %s; what needs it is said in the words of English"):format(name, language))
  end
  return make(named "en")
end

--- For other plugins and dialplans, who say such things among others of their own: lists of prompts.
M.module = {
  number = function(n, language, gender) return spoken(language, function(words) return rules.number(words, n, gender) end) end,
  ordinal = function(n, language, gender) return spoken(language, function(words) return rules.number(words, n, gender, "ordinal") end) end,
  digits = function(text, language) return spoken(language, function(words) return rules.digits(words, text) end) end,
  letters = function(text, language) return spoken(language, function(words) return rules.letters(words, text, "letter") end) end,
  phonetic = function(text, language) return spoken(language, function(words) return rules.letters(words, text, "phonetic") end) end,
  noun = function(n, name, language) return spoken(language, function(words) return { rules.ending(words, "noun", n, name) } end)[1] end,
  moment = function(epoch, zone, format, language) return spoken(language, function(words) return moment.prompts(words, epoch, zone, format) end) end,
  language = function(name, words) added[name] = words end,
}

--- Play them in one go. A key that may interrupt is what the application returns: it begins an extension.
local function say(chan, list, interrupt)
  if #list == 0 then return end
  local keys = (interrupt or pbx.truth(chan:get("SAY_DTMF_INTERRUPT"))) and any_key or ""
  local ok, second, third = chan:play(list, keys)
  if not ok and second then pbx.log("warning", "say: " .. second) end
  local key
  if ok then key = second else key = third end
  if key then return chan:digit(0) end
end

--- A whole number that can be said; nil and a line in the log for what is none.
local function whole(application, text)
  local n = tonumber(text)
  if n and n == math.floor(n) and math.abs(n) < most then return n end
  pbx.log("warning", ("%s: '%s' is no whole number"):format(application, text or ""))
end

local function gender_of(text) return text and text:lower():sub(1, 1) end

local function say_number(application, kind)
  return function(chan, text, gender)
    local n = whole(application, text)
    if n then return say(chan, M.module[kind](n, chan:language(), gender_of(gender))) end
  end
end

--- SayCountedNoun(number,file) and SayCountedAdj(number,file[,gender]): the number and what there are so many of, or that word alone.
local function say_counted(application, kind)
  return function(chan, text, name, gender)
    local n = whole(application, text)
    if not n or not name then return end
    local list = kind == "noun" and M.module.number(n, chan:language(), gender_of(gender)) or {}
    list[#list + 1] = spoken(chan:language(), function(words) return { rules.ending(words, kind, n, name) } end)[1]
    return say(chan, list)
  end
end

local function spelling(kind) return function(chan, text) return say(chan, M.module[kind](text, chan:language())) end end

--- SayUnixTime([epoch][,zone][,format][,j]); the format may hold commas in quotes.
local function say_time(chan, epoch, zone, format, letters)
  local at = epoch and tonumber(epoch) or pbx.time.now()
  if epoch and not tonumber(epoch) then
    pbx.log("warning", "SayUnixTime: '" .. epoch .. "' is no number of seconds")
    return
  end
  return say(chan, M.module.moment(at, zone, format, chan:language()), pbx.options(letters).j)
end

M.applications = {
  SayNumber = { run = say_number("SayNumber", "number"), synopsis = "Say a number in words", takes = "number!, gender" },
  SayOrdinal = { run = say_number("SayOrdinal", "ordinal"), synopsis = "Say the n-th in words", takes = "number!, gender" },
  SayDigits = { run = spelling "digits", raw = true, synopsis = "Say digits one by one" },
  SayAlpha = { run = spelling "letters", raw = true, synopsis = "Spell a text" },
  SayPhonetic = { run = spelling "phonetic", raw = true, synopsis = "Spell a text in the phonetic alphabet" },
  SayCountedNoun = { run = say_counted("SayCountedNoun", "noun"), synopsis = "Say a number and what there are so many of",
    takes = "number!, name!, gender" },
  SayCountedAdj = { run = say_counted("SayCountedAdj", "adjective"), synopsis = "Say an adjective as a number wants it",
    takes = "number!, name!, gender" },
  SayUnixTime = { run = say_time, synopsis = "Say a date and time" },
  DateTime = { run = say_time, synopsis = "Say a date and time" },
}

return M
