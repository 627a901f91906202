--- Sending the caller to somebody else, by his own phone or trunk.
-- Application: Transfer.
local pbx = require "pbx"
local M = { name = "transfer" }

--- Transfer([Tech/]destination). TRANSFERSTATUS is SUCCESS, FAILURE or UNSUPPORTED; TRANSFERSTATUSPROTOCOL the last SIP status, 0 for none.
local function transfer(chan, data)
  local function tell(status, protocol)
    chan:set("TRANSFERSTATUS", status)
    chan:set("TRANSFERSTATUSPROTOCOL", protocol or 0)
  end
  local tech, destination = data:match("^(%a[%w_]*)/(.*)$")
  destination = destination or data
  if destination == "" then
    pbx.log("warning", "Transfer: want [Technology/]destination")
    return tell("FAILURE")
  end
  if tech and tech:lower() ~= chan:tech():lower() then
    pbx.log("warning", ("Transfer: %s cannot be sent to a destination of %s"):format(chan:name(), tech))
    return tell("FAILURE")
  end
  tell("FAILURE") -- for extension h, should the caller leave while we wait
  local ok, protocol = chan:transfer(destination)
  if ok == nil then
    pbx.log("warning", "Transfer: " .. protocol)
    return tell("UNSUPPORTED")
  end
  tell(ok and "SUCCESS" or "FAILURE", protocol)
end

M.applications = {
  Transfer = { run = transfer, raw = true, synopsis = "Send the caller to another destination, by redirection or REFER" },
}

return M
