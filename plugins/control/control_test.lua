test("Answer answers and goes on", function(t)
  local c = t:call("Answer")
  t:ok(c:answered())
  t:ok(c:returned())
  t:equal(c:elapsed_ms(), 0)
end)

test("Answer waits when a delay is given", function(t)
  t:equal(t:call("Answer", 700):elapsed_ms(), 700)
end)

test("Hangup ends the script with 16", function(t)
  local c = t:call("Hangup")
  t:ok(not c:returned())
  t:equal(c:cause(), 16)
end)

test("Hangup takes a name or a number", function(t)
  t:equal(t:call("Hangup", "user_busy"):cause(), 17)
  t:equal(t:call("Hangup", 21):cause(), 21)
end)

test("Hangup says what is no cause", function(t)
  local c = t:call("Hangup", "nonsense")
  t:equal(c:cause(), 16)
  t:contains(c:log(), "nonsense")
end)

test("Ringing and Progress signal and go on", function(t)
  local c = t:call("Ringing")
  t:equal(c:indications(), "ringing")
  t:ok(c:returned())
  t:equal(t:call("Progress"):indications(), "progress")
  t:equal(t:call("Proceeding"):indications(), "proceeding")
end)

test("Busy before the answer is the cause 17", function(t)
  local c = t:call("Busy")
  t:equal(c:cause(), 17)
  t:ok(not c:returned())
  t:equal(c:elapsed_ms(), 0)
end)

test("Busy after the answer plays its tone for the seconds asked for", function(t)
  local c = t:channel { up = true }
  c:run("Busy", 3)
  t:equal(c:elapsed_ms(), 3000)
  t:equal(c:cause(), 17)
end)

test("Congestion without seconds waits for the caller to leave", function(t)
  local c = t:channel { up = true }
  c:hang_up(4000)
  c:run("Congestion")
  t:equal(c:elapsed_ms(), 4000)
end)

test("Congestion before the answer is the cause 34", function(t)
  t:equal(t:call("Congestion", 5):cause(), 34)
end)

test("Wait takes fractions of seconds", function(t)
  local c = t:call("Wait", "1.5")
  t:equal(c:elapsed_ms(), 1500)
  t:ok(c:returned())
end)

test("Wait ends with the caller", function(t)
  local c = t:channel {}
  c:hang_up(200)
  c:run("Wait", 5)
  t:equal(c:elapsed_ms(), 200)
  t:ok(not c:returned())
end)

test("Wait for no number says so and goes on", function(t)
  local c = t:call("Wait", "soon")
  t:ok(c:returned())
  t:contains(c:log(), "'soon' is no number of seconds")
end)

test("NoOp only shows its arguments", function(t)
  local c = t:call("NoOp", "hello", "world")
  t:ok(c:returned())
  t:contains(c:log(), 'Executing [run@luatest:1] NoOp("PJSIP/caller-00000001", "hello,world")')
end)

test("Verbose drops its level and keeps commas", function(t)
  t:contains(t:call("Verbose", 1, "one, two"):log(), '"message":"one, two"')
  t:contains(t:call("Verbose", "only text"):log(), '"message":"only text"')
end)

test("Log writes at its level", function(t)
  local log = t:call("Log", "WARNING", "careful, please"):log()
  t:contains(log, '"level":"warn"')
  t:contains(log, '"message":"careful, please"')
  t:contains(t:call("Log", "LOUD", "x"):log(), "Log: want NOTICE")
end)

test("control characters do not reach the log raw", function(t)
  t:contains(t:call("Verbose", "a\nb\27[31m"):log(), [[a\\x0ab\\x1b[31m]])
end)

test("Echo ends with #", function(t)
  local c = t:channel { up = true }
  c:press(1000, "12#")
  c:run("Echo")
  t:equal(c:elapsed_ms(), 1200)
  t:ok(c:returned())
end)

test("Incomplete waits for more digits", function(t)
  t:conf("[default]\nexten => 12,1,Incomplete()\nexten => 1234,1,Set(OUT=1234)\nexten => t,1,Set(OUT=t)\n")
  local c = t:channel {}
  c:press(1000, "34")
  c:enter("default", "12")
  t:equal(c:get("OUT"), "1234")
  local silent = t:channel {}
  silent:enter("default", "12")
  t:equal(silent:get("OUT"), "t")
end)
