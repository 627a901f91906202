local dialplan = [[
extensions = { start = {
  s = function() app.confbridge("1", nil, channel.PROFILE:get(), channel.MENU:get()); channel.AFTER = "yes" end,
  ["100"] = function() app.confbridge("1") end,
  leader = function() app.confbridge("1", nil, "leader") end,
  lock = function() app.confbridge("1", nil, "leader", "keys") end,
  kick = function() app.wait(5); app.confkick("1"); channel.SHARED = channel.CONFKICKSTATUS:get() end,
} }
]]

local conf = [[
[leader]
type = user
marked = yes
admin = yes
[waits]
type = user
wait_marked = yes
end_marked = yes
[secret]
type = user
pin = 4711
[short]
type = user
timeout = 30
announcement = welcome
[silent]
type = user
quiet = yes
startmuted = yes
[counted]
type = user
announce_user_count = yes
[small]
type = bridge
max_members = 1
sound_locked = house-full
[named]
type = user
announce_join_leave = yes
[reviewed]
type = user
announce_join_leave_review = yes
[music]
type = user
music_on_hold_when_empty = yes
music_on_hold_class = jazz
[patient]
type = user
wait_marked = yes
music_on_hold_when_empty = yes
[anymark]
type = user
end_marked_any = yes
[shy]
type = user
hear_own_join_sound = no
announce_only_user = no
[recorded]
type = bridge
record_conference = yes
record_file = /sounds/board
record_file_timestamp = no
[office]
type = bridge
hours = 9:00-17:00,mon-fri,*,*
[secretroom]
type = user
pin = 99
[keys]
type = menu
1 = toggle_mute
12 = participant_count
4 = playback(one&two), no_op
5 = admin_toggle_conference_lock
6 = admin_kick_last
* = increase_listening_volume
\# = leave_conference
[more]
type = menu
1 = roll_call
2 = admin_toggle_recording
3 = admin_toggle_mute_recording
4 = admin_toggle_mute_participants
5 = dialplan_exec(start,aside,1)
6 = playback_and_continue(one&two)
]]

local function caller(t, profile, menu)
  t:config("confbridge.conf", conf)
  t:config("asterisk.conf", "[directories]\nastspooldir => /sounds\n")
  t:dialplan(dialplan)
  local c = t:channel {}
  if profile then c:set("PROFILE", profile) end
  if menu then c:set("MENU", menu) end
  return c
end

test("the first is told that he is alone, and a hang-up is the result", function(t)
  local c = caller(t)
  c:hang_up(9000)
  c:enter("start", "s")
  t:ok(c:answered())
  t:equal(c:played(), "conf-onlyperson confbridge-join")
  t:equal(c:get("CONFBRIDGE_RESULT"), "HANGUP")
  t:equal(c:get("AFTER"), nil)
end)

test("a PIN is asked for, and known", function(t)
  local c = caller(t, "secret")
  c:press(1500, "1234#")
  c:press(6500, "4711#")
  c:hang_up(20000)
  c:enter("start", "s")
  t:equal(c:played(), "conf-getpin conf-invalidpin conf-getpin conf-onlyperson confbridge-join")
end)

test("three wrong PINs end the call", function(t)
  local c = caller(t, "secret")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "FAILED")
  t:equal(c:get("AFTER"), nil)
  t:contains(c:log(), "three wrong PINs")
end)

test("who waits for the leader is let in when he comes and shown out when he goes", function(t)
  t:guest { at_ms = 10000, exten = "leader", leaves_ms = 20000 }
  local c = caller(t, "waits")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "ENDMARKED")
  t:equal(c:get("AFTER"), "yes")
  t:contains(c:played(), "conf-waitforleader")
  t:contains(c:played(), "conf-placeintoconf")
  t:contains(c:played(), "conf-leaderhasleft")
end)

test("a stay may be limited, and begins with an announcement", function(t)
  local c = caller(t, "short")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "TIMEOUT")
  t:equal(c:get("AFTER"), "yes")
  t:equal(c:played():match("^%S+"), "welcome")
end)

test("quiet is quiet", function(t)
  local c = caller(t, "silent")
  c:hang_up(5000)
  c:enter("start", "s")
  t:equal(c:played(), "")
end)

test("the count is told", function(t)
  for at = 1, 3 do t:guest { at_ms = 100 * at, exten = "100", leaves_ms = 60000 } end
  local c = caller(t, "counted")
  c:press(30000, "#")
  c:hang_up(30000)
  t:dialplan(dialplan:gsub("s = function%(%)", "s = function() app.wait(2);", 1))
  c:enter("start", "s")
  t:contains(c:played(), "conf-thereare digits/3 conf-otherinparty")
end)

test("the menu: sequences, one of which begins a longer one", function(t)
  local c = caller(t, nil, "keys")
  c:press(5000, "1")
  c:press(9000, "12")
  c:press(14000, "4")
  c:press(18000, "*")
  c:press(19000, "9")
  c:press(20000, "#")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "DTMF")
  t:equal(c:played(), "conf-onlyperson confbridge-join conf-muted conf-onlyperson one two")
end)

test("only an admin may lock, and a locked room lets nobody in", function(t)
  t:guest { at_ms = 0, exten = "lock", keys = "5", keys_at_ms = 5000, leaves_ms = 60000 }
  local c = caller(t)
  t:dialplan(dialplan:gsub("s = function%(%)", "s = function() app.wait(10);", 1))
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "FAILED")
  t:contains(c:played(), "conf-lockednow")
  t:ok(c:played():find("conf%-locked$"))
  c = caller(t, nil, "keys")
  c:press(5000, "5")
  c:hang_up(9000)
  c:enter("start", "s")
  t:contains(c:played(), "conf-errormenu")
end)

test("an admin kicks the last one out", function(t)
  t:guest { at_ms = 0, exten = "lock", keys = "6", keys_at_ms = 20000, leaves_ms = 60000 }
  local c = caller(t)
  t:dialplan(dialplan:gsub("s = function%(%)", "s = function() app.wait(1);", 1))
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "KICKED")
  t:contains(c:played(), "conf-kicked")
end)

test("ConfKick empties the room", function(t)
  t:guest { at_ms = 0, exten = "kick" }
  local c = caller(t)
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "KICKED")
  t:equal(t:call("ConfKick", "nobody's"):get("CONFKICKSTATUS"), "FAILURE")
end)

test("a full room, and a prompt of its own", function(t)
  t:guest { at_ms = 0, exten = "100", leaves_ms = 60000 }
  local c = caller(t)
  t:dialplan(dialplan:gsub('confbridge%("1", nil, channel', 'wait(1); app.confbridge("1", "small", channel', 1))
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "FAILED")
  t:contains(c:played(), "house-full")
end)

test("CONFBRIDGE changes the caller's own profile, CONFBRIDGE_INFO tells of the room", function(t)
  t:dialplan [[
extensions = { start = {
  s = function()
    channel["CONFBRIDGE(user,template)"] = "short"
    channel["CONFBRIDGE(user,timeout)"] = "5"
    channel["CONFBRIDGE(menu,8)"] = "playback(eight)"
    app.confbridge("1")
    channel.PARTIES = channel["CONFBRIDGE_INFO(parties,1)"]:get()
    channel.LOCKED = channel["CONFBRIDGE_INFO(locked,1)"]:get()
  end,
} }
]]
  t:config("confbridge.conf", conf)
  local c = t:channel {}
  c:press(4000, "8")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "TIMEOUT")
  t:contains(c:played(), "welcome conf-onlyperson confbridge-join eight")
  t:equal(c:get("PARTIES"), "0")
  t:equal(c:get("LOCKED"), "0")
end)

test("profiles that are not there, and no name", function(t)
  t:config("confbridge.conf", conf)
  t:equal(t:call("ConfBridge"):get("CONFBRIDGE_RESULT"), "FAILED")
  t:equal(t:call("ConfBridge", "1", "nowhere"):get("CONFBRIDGE_RESULT"), "FAILED")
  t:equal(t:call("ConfBridge", "1", "", "nobody"):get("CONFBRIDGE_RESULT"), "FAILED")
  t:contains(t:call("ConfBridge", "1", "", "", "none"):log(), "no menu 'none'")
end)

test("who says his name is announced by it, and his file goes with him", function(t)
  t:guest { at_ms = 0, exten = "100", leaves_ms = 90000 }
  t:talks(2000)
  local c = caller(t, "named")
  c:hang_up(60000)
  c:enter("start", "s")
  local played = c:played()
  t:contains(played, "vm-rec-name beep")
  t:contains(played, "confbridge-join /sounds/confbridge/1-")
  t:contains(played, "conf-hasjoin")
  t:ok(played:find("conf%-hasleft confbridge%-leave"))
  t:equal(t:files("confbridge"), "")
  t:equal(c:get("CONFBRIDGE_RESULT"), "HANGUP")
end)

test("a name may be heard and said again", function(t)
  t:talks(1000)
  local c = caller(t, "reviewed")
  c:press(8000, "3")
  c:press(16000, "2")
  c:press(22000, "1")
  c:hang_up(40000)
  c:enter("start", "s")
  local _, times = c:played():gsub("vm%-rec%-name", "")
  t:equal(times, 2)
  _, times = c:played():gsub("vm%-review", "")
  t:equal(times, 3)
end)

test("music for one who is alone, until another comes", function(t)
  t:guest { at_ms = 20000, exten = "100", leaves_ms = 30000 }
  local c = caller(t, "music")
  c:hang_up(60000)
  c:enter("start", "s")
  t:equal(c:tones(), "music jazz stop music jazz stop")
end)

test("music for one who waits, and no join sound before he is in", function(t)
  t:guest { at_ms = 20000, exten = "leader", leaves_ms = 30000 }
  local c = caller(t, "patient")
  c:hang_up(60000)
  c:enter("start", "s")
  t:ok(c:played():find("^conf%-onlyperson conf%-waitforleader"))
  t:contains(c:played(), "conf-placeintoconf")
  t:contains(c:played(), "conf-leaderhasleft")
end)

test("end_marked_any: one of two leaders goes", function(t)
  t:guest { at_ms = 1000, exten = "leader", leaves_ms = 90000 }
  t:guest { at_ms = 2000, exten = "leader", leaves_ms = 30000 }
  local c = caller(t, "anymark")
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "ENDMARKED")
end)

test("he who does not want to hear his own join sound", function(t)
  t:guest { at_ms = 0, exten = "100", leaves_ms = 60000 }
  local c = caller(t, "shy")
  c:hang_up(20000)
  c:enter("start", "s")
  t:contains(c:played(), "confbridge-join")
end)

test("a room that is recorded, by its profile", function(t)
  t:dialplan(dialplan:gsub('confbridge%("1", nil, channel', 'confbridge("1", "recorded", channel', 1))
  t:config("confbridge.conf", conf)
  local c = t:channel {}
  c:hang_up(5000)
  c:enter("start", "s")
  t:equal(t:recorded("board"), 0) -- nothing is mixed here
end)

test("an admin records, mutes the recording and the guests, by his keys", function(t)
  local c = caller(t, "leader", "more")
  c:press(4000, "3")
  c:press(8000, "2")
  c:press(12000, "3")
  c:press(16000, "3")
  c:press(20000, "2")
  c:press(24000, "4")
  c:press(28000, "4")
  c:press(32000, "1")
  c:hang_up(40000)
  c:enter("start", "s")
  t:equal(c:played(), "conf-onlyperson confbridge-join conf-errormenu conf-now-recording conf-recordingstopped conf-now-recording conf-recordingstopped "
    .. "conf-now-muted conf-now-unmuted conf-roll-callcomplete")
end)

test("roll call: who has said his name is named", function(t)
  t:guest { at_ms = 0, exten = "named", leaves_ms = 90000 }
  t:talks(1000)
  t:dialplan(dialplan:gsub("s = function%(%)", 'named = function() app.confbridge("1", nil, "named") end, s = function() app.wait(15);', 1))
  t:config("confbridge.conf", conf)
  t:config("asterisk.conf", "[directories]\nastspooldir => /sounds\n")
  local c = t:channel {}
  c:set("MENU", "more")
  c:press(30000, "1")
  c:hang_up(50000)
  c:enter("start", "s")
  t:ok(c:played():find("/sounds/confbridge/1%-[%w%-._]+ conf%-roll%-callcomplete"))
end)

test("dialplan_exec comes back", function(t)
  t:dialplan(dialplan:gsub("s = function%(%)", 'aside = function() app.playback("aside"); app["return"]() end, s = function()', 1))
  t:config("confbridge.conf", conf)
  local c = t:channel {}
  c:set("MENU", "more")
  c:press(4000, "5")
  c:press(9000, "6")
  c:hang_up(20000)
  c:enter("start", "s")
  t:contains(c:played(), "aside one two")
end)

test("hours: a room is closed outside of them and empties when they end", function(t)
  t:config("confbridge.conf", conf)
  local plan = dialplan:gsub('confbridge%("1", nil, channel', 'confbridge("1", "office", channel', 1)
  t:dialplan(plan)
  local c = t:channel {} -- Monday 9:00
  c:hang_up(5000)
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "HANGUP")
  c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "TIMEOUT")
  t:ok(c:elapsed_ms() > 7.9 * 3600000 and c:elapsed_ms() < 8.1 * 3600000)
  c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("CONFBRIDGE_RESULT"), "FAILED")
  t:contains(c:played(), "conf-has-not-started")
end)

test("a booking from Lua, and its result", function(t)
  t:dialplan [[
extensions = { start = { s = function()
  local pbx = require "pbx"
  channel.RESULT = pbx.confbridge.join("7", { user = { quiet = true, pin = 12 }, bridge = { closes = pbx.time.now() + 60 }, menu = { ["1"] = "leave_conference" } })
  channel.SECOND = pbx.confbridge.join("7", { user = { quiet = true }, menu = { ["1"] = "leave_conference" } })
end } }
]]
  local c = t:channel {}
  c:press(1500, "12#")
  c:press(90000, "1")
  c:enter("start", "s")
  t:equal(c:get("RESULT"), "TIMEOUT")
  t:equal(c:get("SECOND"), "DTMF")
  t:equal(c:played(), "conf-getpin")
end)

test("CONFBRIDGE_CHANNELS and CONFBRIDGE_INFO(muted)", function(t)
  t:guest { at_ms = 0, exten = "leader", leaves_ms = 60000 }
  t:dialplan(dialplan:gsub("s = function%(%)", [[s = function()
    app.wait(5)
    channel.ADMINS = channel["CONFBRIDGE_CHANNELS(admins,1)"]:get()
    channel.NONE = channel["CONFBRIDGE_CHANNELS(parties,2)"]:get()
    require("pbx").conference.mute("1", "participants", true)
    channel.MUTED = channel["CONFBRIDGE_INFO(muted,1)"]:get()]], 1))
  t:config("confbridge.conf", conf)
  local c = t:channel {}
  c:hang_up(10000)
  c:enter("start", "s")
  t:contains(c:get("ADMINS"), "PJSIP/guest-")
  t:equal(c:get("NONE"), "")
  t:equal(c:get("MUTED"), "1")
end)

test("what the command line shows", function(t)
  t:config("confbridge.conf", conf)
  t:equal(t:command("confbridge show profile users"):match("^[^\n]*\n[^\n]*"), "--------- User Profiles -----------\ndefault_user")
  t:contains(t:command("confbridge show profile bridges"), "\noffice")
  local shown = t:command("confbridge show profile user secret")
  t:contains(shown, "Name: secret")
  t:ok(not shown:find("4711"))
  t:contains(t:command("confbridge show profile bridge office"), "9:00-17:00,mon-fri,*,*")
  t:contains(t:command("confbridge show menus"), "keys")
  t:contains(t:command("confbridge show menu keys"), "12 = participant_count")
  t:contains(t:command("confbridge show menu none"), "No menu named 'none' found!")
  t:contains(t:command("confbridge show profile user nobody"), "found!")
end)
