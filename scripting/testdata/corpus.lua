show(("hello world"):find("o w"))
----
show(("hello"):find("l+"), ("hello"):find("(l)(l)"))
----
show(("a.b"):find(".", 1, true), ("a.b"):find("%."))
----
show(("abc"):find("b", -1), ("abc"):find("b", -2), ("abc"):find("", 10), ("abc"):find("", 4), ("abc"):find("b", 0))
----
show(("key = value"):match("^(%w+)%s*=%s*(%w+)$"))
----
show(("  trim  "):match("^%s*(.-)%s*$") .. "|")
----
show(("2026-11-24"):match("(%d+)-(%d+)-(%d+)"))
----
show(("abc"):match("()b()"))
----
show(("THE (quick) fox"):find("%((%a+)%)"))
----
show(("[[x]]"):match("%[%[(.-)%]%]"))
----
show(("f(a(b)c)d"):match("%b()"))
----
show(("THE (quick) fox"):gsub("%f[%a]%a+", "X"))
----
show(("hello"):gsub("", "-"))
----
show(("hello"):gsub("l", { l = "L" }), ("hello"):gsub("l", { x = 1 }), ("hello"):gsub("l", {l = false}))
----
show(("hello"):gsub(".", function(c) if c == "l" then return nil end return c:upper() end))
----
show(("abc"):gsub("%w", "%0%0", 2))
----
show(("abc def"):gsub("(%w+) (%w+)", "%2 %1"))
----
show(("abc"):gsub("b", "%%"))
----
show(("abc"):gsub("b", "%9"))
----
show(("abc"):gsub("(b", "x"))
----
show(("abc"):gsub("b)", "x"))
----
show(("abc"):gsub("[b", "x"))
----
show(("abc"):gsub("%", "x"))
----
show(("abc"):gsub("%b", "x"))
----
show(("a,b,,c"):gsub(",", ";"))
----
show(("x^2"):gsub("%^", "**"), ("x^2"):gsub("x^", "y"))
----
show(("^abc"):gsub("^%^", ""))
----
show(("aaa"):gsub("^a", "b"))
----
show(("abc"):gsub("b*", "-"))
----
show(("a b c"):gsub(" ", "", 0))
----
show(("a b c"):gsub(" ", "", -1))
----
for w in ("one two three"):gmatch("%a+") do show(w) end
----
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do show(k, v) end
----
for p in ("abc"):gmatch("()") do show(p) end
----
for w in ("aXbX"):gmatch("(.-)X") do show(w) end
----
for w in ("^a^b"):gmatch("^a") do show(w) end
----
show(("x"):rep(3), ("x"):rep(0), ("x"):rep(-1), ("ab"):rep(2.9))
----
show(("abc"):sub(2), ("abc"):sub(-2), ("abc"):sub(2, 2), ("abc"):sub(0), ("abc"):sub(5), ("abc"):sub(-10, 1), ("abc"):sub(2, -2))
----
show(("abc"):byte(), ("abc"):byte(2), ("abc"):byte(1, -1), ("abc"):byte(10))
----
show(string.char(72, 105), string.char())
----
show(("Hello"):upper(), ("Hello"):lower(), ("H\195\132\195\164"):upper(), ("\195\132"):lower())
----
show(("abc"):reverse(), ("abc"):len(), #"a\0b")
----
show(string.format("%d %5d %-5d| %05d %+d", 42, 42, 42, 42, 42))
----
show(string.format("%i %u %c%c", 7, 7, 65, 66))
----
show(string.format("%x %X %#x %o", 255, 255, 255, 8))
----
show(string.format("%5.2f %f %.0f %10.3f|", 3.14159, 1/3, 2.5, -1.5))
----
show(string.format("%e %E %.2e", 12345.678, 0.00012, 1e100))
----
show(string.format("%g %g %g %g %g", 1e20, 0.1, 100000, 1e15, 1e-5))
----
show(string.format("%10s|%-10s|%.2s|%5.1s|", "hi", "hi", "hello", "hello"))
----
show(string.format("%q", 'a "quoted"\n\\text\0\r'))
----
show(string.format("%s %s %s", 1, 1.5, "x"))
----
show(string.format("%%"), string.format("100%% %d", 5))
----
show(string.format("%d", "10"), string.format("%s", 10))
----
show(string.format("%d", 3.7))
----
show(string.format("%s"))
----
show(string.format("%d", "x"))
----
show(string.format("%y", 1))
----
show(string.format("%123d", 1))
----
show(string.format("%s", nil))
----
show(string.format("%5c|", 65))
----
show(string.format("%x", -1))
----
show(string.format("% d", 5), string.format("%+.3d", 5), string.format("%.3d", 5))
----
show(string.format("%g %g", 1/0, -1/0))
----
show(string.format("%.14g %.3g", 2^53, 2^53))
----
show(tostring(1/3), tostring(1e15), tostring(1e14), tostring(123456789012345), tostring(1e100), tostring(-0.5))
----
show(1e15 + 0.5, 2^53, 2^63, 100000000000000, 0.1, 1e-7)
----
show(math.huge, -math.huge)
----
show(1 .. "", 1.5 .. "x", 1e20 .. "", -1 .. "")
----
show(10 / 2, 7 / 2, 7 % 3, -7 % 3, 7 % -3, 2 ^ 10, 5.5 % 2)
----
show(tonumber("10"), tonumber("0x1F"), tonumber("  5  "), tonumber("1e1"), tonumber("1e+2"), tonumber(".5"), tonumber("5."), tonumber("-7"))
----
show(tonumber(""), tonumber(" "), tonumber("x"), tonumber("1x"), tonumber("1 2"), tonumber("0x"), tonumber("1e"), tonumber("--1"))
----
show(tonumber("ff", 16), tonumber("777", 8), tonumber("zz", 36), tonumber("8", 8), tonumber("101", 2), tonumber("1.5", 10))
----
show(tonumber(nil))
----
show(tonumber({}), tonumber(true))
----
show(tonumber("1_000"), tonumber("1,5"), tonumber("+5"))
----
show("10" + 5, "3" * "4", "0x10" + 0, 10 .. 20)
----
show("abc" < "abd", "Z" < "a", "" < "a", "a" < "ab", "10" < "9")
----
show(1 < 2, 1 == 1.0, "1" == 1, nil == false)
----
show("a" < 1)
----
show(#{1, 2, 3}, #{}, #"", #{n = 1})
----
show(select("#", nil, nil), select(2, "a", "b", "c"), select(-1, "a", "b"))
----
show(select(0))
----
show(unpack({1, 2, 3})) show(unpack({1, 2, 3}, 2)) show(unpack({1, 2, 3}, 2, 3))
----
local t = {3, 1, 2} table.sort(t) show(table.concat(t, ","))
----
local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) show(table.concat(t, ","))
----
local t = {"b", "a", "C"} table.sort(t) show(table.concat(t, ","))
----
local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) show(table.concat(t, ",")) show(table.remove(t), table.remove(t, 1), #t)
----
show(table.concat({}), table.concat({1, 2.5, "x"}, "-"), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1, 2, 3}, ",", 3, 2))
----
show(table.concat({1, {}, 3}))
----
show(table.maxn({1, 2, [10] = 3}), table.getn({1, 2}))
----
show(next({})) show(type(next), type(nil), type({}), type("x"), type(2))
----
show(math.floor(2.7), math.floor(-2.7), math.ceil(2.1), math.abs(-3), math.max(1, 5, 3), math.min(4, 2))
----
show(math.fmod(7, 3), math.fmod(-7, 3), math.pow(2, 3), math.sqrt(16), math.modf(3.7))
----
show(math.pi, math.exp(0), math.log(1), math.log10(100), math.sin(0))
----
show(math.frexp(8)) show(math.ldexp(0.5, 4), math.deg(math.pi), math.rad(180))
----
show(os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%a %A %b %B %d %j %p %y", 86400 * 40))
----
show(os.date("!%c", 1000000000)) show(os.date("!%x %X", 1000000000))
----
show(os.date("!*t", 1000000000).year, os.date("!*t", 1000000000).month, os.date("!*t", 1000000000).wday, os.date("!*t", 1000000000).yday, os.date("!*t", 1000000000).isdst)
----
show(os.date("%Y", 0), os.date("%H", 3600 * 5))
----
show(os.time({ year = 2001, month = 9, day = 9, hour = 1, min = 46, sec = 40 }), os.time({ year = 2000, month = 1, day = 1 }))
----
show(os.time({ year = 2000, month = 14, day = -3, hour = 0 }))
----
show(os.time({ year = 2000 }))
----
show(os.difftime(10, 4), type(os.clock()), type(os.time()))
----
show(pcall(error, { 1 }) == false) show(select(2, pcall(error)))
----
show(pcall(function() error("msg", 0) end)) show(pcall(function() error("msg") end))
----
show(select(2, pcall(function() error(5) end))) show(select(2, pcall(function() error(5, 0) end)))
----
show(xpcall(function() error("a", 0) end, function(m) return m .. "!" end))
----
show(assert(1, 2)) show(pcall(assert, false)) show(pcall(assert, nil, "why"))
----
show(rawequal("a", "a"), rawget({ a = 1 }, "a")) local t = {} rawset(t, "x", 5) show(t.x)
----
local t = setmetatable({}, { __index = function(_, k) return k .. "!" end, __call = function(_, a) return a * 2 end, __tostring = function() return "T" end }) show(t.x, t(4), tostring(t))
----
local t = setmetatable({}, { __add = function(a, b) return "sum" end, __concat = function() return "cat" end, __eq = function() return true end }) show(t + 1, t .. "x", "x" .. t, #t)
----
local t = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v * 2) end }) t.a = 4 show(t.a)
----
local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end) show(coroutine.resume(co, 1)) show(coroutine.resume(co, 5)) show(coroutine.status(co), (coroutine.resume(co)))
----
local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) show(f(), f(), f())
----
show((function(...) return select("#", ...) end)(nil, nil, 3)) local function v(...) return arg.n, #arg end show(v(1, 2, 3))
----
local s = 0 for i = 10, 1, -3 do s = s + i end show(s) for i = 1, 0 do show("never") end for i = 0, 1, 0.5 do show(i) end
----
local a, b, c = (function() return 1, 2, 3 end)() show(a, b, c) show(((function() return 1, 2 end)()))
----
local t = { 1, 2, nil, 4 } show(t[4], t[3]) local t = { f = function() return "m" end } show(t.f(), t:f())
----
show(("%d"):format(3), ("x"):rep(3, ","))
----
show(#[[
line]], [==[a]]b]==], 'a\65\066b', "tab\tq\"")
----
show(not nil, not 0, nil and 1, false or "x", 1 and 2, nil or false)
----
show("a\nb", 'it\'s', "\\", "\z")
----
goto_ = 1 show(goto_)
----
show(tostring(nil), tostring(true), tostring("x"))
----
show(string.find("abc", "[a-c]+"), string.find("a-c", "[a%-c]+"), string.find("]", "[]]"), string.find("^", "[%^]"), string.find("x-", "[x-]+"))
----
show(("%a"):gsub("%%(%a)", "<%1>"), ("\0a"):find("%z"), ("a\0b"):gsub("%z", "0"), ("a\0b"):len())
----
show(("abc123"):gsub("%D", ""), ("abc123"):gsub("%A", ""), ("a b\tc"):gsub("%s", ""), ("a.b!"):gsub("%p", ""), ("aB"):gsub("%u", ""), ("aB"):gsub("%l", ""), ("a\1"):gsub("%c", "C"), ("fFgG"):gsub("%x", ""), ("a_1"):gsub("%W", ""))
----
show(("0123456789"):find("^%d%d%d%d$"), ("+4930123"):match("^%+?(%d+)$"), ("00491"):gsub("^00", "+"), ("sip:100@host"):match("sip:([^@]+)@(.+)"))
----
show(("aab"):match("a-b"), ("aab"):match("a*?b"), ("a+b"):match("a%+b"), ("ab"):match("a?b?c?"), ("abab"):match("(ab)%1"))
----
show(("x"):find("x", 1, true), ("x*"):find("*", 1, true), ("aXb"):find("%u"))
----
show(("abc"):gsub("", "")) show((""):gsub("", "x")) show((""):find("")) show((""):match(".*"), (""):match(".+"))
----
show(("one;two;;four"):gsub(";;", ";nil;")) show(("test"):gsub("t", "%1")) show(("abc"):gsub("(a)(b)(c)", "%3%2%1"))
----
show(("hello world from Lua"):gsub("(%w+)", string.upper)) show(("abc"):gsub("b", function() return 5 end)) show(("abc"):gsub("b", function() return true end))
----
show(("$name is $age"):gsub("%$(%w+)", { name = "Bob", age = 42 })) show(string.gsub("abc", "b", 7)) show(string.gsub(123, "2", "x"))
----
show((pcall(string.rep))) show((pcall(string.rep, "x", {}))) show((pcall(string.char, 256)))
----
show(math.random() < 1, math.random(5) <= 5, math.random(3, 4) >= 3) show((pcall(math.random, 0))) show((pcall(math.random, 2, 1)))
----
show((loadstring("return 1 +"))) show(loadstring("return ...")(7)) show((pcall(loadstring, nil)))
----
show(getmetatable("").__index == string, ("x").len, #arg_) 
----
show(string.len("\195\164"), ("\195\164"):byte(1, 2))
----
local t = {} for i = 1, 10 do t[i] = i end for i = 1, 5 do t[i] = nil end show(t[10], t[1]) t = { [1] = "a", [2] = "b", x = "c" } local n = 0 for _ in pairs(t) do n = n + 1 end show(n) for i, v in ipairs({ "a", nil, "c" }) do show(i, v) end
----
show(-2 ^ 2, 2 ^ 3 ^ 2, "a" .. 1 + 2, 1 .. 2 == "12", not 1 == 2)
----
show(0/0 ~= 0/0, 1/0 > 1e308, -1/0 < 0)
----
show(collectgarbage("count") ~= nil, type(collectgarbage()))
----
show(0x10, 0xA, 1e3, .5, 3., 0xffffffff)
----
show(tostring(12345678901234567890), 2^31, 2^32, -2^31)
----
show(string.format("%-8s%8s|", "left", "right"), string.format("%3d|%-3d|%03d", 7, 7, 7), string.format("%s", setmetatable({}, { __tostring = function() return "obj" end })))