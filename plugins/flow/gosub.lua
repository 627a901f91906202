--- Subroutines. Gosub comes back: in extensions.conf behind itself, in Lua to the next line.
-- Applications: Gosub, GosubIf, Return, StackPop. Functions: LOCAL, LOCAL_PEEK, STACK_PEEK.
local pbx = require "pbx"
local condition = require "flow.condition"
local M = {}

local function gosub(chan, place)
  if not place:find("%S") then
    pbx.log("error", "Gosub: want [[context,]exten,]priority[(arguments)]")
    return -1
  end
  if not chan:gosub_application(place) then return -1 end -- why not is in the log
end

local function gosub_if(chan, data)
  local truth, yes, no = condition.choices(data)
  if truth == nil then
    pbx.log("warning", "GosubIf: " .. yes)
    return
  end
  local place = truth and yes or no
  if place and place:find("%S") then return gosub(chan, place) end
end

local function give_back(chan, value)
  if not chan:gosub_return(value) then
    pbx.log("error", "Return without Gosub: stack is unallocated")
    return -1
  end
end

local function stack_pop(chan)
  if not chan:gosub_pop() then pbx.log("error", "StackPop called with no gosub stack") end
end

local function local_get(chan, name)
  local value = chan:gosub_local(name)
  return value or nil
end

local function local_set(chan, value, name)
  if chan:gosub_local(name, value) == false then
    pbx.log("error", "LOCAL(" .. name .. "): not in a subroutine; Gosub begins one")
  end
end

--- LOCAL_PEEK(n, name): the variable as the caller n levels up has it.
local function local_peek(chan, n, name)
  local level = tonumber(n)
  if not level or not name then error("LOCAL_PEEK: want depth,name", 0) end
  return chan:gosub_peek(level, name)
end

local parts = { c = "context", e = "exten", p = "priority", l = "all" }

--- STACK_PEEK(n, what[, suppress]): where the subroutine n levels up was called.
local function stack_peek(chan, n, what, suppress)
  local level, part = tonumber(n), parts[(what or "l"):lower()]
  if not level or level < 1 or not part then error("STACK_PEEK: want depth from 1 on and c, e, p or l", 0) end
  local place = chan:gosub_caller(level)
  if not place then
    if not pbx.truth(suppress) then pbx.log("error", "STACK_PEEK: there are not that many subroutines") end
    return nil
  end
  place.all = place.context .. "," .. place.exten .. "," .. place.priority
  return place[part]
end

M.applications = {
  Gosub = { run = gosub, raw = true, synopsis = "Run a subroutine and come back", takes = "place!" },
  GosubIf = { run = gosub_if, raw = true, synopsis = "Run one of two subroutines", takes = "branches!" },
  Return = { run = give_back, raw = true, synopsis = "Leave a subroutine, with a value" },
  StackPop = { run = stack_pop, raw = true, synopsis = "Forget where the subroutine was called" },
}

M.functions = {
  LOCAL = { get = local_get, set = local_set, raw = true, synopsis = "A variable of the subroutine" },
  LOCAL_PEEK = { get = local_peek, synopsis = "A variable as a caller of the subroutine has it" },
  STACK_PEEK = { get = stack_peek, synopsis = "Where a subroutine was called" },
}

return M
