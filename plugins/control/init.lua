--- Answering, ending and signalling a call, waiting, and writing to the log.
-- Applications: Answer, Hangup, Ringing, Progress, Proceeding, Busy, Congestion, Wait, NoOp, Verbose, Log, Incomplete, Echo.
local pbx = require "pbx"
local M = { name = "control" }

--- Seconds as people write them ("1.5") in milliseconds; nil for none or for what is no number.
local function milliseconds(seconds)
  local n = tonumber(seconds)
  return n and n * 1000
end

-- Deviates: Asterisk waits up to 500 ms for the first sound to arrive; our ports play from the answer on, so only an asked-for delay waits.
local function answer(chan, delay)
  chan:answer()
  local ms = tonumber(delay)
  if ms and ms > 0 then chan:wait(ms) end
end

local function hangup(chan, cause)
  local number
  if cause then
    local why
    number, why = pbx.cause(cause)
    if not number then pbx.log("warning", "Hangup: " .. why) end
  end
  chan:hangup(number)
  return -1
end

--- Busy and Congestion: a tone for who has been answered, else the final response that the cause stands for.
local function refuse(signal, cause)
  return function(chan, seconds)
    chan:set_cause(cause)
    if chan:is_up() then
      chan:indicate(signal)
      chan:wait(milliseconds(seconds))
    end
    return -1
  end
end

local function indicate(signal)
  return function(chan) chan:indicate(signal) end
end

local function wait(chan, seconds)
  local ms = milliseconds(seconds)
  if not ms then
    pbx.log("warning", "Wait: '" .. tostring(seconds or "") .. "' is no number of seconds")
  elseif ms > 0 then
    chan:wait(ms)
  end
end

local function verbose(_, data)
  local level, text = data:match("^%s*(%d+)%s*,(.*)$")
  pbx.log((tonumber(level) or 0) > 3 and "debug" or "verbose", text or data)
end

local log_levels = { notice = true, warning = true, error = true, verbose = true, debug = true, dtmf = true }

local function log(_, data)
  local level, text = data:match("^%s*(%a+)%s*,(.*)$")
  if not level or not log_levels[level:lower()] then
    pbx.log("error", "Log: want NOTICE, WARNING, ERROR, VERBOSE, DEBUG or DTMF, a comma, and a message; got: " .. data)
    return
  end
  pbx.log(level, text)
end

--- More digits of this extension are wanted. 12 is what the run loop knows it by.
local function incomplete(chan, options)
  if not (options or ""):find("n") then chan:answer() end
  return 12
end

local function echo(chan) chan:echo("#") end

M.applications = {
  Answer = { run = answer, synopsis = "Answer a call that rings", takes = "ms" },
  Hangup = { run = hangup, synopsis = "Hang up, with a cause if given", takes = "cause" },
  Ringing = { run = indicate("ringing"), synopsis = "Let the caller hear ringing" },
  Progress = { run = indicate("progress"), synopsis = "Open early media" },
  Proceeding = { run = indicate("proceeding"), synopsis = "Say that the call is on its way" },
  Busy = { run = refuse("busy", 17), synopsis = "Signal busy, then hang up", takes = "seconds" },
  Congestion = { run = refuse("congestion", 34), synopsis = "Signal congestion, then hang up", takes = "seconds" },
  Wait = { run = wait, synopsis = "Let seconds pass", takes = "seconds!" },
  NoOp = { run = function() end, raw = true, synopsis = "Do nothing but show the arguments in the log" },
  Verbose = { run = verbose, raw = true, synopsis = "Write a message to the log" },
  Log = { run = log, raw = true, synopsis = "Write a message of a level to the log" },
  Incomplete = { run = incomplete, synopsis = "Wait for more digits of the extension" },
  Echo = { run = echo, synopsis = "Send the caller's sound back until #" },
}

return M
