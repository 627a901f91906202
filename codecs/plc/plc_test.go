package plc

import (
	"fmt"
	"math"
	"testing"
)

func tone(rate int, freq, level float64) []int16 {
	pcm := make([]int16, rate)
	for i := range pcm {
		pcm[i] = int16(level * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)))
	}
	return pcm
}

func peak(pcm []int16) (most int) {
	for _, s := range pcm {
		most = max(most, int(s), -int(s))
	}
	return most
}

// step is the longest way from one sample to the next.
func step(pcm []int16) (most int) {
	for i := 1; i < len(pcm); i++ {
		most = max(most, int(pcm[i])-int(pcm[i-1]), int(pcm[i-1])-int(pcm[i]))
	}
	return most
}

var rates = []int{8000, 11025, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000}

// TestPeriodic: of a periodic sound the first 10 ms lost come back nearly as they were, and nothing jumps anywhere.
func TestPeriodic(t *testing.T) {
	for _, rate := range rates {
		for _, freq := range []float64{70, 125, 233, 390} {
			t.Run(fmt.Sprintf("%.0f Hz at %d", freq, rate), func(t *testing.T) {
				c, want, frame := New(rate), tone(rate, freq, 8000), rate/50
				got := make([]int16, len(want))
				copy(got, want)
				var gap, off float64
				for n := 0; (n+1)*frame <= len(got); n++ {
					f := got[n*frame:][:frame]
					if n%7 != 5 {
						c.Heard(f)
						continue
					}
					c.Fill(f)
					for i := range frame / 2 {
						w := float64(want[n*frame+i])
						gap += w * w
						off += (float64(f[i]) - w) * (float64(f[i]) - w)
					}
				}
				if dB := 10 * math.Log10(gap/(off+1)); dB < 12 {
					t.Errorf("%.1f dB above the error", dB)
				}
				if g, w := step(got), step(want); g > 2*w+8 {
					t.Errorf("steps of %d, the tone has %d", g, w)
				}
			})
		}
	}
}

// TestFades: full level at once, nothing after 60 ms, no sound out of nothing, and Reset forgets.
func TestFades(t *testing.T) {
	for _, rate := range rates {
		c, out := New(rate), make([]int16, rate/50)
		c.Fill(out)
		if p := peak(out); p != 0 {
			t.Errorf("%d Hz: %d out of nothing", rate, p)
		}
		c.Heard(tone(rate, 440, 8000))
		for n, limits := range [][2]int{{7000, 9000}, {4000, 7000}, {500, 4000}, {0, 0}, {0, 0}} {
			c.Fill(out)
			if p := peak(out); p < limits[0] || p > limits[1] {
				t.Errorf("%d Hz: lost frame %d: peak %d, want %v", rate, n, p, limits)
			}
		}
		c.Heard(tone(rate, 440, 8000))
		c.Reset()
		if c.Fill(out); peak(out) != 0 {
			t.Errorf("%d Hz: heard after Reset", rate)
		}
	}
}

// TestUntouched: without a loss what was heard is not changed.
func TestUntouched(t *testing.T) {
	c, pcm, want := New(8000), tone(8000, 1000, 9000), tone(8000, 1000, 9000)
	c.Heard(pcm)
	for i := range pcm {
		if pcm[i] != want[i] {
			t.Fatalf("sample %d: %d became %d", i, want[i], pcm[i])
		}
	}
}

func TestAllocs(t *testing.T) {
	c, pcm := New(8000), tone(8000, 200, 8000)[:160]
	if n := testing.AllocsPerRun(100, func() {
		c.Heard(pcm)
		c.Fill(pcm)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzFill: any mixture of sound and losses of any size stays within what was heard, and when all is lost, falls silent.
func FuzzFill(f *testing.F) {
	f.Add(uint8(0), []byte{4, 1, 2, 3, 4, 0x80, 2, 9, 9, 0xFF})
	f.Add(uint8(6), []byte{0x7F, 0x7F, 0x80, 0xFF, 0x81, 0xFF, 0xFF, 3, 0x80, 0x7F, 0x80})
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		c, out, loudest := New(rates[int(which)%len(rates)]), make([]int16, 127*40), 0
		for len(b) > 0 {
			op := int(b[0])
			b = b[1:]
			if op >= 0x80 {
				c.Fill(out[:(op-0x80)*40])
				if p := peak(out[:(op-0x80)*40]); p > 3*loudest {
					t.Fatalf("made %d of at most %d", p, loudest)
				}
				continue
			}
			n := min(op, len(b))
			for i, s := range b[:n] {
				out[i] = int16(int8(s)) << 8
			}
			loudest = max(loudest, peak(out[:n]))
			c.Heard(out[:n])
			b = b[n:]
		}
		for range 10 {
			c.Fill(out)
		}
		if p := peak(out); p != 0 {
			t.Fatalf("%d after a long silence", p)
		}
	})
}

func BenchmarkFill(b *testing.B) { // budget: 15 µs, 0 allocs for 20 ms at 8 kHz, with the search for the period
	c, pcm, out := New(8000), tone(8000, 200, 8000)[:160], make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		c.Heard(pcm[:8])
		c.Fill(out)
	}
}

func BenchmarkHeard(b *testing.B) { // budget: 50 ns, 0 allocs for 20 ms at 8 kHz
	c, pcm := New(8000), tone(8000, 200, 8000)[:160]
	b.ReportAllocs()
	for b.Loop() {
		c.Heard(pcm)
	}
}
