test("CHANNEL tells", function(t)
  for what, want in pairs {
    state = "Ring", name = "PJSIP/caller-00000001", channeltype = "PJSIP", context = "start", exten = "s", priority = "1", max_forwards = "20", amaflags = "",
    appname = "NoOp", appdata = "x,y", checkhangup = "0", peeraccount = "", dnid = "600", language = "en",
  } do
    local c = t:lua(('app.noop("x,y"); put(channel["CHANNEL(%s)"]:get())'):format(what))
    t:equal((c:get("SEEN"):gsub("%-%x+$", "-00000001")), want)
  end
  t:equal(t:value('channel.CHANNEL("pjsip", "call-id"):get()'), "luatest")
  t:equal(t:value('channel.CHANNEL():get()'):sub(1, 6), "PJSIP/")
end)

test("CHANNEL sets", function(t)
  for what, value in pairs { language = "de_CH", accountcode = "sales", userfield = "u", amaflags = "BILLING", tonezone = "uk", max_forwards = "5", peeraccount = "p", musicclass = "m" } do
    t:equal(t:lua(('channel["CHANNEL(%s)"] = "%s"; put(channel["CHANNEL(%s)"]:get())'):format(what, value, what)):get("SEEN"), value)
  end
end)

test("LANGUAGE is CHANNEL(language) by its older name", function(t)
  t:equal(t:value('channel.LANGUAGE():get()'), "en")
  t:equal(t:lua('channel.LANGUAGE():set("fr"); put(channel.CHANNEL("language"):get() .. channel["LANGUAGE()"]:get())'):get("SEEN"), "frfr")
end)

test("what CHANNEL does not know or cannot set is in the log", function(t)
  t:contains(t:lua('put(channel.CHANNEL("shoe"):get())'):log(), "CHANNEL: unknown or unavailable item: 'shoe'")
  t:contains(t:lua('channel["CHANNEL(name)"] = "x"'):log(), "CHANNEL: 'name' cannot be set")
  t:contains(t:lua('channel["CHANNEL(max_forwards)"] = "x"'):log(), "max_forwards 'x' is no number")
end)

test("hang-up handlers run at the end, the last one first", function(t)
  t:dialplan [[extensions = {
    start = { s = function()
      channel["CHANNEL(hangup_handler_push)"] = "subs,a,1"
      channel["CHANNEL(hangup_handler_push)"] = "subs,b,1"
    end },
    subs = { a = function() channel.SEEN = channel.SEEN:get() .. "a" app["return"]() end, b = function() channel.SEEN = "b" app["return"]() end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "ba")
end)

test("max_forwards counts down over Local channels", function(t)
  t:phone("PJSIP/1", { cause = 17 })
  t:lua('channel["CHANNEL(max_forwards)"] = 3; app.dial("PJSIP/1")')
  t:equal(t:peer("PJSIP/1"):get("MAX_FORWARDS"), "3")
end)

test("HANGUPCAUSE tells of every leg that was dialled", function(t)
  t:phone("PJSIP/1", { cause = 17 })
  t:phone("PJSIP/2", { cause = 34 })
  local c = t:lua([[app.dial("PJSIP/1&PJSIP/2")
    for name in channel.HANGUPCAUSE_KEYS():get():gmatch("[^,]+") do
      channel.SEEN = (channel.SEEN:get() or "") .. channel.HANGUPCAUSE(name):get() .. "|" .. channel.HANGUPCAUSE(name, "tech"):get() .. ";"
    end
    app.hangupcauseclear()
    channel.AFTER = channel.HANGUPCAUSE_KEYS():get()]])
  t:equal(c:get("SEEN"), "User busy|;Circuit/channel congestion|;")
  t:equal(c:get("AFTER"), "")
  t:equal(t:value('channel.HANGUPCAUSE("PJSIP/x"):get()'), "nil")
  t:contains(t:lua('channel.HANGUPCAUSE("PJSIP/x", "shoe"):get()'):log(), "unknown type 'shoe'")
end)

test("SHARED is reached from other channels", function(t)
  local other = t:channel {}
  local c = t:lua(('channel["SHARED(X,%s)"] = "1"; put(channel["SHARED(X,%s)"]:get()); channel.MINE = channel.SHARED("X"):get() or "none"'):format(other:name(), other:name()))
  t:equal(c:get("SEEN"), "1")
  t:equal(c:get("MINE"), "none")
  other:run("NoOp")
  t:contains(t:lua('channel["SHARED(X,PJSIP/nobody)"] = "1"'):log(), "no channel is called PJSIP/nobody")
  t:equal(t:value('(function() channel["SHARED(Y)"] = "2" return channel.SHARED("Y"):get() end)()'), "2")
end)

test("PJSIP_HEADER reads those of the call", function(t)
  local o = { headers = { ["X-Foo"] = "bar", ["X-Bar"] = "baz", Subject = "s" } }
  t:equal(t:value('channel.PJSIP_HEADER("read", "X-Foo"):get()', o), "bar")
  t:equal(t:value('channel.PJSIP_HEADER("read", "X-Foo", 2):get()', o), "nil")
  t:equal(t:value('channel.PJSIP_HEADERS("X-"):get()', o), "x-bar,x-foo")
  t:contains(t:lua('channel.PJSIP_HEADER("add", "X-Foo"):set("1")'):log(), "PJSIP_HEADER: the call is not to be made any more")
  t:contains(t:lua('channel.PJSIP_HEADER("shoe", "X-Foo"):set("1")'):log(), "PJSIP_HEADER: want add")
  t:contains(t:lua('channel.PJSIP_HEADER("read"):get()'):log(), "PJSIP_HEADER: want read")
end)

test("PJSIP_HEADER adds, changes and removes in b of Dial", function(t)
  t:phone("PJSIP/1", { cause = 17 })
  t:dialplan [[extensions = { start = { s = function() app.dial("PJSIP/1", 5, "b(subs^s^1)") end }, subs = { s = function()
    for _, h in ipairs { "X-A", "X-B", "Y-A", "Y-B" } do channel.PJSIP_HEADER("add", h):set("1") end
    channel.PJSIP_HEADER("update", "X-A"):set("2")
    channel.PJSIP_HEADER("remove", "X-B"):set("")
    channel.GONE = channel.PJSIP_HEADER("remove", "Y-*"):get()
    app["return"]() end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(t:peer("PJSIP/1"):headers(), "X-A: 2")
  t:equal(t:peer("PJSIP/1"):get("GONE"), "2")
end)

test("VOLUME is kept for each way", function(t)
  local c = t:lua([[
    channel.VOLUME("TX"):set(3)
    channel.VOLUME("rx", "p"):set("-2.5")
    channel.V:set(channel.VOLUME("TX"):get() .. " " .. channel.VOLUME("RX"):get())]])
  t:equal(c:get("V"), "3 -2.5")
end)

test("VOLUME names what it does not understand", function(t)
  for _, line in ipairs { 'channel.VOLUME("UP"):set("3")', 'channel.VOLUME("TX"):set("loud")' } do
    t:contains(t:lua(line):log(), "VOLUME: ")
  end
end)

test("VOLUME of a channel without sound is only a line in the log", function(t)
  t:contains(t:lua('channel.VOLUME("TX"):set(3)', { media = false }):log(), "VOLUME: ")
end)
