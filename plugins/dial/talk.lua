--- The talk: both are joined until one leaves, the time is up, or a code is pressed.
local pbx = require "pbx"
local features = require "dial.features"
local answered = require "dial.answered"
local M = {}

--- L(limit[:warning[:repeat]]) in ms, or S(seconds), as the moments at which something is due: {{at=, say=remaining ms}, …, {at=, over=true}}.
local function schedule(options)
  local limit, warning, again = tostring(options.L or ""):match("^%s*(%d+):?(%d*):?(%d*)")
  limit, warning, again = tonumber(limit), tonumber(warning) or 0, tonumber(again) or 0
  local seconds = type(options.S) == "string" and tonumber(options.S)
  if options.L and not limit then pbx.log("warning", "Dial: option L wants limit:warning:repeat in ms") end
  if options.S and not seconds then pbx.log("warning", "Dial: option S wants seconds") end
  local list = {}
  if limit and warning > 0 and warning < limit then
    local remaining = warning
    repeat
      list[#list + 1] = { at = limit - remaining, say = remaining }
      remaining = remaining - again
    until again <= 0 or remaining <= 0
  end
  if limit then list[#list + 1] = { at = limit, over = true } end
  if seconds and (not limit or seconds * 1000 < limit) then
    while list[#list] and list[#list].at >= seconds * 1000 do list[#list] = nil end
    list[#list + 1] = { at = seconds * 1000, over = true, quiet = true }
  end
  return list
end

--- The prompts of a number below 100.
local function number(n)
  if n <= 20 then return "digits/" .. n end
  return "digits/" .. n - n % 10 .. (n % 10 > 0 and "&digits/" .. n % 10 or "")
end

--- "You have 1 minute 30 seconds".
local function time_left(ms)
  local seconds = math.floor(ms / 1000)
  local minutes, out = math.floor(seconds / 60), "vm-youhave"
  seconds = seconds % 60
  if minutes > 0 then out = out .. "&" .. number(math.min(minutes, 99)) .. "&" .. (minutes == 1 and "minute" or "minutes") end
  if seconds > 0 then out = out .. "&" .. number(seconds) .. "&seconds" end
  return out
end

--- LIMIT_PLAYAUDIO_CALLER (yes unless it says no) and …_CALLEE (no unless it says yes): who hears a file.
local function tell(chan, peer, file)
  if not file or file == "" then return end
  local said = function(name, missing)
    local value = chan:get(name)
    return not value and missing or value ~= nil and pbx.truth(value) and not value:lower():find("^[nf]")
  end
  local callee = said("LIMIT_PLAYAUDIO_CALLEE", false)
  if said("LIMIT_PLAYAUDIO_CALLER", not callee) then chan:play(file) end
  if callee then answered.with(chan, function() peer:play(file) end) end
end

--- Blind transfer: who pressed the code keys the number in; the other one goes there. Whether it happened; false: they talk on.
local function transfer(chan, peer, by_peer)
  local who, other = by_peer and peer or chan, by_peer and chan or peer
  local context = who:get("TRANSFER_CONTEXT") or other:get("TRANSFER_CONTEXT") or chan:context()
  local exten = ""
  answered.with(chan, function()
    who:play("pbx-transfer", "0123456789*#")
    repeat
      local key = who:digit(3000)
      exten = exten .. (key or "")
    until not key or not pbx.exists(context, exten, "matchmore")
  end)
  if who:hung_up() or other:hung_up() then return false end
  if exten == "" or not pbx.exists(context, exten) then
    answered.with(chan, function() who:play("pbx-invalid") end)
    return false
  end
  pbx.log("notice", who:name() .. " transfers " .. other:name() .. " to " .. exten .. "@" .. context)
  other:set("BLINDTRANSFER", who:name())
  other:set("TRANSFERERNAME", who:name())
  if by_peer then
    peer:hangup()
    chan:go_to(context, exten)
  end
  peer:go_on(context, exten)
  return true
end

--- Joined until the end: {duration_ms=, transferred=, moved=}; transferred: the callee goes on elsewhere and the dialplan ends; moved: the
-- callee was sent away by another party.
function M.run(chan, peer, options)
  local due, spent = schedule(options), 0
  local mine, theirs = features.codes(chan, options.H, options.T), features.codes(chan, options.h, options.t)
  if options.L then tell(chan, peer, chan:get("LIMIT_CONNECT_FILE")) end
  while not peer:hung_up() do
    local next_due = due[1]
    local result = chan:bridge(peer, { limit_ms = next_due and next_due.at - spent, mine = mine, theirs = theirs })
    spent = spent + result.duration_ms
    if result.timed_out then
      table.remove(due, 1)
      if next_due.over then
        if not next_due.quiet then tell(chan, peer, chan:get("LIMIT_TIMEOUT_FILE")) end
        break
      end
      local file = chan:get("LIMIT_WARNING_FILE") or "timeleft"
      tell(chan, peer, file == "timeleft" and time_left(next_due.say) or file)
    elseif result.code == "blindxfer" then
      if transfer(chan, peer, result.by_peer) then return { duration_ms = spent, transferred = true } end
    elseif result.peer_moved then
      return { duration_ms = spent, moved = true }
    else
      break -- somebody left, or pressed the code for it
    end
  end
  return { duration_ms = spent }
end

return M
