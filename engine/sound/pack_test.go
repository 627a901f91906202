package sound

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// TestDefaultLanguage: where a caller's language has no recording, the site's default one is asked before English.
func TestDefaultLanguage(t *testing.T) {
	site := fstest.MapFS{"de/beep.ulaw": one(1), "fr/beep.ulaw": one(2), "plain.ulaw": one(3), "de/plain.ulaw": one(4)}
	ours := fstest.MapFS{"en/beep.ulaw": one(11), "en/vm.ulaw": one(12)}
	lib := New(Config{Roots: []fs.FS{site, ours}, Language: "de", MaxCacheBytes: 1000})
	for _, tt := range []struct {
		name, lang string
		samples    int
	}{
		{"beep", "", 1}, {"beep", "es", 1}, {"beep", "fr_CA", 2}, {"beep", "en_GB", 11}, {"vm", "de", 12}, {"vm", "es", 12}, {"plain", "en", 3}, {"plain", "de", 4},
	} {
		if c, err := lib.Open(tt.name, tt.lang); err != nil || len(c.pcm) != tt.samples {
			t.Errorf("%s in %q: %v, %v; want %d samples", tt.name, tt.lang, c, err, tt.samples)
		}
	}
}

// TestOldPrefix: languageprefix=no finds digits/de/1, and what has its language in front.
func TestOldPrefix(t *testing.T) {
	site := fstest.MapFS{"digits/de/1.ulaw": one(1), "digits/1.ulaw": one(2), "de/beep.ulaw": one(3), "custom/de/x.ulaw": one(4)}
	ours := fstest.MapFS{"en/digits/2.ulaw": one(12)}
	lib := New(Config{Roots: []fs.FS{site, ours}, OldPrefix: true, SearchCustom: true, MaxCacheBytes: 1000})
	for _, tt := range []struct {
		name, lang string
		samples    int
	}{
		{"digits/1", "de_AT", 1}, {"digits/1", "fr", 2}, {"digits/2", "de", 12}, {"beep", "de", 3}, {"x", "de", 4},
	} {
		if c, err := lib.Open(tt.name, tt.lang); err != nil || len(c.pcm) != tt.samples {
			t.Errorf("%s in %q: %v, %v; want %d samples", tt.name, tt.lang, c, err, tt.samples)
		}
	}
}

// TestDebianPack: Debian's asterisk-core-sounds-en-gsm and -wav bring a folder en_US_f_Allison, and `en` is a link to one of its alternatives.
func TestDebianPack(t *testing.T) {
	pack, alternatives, gsm := t.TempDir(), t.TempDir(), append([]byte{0xD0}, make([]byte, 32)...)
	for name, content := range map[string][]byte{"en_US_f_Allison/digits/1.gsm": gsm, "en_US_f_Allison/beep.gsm": gsm,
		"en_US_f_Allison/beep.ulaw": one(7).Data} {
		file := filepath.Join(pack, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(old, new string) {
		if err := os.Symlink(old, new); err != nil {
			t.Fatal(err)
		}
	}
	link(filepath.Join(pack, "en_US_f_Allison"), filepath.Join(alternatives, "asterisk-prompt-en"))
	link(filepath.Join(alternatives, "asterisk-prompt-en"), filepath.Join(pack, "en"))
	ours := fstest.MapFS{"en/beep.ulaw": one(11), "en/vm.ulaw": one(12), "en/digits/1.ulaw": one(13)}
	lib := NewLibrary([]fs.FS{os.DirFS(pack), ours}, 1<<20)
	for name, samples := range map[string]int{"beep": 7, "vm": 12, "digits/1": 160} {
		for _, lang := range []string{"en", "en_GB", "en_US_f_Allison", ""} {
			if c, err := lib.Open(name, lang); err != nil || len(c.pcm) != samples {
				t.Errorf("%s in %q: %v, %v; want %d samples", name, lang, c, err, samples)
			}
		}
	}
}
