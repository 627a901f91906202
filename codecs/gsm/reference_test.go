package gsm

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"asterism/codecs/codectest"
	"asterism/codecs/opus"
	"asterism/sounds"
)

// raw is how sox is told of our PCM.
var raw = []string{"-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1"}

// TestAgainstLibgsm compares every bit with libgsm, through sox: the signals and some seconds of speech in one stream, both
// packings, and random frames for the decoder. (ffmpeg's own decoder was compared too: the same, until something saturates.)
func TestAgainstLibgsm(t *testing.T) {
	tool, err := exec.LookPath("sox")
	if err != nil {
		t.Skip("sox is not installed")
	}
	if help, _ := exec.Command(tool, "--help").CombinedOutput(); !bytes.Contains(help, []byte(" gsm ")) {
		t.Skip("sox knows no gsm: libsox-fmt-base is not installed")
	}
	var pcm []int16
	for _, s := range signals {
		pcm = append(pcm, s.PCM...)
	}
	for _, name := range []string{"demo-congrats", "vm-goodbye", "digits/7"} {
		pcm = append(pcm, prompt(t, name)...)
	}
	pcm = pcm[:len(pcm)/(2*FrameSamples)*2*FrameSamples]
	sox := func(in []byte, from, to []string) []byte {
		dir := t.TempDir()
		source, result := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := os.WriteFile(source, in, 0o600); err != nil {
			t.Fatal(err)
		}
		args := append(append(append(append([]string{"-D", "-V1"}, from...), source), to...), result)
		if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return codectest.Read(t, result)
	}
	file := []string{"-t", "gsm", "-r", "8000", "-c", "1"}

	code := encode(t, pcm)
	same(t, "code", code, sox(codectest.Octets(pcm), raw, file))

	wav := sox(codectest.Octets(pcm), raw, []string{"-t", "wav", "-e", "gsm-full-rate"})
	pairs := encodePairs(t, pcm)
	if at := bytes.Index(wav, []byte("data")) + 8; at < 8 || len(wav) < at+len(pairs) {
		t.Errorf("sox wrote a WAV file of %d bytes", len(wav))
	} else {
		same(t, "code in pairs", pairs, wav[at:at+len(pairs)])
	}
	same(t, "decoded pairs", codectest.Octets(decodePairs(t, pairs)), sox(wav, []string{"-t", "wav"}, raw))

	for i := range 500 * FrameSize {
		b := byte(codectest.Random(i))
		if i%FrameSize == 0 {
			b = b&0x0F | signature<<4
		}
		code = append(code, b)
	}
	same(t, "decoded", codectest.Octets(decode(t, code)), sox(code, file, raw))
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d bytes, libgsm has %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: byte %d of %d is %02x, libgsm has %02x", what, i, len(got), got[i], want[i])
			return
		}
	}
}

func prompt(t *testing.T, name string) []int16 {
	t.Helper()
	b, err := fs.ReadFile(sounds.FS, "en/"+name+".opus")
	if err != nil {
		t.Fatal(err)
	}
	pcm, _, err := opus.DecodeOgg(bytes.NewReader(b), SampleRate, math.MaxInt32)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}
