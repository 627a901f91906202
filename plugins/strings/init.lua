--- Functions upon texts and lists of texts.
-- Functions: LEN, CUT, FIELDQTY, FILTER, REPLACE, STRREPLACE, TOUPPER, TOLOWER, TRIM, LTRIM, RTRIM, QUOTE, CSV_QUOTE, PASSTHRU, REGEX,
-- SPRINTF; lists.lua has ARRAY, SHIFT, POP, PUSH, UNSHIFT, LISTFILTER, SORT; encoding.lua URIENCODE and its like.
local pbx = require "pbx"
local M = { name = "strings" }

local escapes = { t = "\t", n = "\n", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v" }

--- A character as Asterisk writes it in an argument: \t, \x2c, or itself. Returns the character and where the next one begins.
local function character(text, i)
  local c = text:sub(i, i)
  if c ~= "\\" or i == #text then return c, i + 1 end
  local hex = text:match("^x(%x%x?)", i + 1)
  if hex then return string.char(tonumber(hex, 16)), i + 2 + #hex end
  c = text:sub(i + 1, i + 1)
  return escapes[c] or c, i + 2
end

--- The set a FILTER or REPLACE argument means; ranges (a-z) only if asked for.
local function characters(text, ranges)
  local set, i = {}, 1
  while i <= #text do
    local first
    first, i = character(text, i)
    if ranges and text:sub(i, i) == "-" and i < #text then
      local last
      last, i = character(text, i + 1)
      for code = first:byte(), last:byte() do set[string.char(code)] = true end
    else
      set[first] = true
    end
  end
  return set
end

local function keep(text, wanted)
  local out = {}
  for c in text:gmatch(".") do
    c = wanted(c)
    if c then out[#out + 1] = c end
  end
  return table.concat(out)
end

--- CUT(variable[,delimiter[,fields]]): fields 2, 2-, -2, 1-2&4.
local function cut(chan, name, delimiter, wanted)
  delimiter = character(delimiter or "-", 1)
  local parts, out = pbx.split(name and chan:get(name) or "", delimiter), {}
  for _, range in ipairs(pbx.split(wanted or "1", "&")) do
    local from, dash, to = range:match("^%s*(%d*)(-?)(%d*)%s*$")
    if not from or range == "-" then error("CUT: '" .. range .. "' is no field; want 2, 2-, -2 or 1-2&4", 0) end
    from = tonumber(from) or 1
    to = dash == "" and from or math.min(tonumber(to) or #parts, #parts)
    for i = math.max(from, 1), to do out[#out + 1] = parts[i] end
  end
  return table.concat(out, delimiter)
end

local function fieldqty(chan, name, delimiter)
  local value = name and chan:get(name) or ""
  return #pbx.split(value, character(delimiter or "-", 1))
end

local function filter(_, data)
  local allowed, text = data:match("^(.-[^\\]),(.*)$")
  if not allowed then error("FILTER: want allowed-characters,text; got: " .. data, 0) end
  local set = characters(allowed, true)
  return keep(text, function(c) return set[c] and c end)
end

--- REPLACE(variable,characters[,character]): each of them becomes the one, or goes.
local function replace(chan, name, find, by)
  if not name or not find then error("REPLACE: want variable,characters,replacement", 0) end
  local set = characters(find, false)
  by = by and character(by, 1)
  return keep(chan:get(name) or "", function(c)
    if set[c] then return by end
    return c
  end)
end

--- STRREPLACE(variable,text[,replacement[,most]])
local function strreplace(chan, name, find, by, most)
  if not name or not find then error("STRREPLACE: want variable,text,replacement", 0) end
  local text, out, from = chan:get(name) or "", {}, 1
  for _ = 1, tonumber(most) or #text do
    local at, last = text:find(find, from, true)
    if not at then break end
    out[#out + 1] = text:sub(from, at - 1) .. (by or "")
    from = last + 1
  end
  return table.concat(out) .. text:sub(from)
end

local function regex(_, data)
  local expression, text = data:match('^%s*"(.-[^\\])"%s?(.*)$')
  if not expression then error('REGEX: want "expression" text; got: ' .. data, 0) end
  local matches, why = pbx.text.matches(expression:gsub('\\"', '"'), text)
  if matches == nil then error("REGEX: " .. why, 0) end
  return matches and "1" or "0"
end

--- SPRINTF(format,values…): the lengths of C (%ld) are accepted.
local function sprintf(_, format, ...)
  local values, n = { ... }, 0
  format = (format or ""):gsub("(%%[-+ #0]*%d*%.?%d*)[hlLqjzt]*(%a)", "%1%2")
  for letter in format:gsub("%%%%", ""):gmatch("%%[-+ #0]*%d*%.?%d*(%a)") do
    n = n + 1
    if letter ~= "s" then values[n] = tonumber(values[n]) or 0 elseif values[n] == nil then values[n] = "" end
  end
  return format:format(unpack(values, 1, n))
end

local function text(synopsis, f) return { get = function(_, data) return f(data) end, raw = true, synopsis = synopsis } end

M.functions = {
  LEN = text("The length of a text, in bytes", function(s) return #s end),
  CUT = { get = cut, synopsis = "Fields of a variable's value" },
  FIELDQTY = { get = fieldqty, synopsis = "How many fields a variable's value has" },
  FILTER = { get = filter, raw = true, synopsis = "Only the allowed characters of a text" },
  REPLACE = { get = replace, synopsis = "A variable's value with some characters replaced" },
  STRREPLACE = { get = strreplace, synopsis = "A variable's value with a text replaced" },
  TOUPPER = text("A text in capitals", string.upper),
  TOLOWER = text("A text in small letters", string.lower),
  TRIM = text("A text without the blanks around it", function(s) return s:match("^%s*(.-)%s*$") end),
  LTRIM = text("A text without the blanks before it", function(s) return (s:gsub("^%s+", "")) end),
  RTRIM = text("A text without the blanks after it", function(s) return s:match("^(.-)%s*$") end),
  QUOTE = text("A text in double quotes, those within escaped", function(s) return '"' .. s:gsub('[\\"]', "\\%0") .. '"' end),
  CSV_QUOTE = text("A text in double quotes, those within doubled", function(s) return '"' .. s:gsub('"', '""') .. '"' end),
  PASSTHRU = text("The text itself", function(s) return s end),
  REGEX = { get = regex, raw = true, synopsis = "Whether a text matches a regular expression" },
  SPRINTF = { get = sprintf, synopsis = "Values written as a format says" },
}
for _, room in ipairs { require "strings.lists", require "strings.encoding" } do
  for name, f in pairs(room) do M.functions[name] = f end
end

return M
