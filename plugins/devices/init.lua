--- What devices are doing, and what the dialplan knows.
-- Functions: DEVICE_STATE, EXTENSION_STATE, HINT, DIALPLAN_EXISTS, VALID_EXTEN. Application: ChanIsAvail.
local pbx = require "pbx"
local M = { name = "devices" }

local function set_state(_, value, device)
  local ok, why = pbx.device_state(device or "", value)
  if not ok then error("DEVICE_STATE: " .. why, 0) end
end

--- exten[@context] in two parts.
local function parts(chan, text, what)
  local exten, context = (text or ""):match("^([^@]+)@?(.*)$")
  if not exten then error(what .. ": want exten[@context]", 0) end
  return context ~= "" and context or (what == "HINT" and chan:context() or "default"), exten
end

--- HINT(exten[@context][,n]): the devices of the hint; n asks for its name, which hints here do not have.
local function hint(chan, place, options)
  if (options or ""):find("n", 1, true) then return "" end
  return (pbx.hint(parts(chan, place, "HINT")))
end

local function extension_state(chan, place)
  local _, state = pbx.hint(parts(chan, place, "EXTENSION_STATE"))
  return state or "UNKNOWN"
end

--- DIALPLAN_EXISTS(context[,exten[,priority]])
local function dialplan_exists(chan, context, exten, priority)
  context = context or chan:context()
  if not exten then return pbx.context_exists(context) and "1" or "0" end
  local _, _, number = chan:locate(context .. "," .. exten .. "," .. (priority or "1"))
  return number and pbx.exists(context, exten, "match", number) and "1" or "0"
end

local numbers = { UNKNOWN = 0, NOT_INUSE = 1, INUSE = 2, BUSY = 3, INVALID = 4, UNAVAILABLE = 5, RINGING = 6, RINGINUSE = 7, ONHOLD = 8 }

--- ChanIsAvail(Tech/resource[&…][,options a s j]): the first that could be called, by the state of its device; s: only if it is idle; a: all.
local function available(chan, list, letters)
  local options, found, last = pbx.options(letters), {}, "UNKNOWN"
  for _, device in ipairs(pbx.split(list or "", "&")) do
    last = pbx.device_state(device:match("^([^/]+/[^/@]+)") or device)
    local usable = last ~= "UNAVAILABLE" and last ~= "INVALID" and (not options.s or last == "NOT_INUSE" or last == "UNKNOWN")
    if usable then found[#found + 1] = device end
    if usable and not options.a then break end
  end
  local text = table.concat(found, "&")
  chan:set("AVAILCHAN", text)
  chan:set("AVAILORIGCHAN", text)
  chan:set("AVAILSTATUS", numbers[last] or 0)
end

M.functions = {
  DEVICE_STATE = { get = function(_, device) return pbx.device_state(device or "") end, set = set_state, synopsis = "What a device is doing" },
  EXTENSION_STATE = { get = extension_state, synopsis = "What the devices of an extension's hint are doing" },
  HINT = { get = hint, synopsis = "The devices of an extension's hint" },
  DIALPLAN_EXISTS = { get = dialplan_exists, synopsis = "Whether the dialplan has a place" },
  VALID_EXTEN = { get = dialplan_exists, synopsis = "Whether the dialplan has a place" },
}
M.applications = {
  ChanIsAvail = { run = available, synopsis = "Find out which of some devices can be called", takes = "targets!, options" },
}

return M
