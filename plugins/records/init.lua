--- The call detail record.
-- Functions: CDR, CDR_PROP. Applications: NoCDR, ResetCDR.
local pbx = require "pbx"
local M = { name = "records" }

--- CDR(field[,options]): u raw, f with fractions, l the last record, which is the one there is.
local function get(chan, name, options)
  if not name then error("CDR: want the name of a field", 0) end
  return chan:cdr(name, options)
end

local function set(chan, value, name)
  if not name then error("CDR: want the name of a field", 0) end
  local ok, why = chan:set_cdr(name, value)
  if not ok then error("CDR: " .. why, 0) end
end

--- CDR_PROP(disable) = 1 or 0. party_a is accepted: the caller always is party A here.
local function property(chan, value, name)
  name = (name or ""):lower()
  if name == "disable" then
    chan:disable_cdr(pbx.truth(value))
  elseif name ~= "party_a" then
    error("CDR_PROP: unknown property '" .. name .. "'; want disable or party_a", 0)
  end
end

M.functions = {
  CDR = { get = get, set = set, synopsis = "A field of the call detail record", takes = "field!" },
  CDR_PROP = { set = property, synopsis = "A property of the call detail record", takes = "item!", items = "disable party_a" },
}
M.applications = {
  NoCDR = { run = function(chan) chan:disable_cdr(true) end, synopsis = "Keep the call's record from being written" },
  ResetCDR = { run = function(chan, letters) chan:reset_cdr(pbx.options(letters).v ~= nil) end, synopsis = "Begin the call's record anew", options = "v" },
}

return M
