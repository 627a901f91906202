--- Variables and moving about in the dialplan.
-- Applications: Set, MSet, Goto, GotoIf, GotoIfTime; see gosub.lua, loops.lua and execute.lua for the others.
local pbx = require "pbx"
local condition = require "flow.condition"
local gosub = require "flow.gosub"
local loops = require "flow.loops"
local execute = require "flow.execute"
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

--- Goto's three forms: priority; extension,priority; context,extension,priority. A label stands for a priority, +n and -n count from here.
local function go(chan, place)
  local context, exten, priority = chan:locate(place)
  if not context then
    pbx.log("warning", "Goto: " .. exten)
    return -1
  end
  chan:go_to(context, exten, priority)
end

--- Go to one of two places. A missing one goes on with the next priority.
local function go_either(name, parse) return condition.either(name, parse, go) end

local function if_time(_, data)
  local truth, yes, no = condition.times(data)
  if truth == nil then error("IFTIME: " .. yes, 0) end
  return truth and yes or no or ""
end

M.applications = {
  Set = { run = set, raw = true, synopsis = "Set a variable or function: NAME=value", takes = "assignment!" },
  MSet = { run = mset, synopsis = "Set several variables" },
  Goto = { run = go, raw = true, synopsis = "Go on at another place of the dialplan", takes = "place!" },
  GotoIf = { run = go_either("GotoIf", condition.places), raw = true, synopsis = "Go to one of two places", takes = "branches!" },
  GotoIfTime = { run = go_either("GotoIfTime", condition.times), raw = true, synopsis = "Go to one of two places, by the time", takes = "branches!" },
}
for _, more in ipairs { gosub, loops, execute } do
  for name, application in pairs(more.applications) do M.applications[name] = application end
end

M.functions = { IFTIME = { get = if_time, raw = true, synopsis = "One of two values, by the time" } }
for name, fn in pairs(gosub.functions) do M.functions[name] = fn end

return M
