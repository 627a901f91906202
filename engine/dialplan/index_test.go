package dialplan

import (
	"fmt"
	"strings"
	"testing"
)

func build(t *testing.T, b *Builder, problems ...string) *Index {
	t.Helper()
	x, got := b.Build()
	if len(got) != len(problems) {
		t.Fatalf("problems %v, want %q", got, problems)
	}
	for i, p := range got {
		if !strings.Contains(p.Error(), problems[i]) {
			t.Errorf("problem %q, want %q", p.Error(), problems[i])
		}
	}
	return x
}

// add puts extensions of one priority and source into a context.
func add(b *Builder, s Source, context string, patterns ...string) {
	for _, p := range patterns {
		pattern, cid, has := strings.Cut(p, "/")
		b.Add(Entry{Context: context, Pattern: pattern, CID: cid, MatchCID: has, Priority: 1, Source: s, Value: context + ":" + p})
	}
}

func TestFind(t *testing.T) {
	var b Builder
	add(&b, Lua, "internal", "_1XX", "100", "_9!", "_[", "h")
	b.Include("internal", "features", Lua, "", 0)
	b.Include("internal", "all", Lua, "", 0)
	add(&b, Lua, "features", "*97", "_9X", "_8.")
	add(&b, Lua, "all", "_.")
	x, problems := b.Build()
	if len(problems) != 1 || !strings.Contains(problems[0].What, `pattern "_[": '[' without ']'`) {
		t.Fatalf("problems %v", problems)
	}
	tests := []struct {
		exten string
		mode  Mode
		want  string // Value, "" none
	}{
		{"100", Match, "internal:100"},
		{"101", Match, "internal:_1XX"},
		{"1-0-0", Match, "internal:100"},
		{"*97", Match, "features:*97"},
		{"84", Match, "features:_8."},
		{"7", Match, "all:_."},
		{"", Match, ""},
		{"9", Match, "internal:_9!"},
		{"9", CanMatch, "internal:_9!"},
		// '!' decides for its context and what that includes
		{"9", MatchMore, ""},
		{"10", MatchMore, "internal:100"},
		{"100", MatchMore, "all:_."},
		{"*9", CanMatch, "features:*97"},
		{"8", MatchMore, "features:_8."},
	}
	for _, tt := range tests {
		e, ok := x.Find("internal", tt.exten, "", 1, tt.mode)
		if got, _ := e.Value.(string); got != tt.want || ok != (tt.want != "") {
			t.Errorf("Find(%q, %d) = %q, want %q", tt.exten, tt.mode, got, tt.want)
		}
	}
	if _, ok := x.Find("nowhere", "1", "", 1, Match); ok {
		t.Error("found in a context that is not there")
	}
	if _, ok := x.Find("internal", "100", "", 2, Match); ok {
		t.Error("found a priority that is not there")
	}
	if _, ok := (*Index)(nil).Find("internal", "100", "", 1, Match); ok {
		t.Error("found in no index")
	}
}

func TestMissingPriorityFallsToNextMatch(t *testing.T) {
	var b Builder
	b.Add(Entry{Context: "a", Pattern: "100", Priority: 1})
	b.Add(Entry{Context: "a", Pattern: "_1XX", Priority: 2, Label: "here"})
	x := build(t, &b)
	if e, ok := x.Find("a", "100", "", 2, Match); !ok || e.Pattern != "_1XX" {
		t.Errorf("priority 2 of 100: %+v, %v", e, ok)
	}
	if e, ok := x.FindLabel("a", "100", "", "here"); !ok || e.Priority != 2 {
		t.Errorf("label: %+v, %v", e, ok)
	}
	if _, ok := x.FindLabel("a", "100", "", ""); ok {
		t.Error("found the empty label")
	}
}

func TestLayers(t *testing.T) {
	var b Builder
	add(&b, Lua, "in", "1", "2", "3")
	add(&b, Conf, "in", "_1")
	add(&b, Conf, "more", "2", "4", "5")
	add(&b, Lua, "more", "5", "6", "7")
	add(&b, Lua, "lua", "3", "8")
	add(&b, Conf, "lua", "9")
	b.Include("in", "more", Conf, "", 0)
	b.Include("in", "lua", Lua, "", 0)
	x := build(t, &b)
	for exten, want := range map[string]string{
		"1": "in:_1",  // conf before Lua
		"2": "in:2",   // Lua before conf's includes
		"5": "more:5", // in an included context conf is first again
		"6": "more:6",
		"8": "lua:8",
		"9": "", // Lua's includes see Lua layers only
	} {
		e, _ := x.Find("in", exten, "", 1, Match)
		if got, _ := e.Value.(string); got != want {
			t.Errorf("%s: %q, want %q", exten, got, want)
		}
	}
	if e, _ := x.Find("in", "5", "", 1, Match); e.Source != Conf || e.Context != "more" {
		t.Errorf("5: %+v", e)
	}
}

func TestLuaIncludesConf(t *testing.T) {
	var b Builder
	add(&b, Conf, "old", "1")
	b.Include("new", "old", Lua, "extensions.lua", 3)
	x := build(t, &b, `extensions.lua:3: context "new" includes "old", which has no extension in Lua`)
	if _, ok := x.Find("new", "1", "", 1, Match); ok {
		t.Error("a Lua include found a conf extension")
	}
}

func TestCallerNumber(t *testing.T) {
	var b Builder
	add(&b, Conf, "a", "100", "100/_2XX", "100/", "_1XX/200", "_1XX")
	x := build(t, &b)
	for _, tt := range []struct{ exten, cid, want string }{
		{"100", "201", "a:100/_2XX"}, {"100", "", "a:100/"}, {"100", "301", "a:100"},
		{"101", "200", "a:_1XX/200"}, {"101", "201", "a:_1XX"}, {"101", "", "a:_1XX"},
	} {
		e, _ := x.Find("a", tt.exten, tt.cid, 1, Match)
		if e.Value != tt.want {
			t.Errorf("%s from %q: %v, want %s", tt.exten, tt.cid, e.Value, tt.want)
		}
	}
}

func TestIncludes(t *testing.T) {
	var b Builder
	add(&b, Lua, "a", "1")
	add(&b, Lua, "b", "2")
	add(&b, Lua, "c", "3")
	b.Include("a", "b", Lua, "extensions.lua", 1)
	b.Include("b", "c", Lua, "extensions.lua", 2)
	b.Include("c", "a", Lua, "extensions.lua", 3)
	b.Include("c", "c", Lua, "extensions.lua", 4)
	b.Include("c", "gone", Lua, "extensions.lua", 5)
	x := build(t, &b,
		`extensions.lua:5: context "c" includes "gone": no such context`,
		`extensions.lua:3: context "c" includes "a", which goes round in a circle: a -> b -> c -> a`,
		`extensions.lua:4: context "c" includes "c", which goes round in a circle: c -> c`)
	for _, from := range []string{"a", "b", "c"} { // wherever one begins, all three are offered
		for _, exten := range []string{"1", "2", "3"} {
			if _, ok := x.Find(from, exten, "", 1, Match); !ok {
				t.Errorf("%s not found from %s", exten, from)
			}
		}
	}
	if _, ok := x.Find("a", "4", "", 1, MatchMore); ok {
		t.Error("found what is not there")
	}
}

func TestIncludeDepth(t *testing.T) {
	var b Builder
	for i := range 600 {
		name := fmt.Sprintf("c%03d", i)
		add(&b, Conf, name, fmt.Sprint(i))
		if i > 0 {
			b.Include(fmt.Sprintf("c%03d", i-1), name, Conf, "extensions.conf", i)
		}
	}
	x := build(t, &b, `"c087" includes "c088", which makes a chain of more than 512`)
	for exten, want := range map[string]bool{"0": true, "511": true, "512": false} {
		if _, ok := x.Find("c000", exten, "", 1, Match); ok != want {
			t.Errorf("%s at its depth: found %v", exten, ok)
		}
	}
}

// A lattice of includes has 2^n paths; each context must be asked once.
func TestIncludesAreLinear(t *testing.T) {
	var b Builder
	for i := range 200 {
		for _, side := range []string{"l", "r"} {
			for _, next := range []string{"l", "r"} {
				b.Include(fmt.Sprintf("%s%d", side, i), fmt.Sprintf("%s%d", next, i+1), Conf, "", 0)
			}
		}
	}
	add(&b, Conf, "l200", "1")
	add(&b, Conf, "r200", "2")
	x := build(t, &b)
	if _, ok := x.Find("l0", "2", "", 1, Match); !ok {
		t.Error("not found at the end of the lattice")
	}
}

func TestHints(t *testing.T) {
	var b Builder
	b.Hint("internal", "100", "PJSIP/100&Custom:x", Lua)
	b.Hint("internal", "_2XX", "PJSIP/${EXTEN}", Lua)
	add(&b, Lua, "internal", "100")
	add(&b, Lua, "outer", "1")
	b.Include("outer", "internal", Lua, "", 0)
	x := build(t, &b)
	if e, ok := x.Hint("outer", "100"); !ok || e.Data != "PJSIP/100&Custom:x" || e.Context != "internal" {
		t.Errorf("hint of 100: %+v %v", e, ok)
	}
	if e, ok := x.Find("internal", "100", "", 1, Match); !ok || e.Priority != 1 {
		t.Errorf("100: %+v %v", e, ok)
	}
	if _, ok := x.Find("internal", "201", "", 1, Match); ok {
		t.Error("a hint alone makes an extension that can be called")
	}
	if got := x.Hints(); len(got) != 2 || got[0].Pattern != "100" || got[1].Pattern != "_2XX" {
		t.Errorf("hints %+v", got)
	}
}

func TestDoubled(t *testing.T) {
	var b Builder
	b.Add(Entry{Context: "a", Pattern: "_N", Priority: 1, File: "extensions.conf", Line: 3, Value: "first"})
	b.Add(Entry{Context: "a", Pattern: "_[2-9]", Priority: 1, File: "extensions.conf", Line: 9})
	b.Add(Entry{Context: "a", Pattern: "1", Priority: 0, File: "extensions.conf", Line: 10})
	x := build(t, &b,
		`extensions.conf:9: context "a": extension "_[2-9]" priority 1 stands there already at extensions.conf:3`,
		`extensions.conf:10: context "a": extension "1": priority 0`)
	if e, _ := x.Find("a", "5", "", 1, Match); e.Value != "first" {
		t.Errorf("5: %+v", e)
	}
}

func TestShow(t *testing.T) {
	var b Builder
	b.Hint("internal", "100", "PJSIP/100", Conf)
	for i, app := range []string{"Answer()", "Dial(PJSIP/100,20)", "Hangup()"} {
		name, data, _ := strings.Cut(strings.TrimSuffix(app, ")"), "(")
		e := Entry{Context: "internal", Pattern: "100", Priority: i + 1, Application: name, Data: data, File: "extensions.conf", Line: 10 + i}
		if i == 1 {
			e.Label = "ring"
		}
		b.Add(e)
	}
	b.Add(Entry{Context: "internal", Pattern: "_2XX", Priority: 1, Application: "Lua", Data: "\x1b[2J", Source: Lua})
	b.Include("internal", "features", Lua, "", 0)
	b.Context("features", Lua)
	x := build(t, &b)
	views := x.Contexts()
	if len(views) != 2 || views[0].Name != "features" {
		t.Fatalf("contexts %+v", views)
	}
	want := `[ Context 'internal' created by 'pbx_config' ]
  '100' =>          hint: PJSIP/100                               [pbx_config]
                    1. Answer()                                   [extensions.conf:10]
     [ring]         2. Dial(PJSIP/100,20)                         [extensions.conf:11]
                    3. Hangup()                                   [extensions.conf:12]
  '_2XX' =>         1. Lua(?[2J)                                  [pbx_lua]
  Include =>        'features'                                    [pbx_lua]
`
	if got := views[1].String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := views[1].Match("234").Extensions; len(got) != 1 || got[0].Pattern != "_2XX" {
		t.Errorf("show 234: %+v", got)
	}
}

func BenchmarkFind(b *testing.B) {
	var builder Builder
	for i := range 10000 {
		builder.Add(Entry{Context: "a", Pattern: fmt.Sprint(1000 + i), Priority: 1})
	}
	for i := range 100 {
		builder.Add(Entry{Context: "a", Pattern: fmt.Sprintf("_9%02dX.", i), Priority: 1})
	}
	x, _ := builder.Build()
	b.ReportAllocs()
	for b.Loop() {
		x.Find("a", "95012345", "", 1, Match)
	}
}
