--- Stands in for the menu of a mailbox: one prompt of it.
return { name = "mailbox", applications = { VoiceMailMain = function(chan) chan:play("vm-login") end } }
