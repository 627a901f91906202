--- What a call does to the world around it: events for others, programs of the machine, other calls.
-- Applications: UserEvent, System, TrySystem, SoftHangup.
local pbx = require "pbx"
local M = { name = "call" }

--- UserEvent(name[,key: value…]): what is no pair is left out.
local function user_event(_, name, ...)
  if not name then
    pbx.log("warning", "UserEvent: want a name")
    return
  end
  local fields = {}
  for i = 1, select("#", ...) do
    local key, value = (select(i, ...) or ""):match("^%s*([^:]-)%s*:%s*(.-)%s*$")
    if key and key ~= "" then fields[key] = value:gsub("[\r\n]", " ") end
  end
  local ok, why = pcall(pbx.events.user, name, fields)
  if not ok then pbx.log("warning", "UserEvent: " .. tostring(why)) end
end

--- System: run a command of the machine, if the site's sandbox allows that. SYSTEMSTATUS is SUCCESS, FAILURE or APPERROR.
local function run(chan, command, application)
  local execute = os.execute
  if not execute then
    pbx.log("error", application .. ": not allowed; asterism.conf opens it with execute = yes in [sandbox]")
    chan:set("SYSTEMSTATUS", "FAILURE")
    return -1
  end
  if command == "" then
    pbx.log("warning", application .. ": want a command")
    chan:set("SYSTEMSTATUS", "FAILURE")
    return -1
  end
  local status = execute(command)
  chan:set("SYSTEMSTATUS", status < 0 and "FAILURE" or status == 0 and "SUCCESS" or "APPERROR")
  return status < 0 and -1 or nil
end

--- SoftHangup(channel): ask another call to end.
local function soft_hangup(_, name, letters)
  local other = name and pbx.find_channel(name)
  if not other then
    pbx.log("warning", "SoftHangup: no channel is called " .. (name or "''"))
  else
    other:hangup()
  end
  if pbx.options(letters).a then pbx.log_once("notice", "SoftHangup: option a is not supported yet and ignored") end
end

M.applications = {
  UserEvent = { run = user_event, synopsis = "Tell the manager interface and plugins of an event" },
  System = { run = function(chan, command) return run(chan, command, "System") end, raw = true, synopsis = "Run a command of the machine, or end the call" },
  TrySystem = { run = function(chan, command) run(chan, command, "TrySystem") end, raw = true, synopsis = "Run a command of the machine" },
  SoftHangup = { run = soft_hangup, synopsis = "Hang up another channel", options = "a" },
}

return M
