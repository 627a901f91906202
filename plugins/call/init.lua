--- What a call does to the world around it: events for others, programs of the machine, other calls.
-- Applications: UserEvent, System, TrySystem, SoftHangup, Originate, ChannelRedirect.
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
  if not ok then pbx.log("warning", "UserEvent: " .. (tostring(why):match("%((.*)%)$") or tostring(why))) end
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

local statuses = { ANSWER = "SUCCESS", BUSY = "BUSY", CONGESTION = "CONGESTION", NOANSWER = "RINGING" }

--- v(name=value^name=value) as a table.
local function pairs_of(text)
  local out = {}
  for _, pair in ipairs(pbx.split(text or "", "^")) do
    local name, value = pair:match("^%s*([^=]-)%s*=(.*)$")
    if name and name ~= "" then out[name] = value end
  end
  return out
end

--- Originate(Tech/resource,app|exten,arg1[,arg2[,arg3[,timeout[,options]]]]): call somebody and connect him to the dialplan.
local function originate(chan, target, kind, first, second, third, seconds, letters)
  local options = pbx.options(letters)
  local function refuse(why)
    pbx.log("warning", "Originate: " .. why)
    chan:set("ORIGINATE_STATUS", "FAILED")
  end
  if not target or not kind or not first then return refuse("want Tech/resource,app|exten,arg1") end
  local how = { channel = target, timeout_ms = (tonumber(seconds) or 30) * 1000, wait = not options.a, variables = pairs_of(options.v) }
  if options.c or options.n then how.callerid = { number = options.c, name = options.n } end
  kind = kind:lower()
  if kind == "app" then
    how.application, how.data = first, second
  elseif kind == "exten" then
    how.context, how.exten, how.priority = first, second or "s", third or 1
  else
    return refuse("'" .. kind .. "'; want app or exten")
  end
  local result, why = pbx.originate(how)
  if not result then return refuse(why) end
  chan:set("ORIGINATE_STATUS", result == true and "SUCCESS" or statuses[result.status] or "FAILED")
end

--- ChannelRedirect(channel,[[context,]exten,]priority): move another call.
local function redirect(chan, name, ...)
  local other = name and pbx.find_channel(name)
  if not other then
    chan:set("CHANNELREDIRECT_STATUS", "NOCHANNEL")
    return
  end
  local place = { ... }
  local n = select("#", ...)
  local context, exten, priority = place[n - 2] or other:context(), place[n - 1] or other:exten(), place[n]
  local ok, why = pbx.redirect(other:name(), context, exten, priority or "1")
  if not ok then pbx.log("warning", "ChannelRedirect: " .. why) end
  chan:set("CHANNELREDIRECT_STATUS", ok and "SUCCESS" or "NOCHANNEL")
end

M.applications = {
  UserEvent = { run = user_event, synopsis = "Tell the manager interface and plugins of an event", takes = "name!" },
  System = { run = function(chan, command) return run(chan, command, "System") end, raw = true, synopsis = "Run a command of the machine, or end the call", takes = "command!" },
  TrySystem = { run = function(chan, command) run(chan, command, "TrySystem") end, raw = true, synopsis = "Run a command of the machine", takes = "command!" },
  Originate = { run = originate, synopsis = "Call somebody and connect him to the dialplan", takes = "targets!, kind!, arg1!, arg2, arg3, seconds, options", options = "acnv",
    ignored = "bBCgtsi" },
  ChannelRedirect = { run = redirect, synopsis = "Move another channel to a place of the dialplan", takes = "channel!, place" },
  SoftHangup = { run = soft_hangup, synopsis = "Hang up another channel", takes = "channel!, options", options = "a" },
}

return M
