--- MixMonitor(file.format[,options[,command]]): record both sides of a call while it goes on.
-- Applications: MixMonitor, StopMixMonitor, MixMonitorMute. Sets MIXMONITOR_FILENAME.
local pbx = require "pbx"
local M = { name = "mixmonitor" }

--- A name beneath the spool's monitor folder unless it is absolute; nil for none.
local function beneath(chan, name)
  if not name or name == true or name == "" then return nil end
  name = name:gsub("%.wav49$", ".WAV") -- as the file will be called
  if name:sub(1, 1) == "/" then return name end
  return chan:get("ASTSPOOLDIR") .. "/monitor/" .. name
end

local function beep(chan)
  local ok, why = chan:play("beep")
  if not ok then pbx.log("warning", "MixMonitor: " .. why) end
end

--- The mailboxes of m(box[@context][/folder],…).
local function mailboxes(chan, list)
  local out = {}
  for text in (type(list) == "string" and list or ""):gmatch "[^,&]+" do
    local name, context, folder = text:match "^%s*([%w_.+-]*)@?([%w_.+-]*)/?(.-)%s*$"
    if context == "" then context = "default" end
    local max = tonumber(chan:get("VM_INFO(" .. name .. "@" .. context .. ",maxmsg)"))
    if max then
      out[#out + 1] = { context = context, box = name, folder = folder ~= "" and folder or "INBOX", max = max }
    else
      pbx.log("warning", "MixMonitor: no mailbox '" .. name .. "@" .. context .. "' in voicemail.conf")
    end
  end
  return out
end

--- Whom such a message is from: the other party, or with c the channel's own.
local function sender(chan, own)
  local id = own and chan:callerid() or chan:connected()
  local name, number = id.name or "", id.number or ""
  if number == "" then return "Unknown" end
  return name ~= "" and ('"%s" <%s>'):format(name, number) or number
end

local function mix_monitor(chan, file, letters, command)
  local options = pbx.options(letters)
  local how = {
    file = beneath(chan, file), heard = beneath(chan, options.r), said = beneath(chan, options.t), stereo = options.D, bridged = options.b,
    beep_ms = options.B and (tonumber(options.B) or 15) * 1000, append = options.a, delete = options.d, command = command,
    heard_gain = tonumber(options.V or options.W), said_gain = tonumber(options.v or options.W),
    mailboxes = mailboxes(chan, options.m), callerid = options.m and sender(chan, options.c),
  }
  if not (how.file or how.heard or how.said) then
    pbx.log("warning", "MixMonitor: want a file name with its format, as in 'call.wav'")
    return
  end
  if options.p then beep(chan) end
  chan:set("MIXMONITOR_FILENAME", how.file or how.heard or how.said)
  local id, why = chan:monitor(how)
  if not id then
    pbx.log("error", "MixMonitor: " .. why)
    return
  end
  if options.P then chan:set("MIXMONITOR_BEEP_" .. id, "1") end
  if type(options.i) == "string" then chan:set(options.i, id) end
end

local function stop_mix_monitor(chan, id)
  local running = chan:monitors()
  id = id or running[1] and running[1].id
  if not id or not chan:stop_monitor(id) then
    pbx.log("notice", "StopMixMonitor: nothing is recorded" .. (id and " as " .. id or ""))
  elseif chan:get("MIXMONITOR_BEEP_" .. id) then
    beep(chan)
  end
end

--- MixMonitorMute([read|write|both[,1|0[,id]]]): without the second, what was muted is recorded again and the other way round.
local function mute(chan, direction, state, id)
  direction = (direction or "both"):lower()
  if direction ~= "read" and direction ~= "write" and direction ~= "both" then
    pbx.log("warning", "MixMonitorMute: want read, write or both; got: " .. direction)
    return
  end
  local on = state == nil or pbx.truth(state)
  if not chan:mute_monitor(direction, on, id) then pbx.log("notice", "MixMonitorMute: nothing is recorded") end
end

M.applications = {
  MixMonitor = { run = mix_monitor, synopsis = "Record both sides of a call while it goes on", takes = "file!, options, command",
    options = "abBcdDimnpPrtSvVW", ignored = "nS" },
  StopMixMonitor = { run = stop_mix_monitor, synopsis = "Stop what MixMonitor began", takes = "id" },
  MixMonitorMute = { run = mute, synopsis = "Put silence in the place of one side of a recording", takes = "direction!, state, id" },
}

return M
