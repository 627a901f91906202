local function of(t, call) return t:value(([[channel[ [=[%s]=] ]:get()]]):format(call)) end

test("IF chooses", function(t)
  t:equal(of(t, "IF(1?yes:no)"), "yes")
  t:equal(of(t, "IF(0?yes:no)"), "no")
  t:equal(of(t, "IF(?yes:no)"), "no")
  t:equal(of(t, "IF(0?yes)"), "")
  t:equal(of(t, "IF(1? yes : no )"), "yes")
  t:equal(of(t, 'IF(1?"a:b":c)'), "a:b")
  t:equal(of(t, "IF(1?f(a:b):c)"), "f(a:b)")
  t:contains(t:lua('channel["IF(1)"]:get()'):log(), "IF: want")
end)

test("EXISTS and ISNULL look at the text", function(t)
  t:equal(of(t, "EXISTS()") .. of(t, "EXISTS( )") .. of(t, "EXISTS(0)"), "011")
  t:equal(of(t, "ISNULL()") .. of(t, "ISNULL( )") .. of(t, "ISNULL(0)"), "100")
end)

test("SET sets and yields", function(t)
  local c = t:lua('put(channel["SET(X=a=b)"]:get())')
  t:equal(c:get("SEEN"), "a=b")
  t:equal(c:get("X"), "a=b")
  t:contains(t:lua('channel["SET(X)"]:get()'):log(), "SET: want")
end)

test("VARIABLE_EXISTS", function(t)
  t:equal(t:value('(function() channel.X = "" return channel.VARIABLE_EXISTS("X"):get() .. channel.VARIABLE_EXISTS("Y"):get() end)()'), "10")
end)
