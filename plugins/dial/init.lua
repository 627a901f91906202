--- Dial: ring one or more parties and join the one that answers.
-- Application: Dial(Tech/resource[&…][,timeout[^progress-timeout][,options[,URL]]]). See README.md.
local pbx = require "pbx"
local status = require "dial.status"
local M = { name = "dial" }

-- What this version acts on; every other letter of Asterisk's is accepted and named once in the log.
local supported, ignored = "cgirIj", "ABCDFGHKLMNOPQRSTUWXabdefhkmnopstuwxz"

--- Say once in a call which options are ignored.
local function check(options)
  for letter in pairs(options) do
    if ignored:find(letter, 1, true) then
      pbx.log_once("notice", "Dial: option '" .. letter .. "' is not supported yet and ignored")
    elseif not supported:find(letter, 1, true) then
      pbx.log_once("warning", "Dial: unknown option '" .. letter .. "' is ignored")
    end
  end
end

--- "Tech/a&Tech/b" as a list; nil and why if there is nothing to dial.
local function targets(text)
  local list = {}
  for _, one in ipairs(pbx.split(text or "", "&")) do
    one = one:match("^%s*(.-)%s*$")
    if one:find("^[^/]+/.") then
      list[#list + 1] = one
    elseif one ~= "" then
      return nil, "'" .. one .. "' is no Tech/resource"
    end
  end
  if #list == 0 then return nil, "nothing to dial" end
  return list
end

--- "20.5^10": seconds before the answer, in ms; 0 is no limit. The progress timeout is not supported yet.
local function timeout(text)
  local seconds, progress = (text or ""):match("^%s*([^^]*)%^?(.*)$")
  if progress ~= "" then pbx.log_once("notice", "Dial: the progress timeout is not supported yet and ignored") end
  local n = tonumber(seconds)
  if seconds ~= "" and not n then pbx.log("warning", "Dial: timeout '" .. seconds .. "' is no number of seconds") end
  return n and math.max(n, 0) * 1000 or 0
end

local function dial(chan, destinations, seconds, letters)
  status.clear(chan)
  local list, why = targets(destinations)
  if not list then
    pbx.log("warning", "Dial: " .. why .. "; want Tech/resource, as PJSIP/100")
    chan:set("DIALSTATUS", "INVALIDARGS")
    return -1
  end
  local options = pbx.options(letters)
  check(options)
  local began = pbx.time.now()
  local ok, result = pcall(chan.dial, chan, {
    targets = list, timeout_ms = timeout(seconds), ring = options.r ~= nil, ignore_forwards = options.i ~= nil,
  })
  if not ok then -- the caller hung up while it rang
    chan:set("DIALSTATUS", "CANCEL")
    error(result, 0)
  end
  status.progress(chan, result)
  if not result.peer then
    chan:set("DIALSTATUS", status.of(result))
    return
  end
  chan:set("DIALSTATUS", "ANSWER")
  status.peer(chan, result)
  chan:answer()
  local bridged = chan:bridge(result.peer)
  status.times(chan, pbx.time.now() - began, bridged.duration_ms)
  result.peer:hangup()
  if not (bridged.peer_hung_up and options.g) then return -1 end
end

M.applications = {
  Dial = { run = dial, synopsis = "Ring parties and talk to the one that answers", takes = "targets, seconds, options", options = supported, ignored = ignored },
}

return M
