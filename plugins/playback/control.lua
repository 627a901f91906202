--- ControlPlayback(file[,skip ms[,forward[,rewind[,stop[,pause[,restart[,options]]]]]]]). CPLAYBACKSTATUS = SUCCESS | USERSTOPPED | ERROR.
local pbx = require "pbx"

local any_key = "0123456789*#ABCD"

--- What each key does, told as a table from key to word.
local function bindings(forward, rewind, stop, pause, restart)
  local does = {}
  for _, pair in ipairs { { restart, "restart" }, { pause, "pause" }, { stop, "stop" }, { rewind or "*", "rewind" }, { forward or "#", "forward" } } do
    for key in (pair[1] or ""):gmatch("[%d*#A-D]") do does[key] = pair[2] end
  end
  return does
end

--- Play until the end or a stop key. Returns that key.
local function follow(sound, does, skip_ms)
  local paused = false
  while true do
    local key = sound:wait(any_key)
    if key == "ended" then return nil end
    local word = does[key]
    if word == "stop" then return key end
    if word == "forward" then sound:seek(skip_ms)
    elseif word == "rewind" then sound:seek(-skip_ms)
    elseif word == "restart" then sound:seek_to(0) end
    if word then
      paused = word == "pause" and not paused
      if paused then sound:pause() else sound:resume() end
    end
  end
end

return function(chan, file, skip, forward, rewind, stop, pause, restart, letters)
  if not file then
    pbx.log("warning", "ControlPlayback: want a file name")
    chan:set("CPLAYBACKSTATUS", "ERROR")
    return
  end
  for _, name in ipairs { "CPLAYBACKSTATUS", "CPLAYBACKOFFSET", "CPLAYBACKSTOPKEY" } do chan:unset(name) end
  if not chan:is_up() then chan:answer() end
  local skip_ms = tonumber(skip)
  if not skip_ms or skip_ms <= 0 then skip_ms = 3000 end
  local options = pbx.options(letters)
  local sound, why = chan:start_play(file, { offset_ms = tonumber(options.o) })
  if why then pbx.log("warning", why) end
  if not sound then
    chan:set("CPLAYBACKSTATUS", "ERROR")
    return
  end
  local key = follow(sound, bindings(forward, rewind, stop, pause, restart), skip_ms)
  sound:stop()
  chan:set("CPLAYBACKSTATUS", key and "USERSTOPPED" or "SUCCESS")
  chan:set("CPLAYBACKOFFSET", key and sound:position() or -1)
  if key then chan:set("CPLAYBACKSTOPKEY", key) end
end
