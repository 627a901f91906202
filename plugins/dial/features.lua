--- The keys that a party may press within a call.
-- Deviates: features.conf is not read yet; the keys are Asterisk's defaults, and what FEATUREMAP() sets for a call.
local M = {}

local defaults = { blindxfer = "#", disconnect = "*", atxfer = "", automixmon = "", parkcall = "" }

local function key(name)
  name = (name or ""):lower()
  if not defaults[name] then error("FEATUREMAP: unknown feature '" .. name .. "'; want blindxfer, disconnect, atxfer, automixmon or parkcall", 0) end
  return "__FEATUREMAP_" .. name, name
end

--- The keys of a feature for this call; "" for one that is off.
function M.code(chan, name)
  local variable
  variable, name = key(name)
  return chan:get(variable) or defaults[name]
end

function M.set(chan, value, name)
  if value ~= "" and not value:find("^[0-9A-Da-d*#]+$") then error("FEATUREMAP: '" .. value .. "' are no keys of a telephone", 0) end
  chan:set(key(name), value:upper())
end

--- The codes for one side of a bridge: {["*"] = "disconnect"}.
function M.codes(chan, disconnect, transfer)
  local out = {}
  if disconnect then out[M.code(chan, "disconnect")] = "disconnect" end
  if transfer then out[M.code(chan, "blindxfer")] = "blindxfer" end
  return out
end

return M
