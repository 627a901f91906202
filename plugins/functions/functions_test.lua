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

test("an unknown function is logged and nil", function(t)
  local c = line(t, 'put(channel.NOSUCH(1):get())')
  t:equal(c:get("SEEN"), "nil")
  t:contains(c:log(), "Function NOSUCH not registered")
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

test("ENV tells what the sandbox lets through, and cannot be set", function(t)
  t:equal(t:value('channel.ENV("NO_SUCH_VARIABLE_HERE"):get()'), "nil")
  t:equal(t:value('channel.ENV("PATH"):get()'), "nil")
  t:contains(t:lua('channel["ENV(LANG)"] = "x"'):log(), "ENV: 'LANG' cannot be set")
end)

test("STAT looks at the site's files only", function(t)
  t:equal(t:value('channel.STAT("e", "/etc/passwd"):get()'), "0")
  t:config("asterism.conf", "[sandbox]\nfiles = /usr\n")
  t:equal(t:value('channel.STAT("d", "/usr/lib"):get() .. channel.STAT("f", "/usr/lib"):get() .. channel.STAT("e", "/usr/lib"):get()'), "101")
  t:equal(t:value('channel.STAT("e", "/usr/no-such-file"):get()'), "0")
  t:equal(t:value('channel.STAT("m", "/usr/lib"):get():sub(1, 2)'), "40")
  t:ok(tonumber(t:value('channel.STAT("M", "/usr/lib"):get()')) > 0)
  t:ok(tonumber(t:value('channel.STAT("s", "/usr/lib"):get()')) > 0)
  t:equal(t:value('channel.STAT("e", "/etc/passwd"):get()'), "0")
  t:contains(t:lua('put(channel.STAT("x", "/usr"):get())'):log(), "STAT: want d, e, f")
end)
