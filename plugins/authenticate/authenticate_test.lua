local function trying(t, keys, ...)
  local c = t:channel {}
  for at_ms, typed in pairs(keys) do c:press(at_ms, typed) end
  c:run("Authenticate", ...)
  return c
end

test("the right password lets the call go on", function(t)
  local c = trying(t, { [500] = "4711#" }, "4711")
  t:ok(c:answered())
  t:ok(c:returned())
  t:equal(c:played(), "agent-pass auth-thankyou")
end)

test("maxdigits needs no #, and the prompt may be another", function(t)
  local c = trying(t, { [1500] = "47118" }, "4711", "", 4, "one&two")
  t:ok(c:returned())
  t:equal(c:played(), "one two auth-thankyou")
end)

test("three wrong ones end the call", function(t)
  local c = trying(t, { [1500] = "1#", [3500] = "2#", [5500] = "#" }, "4711")
  t:ok(not c:returned())
  t:equal(c:played(), "agent-pass auth-incorrect auth-incorrect vm-goodbye")
end)

test("the second may be right", function(t)
  local c = trying(t, { [1500] = "1#", [3500] = "4711#" }, "4711")
  t:ok(c:returned())
  t:equal(c:played(), "agent-pass auth-incorrect auth-thankyou")
end)

test("who types nothing has ten seconds each", function(t)
  local c = trying(t, {}, "4711")
  t:ok(not c:returned())
  t:equal(c:elapsed_ms(), 3 * 11000 + 1000)
end)

test("a caller who hangs up ends it", function(t)
  local c = t:channel {}
  c:hang_up(500)
  c:run("Authenticate", "4711")
  t:ok(not c:returned())
  t:equal(c:elapsed_ms(), 500)
end)

test("without a password nobody gets in", function(t)
  local c = t:call("Authenticate")
  t:ok(not c:returned())
  t:contains(c:log(), "Authenticate: want a password")
end)

test("a makes the password the account code", function(t)
  t:dialplan [[extensions = { start = { s = function() app.authenticate("4711", "a"); channel.SEEN = channel.CHANNEL("accountcode"):get() end } }]]
  local c = t:channel {}
  c:press(500, "4711#")
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "4711")
end)

local database = [[extensions = { start = { s = function()
  channel.DB("pins/4711"):set("x")
  app.authenticate("/pins", channel.LETTERS:get())
  channel.LEFT = channel.DB_EXISTS("pins/4711"):get()
end } }]]

local function with_database(t, letters, keys)
  t:dialplan(database)
  local c = t:channel {}
  c:set("LETTERS", letters)
  c:press(1500, keys)
  c:enter("start", "s")
  return c
end

test("d looks in the database, r removes what it found", function(t)
  t:equal(with_database(t, "d", "4711#"):get("LEFT"), "1")
  t:equal(with_database(t, "dr", "4711#"):get("LEFT"), "0")
  t:equal(with_database(t, "d", "4712#"):get("LEFT"), nil)
  t:equal(with_database(t, "d", "#"):get("LEFT"), nil)
end)

local function with_file(t, text, letters, keys)
  t:file("secrets/pins", text)
  t:config("asterism.conf", "[sandbox]\nfiles = " .. t:path() .. "/secrets\n")
  t:dialplan([[extensions = { start = { s = function()
    app.authenticate("]] .. t:path() .. [[/secrets/pins", "]] .. letters .. [["); channel.SEEN = channel.CHANNEL("accountcode"):get()
  end } }]])
  local c = t:channel {}
  c:press(1500, keys)
  c:enter("start", "s")
  return c:get("SEEN"), c
end

test("a file has a password in each line", function(t)
  t:equal(with_file(t, "# ours\n\n1111\n4711\r\n", "", "4711#"), "")
  t:equal(with_file(t, "1111\n4711\n", "a", "4711#"), "4711")
  t:equal(with_file(t, "1111\n", "", "4711#"), nil)
  t:equal(with_file(t, "1111\n", "", "#"), nil)
end)

test("m has account codes and hashes", function(t)
  local text = "sales:00000000000000000000000000000000\nboard:B52340B4DE4566B804C9880AA0B4AF5F\n" -- 4711
  t:equal(with_file(t, text, "m", "4711#"), "board")
  t:equal(with_file(t, text, "m", "4712#"), nil)
end)

test("a file that must not be read lets nobody in", function(t)
  local c = trying(t, { [1500] = "root#" }, "/etc/passwd")
  t:ok(not c:returned())
  t:contains(c:log(), "no files are open to scripts")
end)
