--- Numbers, letters and times in words, in English and German.
-- Applications: SayNumber, SayAlpha, SayPhonetic, SayUnixTime, DateTime. SayDigits is in playback.
local pbx = require "pbx"
local words = require "say.words"
local moment = require "say.moment"
local M = { name = "say" }

local any_key = "0123456789*#ABCD"

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

local function say_number(chan, text, gender)
  local n = tonumber(text)
  if not n or n ~= math.floor(n) or math.abs(n) >= 1e12 then
    pbx.log("warning", "SayNumber: '" .. (text or "") .. "' is no whole number")
    return
  end
  return say(chan, words.number(n, chan:language(), gender and gender:lower()))
end

local function spelling(spell)
  return function(chan, data) return say(chan, words.letters(data, spell)) end
end

--- SayUnixTime([epoch][,zone][,format][,j]); the format may hold commas in quotes.
local function say_time(chan, epoch, zone, format, letters)
  local at = epoch and tonumber(epoch) or pbx.time.now()
  if epoch and not tonumber(epoch) then
    pbx.log("warning", "SayUnixTime: '" .. epoch .. "' is no number of seconds")
    return
  end
  local list = moment.prompts(at, zone, format or moment.default(chan:language()), chan:language())
  return say(chan, list, pbx.options(letters).j)
end

M.applications = {
  SayNumber = { run = say_number, synopsis = "Say a number in words", takes = "number!" },
  SayAlpha = { run = spelling(function(c) return "letters/" .. c end), raw = true, synopsis = "Spell a text" },
  SayPhonetic = { run = spelling(function(c) return "phonetic/" .. c .. "_p" end), raw = true, synopsis = "Spell a text in the phonetic alphabet" },
  SayUnixTime = { run = say_time, synopsis = "Say a date and time" },
  DateTime = { run = say_time, synopsis = "Say a date and time" },
}

--- For other plugins, who say such things among others of their own: lists of prompts.
M.module = {
  number = words.number,
  letters = function(text) return words.letters(text, function(c) return "letters/" .. c end) end,
  moment = function(epoch, zone, format, language) return moment.prompts(epoch, zone, format or moment.default(language), language) end,
}

return M
