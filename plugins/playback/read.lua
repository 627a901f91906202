--- Read(variable[,files[,max[,options[,attempts[,timeout]]]]]). READSTATUS = OK | TIMEOUT | HANGUP | SKIPPED | ERROR.
local pbx = require "pbx"

local any_key = "0123456789*#ABCD"

--- The digits while a tone sounds, which the first key stops.
local function under_tone(chan, tone, o)
  local ok, why = chan:play_tone(tone)
  if not ok then pbx.log("warning", "Read: " .. why) end
  local key = chan:digit(o.first_ms)
  chan:stop_tone()
  if not key then return "", "timeout" end
  if o.terminators:find(key, 1, true) then return "", "terminator", key end
  if o.max == 1 then return key, "max" end
  local rest, ending, last = chan:read { max = math.max(o.max - 1, 0), timeout_ms = o.timeout_ms, terminators = o.terminators }
  return key .. rest, ending, last
end

--- The prompts, then the digits.
local function after_files(chan, play_files, files, o)
  if files then play_files(chan, files, any_key) end
  return chan:read { max = o.max, first_ms = o.first_ms, timeout_ms = o.timeout_ms, terminators = o.terminators }
end

--- One attempt. Returns what was typed, and how it ended.
local function attempt(chan, play_files, files, o)
  local typed, why, key
  if o.tone and files then
    typed, why, key = under_tone(chan, files, o)
  else
    typed, why, key = after_files(chan, play_files, files, o)
  end
  if typed == "" and key and o.keep then typed = key end
  return typed, why
end

--- The terminators: # unless t(chars) says others; t alone means none.
local function terminators(t)
  if not t then return "#" end
  return t == true and "" or t
end

return function(play_files, prepare)
  return function(chan, variable, files, max, letters, attempts, seconds)
    if not variable then
      pbx.log("warning", "Read: want the name of a variable")
      chan:set("READSTATUS", "ERROR")
      return
    end
    local options = pbx.options(letters)
    if not prepare(chan, options.s, options.n) then
      chan:set(variable, "")
      chan:set("READSTATUS", "SKIPPED")
      return
    end
    local timeout_s = tonumber(seconds)
    if timeout_s and timeout_s <= 0 then timeout_s = nil end
    local o = {
      max = tonumber(max) or 0, keep = options.e, tone = options.i, terminators = terminators(options.t),
      first_ms = (timeout_s or chan:timeout("response")) * 1000, timeout_ms = (timeout_s or chan:timeout("digit")) * 1000,
    }
    for _ = 1, math.max(tonumber(attempts) or 1, 1) do
      local ok, typed, why = pcall(attempt, chan, play_files, files, o)
      if not ok then
        chan:set(variable, "")
        chan:set("READSTATUS", "HANGUP")
        error(typed, 0)
      end
      chan:set(variable, typed)
      chan:set("READSTATUS", why == "timeout" and "TIMEOUT" or "OK")
      if typed ~= "" then return end
    end
  end
end
