test("PlayTones plays by name while the dialplan goes on", function(t)
  local c = t:channel { up = true }
  c:run("PlayTones", "Busy")
  t:ok(c:returned())
  t:equal(c:elapsed_ms(), 0)
  t:equal(c:tones(), "480+620/500,0/500")
end)

test("PlayTones takes a list with its commas", function(t)
  local c = t:channel { up = true }
  c:run("PlayTones", "!950/330", "!1400/330", "!1800/330", "0")
  t:equal(c:tones(), "!950/330,!1400/330,!1800/330,0")
end)

test("PlayTones does not answer", function(t)
  local c = t:call("PlayTones", "dial")
  t:ok(not c:answered())
  t:equal(c:tones(), "350+440")
end)

test("PlayTones of nonsense is a line in the log, and the call goes on", function(t)
  local c = t:call("PlayTones", "dail")
  t:ok(c:returned())
  t:equal(c:tones(), "")
  t:contains(c:log(), 'PlayTones: tone list: element 1 "dail"')
  t:contains(c:log(), "us has no tone of that name")
  t:contains(t:call("PlayTones"):log(), "PlayTones: tone list")
end)

test("a channel without sound says so and goes on", function(t)
  local c = t:channel { up = true, media = false }
  c:run("PlayTones", "dial")
  t:ok(c:returned())
  t:contains(c:log(), "PlayTones: ")
end)

test("StopPlayTones and a prompt stop the tone", function(t)
  t:dialplan [[extensions = { start = { s = function()
    app.playtones("dial"); app.wait(2); app.stopplaytones()
    app.playtones("ring"); app.playback("one")
  end } }]]
  local c = t:channel { up = true }
  c:enter("start", "s")
  t:equal(c:tones(), "350+440 stop 440+480/2000,0/4000 stop")
  t:equal(c:played(), "one")
  t:equal(c:elapsed_ms(), 3000)
end)

test("StopPlayTones without a tone does nothing", function(t)
  t:ok(t:call("StopPlayTones"):returned())
end)

test("CHANNEL(tonezone) chooses the country, for Busy too", function(t)
  t:dialplan [[extensions = { start = { s = function()
    channel.BEFORE = channel.CHANNEL("tonezone"):get()
    channel.CHANNEL("tonezone"):set("uk")
    channel.AFTER = channel.CHANNEL("tonezone"):get()
    app.playtones("unobtainable")
    app.busy(1)
  end } }]]
  local c = t:channel { up = true }
  c:enter("start", "s")
  t:equal(c:get("BEFORE"), "us")
  t:equal(c:get("AFTER"), "uk")
  t:contains(c:tones(), "400 ")
  t:contains(c:tones(), "400/375,0/375")
end)

test("an unknown country is named in the log and changes nothing", function(t)
  t:dialplan [[extensions = { start = { s = function()
    channel.CHANNEL("tonezone"):set("atlantis")
    channel.AFTER = channel.CHANNEL("tonezone"):get()
  end } }]]
  local c = t:channel { up = true }
  c:enter("start", "s")
  t:equal(c:get("AFTER"), "us")
  t:contains(c:log(), 'tone zone "atlantis": no such country')
end)

test("Milliwatt answers and lasts until the caller leaves", function(t)
  for options, list in pairs { [""] = "1004", o = "1000", m = "1004/9000,0/1000" } do
    local c = t:channel {}
    c:hang_up(25000)
    c:run("Milliwatt", options)
    t:ok(c:answered())
    t:ok(not c:returned())
    t:equal(c:elapsed_ms(), 25000)
    t:equal(c:tones(), list)
  end
end)

test("Milliwatt without sound goes on", function(t)
  local c = t:channel { up = true, media = false }
  c:run("Milliwatt")
  t:ok(c:returned())
  t:contains(c:log(), "Milliwatt: ")
end)

test("SendDTMF sends the digits with their pauses", function(t)
  local c = t:channel { up = true }
  c:run("SendDTMF", "1w2W#b")
  t:equal(c:sent(), "12#B")
  t:equal(c:elapsed_ms(), 4 * 350 + 500 + 1000)
  t:ok(c:returned())
end)

test("SendDTMF takes a gap and a length", function(t)
  local c = t:channel { up = true }
  c:run("SendDTMF", "12f", 40, 60)
  t:equal(c:sent(), "12!")
  t:equal(c:elapsed_ms(), 300)
end)

test("SendDTMF says what it cannot read", function(t)
  local c = t:channel { up = true }
  c:run("SendDTMF", "1x2", "soon")
  t:equal(c:sent(), "12")
  t:equal(c:elapsed_ms(), 700)
  t:contains(c:log(), "'soon' is no number of milliseconds")
  t:contains(c:log(), "no DTMF digit, skipped")
  t:contains(t:call("SendDTMF"):log(), "SendDTMF: want digits")
end)

test("SendDTMF to another channel", function(t)
  local other = t:channel { up = true }
  local c = t:channel { up = true }
  c:run("SendDTMF", "42", 100, 100, other:name())
  t:equal(c:sent(), "")
  t:equal(other:sent(), "42")
  t:equal(c:elapsed_ms(), 400)
  t:ok(c:returned())
  other:run("NoOp")
end)

test("SendDTMF to a channel that is not there says so and goes on", function(t)
  local c = t:channel { up = true }
  c:run("SendDTMF", "42", "", "", "PJSIP/nobody-00000099")
  t:ok(c:returned())
  t:contains(c:log(), "no channel is called PJSIP/nobody-00000099")
end)

test("SendDTMF ends with the caller", function(t)
  local c = t:channel { up = true }
  c:hang_up(300)
  c:run("SendDTMF", "1234")
  t:equal(c:sent(), "1")
  t:ok(not c:returned())
end)

test("SendDTMF a answers first", function(t)
  t:ok(t:call("SendDTMF", "1", "", "", "", "a"):answered())
  t:ok(not t:call("SendDTMF", "1"):answered())
end)
