package dialplan

import (
	"fmt"
	"slices"
	"testing"
)

func TestCovers(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"_X.", "600", true}, {"_X.", "6", false}, {"_X!", "6", true}, {"_X!", "", false}, {"_1XX", "123", true}, {"_1XX", "_12[3-5]", true},
		{"_12[3-5]", "_1XX", false}, {"_X.", "_XX.", true}, {"_XX.", "_X.", false}, {"_1!", "_1", true}, {"_1", "_1!", false}, {"_1.", "_1!", false},
		{"_1!", "_1.", true}, {"_N", "_[2-9]", true}, {"_Z", "_N", true}, {"_N", "_Z", false}, {"100", "100", true}, {"1-00", "100", true},
		{"_X.", "s", false}, {"_.", "s", true}, {"_.", "_s.", true}, {"_!", "s", true}, {"_[", "1", false}, {"_X", "_[", false},
	}
	for _, tt := range tests {
		if got := covers(tokensOf(tt.a), tokensOf(tt.b)); got != tt.want {
			t.Errorf("covers(%s, %s) = %v", tt.a, tt.b, got)
		}
	}
}

// FuzzCovers: who covers a pattern accepts whatever it accepts.
func FuzzCovers(f *testing.F) {
	f.Add("_1XX", "_12[3-5]", "124")
	f.Add("_X!", "_X.", "12")
	f.Fuzz(func(t *testing.T, a, b, dialled string) {
		if covers(tokensOf(a), tokensOf(b)) && Matches(b, dialled, Match) && !Matches(a, dialled, Match) {
			t.Errorf("%q is said to cover %q, but not %q", a, b, dialled)
		}
	})
}

func TestShadows(t *testing.T) {
	var b Builder
	add := func(context string, s Source, keys ...string) {
		for i, k := range keys {
			b.Add(Entry{Context: context, Pattern: k, Priority: 1, Source: s, File: "f", Line: i + 1})
		}
	}
	add("phones", Lua, "_X.", "_1XX", "100", "_2!", "_2")
	add("features", Lua, "600", "s", "_9.", "100")
	add("last", Lua, "_X.", "_0X")
	add("both", Conf, "_X.")
	add("both", Lua, "600", "h")
	b.Include("phones", "features", Lua, "f", 9)
	b.Include("phones", "last", Lua, "f", 9)
	x, problems := b.Build()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, s := range x.Shadows() {
		got = append(got, fmt.Sprintf("%s: %s/%s by %s/%s", s.From, s.Hidden.Context, s.Hidden.Pattern, s.By.Context, s.By.Pattern))
	}
	want := []string{"both: both/600 by both/_X.", "phones: phones/_2 by phones/_2!", "phones: features/600 by phones/_X.",
		"phones: features/_9. by phones/_X.", "phones: last/_0X by phones/_X."}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
