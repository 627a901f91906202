--- What stands before and after the ? of GotoIf, GosubIf, ExecIf, GotoIfTime and IFTIME.
local pbx = require "pbx"
local M = {}

--- Where the first separator outside of parentheses and quotes is; nil without one.
local function outside(text, separator)
  local depth, quoted = 0, false
  for i = 1, #text do
    local c = text:sub(i, i)
    if c == '"' then
      quoted = not quoted
    elseif quoted then
      c = nil
    elseif c == "(" then
      depth = depth + 1
    elseif c == ")" then
      depth = depth - 1
    elseif c == separator and depth <= 0 then
      return i
    end
  end
end

local function split(text, separator)
  local i = outside(text, separator)
  if not i then return text end
  return text:sub(1, i - 1), text:sub(i + 1)
end

--- condition?yes:no as boolean, yes, no; or nil and what is wrong. A colon within parentheses belongs to arguments.
function M.choices(data)
  local test, rest = split(data, "?")
  if not rest then return nil, "want condition?one:other; got: " .. data end
  local yes, no = split(rest, ":")
  return pbx.truth(test), yes, no
end

--- The same for places, which have no parentheses: the condition may have some that are not closed.
function M.places(data)
  local test, yes, no = data:match("^(.-)%?([^:]*):?(.*)$")
  if not test then return nil, "want condition?place:place; got: " .. data end
  return pbx.truth(test), yes, no
end

--- times,weekdays,days,months[,zone]?yes:no as boolean, yes, no; or nil and what is wrong.
function M.times(data)
  local times, rest = data:match("^(.-)%?(.*)$")
  if not times then return nil, "want times,weekdays,days,months[,zone]?one:other; got: " .. data end
  local within, why = pbx.time.within(times)
  if within == nil then return nil, why end
  local yes, no = split(rest, ":")
  return within, yes, no
end

--- An application that does one of two things: parse gives which, and what; nothing is done with an empty one.
function M.either(name, parse, act)
  return function(chan, data)
    local truth, yes, no = parse(data)
    if truth == nil then
      pbx.log("warning", name .. ": " .. yes)
      return
    end
    local text = truth and yes or no
    if text and text:find("%S") then return act(chan, text) end
  end
end

return M
