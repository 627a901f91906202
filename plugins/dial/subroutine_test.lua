-- Subroutines of Dial, and callees that go on by themselves.

local function plan(t, subroutines, options)
  t:dialplan(([[
local function note(what) channel["GLOBAL(NOTES)"] = (channel["GLOBAL(NOTES)"]:get() or "") .. what .. " " end
extensions = {
  start = { s = function() app.dial("PJSIP/100&PJSIP/101", 20, [=[%s]=]) channel.AFTER = "yes" end,
            there = function() note("there:" .. channel.CHANNEL:get()) app.wait(1) end },
  subs = { %s },
}]]):format(options, subroutines))
  local c = t:channel {}
  c:enter("start", "s")
  return c, t:value('channel["GLOBAL(NOTES)"]:get()')
end

local noting = [[s = function() note(channel.CHANNEL:get():sub(1, 9) .. "=" .. (channel.ARG1:get() or "") .. (channel.ARG2:get() or "")) app["return"]() end]]

local function phones(t)
  t:phone("PJSIP/100", { answer_ms = 1000, hangup_ms = 2000 })
  t:phone("PJSIP/101", { ring_ms = 0 })
end

test("b runs on each callee before any is called", function(t)
  phones(t)
  local c, notes = plan(t, noting, "b(subs^s^1(x^y))")
  t:equal(notes, "PJSIP/100=xy PJSIP/101=xy ")
  t:equal(c:get("DIALSTATUS"), "ANSWER")
end)

test("a callee that b hangs up is not called", function(t)
  phones(t)
  local c = plan(t, [[s = function() if channel.CHANNEL:get():find("/100") then app.hangup(17) end app["return"]() end]], "b(subs^s^1)")
  t:equal(c:get("DIALSTATUS"), "NOANSWER")
  t:contains(c:released(), "PJSIP/100 17")
end)

test("B runs on the caller before", function(t)
  phones(t)
  local _, notes = plan(t, noting, "B(subs^s^1(x))")
  t:equal(notes, "PJSIP/cal=x ")
end)

test("a subroutine that is not there is a line in the log, and the call goes on", function(t)
  phones(t)
  local c = plan(t, noting, "b(nowhere^s^1)U(nowhere)")
  t:contains(c:log(), "non-existent destination for gosub")
  t:equal(c:get("DIALSTATUS"), "ANSWER")
end)

test("U runs on the callee that answered, before the talk", function(t)
  phones(t)
  local c, notes = plan(t, noting, "U(subs^x^y)")
  t:equal(notes, "PJSIP/100=xy ")
  t:equal(c:get("ANSWEREDTIME"), "2")
end)

local function result(t, value) return plan(t, ([[s = function() channel.GOSUB_RESULT = "%s" app["return"]() end]]):format(value), "U(subs)") end

test("GOSUB_RESULT decides what comes after U", function(t)
  phones(t)
  local c = result(t, "ABORT")
  t:equal(c:get("AFTER"), nil)
  t:contains(c:released(), "PJSIP/100 16")
  for _, status in ipairs { "BUSY", "CONGESTION" } do
    c = result(t, status)
    t:equal(c:get("DIALSTATUS"), status)
    t:equal(c:get("AFTER"), "yes")
  end
  c = result(t, "CONTINUE")
  t:equal(c:get("DIALSTATUS"), "ANSWER")
  t:equal(c:get("AFTER"), "yes")
  t:equal(c:get("ANSWEREDTIME"), nil)
  c = result(t, "shoe")
  t:contains(c:log(), "GOSUB_RESULT 'SHOE' is none of")
  t:equal(c:get("ANSWEREDTIME"), "2")
end)

test("GOSUB_RESULT=GOTO sends the caller elsewhere", function(t)
  phones(t)
  local c, notes = result(t, "GOTO:start^there^1")
  t:equal(notes, "there:PJSIP/caller-00000001 ")
  t:equal(c:get("AFTER"), nil)
end)

test("a callee who leaves during U ends the dialplan", function(t)
  phones(t)
  local c = plan(t, [[s = function() app.wait(60) app["return"]() end]], "U(subs)")
  t:equal(c:get("AFTER"), nil)
  t:equal(c:elapsed_ms(), 3000)
end)

test("F(place) sends the callee there when the caller hangs up", function(t)
  t:phone("PJSIP/100", { answer_ms = 0 })
  t:dialplan [[extensions = { start = { s = function() app.dial("PJSIP/100", 20, "F(start^there^1)") end,
    there = function() channel["GLOBAL(WHO)"] = channel.CHANNEL:get() app.wait(1) end } }]]
  local c = t:channel {}
  c:hang_up(2000)
  c:enter("start", "s")
  t:equal(t:value('channel["GLOBAL(WHO)"]:get()'), "PJSIP/100-00000002")
end)

test("F does nothing when the callee hangs up", function(t)
  t:phone("PJSIP/100", { answer_ms = 0, hangup_ms = 1000 })
  local c = t:call("Dial", "PJSIP/100", 20, "F(luatest^nowhere^1)")
  t:equal(c:released(), "")
  t:equal(c:get("ANSWEREDTIME"), "1")
end)

test("G sends the caller to the place and the callee behind it", function(t)
  t:phone("PJSIP/100", { answer_ms = 0 })
  t:dialplan [[extensions = { start = { s = function() app.dial("PJSIP/100", 20, "G(start^there^1)") end,
    there = function() channel.SEEN = channel.CHANNEL:get() app.wait(1) end } }]]
  local c = t:channel {}
  c:enter("start", "s")
  t:equal(c:get("SEEN"), "PJSIP/caller-00000001")
  t:ok(c:answered())
  t:equal(c:released(), "PJSIP/100 16")
end)

test("G to nowhere hangs both up", function(t)
  t:phone("PJSIP/100", { answer_ms = 0 })
  local c = t:call("Dial", "PJSIP/100", 20, "G(luatest^run^shoe)")
  t:contains(c:log(), "Dial: ")
  t:ok(not c:returned())
end)
