--- Variables and moving about in the dialplan.
-- Applications: Set, MSet, Goto, GotoIf.
local pbx = require "pbx"
local M = { name = "flow" }

local function set(chan, data)
  local name, value = data:match("^%s*(.-)%s*=(.*)$")
  if not name or name == "" then
    pbx.log("warning", "Set: want NAME=value; got: " .. data)
    return
  end
  chan:set(name, value)
end

local function mset(chan, ...)
  for i = 1, select("#", ...) do
    local pair = select(i, ...)
    if pair then
      local name, value = pair:match("^%s*(.-)%s*=(.*)$")
      if name and name ~= "" then
        chan:set(name, (value:gsub('^"(.*)"$', "%1")))
      else
        pbx.log("warning", "MSet: want NAME=value; got: " .. pair)
      end
    end
  end
end

--- Goto's three forms: priority; extension, priority; context, extension, priority. +n and -n count from here.
local function go(chan, ...)
  local n = select("#", ...)
  local context, exten, priority
  if n >= 3 then
    context, exten, priority = ...
  elseif n == 2 then
    exten, priority = ...
  else
    priority = ...
  end
  local sign, number = tostring(priority or ""):match("^%s*([+-]?)(%d+)%s*$")
  if not number then
    pbx.log("warning", "Goto: no priority or label '" .. tostring(priority or "") .. "'; an extension in Lua has only priority 1")
    return -1
  end
  number = tonumber(number)
  if sign == "+" then number = chan:priority() + number end
  if sign == "-" then number = chan:priority() - number end
  chan:go_to(context or chan:context(), exten or chan:exten(), number)
end

--- GotoIf(condition?place:place). A missing place goes on with the next line.
local function goto_if(chan, data)
  local condition, places = data:match("^(.-)%?(.*)$")
  if not condition then
    pbx.log("warning", "GotoIf: want condition?place:place; got: " .. data)
    return
  end
  local yes, no = places:match("^([^:]*):?(.*)$")
  local place = pbx.truth(condition) and yes or no
  if not pbx.truth(condition) and no == "" then return end
  if place == "" then return end
  return go(chan, unpack(pbx.split(place, ",")))
end

M.applications = {
  Set = { run = set, raw = true, synopsis = "Set a variable or function: NAME=value" },
  MSet = { run = mset, synopsis = "Set several variables" },
  Goto = { run = go, synopsis = "Go on at another place of the dialplan", takes = "place" },
  GotoIf = { run = goto_if, raw = true, synopsis = "Go to one of two places", takes = "branches" },
}

return M
