--- Dates and times as text.
-- Functions: STRFTIME, STRPTIME. The variable EPOCH is the present in seconds.
local pbx = require "pbx"
local M = { name = "datetime" }

--- STRFTIME([epoch][,zone][,format]); the arguments before the format hold no comma, the format may.
local function strftime(_, data)
  local epoch, zone, format = data:match("^([^,]*),?([^,]*),?(.*)$")
  local at = epoch ~= "" and tonumber(epoch) or pbx.time.now()
  if epoch ~= "" and not tonumber(epoch) then error("STRFTIME: '" .. epoch .. "' is no number of seconds", 0) end
  return pbx.time.format(at, zone, format ~= "" and format or "%c")
end

--- STRPTIME(text,zone,format): seconds since 1970; nothing when the text is not of that form.
local function strptime(_, data)
  local text, zone, format = data:match("^([^,]*),([^,]*),(.+)$")
  if not text then error("STRPTIME: want text,zone,format; got: " .. data, 0) end
  return pbx.time.parse(text, zone, format)
end

M.functions = {
  STRFTIME = { get = strftime, raw = true, synopsis = "A time written as a format says" },
  STRPTIME = { get = strptime, raw = true, synopsis = "The seconds since 1970 of a written time" },
}

return M
