package opus

import (
	"bytes"
	"io"
	"os"
	"slices"
	"testing"
)

// readStream reads all of a file in pieces of size.
func readStream(file []byte, size int) ([]int16, error) {
	s, err := OpenOgg(bytes.NewReader(file), 16000)
	if err != nil {
		return nil, err
	}
	var all []int16
	buf := make([]int16, size)
	for {
		n, err := s.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// TestStreamIsDecodeOgg: piece by piece comes out what comes out at once.
func TestStreamIsDecodeOgg(t *testing.T) {
	for _, name := range []string{"testdata/silence-1s.opus", "../../sounds/moh/paper-lanterns.opus"} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := DecodeOgg(bytes.NewReader(file), 16000, 1<<22)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{160, 1000, 40000} {
			if got, err := readStream(file, size); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s in pieces of %d: %d samples, %v; want %d", name, size, len(got), err, len(want))
			}
		}
	}
}

// FuzzStream: whatever the file, a piece at a time ends, and what both ways of reading accept is the same sound.
func FuzzStream(f *testing.F) {
	file, err := os.ReadFile("testdata/silence-1s.opus")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		const most = 1 << 20
		if len(file) > 1<<16 {
			return
		}
		want, _, whole := DecodeOgg(bytes.NewReader(file), 16000, most)
		got, err := readStream(file, 997)
		if whole == nil && err == nil && len(got) >= len(want) && !slices.Equal(got[:len(want)], want) {
			t.Errorf("%d samples in pieces, %d at once, and not the same", len(got), len(want))
		}
		if whole == nil && err != nil {
			t.Errorf("read at once, but not in pieces: %v", err)
		}
	})
}
