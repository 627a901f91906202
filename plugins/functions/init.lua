--- Dialplan functions: what all calls share, and what the run of the dialplan is about.
-- Functions: GLOBAL, TIMEOUT, EXCEPTION.
local pbx = require "pbx"
local M = { name = "functions" }

local function timeout_get(chan, what) return ("%.3f"):format(chan:timeout((what or ""):lower())) end

local function timeout_set(chan, value, what)
  local seconds = tonumber(value)
  if not seconds then error("TIMEOUT: '" .. value .. "' is no number of seconds", 0) end
  chan:set_timeout((what or ""):lower(), seconds)
end

M.functions = {
  GLOBAL = {
    get = function(_, name) return pbx.global(name) end, set = function(_, value, name) pbx.global(name, value) end,
    synopsis = "A variable all calls share",
  },
  TIMEOUT = { get = timeout_get, set = timeout_set, synopsis = "How long to wait for digits, and for the whole call" },
  ENV = {
    get = function(_, name) return os.getenv(name or "") end,
    set = function(_, _, name) error("ENV: '" .. (name or "") .. "' cannot be set: the environment is the whole machine's", 0) end,
    synopsis = "A variable of the process's environment",
  },
  EXCEPTION = { get = function(chan, what) return chan:exception(what) end, synopsis = "What led to extension e" },
}

return M
