package gsm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"testing"

	"asterism/codecs/codectest"
)

var signals = codectest.Signals(SampleRate, 2)

// golden are the beginnings of the SHA-256 of what libgsm 1.0.22 (toast, untoast and sox) makes of the signals: frames, pairs
// for WAV, and the frames decoded.
var golden = map[string][3]string{
	"tone":                {"4927a16c20c86ce8", "b1608bb4046fdad6", "2b69ea689df85dee"},
	"sweep":               {"f879b2789cc4abe0", "f0a8871a77dd7973", "43fc41b6d44d8f5f"},
	"noise":               {"fc3ec8c606918f1c", "2f85bd92aa489618", "14bada03a30086e6"},
	"faint noise":         {"42c77670a05f0df5", "987c409d2681f589", "5abf7c8ab22c27a3"},
	"noise at full level": {"122c3ec3a3121471", "d129abf2c3b21df9", "831575a4ba6214a6"},
	"noise in bursts":     {"1ab970ccb0050a38", "8f13e4f192f8f061", "ccea7ef24cd7fce6"},
	"overload":            {"4be301c836af444a", "9d059119d670e904", "d7c9f898b1a4076d"},
	"silence":             {"b25ffc39f9cf3076", "6c30555fead949b4", "a3bef29f7935b066"},
}

func encode(t testing.TB, pcm []int16) []byte {
	t.Helper()
	code := make([]byte, len(pcm)/FrameSamples*FrameSize)
	if n, err := NewEncoder().Encode(code, pcm); n != len(code) || err != nil {
		t.Fatal(n, err)
	}
	return code
}

func decode(t testing.TB, code []byte) []int16 {
	t.Helper()
	pcm := make([]int16, len(code)/FrameSize*FrameSamples)
	if n, err := NewDecoder().Decode(pcm, code); n != len(pcm) || err != nil {
		t.Fatal(n, err)
	}
	return pcm
}

func encodePairs(t testing.TB, pcm []int16) []byte {
	t.Helper()
	code := make([]byte, len(pcm)/(2*FrameSamples)*PairSize)
	if n, err := NewEncoder().EncodePairs(code, pcm); n != len(code) || err != nil {
		t.Fatal(n, err)
	}
	return code
}

func decodePairs(t testing.TB, code []byte) []int16 {
	t.Helper()
	pcm := make([]int16, len(code)/PairSize*2*FrameSamples)
	if n, err := NewDecoder().DecodePairs(pcm, code); n != len(pcm) || err != nil {
		t.Fatal(n, err)
	}
	return pcm
}

func TestGolden(t *testing.T) {
	short := func(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:16] }
	for _, s := range signals {
		frames, pairs := encode(t, s.PCM), encodePairs(t, s.PCM)
		for i, got := range []string{short(frames), short(pairs), short(codectest.Octets(decode(t, frames)))} {
			if want := golden[s.Name][i]; got != want {
				t.Errorf("%s: %s is %s, want %s", s.Name, []string{"code", "code in pairs", "sound"}[i], got, want)
			}
		}
		if !bytes.Equal(codectest.Octets(decodePairs(t, pairs)), codectest.Octets(decode(t, frames))) {
			t.Errorf("%s: pairs decode differently", s.Name)
		}
	}
}

// TestGoldenSpeech has the vectors themselves, to see where a difference begins.
func TestGoldenSpeech(t *testing.T) {
	pcm := codectest.Samples(codectest.Read(t, "testdata/speech.pcm"))
	frames, pairs := codectest.Read(t, "testdata/speech.gsm"), codectest.Read(t, "testdata/speech.wav49")
	for _, tt := range []struct {
		name      string
		got, want []byte
	}{{"frames", encode(t, pcm), frames}, {"pairs", encodePairs(t, pcm), pairs}} {
		for i := range tt.want {
			if tt.got[i] != tt.want[i] {
				t.Fatalf("%s: byte %d is %02x, want %02x", tt.name, i, tt.got[i], tt.want[i])
			}
		}
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(codectest.Octets(decode(t, frames))))[:16]; got != "50429ff5eb52585a" {
		t.Errorf("decoded %s", got)
	}
}

// TestQuality: the sound comes back at once, as far as 13 kbit/s carry it.
func TestQuality(t *testing.T) {
	for _, tt := range []struct {
		name string
		pcm  []int16
		dB   float64
	}{{"speech", codectest.Samples(codectest.Read(t, "testdata/speech.pcm")), 8}, {"tone", codectest.Find(t, signals, "tone"), 15}} {
		got := decode(t, encode(t, tt.pcm))
		signal, noise := 0.0, 1.0
		for i, x := range tt.pcm {
			signal += float64(x) * float64(x)
			noise += (float64(got[i]) - float64(x)) * (float64(got[i]) - float64(x))
		}
		if dB := 10 * math.Log10(signal/noise); dB < tt.dB {
			t.Errorf("%s: signal to noise %.1f dB, want %.0f", tt.name, dB, tt.dB)
		}
	}
}

func TestConform(t *testing.T) {
	codectest.Conform(t, codectest.Coder{
		Encoder: func() codectest.Encoder { return NewEncoder() }, Decoder: func() codectest.Decoder { return NewDecoder() }, Samples: SampleRate / 50,
	}, signals)
}

func TestSizes(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	encodes := []func([]byte, []int16) (int, error){e.Encode, e.EncodePairs}
	decodes := []func([]int16, []byte) (int, error){d.Decode, d.DecodePairs}
	for i, tt := range []struct{ samples, size int }{{FrameSamples, FrameSize}, {2 * FrameSamples, PairSize}} {
		good := make([]byte, 2*tt.size)
		good[0], good[tt.size] = signature<<4, signature<<4
		if _, err := encodes[i](good, make([]int16, tt.samples+1)); !errors.Is(err, ErrLength) {
			t.Error(err)
		}
		if _, err := encodes[i](make([]byte, tt.size-1), make([]int16, tt.samples)); !errors.Is(err, ErrShortBuffer) {
			t.Error(err)
		}
		if _, err := decodes[i](make([]int16, 2*tt.samples), good[:tt.size+1]); !errors.Is(err, ErrLength) {
			t.Error(err)
		}
		if _, err := decodes[i](make([]int16, 2*tt.samples-1), good); !errors.Is(err, ErrShortBuffer) {
			t.Error(err)
		}
		if n, err := decodes[i](nil, nil); n != 0 || err != nil {
			t.Error(n, err)
		}
	}
	bad := make([]byte, 2*FrameSize)
	bad[0] = signature << 4 // the second frame has none
	if n, err := d.Decode(make([]int16, 2*FrameSamples), bad); n != 0 || !errors.Is(err, ErrSignature) {
		t.Error(n, err)
	}
	if *e != *NewEncoder() || *d != *NewDecoder() {
		t.Error("a refusal changed the state")
	}
}

func TestAllocs(t *testing.T) {
	e, d, pcm, code, out := NewEncoder(), NewDecoder(), voiced()[:2*FrameSamples], make([]byte, 2*FrameSize), make([]int16, 2*FrameSamples)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = e.Encode(code, pcm)
		_, _ = d.Decode(out, code)
		_, _ = e.EncodePairs(code, pcm)
		_, _ = d.DecodePairs(out, code[:PairSize])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecode: any bits decode to whole frames, in both packings alike, and pack again to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add(make([]byte, FrameSize))
	f.Add(bytes.Repeat([]byte{0xFF}, 2*FrameSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		pairs := b[:len(b)/PairSize*PairSize]
		frames := make([]byte, 0, 2*FrameSize*len(pairs)/PairSize)
		for at := 0; at < len(pairs); at += PairSize {
			var p [2]parameters
			var packed [PairSize]byte
			var single [FrameSize]byte
			unpackPair((*[PairSize]byte)(pairs[at:]), &p[0], &p[1])
			packPair(&packed, &p[0], &p[1])
			if !bytes.Equal(packed[:], pairs[at:at+PairSize]) {
				t.Fatal("a pair changed when packed again")
			}
			for i := range p {
				p[i].pack(&single)
				var back parameters
				if back.unpack(&single); back != p[i] {
					t.Fatal("a frame changed when packed again")
				}
				frames = append(frames, single[:]...)
			}
		}
		if !bytes.Equal(codectest.Octets(decodePairs(t, pairs)), codectest.Octets(decode(t, frames))) {
			t.Fatal("pairs and frames sound different")
		}
		out := make([]int16, len(b)/FrameSize*FrameSamples)
		if n, err := NewDecoder().Decode(out, b); (err == nil) != (n == len(out) && len(b)%FrameSize == 0) || (err != nil && n != 0) {
			t.Fatal(n, err)
		}
	})
}

// FuzzRoundTrip: whatever was coded, encoder and decoder rebuild the same residual with the same filter, and the sound did not
// grow beyond bound.
func FuzzRoundTrip(f *testing.F) {
	f.Add(codectest.Octets(voiced()[:800]))
	f.Add(codectest.Octets(codectest.Find(f, signals, "overload")[:800]))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm := codectest.Samples(b)
		pcm = pcm[:len(pcm)/FrameSamples*FrameSamples]
		e, d := NewEncoder(), NewDecoder()
		code, out := make([]byte, len(pcm)/FrameSamples*FrameSize), make([]int16, len(pcm))
		_, errE := e.Encode(code, pcm)
		n, errD := d.Decode(out, code)
		if n != len(pcm) || errE != nil || errD != nil {
			t.Fatal(n, errE, errD)
		}
		if [maxLag]int16(e.dp[:]) != [maxLag]int16(d.drp[:]) || e.lar != d.lar {
			t.Fatal("encoder and decoder differ")
		}
		in, sum := 0.0, 0.0
		for i := range pcm {
			in += float64(pcm[i]) * float64(pcm[i])
			sum += float64(out[i]) * float64(out[i])
		}
		if limit := 8*in + 1e4*float64(len(pcm)); sum > limit {
			t.Fatalf("energy %.0f came back as %.0f", in, sum)
		}
	})
}
