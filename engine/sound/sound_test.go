package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// wav makes a WAV file with the given fields of its format.
func wav(tag, channels, bits uint16, rate uint32, data []byte) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt "), 16, 0, 0, 0)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, channels)
	b = le.AppendUint32(b, rate)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, bits)
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data"...) // a chunk of odd length is padded
	b = le.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func pcm16(samples ...int16) (b []byte) {
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func read(t *testing.T, c *Clip) []int16 {
	t.Helper()
	var all []int16
	buf := make([]int16, 3)
	for r := c.Reader(); ; {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormats(t *testing.T) {
	cut := wav(1, 1, 16, 8000, pcm16(1, 2, 3))
	extensible := wav(wavExtensible, 1, 16, 8000, nil)
	extensible = append(append(extensible[:16:16], 40, 0, 0, 0), extensible[20:36]...)
	extensible = append(extensible, 22, 0, 16, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113)
	extensible = append(append(extensible, "data\x02\x00\x00\x00"...), 9, 0)
	tests := []struct {
		file string
		in   []byte
		rate int
		want string
	}{
		{"a.wav", wav(1, 1, 16, 8000, pcm16(1, -2, 32767)), 8000, "[1 -2 32767]"},
		{"a.wav", wav(1, 2, 16, 44100, pcm16(10, 20, -32768, -32768)), 44100, "[15 -32768]"},
		{"a.wav", wav(7, 1, 8, 8000, []byte{0xff, 0x00, 0x80}), 8000, "[0 -32124 32124]"},
		{"a.wav", wav(6, 1, 8, 16000, []byte{0xd5, 0x55, 0xaa}), 16000, "[8 -8 32256]"},
		{"a.wav16", wav(1, 1, 16, 16000, pcm16(7)), 16000, "[7]"},
		{"a.wav", extensible, 8000, "[9]"},
		{"a.wav", cut[:len(cut)-3], 8000, "[1]"}, // a recording cut short
		{"a.ulaw", []byte{0xff, 0x00}, 8000, "[0 -32124]"},
		{"a.alaw", []byte{0xd5, 0xaa}, 8000, "[8 32256]"},
		{"a.sln", pcm16(1, 2), 8000, "[1 2]"},
		{"a.sln16", pcm16(1, 2), 16000, "[1 2]"},
		{"a.sln44", pcm16(1, 2), 44100, "[1 2]"},
		{"a.sln48", append(pcm16(1, 2), 9), 48000, "[1 2]"},
		{"a.au", append([]byte(".snd\x00\x00\x00\x18\xff\xff\xff\xff\x00\x00\x00\x03\x00\x00\x1f\x40\x00\x00\x00\x01"), 1, 2), 8000, "[258]"},
		{"a.au", append([]byte(".snd\x00\x00\x00\x18\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x1f\x40\x00\x00\x00\x01"), 0, 0), 8000, "[-32124]"},
		{"a.au", []byte{0xff}, 8000, "[0]"},
	}
	for _, tt := range tests {
		lib := NewLibrary([]fs.FS{fstest.MapFS{tt.file: {Data: tt.in}}}, 1000)
		c, err := lib.Open("a", "")
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if got := fmt.Sprint(read(t, c)); got != tt.want || c.Rate() != tt.rate || c.Reader().Rate() != tt.rate {
			t.Errorf("%s: %s at %d Hz, want %s at %d", tt.file, got, c.Rate(), tt.want, tt.rate)
		}
	}
}

func TestFormatErrors(t *testing.T) {
	tests := []struct {
		file string
		in   []byte
		err  string
	}{
		{"a.wav", []byte("RIFF"), "no RIFF/WAVE header"},
		{"a.wav", []byte("RIFF\x00\x00\x00\x00WAVE"), "no data chunk"},
		{"a.wav", []byte("RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00"), "data before its format"},
		{"a.wav", []byte("RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00\x01\x00"), "format chunk too short"},
		{"a.wav", wav(49, 1, 0, 8000, nil), "GSM; convert it"},
		{"a.wav", wav(1, 1, 24, 8000, nil), "format 1 of 24 bits"},
		{"a.wav", wav(1, 1, 16, 4000, nil), "4000 Hz"},
		{"a.wav", wav(1, 1, 16, 96000, nil), "96000 Hz"},
		{"a.wav", wav(1, 6, 16, 8000, nil), "neither mono nor stereo"},
		{"a.wav", wav(1, 0, 16, 8000, nil), "neither mono nor stereo"},
		{"a.opus", []byte("OggS"), "ends inside a page header"},
		{"a.au", []byte(".snd\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x03\x00\x00\x1f\x40\x00\x00\x00\x01"), "data at 4294967295"},
		{"a.au", []byte(".snd\x00\x00\x00\x18\xff\xff\xff\xff\x00\x00\x00\x09\x00\x00\x1f\x40\x00\x00\x00\x01"), "encoding 9"},
	}
	for _, tt := range tests {
		lib := NewLibrary([]fs.FS{fstest.MapFS{tt.file: {Data: tt.in}}}, 1000)
		if _, err := lib.Open("a", ""); err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), tt.file) {
			t.Errorf("%s: %v, want %q", tt.file, err, tt.err)
		} else if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a broken file counts as none: %v", tt.file, err)
		}
	}
}

// one is a sound file that can be told apart by its length.
func one(n int) *fstest.MapFile { return &fstest.MapFile{Data: make([]byte, n)} }

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
	if want := `sound "gone": no such file in 2 folders of sounds, as language de_CH, de, (none), en, in any format (wav16 `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s…", err, want)
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

func TestClip(t *testing.T) {
	c := NewClip(8000, make([]int16, 12000))
	if c.Duration() != 1500*time.Millisecond {
		t.Error(c.Duration())
	}
	r := c.Reader()
	buf := make([]int16, 7000)
	for _, want := range []int{7000, 5000, 0} {
		if n, err := r.Read(buf); n != want || (err == io.EOF) != (want == 0) {
			t.Errorf("%d, %v, want %d", n, err, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { r.pos = 0; _, _ = r.Read(buf) }); n != 0 {
		t.Errorf("%v allocations a read", n)
	}
}

func TestWriteWAV(t *testing.T) {
	var b bytes.Buffer
	pcm := []int16{0, 1, -1, math.MaxInt16, math.MinInt16}
	if err := WriteWAV(&b, 16000, pcm); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 44+10 || binary.LittleEndian.Uint32(b.Bytes()[4:]) != 36+10 {
		t.Errorf("%d bytes, RIFF says %d", b.Len(), binary.LittleEndian.Uint32(b.Bytes()[4:]))
	}
	c, err := decodeWAV(b.Bytes())
	if err != nil || c.Rate() != 16000 || fmt.Sprint(c.pcm) != fmt.Sprint(pcm) {
		t.Errorf("%+v %v", c, err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(1, 2, 16, 8000, pcm16(1, 2, 3, 4)))
	f.Add(wav(7, 1, 8, 48000, []byte{1, 2, 3}))
	f.Add(wav(0xfffe, 1, 16, 8000, nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := decodeWAV(bytes.Clone(in))
		if err != nil {
			return
		}
		if len(c.pcm) > len(in) || c.rate < 8000 || c.rate > 48000 {
			t.Fatalf("%d bytes became %d samples at %d Hz", len(in), len(c.pcm), c.rate)
		}
		var b bytes.Buffer // what is read writes and reads the same
		if err := WriteWAV(&b, c.rate, c.pcm); err != nil {
			t.Fatal(err)
		}
		again, err := decodeWAV(b.Bytes())
		if err != nil || again.rate != c.rate || len(again.pcm) != len(c.pcm) {
			t.Fatalf("written again: %+v %v", again, err)
		}
		for i := range c.pcm {
			if c.pcm[i] != again.pcm[i] {
				t.Fatalf("sample %d: %d, written again %d", i, c.pcm[i], again.pcm[i])
			}
		}
	})
}

func FuzzOpus(f *testing.F) {
	if b, err := os.ReadFile("../../sounds/en/beep.opus"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := decodeOpus(in)
		if err == nil && (len(c.pcm) > maxSamples || c.rate < 8000 || c.Duration() < 0) {
			t.Fatalf("%d samples at %d Hz", len(c.pcm), c.rate)
		}
	})
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
