--- Loops and branches over the priorities of one extension.
-- Applications: While, EndWhile, ExitWhile, ContinueWhile, If, ElseIf, Else, EndIf, ExitIf.
local pbx = require "pbx"
local M = {}

--- The priority of the other end: the first of wanted on this level, looking from here on by step (1 or -1).
local function find(chan, step, deeper, out, wanted)
  local list, here, depth = chan:priorities(), chan:priority(), 0
  local from, to = 1, #list
  if step < 0 then from, to = to, from end
  for i = from, to, step do
    local p = list[i]
    if (p.priority - here) * step > 0 then
      local name = p.application:lower()
      if depth == 0 and wanted[name] then return p.priority, name end
      if name == deeper then depth = depth + 1 end
      if name == out then depth = depth - 1 end
    end
  end
end

local function lacking(chan, name, other)
  pbx.log("warning", ("%s at %s@%s priority %d: no matching %s; loops and branches stand in one extension of extensions.conf"):format(
    name, chan:exten(), chan:context(), chan:priority(), other))
end

local function go(chan, priority) chan:go_to(chan:context(), chan:exten(), priority) end

--- Behind the EndWhile of the loop.
local function leave_loop(name)
  return function(chan)
    local last = find(chan, 1, "while", "endwhile", { endwhile = true })
    if last then go(chan, last + 1) end
    lacking(chan, name, "EndWhile")
  end
end

--- Back to the While of the loop.
local function back(name)
  return function(chan)
    local first = find(chan, -1, "endwhile", "while", { ["while"] = true })
    if first then go(chan, first) end
    lacking(chan, name, "While")
  end
end

local leave_while = leave_loop("While")

local function loop(chan, condition)
  if not pbx.truth(condition) then return leave_while(chan) end
end

local function leave_branch(name)
  return function(chan)
    local last = find(chan, 1, "if", "endif", { endif = true })
    if last then go(chan, last + 1) end
    lacking(chan, name, "EndIf")
  end
end

local skip_else_if = leave_branch("ElseIf")
local expected -- the ElseIf that an If without luck went to; any other is reached from the branch before it

local function place(chan, priority) return table.concat({ chan:context(), chan:exten(), priority }, ",") end

local function branch(chan, condition)
  if pbx.truth(condition) then return end
  local other, name = find(chan, 1, "if", "endif", { ["elseif"] = true, ["else"] = true, endif = true })
  if not other then return lacking(chan, "If", "EndIf") end
  if name == "elseif" then
    expected = place(chan, other)
    go(chan, other)
  end
  go(chan, other + 1)
end

local function else_if(chan, condition)
  local came_by_if = expected == place(chan, chan:priority())
  expected = nil
  if not came_by_if then return skip_else_if(chan) end
  return branch(chan, condition)
end

local function nothing() end

M.applications = {
  While = { run = loop, raw = true, synopsis = "Begin a loop" },
  EndWhile = { run = back("EndWhile"), raw = true, synopsis = "End a loop" },
  ExitWhile = { run = leave_loop("ExitWhile"), raw = true, synopsis = "Leave a loop" },
  ContinueWhile = { run = back("ContinueWhile"), raw = true, synopsis = "Go on with a loop's next round" },
  If = { run = branch, raw = true, synopsis = "Begin a branch" },
  ElseIf = { run = else_if, raw = true, synopsis = "Begin another branch, with a condition" },
  Else = { run = leave_branch("Else"), raw = true, synopsis = "Begin the branch for all else" },
  EndIf = { run = nothing, raw = true, synopsis = "End the branches" },
  ExitIf = { run = leave_branch("ExitIf"), raw = true, synopsis = "Leave a branch" },
}

return M
