--- Between the callee's answer and the talk: options a, A, D, U, and G, which has no talk.
local pbx = require "pbx"
local request = require "dial.request"
local M = {}

--- Do something that waits upon the callee. His hang-up is no reason to end the script; everything else raised goes on up.
function M.with(chan, f)
  local ok, e = pcall(f)
  if not ok and (chan:hung_up() or type(e) ~= "userdata" or e.kind ~= "hangup") then error(e, 0) end
  return ok
end

--- A(callee[:caller]): both hear their announcement at once.
local function announce(chan, peer, files)
  local callee, caller = files:match("^([^:]*):?(.*)$")
  local playing = caller ~= "" and chan:start_play((caller:gsub("%^", "&")))
  if callee ~= "" then
    local ok, why = peer:play((callee:gsub("%^", "&")))
    if not ok and why then pbx.log("warning", "Dial: option A: " .. why) end
  end
  if playing then playing:wait() end
end

--- D([called][:calling[:progress]]): keys to either party.
local function digits(chan, peer, text)
  local called, calling, progress = text:match("^([^:]*):?([^:]*):?(.*)$")
  if progress ~= "" then pbx.log_once("notice", "Dial: option D: digits at progress are not supported yet and ignored") end
  for party, keys in pairs { [peer] = called, [chan] = calling } do
    if keys ~= "" then party:send_digits(keys) end
  end
end

--- U(context[^arguments]): a subroutine on the callee, and what its GOSUB_RESULT asks for. true: go on to the talk; else false and what
-- Dial returns.
local function subroutine(chan, peer, text)
  local context, arguments = text:match("^([^^(]*)[%^(]?(.-)%)?$")
  peer:unset("GOSUB_RESULT")
  request.subroutine(chan, peer, context .. "^s^1(" .. arguments .. ")")
  local result = (peer:get("GOSUB_RESULT") or ""):match("^%s*(.-)%s*$")
  local place = result:match("^[Gg][Oo][Tt][Oo]:(.*)$")
  result = result:upper()
  if result == "ABORT" then return false, -1 end
  if result == "BUSY" or result == "CONGESTION" then
    chan:set("DIALSTATUS", result)
    return false
  end
  if result == "CONTINUE" then return false end
  if place then
    local there, exten, priority = request.place(chan, place)
    if not there then return false, -1 end
    peer:hangup()
    chan:go_to(there, exten, priority)
  end
  if result ~= "" and result ~= "PASSTHRU" then pbx.log("warning", "Dial: GOSUB_RESULT '" .. result .. "' is none of ABORT, BUSY, CONGESTION, CONTINUE, GOTO:place") end
  return true
end

--- All that comes before the talk. true, or false and what Dial returns.
function M.prepare(chan, peer, options)
  if options.a then chan:answer() end
  local go, verdict = true, nil
  local ok = M.with(chan, function()
    if type(options.A) == "string" then announce(chan, peer, options.A) end
    if type(options.U) == "string" then go, verdict = subroutine(chan, peer, options.U) end
    if go and type(options.D) == "string" then digits(chan, peer, options.D) end
  end)
  if not ok then return false, not options.g and -1 or nil end -- the callee has left
  return go, verdict
end

--- G(place): the caller goes to the place, the callee to the priority after it.
function M.split(chan, peer, options)
  local context, exten, priority = request.place(chan, options.G)
  if not context then
    peer:hangup()
    return -1
  end
  chan:answer()
  peer:go_on(context, exten, priority + 1)
  chan:go_to(context, exten, priority)
end

return M
