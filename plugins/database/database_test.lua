test("DB keeps values", function(t)
  t:lua('channel["DB(cfim/100)"] = "200"')
  t:equal(t:value('channel.DB("cfim/100"):get()'), "200")
  t:equal(t:value('channel.DB_EXISTS("cfim/100"):get() .. channel.DB_RESULT:get()'), "1200")
  t:equal(t:value('channel.DB_DELETE("cfim/100"):get()'), "200")
  t:equal(t:value('channel.DB("cfim/100"):get()'), "nil")
  t:equal(t:value('channel.DB_EXISTS("cfim/100"):get()'), "0")
end)

test("a key has a family", function(t)
  for _, bad in ipairs { "", "family", "family/", "/" } do
    t:contains(t:lua(('channel.DB("%s"):get()'):format(bad)):log(), "DB: want family/key")
  end
end)

local some = 'for _, k in ipairs { "fam/a", "fam/b", "fam/c/x", "fam/c/y", "other/z" } do channel["DB(" .. k .. ")"] = 1 end '

test("DB_KEYS and DB_KEYCOUNT tell what is below", function(t)
  t:lua(some)
  t:equal(t:value('channel.DB_KEYS("fam"):get()'), "a,b,c")
  t:equal(t:value('channel.DB_KEYS("fam/c"):get()'), "x,y")
  t:equal(t:value('channel.DB_KEYS():get()'), "fam,other")
  t:equal(t:value('channel.DB_KEYS("none"):get()'), "")
  t:equal(t:value('channel.DB_KEYCOUNT("fam"):get()'), "3")
end)

test("DB_DELETE can be written to", function(t)
  t:lua(some .. 'channel["DB_DELETE(fam/a)"] = ""')
  t:equal(t:value('channel.DB_KEYS("fam"):get()'), "b,c")
end)

test("DBdel and DBdeltree", function(t)
  t:lua(some .. 'app.dbdel("fam/a"); app.dbdeltree("fam/c")')
  t:equal(t:value('channel.DB_KEYS("fam"):get()'), "b")
  t:lua('app.dbdeltree("fam")')
  t:equal(t:value('channel.DB_KEYS():get()'), "other")
  t:contains(t:call("DBdeltree", ""):log(), "DBdeltree: want family")
end)
