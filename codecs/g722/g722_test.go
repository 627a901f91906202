package g722

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"asterism/codecs/codectest"
)

var signals = codectest.Signals(SampleRate, 1)

// golden are the beginnings of the SHA-256 of what the ITU-T's reference coder (G.191) makes of the signals, code and decoded.
// ffmpeg 5.1 makes the same, but for the code of "overload".
var golden = map[string][2]string{
	"tone":                {"13fca2bf582b4002", "8457fefbe1b2f760"},
	"sweep":               {"e98ecefedd5a1049", "9043bae57077099b"},
	"noise":               {"76a8fcec3dd5ece2", "ae1602c7a9d0259c"},
	"faint noise":         {"4f238300b555b7ef", "5424fe335788baef"},
	"noise at full level": {"a5f578ffeb75104c", "b7385eac5cf7ccd5"},
	"noise in bursts":     {"c10a4a5240b0c9d3", "f29a64ae231a0d67"},
	"overload":            {"eead362ae287c14e", "728493474e16767c"},
	"silence":             {"9c0b9b2330c2fa6b", "67f04dfd3801f7a0"},
}

func encode(t testing.TB, pcm []int16) []byte {
	t.Helper()
	code := make([]byte, len(pcm)/2)
	if n, err := NewEncoder().Encode(code, pcm); n != len(code) || err != nil {
		t.Fatal(n, err)
	}
	return code
}

func decode(t testing.TB, code []byte) []int16 {
	t.Helper()
	pcm := make([]int16, 2*len(code))
	if n, err := NewDecoder().Decode(pcm, code); n != len(pcm) || err != nil {
		t.Fatal(n, err)
	}
	return pcm
}

func TestGolden(t *testing.T) {
	short := func(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:16] }
	for _, s := range signals {
		code := encode(t, s.PCM)
		if got, want := short(code), golden[s.Name][0]; got != want {
			t.Errorf("%s: code %s, want %s", s.Name, got, want)
		}
		if got, want := short(codectest.Octets(decode(t, code))), golden[s.Name][1]; got != want {
			t.Errorf("%s: decoded %s, want %s", s.Name, got, want)
		}
	}
}

// TestGoldenSpeech has the vectors themselves, to see where a difference begins.
func TestGoldenSpeech(t *testing.T) {
	code, want := encode(t, codectest.Samples(codectest.Read(t, "testdata/speech.pcm"))), codectest.Read(t, "testdata/speech.g722")
	for i := range want {
		if code[i] != want[i] {
			t.Fatalf("byte %d is %02x, want %02x", i, code[i], want[i])
		}
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(codectest.Octets(decode(t, want))))[:16]; got != "655215d8d567d72a" {
		t.Errorf("decoded %s", got)
	}
}

// TestQuality: the decoded sound is the sound, 22 samples later.
func TestQuality(t *testing.T) {
	for _, tt := range []struct {
		name string
		pcm  []int16
		dB   float64
	}{
		{"speech", codectest.Samples(codectest.Read(t, "testdata/speech.pcm")), 20},
		{"tone", codectest.Find(t, signals, "tone"), 34},
		{"noise", codectest.Find(t, signals, "noise"), 10},
	} {
		if got := snr(tt.pcm, decode(t, encode(t, tt.pcm))[ahead:]); got < tt.dB {
			t.Errorf("%s: signal to noise %.1f dB, want %.0f", tt.name, got, tt.dB)
		}
	}
}

// snr compares got with want from the beginning, as far as both go, in dB.
func snr(want, got []int16) float64 {
	signal, noise := 0.0, 1.0
	for i := range min(len(want), len(got)) {
		signal += float64(want[i]) * float64(want[i])
		noise += (float64(got[i]) - float64(want[i])) * (float64(got[i]) - float64(want[i]))
	}
	return 10 * math.Log10(signal/noise)
}

func TestConform(t *testing.T) {
	codectest.Conform(t, codectest.Coder{
		Encoder: func() codectest.Encoder { return NewEncoder() }, Decoder: func() codectest.Decoder { return NewDecoder() }, Samples: SampleRate / 50,
	}, signals)
}

func TestSizes(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	if _, err := e.Encode(make([]byte, 2), make([]int16, 3)); !errors.Is(err, ErrOddSamples) {
		t.Error(err)
	}
	if _, err := e.Encode(make([]byte, 1), make([]int16, 4)); !errors.Is(err, ErrShortBuffer) {
		t.Error(err)
	}
	if _, err := d.Decode(make([]int16, 3), make([]byte, 2)); !errors.Is(err, ErrShortBuffer) {
		t.Error(err)
	}
	if *e != *NewEncoder() || !reflect.DeepEqual(d, NewDecoder()) {
		t.Error("a refusal changed the state")
	}
	if n, err := d.Decode(nil, nil); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestAllocs(t *testing.T) {
	e, d, pcm, code, out := NewEncoder(), NewDecoder(), chord(), make([]byte, 160), make([]int16, 320)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = e.Encode(code, pcm)
		_, _ = d.Decode(out, code)
		d.Conceal(out)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// FuzzDecode: any bytes fill twice as many samples, the same however they are cut into packets.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0, 0xFF, 0x55, 0x20, 0x04}, uint16(2))
	f.Add(bytes.Repeat([]byte{0x20, 0x04}, 300), uint16(333))
	f.Fuzz(func(t *testing.T, code []byte, at uint16) {
		whole := decode(t, code)
		cut := int(at) % (len(code) + 1)
		d, parts := NewDecoder(), make([]int16, len(whole))
		a, errA := d.Decode(parts, code[:cut])
		b, errB := d.Decode(parts[a:], code[cut:])
		if a+b != len(whole) || errA != nil || errB != nil || !slices.Equal(parts, whole) {
			t.Fatalf("cut at %d: %d and %d samples, %v, %v", cut, a, b, errA, errB)
		}
	})
}

// FuzzRoundTrip: whatever was coded, encoder and decoder end in one state, and the sound did not grow beyond bound.
func FuzzRoundTrip(f *testing.F) {
	f.Add(codectest.Octets(chord()))
	f.Add(codectest.Octets(codectest.Find(f, signals, "overload")[:640]))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm := codectest.Samples(b)
		pcm = pcm[:len(pcm)&^1]
		e, d := NewEncoder(), NewDecoder()
		code, out := make([]byte, len(pcm)/2), make([]int16, len(pcm))
		_, errE := e.Encode(code, pcm)
		n, errD := d.Decode(out, code)
		if n != len(pcm) || errE != nil || errD != nil {
			t.Fatal(n, errE, errD)
		}
		if e.low != d.low || e.high != d.high {
			t.Fatal("encoder and decoder differ")
		}
		in, sum := 0.0, 0.0
		for i := range pcm {
			in += float64(pcm[i]) * float64(pcm[i])
			sum += float64(out[i]) * float64(out[i])
		}
		if limit := 2*in + 1000*float64(len(pcm)+100); sum > limit {
			t.Fatalf("energy %.0f came back as %.0f", in, sum)
		}
	})
}
