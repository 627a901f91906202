--- What Dial tells the dialplan in variables (compare Asterisk's app_dial).
local M = {}

local cleared = {
  "DIALSTATUS", "DIALEDPEERNAME", "DIALEDPEERNUMBER", "DIALEDTIME", "DIALEDTIME_MS", "ANSWEREDTIME", "ANSWEREDTIME_MS",
  "RINGTIME", "RINGTIME_MS", "PROGRESSTIME", "PROGRESSTIME_MS",
}

function M.clear(chan)
  for _, name in ipairs(cleared) do chan:unset(name) end
end

--- NAME in whole seconds and NAME_MS in milliseconds.
local function time(chan, name, ms)
  chan:set(name, math.floor(ms / 1000))
  chan:set(name .. "_MS", math.floor(ms))
end

function M.progress(chan, result)
  if result.ring_ms then time(chan, "RINGTIME", result.ring_ms) end
  if result.progress_ms then time(chan, "PROGRESSTIME", result.progress_ms) end
end

--- DIALSTATUS when nobody answered. Somebody still rang when the time was up: NOANSWER. Else all have failed: one busy makes it
-- BUSY, but a leg that just ended (causes 16, 19) makes it NOANSWER; all unavailable is CHANUNAVAIL.
function M.of(result)
  local count = {}
  for _, leg in ipairs(result.legs) do
    local replaced = leg.forward ~= "" and leg.status == "NOANSWER" -- by the leg it was forwarded to, which counts itself
    if not replaced then count[leg.status] = (count[leg.status] or 0) + 1 end
  end
  if result.timed_out or count.NOANSWER then return "NOANSWER" end
  if count.BUSY then return "BUSY" end
  if count.CONGESTION then return "CONGESTION" end
  return "CHANUNAVAIL"
end

function M.peer(chan, result)
  chan:set("DIALEDPEERNAME", result.peer:name())
  chan:set("DIALEDPEERNUMBER", result.target:match("/(.*)$"))
  chan:set("BRIDGEPEER", result.peer:name())
  result.peer:set("BRIDGEPEER", chan:name())
end

--- After the talk.
-- Deviates: Asterisk reports the caller channel's age and its time since being answered, so that a menu before Dial is counted too;
-- we report what its manual says: from Dial to the end, and from the callee's answer to the end.
function M.times(chan, dialed_s, answered_ms)
  time(chan, "DIALEDTIME", dialed_s * 1000)
  time(chan, "ANSWEREDTIME", answered_ms)
end

return M
