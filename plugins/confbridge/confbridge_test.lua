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
[keys]
type = menu
1 = toggle_mute
12 = participant_count
4 = playback(one&two), no_op
5 = admin_toggle_conference_lock
6 = admin_kick_last
* = increase_listening_volume
\# = leave_conference
]]

local function caller(t, profile, menu)
  t:config("confbridge.conf", conf)
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
  t:equal(c:played(), "conf-onlyperson")
  t:equal(c:get("CONFBRIDGE_RESULT"), "HANGUP")
  t:equal(c:get("AFTER"), nil)
end)

test("a PIN is asked for, and known", function(t)
  local c = caller(t, "secret")
  c:press(1500, "1234#")
  c:press(6500, "4711#")
  c:hang_up(20000)
  c:enter("start", "s")
  t:equal(c:played(), "conf-getpin conf-invalidpin conf-getpin conf-onlyperson")
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
  t:equal(c:played(), "conf-onlyperson conf-muted conf-onlyperson one two")
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
  t:contains(c:played(), "welcome conf-onlyperson eight")
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
