package scripting

import (
	"strings"
	"testing"
)

func TestSyntaxErrorsSayWhatWasExpected(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"x = = 1", `x.lua:1: syntax error near "=" (column 5); a value is expected here; to compare`},
		{"if x the\nend", "near \"the\" (column 6); `then` is expected here, for the `if` of line 1"},
		{"while true end", "near \"end\" (column 12); `do` is expected here, for the `while` of line 1"},
		{"local function() end", `near "(" (column 15); a name is expected here`},
		{"x = 'abc", `x.lua:1: unterminated string`},
		{"foo(1,, 2)", `near "," (column 7); a value is expected here`},
		{"t = {\n 1 2 }", "x.lua:2: syntax error near \"2\" (column 4); a comma or `}` is expected here, for the `{` of line 1"},
		{"app.dial('x'", "at the end of the file; the `(` of line 1 is not closed; `)` is missing"},
		{"\nif x then\n  y()\n", "x.lua:4: syntax error at the end of the file; the `if` of line 2 is not closed; `end` is missing"},
		{"end", "near \"end\" (column 1); nothing is open that `end` could close"},
		{"x = 5 5", `near "5" (column 7); a statement ends here`},
		{"local 5 = 3", `near "5" (column 7); a name is expected here`},
		{"t.end = 1", "near \"end\" (column 3); a name is expected here, and `end` is a reserved word; write [\"end\"]"},
		{"e = { a = { b = function() end c = 1 } }", "near \"c\" (column 32); a comma or `}` is expected here, for the `{` of line 1"},
		{"e = { _1XX! = 1 }", `near "!"`},
		{"x == 1", "near \"==\" (column 3); a comparison is no statement; to assign, write ="},
		{"f = function() repeat x() end", "near \"end\" (column 27); the `repeat` of line 1 wants `until`"},
		{"extensions = { default = { [\"100\"] = function() app.dial(\"a\") end\n [\"101\"] = 1 } }", "x.lua:2: syntax error near \"[\" (column 2); a comma or `}` is expected here, for the `{` of line 1"},
	} {
		_, err := compile("x.lua", tt.src)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q:\n got %v\nwant %s", tt.src, err, tt.want)
		}
	}
}
