package audio

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const rate = 8000

func mix(parts ...[]int16) []int16 {
	out := slices.Clone(parts[0])
	for _, p := range parts[1:] {
		for i := range out {
			out[i] = int16((int(out[i]) + int(p[i])) / 2)
		}
	}
	return out
}

func noise(d time.Duration, peak int) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, samples(d, rate))
	for i := range pcm {
		pcm[i] = int16(r.IntN(2*peak+1) - peak)
	}
	return pcm
}

func TestHears(t *testing.T) {
	law := slices.Clone(Sine(rate, 620, 0, time.Second))
	for i, v := range law {
		law[i] = DecodeULaw(EncodeULaw(v))
	}
	tests := []struct {
		name   string
		pcm    []int16
		freq   float64
		hears  bool
		silent bool
	}{
		{"the tone itself", Sine(rate, 440, 0, time.Second), 440, true, false},
		{"another tone", Sine(rate, 440, 0, time.Second), 620, false, true},
		{"through µ-law", law, 620, true, false},
		{"through µ-law, another", law, 770, false, true},
		{"both of two", mix(Sine(rate, 440, 0, time.Second), Sine(rate, 950, 0, time.Second)), 950, true, false},
		{"noise", noise(time.Second, 8000), 440, false, true},
		{"silence", make([]int16, rate), 440, false, true},
		{"nothing", nil, 440, false, true},
		{"too short", append(Sine(rate, 440, 0, 250*time.Millisecond), make([]int16, rate)...), 440, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, level := Hears(tt.pcm, rate, tt.freq, 500*time.Millisecond); got != tt.hears {
				t.Errorf("Hears = %v (%v), want %v", got, level, tt.hears)
			}
			if got, level := Silent(tt.pcm, rate, tt.freq); got != tt.silent {
				t.Errorf("Silent = %v (%v), want %v", got, level, tt.silent)
			}
		})
	}
}

func TestMeasureLevel(t *testing.T) {
	if l := Measure(Sine(rate, 440, 0, time.Second), rate, 440); l.DBFS < -6.2 || l.DBFS > -5.8 {
		t.Errorf("half-scale sine measures %v, want -6 dBFS", l)
	}
}

func TestG711(t *testing.T) {
	for v := -32768; v < 32768; v += 7 {
		for name, got := range map[string]int16{"µ": DecodeULaw(EncodeULaw(int16(v))), "A": DecodeALaw(EncodeALaw(int16(v)))} {
			bound := abs(v)/16 + 20
			if abs(v) > 32000 {
				bound += 700 // both laws clip
			}
			if d := int(got) - v; abs(d) > bound {
				t.Fatalf("%s-law of %d comes back as %d", name, v, got)
			}
		}
	}
	// G.711 tables: µ-law silence is 0xFF, A-law silence 0xD5; full scale 0x80 and 0xAA.
	for _, tt := range []struct{ got, want byte }{{EncodeULaw(0), 0xff}, {EncodeALaw(0), 0xd5}, {EncodeULaw(32767), 0x80}, {EncodeALaw(32767), 0xaa}} {
		if tt.got != tt.want {
			t.Errorf("got %#x, want %#x", tt.got, tt.want)
		}
	}
}

func abs(v int) int { return max(v, -v) }

func TestContains(t *testing.T) {
	clip := noise(300*time.Millisecond, 9000)
	heard := append(make([]int16, 1234), clip...)
	heard = append(heard, make([]int16, 500)...)
	for i, v := range heard {
		heard[i] = DecodeALaw(EncodeALaw(v / 2))
	}
	if c, at := Contains(heard, clip); c < 0.95 || at != 1234 {
		t.Errorf("correlation %.3f at %d, want > 0.95 at 1234", c, at)
	}
	if c, _ := Contains(Sine(rate, 440, 0, time.Second), clip); c > 0.3 {
		t.Errorf("a tone is taken for the clip: %.3f", c)
	}
}

func TestWAV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	want := Sine(rate, 440, 0, 100*time.Millisecond)
	if err := WriteWAV(path, rate, want); err != nil {
		t.Fatal(err)
	}
	got, r, err := ReadWAV(path, 10)
	if err != nil || r != rate || !slices.Equal(got, want[10:]) {
		t.Errorf("got %d samples at %d Hz, %v", len(got), r, err)
	}
}

func TestKeys(t *testing.T) {
	var pcm []int16
	for _, key := range []byte("159*0#D7") {
		pcm = append(pcm, KeyTone(key, 8000, 800)...)
		pcm = append(pcm, make([]int16, 480)...)
	}
	if got := Keys(pcm, 8000); got != "159*0#D7" {
		t.Errorf("%q", got)
	}
	if got := Keys(Sine(8000, 770, 0, 1e9), 8000); got != "" {
		t.Errorf("%q in one tone", got)
	}
}
