local function page(t, ...)
  t:phone("PJSIP/101", { answer_ms = 1000 })
  t:phone("PJSIP/102", { answer_ms = 3000, hangup_ms = 4000 })
  t:phone("PJSIP/103", { ring_ms = 0 })
  local c = t:channel {}
  c:hang_up(30000)
  c:run("Page", ...)
  return c
end

test("all ring, who answers hears, and it ends with the caller", function(t)
  local c = page(t, "PJSIP/101&PJSIP/102&PJSIP/103")
  t:ok(c:answered())
  t:equal(c:played(), "beep")
  t:equal(c:elapsed_ms(), 30000)
  t:contains(c:released(), "PJSIP/101 16")
  t:contains(c:released(), "PJSIP/103 16")
end)

test("q, and an announcement to all", function(t)
  t:equal(page(t, "PJSIP/101&PJSIP/102&PJSIP/103", "qA(attention)"):played(), "attention attention attention")
  t:equal(page(t, "PJSIP/101&PJSIP/103", "qA(attention)n"):played():match("attention$"), "attention")
end)

test("n: the caller does not hear it", function(t)
  t:equal(page(t, "PJSIP/101&PJSIP/103", "qA(attention)n"):played(), "attention")
end)

test("who has not answered in time is cancelled, the others stay", function(t)
  local c = page(t, "PJSIP/101&PJSIP/103", "q", 5)
  t:equal(c:elapsed_ms(), 30000)
  t:equal(c:released(), "PJSIP/103 16 PJSIP/101 16")
end)

test("s leaves out who is busy, the caller's own phone is never called", function(t)
  t:device("PJSIP/101", "INUSE")
  t:device("PJSIP/102", "NOT_INUSE")
  page(t, "PJSIP/101&PJSIP/102&PJSIP/caller", "qs")
  t:equal(t:peer("PJSIP/101"), nil)
  t:ok(t:peer("PJSIP/102"))
end)

test("nobody to call: the dialplan goes on", function(t)
  local c = t:call("Page", "PJSIP/nobody", "q")
  t:ok(c:returned())
  t:contains(c:log(), "can be called")
  c = t:call("Page", "")
  t:ok(c:returned())
  t:contains(t:call("Page", "101"):log(), "'101' is no Tech/resource")
end)

test("b and B run before the phones ring", function(t)
  t:dialplan [[
extensions = { sub = {
  phone = function() channel.WHO = "phone"; channel["PJSIP_HEADER(add,Alert-Info)"] = "auto"; app["return"]() end,
  caller = function() channel.WHO = "caller"; app["return"]() end,
} }
]]
  local c = page(t, "PJSIP/101&PJSIP/102", "qb(sub^phone^1)B(sub^caller^1)")
  t:equal(c:get("WHO"), "caller")
  t:equal(t:peer("PJSIP/101"):get("WHO"), "phone")
  t:contains(t:peer("PJSIP/102"):headers(), "Alert-Info: auto")
end)

test("i: a phone that forwards is left out", function(t)
  t:phone("PJSIP/104", { forward = "200" })
  t:phone("Local/200@luatest", { answer_ms = 0 })
  local c = t:channel {}
  c:hang_up(5000)
  c:run("Page", "PJSIP/104", "qi")
  t:equal(t:peer("Local/200@luatest"), nil)
  c = t:channel {}
  c:hang_up(5000)
  c:run("Page", "PJSIP/104", "q")
  t:ok(t:peer("Local/200@luatest"))
end)

test("r records it", function(t)
  page(t, "PJSIP/101", "qr")
  t:contains(t:files("."), "confbridge-page-")
end)

test("Paged alone hangs up", function(t)
  t:ok(not t:call("Paged", "page-1"):returned())
  t:ok(not t:call("Paged"):returned())
  t:ok(not t:call("Paged", "board"):returned())
end)
