--- What others are told of a mailbox: externnotify, letters, and who writes down what a message says.
local pbx = require "pbx"
local formats = require "voicemail.formats"
local letters = require "voicemail.letters"
local M = {}

--- The counts of a mailbox have changed.
function M.counts(box)
  pbx.mailbox.start("externnotify", { box.context, box.name, box:count "INBOX", box:count "Old", box:count "Urgent" })
end

--- The recording as letters have it: its path with the extension, and whether it was made for them and is to go.
local function attachment(chan, box, message)
  local gain, format = box:number "volgain", box:option "attachfmt" or box:format()
  local own = message.path .. "." .. formats.extension(format)
  if gain == 0 and pbx.recorded(own) then return own, nil end
  local made = pbx.mailbox.path(box.context, box.name) .. "/tmp/" .. chan:uniqueid() .. "-letter"
  local done, why = pbx.mailbox.convert({ message.path }, made .. "." .. format, gain)
  if done then return made .. "." .. formats.extension(format), made end
  pbx.log_once("warning", "VoiceMail: attachfmt " .. format .. ": " .. why)
  return message.path .. "." .. formats.extension(box:format()), nil
end

--- Queue what is to be done for a message; whether there is a letter.
local function post(chan, box, message)
  local transcribe = (box.general.transcribe or box.general.transcribeurl) and (box.own.transcribe == nil or box:yes "transcribe") or false
  local mailed = (box.email or "") ~= ""
  if not mailed and (box.pager or "") == "" and not transcribe then return false end
  local sound, made = attachment(chan, box, message)
  local ok, why = pbx.mailbox.post { mailbox = box:title(), message = message.id, sound = sound, transcribe = transcribe,
    letters = letters(chan, box, message, sound:match("%.(%w+)$"), transcribe) }
  if made then pbx.mailbox.discard(made) end
  if not ok then pbx.log("error", "VoiceMail: mailbox " .. box:title() .. ": " .. why) end
  return ok and mailed
end

--- A message was put into a mailbox: its folder, number, path, id, duration_ms, flag, callerid and time. With delete=yes it is gone once its
-- letter is in the outbox. Deviates: a message that no letter has is kept.
function M.message(chan, box, message)
  if post(chan, box, message) and box:yes "delete" then pbx.mailbox.change(box.context, box.name, message.folder, { [message.id] = "" }) end
  M.counts(box)
end

return M
