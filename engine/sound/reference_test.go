package sound

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// prompt is three seconds of one of ours.
var prompt = sync.OnceValue(func() *Clip {
	b, err := os.ReadFile("../../sounds/en/demo-congrats.opus")
	if err != nil {
		panic(err)
	}
	c, err := decodeOpus(b)
	if err != nil {
		panic(err)
	}
	return NewClip(c.rate, c.pcm[:3*c.rate])
})

// speech is prompt at rate Hz.
func speech(rate int) []int16 {
	if prompt().rate == rate {
		return prompt().pcm
	}
	v := newConverter(prompt().rate, rate)
	return v.end(v.add(nil, prompt().pcm))
}

func writeRaw(t *testing.T, file string, pcm []int16) string {
	t.Helper()
	if err := os.WriteFile(file, pcm16(pcm...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tool runs sox or ffmpeg; the test is skipped where it is not installed.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func decodeNamed(t *testing.T, file string) *Clip {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range formats {
		if filepath.Ext(file) == "."+f.extension {
			c, err := f.decode(b)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			return c
		}
	}
	t.Fatalf("%s: no such format", file)
	return nil
}

// by is what another program reads in file, as PCM at rate.
func by(t *testing.T, program, file string, from ...string) []int16 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.raw")
	if program == "sox" {
		args := slices.Concat([]string{"-D", "-V1"}, from, []string{file, "-t", "raw", "-e", "signed", "-b", "16", out})
		tool(t, "sox", args...)
	} else {
		args := slices.Concat([]string{"-v", "error"}, from, []string{"-i", file, "-f", "s16le", out})
		tool(t, "ffmpeg", args...)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	pcm, _ := decodePCM16(b, binary.LittleEndian)
	return pcm
}

// equal fails unless got and want are the same samples, but for less than block at the end.
func equal(t *testing.T, what string, got, want []int16, block int) {
	t.Helper()
	if d := len(got) - len(want); len(got) == 0 || d >= block || d <= -block {
		t.Errorf("%s: %d samples, want %d", what, len(got), len(want))
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("%s: sample %d is %d, want %d", what, i, got[i], want[i])
			return
		}
	}
}

// TestReadAsSox: files that sox wrote read as sox reads them, to the sample.
func TestReadAsSox(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		file   string
		rate   int
		format []string // that sox writes
		block  int
	}{
		{"8.wav", 8000, []string{"-t", "wav", "-e", "unsigned", "-b", "8"}, 1},
		{"16.wav", 8000, []string{"-t", "wav", "-e", "signed", "-b", "16"}, 1},
		{"24.wav", 16000, []string{"-t", "wav", "-e", "signed", "-b", "24"}, 1},
		{"32.wav", 16000, []string{"-t", "wav", "-e", "signed", "-b", "32"}, 1},
		{"float.wav", 16000, []string{"-t", "wav", "-e", "floating-point", "-b", "32"}, 1},
		{"stereo.wav", 8000, []string{"-t", "wav", "-c", "2"}, 1},
		{"u.wav", 8000, []string{"-t", "wav", "-e", "mu-law"}, 1},
		{"a.wav", 8000, []string{"-t", "wav", "-e", "a-law"}, 1},
		{"gsm.WAV", 8000, []string{"-t", "wav", "-e", "gsm-full-rate"}, 320},
		{"gsm.wav49", 8000, []string{"-t", "wav", "-e", "gsm-full-rate"}, 320},
		{"x.gsm", 8000, []string{"-t", "gsm"}, 160},
		{"x.ul", 8000, []string{"-t", "ul"}, 1},
		{"x.al", 8000, []string{"-t", "al"}, 1},
		{"u.au", 8000, []string{"-t", "au", "-e", "mu-law"}, 1},
		{"a.au", 8000, []string{"-t", "au", "-e", "a-law"}, 1},
		{"s.au", 16000, []string{"-t", "au", "-e", "signed", "-b", "16"}, 1},
		{"x.raw", 8000, []string{"-t", "raw", "-e", "signed", "-b", "16"}, 1},
	} {
		file := filepath.Join(dir, tt.file)
		source := writeRaw(t, file+".source", speech(tt.rate))
		raw := []string{"-t", "raw", "-r", strconv.Itoa(tt.rate), "-e", "signed", "-b", "16", "-c", "1"}
		tool(t, "sox", slices.Concat([]string{"-D", "-V1"}, raw, []string{source}, tt.format, []string{file})...)
		c := decodeNamed(t, file)
		if c.Rate() != tt.rate {
			t.Errorf("%s: %d Hz", tt.file, c.Rate())
		}
		var from []string
		switch tt.format[1] {
		case "raw":
			from = raw
		case "gsm", "ul", "al":
			from = append(tt.format[:2:2], "-r", "8000", "-c", "1")
		default:
			from = tt.format[:2]
		}
		want := by(t, "sox", file, from...)
		if strings.HasPrefix(tt.file, "stereo") {
			for i := range len(want) / 2 {
				want[i] = want[2*i]
			}
			want = want[:len(want)/2]
		}
		equal(t, tt.file, c.pcm, want, tt.block)
	}
}

// TestReadAsFFmpeg: so do ffmpeg's G.722 and GSM in WAV.
func TestReadAsFFmpeg(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.g722")
	source := writeRaw(t, file+".source", speech(16000))
	tool(t, "ffmpeg", "-v", "error", "-f", "s16le", "-ar", "16000", "-i", source, "-f", "g722", file)
	equal(t, "g722", decodeNamed(t, file).pcm, by(t, "ffmpeg", file, "-f", "g722"), 2)
	b, err := os.ReadFile("../../codecs/gsm/testdata/speech.wav49")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "x.WAV")
	if err := os.WriteFile(file, append(wav49Header(int64(len(b))), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	equal(t, "wav49", decodeNamed(t, file).pcm, by(t, "ffmpeg", file), 320)
}

// TestNarrow: a tone of 1 kHz at 192, 96 and 88.2 kHz is the same tone, as long and as loud, at 48 kHz.
func TestNarrow(t *testing.T) {
	for _, rate := range []int{192000, 96000, 88200, 64000} {
		pcm := make([]int16, rate/2+1)
		for i := range pcm {
			pcm[i] = int16(10000 * math.Sin(2*math.Pi*1000*float64(i)/float64(rate)))
		}
		c := narrow(NewClip(rate, pcm))
		if want := (len(pcm)*maxRate + rate - 1) / rate; c.rate != maxRate || len(c.pcm) != want {
			t.Errorf("%d Hz: %d samples at %d Hz, want %d", rate, len(c.pcm), c.rate, want)
		}
		for i, s := range c.pcm[100 : len(c.pcm)-100] {
			want := 10000 * math.Sin(2*math.Pi*1000*float64(i+100)/maxRate)
			if math.Abs(float64(s)-want) > 30 {
				t.Errorf("%d Hz: sample %d is %d, want %.0f", rate, i+100, s, want)
				break
			}
		}
	}
}

// fuzzDecoder checks that whatever the bytes, decoding ends in an error or in at most most samples for each byte.
func fuzzDecoder(f *testing.F, decode decoder, most int, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		c, err := decode(in)
		if !bytes.Equal(in, before) {
			t.Fatal("the file's bytes were changed")
		}
		if err != nil {
			return
		}
		if len(c.pcm) > most*len(in) || c.rate < 8000 || c.rate > maxRate {
			t.Fatalf("%d bytes became %d samples at %d Hz", len(in), len(c.pcm), c.rate)
		}
		again, err := decode(before)
		if err != nil || !slices.Equal(again.pcm, c.pcm) {
			t.Fatal("the same bytes became other samples")
		}
	})
}

func FuzzGSM(f *testing.F) {
	b, err := os.ReadFile("../../codecs/gsm/testdata/speech.gsm")
	if err != nil {
		f.Fatal(err)
	}
	fuzzDecoder(f, decodeGSM, 5, b[:330], append(append(b[:33:33], 0), b[33:99]...), nil)
}

func FuzzG722(f *testing.F) {
	fuzzDecoder(f, decodeG722, 2, []byte{1, 2, 3, 255}, nil)
}

func FuzzAU(f *testing.F) {
	header := ".snd\x00\x00\x00\x18\xff\xff\xff\xff\x00\x00\x00\x03\x00\x00\x1f\x40\x00\x00\x00\x01"
	fuzzDecoder(f, decodeAU, 1, []byte(header+"ab"), []byte(header+strings.Repeat("x", 99)), []byte("xy"))
}

func FuzzSln192(f *testing.F) {
	fuzzDecoder(f, sln(192000), 1, []byte{1, 2, 3}, make([]byte, 20000))
}
