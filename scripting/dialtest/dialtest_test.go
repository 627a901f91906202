package dialtest_test

import (
	"io/fs"
	"os"
	"testing"

	"asterism/dialplans"
	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting/dialtest"
	"asterism/sounds"
)

// outOfReach are extensions that no call of a phone comes to: a number that is not there is refused before there is a channel.
var outOfReach = map[string]bool{"classic/internal,i": true}

// TestDialplans runs the tests of everything in dialplans/, which reach every extension.
func TestDialplans(t *testing.T) {
	entries, err := fs.ReadDir(dialplans.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			etc, err := fs.Sub(dialplans.FS, e.Name())
			if err != nil {
				t.Fatal(err)
			}
			runAll(t, e.Name(), etc)
		})
	}
}

// TestSample runs testdata/sample: a dialplan in every form in which Asterisk's users were taught to write one in Lua.
func TestSample(t *testing.T) { runAll(t, "sample", os.DirFS("testdata/sample")) }

// TestRooms runs testdata/rooms: conferences and lamps.
func TestRooms(t *testing.T) { runAll(t, "rooms", os.DirFS("testdata/rooms")) }

func runAll(t *testing.T, name string, etc fs.FS) {
	t.Helper()
	library := sound.NewLibrary([]fs.FS{sounds.FS}, 64<<20)
	report, err := dialtest.Run(dialtest.Options{Setting: dialtest.Setting{Etc: etc, Plugins: []fs.FS{plugins.FS}, Sounds: library}, Out: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed() > 0 {
		t.Errorf("%d tests failed", report.Failed())
	}
	t.Log(report.Summary())
	for _, x := range report.Cover.Missed() {
		if !outOfReach[name+"/"+x] {
			t.Errorf("extension %s is never tested", x)
		}
	}
}
