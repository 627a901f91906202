test("MusicOnHold plays until the caller leaves", function(t)
  local c = t:channel { up = true }
  c:hang_up(90000)
  c:run("MusicOnHold", "sales")
  t:equal(c:tones(), "music sales")
  t:equal(c:elapsed_ms(), 90000)
  t:ok(not c:returned())
end)

test("MusicOnHold plays for some seconds", function(t)
  local c = t:channel { up = true }
  c:run("MusicOnHold", "", "2.5")
  t:equal(c:tones(), "music default stop")
  t:equal(c:elapsed_ms(), 2500)
  t:ok(c:returned())
end)

test("a class that is not there is passed over for the default one", function(t)
  local c = t:channel { up = true }
  c:run("MusicOnHold", "none", 1)
  t:equal(c:tones(), "music default stop")
  t:contains(c:log(), "no such class of hold music")
end)

test("StartMusicOnHold lets the dialplan go on", function(t)
  local c = t:lua([[app.StartMusicOnHold("sales"); app.Wait(3); app.StopMusicOnHold(); app.Wait(1)]], { up = true })
  t:equal(c:tones(), "music sales stop")
  t:equal(c:elapsed_ms(), 4000)
end)

test("a prompt ends the music", function(t)
  local c = t:lua([[app.StartMusicOnHold(); app.Playback("one"); app.StopMusicOnHold()]], { up = true })
  t:equal(c:tones(), "music default stop")
  t:equal(c:played(), "one")
end)

test("CHANNEL(musicclass) decides", function(t)
  local c = t:lua([[channel["CHANNEL(musicclass)"] = "mine"; app.MusicOnHold("sales", 1); put(channel["CHANNEL(musicclass)"]:get())]], { up = true })
  t:equal(c:tones(), "music mine stop")
  t:equal(c:get("SEEN"), "mine")
  t:equal(t:value([[channel["CHANNEL(onhold)"]:get()]]), "0")
end)

test("a channel without sound goes on", function(t)
  local c = t:channel { media = false, up = true }
  c:run("MusicOnHold", "sales", 5)
  t:ok(c:returned())
  t:contains(c:log(), "MusicOnHold: ")
end)
