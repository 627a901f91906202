--- When a room is open: hours, opens and closes of its bridge profile.
local pbx = require "pbx"
local M = {}

--- Whether the room is not always open.
function M.limited(bridge) return bridge.hours or bridge.opens or bridge.closes end

--- Whether it is closed now.
function M.closed(bridge)
  local now = pbx.time.now()
  if bridge.opens and now < bridge.opens or bridge.closes and now >= bridge.closes then return true end
  if not bridge.hours then return false end
  local open, why = pbx.time.within(bridge.hours)
  if open == nil then pbx.log_once("warning", "ConfBridge: hours '" .. bridge.hours .. "': " .. why .. "; the room is open") end
  return open == false
end

return M
