local function status(c) return c:get("TRANSFERSTATUS") .. " " .. c:get("TRANSFERSTATUSPROTOCOL") end

test("a call that rings is redirected and over", function(t)
  local c = t:channel {}
  c:run("Transfer", "PJSIP/sip:bob@192.0.2.7:5063")
  t:equal(c:transferred(), "sip:bob@192.0.2.7:5063")
  t:equal(status(c), "SUCCESS 0")
  t:equal(c:cause(), 23)
end)

test("an answered call waits for the report", function(t)
  local c = t:channel { up = true, transfer = 200 }
  c:run("Transfer", "102")
  t:equal(c:transferred(), "102")
  t:equal(status(c), "SUCCESS 200")
  t:ok(c:returned())
end)

test("a destination that is busy is a failure, and the call goes on", function(t)
  local c = t:channel { up = true, transfer = 486 }
  c:run("Transfer", "pjsip/102")
  t:equal(status(c), "FAILURE 486")
  t:ok(c:returned())
end)

test("no report within three minutes is a failure", function(t)
  local c = t:channel { up = true, transfer = 0 }
  c:run("Transfer", "102")
  t:equal(status(c), "FAILURE 408")
  t:equal(c:elapsed_ms(), 180000)
end)

test("a caller who hangs up without a report was not transferred", function(t)
  local c = t:channel { up = true, transfer = 0 }
  c:hang_up(500)
  c:run("Transfer", "102")
  t:equal(status(c), "FAILURE 0")
end)

test("another technology, no destination, and a channel without transfers", function(t)
  local c = t:channel { up = true }
  c:run("Transfer", "SIP/102")
  t:equal(status(c), "FAILURE 0")
  t:equal(c:transferred(), "")
  t:contains(c:log(), "cannot be sent to a destination of SIP")
  c = t:call("Transfer", "PJSIP/")
  t:equal(status(c), "FAILURE 0")
  t:contains(c:log(), "Transfer: want [Technology/]destination")
  t:contains(t:call("Transfer"):log(), "Transfer: want [Technology/]destination")
  c = t:channel { up = true, transfer = false }
  c:run("Transfer", "102")
  t:equal(status(c), "UNSUPPORTED 0")
end)
