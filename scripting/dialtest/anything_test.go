package dialtest_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/scripting/dialtest"
	"asterism/sounds"

	"github.com/rs/zerolog"
)

// anything is what an application or a function may be given by a dialplan that is wrong.
var anything = []string{"", ",", ",,,,,,,", "x", "1", "-1", "1e9", "a&b,x,y", "PJSIP/101,1", "PJSIP/101&Local/s@internal/n,1,gtTr(x)", "${", "))((", "\"", "x(", "a=b", "a?b:c", "1?s,1:i,1",
	"internal,s,1", "s@internal", "101@default", "abc%zz%s", "[", "%", "\xff\xfe", strings.Repeat("9", 3000), "a/b", "all", "read,X-A", "name", "digit", "*,*,*,*", "e,/etc/passwd", "beep", "beep,skip", "beep&nothing"}

// bug is what no argument may lead to: an error of the plugin's own Lua.
var bug = regexp.MustCompile(`attempt to (index|call|perform|concatenate|compare|use)|bad argument #\d+ to|stack overflow|unknown global|got nil|invalid value`)

// TestAnything calls every application and every function with what they cannot have expected, on a phone that hangs up in the middle:
// whatever they say of it, it is no error of their own, and no channel stays. -short makes every seventh call.
func TestAnything(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Log: zerolog.Nop()})
	g, _ := host.Load(fstest.MapFS{"extensions.lua": {Data: []byte("extensions = {}")}}, nil)
	var lua strings.Builder
	var what []string
	tried := 0
	lua.WriteString("local A = { ")
	for _, a := range anything {
		fmt.Fprintf(&lua, "%q, ", a)
	}
	lua.WriteString("}\nlocal F = {}\nlocal function run(f, i) if channel.ONCE:get() then return end; channel.ONCE = 1; app.Answer(); F[f](A[i]) end\n")
	var calls strings.Builder
	functions := 0
	add := func(name, body string) {
		functions++
		fmt.Fprintf(&lua, "F[%d] = function(a) %s end\n", functions, body)
		for i := range anything {
			if tried++; testing.Short() && tried%7 > 0 {
				continue
			}
			fmt.Fprintf(&calls, "[\"%d\"] = function() run(%d, %d) end,\n", 5000+len(what), functions, i+1)
			what = append(what, fmt.Sprintf("%s(%.40q)", name, anything[i]))
		}
	}
	for _, a := range g.Applications() {
		add(a.Name, fmt.Sprintf("app[%q](a)", a.Name))
	}
	for _, f := range g.Functions() {
		add(f.Name, fmt.Sprintf("local v = channel[%q .. \"(\" .. a .. \")\"]; v:get(); v:set(\"1\"); v:set(\"\")", f.Name))
	}
	host.Close()
	lua.WriteString("extensions = { internal = { s = function() app.Answer(); app.Wait(2) end,\n" + calls.String() + "} }\n")
	etc := fstest.MapFS{"extensions.lua": {Data: []byte(lua.String())}, "voicemail.conf": {Data: []byte("[default]\n101 => 1,A\n")},
		"pjsip.conf": {Data: []byte("[p](!)\ntype=endpoint\ncontext=internal\nallow=!all,ulaw\n[100](p)\n[101](p)\n")}}
	w, err := dialtest.NewWorld(dialtest.Setting{Etc: etc, Plugins: []fs.FS{plugins.FS}, Sounds: sound.NewLibrary([]fs.FS{sounds.FS}, 64<<20),
		Now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for i, name := range what {
		before := len(w.Events(0))
		id, err := w.Call(dialtest.Calling{From: "100", To: fmt.Sprint(5000 + i)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := w.Jump(w.Time().Add(1500 * time.Millisecond)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !w.Over(id) {
			_ = w.Press(id, "100", "1#")
			_ = w.Jump(w.Time().Add(2 * time.Second))
		}
		if !w.Over(id) {
			_ = w.Hangup(id, "100")
		}
		if err := w.Jump(w.Time().Add(time.Minute)); err != nil || !w.Over(id) {
			t.Fatalf("%s does not end with the caller (%v)", name, err)
		}
		for _, e := range w.Events(before) {
			if m := bug.FindString(e.Text); m != "" && (e.What == "log" || e.What == "error") && !found[e.Text] {
				found[e.Text] = true
				t.Errorf("%s: %s", name, e.Text)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	slices.Sort(what)
	t.Logf("%d calls", len(what))
}
