--- Run one line of Lua in a dialplan and give the channel back; `put(x)` shows values in SEEN.
local function line(t, lua, options)
  t:dialplan([[
local function put(v) channel.SEEN = v == nil and "nil" or v end
extensions = { start = { s = function() ]] .. lua .. [[ end } }]])
  local c = t:channel(options or {})
  c:enter("start", "s")
  return c
end

local function value(t, expression, options) return line(t, "put(" .. expression .. ")", options):get("SEEN") end

test("CALLERID is read in parts", function(t)
  local o = { callerid_name = "Alice A", callerid_number = "100", dnid = "600" }
  t:equal(value(t, 'channel.CALLERID("num"):get()', o), "100")
  t:equal(value(t, 'channel["CALLERID(name)"]:get()', o), "Alice A")
  t:equal(value(t, 'channel.CALLERID("all"):get()', o), '"Alice A" <100>')
  t:equal(value(t, 'channel.CALLERID("dnid"):get()', o), "600")
  t:equal(value(t, 'channel.CALLERID("pres"):get()', o), "allowed")
end)

test("CALLERID is set in parts and as a whole", function(t)
  t:equal(value(t, 'channel["CALLERID(all)"]:set(\'"Bob" <200>\') or channel.CALLERID("num"):get() .. channel.CALLERID("name"):get()'), "200Bob")
  t:equal(line(t, 'channel.CALLERID("name"):set("Eve"); put(channel.CALLERID("all"):get())'):get("SEEN"), '"Eve" <100>')
  t:equal(line(t, 'channel["CALLERID(all)"] = "300"; put(channel.CALLERID("num"):get())'):get("SEEN"), "300")
end)

test("an unknown field is logged and nil", function(t)
  local c = line(t, 'put(channel.CALLERID("shoe"):get())')
  t:equal(c:get("SEEN"), "nil")
  t:contains(c:log(), "CALLERID: unknown field 'shoe'")
end)

test("an unknown function is logged and nil", function(t)
  local c = line(t, 'put(channel.NOSUCH(1):get())')
  t:equal(c:get("SEEN"), "nil")
  t:contains(c:log(), "Function NOSUCH not registered")
end)

test("CHANNEL tells and sets", function(t)
  t:equal(value(t, 'channel.CHANNEL("state"):get()'), "Ring")
  t:equal(value(t, 'channel.CHANNEL("name"):get()'), "PJSIP/caller-00000002")
  t:equal(value(t, 'channel.CHANNEL("channeltype"):get()'), "PJSIP")
  t:equal(value(t, 'channel.CHANNEL("pjsip", "call-id"):get()'), "luatest")
  t:equal(line(t, 'channel["CHANNEL(language)"] = "de_CH"; put(channel.CHANNEL("language"):get())'):get("SEEN"), "de_CH")
end)

test("GLOBAL is shared by calls", function(t)
  line(t, 'channel.GLOBAL("G"):set("1")')
  t:equal(value(t, 'channel.GLOBAL("G"):get()'), "1")
  t:equal(value(t, 'channel.G:get()'), "1")
end)

test("TIMEOUT has Asterisk's defaults and can be set", function(t)
  t:equal(value(t, 'channel.TIMEOUT("digit"):get()'), "5.000")
  t:equal(line(t, 'channel.TIMEOUT("response"):set(7); put(channel.TIMEOUT("response"):get())'):get("SEEN"), "7.000")
end)

test("TIMEOUT(absolute) ends the call", function(t)
  local c = line(t, 'channel.TIMEOUT("absolute"):set(3); app.wait(60); put("after")')
  t:equal(c:get("SEEN"), nil)
  t:equal(c:elapsed_ms(), 3000)
end)

test("EXCEPTION tells e why", function(t)
  t:dialplan [[extensions = { start = {
    s = function() app.goto("start", "nowhere", 1) end,
    e = function() channel.SEEN = channel.EXCEPTION("reason"):get() end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "INVALID")
end)
