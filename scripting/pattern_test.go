package scripting

import (
	"context"
	"strings"
	"testing"
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// sandbox is a state with the libraries of a call.
func sandbox(t testing.TB) *lua.LState {
	l := lua.NewState(stateOptions())
	t.Cleanup(l.Close)
	libs := openLibraries(channel.SystemClock{}, nil)
	for name, f := range libs.base {
		l.SetGlobal(name, f)
	}
	for name, functions := range libs.modules {
		l.SetGlobal(name, tableOf(functions))
	}
	l.SetMetatable(lua.LString(""), tableOf(map[string]lua.LValue{"__index": l.GetGlobal("string")}))
	return l
}

func eval(l *lua.LState, expr string) (string, error) {
	ch, err := compile("x.lua", "local function all(...) local t = {} for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end return table.concat(t, '|') end return all("+expr+")")
	if err != nil {
		return "", err
	}
	l.Push(l.NewFunctionFromProto(ch.proto))
	if err := l.PCall(0, 1, nil); err != nil {
		return "", err
	}
	s := l.Get(-1).String()
	l.Pop(1)
	return s, nil
}

// TestStrings holds our string functions against what C Lua 5.1 gives (reference manual §5.4).
func TestStrings(t *testing.T) {
	l := sandbox(t)
	tests := []struct{ expr, want string }{
		{`("hello world"):find("wor")`, "7|9"},
		{`("hello"):find("l")`, "3|3"},
		{`("hello"):find("(l)(l)")`, "3|4|l|l"},
		{`("a.b"):find(".", 1, true)`, "2|2"},
		{`("hello"):find("")`, "1|0"},
		{`("hello"):find("", 10)`, "6|5"},
		{`("hello"):find("xyz")`, "nil"},
		{`("hello"):find("^h")`, "1|1"},
		{`("hello"):find("^e")`, "nil"},
		{`("hello"):find("l", -2)`, "4|4"},
		{`("key = value"):match("^(%w+)%s*=%s*(%w+)$")`, "key|value"},
		{`("  trim  "):match("^%s*(.-)%s*$")`, "trim"},
		{`("2026-01-05"):match("(%d+)-(%d+)-(%d+)")`, "2026|01|05"},
		{`("f(a(b)c)d"):match("%b()")`, "(a(b)c)"},
		{`("THE (quick) fox"):find("%((%a+)%)")`, "5|11|quick"},
		{`("hello"):match("()ll()")`, "3|5"},
		{`("aXa*"):match("(.)X%1*")`, "a"},
		{`("x)"):find("x)")`, "1|2"},
		{`("abab"):match("^(ab)%1$")`, "ab"},
		{`("THE (quick) fox"):gsub("%f[%a]%a+", string.lower)`, "the (quick) fox|3"},
		{`("hello"):gsub("l", "L")`, "heLLo|2"},
		{`("hello"):gsub("l", "L", 1)`, "heLlo|1"},
		{`("hello"):gsub("", "-")`, "-h-e-l-l-o-|6"},
		{`("abc"):gsub("%w", "%0%0")`, "aabbcc|3"},
		{`("abc def"):gsub("(%w+) (%w+)", "%2 %1")`, "def abc|1"},
		{`("$name is"):gsub("%$(%w+)", {name="bob"})`, "bob is|1"},
		{`("a b"):gsub("%w", function(c) if c == "a" then return "x" end end)`, "x b|2"},
		{`("abc"):gsub("b", false or "%%")`, "a%c|1"},
		{`("x^2"):gsub("%^", "**")`, "x**2|1"},
		{`("aaa"):gsub("^a", "b")`, "baa|1"},
		{`("[test]"):match("%[(.-)%]")`, "test"},
		{`("a-b"):match("[a%-]+")`, "a-"},
		{`("a]b"):match("[]]")`, "]"},
		{`("ab12"):match("[^%d]+")`, "ab"},
		{`("x=1, y=2"):gsub("(%w+)=(%w+)", "%2=%1")`, "1=x, 2=y|2"},
		{`(function() local t = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[#t+1] = k .. v end return table.concat(t, " ") end)()`, "a1 b2"},
		{`(function() local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n end)()`, "4"},
		{`("%d"):rep(3)`, "%d%d%d"},
		{`("ab"):rep(0), ("ab"):rep(-1)`, "|"},
		{`string.format("%5d|%-5s|%05.1f|%x|%q|%c|%i|%%", 42, "ab", 3.14159, 255, 'a"b', 65, 7.9)`, `   42|ab   |003.1|ff|"a\"b"|A|7|%`},
		{`string.format("%s %s", 1, "x")`, "1 x"},
		{`string.format("%d", "10")`, "10"},
		{`string.format("%.3s|%5.1s|", "abcdef", "xy")`, "abc|    x|"},
		{`string.format("%g %g", 1e20, 0.1)`, "1e+20 0.1"},
		{`table.concat({1, 2, "x"}, ", ")`, "1, 2, x"},
		{`table.concat({}, ", ")`, ""},
		{`table.concat({1, 2, 3}, "-", 2, 3)`, "2-3"},
		{`tonumber("1e1"), tonumber(" 12 "), tonumber("0x10"), tonumber("1.5"), tonumber("-3"), tonumber(7)`, "10|12|16|1.5|-3|7"},
		{`tonumber(""), tonumber("x"), tonumber("1_0"), tonumber("inf"), tonumber("nan"), tonumber("0x"), tonumber("1 2"), tonumber(nil)`, "nil|nil|nil|nil|nil|nil|nil|nil"},
		{`tonumber("ff", 16), tonumber("z", 36), tonumber("101", 2), tonumber("9", 8)`, "255|35|5|nil"},
		{`("äö"):len(), #"äö"`, "4|4"},
	}
	for _, tt := range tests {
		got, err := eval(l, tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
		} else if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.expr, got, tt.want)
		}
	}
}

func TestStringErrors(t *testing.T) {
	l := sandbox(t)
	tests := []struct{ expr, want string }{
		{`("x"):rep(1e9)`, "string.rep: result of more than"},
		{`string.format("%999d", 1)`, "too long width"},
		{`string.format("%y", 1)`, "invalid option"},
		{`string.format("%d", "x")`, "number expected"},
		{`("x"):find("[a")`, "missing ']'"},
		{`("x"):find("%")`, "ends with '%'"},
		{`("x"):find("(x")`, "unfinished capture"},
		{`("x"):match("x)")`, "a ) without ("},
		{`("x"):find("%1")`, "no capture %1"},
		{`("x"):find("%b")`, "%b wants two characters"},
		{`("x"):find("%fa")`, "missing '['"},
		{`("x"):gsub("x", "%2")`, "invalid capture index"},
		{`("x"):gsub("x", function() return {} end)`, "invalid replacement value"},
		{`("x"):find(("("):rep(40) .. (")"):rep(40))`, "too many captures"},
		{`("a"):rep(5000):find(("a?"):rep(5000) .. "b")`, "too complex"},
		{`table.concat({1, {}, 3})`, "invalid value (table) at index 2"},
	}
	for _, tt := range tests {
		if _, err := eval(l, tt.expr); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.expr, err, tt.want)
		}
	}
}

// A pattern that backtracks for ever is stopped by the kill switch; gopher-lua's own could not be.
func TestPatternStops(t *testing.T) {
	l := sandbox(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	l.SetContext(ctx)
	began := time.Now()
	_, err := eval(l, `(("a"):rep(30) .. "b"):find(("a*"):rep(30) .. "c")`)
	if err == nil || time.Since(began) > 2*time.Second {
		t.Fatalf("after %v: %v", time.Since(began), err)
	}
}

// FuzzPattern: matching returns, and what find finds is within the subject and what match gives without captures.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"", "a*b", "^(%a+)", "[^%d]-$", "%b()", "%f[%w]%w+", "(.)%1", "[]-a]", "%", "[%"} {
		f.Add("hello (world) 42", p)
	}
	l := sandbox(f)
	f.Fuzz(func(t *testing.T, subject, pattern string) {
		if len(subject) > 200 || len(pattern) > 40 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		l.SetContext(ctx)
		l.SetTop(0)
		call := func(fn lua.LGFunction) []lua.LValue {
			l.Push(l.NewFunction(fn))
			l.Push(lua.LString(subject))
			l.Push(lua.LString(pattern))
			if l.PCall(2, lua.MultRet, nil) != nil {
				l.SetTop(0)
				return nil
			}
			var out []lua.LValue
			for i := 1; i <= l.GetTop(); i++ {
				out = append(out, l.Get(i))
			}
			l.SetTop(0)
			return out
		}
		found, matched := call(stringFind), call(stringMatch)
		if len(found) < 2 {
			return
		}
		from, to := int(found[0].(lua.LNumber)), int(found[1].(lua.LNumber))
		if from < 1 || to < from-1 || to > len(subject) {
			t.Fatalf("%q in %q: found at %d-%d", pattern, subject, from, to)
		}
		if len(found) == 2 && len(matched) == 1 && matched[0].String() != subject[from-1:to] {
			t.Fatalf("%q in %q: find says %q, match %q", pattern, subject, subject[from-1:to], matched[0])
		}
	})
}

func TestNumberText(t *testing.T) {
	for n, want := range map[lua.LNumber]string{60: "60", 1.5: "1.5", -3: "-3", 1e15: "1e+15", 1.0 / 3: "0.33333333333333", 1e100: "1e+100", 0.1: "0.1", 123456789012: "123456789012"} {
		if got := numberText(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// gsub is linear: ten times the subject takes about ten times as long, not a hundred times.
func BenchmarkGsub(b *testing.B) {
	l := sandbox(b)
	subject := strings.Repeat("ab cd ", 5000)
	for b.Loop() {
		l.Push(l.NewFunction(stringGsub))
		l.Push(lua.LString(subject))
		l.Push(lua.LString("%w+"))
		l.Push(lua.LString("%0x"))
		l.Call(3, 0)
	}
}
