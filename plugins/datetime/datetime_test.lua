local function of(t, call) return t:value(('channel["%s"]:get()'):format(call)) end

test("STRFTIME writes a moment in a zone", function(t)
  t:equal(of(t, "STRFTIME(0,UTC,%Y-%m-%d %H:%M:%S)"), "1970-01-01 00:00:00")
  t:equal(of(t, "STRFTIME(1767603600,Europe/Berlin,%A %e %B %Y, %k:%M)"), "Monday  5 January 2026, 10:00")
  t:equal(of(t, "STRFTIME(1767603600,America/New_York,%H%z)"), "04-0500")
  t:equal(of(t, "STRFTIME(1767603600.25,UTC,%3q %q)"), "250 250")
  t:equal(of(t, "STRFTIME(1767603600,UTC,%a %b %d %I %p %j %u %w %U %V %W %G %g %C %s %D %T %R %F %%)"),
    "Mon Jan 05 09 AM 005 1 1 01 02 01 2026 26 20 1767603600 01/05/26 09:00:00 09:00 2026-01-05 %")
end)

test("STRFTIME without arguments is now", function(t)
  t:equal(of(t, "STRFTIME(,UTC)"), "Mon Jan  5 09:00:00 2026")
  t:equal(of(t, "STRFTIME(,UTC,%H)"), "09")
  t:equal(t:value("channel.EPOCH:get()"), "1767603600")
end)

test("STRFTIME of nonsense says so", function(t)
  t:contains(t:lua('channel["STRFTIME(soon,UTC,%H)"]:get()'):log(), "STRFTIME: 'soon' is no number")
end)

test("STRPTIME reads what STRFTIME wrote", function(t)
  t:equal(of(t, "STRPTIME(2026-01-05 10:00:00,Europe/Berlin,%Y-%m-%d %H:%M:%S)"), "1767603600")
  t:equal(of(t, "STRPTIME(5 Jan 26 9 AM,UTC,%d %b %y %I %p)"), "1767603600")
  t:equal(of(t, "STRPTIME(12 am,UTC,%I %p)"), "0")
  t:equal(of(t, "STRPTIME(Mon Jan  5 09:00:00 2026,UTC,%c)"), "1767603600")
  t:equal(of(t, "STRPTIME(2026-01-05T10:00:00+0100,UTC,%FT%T%z)"), "1767603600")
  t:equal(of(t, "STRPTIME(1767603600,UTC,%s)"), "1767603600")
end)

test("STRPTIME of another form is nothing", function(t)
  t:equal(of(t, "STRPTIME(never,UTC,%Y)"), "nil")
  t:equal(of(t, "STRPTIME(2026-13-01,UTC,%Y-%m-%d)"), "nil")
  t:contains(t:lua('channel["STRPTIME(x)"]:get()'):log(), "STRPTIME: want")
end)
