local alice = { callerid_name = "Alice A", callerid_number = "100", dnid = "600" }

test("CALLERID is read in parts", function(t)
  for what, want in pairs {
    num = "100", name = "Alice A", all = '"Alice A" <100>', dnid = "600", ani = "100", rdnis = "", tag = "", pres = "allowed_not_screened",
    ["num-pres"] = "allowed_not_screened", ["num-valid"] = "1",
  } do
    t:equal(t:value(('channel["CALLERID(%s)"]:get()'):format(what), alice), want)
  end
end)

test("CALLERID is set in parts and as a whole", function(t)
  t:equal(t:value([[channel["CALLERID(all)"]:set('"Bob" <200>') or channel.CALLERID("num"):get() .. channel.CALLERID("name"):get()]]), "200Bob")
  t:equal(t:lua('channel.CALLERID("name"):set("Eve"); put(channel.CALLERID("all"):get())'):get("SEEN"), '"Eve" <100>')
  t:equal(t:lua('channel["CALLERID(all)"] = "300"; put(channel.CALLERID("num"):get())'):get("SEEN"), "300")
  for what, value in pairs { ani = "5", rdnis = "6", tag = "x", pres = "prohib_passed_screen", num = "7" } do
    t:equal(t:lua(('channel["CALLERID(%s)"] = "%s"; put(channel["CALLERID(%s)"]:get())'):format(what, value, what)):get("SEEN"), value)
  end
end)

test("what CALLERID does not know is logged and nil", function(t)
  local c = t:lua('put(channel.CALLERID("shoe"):get())')
  t:equal(c:get("SEEN"), "nil")
  t:contains(c:log(), "CALLERID: unknown field 'shoe'")
  t:contains(t:lua('channel["CALLERID(shoe)"] = "1"'):log(), "field 'shoe' cannot be set")
  t:contains(t:lua('channel["CALLERID(pres)"] = "shy"'):log(), "'shy' is no presentation")
end)

test("CONNECTEDLINE is the other party", function(t)
  t:phone("PJSIP/200", { answer_ms = 0, hangup_ms = 1000 })
  local c = t:lua('app.dial("PJSIP/200", 5, "go(200)"); put(channel.CONNECTEDLINE("num"):get())')
  t:equal(c:get("SEEN"), "200")
  t:equal(t:value('channel.CONNECTEDLINE("all"):get()'), '"" <>')
  t:contains(t:lua('channel.CONNECTEDLINE("shoe"):get()'):log(), "unknown field 'shoe'")
end)

test("REDIRECTING is CALLERID(rdnis)", function(t)
  t:equal(t:lua('channel.REDIRECTING("from-num"):set("55"); put(channel.CALLERID("rdnis"):get() .. channel.REDIRECTING("from-num"):get())'):get("SEEN"), "5555")
  t:contains(t:lua('channel.REDIRECTING("to-num"):set("55")'):log(), "only from-num and reason can be set")
end)

test("REDIRECTING(reason) is why the call came on", function(t)
  t:equal(t:value('channel.REDIRECTING("reason"):get()'), "unknown")
  t:equal(t:lua('channel.REDIRECTING("from-num"):set("55"); put(channel.REDIRECTING("reason"):get())'):get("SEEN"), "cfu")
  t:equal(t:lua('channel.REDIRECTING("reason"):set("CFB"); put(channel.REDIRECTING("reason"):get())'):get("SEEN"), "cfb")
  t:contains(t:lua('channel.REDIRECTING("reason"):set("mood")'):log(), "'mood' is no reason")
end)
