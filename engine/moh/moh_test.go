package moh

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"asterism/engine/config"
	"asterism/engine/sound"

	"github.com/rs/zerolog"
)

// conf parses musiconhold.conf.
func conf(t *testing.T, text string) *config.File {
	t.Helper()
	snap, problems := config.Load(fstest.MapFS{"musiconhold.conf": {Data: []byte(text)}}, config.LoadOptions{})
	for _, p := range problems {
		if p.Pos.File == "musiconhold.conf" {
			t.Fatal(p.Error())
		}
	}
	return snap.File("musiconhold.conf")
}

func TestLoad(t *testing.T) {
	classes, problems := Load(conf(t, `[general]
cachertclasses=yes
[default]
mode=files
directory=moh
[loud]
mode=files
directory=/srv/music
sort=random
[old]
mode=mp3
directory=/srv/mp3
[list]
mode=playlist
entry=/srv/a.wav
entry=beep
loop_last=yes
sort=sideways
announcement=hello
colour=red
[empty]
mode=files
[process]
mode=custom
application=/usr/bin/mpg123 -s
`))
	var names, found []string
	for _, c := range classes {
		names = append(names, c.Name)
	}
	for _, p := range problems {
		if !p.Warning || p.Want == "" {
			t.Errorf("%s: an error, or no word of what to write", p.Error())
		}
		found = append(found, p.Pos.String()+" "+p.What)
	}
	if got := strings.Join(names, " "); got != "default loud list" {
		t.Errorf("classes %s", got)
	}
	want := []string{
		`musiconhold.conf:11 class "old": mode=mp3: no program is run for music; the class is left out`,
		`musiconhold.conf:18 class "list": sort=sideways: alpha is taken`,
		`musiconhold.conf:19 class "list": announcement is without effect: all listeners hear the same music`,
		`musiconhold.conf:20 class "list": option "colour" is unknown`,
		`musiconhold.conf:21 class "empty": no directory; the class is left out`,
		`musiconhold.conf:24 class "process": mode=custom: no program is run for music; the class is left out`,
	}
	if !slices.Equal(found, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
	if c := classes[2]; !c.LoopLast || c.Sort != "alpha" || !slices.Equal(c.Entries, []string{"/srv/a.wav", "beep"}) {
		t.Errorf("%+v", c)
	}
	if classes, _ := Load(nil); len(classes) != 1 || classes[0].Name != Default {
		t.Errorf("without a file: %+v", classes)
	}
}

// level writes a WAV of n samples of one value.
func level(t *testing.T, path string, value int16, n int) {
	t.Helper()
	var b bytes.Buffer
	if err := sound.WriteWAV(&b, rate, slices.Repeat([]int16{value}, n)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// heard is what a list plays, a digit a 10 ms, the pieces before it changes told once.
func heard(p *playlist, ms int) string {
	var out strings.Builder
	pcm := make([]int16, rate/100)
	for range ms / 10 {
		for n := 0; n < len(pcm); {
			got, err := p.Read(pcm[n:])
			if err != nil {
				return err.Error()
			}
			n += got
			if got == 0 {
				clear(pcm[n:])
				break
			}
		}
		digit := string('0' + rune(pcm[0]/1000))
		if !strings.HasSuffix(out.String(), digit) {
			out.WriteString(digit)
		}
	}
	return out.String()
}

func TestPlaylist(t *testing.T) {
	data := t.TempDir()
	for i, name := range []string{"b.wav", "a one.wav", "c.wav"} {
		level(t, filepath.Join(data, "moh", name), int16(i+1)*1000, 1600)
	}
	level(t, filepath.Join(data, "moh", "b.wav16"), 4000, 1600) // wide band comes before b.wav
	for _, text := range []string{"not sound", "RIFF"} {
		if err := os.WriteFile(filepath.Join(data, "moh", text+".wav"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "moh", "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		class Class
		want  string
	}{
		{"alphabetical, for ever, broken files left out", Class{Mode: "files", Directory: "moh"}, "243243"},
		{"absolute", Class{Mode: "files", Directory: filepath.Join(data, "moh")}, "243243"},
		{"the last one loops", Class{Mode: "files", Directory: "moh", LoopLast: true}, "243"},
		{"entries", Class{Mode: "playlist", Entries: []string{data + "/moh/c", data + "/moh/b.wav", data + "/gone", "http://example.com/x"}}, "313131"},
		{"built in", Class{Mode: "files", Directory: "other"}, "7"},
		{"nothing", Class{Mode: "files", Directory: "nowhere"}, "0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var wav bytes.Buffer
			if err := sound.WriteWAV(&wav, rate, slices.Repeat([]int16{7000}, 1600)); err != nil {
				t.Fatal(err)
			}
			p := &playlist{class: tt.class, cfg: Config{Data: []string{data}, BuiltIn: fstest.MapFS{"other/x.wav": {Data: wav.Bytes()}}, Log: zerolog.Nop()}}
			if got := heard(p, 600); got != tt.want {
				t.Errorf("heard %s, want %s", got, tt.want)
			}
		})
	}
	for _, sort := range []string{"random", "randstart"} {
		p := &playlist{class: Class{Mode: "files", Directory: "moh", Sort: sort}, cfg: Config{Data: []string{data}, Log: zerolog.Nop()}}
		got := strings.Split(heard(p, 300), "")
		slices.Sort(got)
		if strings.Join(slices.Compact(got), "") != "234" && sort == "random" {
			t.Errorf("%s: %v", sort, got)
		}
	}
}

func TestConfigureKeepsClasses(t *testing.T) {
	c := New(Config{Log: zerolog.Nop()})
	before, ok := c.Music("DEFAULT")
	if !ok {
		t.Fatal("no default class")
	}
	c.Configure([]Class{{Name: "default", Mode: "files", Directory: "moh", Sort: "alpha"}, {Name: "b", Mode: "files", Directory: "x", Sort: "alpha"}})
	if after, _ := c.Music("default"); after != before {
		t.Error("a class that did not change was made anew")
	}
	b, _ := c.Music("b")
	c.Configure([]Class{{Name: "b", Mode: "files", Directory: "y", Sort: "alpha"}})
	if after, _ := c.Music("b"); after == b {
		t.Error("a class with another directory was kept")
	}
	if _, ok := c.Music("default"); ok {
		t.Error("a class that is no more is found")
	}
	if s := c.Show(); len(s) != 1 || s[0].Problem == "" {
		t.Errorf("%+v", s)
	}
}
