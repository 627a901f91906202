package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func TestLookUp(t *testing.T) {
	site := fstest.MapFS{
		"en/beep.ulaw":          one(1),
		"de/hello.ulaw":         one(2),
		"de_CH/gruezi.ulaw":     one(3),
		"plain.ulaw":            one(4),
		"en/both.ulaw":          one(5),
		"en/both.sln16":         one(12),
		"en/dir.ulaw/x":         one(1),
		"en/a.b/c-d_e+1.2.ulaw": one(7),
	}
	built := fstest.MapFS{
		"en/beep.ulaw":   one(101),
		"en/vm.ulaw":     one(102),
		"de/beep.ulaw":   one(103),
		"en/plain.ulaw":  one(104),
		"en/dir.alaw":    one(105),
		"digits/1.ulaw":  one(106),
		"en_GB/tea.ulaw": one(107),
	}
	lib := NewLibrary([]fs.FS{site, built}, 1<<20)
	for _, tt := range []struct {
		name, lang string
		samples    int
	}{
		{"beep", "en", 1},      // the site's before ours
		{"beep", "de", 103},    // the language before the root
		{"beep", "de_CH", 103}, // regions are stripped
		{"beep", "", 1},        // no language: en in the end
		{"beep", "fr", 1},
		{"hello", "de_CH", 2},
		{"hello", "en", 0},
		{"gruezi", "de_CH", 3},
		{"gruezi", "de", 0},
		{"vm", "de", 102},
		{"plain", "de", 4}, // no language before the default one
		{"plain", "en", 104},
		{"both", "en", 6},  // wide-band before narrow-band
		{"dir", "en", 105}, // a folder is no sound
		{"digits/1", "en", 106},
		{"tea", "en_GB_oed", 107},
		{"tea", "en", 0},
		{"a.b/c-d_e+1.2", "en", 7},
		{"beep", "../de", 1}, // a language that is no file name is none
		{"beep", "de/..", 1},
	} {
		c, err := lib.Open(tt.name, tt.lang)
		got := 0
		if err == nil {
			got = len(c.pcm)
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s in %q: %v", tt.name, tt.lang, err)
		}
		if got != tt.samples || lib.Has(tt.name, tt.lang) != (tt.samples > 0) {
			t.Errorf("%s in %q: %d samples, want %d; has: %v", tt.name, tt.lang, got, tt.samples, lib.Has(tt.name, tt.lang))
		}
	}
	_, err := lib.Open("gone", "de_CH")
	if want := `sound "gone": no such file in 2 folders of sounds, as language de_CH, de, (none), en, in any format (sln192 `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s…", err, want)
	}
}

func TestByCost(t *testing.T) {
	order := func(rate int) string {
		names := make([]string, 0, len(formats))
		for _, f := range byCost(rate) {
			names = append(names, f.extension)
		}
		return strings.Join(names, " ")
	}
	const narrow = "wav sln sln8 slin raw ulaw ul ulw mu pcm au alaw al alw"
	for _, tt := range []struct {
		rate int
		want string
	}{
		{8000, narrow + " sln12 wav16 sln16 g722 sln24 sln32 sln44 sln48 opus ogg sln96 sln192 WAV wav49 gsm"},
		{16000, "wav16 sln16 g722 sln24 sln32 sln44 sln48 opus ogg sln96 sln192 sln12 " + narrow + " WAV wav49 gsm"},
		{48000, "sln48 opus ogg sln96 sln192 sln44 sln32 sln24 wav16 sln16 g722 sln12 " + narrow + " WAV wav49 gsm"},
	} {
		if got := order(tt.rate); got != tt.want {
			t.Errorf("at %d Hz: %s, want %s", tt.rate, got, tt.want)
		}
	}
	lib := NewLibrary([]fs.FS{fstest.MapFS{"a.ulaw": one(1), "a.sln16": one(4), "a.gsm": one(0), "en/b.gsm": one(33), "b.ulaw": one(9)}}, 1000)
	for rate, samples := range map[int]int{8000: 1, 16000: 2, 48000: 6} {
		if c, err := lib.OpenAt("a", "", rate); err != nil || len(c.pcm) != samples {
			t.Errorf("at %d Hz: %v %v", rate, c, err)
		}
	}
}

func TestNames(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(root+"/secret.ulaw", []byte{1}, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root+"/sounds", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret.ulaw", root+"/sounds/link.ulaw"); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenRoot(root + "/sounds")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lib := NewLibrary([]fs.FS{r.FS()}, 1000)
	for _, name := range []string{
		"", "/", "/etc/passwd", "../secret", "x/../../secret", "./x", "x/.", "x//y", "x/", "..", "...", "x\x00", "x y", "x\\..\\y",
		"%2e%2e/secret", "x;y", "${EXTEN}", "é", "x:y", "x|y", "~root", strings.Repeat("x", 65), strings.Repeat("x/", 8) + "x",
		strings.Repeat("../", 1000) + "secret", "link",
	} {
		if _, err := lib.Open(name, "en"); err == nil || lib.Has(name, "en") {
			t.Errorf("%q opened", name)
		} else if len(err.Error()) > 700 {
			t.Errorf("%q: an error of %d bytes", name[:20], len(err.Error()))
		}
	}
}

func TestCache(t *testing.T) {
	files := fstest.MapFS{"a.ulaw": one(100), "b.ulaw": one(100), "c.ulaw": one(100), "big.ulaw": one(1000)}
	lib := NewLibrary([]fs.FS{files}, 400) // two of 200 bytes
	open := func(name string) *Clip {
		t.Helper()
		c, err := lib.Open(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if lib.bytes > 400 || lib.used.Len() != len(lib.cache) {
			t.Fatalf("cache of %d bytes, %d in order, %d by name", lib.bytes, lib.used.Len(), len(lib.cache))
		}
		return c
	}
	a, b := open("a"), open("b")
	if open("a") != a || open("b") != b {
		t.Error("decoded again although cached")
	}
	open("a")
	open("c") // b was unused the longest
	if open("a") != a {
		t.Error("a fell out")
	}
	if open("b") == b {
		t.Error("b stayed")
	}
	if first, second := open("big"), open("big"); first == second {
		t.Error("more than the bound is cached")
	}
	if first, second := open("b"), open("b"); first != second {
		t.Error("one that does not fit threw others out")
	}
	a = open("a")
	files["a.ulaw"] = &fstest.MapFile{Data: make([]byte, 100), ModTime: time.Unix(1, 0)}
	if open("a") == a {
		t.Error("a file that was saved again still plays as before")
	}
}

func TestManyAtOnce(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 20 {
		files[fmt.Sprintf("%d.ulaw", i)] = one(100 + i)
	}
	lib := NewLibrary([]fs.FS{files}, 1000)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				n := (i*7 + g) % 20
				if c, err := lib.Open(fmt.Sprint(n), "en"); err != nil || len(c.pcm) != 100+n {
					t.Error(n, err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzName(f *testing.F) {
	f.Add("digits/1")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) == nil && (!fs.ValidPath(name+".wav") || !fs.ValidPath("en/"+name) || strings.ContainsAny(name, "\\\x00\n")) {
			t.Fatalf("%q passes for a name", name)
		}
	})
}

func TestPromptNames(t *testing.T) {
	lib := NewLibrary([]fs.FS{
		fstest.MapFS{"en/beep.wav": {}, "en/digits/1.ogg": {}, "de_CH/beep.ulaw": {}, "en/README.md": {}, "hello.wav": {}},
		fstest.MapFS{"en/beep.gsm": {}, "custom/own.wav": {}},
	}, 1)
	if got := strings.Join(lib.Names(), " "); got != "beep custom/own digits/1 hello" {
		t.Error(got)
	}
}
