local function recording(t, ...)
  local c = t:channel {}
  c:run("Record", ...)
  return c
end

test("Record answers, beeps and ends with silence, a second of which is kept", function(t)
  t:talks(5000)
  local c = recording(t, "x.wav", 3)
  t:ok(c:answered())
  t:equal(c:played(), "beep")
  t:equal(c:get("RECORD_STATUS"), "SILENCE")
  t:equal(c:get("RECORDED_FILE"), "x")
  t:equal(t:recorded("x"), 6000)
end)

test("u keeps all of the silence", function(t)
  t:talks(5000)
  t:equal(recording(t, "x:gsm", 3, 0, "u"):get("RECORD_STATUS"), "SILENCE")
  t:equal(t:recorded("x"), 8000)
end)

test("Record ends after the longest time", function(t)
  t:talks(60000)
  t:equal(recording(t, "x.wav", 0, 4, "q"):get("RECORD_STATUS"), "TIMEOUT")
  t:equal(t:recorded("x"), 4000)
end)

local function pressing(t, key, letters)
  t:talks(60000)
  local c = t:channel {}
  c:press(3000, key)
  c:run("Record", "x.wav", 0, 10, "q" .. letters)
  return c:get("RECORD_STATUS")
end

test("keys end it", function(t)
  t:equal(pressing(t, "#", ""), "DTMF")
  t:equal(t:recorded("x"), 2730)
  t:equal(pressing(t, "#", "u"), "DTMF")
  t:equal(t:recorded("x"), 2980)
  t:equal(pressing(t, "*", ""), "TIMEOUT")
  t:equal(pressing(t, "*", "t"), "DTMF")
  t:equal(pressing(t, "5", "y"), "DTMF")
  t:equal(pressing(t, "#", "x"), "TIMEOUT")
  t:equal(pressing(t, "0", "o"), "OPERATOR")
end)

test("a hang-up leaves a file only with k", function(t)
  t:talks(60000)
  for letters, length in pairs { q = 0, qk = 4980 } do
    local c = t:channel {}
    c:hang_up(5000)
    c:run("Record", "x.wav", 0, 0, letters)
    t:equal(c:get("RECORD_STATUS"), "HANGUP")
    t:equal(t:recorded("x") or 0, length)
    t:ok(not c:returned())
  end
end)

test("a appends, %d counts up", function(t)
  t:talks(60000)
  recording(t, "x.wav", 0, 2, "q")
  recording(t, "x.wav", 0, 3, "qa")
  t:equal(t:recorded("x"), 5000)
  t:equal(recording(t, "n%d.wav", 0, 1, "q"):get("RECORDED_FILE"), "n0")
  t:equal(recording(t, "n%d.wav", 0, 1, "q"):get("RECORDED_FILE"), "n1")
end)

test("s and n before the answer", function(t)
  local c = recording(t, "x.wav", 0, 1, "s")
  t:equal(c:get("RECORD_STATUS"), "SKIP")
  t:ok(not c:answered())
  t:ok(not recording(t, "x.wav", 0, 1, "n"):answered())
end)

test("what cannot be recorded is an error that goes on", function(t)
  for _, file in ipairs { "x.mp3", "/etc/x.wav", "x", "../x.wav" } do
    local c = recording(t, file, 0, 1, "q")
    t:equal(c:get("RECORD_STATUS"), "ERROR")
    t:ok(c:returned())
    t:contains(c:log(), "Record: ")
  end
end)
