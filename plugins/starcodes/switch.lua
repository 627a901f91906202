--- What is on or off: do not disturb, call waiting, follow me.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

local switches = {
  dnd = { get = "dnd", set = "set_dnd", on = { "do-not-disturb", "activated" }, off = { "do-not-disturb", "de-activated" } },
  waiting = { get = "waiting", set = "set_waiting", on = { "call-waiting", "activated" }, off = { "call-waiting", "de-activated" } },
  followed = { get = "followed", set = "set_followed", on = { "followme-on" }, off = { "followme-off" } },
}

local function tell(chan, switch, on)
  phone.say(chan, unpack(on and switch.on or switch.off))
  return -1
end

local function to(name, want)
  local switch = switches[name]
  return function(chan, number)
    local person = phone.owner(chan)
    if not person or not phone.own(chan, person, number) then return -1 end
    local on = want
    if on == nil then on = not pbx.person[switch.get](person) end
    pbx.person[switch.set](person, on)
    return tell(chan, switch, on)
  end
end

function M.on(name) return to(name, true) end
function M.off(name) return to(name, false) end
function M.toggle(name) return to(name, nil) end

function M.tell(name)
  local switch = switches[name]
  return function(chan)
    local person = phone.owner(chan)
    if not person then return -1 end
    return tell(chan, switch, pbx.person[switch.get](person))
  end
end

return M
