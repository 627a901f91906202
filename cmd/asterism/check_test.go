package main

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"asterism/engine/config"
	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/sounds"

	"github.com/rs/zerolog"
)

// A reload tells each error once: what the load has said of a line is not found again, nor what follows from a plugin that does not load.
func TestDoubts(t *testing.T) {
	etc := fstest.MapFS{
		"pjsip.conf":      {Data: []byte("[alice]\ntype=endpoint\ncontext=internal\n")},
		"extensions.conf": {Data: []byte("[internal]\nexten => 1,1,Playbak(beep)\n same => n,NoOp(${CALERID(num)})\n same => n,Goto(nowhere)\n")},
		"extensions.lua":  {Data: []byte("extensions = { internal = {\n x = function()\n app.Own()\n app.Dial('PJSIP/bob')\n end } }")},
		"plugins/own.lua": {Data: []byte("return { applications = { Own = } }")},
	}
	snap, _ := config.Load(etc, config.LoadOptions{})
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Log: zerolog.Nop()})
	defer host.Close()
	_, problems := compiler(host, sound.NewLibrary([]fs.FS{sounds.FS}, 1))(etc, snap)
	want := map[string]int{"extensions.conf:2": 1, "extensions.conf:3": 1, "extensions.conf:4": 1, "extensions.lua:4": 1, "plugins/own.lua:1": 1}
	got := map[string]int{}
	for _, p := range problems {
		got[p.Pos.String()]++
	}
	for at, n := range want {
		if got[at] != n {
			t.Errorf("%s is told %d times, want %d", at, got[at], n)
		}
		delete(got, at)
	}
	for at := range got {
		t.Errorf("%s is told, too", at)
	}
	if t.Failed() {
		t.Log(problems)
	}
}
