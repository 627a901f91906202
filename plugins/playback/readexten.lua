--- ReadExten(variable[,files[,context[,options[,timeout]]]]). READEXTENSTATUS = OK | TIMEOUT | INVALID | SKIP | ERROR.
local pbx = require "pbx"

local any_key = "0123456789*#ABCD"

--- The first key, while prompts play or, with option i, a tone sounds.
local function first_key(chan, play_files, files, o)
  if not files then return chan:digit(o.first_ms) end
  if not o.tone then
    play_files(chan, files, any_key)
    return chan:digit(o.first_ms)
  end
  local ok, why = chan:play_tone(files)
  if not ok then pbx.log("warning", "ReadExten: " .. why) end
  local key = chan:digit(o.first_ms)
  chan:stop_tone()
  return key
end

--- Keys until they can be no longer extension, or # with option p, or nothing more comes.
local function collect(chan, key, o)
  local typed = ""
  while key and not (key == "#" and o.pound) do
    typed = typed .. key
    if not pbx.exists(o.context, typed, "matchmore") then break end
    key = chan:digit(o.between_ms)
  end
  return typed
end

return function(play_files, prepare)
  return function(chan, variable, files, context, letters, seconds)
    context = context or chan:context()
    if not variable or not pbx.context_exists(context) then
      pbx.log("warning", "ReadExten: " .. (variable and "there is no context " .. context or "want the name of a variable"))
      chan:set("READEXTENSTATUS", "ERROR")
      return
    end
    local options = pbx.options(letters)
    if not prepare(chan, options.s, options.n) then
      chan:set("READEXTENSTATUS", "SKIP")
      return
    end
    local timeout_s = tonumber(seconds)
    if timeout_s and timeout_s <= 0 then timeout_s = nil end
    local o = { context = context, tone = options.i, pound = options.p, first_ms = (timeout_s or chan:timeout("response")) * 1000,
      between_ms = (timeout_s or chan:timeout("digit")) * 1000 }
    local typed = collect(chan, first_key(chan, play_files, files, o), o)
    if pbx.exists(context, typed) then
      chan:set(variable, typed)
      chan:set("READEXTENSTATUS", "OK")
    elseif typed == "" then
      chan:set(variable, "t")
      chan:set("READEXTENSTATUS", "TIMEOUT")
    else
      chan:set(variable, "i")
      chan:set("INVALID_EXTEN", typed)
      chan:set("READEXTENSTATUS", "INVALID")
    end
  end
end
