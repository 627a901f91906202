--- Tones and digits towards the channel's party.
-- Applications: PlayTones, StopPlayTones, Milliwatt, SendDTMF. The tones' names are those of indications.conf.
local pbx = require "pbx"
local M = { name = "tones" }

-- Deviates: Asterisk hangs up when it cannot play the tone; a call is worth more than a tone, so here it goes on.
local function play_tones(chan, data)
  local ok, why = chan:play_tone(data:match("^%s*(.-)%s*$"))
  if not ok then pbx.log("warning", "PlayTones: " .. why) end
end

local function stop_play_tones(chan) chan:stop_tone() end

--- 1004 Hz at 0 dBm0 until the caller leaves. m: with the second of silence in ten that a test line has; o: 1000 Hz.
-- Deviates: Asterisk answers with o only, and else plays to nobody; a measuring set wants an answer.
local function milliwatt(chan, letters)
  local options = pbx.options(letters)
  chan:answer()
  local list = options.o and "1000" or options.m and "1004/9000,0/1000" or "1004"
  local ok, why = chan:play_tone(list, 0)
  if ok then chan:wait() end
  pbx.log("warning", "Milliwatt: " .. why)
end

--- Milliseconds as SendDTMF takes them; nil, for the default, for none, zero and what is no number.
local function milliseconds(text)
  local ms = tonumber(text)
  if text and not ms then pbx.log("warning", "SendDTMF: '" .. text .. "' is no number of milliseconds") end
  return ms and ms > 0 and ms or nil
end

local function send_dtmf(chan, digits, gap_ms, duration_ms, name, letters)
  if not digits then
    pbx.log("warning", "SendDTMF: want digits: 0-9 * # A-D, w and W for pauses, f for a flash")
    return
  end
  if pbx.options(letters).a then
    if name then
      pbx.log_once("notice", "SendDTMF: option a answers the script's own channel only")
    else
      chan:answer()
    end
  end
  local ok, why = chan:send_digits(digits, milliseconds(gap_ms), milliseconds(duration_ms), name)
  if not ok then pbx.log("warning", "SendDTMF: " .. why) end
end

M.applications = {
  PlayTones = { run = play_tones, raw = true, synopsis = "Play a tone or a list of tones while the dialplan goes on" },
  StopPlayTones = { run = stop_play_tones, synopsis = "Stop what PlayTones began" },
  Milliwatt = { run = milliwatt, synopsis = "Play 1004 Hz at 0 dBm0 to measure a line with", takes = "options", options = "mo" },
  SendDTMF = { run = send_dtmf, synopsis = "Send digits to the party of this channel or of another",
    takes = "digits!, gap, length, channel, options", options = "a" },
}

return M
