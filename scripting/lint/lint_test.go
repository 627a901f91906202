package lint_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"asterism/dialplans"
	"asterism/engine/config"
	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/scripting/lint"
	"asterism/sounds"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/rs/zerolog"
)

var update = flag.Bool("update", false, "write what is found as what is wanted")

// prompts are all there, but for those called missing-….
type prompts struct{}

func (prompts) Has(name, _ string) bool { return !strings.HasPrefix(name, "missing-") }

func (prompts) Names() []string { return []string{"beep", "missing-abroad", "missing-vm-goodbye"} }

func check(t *testing.T, etc fs.FS, sounds lint.Sounds) []lint.Finding {
	t.Helper()
	snap, problems := config.Load(etc, config.LoadOptions{})
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Log: zerolog.Nop()})
	defer host.Close()
	g, more := host.Load(etc, snap)
	return lint.Check(lint.Input{Etc: etc, Snapshot: snap, Generation: g, Sounds: sounds, Problems: append(problems, more...)})
}

const pjsip = `[t]
type=transport
protocol=udp
bind=127.0.0.1:5060
[alice]
type=endpoint
context=internal
allow=!all,ulaw
aors=alice
[alice]
type=aor
[bob]
type=endpoint
context=internal
allow=!all,ulaw
`

// TestGolden plays testdata: each case has what is in bad/, whose findings stand at the end, and what is in good/, which has none.
func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	missing := map[string]bool{}
	for code := range lint.Codes {
		missing[code] = true
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		delete(missing, name[:4])
		t.Run(name, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sides := map[string]fstest.MapFS{"bad": {}, "good": {}}
			for _, f := range ar.Files[:len(ar.Files)-1] {
				side, path, _ := strings.Cut(f.Name, "/")
				sides[side][path] = &fstest.MapFile{Data: f.Data}
			}
			for _, etc := range sides {
				if etc["pjsip.conf"] == nil {
					etc["pjsip.conf"] = &fstest.MapFile{Data: []byte(pjsip)}
				}
			}
			var got strings.Builder
			found := check(t, sides["bad"], prompts{})
			for _, f := range found {
				got.WriteString(f.String() + "\n")
			}
			last := &ar.Files[len(ar.Files)-1]
			if *update {
				last.Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got.String() != string(last.Data) {
				t.Errorf("got\n%swant\n%s", &got, last.Data)
			}
			if strings.HasPrefix(name, "A") && !slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Code == name[:4] }) {
				t.Errorf("nothing has the code %s", name[:4])
			}
			for _, f := range check(t, sides["good"], prompts{}) {
				t.Errorf("good: %s", f)
			}
		})
	}
	for code := range missing {
		t.Errorf("%s (%s) has no case", code, lint.Codes[code])
	}
}

// TestDialplans: what we ship has no finding, with the prompts we ship.
func TestDialplans(t *testing.T) {
	entries, err := fs.ReadDir(dialplans.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	library := sound.NewLibrary([]fs.FS{sounds.FS}, 1<<20)
	for _, e := range entries {
		etc, err := fs.Sub(dialplans.FS, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range check(t, etc, library) {
			t.Errorf("%s/%s", e.Name(), f)
		}
	}
}
