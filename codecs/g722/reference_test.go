package g722

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

// TestAgainstFFmpeg compares every bit with ffmpeg's coder, which is a work of its own: the signals and some seconds of speech in
// one stream, with random bytes appended for the decoders. ffmpeg's encoder runs without its trellis search, as it does unless
// told otherwise; with it, it chooses other codes. It does not limit the sub-bands as the Recommendation does, so that its code
// for "overload" is its own; ours is the ITU-T's (see golden).
func TestAgainstFFmpeg(t *testing.T) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	var pcm []int16
	for _, s := range signals {
		if s.Name != "overload" {
			pcm = append(pcm, s.PCM...)
		}
	}
	for _, name := range []string{"demo-congrats", "vm-goodbye", "digits/7"} {
		pcm = append(pcm, prompt(t, name)...)
	}
	pcm = pcm[:len(pcm)&^1]
	code := encode(t, pcm)
	theirs := run(t, tool, codectest.Octets(pcm), "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "IN", "-c:a", "g722", "-f", "g722", "OUT")
	same(t, "code", code, theirs)

	code = append(code, encode(t, codectest.Find(t, signals, "overload"))...)
	code = append(code, codectest.Octets(codectest.Find(t, signals, "noise at full level"))...)
	theirs = run(t, tool, code, "-f", "g722", "-i", "IN", "-f", "s16le", "OUT")
	same(t, "decoded", codectest.Octets(decode(t, code)), theirs)
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, ffmpeg has %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d of %d is %02x, ffmpeg has %02x", what, i, len(got), got[i], want[i])
		}
	}
}

// run writes in to a file, runs the tool with IN and OUT replaced by paths, and returns what it wrote.
func run(t *testing.T, tool string, in []byte, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	source, result := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(source, in, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		switch a {
		case "IN":
			args[i] = source
		case "OUT":
			args[i] = result
		}
	}
	if out, err := exec.Command(tool, append([]string{"-v", "error", "-nostdin", "-threads", "1"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", tool, args, err, out)
	}
	return codectest.Read(t, result)
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
