--- Record(file.format[,silence s[,max s[,options]]]): what the caller says becomes a file.
-- Sets RECORDED_FILE (without the format) and RECORD_STATUS = DTMF | SILENCE | SKIP | TIMEOUT | HANGUP | ERROR | OPERATOR.
local pbx = require "pbx"
local M = { name = "record" }

local digits = "0123456789*#ABCD"
local statuses = { digit = "DTMF", silence = "SILENCE", timeout = "TIMEOUT", hangup = "HANGUP", error = "ERROR" }

--- The name and the format of "name.format" or "name:format"; %d is the first number that is free. nil and why not.
local function file_of(text)
  local name, format = (text or ""):match("^(.+)[.:]([%w]+)$")
  if not name then return nil, "want a file name with its format, as in 'greeting.wav'; got: " .. (text or "") end
  if not name:find("%%d") then return name, format end
  for n = 0, 99999 do
    local numbered = name:gsub("%%d", n)
    if not pbx.recorded(numbered .. "." .. format) then return numbered, format end
  end
  return nil, "no number is free for " .. name
end

--- The keys that end it.
local function terminators(options)
  if options.x then return "" end
  return options.y and digits or options.t and "*" or "#"
end

local function milliseconds(text)
  local s = tonumber(text)
  return s and s > 0 and s * 1000 or nil
end

local function record(chan, text, silence, max, letters)
  local options = pbx.options(letters)
  local name, format = file_of(text)
  if not name then
    pbx.log("warning", "Record: " .. format)
    chan:set("RECORD_STATUS", "ERROR")
    return
  end
  chan:set("RECORDED_FILE", name)
  if not chan:is_up() then
    if options.s then
      chan:set("RECORD_STATUS", "SKIP")
      return
    end
    if not options.n then chan:answer() end
  end
  chan:set("RECORD_STATUS", "HANGUP") -- should the caller leave during the beep
  if not options.q then
    local ok, why = chan:play("beep")
    if not ok then pbx.log("warning", "Record: " .. why) end
  end
  local ends = terminators(options)
  local done, why = chan:record {
    file = name .. "." .. format, silence_ms = milliseconds(silence), max_ms = milliseconds(max), append = options.a, keep = options.k,
    terminators = options.o and ends .. "0" or ends, trim = not options.u,
  }
  if not done then
    pbx.log("warning", "Record: " .. why)
    chan:set("RECORD_STATUS", "ERROR")
  elseif options.o and done.key == "0" then
    chan:set("RECORD_STATUS", "OPERATOR")
  else
    chan:set("RECORD_STATUS", statuses[done.why])
  end
  chan:wait(0) -- raises what ended it, if that was not the recording's own
end

M.applications = {
  Record = { run = record, synopsis = "Record what the caller says into a file", takes = "file!, silence, max, options", options = "aknoqstuxy" },
}

return M
