--- One message: what is said of it, and hearing it.
local say = require "voicemail.say"
local M = {}

--- When it came, who left it, how long it is.
function M.envelope(box, message, all)
  local out = {}
  if all or box:yes "envelope" then say.add(say.add(out, { "vm-received" }), say.moment(message.time, box:zone())) end
  if all or box:yes "saycid" then
    local number = (message.callerid or ""):match("<(%d+)>") or (message.callerid or ""):match("^%d+$")
    if number then say.add(say.add(out, { "vm-from-phonenumber" }), say.digits(number)) else out[#out + 1] = "vm-unknown-caller" end
  end
  local minutes = math.floor(message.duration / 60 + 0.5)
  if box:yes "sayduration" and minutes >= math.max(1, box:number "saydurationm") then
    say.add(say.add(say.add(out, { "vm-duration" }), say.number(minutes)), { "vm-minutes" })
  end
  return out
end

--- "first message", "message seven", "last message".
function M.title(at, of)
  if at == 1 then return { "vm-first", "vm-message" } end
  if at == of then return { "vm-last", "vm-message" } end
  return say.add({ "vm-message" }, say.number(at))
end

--- Play the sound: * back, # on, 0 pause; another key ends it and is returned.
function M.play(chan, path, skip_ms)
  local sound = chan:start_play(path)
  local paused = false
  while sound do
    local key = sound:wait(say.any_key)
    if key == "ended" or not key then return nil end
    if key == "*" then sound:seek(-skip_ms)
    elseif key == "#" then sound:seek(skip_ms)
    elseif key == "0" then
      paused = not paused
      if paused then sound:pause() else sound:resume() end
    else
      sound:stop()
      return key
    end
  end
end

return M
