--- Prompts and digits: what a voice menu is made of.
-- Applications: Playback, Background, BackgroundDetect, ControlPlayback, WaitExten, WaitForNoise, WaitForSilence, Read, ReadExten.
local pbx = require "pbx"
local read = require "playback.read"
local read_exten = require "playback.readexten"
local listen = require "playback.listen"
local control = require "playback.control"
local M = { name = "playback" }

local any_key = "0123456789*#ABCD"

--- Be answered, or at least have early media, before sound is played. false: the application is to be skipped.
local function prepare(chan, skip, no_answer)
  if chan:is_up() then return true end
  if skip then return false end
  if no_answer then chan:indicate("progress") else chan:answer() end
  return true
end

--- Play files joined by &, without a gap. Returns whether all could be played, and the key that stopped them.
local function play_files(chan, files, interrupt)
  if not (files or ""):find("[^&]") then return true end
  local ok, key, typed = chan:play(files, interrupt)
  if ok then return true, key end
  pbx.log("warning", key)
  return false, typed
end

--- What stands for words instead of a file, with Playback's options say and mix: "num:42".
local sayings = {
  num = function(text, language) return tonumber(text) and pbx.say.number(tonumber(text), language) end,
  enum = function(text, language) return tonumber(text) and pbx.say.ordinal(tonumber(text), language) end,
  digit = function(text, language) return pbx.say.digits(text, language) end,
  char = function(text, language) return pbx.say.letters(text, language) end,
  phonetic = function(text, language) return pbx.say.phonetic(text, language) end,
  date = function(text, language) return tonumber(text) and pbx.say.moment(tonumber(text), nil, "ABdY", language) end,
  time = function(text, language) return tonumber(text) and pbx.say.moment(tonumber(text), nil, language:find("^en") and "IMp" or "HM", language) end,
  datetime = function(text, language) return tonumber(text) and pbx.say.moment(tonumber(text), nil, nil, language) end,
}

--- The files with words in the place of what stands for some.
local function spoken(files, language)
  local list = {}
  for _, file in ipairs(pbx.split(files, "&")) do
    local kind, text = file:match("^(%a+):(.*)$")
    local words = sayings[kind] and sayings[kind](text, language)
    list[#list + 1] = words and table.concat(words, "&") or file
  end
  return table.concat(list, "&")
end

local function playback(chan, files, ...)
  local options = table.concat({ ... }, " ")
  if not files then
    pbx.log("warning", "Playback: want a file name")
    chan:set("PLAYBACKSTATUS", "FAILED")
    return
  end
  chan:set("PLAYBACKSTATUS", "SUCCESS")
  if not prepare(chan, options:find("skip"), options:find("noanswer")) then return end
  local sayings = options:find("mix") or options:find("say")
  if not play_files(chan, sayings and spoken(files, chan:language()) or files) then chan:set("PLAYBACKSTATUS", "FAILED") end
end

--- The keys that are a one-digit extension of context, for Background's option m.
local function single_digits(context)
  local keys = {}
  for key in any_key:gmatch(".") do
    if pbx.exists(context, key) then keys[#keys + 1] = key end
  end
  return table.concat(keys)
end

local function background(chan, files, letters, language, context)
  local options = pbx.options(letters)
  chan:set("BACKGROUNDSTATUS", "SUCCESS")
  if not prepare(chan, options.s, options.n) then return end
  local keys = any_key
  if options.p then keys = "" elseif options.m then keys = single_digits(context or chan:context()) end
  local spoken = chan:language()
  if language then chan:language(language) end
  local all, key = play_files(chan, files, keys)
  if language then chan:language(spoken) end
  if not all then chan:set("BACKGROUNDSTATUS", "FAILED") end
  if not key then return end
  chan:digit(0)
  local place = context or chan:context()
  if pbx.exists(place, key) and not pbx.exists(place, key, "matchmore") then
    chan:go_to(place, key, 1)
  end
  return key
end

--- What sounds while WaitExten waits: m(class) music, d(tone) a tone.
local function accompany(chan, letters)
  local options, ok, why = pbx.options(letters), true, nil
  if options.m then ok, why = chan:start_music(options.m ~= true and options.m or nil)
  elseif options.d then ok, why = chan:play_tone(options.d ~= true and options.d or "dial") end
  if not ok then pbx.log("warning", "WaitExten: " .. why) end
end

local function wait_exten(chan, seconds, letters)
  local timeout_s = tonumber(seconds) or chan:timeout("response")
  accompany(chan, letters)
  local key = chan:digit(timeout_s * 1000)
  chan:stop_music()
  chan:stop_tone()
  if key then return key end
  if pbx.exists(chan:context(), "t") then chan:go_to(chan:context(), "t", 1) end
  if not chan:raise("RESPONSETIMEOUT") then
    pbx.log("warning", "WaitExten: nothing was dialled and there is no extension 't' in context " .. chan:context())
  end
  return -1
end

M.applications = {
  Playback = { run = playback, synopsis = "Play prompts to their end", takes = "prompts!, words" },
  Background = { run = background, synopsis = "Play prompts while waiting for an extension to be dialled",
    takes = "prompts!, options, language, context", options = "snmp" },
  WaitExten = { run = wait_exten, synopsis = "Wait for an extension to be dialled", takes = "seconds, options", options = "md" },
  ControlPlayback = { run = control, synopsis = "Play prompts that keys can stop, pause and move about in",
    takes = "prompts!, skip, forward, rewind, stop, pause, restart, options", options = "o" },
  Read = { run = read(play_files, prepare), synopsis = "Read digits into a variable",
    takes = "variable!, prompts, max, options, attempts, seconds", options = "sniet" },
  ReadExten = { run = read_exten(play_files, prepare), synopsis = "Read an extension into a variable",
    takes = "variable!, prompts, context, options, seconds", options = "snip" },
  BackgroundDetect = { run = listen.background_detect, synopsis = "Play prompts until the caller speaks or dials",
    takes = "prompts!, silence, min, max, within" },
  WaitForSilence = { run = listen.wait_for "Silence", synopsis = "Wait until the caller says nothing", takes = "ms, times, seconds" },
  WaitForNoise = { run = listen.wait_for "Noise", synopsis = "Wait until the caller makes a sound", takes = "ms, times, seconds" },
}

return M
