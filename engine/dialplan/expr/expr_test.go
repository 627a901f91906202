package expr

import (
	"strings"
	"testing"
)

func TestEval(t *testing.T) {
	tests := []struct{ text, want string }{
		// arithmetic
		{"1 + 2", "3"},
		{"1+2*3", "7"},
		{"(1+2)*3", "9"},
		{"7/2", "3.5"},
		{"7 % 3", "1"},
		{"-7 % 3", "-1"},
		{"7.5 % 2", "1.5"},
		{"10 - 3 - 2", "5"},
		{"2 * 3 / 4", "1.5"},
		{"-5 + 3", "-2"},
		{"- 5", "-5"},
		{"3 - -2", "5"},
		{"0.1 + 0.2", "0.3"},
		{"1/3", "0.333333333333333333"},
		{"2/3", "0.666666666666666667"},
		{"1000000 * 1000000", "1000000000000"},
		{"9223372036854775807 + 1", "9223372036854775808"},
		{"100 / 0", "2147483647"},
		{"1.50", "1.50"},
		{"1.50 + 0", "1.5"},
		{"abc + 1", "1"},
		{"1 - abc", "1"},
		{"abc * 2", "0"},
		{"1732000000-5", "1731999995"},
		// comparison
		{"10 > 9", "1"},
		{`"10" > "9"`, "0"},
		{"5 = 5.0", "1"},
		{"5 == 5", "1"},
		{`"5" = 5`, "0"}, // quotes belong to the text
		{`"abc" = "abc"`, "1"},
		{`"abc" = "abd"`, "0"},
		{`"" = ""`, "1"},
		{`"x" != "y"`, "1"},
		{"abc < abd", "1"},
		{"2 <= 2", "1"},
		{"2 >= 3", "0"},
		{"1 < 2 = 1", "1"}, // one level, from the left
		// logic
		{"1 & 0", "0"},
		{"1 && 2", "1"},
		{"0 | 7", "7"},
		{"3 || 7", "3"},
		{"a | b", "a"},
		{"0 | 0", "0"},
		{"! 0", "1"},
		{"!1", "0"},
		{"! a", "0"},
		{"1 | 0 & 0", "1"},
		{"1 = 1 & 2 = 2", "1"},
		// a ? b :: c
		{"1 ? yes :: no", "yes"},
		{"0 ? yes :: no", "no"},
		{`"" ? yes :: no`, "no"},
		{`"a" ? "yes" :: "no"`, `"yes"`},
		{"2 > 1 ? 10 + 1 :: 20", "11"},
		{"0 ? a :: 1 ? b :: c", "b"},
		// regular expressions and text
		{`"abc" : "a(.)c"`, "b"},
		{`"xabc" =~ "abc"`, "3"},
		{`"xabc" : "abc"`, "0"},
		{`"abcd" : "abc"`, "3"},
		{`"xyz" : "a(.)c"`, ""},
		{`"123" =~ "^[0-9]+$"`, "3"},
		{`"4930123" : "49(.*)"`, "30123"},
		{`"a" ~~ "b"`, "ab"},
		{"a ~~ b ~~ c", "abc"},
		// words
		{"foo", "foo"},
		{`"foo bar"`, `"foo bar"`},
		{"", ""},
		{"   ", ""},
		{"10.0.0.1 = 10.0.0.1", "1"},
		{"PJSIP_alice = PJSIP_alice", "1"},
		// functions
		{"POW(2,10)", "1024"},
		{"SQRT(16) + 1", "5"},
		{"CEIL(1.2)", "2"},
		{"ROUND(2.5)", "3"},
		{"FLOOR(-1.5)", "-2"},
		{"COS(0)", "1"},
		{"LEN(abc) + 1", "4"},
		{"UPPER(abc) = ABC", "1"},
	}
	function := func(call string) (string, bool) {
		switch call {
		case "LEN(abc)":
			return "3", true
		case "UPPER(abc)":
			return "ABC", true
		}
		return "", false
	}
	for _, tt := range tests {
		got, err := Eval(tt.text, function)
		if got != tt.want || err != nil {
			t.Errorf("$[%s]: %q, %v; want %q", tt.text, got, err, tt.want)
		}
	}
}

func TestErrorsAreZero(t *testing.T) {
	tests := map[string]string{
		"foo bar":                  `syntax error: unexpected "bar" at column 5 of $[foo bar]`,
		"1 +":                      "syntax error: unexpected the end at column 4 of $[1 +]",
		"= 1":                      `syntax error: unexpected "=" at column 1 of $[= 1]`,
		"(1":                       "syntax error: unexpected the end at column 3 of $[(1]",
		"1)":                       `syntax error: unexpected ")" at column 2 of $[1)]`,
		"1 ? 2":                    "syntax error: unexpected the end at column 6 of $[1 ? 2]",
		`"open`:                    `syntax error: unexpected "\"open" at column 1 of $["open]`,
		"1, 2":                     `syntax error: unexpected "," at column 2 of $[1, 2]`,
		"NOSUCH(1)":                "function NOSUCH in $[NOSUCH(1)] does not exist or has no value",
		`a : "("`:                  "error parsing regexp: missing closing ): `(`",
		strings.Repeat("(", 1000):  "expression with more than 200 parentheses and signs within each other",
		strings.Repeat("1", 10000): "expression of 10000 bytes; at most 8192",
	}
	for text, want := range tests {
		got, err := Eval(text, nil)
		if got != "0" || err == nil || err.Error() != want {
			t.Errorf("%.40q: %q, %v; want %s", text, got, err, want)
		}
	}
}

// FuzzEval: every text ends in a value of bounded length, and evaluating a plain result again gives the same.
func FuzzEval(f *testing.F) {
	for _, s := range []string{"1 + 2", `"a" : "(.)"`, "1 ? 2 :: 3", "-1 % 0.3", "!!1", "POW(2,99999)", "9999999999 * 9999999999", "a ~~ b", "((1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Eval(text, nil)
		if err != nil && v != "0" {
			t.Errorf("%q: %q with an error", text, v)
		}
		if len(v) > 2*maxText {
			t.Errorf("%q: a value of %d bytes", text, len(v))
		}
		if looksNumeric(v) {
			if again, err := Eval(v, nil); again != v || err != nil {
				t.Errorf("%q: %q becomes %q, %v", text, v, again, err)
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	for b.Loop() {
		_, _ = Eval(`"100" = "101" | 5 > 3 & 2 * 3 = 6`, nil)
	}
}
