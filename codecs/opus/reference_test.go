package opus

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"testing"
)

// TestAgainstFFmpeg reads prompts as ffmpeg does: container, pre-skip, end and gain are its own, the packets' decoder is libopus.
func TestAgainstFFmpeg(t *testing.T) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	for _, name := range []string{"beep", "demo-thanks", "digits/7"} {
		path := "../../sounds/en/" + name + ".opus"
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := DecodeOgg(bytes.NewReader(b), 48000, math.MaxInt32)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tool, "-v", "error", "-nostdin", "-c:a", "libopus", "-i", path, "-f", "s16le", "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(out)/2 {
			t.Errorf("%s: %d samples, ffmpeg has %d", name, len(got), len(out)/2)
			continue
		}
		for i := range got {
			if want := int16(binary.LittleEndian.Uint16(out[2*i:])); got[i] != want {
				t.Errorf("%s: sample %d is %d, ffmpeg has %d", name, i, got[i], want)
				break
			}
		}
	}
}
