--- A moment as prompts, as SayUnixTime's format says (compare Asterisk's say.c formats).
local pbx = require "pbx"
local rules = require "say.rules"
local M = {}

local same = { a = "A", b = "B", h = "B", e = "d", l = "I", P = "p" } -- letters that are said like others
local composed = { R = "HM", T = "HMS" }

--- The numbers that the letters of a language's `moment` name.
local function fields(epoch, zone)
  local at = pbx.time.fields(epoch, zone)
  return { weekday = at.wday - 1, month = at.month - 1, day = at.day, year = at.year, hour = at.hour, hour12 = (at.hour + 11) % 12 + 1,
    minute = at.min, second = at.sec }
end

local function join(list, more)
  for _, name in ipairs(more) do list[#list + 1] = name end
end

--- Q and q: today (q: nothing), yesterday, for a week past the weekday (q), else nil: the date.
local function day(language, at, epoch, zone, quiet)
  local function number(seconds)
    local f = pbx.time.fields(seconds, zone)
    return math.floor((seconds + f.offset) / 86400)
  end
  local ago, words = number(pbx.time.now()) - number(epoch), language.moment
  if ago == 0 then return quiet and {} or { words.today } end
  if ago == 1 then return { words.yesterday } end
  if quiet and ago > 1 and ago < 7 then return rules.field(language, words.A, at.weekday) end
  return nil
end

--- What one letter says, behind the letter before it; nil for one that says nothing anywhere.
local function letter(language, at, c, before)
  local words = language.moment
  c = same[c] or c
  local after = words.after and words.after[before]
  local rule = words[after and after[c] or c]
  if type(rule) ~= "table" or #c ~= 1 then return nil end
  return rules.field(language, rule, at[rule[1]])
end

--- The prompts of a moment.
function M.prompts(language, epoch, zone, format)
  local at, list, i, before = fields(epoch, zone), {}, 1, nil
  format = format or language.moment.default
  while i <= #format do
    local c = format:sub(i, i)
    if c == "'" or c == '"' then
      local name = format:match("^([^'\"]*)", i + 1)
      list[#list + 1] = name
      i = i + #name + 1
    elseif composed[c] then
      join(list, M.prompts(language, epoch, zone, composed[c]))
    elseif c == "Q" or c == "q" then
      join(list, day(language, at, epoch, zone, c == "q") or M.prompts(language, epoch, zone, language.moment.default:match("^%a+")))
    elseif not c:find("[%s,]") then
      local said = letter(language, at, c, before)
      if said then join(list, said) else pbx.log("warning", "SayUnixTime: unknown letter '" .. c .. "' in the format") end
    end
    before, i = c, i + 1
  end
  return list
end

return M
