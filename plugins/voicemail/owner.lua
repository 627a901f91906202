--- Who an owner is: VMAuthenticate, VMSayName, and one message of his: VoiceMailPlayMsg.
local pbx = require "pbx"
local login = require "voicemail.login"
local mailbox = require "voicemail.mailbox"
local say = require "voicemail.say"
local M = {}

--- VMAuthenticate([box][@context][,s]): sets AUTH_MAILBOX and AUTH_CONTEXT.
function M.authenticate(chan, given, letters)
  chan:answer()
  local box = login(chan, given, { application = "VMAuthenticate", silent = pbx.options(letters).s, tries = 3 })
  if not box then return -1 end
  chan:set("AUTH_MAILBOX", box.name)
  chan:set("AUTH_CONTEXT", box.context)
  say.hear(chan, { "auth-thankyou" })
end

--- VMSayName(box[@context]): the name that its owner has recorded, else its digits.
function M.say_name(chan, given)
  local box = mailbox.find(given)
  if not given then pbx.log("warning", "VMSayName: want a mailbox") end
  local name = box and box:greeting "greet"
  say.hear(chan, name and { name } or say.add({ "vm-extension" }, say.digits((given or ""):match("^[^@]*"))))
end

--- VoiceMailPlayMsg(box[@context],id): VOICEMAIL_PLAYBACKSTATUS is SUCCESS or FAILED.
function M.play(chan, given, id)
  local box, found = mailbox.find(given), nil
  chan:set("VOICEMAIL_PLAYBACKSTATUS", "FAILED")
  for _, folder in ipairs { "INBOX", "Urgent", "Old", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5", "Deleted" } do
    for _, message in ipairs(box and not found and pbx.mailbox.list(box.context, box.name, folder) or {}) do
      if message.id == id then found = message end
    end
  end
  if not found then
    pbx.log("warning", "VoiceMailPlayMsg: no message '" .. (id or "") .. "' of mailbox '" .. (given or "") .. "'")
    return
  end
  chan:answer()
  if chan:play(found.path) then chan:set("VOICEMAIL_PLAYBACKSTATUS", "SUCCESS") end
end

return M
