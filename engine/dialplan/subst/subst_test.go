package subst

import (
	"fmt"
	"strings"
	"testing"
)

// env is a channel of the test's own.
type env struct {
	variables map[string]string
	warnings  []string
}

func (e *env) Variable(name string) (string, bool) { v, ok := e.variables[name]; return v, ok }

func (e *env) Function(call string) (string, bool) {
	name, args, _ := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	switch name {
	case "UPPER":
		return strings.ToUpper(args), true
	case "ECHO":
		return args, true
	}
	return "", false
}

func (e *env) Warn(what string) { e.warnings = append(e.warnings, what) }

func newEnv() *env {
	return &env{variables: map[string]string{"N": "0123456789", "A": "B", "B": "b-value", "AB": "joined", "EXTEN": "918005551212", "E": "", "COND": "1", "long": strings.Repeat("x", 5000)}}
}

func TestExpand(t *testing.T) {
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"", ""},
		{"${A}", "B"},
		{"x${A}y${B}z", "xByb-valuez"},
		{"${NONE}", ""},
		{"[${NONE}]", "[]"},
		{"${E}", ""},
		// substrings
		{"${N:1}", "123456789"},
		{"${N:1:-1}", "12345678"},
		{"${N:-3}", "789"},
		{"${N:-3:2}", "78"},
		{"${N:20}", ""},
		{"${N:-20:2}", "01"},
		{"${N:0:3}", "012"},
		{"${N:3:0}", ""},
		{"${N:2:100}", "23456789"},
		{"${N:8:-5}", ""},
		{"${N::4}", "0123456789"},
		{"${N:x}", "0123456789"},
		{"${EXTEN:1}", "18005551212"},
		// nesting
		{"${${A}}", "b-value"},
		{"${A${A}}", "joined"},
		{"${N:${COND}}", "123456789"},
		{"${${NONE}}", ""},
		// functions
		{"${UPPER(abc)}", "ABC"},
		{"${UPPER(${B})}", "B-VALUE"},
		{"${UPPER(abc):1}", "BC"},
		{"${UPPER(a:b):1:1}", ":"},
		{"${ECHO(${UPPER(a)},b)}", "A,b"},
		{"${NOSUCH(1)}", ""},
		// expressions
		{"$[1 + 2]", "3"},
		{"$[${COND} + 1]x", "2x"},
		{"$[\"${A}\" = \"B\"]", "1"},
		{"${N:$[1 + 1]:2}", "23"},
		{"$[${N:0:2} + $[1 + 1]]", "3"},
		{"$[\"abc\" : \"a[bc](.)\"]", "c"}, // brackets within are counted
		{"$[foo]", "foo"},
		// what is not meant
		{"$", "$"},
		{"$A", "$A"},
		{"a$", "a$"},
		{"{A}", "{A}"},
		{"cost: 5$ {x}", "cost: 5$ {x}"},
		{"${A", "B"},
		{"x$[1 + 1", "x2"},
		{"${}", ""},
		{"$[]", ""},
	}
	for _, tt := range tests {
		if got := Expand(tt.text, newEnv()); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	tests := map[string]string{
		"${A":      "Error in extension logic (missing '}'): ${A",
		"x$[1":     "Error in extension logic (missing ']'): $[1",
		"$[1 1]":   `syntax error: unexpected "1" at column 3 of $[1 1]`,
		"$[${NO}]": "",
	}
	for text, want := range tests {
		e := newEnv()
		Expand(text, e)
		if got := strings.Join(e.warnings, "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestBounds(t *testing.T) {
	if got := len(Expand("${long}", newEnv())); got != MaxValue {
		t.Errorf("a variable of 5000 bytes gives %d", got)
	}
	if got := len(Expand(strings.Repeat("${long}", 10), newEnv())); got != MaxText {
		t.Errorf("ten of them give %d", got)
	}
	if got := len(Expand(strings.Repeat("x", 10000), newEnv())); got != MaxText {
		t.Errorf("plain text gives %d", got)
	}
	e := newEnv()
	Expand(strings.Repeat("${", 4000), e)
	if len(e.warnings) == 0 {
		t.Error("4000 open braces: no warning")
	}
}

func TestCalls(t *testing.T) {
	got := fmt.Sprint(Calls("${A}${UPPER(${LEN(x)})}$[${CUT(a,b)} + 1]${N:1}${${F}(1)}"))
	if got != "[{UPPER ${LEN(x)}} {LEN x} {CUT a,b}]" {
		t.Error(got)
	}
}

// FuzzExpand: every text ends, within the bound, and text without a $ stays what it is.
func FuzzExpand(f *testing.F) {
	for _, s := range []string{"${A}", "${${A}:1:-2}", "$[1 + ${N}]", "${UPPER(a,${B}):2}", "${", "$[${[", strings.Repeat("${A", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Expand(text, newEnv())
		if len(got) > MaxText {
			t.Errorf("%q: %d bytes", text, len(got))
		}
		if len(text) <= MaxText && !strings.Contains(text, "$") && got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func BenchmarkExpand(b *testing.B) {
	e := newEnv()
	for b.Loop() {
		Expand("PJSIP/${EXTEN:1}@trunk,30,$[${COND} ? tT :: g]", e)
	}
}
