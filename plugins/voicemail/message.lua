--- One message: what is said of it, and hearing it.
local pbx = require "pbx"
local say = require "voicemail.say"
local M = {}

--- The number in `"name" <number>`; nil for nobody's.
function M.number(callerid)
  local number = (callerid or ""):match("<([^>]*)>%s*$") or (callerid or ""):match("^%s*(.-)%s*$")
  return number ~= "" and number ~= "Unknown" and number:find("%d") and number or nil
end

local function listed(list, item)
  for _, piece in ipairs(pbx.split(list or "", ",")) do
    if piece:match("^%s*(.-)%s*$") == item then return true end
  end
end

--- A name that the site recorded for a number: recordings/callerids of the spool.
local function recorded_name(box, number)
  local spool = (pbx.mailbox.path(box.context, box.name) or ""):match("^(.*)/voicemail/[^/]+/[^/]+$")
  local name = spool and number:match("^[%w+*#-]+$") and spool .. "/recordings/callerids/" .. number
  for _, extension in ipairs(name and { "wav", "WAV", "gsm", "ulaw", "alaw", "sln", "g722", "ogg", "opus" } or {}) do
    if pbx.recorded(name .. "." .. extension) then return name end
  end
end

--- Who left it; without words before the number for plain.
function M.caller(box, message, plain)
  local number = M.number(message.callerid)
  if not number then return { "vm-unknown-caller" } end
  local name = recorded_name(box, number)
  local inside = listed(box:option "cidinternalcontexts", message.context)
  if inside and not name then
    name = pbx.mailbox.greeting(message.context, number, "greet") or pbx.mailbox.greeting(box.context, number, "greet")
  end
  if name then return plain and { name } or { "vm-from", name } end
  local before = not plain and { inside and "vm-from-extension" or "vm-from-phonenumber" } or {}
  return say.add(before, say.digits(number))
end

--- What it is about, when it came, who left it, how long it is.
function M.envelope(chan, box, message, all)
  local out = {}
  if not all and message.category and message.category ~= "" then say.add(out, { message.category }) end
  if all or box:yes "envelope" then say.add(out, say.moment(chan, message.time, box)) end
  if all or box:yes "saycid" then say.add(out, M.caller(box, message)) end
  local minutes = math.floor(message.duration / 60)
  if not all and box:yes "sayduration" and minutes >= box:number "saydurationm" then
    say.add(say.add(say.add(out, { "vm-duration" }), say.number(chan, minutes)), { "vm-minutes" })
  end
  return out
end

--- "first message", "message seven", "last urgent message".
function M.title(chan, at, of, message)
  local place = at == 1 and "vm-first" or at == of and "vm-last"
  local out = { place or nil }
  if message.flag == "Urgent" then out[#out + 1] = "vm-Urgent" end
  out[#out + 1] = "vm-message"
  return place and out or say.add(out, say.number(chan, at))
end

--- Play the sound; the keys of listen-control wind, pause and begin anew. Another key ends it and is returned.
function M.play(chan, box, path)
  local sound, paused, skip_ms = chan:start_play(path), false, box:number "skipms"
  local keys = {}
  for _, what in ipairs { "stop", "pause", "reverse", "forward", "restart" } do -- of a key that is given twice the last counts
    for key in box:option("listen-control-" .. what .. "-key"):gmatch("[%d*#]") do keys[key] = what end
  end
  while sound do
    local key = sound:wait(say.any_key)
    local what = keys[key]
    if key == "ended" or not key then return nil end
    if what == "reverse" then sound:seek(-skip_ms)
    elseif what == "forward" then sound:seek(skip_ms)
    elseif what == "restart" then sound:seek_to(0)
    elseif what == "pause" then
      paused = not paused
      if paused then sound:pause() else sound:resume() end
    elseif what == "stop" then
      sound:stop()
      return key
    end
  end
end

return M
