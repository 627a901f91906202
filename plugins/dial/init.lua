--- Dial: ring one or more parties and join the one that answers.
-- Applications: Dial(Tech/resource[&…][,timeout[^progress-timeout][,options[,URL]]]), RetryDial. Function: FEATUREMAP. See README.md.
local pbx = require "pbx"
local status = require "dial.status"
local request = require "dial.request"
local answered = require "dial.answered"
local features = require "dial.features"
local talk = require "dial.talk"
local M = { name = "dial" }

-- What this version acts on; every other letter of Asterisk's is accepted and named once in the log.
local supported, ignored = "ABCDFGHILQRSTUabcdefghijmorstuz", "KMNOPWXknpwx"

--- Take out the options that are ignored, and say once in a call which those are.
local function check(options)
  for letter in pairs(options) do
    if ignored:find(letter, 1, true) then
      options[letter] = nil
      pbx.log_once("notice", "Dial: option '" .. letter .. "' is not supported yet and ignored")
    elseif not supported:find(letter, 1, true) then
      pbx.log_once("warning", "Dial: unknown option '" .. letter .. "' is ignored")
    end
  end
end

--- Ring them all: what chan:dial returns; nil when the caller left with a key, and then what Dial has to return.
local function ring(chan, list, seconds, options, more)
  local wanted = request.of(chan, list, seconds, options)
  for field, value in pairs(more or {}) do wanted[field] = value end
  local stop = request.ringback(chan, wanted, options)
  local ok, result = pcall(chan.dial, chan, wanted)
  stop()
  if not ok then -- the caller hung up while it rang
    chan:set("DIALSTATUS", "CANCEL")
    error(result, 0)
  end
  status.progress(chan, result)
  if not result.digit then return result end
  chan:set("DIALSTATUS", "CANCEL")
  if options.H and result.digit == features.code(chan, "disconnect") then return nil, -1 end
  chan:go_to(request.exit_context(chan), result.digit)
end

--- After the talk: the callee goes on somewhere, or is hung up.
local function leave(chan, peer, options)
  if options.F and chan:hung_up() and not peer:hung_up() then
    local context, exten, priority = request.place(chan, options.F == true and "+1" or options.F)
    if context then
      peer:go_on(context, exten, priority)
      return
    end
  end
  if options.e then
    peer:go_on(chan:context(), "h")
  else
    peer:hangup()
  end
end

--- Dials a list of Tech/resource; more are further fields of chan:dial.
local function parties(chan, list, seconds, letters, more)
  status.clear(chan)
  if chan:get("TOLLGUARD") then -- somebody sent the call here: it may not be allowed to leave the house
    list = pbx.tollguard.targets(chan, list)
    if #list == 0 then
      chan:set("DIALSTATUS", "CONGESTION")
      chan:set_cause(21)
      return
    end
  end
  local options = pbx.options(letters)
  check(options)
  if options.C then chan:reset_cdr() end
  if options.B then request.subroutine(chan, chan, options.B) end
  local began = pbx.time.now()
  local result, verdict = ring(chan, list, seconds, options, more)
  if not result then return verdict end
  if not result.peer then
    chan:set("DIALSTATUS", status.of(result))
    return
  end
  local peer = result.peer
  chan:set("DIALSTATUS", "ANSWER")
  status.peer(chan, result)
  if options.G then return answered.split(chan, peer, options) end
  local joins
  joins, verdict = answered.prepare(chan, peer, options)
  if not joins then
    peer:hangup()
    return verdict
  end
  chan:answer()
  local ok, talked = pcall(talk.run, chan, peer, options)
  if not ok and not chan:hung_up() then error(talked, 0) end -- a Goto of the transfer, or a mistake
  if ok then status.times(chan, pbx.time.now() - began, talked.duration_ms) end
  if not (ok and (talked.transferred or talked.moved)) then leave(chan, peer, options) end
  if chan:hung_up() or not (ok and options.g) or talked.transferred then return -1 end
end

local function dial(chan, destinations, seconds, letters)
  local list, why = request.targets(destinations)
  if list then return parties(chan, list, seconds, letters) end
  status.clear(chan)
  pbx.log("warning", "Dial: " .. why .. "; want Tech/resource, as PJSIP/100")
  chan:set("DIALSTATUS", "INVALIDARGS")
  return -1
end

--- RetryDial(announcement,seconds,retries,Tech/resource…[,timeout[,options]]): again and again until somebody answers.
local function retry(chan, announcement, pause, times, destinations, seconds, letters)
  local left = tonumber(times) or 0
  local keys = pbx.options(letters).d and request.exit_digits(chan) or ""
  while true do
    local verdict = dial(chan, destinations, seconds, letters)
    if verdict or chan:get("DIALSTATUS") == "ANSWER" or left == 0 then return verdict end
    left = left - 1
    if announcement then chan:play(announcement, keys) end
    local key = chan:digit(math.max(tonumber(pause) or 10, 0) * 1000)
    if key and keys:find(key, 1, true) then chan:go_to(request.exit_context(chan), key) end
  end
end

M.applications = {
  Dial = { run = dial, synopsis = "Ring parties and talk to the one that answers", takes = "targets!, seconds, options", options = supported, ignored = ignored },
  RetryDial = { run = retry, synopsis = "Ring parties again and again until one answers",
    takes = "prompts, seconds, retries, targets!, seconds, options", options = supported, ignored = ignored },
}
M.module = { parties = parties }
M.functions = {
  FEATUREMAP = { get = features.code, set = features.set, synopsis = "The keys of a feature within a call" },
}

return M
