package sounds_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"asterism/engine/sound"
	"asterism/sounds"
)

// Every prompt that is built in can be found, and is a sound of some length that is not all silence.
func TestEveryPromptPlays(t *testing.T) {
	lib := sound.NewLibrary([]fs.FS{sounds.FS}, 1<<20)
	n := 0
	err := fs.WalkDir(sounds.FS, "en", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		name := strings.TrimSuffix(strings.TrimPrefix(file, "en/"), path.Ext(file))
		clip, err := lib.Open(name, "en")
		if err != nil {
			t.Error(err)
			return nil
		}
		if s, ok := strings.CutPrefix(name, "silence/"); ok {
			if want, _ := time.ParseDuration(s + "s"); (clip.Duration() - want).Abs() > time.Millisecond {
				t.Errorf("%s is %v long", name, clip.Duration())
			}
			return nil
		}
		if d := clip.Duration(); d < 80*time.Millisecond || d > 30*time.Second {
			t.Errorf("%s is %v long", name, d)
		}
		if loudest(clip) < 3000 {
			t.Errorf("%s is silent: loudest sample %d", name, loudest(clip))
		}
		return nil
	})
	if err != nil || n < 700 {
		t.Errorf("%d prompts: %v", n, err)
	}
}

// prompts.tsv and the folder name the same prompts, each with a wording.
func TestPromptsListed(t *testing.T) {
	text, err := os.ReadFile("prompts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, wording, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if wording == "" || listed[name] {
			t.Errorf("prompts.tsv: %q has no wording, or is there twice", name)
		}
		listed[name] = true
		if _, err := fs.Stat(sounds.FS, "en/"+name+".opus"); err != nil {
			t.Errorf("prompts.tsv: %s is not recorded: %v", name, err)
		}
	}
	files := 0
	_ = fs.WalkDir(sounds.FS, "en", func(file string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			files++
		}
		return nil
	})
	if files+1 != len(listed) { // vm-Old is vm-old too
		t.Errorf("%d recordings, %d wordings", files, len(listed))
	}
}

func loudest(c *sound.Clip) (top int) {
	pcm := make([]int16, 4096)
	for r := c.Reader(); ; {
		n, err := r.Read(pcm)
		for _, s := range pcm[:n] {
			top = max(top, int(s), -int(s))
		}
		if err != nil {
			return top
		}
	}
}

// The hold music that is built in can be read to its end, and is small.
func TestMusicPlays(t *testing.T) {
	names, err := sound.List(sounds.FS, "moh", 16000)
	if err != nil || len(names) != 3 {
		t.Fatal(names, err)
	}
	var bytes int64
	for _, name := range names {
		info, err := fs.Stat(sounds.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		bytes += info.Size()
		s, err := sound.OpenStream(sounds.FS, name, 16000)
		if err != nil {
			t.Fatal(err)
		}
		samples, top := 0, 0
		for pcm := make([]int16, 4096); err == nil; {
			var n int
			n, err = s.Read(pcm)
			for _, x := range pcm[:n] {
				top = max(top, int(x), -int(x))
			}
			samples += n
		}
		if !errors.Is(err, io.EOF) || samples < 60*16000 || top < 3000 {
			t.Errorf("%s: %d samples, loudest %d: %v", name, samples, top, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if bytes > 1<<20 {
		t.Errorf("%d bytes of music", bytes)
	}
}
