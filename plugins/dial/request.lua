--- What is asked of chan:dial: Dial's arguments and the options that count before somebody answers.
local pbx = require "pbx"
local features = require "dial.features"
local M = {}

--- "Tech/a&Tech/b" as a list; nil and why if there is nothing to dial.
function M.targets(text)
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

--- Seconds as milliseconds; 0, no limit, for none and for what is no number.
local function milliseconds(text)
  local n = tonumber(text)
  if text ~= "" and not n then pbx.log("warning", "Dial: timeout '" .. text .. "' is no number of seconds") end
  return n and math.max(n, 0) * 1000 or 0
end

--- A place as options write it, with ^ for commas: context, exten, priority; nil, and a line in the log, if it cannot be read.
function M.place(chan, text)
  local context, exten, priority = chan:locate((text:gsub("%^", ",")))
  if not context then pbx.log("warning", "Dial: " .. exten) end
  return context, exten, priority
end

--- Run the subroutine "context^exten^priority(arguments)" on a channel; whether it returned.
function M.subroutine(_, on, place) return (on:gosub((place:gsub("%^", ",")))) end

function M.exit_context(chan) return chan:get("EXITCONTEXT") or chan:context() end

--- The keys that are an extension where option d goes.
function M.exit_digits(chan)
  local context, out = M.exit_context(chan), ""
  for key in ("0123456789*#"):gmatch(".") do
    if pbx.exists(context, key) then out = out .. key end
  end
  return out
end

--- "Name" <number> as a table; a bare text is a number.
local function caller(text)
  local name, number = text:match('^%s*"?(.-)"?%s*<([^<>]*)>%s*$')
  return { name = name or "", number = number or text }
end

--- What a forward shows as its caller: the one of option f, or the extension that was called.
local function forward_caller(chan, options)
  if not options.f then return nil end
  local id = options.f == true and { name = "", number = chan:exten() } or caller(options.f)
  if options.u then id.presentation = options.u end
  return id
end

--- For each phone before it rings: option o, then the subroutine of b.
local function before(chan, options)
  if not options.o and not options.b then return nil end
  return function(leg)
    if options.o then leg:set_callerid(options.o == true and chan:callerid() or caller(options.o)) end
    if options.b then M.subroutine(chan, leg, options.b) end
  end
end

local function cancel_cause(options)
  if options.Q and options.Q ~= true then
    if options.Q:upper() == "NONE" then return nil end
    local cause, why = pbx.cause(options.Q)
    if not cause then pbx.log("warning", "Dial: option Q: " .. why) end
    return cause
  end
  return options.c and pbx.cause("ANSWERED_ELSEWHERE") or nil
end

--- The table chan:dial takes.
function M.of(chan, list, seconds, options)
  local answer, progress = tostring(seconds or ""):match("^%s*([^^]*)%^?(.*)$")
  local digits = options.d and M.exit_digits(chan) or ""
  if options.H then digits = digits .. features.code(chan, "disconnect"):sub(1, 1) end
  return {
    targets = list, timeout_ms = milliseconds(answer), progress_timeout_ms = milliseconds(progress), digits = digits,
    ring = options.r and "fake" or options.R and "until_media" or "real", ignore_forwards = options.i ~= nil, unshown = options.I ~= nil,
    forward_callerid = forward_caller(chan, options), forward_untimed = options.z ~= nil, cancel_cause = cancel_cause(options),
    before = before(chan, options),
  }
end

--- Begin what the caller hears instead of ringing: r(tone), m(class). Returns what ends it.
function M.ringback(chan, wanted, options)
  local nothing = function() end
  if options.m then
    if not chan:is_up() then chan:indicate("progress") end
    wanted.ring = "none"
    local playing, reason = chan:start_music(options.m ~= true and options.m or nil)
    if not playing then
      pbx.log("warning", "Dial: option m: " .. reason)
      wanted.ring = "real"
      return nothing
    end
    return function() chan:stop_music() end
  end
  if options.r and options.r ~= true then
    if not chan:is_up() then chan:indicate("progress") end
    local ok, why = chan:play_tone(options.r)
    if not ok then
      pbx.log("warning", "Dial: option r: " .. why)
      return nothing
    end
    wanted.ring = "none"
    return function() chan:stop_tone() end
  end
  return nothing
end

return M
