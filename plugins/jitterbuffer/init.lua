--- A jitter buffer for what a channel sends.
-- Function: JITTERBUFFER(fixed | adaptive | disabled) = [default | max[,resync[,extra[,sync video]]]], milliseconds; write only.
local pbx = require "pbx"
local M = { name = "jitterbuffer" }

local kinds = { fixed = true, adaptive = true, disabled = true }

local function set(chan, value, kind)
  kind = (kind or ""):lower()
  if not kinds[kind] then error("JITTERBUFFER: want fixed, adaptive or disabled, not '" .. kind .. "'", 0) end
  if kind == "disabled" then
    chan:jitter_buffer()
    return
  end
  local how = { fixed = kind == "fixed" }
  if value ~= "" and value:lower() ~= "default" then
    local words = pbx.split(value, ",")
    for i, field in ipairs { "max_ms", "resync_ms", "extra_ms" } do
      local word = (words[i] or ""):match("^%s*(.-)%s*$")
      how[field] = tonumber(word)
      if word ~= "" and not how[field] then error("JITTERBUFFER: '" .. word .. "' is no number of milliseconds", 0) end
    end
  end
  local ok, why = chan:jitter_buffer(how)
  if not ok then pbx.log("warning", "JITTERBUFFER: " .. why) end
end

M.functions = { JITTERBUFFER = { set = set, synopsis = "Even out what the channel's party sends" } }
return M
