--- What the caller says, or that he says nothing: BackgroundDetect, WaitForSilence, WaitForNoise.
local pbx = require "pbx"
local M = {}

--- The keys that an extension of the context begins with.
local function beginnings(context)
  return (("0123456789*#ABCD"):gsub(".", function(key) return pbx.exists(context, key, "canmatch") and key or "" end))
end

local function number(text, missing)
  local n = tonumber(text)
  return n and n >= 0 and n or missing
end

--- BackgroundDetect(files[,silence[,min[,max[,within]]]]), all in ms: who speaks meanwhile is sent to extension talk.
function M.background_detect(chan, files, silence, min, max, within)
  if not files then
    pbx.log("warning", "BackgroundDetect: want a file name")
    return -1
  end
  chan:answer()
  local sound, why = chan:start_play(files)
  if why then pbx.log("warning", "BackgroundDetect: " .. why) end
  if not sound then return end
  local heard = chan:listen { sound = sound, keys = beginnings(chan:context()), pause_ms = number(silence, 1000), min_ms = number(min, 100),
    max_ms = number(max, 0), within_ms = number(within, 0) }
  sound:stop()
  if heard.why == "digit" then return heard.key end
  if heard.why ~= "speech" then return end
  chan:set("TALK_DETECTED", math.floor(heard.talk_ms))
  if pbx.exists(chan:context(), "talk") then chan:go_to(chan:context(), "talk", 1) end
end

--- WaitForSilence(ms[,times[,timeout s]]) and WaitForNoise: as many stretches of it, without a break. WAITSTATUS = SILENCE or NOISE | TIMEOUT.
function M.wait_for(what)
  local field = what:lower() .. "_ms"
  return function(chan, ms, times, seconds)
    local ends, began = number(seconds, 0), pbx.time.now()
    chan:set("WAITSTATUS", "HANGUP") -- should the caller leave meanwhile
    for _ = 1, math.max(number(times, 1), 1) do
      local left = ends > 0 and ends - (pbx.time.now() - began) or 0
      if ends > 0 and left <= 0 then
        chan:set("WAITSTATUS", "TIMEOUT")
        return
      end
      local heard, why = chan:listen { [field] = number(ms, 1000), timeout_ms = left * 1000 }
      if not heard then
        pbx.log("warning", "WaitFor" .. what .. ": " .. why)
        chan:set("WAITSTATUS", "TIMEOUT")
        return
      end
      if heard.why == "timeout" then
        chan:set("WAITSTATUS", "TIMEOUT")
        return
      end
    end
    chan:set("WAITSTATUS", what:upper())
  end
end

return M
