--- A moment as prompts, as SayUnixTime's format says (compare Asterisk's say.c formats).
local pbx = require "pbx"
local words = require "say.words"
local M = {}

local function join(list, more)
  for _, name in ipairs(more) do list[#list + 1] = name end
end

local function year(at, language)
  local y = at.year
  if y >= 2000 or y < 1100 or words.is_german(language) then return words.number(y, language) end
  local list = words.number(math.floor(y / 100), language)
  local rest = y % 100
  if rest == 0 then join(list, { "digits/hundred" }) elseif rest < 10 then join(list, { "digits/oh" }) end
  if rest > 0 then join(list, words.number(rest, language)) end
  return list
end

--- Two digits: in English with "oh" before those below ten.
local function padded(n, language)
  local list = {}
  if n < 10 and not words.is_german(language) then list[1] = "digits/oh" end
  join(list, words.number(n, language))
  return list
end

local function hour12(at, language) return words.number((at.hour + 11) % 12 + 1, language) end

local function minutes(at, language, before)
  if words.is_german(language) then return at.min > 0 and words.number(at.min, language) or {} end
  if at.min == 0 then return { before == "H" and "digits/hundred" or "digits/oclock" } end
  return padded(at.min, language)
end

local function hour24(at, language)
  local list = padded(at.hour, language)
  if words.is_german(language) then list[#list + 1] = "digits/oclock" end
  return list
end

local letters = {
  A = function(at) return { "digits/day-" .. at.wday - 1 } end,
  B = function(at) return { "digits/mon-" .. at.month - 1 } end,
  d = function(at) return words.ordinal(at.day) end,
  Y = year, I = hour12, H = hour24, M = minutes,
  k = function(at, language) return words.number(at.hour, language) end,
  S = function(at, language) return padded(at.sec, language) end,
  N = function(at, language)
    if at.min == 0 and not words.is_german(language) then return { "digits/hundred" } end
    return minutes(at, language)
  end,
  p = function(at) return { at.hour < 12 and "digits/a-m" or "digits/p-m" } end,
}
letters.a, letters.b, letters.h, letters.e, letters.l, letters.P = letters.A, letters.B, letters.B, letters.d, letters.I, letters.p

local composed = { R = "HM", T = "HMS" }

--- Q and q: today (q: nothing), yesterday, for a week past the weekday (q), else the date.
local function day(at, epoch, zone, quiet)
  local function number(seconds)
    local f = pbx.time.fields(seconds, zone)
    return math.floor((seconds + f.offset) / 86400)
  end
  local ago = number(pbx.time.now()) - number(epoch)
  if ago == 0 then return quiet and {} or { "digits/today" } end
  if ago == 1 then return { "digits/yesterday" } end
  if quiet and ago > 1 and ago < 7 then return letters.A(at) end
  return nil
end

--- The prompts of a moment.
function M.prompts(epoch, zone, format, language)
  local at, list, i, before = pbx.time.fields(epoch, zone), {}, 1, nil
  while i <= #format do
    local c = format:sub(i, i)
    if c == "'" or c == '"' then
      local name = format:match("^([^'\"]*)", i + 1)
      list[#list + 1] = name
      i = i + #name + 1
    elseif composed[c] then
      join(list, M.prompts(epoch, zone, composed[c], language))
    elseif c == "Q" or c == "q" then
      join(list, day(at, epoch, zone, c == "q") or M.prompts(epoch, zone, "ABdY", language))
    elseif letters[c] then
      join(list, letters[c](at, language, before))
    elseif not c:find("[%s,]") then
      pbx.log("warning", "SayUnixTime: unknown letter '" .. c .. "' in the format")
    end
    before, i = c, i + 1
  end
  return list
end

--- The format without one given.
function M.default(language)
  return words.is_german(language) and "AdBY HM" or "ABdY 'digits/at' IMp"
end

return M
