package resample

import (
	"fmt"
	"math"
	"testing"
)

// tone resamples a second of a sine, in pieces of odd sizes, and returns the levels in dB against the input of its frequency
// and of everything else.
func tone(from, to int, freq float64) (level, rest float64) {
	const amplitude = 10000
	in := make([]int16, from)
	for i := range in {
		in[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(from))))
	}
	r := New(from, to)
	var out []int16
	for i, size := 0, 1; i < len(in); size = size*7%311 + 1 {
		piece := in[i:min(i+size, len(in))]
		i += len(piece)
		dst := make([]int16, r.Most(len(piece)))
		out = append(out, dst[:r.Process(dst, piece)]...)
	}
	out = out[to/10 : to/10+to*2/5] // past the filter's beginning; whole periods of every multiple of 100 Hz
	var s, c, power float64
	n := float64(len(out))
	for i, x := range out {
		w := 2 * math.Pi * freq * float64(i) / float64(to)
		s += float64(x) * math.Sin(w)
		c += float64(x) * math.Cos(w)
		power += float64(x) * float64(x) / n
	}
	got := 2 * (s*s + c*c) / n / n
	db := func(p float64) float64 { return 10 * math.Log10(max(p, 1e-9)/(amplitude*amplitude/2)) }
	return db(got), db(power - got)
}

// TestTones sweeps: flat within 0.5 dB up to 0.42 of the lower rate, images and aliases 60 dB down.
func TestTones(t *testing.T) {
	for _, from := range []int{8000, 11025, 16000, 44100, 48000} {
		for _, to := range []int{8000, 16000, 48000} {
			if from == to {
				continue
			}
			t.Run(fmt.Sprintf("%d to %d", from, to), func(t *testing.T) {
				lower := float64(min(from, to))
				for freq := 100.0; freq <= 0.42*lower; freq += max(100, math.Round(lower/4000)*100) {
					level, rest := tone(from, to, freq)
					if level < -0.5 || level > 0.5 || rest > -60 {
						t.Errorf("%.0f Hz: %.2f dB, all else %.1f dB", freq, level, rest)
					}
				}
				// Above the new Nyquist frequency nothing may come through as something else.
				for freq := math.Ceil(0.55*lower/100) * 100; from > to && freq < 0.49*float64(from); freq += max(300, math.Round(lower/2000)*100) {
					if _, rest := tone(from, to, freq); rest > -60 {
						t.Errorf("%.0f Hz: alias at %.1f dB", freq, rest)
					}
				}
			})
		}
	}
}

func TestLengths(t *testing.T) {
	for _, rates := range [][2]int{{8000, 48000}, {44100, 8000}, {7999, 8001}, {1000, 192000}, {192000, 1000}} {
		r := New(rates[0], rates[1])
		in := make([]int16, 50)
		got, fed := 0, 0
		for range 200 {
			dst := make([]int16, r.Most(len(in)))
			n := r.Process(dst, in)
			got, fed = got+n, fed+len(in)
		}
		want := float64(fed) * float64(rates[1]) / float64(rates[0])
		if d := math.Abs(float64(got) - want); d > want*0.002+float64(r.t.taps*r.t.up/r.t.down)+2 {
			t.Errorf("%v: %d samples of %d, want about %.0f", rates, got, fed, want)
		}
	}
}

func TestAllocs(t *testing.T) {
	r := New(8000, 48000)
	in, dst := make([]int16, 160), make([]int16, r.Most(160))
	r.Process(dst, in)
	if n := testing.AllocsPerRun(100, func() { r.Process(dst, in) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Budget: 20 µs a 20 ms frame between 8 and 16 kHz.
func BenchmarkProcess(b *testing.B) {
	for _, rates := range [][2]int{{8000, 16000}, {16000, 8000}, {48000, 8000}, {8000, 48000}} {
		b.Run(fmt.Sprintf("%d to %d", rates[0], rates[1]), func(b *testing.B) {
			r := New(rates[0], rates[1])
			in := make([]int16, rates[0]/50)
			dst := make([]int16, r.Most(len(in)))
			for b.Loop() {
				r.Process(dst, in)
			}
		})
	}
}
