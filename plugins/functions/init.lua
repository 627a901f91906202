--- Dialplan functions: what all calls share, and what the run of the dialplan is about.
-- Functions: GLOBAL, TIMEOUT, ENV, STAT, EXCEPTION.
local pbx = require "pbx"
local M = { name = "functions" }

local timeouts = { digit = true, response = true, absolute = true }

local function timeout_of(what)
  what = (what or ""):lower()
  if not timeouts[what] then error("TIMEOUT: want digit, response or absolute, not '" .. what .. "'", 0) end
  return what
end

local function timeout_get(chan, what) return ("%.3f"):format(chan:timeout(timeout_of(what))) end

local function timeout_set(chan, value, what)
  local seconds = tonumber(value)
  if not seconds then error("TIMEOUT: '" .. value .. "' is no number of seconds", 0) end
  chan:set_timeout(timeout_of(what), seconds)
end

local modes = { A = "accessed", C = "changed", M = "modified", s = "size" }

--- STAT(flag,file): 0 for a file that is not there, or that scripts may not look at.
local function stat(_, flag, path)
  if not path or flag ~= "m" and flag ~= "d" and flag ~= "e" and flag ~= "f" and not modes[flag] then
    error("STAT: want d, e, f, m, s, A, C or M, and a file", 0)
  end
  local status, why = pbx.file_status(path)
  if not status then
    if not why:find("no such", 1, true) then pbx.log_once("warning", "STAT: " .. why) end
    return "0"
  end
  if flag == "e" then return "1" end
  if flag == "d" then return status.kind == "directory" and "1" or "0" end
  if flag == "f" then return status.kind == "file" and "1" or "0" end
  if flag == "m" then return ("%o"):format(status.mode) end
  return ("%d"):format(status[modes[flag]])
end

M.functions = {
  STAT = { get = stat, synopsis = "What a file of the machine is", takes = "item!, file!", items = "d e f m s A C M" },
  GLOBAL = {
    get = function(_, name) return pbx.global(name or error("GLOBAL: want the name of a variable", 0)) end,
    set = function(_, value, name) pbx.global(name or error("GLOBAL: want the name of a variable", 0), value) end,
    synopsis = "A variable all calls share", takes = "name!",
  },
  TIMEOUT = { get = timeout_get, set = timeout_set, synopsis = "How long to wait for digits, and for the whole call",
    takes = "item!", items = "digit response absolute" },
  ENV = {
    get = function(_, name) return os.getenv(name or "") end,
    set = function(_, _, name) error("ENV: '" .. (name or "") .. "' cannot be set: the environment is the whole machine's", 0) end,
    synopsis = "A variable of the process's environment",
  },
  EXCEPTION = { get = function(chan, what) return chan:exception(what) end, synopsis = "What led to extension e" },
}

return M
