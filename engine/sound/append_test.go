package sound

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

// TestAppend: the second recording follows the first; the first is untouched, the second reads as it would alone but for a
// coder's first moments.
func TestAppend(t *testing.T) {
	for _, k := range kinds {
		root := openRoot(t)
		pcm := speech(k.rate)
		half := len(pcm) / 2 / k.block * k.block
		name := "x." + k.extension
		closed(t, record(t, root, name, RecordOptions{Rate: k.rate, Append: true}, pcm[:half])) // there is nothing yet
		first := decodeNamed(t, filepath.Join(root.Name(), name))
		r := record(t, root, name, RecordOptions{Rate: k.rate, Append: true}, pcm[half:])
		if now := decodeNamed(t, filepath.Join(root.Name(), name)); !slices.Equal(now.pcm, first.pcm) {
			t.Errorf("%s: the file changed before it was closed", k.extension)
		}
		closed(t, r)
		c := decodeNamed(t, filepath.Join(root.Name(), name))
		if want := (len(pcm) + k.block - 1) / k.block * k.block; len(c.pcm) != want {
			t.Errorf("%s: %d samples, want %d", k.extension, len(c.pcm), want)
			continue
		}
		if !slices.Equal(c.pcm[:half], first.pcm) {
			t.Errorf("%s: the first half changed", k.extension)
		}
		if math.IsInf(k.snr, 1) && !slices.Equal(c.pcm, pcm) {
			t.Errorf("%s: other samples", k.extension)
		}
		settled := half + k.rate/10
		if got := snrDelayed(c.pcm[settled:], pcm[settled:]); !math.IsInf(k.snr, 1) && got < k.snr-5 {
			t.Errorf("%s: the second half after 0.1 s: %.1f dB, want %.0f", k.extension, got, k.snr)
		}
	}
}

// TestAppendToOthers: a file of another program's goes on after its sound, whatever chunks surround it; one of another format stays as it is.
func TestAppendToOthers(t *testing.T) {
	tail := append(wav(1, 1, 16, 8000, pcm16(1, 2)), "LIST\x04\x00\x00\x00abcd"...)
	for _, tt := range []struct {
		name string
		in   []byte
		want string // "": cannot be appended to
	}{
		{"x.wav", wav(1, 1, 16, 8000, pcm16(1, 2)), "[1 2 3]"},
		{"x.wav", tail, "[1 2 3]"},
		{"x.wav", append(wav(1, 1, 16, 8000, pcm16(1, 2)), 7), "[1 2 3]"},
		{"x.wav", wavOfSizes(0, 0, 1, 2), "[1 2 3]"},
		{"x.sln", []byte{1, 0, 2}, "[1 3]"},
		{"x.wav", wav(1, 1, 16, 16000, pcm16(1, 2)), ""},
		{"x.wav", wav(1, 2, 16, 8000, pcm16(1, 2)), ""},
		{"x.wav", wav(1, 1, 24, 8000, pcm16(1, 2)), ""},
		{"x.wav", wav(7, 1, 8, 8000, pcm16(1, 2)), ""},
		{"x.WAV", wav(1, 1, 16, 8000, pcm16(1, 2)), ""},
		{"x.wav", nil, ""},
		{"x.wav", []byte("no sound at all"), ""},
	} {
		root := openRoot(t)
		if err := root.WriteFile(tt.name, tt.in, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Create(root, tt.name, RecordOptions{Rate: 8000, Append: true})
		if tt.want == "" {
			if b, _ := root.ReadFile(tt.name); err == nil || !bytes.Equal(b, tt.in) || filesOf(t, root) != tt.name {
				t.Errorf("%s: %v, file of %d bytes, there is %s", tt.name, err, len(b), filesOf(t, root))
			}
			continue
		}
		if err == nil {
			err = errors.Join(r.Write([]int16{3}), r.Close())
		}
		if err != nil {
			t.Error(err)
		} else if got := fmt.Sprint(decodeNamed(t, filepath.Join(root.Name(), tt.name)).pcm); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// FuzzAppend: whatever is in the file, appending either leaves it as it is, or keeps what it reads as and adds to that.
func FuzzAppend(f *testing.F) {
	f.Add(wav(1, 1, 16, 8000, pcm16(1, 2)), false)
	f.Add(wavOfSizes(0, 0, 1, 2), false)
	f.Add(append(wav49Header(65), make([]byte, 66)...), true)
	f.Fuzz(func(t *testing.T, in []byte, wav49 bool) {
		root := openRoot(t)
		name := "x.wav"
		if wav49 {
			name = "x.WAV"
		}
		if err := root.WriteFile(name, in, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Create(root, name, RecordOptions{Rate: 8000, Append: true})
		if err != nil {
			if b, _ := root.ReadFile(name); !bytes.Equal(b, in) || filesOf(t, root) != name {
				t.Fatal("a file that cannot be appended to changed")
			}
			return
		}
		if err := errors.Join(r.Write(make([]int16, 320)), r.Close()); err != nil {
			t.Fatal(err)
		}
		b, _ := root.ReadFile(name)
		after, err := decodeWAV(b)
		if err != nil {
			t.Fatal(err)
		}
		before, err := decodeWAV(in)
		if err != nil || len(after.pcm) != len(before.pcm)+320 || !slices.Equal(after.pcm[:len(before.pcm)], before.pcm) {
			t.Fatalf("%d samples, then %d (%v)", len(before.pcm), len(after.pcm), err)
		}
	})
}
