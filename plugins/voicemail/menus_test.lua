-- Every menu of VoiceMailMain, and what the caller may do with his message.
local conf = [[
[general]
format = wav
envelope = no
sayduration = no
aliasescontext = aliases
%s
[default]
100 => 1234,Anna Bell,,,%s
101 => 4321,Ben
102 => 1111,Carla,,,maxmsg=1
[aliases]
900@default => 100@default
[sales]
200 => 2222,Sales
]]

local spool = "voicemail/default/"
local before = {} -- what was played before, on other channels, in bytes

local function ready(t, options, general, more)
  t:config("voicemail.conf", conf:format(general or "", options or ""))
  t:talks(3000)
  t:dialplan [[extensions = {
    desk = { a = function() channel.WENT = "a" end, o = function() channel.WENT = "o" end },
    out = { ["_X."] = function(context, extension) channel.WENT = extension end },
  }]]
  local c = t:channel(more or {})
  before[c] = #c:played()
  return c
end

--- What was played on c.
local function heard(c) return c:played():sub((before[c] or 0) + 1):match("^ ?(.*)$") end

--- Press the words of keys one after the other; ~3 waits three seconds.
local function press(c, keys)
  local at = 500
  for word in keys:gmatch("%S+") do
    local pause = word:match("^~(%d+)$")
    if pause then at = at + pause * 1000
    else
      c:press(at, word)
      at = at + 100 * #word + 400
    end
  end
  return c
end

local function stored(t, folder, n, id, more)
  local stem = ("%s100/%s/msg%04d."):format(spool, folder, n)
  t:file(stem .. "wav", "sound of " .. id)
  t:file(stem .. "txt", "[message]\norigmailbox=100\ncontext=desk\ncallerid=\"Ben\" <101>\norigtime=1700000000\nmsg_id=" .. id .. "\nduration=5\n" .. (more or ""))
end

--- A visit of mailbox 100 whose owner presses keys.
local function visit(t, keys, options, general, arguments)
  local c = press(ready(t, options, general), keys)
  c:run("VoiceMailMain", "100", arguments or "s")
  return c
end

local function inbox(t) return t:files(spool .. "100/INBOX") end

test("reply: a message for the mailbox of who called", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 3 1 ~6 # ~2 #")
  t:contains(heard(c), "vm-toreply vm-tohearenv vm-starmain vm-intro beep auth-thankyou")
  t:equal(t:files(spool .. "101"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:contains(t:file(spool .. "101/INBOX/msg0000.txt"), "origmailbox=101\n")
end)

test("reply: to nobody", function(t)
  stored(t, "INBOX", 0, "a", "callerid=Unknown\n")
  t:contains(heard(visit(t, "1 3 1 ~2 #")), "vm-nonumber")
  stored(t, "INBOX", 0, "b", "callerid=777\n")
  t:contains(heard(visit(t, "1 3 1 ~2 #")), "vm-nobox")
end)

test("call back: the number of the caller, or another", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 3 2 1", "callback=out")
  t:contains(heard(c), "vm-toreply vm-tocallback vm-tohearenv vm-starmain vm-num-i-have digits/1 digits/0 digits/1 vm-tocallnum vm-star-cancel vm-dialout")
  t:equal(c:get("WENT"), "101")
  t:equal(t:files(spool .. "100/Old"), "") -- it was not heard
  c = visit(t, "1 3 2 ~9 2 7788#", "callback=out|dialout=out")
  t:contains(heard(c), "vm-tocallnum vm-calldiffnum vm-star-cancel vm-enter-num-to-call")
  t:equal(c:get("WENT"), "7788")
  c = visit(t, "1 3 2 ~6 * ~1 #", "callback=out")
  t:ok(heard(c):find("vm%-star%-cancel .*vm%-goodbye$"))
  t:contains(heard(visit(t, "1 3 2 ~2 #")), "vm-sorry")
end)

test("call back: without a number", function(t)
  stored(t, "INBOX", 0, "a", "callerid=Unknown\n")
  local c = visit(t, "1 3 2 ~4 2 7788#", "callback=out|dialout=out")
  t:contains(heard(c), "vm-nonumber vm-toenternumber vm-star-cancel vm-enter-num-to-call")
  t:equal(c:get("WENT"), "7788")
end)

test("who came in by the password calls outside with tollguard's permission only", function(t)
  local c = visit(t, "1234# ~2 3 4 5566#", "dialout=out", nil, "")
  t:equal(c:get("WENT"), "5566")
  t:equal(c:get("TOLLGUARD"), "disa,caller,5566")
end)

test("call out", function(t)
  local c = visit(t, "3 4 5566#", "dialout=out")
  t:contains(heard(c), "vm-tomakecall vm-starmain vm-enter-num-to-call")
  t:equal(c:get("WENT"), "5566")
  t:equal(c:get("TOLLGUARD"), nil)
  c = visit(t, "3 4 * ~1 #", "dialout=out")
  t:ok(heard(c):find("vm%-goodbye$"))
  t:contains(heard(visit(t, "3 4 9# ~3 #", "dialout=out")), "pbx-invalid")
  t:contains(heard(visit(t, "3 4 ~2 #")), "vm-sorry")
end)

test("the envelope", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 3 3 ~20 #")
  t:contains(heard(c), "vm-received")
  t:contains(heard(c), "vm-from-phonenumber digits/1 digits/0 digits/1")
end)

test("leave a message for others", function(t)
  local c = visit(t, "3 5 101*102# ~12 # ~3 #", "sendvoicemail=yes")
  t:contains(heard(c), "vm-leavemsg vm-starmain vm-extension digits/1 digits/0 digits/1 digits/1 digits/0 digits/2 vm-intro beep auth-thankyou")
  t:equal(t:files(spool .. "101") .. t:files(spool .. "102"), ("INBOX/msg0000.txt INBOX/msg0000.wav"):rep(2))
  t:contains(heard(visit(t, "3 5 ~2 #")), "vm-sorry")
  t:ok(heard(visit(t, "3 * ~1 #", "sendvoicemail=yes")):find("vm%-leavemsg .*vm%-goodbye$"))
end)

test("forward without a comment", function(t)
  stored(t, "INBOX", 0, "a", "category=news\n")
  local c = visit(t, "1 8 101*102# ~8 2 ~3 #")
  t:contains(heard(c), "vm-extension digits/1 digits/0 digits/1 digits/1 digits/0 digits/2 vm-forwardoptions")
  t:contains(heard(c), "vm-msgforwarded")
  for _, box in ipairs { "101", "102" } do
    t:equal(t:files(spool .. box), "INBOX/msg0000.txt INBOX/msg0000.wav")
    t:equal(t:file(spool .. box .. "/INBOX/msg0000.wav"), "sound of a")
    local text = t:file(spool .. box .. "/INBOX/msg0000.txt")
    t:contains(text, 'callerid="Ben" <101>\n')
    t:contains(text, "origtime=1700000000\ncategory=news\n")
    t:contains(text, "duration=5\n")
  end
  t:contains(inbox(t) .. t:files(spool .. "100/Old"), "msg0000.wav")
end)

test("forward with a comment: both are in it", function(t)
  stored(t, "INBOX", 0, "a")
  t:sound("/sounds/voicemail/default/100/INBOX/msg0000", 5000)
  local c = visit(t, "1 8 101# ~5 1 ~4 # ~4 #")
  t:contains(heard(c), "vm-forwardoptions vm-starmain vm-record-prepend beep")
  t:contains(heard(c), "vm-msgforwarded")
  t:equal(t:files(spool .. "101"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  t:contains(t:file(spool .. "101/INBOX/msg0000.txt"), "duration=7\n")
  t:ok(t:recorded("voicemail/default/101/INBOX/msg0000") > 5000)
  t:equal(t:files(spool .. "100/tmp"), "")
end)

test("forward: to nobody, oneself, a full mailbox, and given up", function(t)
  stored(t, "INBOX", 0, "a")
  t:file(spool .. "102/INBOX/msg0000.txt", "[message]\n")
  local c = visit(t, "1 8 999# ~2 100# ~2 102# ~2 101# ~5 * ~1 #")
  t:contains(heard(c), "vm-extension pbx-invalid vm-extension pbx-invalid vm-extension vm-mailboxfull vm-extension digits/1 digits/0 digits/1 vm-forwardoptions")
  t:equal(t:files(spool .. "101"), "")
end)

test("forward: somebody whose name is looked up", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 8 2 236 ~4 1 ~4 2 ~3 #", nil, "usedirectory = yes")
  t:contains(heard(c), "vm-forward dir-welcome dir-pls-enter")
  t:contains(heard(c), "dir-instr digits/1 digits/0 digits/1 vm-forwardoptions")
  t:equal(t:files(spool .. "101"), "INBOX/msg0000.txt INBOX/msg0000.wav")
  stored(t, "INBOX", 0, "b")
  c = visit(t, "1 8 1 102# ~5 2 ~3 #", nil, "usedirectory = yes")
  t:contains(heard(c), "vm-forward vm-extension digits/1 digits/0 digits/2 vm-forwardoptions")
  stored(t, "INBOX", 0, "c")
  t:ok(not heard(visit(t, "1 8 * ~3 #", nil, "usedirectory = yes")):find("vm-extension", 1, true))
end)

test("a hang-up in the comment forwards nothing", function(t)
  stored(t, "INBOX", 0, "a")
  local c = press(ready(t), "1 8 101# ~5 1")
  c:hang_up(12000)
  c:run("VoiceMailMain", "100", "s")
  t:equal(t:files(spool .. "101"), "")
  t:equal(t:files(spool .. "100/tmp"), "")
end)

test("folders: change, cancel, an empty one", function(t)
  stored(t, "INBOX", 0, "a")
  stored(t, "Work", 0, "w")
  local c = visit(t, "2 ~14 2 ~3 1 ~3 #")
  t:contains(heard(c), "vm-changeto vm-press digits/0 vm-for vm-INBOX vm-messages digits/1 vm-for vm-Old vm-messages digits/2 vm-for vm-Work")
  t:contains(heard(c), "vm-Work vm-messages vm-onefor vm-Work")
  t:contains(heard(c), "/sounds/voicemail/default/100/Work/msg0000")
  t:equal(t:files(spool .. "100/Work"), "msg0000.txt msg0000.wav") -- heard, but not new
  t:contains(heard(visit(t, "2 # ~2 #")), "vm-changeto vm-INBOX vm-messages")
  t:contains(heard(visit(t, "2 7 ~3 1 ~5 #")), "vm-youhave vm-no vm-Cust3 vm-messages")
end)

test("store in a folder, unless it is full or none is chosen", function(t)
  stored(t, "INBOX", 0, "a")
  visit(t, "1 9 # ~1 #")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
  local c = visit(t, "1 9 3 ~6 #")
  t:contains(heard(c), "vm-savefolder vm-message digits/1 vm-savedto vm-Family vm-messages")
  t:equal(inbox(t) .. t:files(spool .. "100/Family"), "msg0000.txt msg0000.wav")
  stored(t, "INBOX", 0, "b")
  c = visit(t, "1 9 3 ~2 #", "maxmsg=1")
  t:contains(heard(c), "vm-savefolder vm-mailboxfull")
  t:equal(t:file(spool .. "100/Family/msg0000.wav"), "sound of a")
end)

test("deleted, and not after all; a read-only visit", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 7 ~12 7 ~2 #")
  t:contains(heard(c), "vm-deleted vm-advopts vm-repeat vm-undelete vm-toforward")
  t:contains(heard(c), "vm-undeleted")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
  c = visit(t, "1 ~4 7 ~8 #", nil, nil, "sr")
  t:ok(not heard(c):find("vm-delete", 1, true))
  t:equal(t:files(spool .. "100/Old"), "msg0000.txt msg0000.wav")
  visit(t, "1 7 ~2 #")
  t:equal(t:files(spool .. "100"), "")
end)

test("backupdeleted keeps the last of those deleted", function(t)
  stored(t, "Deleted", 0, "older")
  stored(t, "Deleted", 1, "old")
  for n, id in ipairs { "a", "b" } do stored(t, "INBOX", n - 1, id) end
  visit(t, "1 7 ~2 #", "backupdeleted=2")
  t:equal(t:file(spool .. "100/Deleted/msg0000.wav"), "sound of old")
  t:equal(t:file(spool .. "100/Deleted/msg0001.wav"), "sound of a")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
end)

test("nextaftercmd goes on after a deletion", function(t)
  for n, id in ipairs { "a", "b" } do stored(t, "INBOX", n - 1, id) end
  local c = visit(t, "1 7 ~4 #", "nextaftercmd=yes")
  t:contains(heard(c), "vm-deleted vm-last vm-message /sounds")
  for n, id in ipairs { "a", "b" } do stored(t, "INBOX", n - 1, id) end
  c = visit(t, "1 ~4 6 ~4 7 ~4 #", "nextaftercmd=yes")
  t:contains(heard(c), "vm-deleted vm-nomore")
end)

test("before the first and behind the last; messagewrap", function(t)
  for n, id in ipairs { "a", "b" } do stored(t, "INBOX", n - 1, id) end
  local c = visit(t, "1 4 ~2 6 ~2 6 ~2 #", "moveheard=no")
  t:contains(heard(c), "vm-first vm-message vm-nomore")
  t:contains(heard(c), "vm-last vm-message /sounds/voicemail/default/100/INBOX/msg0001 vm-nomore")
  t:equal(inbox(t), "msg0000.txt msg0000.wav msg0001.txt msg0001.wav")
  c = visit(t, "1 4 ~2 6 ~2 #", "moveheard=no|messagewrap=yes")
  t:ok(not heard(c):find("vm-nomore", 1, true))
  t:contains(heard(c), "vm-first vm-message vm-last vm-message /sounds/voicemail/default/100/INBOX/msg0001 vm-first")
end)

test("the same again, and help", function(t)
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 ~3 5 ~3 * ~5 #")
  t:contains(heard(c), "vm-helpexit vm-first vm-message /sounds/voicemail/default/100/INBOX/msg0000")
  t:contains(heard(c), "vm-onefor vm-INBOX vm-messages vm-opts vm-repeat vm-delete")
end)

test("from the urgent ones to the new ones and back", function(t)
  stored(t, "Urgent", 0, "u", "flag=Urgent\n")
  stored(t, "INBOX", 0, "a")
  local c = visit(t, "1 6 ~2 4 ~2 #", "moveheard=no")
  t:contains(heard(c), "vm-INBOX vm-message vm-first vm-Urgent vm-message")
  t:contains(heard(c), "vm-first vm-message /sounds/voicemail/default/100/INBOX/msg0000 vm-first vm-Urgent vm-message")
end)

test("what is said before a message: category, caller, duration", function(t)
  stored(t, "INBOX", 0, "a", "category=news\n")
  t:contains(heard(visit(t, "1 ~12 #", "saycid=yes|moveheard=no")), "vm-message news vm-from-phonenumber digits/1 digits/0 digits/1 /sounds")
  t:contains(heard(visit(t, "1 ~12 #", "saycid=yes|moveheard=no", "cidinternalcontexts = home,desk")), "vm-message news vm-from-extension digits/1")
  t:file("voicemail/default/101/greet.wav", "")
  t:contains(heard(visit(t, "1 ~12 #", "saycid=yes|moveheard=no", "cidinternalcontexts = desk")), "vm-from /sounds/voicemail/default/101/greet /sounds")
  stored(t, "INBOX", 0, "b", "callerid=Unknown\nduration=185\n")
  t:contains(heard(visit(t, "1 ~12 #", "saycid=yes|sayduration=yes|moveheard=no")), "vm-unknown-caller vm-duration digits/3 vm-minutes /sounds")
  t:ok(not heard(visit(t, "1 ~12 #", "sayduration=yes|saydurationm=4")):find("vm-duration", 1, true))
end)

test("1 skips what is said before a message", function(t)
  stored(t, "INBOX", 0, "a")
  local c = ready(t, "envelope=yes")
  press(c, "1 ~2 1 ~1 6 #"):run("VoiceMailMain", "100", "s")
  t:ok(c:elapsed_ms() < 7000)
  t:equal(t:files(spool .. "100/Old"), "msg0000.txt msg0000.wav")
end)

test("a password: too short, mistyped, with * given up", function(t)
  local c = visit(t, "0 5 12# ~4 5 123# 124# ~5 5 * ~2 * #", nil, "minpassword = 3\nvm-newpassword = pw")
  t:contains(heard(c), "pw vm-invalid-password vm-pls-try-again")
  t:contains(heard(c), "pw vm-reenterpassword vm-mismatch vm-pls-try-again")
  t:equal(t:value [[channel.VM_INFO("100", "password"):get()]], "1234")
end)

test("a password that is not to be changed", function(t)
  t:config("voicemail.conf", "[default]\n100 => -1234,Anna\n")
  local c = t:channel {}
  press(c, "1234# ~4 0 5 ~2 * #"):run("VoiceMailMain", "100")
  t:contains(heard(c), "vm-options vm-no vm-options")
end)

test("passwordlocation=spooldir, and the programs that hear of a password", function(t)
  local directory = t:path()
  visit(t, "0 5 778# 778# ~3 * #", nil, "passwordlocation = spooldir\nexternpassnotify = echo >>" .. directory .. "/told")
  t:equal(t:file(spool .. "100/secret.conf"), "[general]\npassword=778\n")
  t:equal(t:file("told"), "default 100 778\n")
  t:equal(t:value [[channel.VM_INFO("100", "password"):get()]], "778")
end)

test("externpasscheck may refuse a password, externpass takes it", function(t)
  local directory = t:path()
  local general = "externpasscheck = echo VALID >" .. directory .. "/asked && echo VALID\nexternpass = echo >>" .. directory .. "/taken"
  visit(t, "0 5 778# 778# ~3 * #", nil, general)
  t:equal(t:file("taken"), "default 100 778\n")
  local c = visit(t, "0 5 779# ~3 * #", nil, "externpasscheck = echo INVALID")
  t:contains(heard(c), "vm-invalid-password")
end)

test("externnotify hears of the counts after a visit", function(t)
  stored(t, "INBOX", 0, "a")
  stored(t, "INBOX", 1, "b")
  visit(t, "1 ~3 #", nil, "externnotify = echo >>" .. t:path() .. "/told")
  t:wait(1000)
  t:equal(t:file("told"), "default 100 1 1 0\n")
end)

test("greetings: heard, recorded anew, given up", function(t)
  visit(t, "0 2 ~4 # 2 ~2 3 ~5 # 1 ~3 * #")
  t:equal(t:files(spool .. "100"), "busy.wav")
  visit(t, "0 3 ~4 # * ~2 * #")
  t:equal(t:files(spool .. "100"), "busy.wav")
  local c = press(ready(t), "0 3 ~4 #")
  c:hang_up(6500)
  c:run("VoiceMailMain", "100", "s")
  t:equal(t:files(spool .. "100"), "busy.wav")
end)

test("tempgreetwarn", function(t)
  t:file(spool .. "100/temp.wav", "")
  t:contains(heard(visit(t, "#", "tempgreetwarn=yes")), "vm-tempgreetactive")
  t:contains(heard(visit(t, "0 ~3 4 ~1 * ~1 * #")), "vm-tmpexists vm-options vm-tempgreeting2")
end)

test("a new owner records name and greetings and then chooses a password", function(t)
  t:config("voicemail.conf", "[general]\nformat=wav\nforcename=yes\nforcegreetings=yes\n[default]\n100 => 100,Anna\n")
  t:talks(3000)
  local c = press(t:channel {}, "~5 # 1 ~4 # 1 ~4 # 1 ~1 77# 77# ~6 #")
  c:run("VoiceMailMain", "100", "s")
  t:contains(heard(c), "vm-newuser vm-rec-name beep")
  t:contains(heard(c), "vm-msgsaved vm-newpassword vm-reenterpassword vm-passchanged vm-youhave")
  t:equal(t:files(spool .. "100"), "busy.wav greet.wav unavail.wav")
  t:equal(t:value [[channel.VM_INFO("100", "password"):get()]], "77")
end)

test("a new owner who finds no password is sent away", function(t)
  t:config("voicemail.conf", "[general]\nforcename=yes\n[default]\n100 => 100,Anna\n")
  t:file(spool .. "100/greet.wav", "")
  local c = press(t:channel {}, "~1 1# 2# ~3 1# 2# ~3 1# 2#")
  c:run("VoiceMailMain", "100", "s")
  t:ok(heard(c):find("vm%-mismatch vm%-pls%-try%-again vm%-goodbye$"))
end)

test("aliases, the prefix, the caller's own number", function(t)
  local c = press(ready(t), "1234# ~3 #")
  c:run("VoiceMailMain", "900@default")
  t:contains(heard(c), "vm-password vm-youhave")
  c = press(ready(t), "0# 1234# ~3 #")
  c:run("VoiceMailMain", "10@default", "p")
  t:contains(heard(c), "vm-login vm-password vm-youhave")
  c = press(ready(t, nil, nil, { callerid_number = "100" }), "# 1234# ~3 #")
  c:run("VoiceMailMain")
  t:contains(heard(c), "vm-login vm-password vm-youhave")
end)

test("a folder that plays at once", function(t)
  stored(t, "Work", 0, "w")
  local c = visit(t, "~6 #", nil, nil, "sa(2)")
  t:equal(heard(c):match("^(.-) vm%-advopts"), "vm-first vm-message /sounds/voicemail/default/100/Work/msg0000")
  c = visit(t, "~6 #", nil, nil, "sa(work)")
  t:equal(heard(c):match("^(.-) vm%-advopts"), "vm-first vm-message /sounds/voicemail/default/100/Work/msg0000")
  t:equal(heard(visit(t, "", nil, nil, "sa(0)")), "vm-youhave vm-no vm-INBOX vm-messages vm-goodbye")
end)

--- A message for mailbox 100 that is reviewed by keys.
local function review(t, keys, options)
  local c = press(ready(t, "review=yes|operator=yes|exitcontext=desk|" .. (options or "")), keys)
  c:run("VoiceMail", "100", "s")
  return c
end

test("review: hear it, again, save", function(t)
  local c = review(t, "~3 # 2 ~2 3 ~5 # 1")
  t:contains(heard(c), "vm-intro beep")
  t:contains(heard(c), "vm-msgsaved")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
end)

test("review: urgent, and not after all; unless that is not wanted", function(t)
  local c = review(t, "~3 # ~8 4 ~6 4 ~6 1")
  t:contains(heard(c), "vm-review vm-review-urgent vm-reachoper")
  t:contains(heard(c), "vm-marked-urgent vm-review vm-review-nonurgent")
  t:contains(heard(c), "vm-marked-nonurgent")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
  c = review(t, "~3 # ~3 4 ~4 1", "leaveurgent=no")
  t:contains(heard(c), "vm-review vm-reachoper")
  t:contains(heard(c), "vm-sorry")
  t:equal(inbox(t), "msg0000.txt msg0000.wav msg0001.txt msg0001.wav")
end)

test("review: the operator, who is told of it or not", function(t)
  local c = review(t, "~3 # 0 4")
  t:equal(c:get("VMSTATUS"), "USEREXIT")
  t:contains(heard(c), "vm-saveoper vm-marked-urgent")
  t:equal(t:files(spool .. "100"), "Urgent/msg0000.txt Urgent/msg0000.wav")
  c = review(t, "~3 # 0 2")
  t:contains(heard(c), "vm-saveoper vm-deleted")
  t:equal(inbox(t), "")
end)

test("review: too short, then a key that means nothing", function(t)
  local c = review(t, "~1 # ~3 8 ~6 1 ~4 # 1", "minsecs=2")
  t:contains(heard(c), "vm-tooshort vm-torerecord vm-reachoper vm-sorry")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
end)

test("review: who says nothing at all has it stored", function(t)
  review(t, "~3 #")
  t:equal(inbox(t), "msg0000.txt msg0000.wav")
end)
