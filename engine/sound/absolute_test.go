package sound

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAbsolute(t *testing.T) {
	sounds := fstest.MapFS{"en/beep.ulaw": one(1), "plain.ulaw": one(2), "custom/en/x.ulaw": one(3)}
	spool := fstest.MapFS{
		"monitor/a.ulaw":     one(11),
		"monitor/de/a.ulaw":  one(12),
		"monitor/en/b.ulaw":  one(13),
		"monitor/de/c.ulaw":  one(14),
		"top.ulaw":           one(15),
		"de/monitor/a.ulaw":  one(99), // where a relative name would have it
		"custom/monitor/e.x": one(99),
	}
	lib := New(Config{Roots: []fs.FS{sounds}, Folders: []Folder{{"/data/sounds/", sounds}, {"/spool", spool}}, SearchCustom: true, MaxCacheBytes: 1000})
	for _, tt := range []struct {
		name, lang string
		samples    int // 0: there is no such file; -1: it must not be opened
	}{
		{"/spool/monitor/a", "", 11},
		{"/spool/monitor/a", "de_CH", 12},
		{"/spool/monitor/a", "fr", 11},
		{"/spool/monitor/b", "fr", 13}, // the default language in the end
		{"/spool/monitor/c", "de", 14},
		{"/spool/monitor/c", "en", 0},
		{"/spool/top", "de", 15},
		{"/data/sounds/beep", "en", 1},
		{"/data/sounds/en/beep", "de", 1},
		{"/data/sounds/plain", "de", 2},
		{"/data/soundsen/beep", "en", -1},
		{"/spool", "", -1},
		{"/spool/", "", -1},
		{"/", "", -1},
		{"/spool//monitor/a", "", -1},
		{"/spool/../spool/monitor/a", "", -1},
		{"/spool/monitor/../monitor/a", "", -1},
		{"/spool/./monitor/a", "", -1},
		{"//spool/monitor/a", "", -1},
		{"/etc/passwd", "", -1},
		{"/etc/" + strings.Repeat("x", 1000), "", -1},
		{"/spool/monitor/a\x00", "", -1},
		{"/spool/monitor/a", "../de", 11},
	} {
		c, err := lib.Open(tt.name, tt.lang)
		got := 0
		if err == nil {
			got = len(c.pcm)
		} else if !errors.Is(err, fs.ErrNotExist) {
			got = -1
			if len(err.Error()) > 400 {
				t.Errorf("%q: an error of %d bytes", tt.name[:20], len(err.Error()))
			}
		}
		if got != tt.samples || lib.Has(tt.name, tt.lang) != (tt.samples > 0) {
			t.Errorf("%q in %q: %d samples (%v), want %d; has: %v", tt.name, tt.lang, got, err, tt.samples, lib.Has(tt.name, tt.lang))
		}
	}
}

func TestSearchCustom(t *testing.T) {
	site := fstest.MapFS{
		"en/custom/a.ulaw": one(1), "en/a.ulaw": one(2), "de/a.ulaw": one(3), "en/b.ulaw": one(4),
		"custom/c.ulaw": one(5), "de/c.ulaw": one(6),
	}
	for _, tt := range []struct {
		custom     bool
		name, lang string
		samples    int
	}{
		{true, "a", "en", 1},
		{true, "a", "de", 1}, // custom in any language before the name itself
		{true, "b", "en", 4},
		{true, "c", "de", 5},
		{true, "custom/a", "en", 1},
		{false, "a", "en", 2},
		{false, "a", "de", 3},
		{false, "c", "de", 6},
	} {
		lib := New(Config{Roots: []fs.FS{site}, SearchCustom: tt.custom})
		if c, err := lib.Open(tt.name, tt.lang); err != nil || len(c.pcm) != tt.samples {
			t.Errorf("%s in %s, custom %v: %v %v, want %d samples", tt.name, tt.lang, tt.custom, c, err, tt.samples)
		}
	}
}

// TestLinks: what somebody puts into the spool leads out of it neither by a link to a file nor by one to a folder.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"spool/real", "out"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"out/secret.ulaw", "spool/real/mine.ulaw"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte{1}, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"file.ulaw": "../out/secret.ulaw", "folder": "../out", "absolute.ulaw": dir + "/out/secret.ulaw", "en": "/", "inside": "real"} {
		if err := os.Symlink(to, filepath.Join(dir, "spool", link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir + "/spool")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	lib := New(Config{Folders: []Folder{{dir + "/spool", root.FS()}}})
	for name, want := range map[string]bool{"file": false, "folder/secret": false, "absolute": false, "inside/mine": true, "real/mine": true} {
		c, err := lib.Open(dir+"/spool/"+name, "")
		if (err == nil) != want || lib.Has(dir+"/spool/"+name, "") != want {
			t.Errorf("%s: %v %v", name, c, err)
		}
	}
}

func FuzzAbsolute(f *testing.F) {
	f.Add("/spool/monitor/a", "/spool")
	f.Add("/spool/../a", "/spool/")
	f.Add("/a", "/")
	f.Fuzz(func(t *testing.T, name, dir string) {
		lib := New(Config{Folders: []Folder{{dir, fstest.MapFS{}}}})
		shelves, err := lib.shelves(name)
		if err != nil {
			return
		}
		for _, s := range shelves {
			p := s.path("de_CH")
			if filepath.IsAbs(name) && (!fs.ValidPath(p) || !strings.HasSuffix(name, "/"+s.name)) {
				t.Fatalf("%q beneath %q is looked for in %q", name, dir, p)
			}
		}
	})
}
