--- VOLUME(RX|TX[,p]): how many times louder, or below 0 softer, a channel's sound goes on.
local pbx = require "pbx"

local fields = { RX = "heard", TX = "said" }

local function field(direction)
  return fields[(direction or ""):upper()] or error("VOLUME: want RX or TX, not '" .. tostring(direction) .. "'", 0)
end

local function get(chan, direction)
  return ("%g"):format(chan:volume()[field(direction)])
end

local function set(chan, value, direction, letters)
  local level = tonumber(value)
  if not level then error("VOLUME: '" .. value .. "' is no number", 0) end
  local how = { [field(direction)] = level }
  if pbx.options(letters or "").p then how.keys = true end
  local ok, why = chan:volume(how)
  if not ok then pbx.log("warning", "VOLUME: " .. why) end
end

return { get = get, set = set, synopsis = "How loud the channel's party is and is told" }
