package opus

import (
	"bytes"
	"math"
	"os/exec"
	"strings"
	"testing"
)

// voiceFile is a file of so many pages of a tone.
func voiceFile(t *testing.T, pages int) (file []byte, pcm []int16) {
	t.Helper()
	v, err := NewVoiceEncoder()
	if err != nil {
		t.Fatal(err)
	}
	pcm = make([]int16, pages*VoicePageSamples)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/VoiceRate))
	}
	file = VoiceHead()
	if len(file) != VoiceHeadSize {
		t.Fatalf("the head has %d bytes, not %d", len(file), VoiceHeadSize)
	}
	body := make([]byte, pages*VoicePageSize)
	n, err := v.Encode(body, pcm)
	if err != nil || n != len(body) {
		t.Fatalf("%d bytes of %d, %v", n, len(body), err)
	}
	return append(file, body...), pcm
}

// TestVoice: what was written is read again, as long as it was, also when it breaks off after a page.
func TestVoice(t *testing.T) {
	file, pcm := voiceFile(t, 20)
	for name, text := range map[string][]byte{"whole": append(bytes.Clone(file), VoiceEnd(20)...), "cut": file} {
		got, rate, err := DecodeOgg(bytes.NewReader(text), VoiceRate, 1<<20)
		if err != nil || rate != VoiceRate {
			t.Fatalf("%s: %v, %d Hz", name, err, rate)
		}
		if missing := len(pcm) - len(got); missing < 0 || missing > VoiceRate/100 {
			t.Errorf("%s: %d samples, want %d", name, len(got), len(pcm))
		}
		var both, mine, theirs float64
		for i := VoiceRate / 10; i < len(got); i++ {
			both += float64(pcm[i]) * float64(got[i])
			mine += float64(pcm[i]) * float64(pcm[i])
			theirs += float64(got[i]) * float64(got[i])
		}
		if like := both / math.Sqrt(mine*theirs); like < 0.95 {
			t.Errorf("%s: like what was said by %.3f", name, like)
		}
	}
}

// TestVoiceElsewhere: another program reads it without a complaint.
func TestVoiceElsewhere(t *testing.T) {
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("ffprobe is missing; install the package ffmpeg")
	}
	file, _ := voiceFile(t, 20)
	cmd := exec.Command("ffprobe", "-v", "warning", "-show_entries", "stream=codec_name,channels:format=duration", "-of", "csv=p=0", "-i", "-")
	cmd.Stdin = bytes.NewReader(append(file, VoiceEnd(20)...))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "opus,1\n") || strings.Count(string(out), "\n") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}
