--- ChanSpy and ExtenSpy: hear other calls, whisper to one party, talk to both.
-- Applications: ChanSpy([prefix[,options]]), ExtenSpy(exten[@context][,options]). See README.md.
local pbx = require "pbx"
local choice = require "chanspy.choice"
local keys = require "chanspy.keys"
local M = { name = "chanspy" }

local look_again_ms, gone_ms = 1000, 100

--- Listen to one channel. Returns "next", "gone", "exit", or "name" and what was typed.
local function listen(chan, target, options, state)
  chan:set("SPY_CHANNEL", target.name)
  if not options.q then
    local files = { "beep" }
    if not options.s then
      for _, file in ipairs(pbx.say.letters(target.endpoint)) do files[#files + 1] = file end
    end
    chan:play(files)
  end
  local ok = chan:spy(target.name, { mode = options.B and "barge" or (options.w or options.W) and "whisper" or "listen",
    heard_only = options.o ~= nil, deaf = options.W ~= nil, volume = state.volume })
  if not ok then return "gone" end
  local typed = ""
  while true do
    local what, key = chan:spy_next()
    if what == "gone" then return "gone" end
    what = keys.take(chan, key, typed, options, state)
    if what == "typed" then
      typed = typed .. key
    elseif what ~= "stay" then
      return what, typed
    end
  end
end

--- The file of option r.
local function record(chan, options)
  local base = options.r == true and "chanspy" or options.r
  local file = chan:get("ASTSPOOLDIR") .. "/monitor/" .. pbx.file_name(base) .. "." .. math.floor(pbx.time.now()) .. ".wav"
  local id, why = chan:monitor { said = file }
  if not id then pbx.log("error", "ChanSpy: it is not recorded: " .. why) end
  return id
end

--- Spy upon what `wanted` takes, one after the other. Returns what the application does.
local function spy(chan, wanted, options)
  chan:answer()
  local state = { volume = math.max(-4, math.min(4, tonumber(options.v) or 0)) }
  local recording = options.r and record(chan, options)
  local last, named
  while true do
    local target = choice.next(chan, named or wanted, options, last)
    named = nil
    if target then
      last = target.uniqueid
      local what, digits = listen(chan, target, options, state)
      chan:spy_end()
      if what == "exit" or what == "gone" and options.E then break end
      if what == "gone" then chan:wait(gone_ms) end -- until it is out of the list
      if what == "name" then
        local prefix = target.name:match("^[^/]*/") .. digits
        last, named = nil, function(i) return i.name:sub(1, #prefix) == prefix end
      end
    elseif options.S then
      break
    else
      local key = chan:digit(look_again_ms)
      local context = key and keys.exit(chan, key, options)
      if context then chan:go_to(context, key) end
      if key and key == options.x then break end
    end
  end
  if recording then chan:stop_monitor(recording) end
end

--- The options, with those that take a value and have none left out.
local function letters_of(letters)
  local options = pbx.options(letters)
  for letter in ("cegvx"):gmatch(".") do
    if options[letter] == true then options[letter] = nil end
  end
  for letter in ("DlnN"):gmatch(".") do
    if options[letter] then pbx.log_once("notice", "ChanSpy: option '" .. letter .. "' is without effect") end
  end
  return options
end

local function chan_spy(chan, prefix, letters)
  local options = letters_of(letters)
  prefix = prefix and prefix:lower() or ""
  if prefix == "all" then prefix = "" end
  return spy(chan, function(i)
    if options.u then return i.uniqueid == prefix end
    return i.name:lower():sub(1, #prefix) == prefix
  end, options)
end

local function exten_spy(chan, place, letters)
  local exten, context = (place or ""):match("^([^@]*)@?(.*)$")
  if exten == "" then
    pbx.log("warning", "ExtenSpy: want exten[@context]")
    return -1
  end
  if context == "" then context = chan:context() end
  return spy(chan, function(i) return i.exten == exten and i.context == context end, letters_of(letters))
end

M.applications = {
  ChanSpy = { run = chan_spy, synopsis = "Hear a channel, and whisper to it", takes = "prefix, options", options = "bBcdDeEglnNoqrsSuvwWxX", ignored = "DlnN" },
  ExtenSpy = { run = exten_spy, synopsis = "Hear the channels of an extension, and whisper to them", takes = "exten, options", options = "bBcdDeEglnNoqrsSuvwWxX", ignored = "DlnN" },
}

return M
