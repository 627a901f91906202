package dialtest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/sound"
	"asterism/engine/voicemail"
	"asterism/plugins"
	"asterism/scripting/dialtest"
	"asterism/sounds"
)

// TestNothingLeaves: a message that is left in a test of a dialplan neither runs the programs of voicemail.conf nor complains that no letter goes.
func TestNothingLeaves(t *testing.T) {
	told := filepath.Join(t.TempDir(), "told")
	etc := fstest.MapFS{
		"extensions.lua": {Data: []byte(`extensions = { internal = { ["700"] = function() app.VoiceMail("101", "s") end } }`)},
		"voicemail.conf": {Data: []byte("[general]\nformat = wav\nexternnotify = touch " + told + "\n[default]\n101 => 1,A,a@example.com\n")},
		"pjsip.conf":     {Data: []byte("[100]\ntype=endpoint\ncontext=internal\nallow=!all,ulaw\n")},
	}
	w, err := dialtest.NewWorld(dialtest.Setting{Etc: etc, Plugins: []fs.FS{plugins.FS}, Sounds: sound.NewLibrary([]fs.FS{sounds.FS}, 64<<20),
		Now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Call(dialtest.Calling{From: "100", To: "700"})
	if err == nil {
		err = w.Jump(w.Time().Add(10 * time.Second))
	}
	if err == nil {
		err = w.Hangup(id, "100")
	}
	if err == nil {
		err = w.Jump(w.Time().Add(10 * time.Second))
	}
	if err != nil {
		t.Fatal(err)
	}
	if fresh, _, _ := w.Mailbox(voicemail.Box{Context: "default", Name: "101"}); fresh != 1 {
		t.Errorf("%d messages", fresh)
	}
	for _, e := range w.Events(0) {
		if e.What == "error" || e.What == "log" {
			t.Error(e.What, e.Text)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(told); err == nil {
		t.Error("externnotify was run")
	}
}
