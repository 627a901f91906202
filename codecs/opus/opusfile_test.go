//go:build !nolibopusfile

package opus

import (
	"bytes"
	"math"
	"os"
	"testing"

	"github.com/hraban/opus"
)

// Our reader against libopusfile: the same samples.
func TestAgainstOpusfile(t *testing.T) {
	for _, name := range []string{"beep", "demo-thanks", "digits/7"} {
		b, err := os.ReadFile("../../sounds/en/" + name + ".opus")
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := DecodeOgg(bytes.NewReader(b), 48000, math.MaxInt32)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := opus.NewStream(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var want []float32
		for buf := make([]float32, MaxFrame); ; {
			n, err := stream.ReadFloat32(buf)
			if err != nil {
				break
			}
			want = append(want, buf[:n]...)
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d samples, libopusfile has %d", name, len(got), len(want))
			continue
		}
		for i := range got {
			if d := float64(got[i]) - 32768*float64(want[i]); math.Abs(d) > 1 {
				t.Errorf("%s: sample %d is %d, libopusfile has %f", name, i, got[i], 32768*want[i])
				break
			}
		}
	}
}
