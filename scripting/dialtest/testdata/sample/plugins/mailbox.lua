--- Stands in for a voicemail, that the sample can be heard to its end: one prompt, and the way there in a variable.
local function mailbox(chan, box, options)
  chan:set("MAILBOX", (box or "") .. "/" .. (options or ""))
  chan:play("vm-theperson")
end
return { name = "mailbox", applications = { VoiceMail = mailbox, VoiceMailMain = function(chan) chan:play("vm-login") end } }
