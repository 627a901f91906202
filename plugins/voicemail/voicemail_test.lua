local conf = [[
[general]
format = wav49|gsm|wav
maxsecs = 60
minsecs = 2
maxsilence = 5

[zonemessages]
berlin = Europe/Berlin|'vm-received' Q 'digits/at' R

[default]
100 => 1234,Anna Bell,anna@example.com,,format=wav|tz=berlin
101 => 4321,Ben,,,maxmsg=1|review=yes|operator=yes|format=wav
102 => 1111,Carla,,,format=wav49
103 => 3333,Dora

[sales]
200 => 2222,Sales,,,maxmsg=0
]]

local spool = "voicemail/default/"

local function ready(t, talks, more)
  t:config("voicemail.conf", conf)
  t:talks(talks or 10000)
  return t:channel(more or {})
end

local function left(t, ...)
  local c = ready(t)
  c:run("VoiceMail", ...)
  return c
end

--- What was played since the last time.
local function news(c, before) return c:played():sub(#before + 1):match("^ *(.*)$") end

test("a caller leaves a message and ends it with the pound key", function(t)
  local c = ready(t)
  c:press(11000, "#") -- after the greeting of 6 s and the beep
  c:run("VoiceMail", "100", "u")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  t:ok(c:answered())
  t:equal(c:played(), "vm-theperson digits/1 digits/0 digits/0 vm-isunavail vm-intro beep auth-thankyou")
  t:equal(t:files(spool .. "100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:equal(c:get("VM_MESSAGEFILE"), "/sounds/voicemail/default/100/INBOX/msg0000")
  local text = t:file(spool .. "100/INBOX/msg0000.txt")
  t:contains(text, "origmailbox=100\ncontext=")
  t:contains(text, 'callerid="Alice" <100>\n')
  t:ok(c:returned())
end)

test("a hang-up leaves what was said until then", function(t)
  local c = ready(t)
  c:hang_up(5000)
  c:run("VoiceMail", "100", "s")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  t:equal(t:files(spool .. "100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:contains(t:file(spool .. "100/INBOX/msg0000.txt"), "duration=4\n")
  t:ok(not c:returned())
end)

test("a hang-up before the beep leaves nothing", function(t)
  local c = ready(t)
  c:hang_up(500)
  c:run("VoiceMail", "100", "u")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:equal(t:files(spool .. "100"), "")
end)

test("a hang-up during the beep leaves nothing", function(t)
  local c = ready(t)
  c:hang_up(500)
  c:run("VoiceMail", "100", "s")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:equal(t:files(spool .. "100"), "")
end)

test("silence ends it; what is too short is not kept", function(t)
  t:equal(left(t, "100", "s"):get("VMSTATUS"), "SUCCESS")
  local c = ready(t, 10000)
  c:press(1500, "#")
  c:run("VoiceMail", "100", "s")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:ok(c:returned())
  t:equal(t:files(spool .. "100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("the formats of the mailbox", function(t)
  left(t, "102", "s")
  t:equal(t:files(spool .. "102"), "INBOX/msg0000.WAV INBOX/msg0000.txt")
  left(t, "103", "s")
  t:equal(t:files(spool .. "103"), "INBOX/msg0000.WAV INBOX/msg0000.gsm INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("an unknown mailbox fails and goes on", function(t)
  local c = left(t, "999", "u")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:ok(c:returned())
  t:equal(c:played(), "")
  t:contains(c:log(), "no mailbox '999'")
end)

test("copies for further mailboxes, of other contexts only by their name", function(t)
  left(t, "100&102@default&999&200", "s")
  t:equal(t:files(spool .. "100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:equal(t:files(spool .. "102"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:equal(t:files("voicemail/sales"), "")
end)

test("maxmsg: zero is a greeting only, a full one says so", function(t)
  local c = left(t, "200@sales", "u")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  t:equal(t:files("voicemail/sales"), "")
  t:file(spool .. "101/INBOX/msg0000.txt", "[message]\n")
  local before = c:played()
  c = left(t, "101", "s")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:equal(news(c, before), "vm-mailboxfull")
end)

test("greetings: temp beats busy and unavail; s, S and t leave out", function(t)
  local before = ""
  local function hears(options, want)
    local c = left(t, "100", options)
    t:equal(news(c, before), want)
    before = c:played()
  end
  t:file(spool .. "100/unavail.wav", "")
  hears("u", "/sounds/voicemail/default/100/unavail vm-intro beep auth-thankyou")
  hears("uS", "/sounds/voicemail/default/100/unavail beep auth-thankyou")
  hears("bst", "vm-theperson digits/1 digits/0 digits/0 vm-isonphone auth-thankyou")
  t:file(spool .. "100/greet.wav", "")
  hears("bst(tick)", "/sounds/voicemail/default/100/greet vm-isonphone tick auth-thankyou")
  t:file(spool .. "100/temp.wav", "")
  hears("us", "/sounds/voicemail/default/100/temp beep auth-thankyou")
end)

test("urgent messages go to their own folder and count as new", function(t)
  left(t, "100", "sU")
  t:equal(t:files(spool .. "100"), "Urgent/msg0000.txt Urgent/msg0000.wav")
  t:contains(t:file(spool .. "100/Urgent/msg0000.txt"), "flag=Urgent\n")
  t:equal(t:value [[channel.VMCOUNT("100"):get()]], "1")
end)

--- Runs VoiceMail in a context with the exits a, o and 5, of which one puts its name into WENT.
local function pressing(t, presses, arguments)
  t:dialplan(([[extensions = { desk = {
    s = function() app.VoiceMail(%s) end,
    a = function() channel.WENT = "a" end, o = function() channel.WENT = "o" end, ["5"] = function() channel.WENT = "5" end,
  } }]]):format(arguments))
  local c = ready(t)
  for at_ms, key in pairs(presses) do c:press(at_ms, key) end
  c:enter("desk", "s")
  return c
end

test("* and 0 lead out of the greeting, and d's digits", function(t)
  local c = pressing(t, { [500] = "*" }, '"100", "u"')
  t:equal(c:get("WENT"), "a")
  t:equal(c:get("VMSTATUS"), "USEREXIT")
  t:equal(pressing(t, { [500] = "0" }, '"101", "u"'):get("WENT"), "o")
  t:equal(pressing(t, { [500] = "5" }, '"102", "ud"'):get("WENT"), "5")
  t:equal(pressing(t, { [500] = "5" }, '"102", "ud(desk)"'):get("WENT"), "5")
  t:equal(t:files("voicemail"), "")
  t:equal(pressing(t, { [500] = "0" }, '"100", "u"'):get("WENT"), nil) -- without operator=yes
  t:equal(pressing(t, { [500] = "5" }, '"102", "u"'):get("WENT"), nil)
end)

test("the pound key skips the greeting", function(t)
  t:equal(pressing(t, { [500] = "#" }, '"102", "u"'):played(), "vm-theperson digits/1 digits/0 digits/2 vm-isunavail vm-intro beep auth-thankyou")
end)

test("review: listen, mark urgent, store", function(t)
  local c = ready(t)
  c:press(5000, "#")
  c:press(6500, "2")
  c:press(8500, "4")
  c:press(10500, "1")
  c:run("VoiceMail", "101", "s")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  t:contains(c:played(), "vm-marked-urgent")
  t:contains(c:played(), "vm-msgsaved")
  t:equal(t:files(spool .. "101"), "Urgent/msg0000.txt Urgent/msg0000.wav")
end)

test("review: cancelled, and hung up", function(t)
  local c = ready(t)
  c:press(5000, "#")
  c:press(6500, "*")
  c:run("VoiceMail", "101", "s")
  t:equal(c:get("VMSTATUS"), "FAILED")
  t:equal(t:files(spool .. "101"), "")
  c = ready(t)
  c:press(5000, "#")
  c:hang_up(6500)
  c:run("VoiceMail", "101", "s")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  t:equal(t:files(spool .. "101"), "INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("0 while recording asks whether to keep it and goes to the operator", function(t)
  t:equal(pressing(t, { [5000] = "0", [5500] = "2" }, '"101", "s"'):get("WENT"), "o")
  t:equal(t:files(spool .. "101"), "")
  local c = pressing(t, { [5000] = "0", [5500] = "1" }, '"101", "s"')
  t:equal(c:get("WENT"), "o")
  t:equal(c:get("VMSTATUS"), "USEREXIT")
  t:equal(t:files(spool .. "101"), "INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("e greets before the answer", function(t)
  local c = ready(t)
  c:hang_up(1500)
  c:run("VoiceMail", "100", "eu")
  t:ok(not c:answered())
end)

test("without a mailbox it asks which", function(t)
  local c = ready(t)
  c:press(200, "102#")
  c:run("VoiceMail")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
end)

test("functions", function(t)
  left(t, "100&102", "s")
  t:equal(t:value [[channel.VMCOUNT("100&102"):get()]], "2")
  t:equal(t:value [[channel.VMCOUNT("100@default", "Old"):get()]], "0")
  t:equal(t:value [[channel.MAILBOX_EXISTS("100"):get() .. channel.MAILBOX_EXISTS("200"):get() .. channel.MAILBOX_EXISTS("200@sales"):get()]], "101")
  t:equal(t:value [[channel.VM_INFO("100", "fullname"):get() .. channel.VM_INFO("100", "email"):get() .. channel.VM_INFO("100", "tz"):get()]],
    "Anna Bellanna@example.comberlin")
  t:equal(t:value [[channel.VM_INFO("100", "count"):get() .. channel.VM_INFO("999", "exists"):get() .. channel.VM_INFO("100", "password"):get()]], "101234")
end)

test("voicemail show users", function(t)
  t:equal(left(t, "102", "s"):get("VMSTATUS"), "SUCCESS")
  local text = t:command("voicemail show users")
  t:contains(text, "\ndefault          102      Carla                                     1\n")
  t:contains(text, "\n5 voicemail users configured.")
end)

local function stored(t, folder, n, id, callerid)
  local stem = ("%s100/%s/msg%04d."):format(spool, folder, n)
  t:file(stem .. "wav", "sound of " .. id)
  t:file(stem .. "txt", "[message]\ncallerid=" .. (callerid or '"Bob" <102>') .. "\norigtime=1700000000\nmsg_id=" .. id .. "\nduration=5\n")
end

--- VoiceMailMain of mailbox 100, whose prompts all last 1 s; a key falls into the prompt of that second.
local function visiting(t, presses, arguments, leaves_ms)
  local c = ready(t)
  for at_ms, key in pairs(presses) do c:press(at_ms, key) end
  if leaves_ms then c:hang_up(leaves_ms) end
  c:run("VoiceMailMain", arguments or "100", arguments and "" or "s")
  return c
end

test("messages are heard, deleted and stored; those heard are old at the end", function(t)
  for n, id in ipairs { "a", "b", "c", "d" } do stored(t, "INBOX", n - 1, id) end
  -- 1 ends what is said first; each message's title is ended by the next key
  local c = ready(t)
  c:press(500, "1")
  c:press(20000, "6") -- the first was heard to its end
  c:press(21000, "7")
  c:press(25000, "6")
  c:press(25500, "9")
  c:press(26500, "2")
  c:press(31500, "#")
  c:run("VoiceMailMain", "100", "s")
  t:equal(t:files(spool .. "100/INBOX"), "msg0000.txt msg0000.wav")
  t:contains(t:file(spool .. "100/INBOX/msg0000.txt"), "msg_id=d\n")
  t:equal(t:file(spool .. "100/INBOX/msg0000.wav"), "sound of d")
  t:equal(t:file(spool .. "100/Old/msg0000.wav"), "sound of a")
  t:equal(t:file(spool .. "100/Work/msg0000.wav"), "sound of c")
  t:equal(t:files(spool .. "100/Old") .. t:files(spool .. "100/Work"), "msg0000.txt msg0000.wavmsg0000.txt msg0000.wav")
  t:contains(c:played(), "vm-youhave digits/4 vm-INBOX vm-messages")
  t:contains(c:played(), "vm-first vm-message vm-received digits/day-2 digits/mon-10 digits/h-14 digits/2 digits/thousand digits/20 digits/3 digits/at digits/20 digits/3 digits/13 /sounds")
  t:contains(c:played(), "vm-deleted")
  t:contains(c:played(), "vm-savedto vm-Work")
  t:ok(c:played():find("vm%-goodbye$"))
  t:ok(c:returned())
end)

test("a hang-up while a message plays: it was heard", function(t)
  stored(t, "INBOX", 0, "a")
  t:sound("/sounds/voicemail/default/100/INBOX/msg0000", 30000)
  visiting(t, { [500] = "1" }, nil, 25000)
  t:equal(t:files(spool .. "100"), "Old/msg0000.txt Old/msg0000.wav")
end)

test("nobody answers the menu", function(t)
  local c = visiting(t, {})
  t:contains(c:played(), "vm-youhave vm-no vm-messages vm-opts vm-helpexit vm-opts vm-helpexit vm-opts vm-helpexit vm-goodbye")
  t:ok(c:returned())
end)

test("urgent messages come first; another folder; the envelope", function(t)
  stored(t, "Urgent", 0, "u")
  stored(t, "Old", 0, "o", "Unknown")
  local c = visiting(t, { [500] = "1", [1000] = "3", [1500] = "3", [12000] = "2", [12500] = "1", [13000] = "1", [13500] = "#", [13600] = "#" })
  t:contains(c:played(), "vm-youhave digits/1 vm-Urgent vm-and digits/1 vm-Old vm-message")
  t:contains(c:played(), "vm-tohearenv vm-starmain vm-received")
  t:contains(c:played(), "vm-from-phonenumber digits/1 digits/0 digits/2")
  t:contains(c:played(), "vm-changeto")
end)

test("* and # wind, 0 pauses", function(t)
  stored(t, "INBOX", 0, "a")
  t:sound("/sounds/voicemail/default/100/INBOX/msg0000", 20000)
  -- It begins at 14.5 s. Two winds on, ten seconds of pause and one wind back: it would end at 41.5 s, and is wound to its end at 41 s.
  local c = visiting(t, { [500] = "1", [19000] = "#", [20000] = "#", [21000] = "0", [31000] = "0", [32000] = "*", [41000] = "#", [42000] = "#" })
  t:equal(c:elapsed_ms(), 43000)
  t:equal(t:files(spool .. "100"), "Old/msg0000.txt Old/msg0000.wav")
end)

test("logging in", function(t)
  local c = visiting(t, { [500] = "100#", [2500] = "1234#", [6500] = "#" }, "")
  t:contains(c:played(), "vm-login vm-password vm-youhave vm-no vm-messages")
  t:ok(c:returned())
  c = visiting(t, { [500] = "1234#" }, "100@default")
  t:contains(c:played(), "vm-password vm-youhave vm-no vm-messages")
end)

test("three wrong passwords or unknown mailboxes lead on in the dialplan", function(t)
  local c = visiting(t, { [500] = "9#", [2500] = "9#", [4500] = "9#" }, "100")
  t:equal(c:played(), "vm-password vm-incorrect vm-password vm-incorrect vm-password vm-incorrect vm-goodbye")
  t:ok(c:returned())
  local before = c:played()
  c = visiting(t, {}, "999")
  t:equal(news(c, before), "vm-login vm-password vm-incorrect-mailbox vm-password vm-incorrect-mailbox vm-password vm-incorrect vm-goodbye")
end)

test("a star instead of a mailbox goes to extension a", function(t)
  t:dialplan [[extensions = { desk = { s = function() app.VoiceMailMain() end, a = function() channel.WENT = "a" end } }]]
  local c = ready(t)
  c:press(500, "*")
  c:enter("desk", "s")
  t:equal(c:get("WENT"), "a")
end)

test("a new password counts until voicemail.conf has another", function(t)
  local c = visiting(t, { [500] = "0", [1500] = "5", [2500] = "77#", [4500] = "77#", [7500] = "*", [8500] = "#" })
  t:contains(c:played(), "vm-newpassword vm-reenterpassword vm-passchanged")
  t:equal(t:value [[channel.VM_INFO("100", "password"):get()]], "77")
  t:config("voicemail.conf", "[default]\n100 => 5678\n")
  t:equal(t:value [[channel.VM_INFO("100", "password"):get()]], "5678")
end)

test("greetings are recorded, and a temporary one removed", function(t)
  visiting(t, { [500] = "0", [1500] = "1", [9000] = "#", [10500] = "1", [12500] = "4", [18000] = "#", [19500] = "1", [22000] = "*", [23000] = "#" })
  t:equal(t:files(spool .. "100"), "temp.wav unavail.wav")
  visiting(t, { [500] = "0", [1500] = "4", [2500] = "2", [5000] = "*", [6500] = "#" })
  t:equal(t:files(spool .. "100"), "unavail.wav")
end)
