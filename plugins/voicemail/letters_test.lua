-- What goes into the outbox when a message was left.
local function leave(t, general, box, presses)
  t:config("voicemail.conf", "[general]\nformat = wav\n" .. general .. "\n[default]\n100 => 1234," .. box .. "\n101 => 1,Ben\n")
  t:talks(65000)
  local c = t:channel { callerid_name = "Zoë", callerid_number = "0176" }
  c:press(presses or 65000, "#")
  c:run("VoiceMail", "100", "s")
  t:equal(c:get("VMSTATUS"), "SUCCESS")
  return c
end

local escapes = { n = "\n", t = "\t" }

--- The jobs of the outbox, whose fields are those of the file, with the letter's; the last letter wins.
local function jobs(t)
  local out = {}
  for name in t:files("outbox"):gmatch("%S+%.json") do
    local job = { To = {}, Letters = 0 }
    for line in t:file("outbox/" .. name):gmatch("[^\n]+") do
      local field, value = line:match('^%s*"([%w-]+)": (.-),?$')
      local text = (value or line:match '^%s*(".*"),?$' or ""):match '^"(.*)"$'
      text = text and text:gsub("\\u00(%x%x)", function(code) return string.char(tonumber(code, 16)) end):gsub("\\(.)", function(c) return escapes[c] or c end)
      if field == "FromName" then job.Letters = job.Letters + 1 end
      if value == "[" or value == "{" then text = nil
      elseif field then job[field] = text or value elseif text then table.insert(job.To, text) end
    end
    out[#out + 1] = job
  end
  return out
end

test("an e-mail with the recording", function(t)
  leave(t, "serveremail = pbx@example.com", "Anna Bell,anna@example.com|a2@example.com,,tz=berlin")
  local job = jobs(t)[1]
  t:equal(job.Mailbox, "100@default")
  t:equal(job.Sound, ".wav")
  t:equal(job.Transcribe, "false")
  local letter = job
  t:equal(job.Letters, 1)
  t:equal(table.concat(letter.To, " "), "anna@example.com a2@example.com")
  t:equal(letter.ToName .. letter.From, "Anna Bellpbx@example.com")
  t:equal(letter.Subject, "[PBX]: New message 1 in mailbox 100")
  t:contains(letter.Body, 'Anna Bell,\n\n"Zoë" <0176> has left a message of 1:04 for you (number 1) in mailbox 100,\non ')
  t:equal(letter.Attach, "msg0000.wav")
  t:equal(letter["X-Asterisk-CallerID"], "0176")
  t:ok(t:files("outbox"):find("^%S+%.json %S+%.wav$"))
end)

test("templates of the site, and those of the mailbox", function(t)
  local general = "emailsubject = ${VM_CIDNAME}: ${VM_DUR}\nemailbody = Hello ${VM_NAME},\\n\\t${VM_CALLERID} ${VM_CIDNUM} ${VM_MSGNUM} ${VM_MAILBOX} ${VM_CONTEXT}"
    .. " ${VM_DATE}\nemaildateformat = %Y\nfromstring = Box ${VM_MAILBOX}\ncharset = ISO-8859-1\nattach = no"
  leave(t, general, "Anna,anna@example.com")
  local letter = jobs(t)[1]
  t:equal(letter.Subject, "Zoë: 1:04")
  t:ok(letter.Body:find('^Hello Anna,\n\t"Zoë" <0176> 0176 1 100 default %d%d%d%d$'))
  t:equal(letter.FromName .. letter.Charset .. letter.Attach, "Box 100ISO-8859-1")
end)

test("templates of a mailbox, and pbxskip", function(t)
  leave(t, "emailsubject = no", "Anna,anna@example.com,,emailsubject=For ${VM_NAME}|serveremail=own@example.com")
  t:equal(jobs(t)[1].Subject, "For Anna")
  t:equal(jobs(t)[1].From, "own@example.com")
end)

test("what a caller calls himself is no template", function(t)
  t:config("voicemail.conf", "[general]\nformat = wav\npbxskip = yes\n[default]\n100 => 1234,Anna,anna@example.com\n")
  t:talks(3000)
  local c = t:channel { callerid_name = "${VM_NAME}", callerid_number = "1" }
  c:press(4000, "#")
  c:run("VoiceMail", "100", "sU")
  t:contains(jobs(t)[1].Body, '"${VM_NAME}" <1> has left')
  t:equal(jobs(t)[1].Subject, "New Urgent message 1 in mailbox 100")
end)

test("a pager's letter is short and has no recording", function(t)
  leave(t, "pagersubject = Call\npagerbody = ${VM_CIDNUM}\npagerfromstring = P", "Anna,,pager@example.com")
  local letter = jobs(t)[1]
  t:equal(letter.Subject .. letter.Body .. letter.FromName .. letter.To[1] .. letter.Attach, "Call0176Ppager@example.com")
end)

test("another format for letters alone", function(t)
  leave(t, "attachfmt = wav49", "Anna,anna@example.com")
  t:equal(jobs(t)[1].Attach, "msg0000.WAV")
  t:equal(jobs(t)[1].Sound, ".WAV")
  t:equal(t:files("voicemail/default/100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("delete=yes: the letter alone has it, unless there is none", function(t)
  leave(t, "delete = yes\nexternnotify = echo >>" .. t:path() .. "/told", "Anna,anna@example.com")
  t:equal(t:files("voicemail/default/100"), "")
  t:equal(#jobs(t), 1)
  t:wait(1000)
  t:equal(t:file("told"), "default 100 0 0 0\n")
  leave(t, "delete = yes", "Anna")
  t:equal(t:files("voicemail/default/100"), "INBOX/msg0000.txt INBOX/msg0000.wav")
end)

test("nobody to tell: nothing is queued", function(t)
  leave(t, "", "Anna")
  t:equal(#jobs(t), 0)
end)

test("a transcription is asked for, and is in the letter", function(t)
  leave(t, "transcribe = write-down", "Anna,anna@example.com")
  t:equal(jobs(t)[1].Transcribe, "true")
  t:contains(jobs(t)[1].Body, "\n${VM_TRANSCRIPTION}\n")
end)

test("a transcription without a letter; and a mailbox that wants none", function(t)
  leave(t, "transcribeurl = http://127.0.0.1/", "Anna")
  t:equal(#jobs(t), 1)
  leave(t, "transcribeurl = http://127.0.0.1/", "Anna,,,transcribe=no")
  t:equal(#jobs(t), 1)
end)

test("a forwarded message: both callers", function(t)
  t:config("voicemail.conf", "[general]\nformat = wav\nenvelope = no\nemailbody = ${VM_CIDNUM} ${ORIG_VM_CALLERID} ${ORIG_VM_CIDNUM} ${ORIG_VM_CIDNAME}\n[default]\n"
    .. "100 => 1234,Anna\n101 => 1,Ben,ben@example.com\n")
  t:file("voicemail/default/100/INBOX/msg0000.wav", "sound")
  t:file("voicemail/default/100/INBOX/msg0000.txt", '[message]\ncallerid="Carla" <102>\norigtime=1700000000\nmsg_id=a\nduration=5\n')
  local c = t:channel { callerid_number = "100" }
  for at, keys in pairs { [500] = "1", [1000] = "8", [1500] = "101#", [8000] = "2", [12000] = "#" } do c:press(at, keys) end
  c:run("VoiceMailMain", "100", "s")
  t:equal(jobs(t)[1].Body, '100 "Carla" <102> 102 Carla')
end)
