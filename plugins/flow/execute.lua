--- Applications that run another one.
-- Applications: Exec, TryExec, ExecIf, ExecIfTime.
local pbx = require "pbx"
local condition = require "flow.condition"
local M = {}

--- "App(arguments)" as name and arguments; the last parenthesis may be missing.
local function call_of(text)
  local name, data = text:match("^%s*([^(]-)%s*%((.*)$")
  if not name then return text:match("^%s*(.-)%s*$"), "" end
  return name, data:match("^(.*)%)") or data
end

--- Run App(arguments) and pass on how it ended.
local function run(chan, name, text)
  local application, data = call_of(text)
  local code, why = chan:execute(application, data)
  if not code then
    pbx.log("warning", name .. ": " .. why)
    return -1
  end
  if code ~= 0 then return code end
end

local function exec(chan, text)
  return run(chan, "Exec", chan:expand(text))
end

local function try_exec(chan, text)
  local application, data = call_of(chan:expand(text))
  local code, why = chan:execute(application, data)
  if not code then pbx.log("warning", "TryExec: " .. why) end
  chan:set("TRYSTATUS", not code and "NOAPP" or code == 0 and "SUCCESS" or "FAILED")
end

local function exec_either(name, parse) return condition.either(name, parse, function(chan, text) return run(chan, name, text) end) end

M.applications = {
  Exec = { run = exec, raw = true, synopsis = "Run an application whose name is in a variable" },
  TryExec = { run = try_exec, raw = true, synopsis = "Exec that goes on whatever happens" },
  ExecIf = { run = exec_either("ExecIf", condition.choices), raw = true, synopsis = "Run one of two applications" },
  ExecIfTime = { run = exec_either("ExecIfTime", condition.times), raw = true, synopsis = "Run one of two applications, by the time" },
}

return M
