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

// wavOfSizes is a WAV file whose header claims those sizes.
func wavOfSizes(riff, data uint32, samples ...int16) []byte {
	b := append(wavHeader(8000, 1, 0), pcm16(samples...)...)
	binary.LittleEndian.PutUint32(b[4:], riff)
	binary.LittleEndian.PutUint32(b[40:], data)
	return b
}

func floats(x ...float32) (b []byte) {
	for _, f := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
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
		{"a.wav", wav(1, 1, 8, 8000, []byte{0, 128, 255}), 8000, "[-32768 0 32512]"},
		{"a.wav", wav(1, 1, 24, 8000, []byte{9, 1, 2, 0, 0, 128, 7}), 8000, "[513 -32768]"},
		{"a.wav", wav(1, 2, 32, 8000, []byte{9, 9, 1, 0, 9, 9, 3, 0}), 8000, "[2]"},
		{"a.wav", wav(3, 1, 32, 8000, floats(0.5, -2, 1, float32(math.NaN()), float32(math.Inf(1)))), 8000, "[16384 -32768 32767 0 32767]"},
		{"a.wav", wavOfSizes(0, 0, 5, 6), 8000, "[5 6]"}, // Asterisk's, of a process that died
		{"a.wav", wavOfSizes(36, 0, 5, 6), 8000, "[]"},
		{"a.wav", wavOfSizes(math.MaxUint32, math.MaxUint32, 5, 6), 8000, "[5 6]"},
		{"a.sln8", pcm16(1), 8000, "[1]"},
		{"a.sln12", pcm16(1), 12000, "[1]"},
		{"a.sln24", pcm16(1), 24000, "[1]"},
		{"a.sln32", pcm16(1), 32000, "[1]"},
		{"a.ulw", []byte{0xff}, 8000, "[0]"},
		{"a.gsm", []byte{0xd0}, 8000, "[]"}, // half a frame
		{"a.wav49", wav(49, 1, 0, 8000, make([]byte, 64)), 8000, "[]"},
		{"a.g722", nil, 16000, "[]"},
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
		{"a.wav", wav(49, 2, 0, 8000, nil), "format 49 of 0 bits, 2 channels"},
		{"a.wav", wav(1, 1, 12, 8000, nil), "format 1 of 12 bits"},
		{"a.wav", append([]byte("RIFF\x00\x00\x00\x00WAVE"), bytes.Repeat([]byte("junk\x00\x00\x00\x00"), 1001)...), "no data among the first 1000 chunks"},
		{"a.gsm", make([]byte, 66), "none of its frames"},
		{"a.wav", wav(1, 1, 16, 4000, nil), "4000 Hz"},
		{"a.wav", wav(1, 1, 16, 192001, nil), "192001 Hz"},
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
	f.Add(wav(49, 1, 0, 8000, make([]byte, 70)))
	f.Add(wav(3, 2, 32, 96000, floats(1, 2, 3, -1)))
	f.Add(wav(1, 1, 24, 8000, make([]byte, 10)))
	f.Add(wavOfSizes(0, 0, 1))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := decodeWAV(bytes.Clone(in))
		if err != nil {
			return
		}
		if len(c.pcm) > 5*len(in) || c.rate < 8000 || c.rate > 48000 { // GSM: 320 samples from 65 bytes
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
