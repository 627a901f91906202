package scripting

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func TestGotoAsName(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"field", `local app = {}; app.goto = function(x) return x end; return app.goto(1)`, "1"},
		{"field by text", `local app = {}; app.goto = 2; return app["goto"]`, "2"},
		{"method", `local o = {}; function o:goto(x) return x end; return o:goto(3)`, "3"},
		{"constructor", `return ({ goto = 4 })["goto"]`, "4"},
		{"function name", `local o = {}; function o.goto() return 5 end; return o["goto"]()`, "5"},
		{"local", `local goto = 6; return goto`, "6"},
		{"global", `goto = 7; return _G["goto"]`, "7"},
		{"call", `function goto(x) return x end; return goto(8)`, "8"},
		{"operand", `local goto = 9; return goto or 1`, "9"},
		{"statement", `do goto done end; x = 1; ::done:: return x == nil and "10"`, "10"},
		{"after a concatenation", `local goto = "11"; return ""..goto..""`, "11"},
		{"in strings and comments", "-- app.goto\nlocal s = 'app.goto' .. [[ .goto ]] --[[ .goto\n]]\nreturn s", "app.goto .goto "},
		{"escaped quote", `local t = {goto = 1}; return '\'.goto(' .. t.goto`, "'.goto(1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ch, err := compile("x.lua", tt.src)
			if err != nil {
				t.Fatal(err)
			}
			l := lua.NewState()
			defer l.Close()
			l.Push(l.NewFunctionFromProto(ch.proto))
			if err := l.PCall(0, 1, nil); err != nil {
				t.Fatal(err)
			}
			if got := l.Get(-1).String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	deep := strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300)
	tests := []struct{ name, src, want string }{
		{"missing end", "extensions = {}\nfunction f()\n", "x.lua:3: syntax error at the end of the file; the `function` of line 2 is not closed; `end` is missing"},
		{"word", "x = 1\ny = = 2", `x.lua:2: syntax error near "=" (column 5); a value is expected here; to compare, write == without a blank`},
		{"column after a goto that is a name", "app.goto(1) y = = 2", `x.lua:1: syntax error near "=" (column 17); a value is expected here; to compare, write == without a blank`},
		{"unterminated string", "x = 'abc\n", "x.lua:1: unterminated string near \"abc\""},
		{"goto without label", "goto nowhere", "x.lua:1: no visible label 'nowhere' for <goto>"},
		{"break outside of a loop", "break", "x.lua:1: no loop to break"},
		{"too deep", "x = " + deep, "x.lua:1: more than 200 brackets and blocks within each other"},
		{"too long", strings.Repeat(" ", maxSource+1), "x.lua: file of 1048577 bytes; at most 1048576"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := compile("x.lua", tt.src)
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), "\n", " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestShebangAndBOM(t *testing.T) {
	for _, src := range []string{"#!/usr/bin/lua\nerror('here')", "\ufeff\nerror('here')"} {
		ch, err := compile("x.lua", src)
		if err != nil {
			t.Fatal(err)
		}
		l := lua.NewState()
		l.Push(l.NewFunctionFromProto(ch.proto))
		if err := l.PCall(0, 0, nil); err == nil || !strings.Contains(err.Error(), "x.lua:2: here") {
			t.Errorf("%q: got %v", src, err)
		}
		l.Close()
	}
}

// FuzzCompile: whatever the source, compile returns; renaming keeps length and lines, and touches nothing but the word goto.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"app.goto(1)", "goto x ::x::", "x = {goto=1}", "[==[ ]==] .goto", "'\\", "--[[ goto", "a.goto.b:goto()", "((("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		out, standIn, _ := nameGotos(src)
		if standIn != "" {
			if len(out) != len(src) || strings.Count(out, "\n") != strings.Count(src, "\n") {
				t.Fatalf("%q became %q", src, out)
			}
			if back := strings.ReplaceAll(out, standIn, "goto"); back != src {
				t.Fatalf("%q became %q", src, back)
			}
		} else if out != src {
			t.Fatalf("%q became %q", src, out)
		}
		_, _ = compile("x.lua", src)
	})
}
