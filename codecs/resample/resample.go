// Package resample changes the sampling rate of 16-bit mono PCM by a polyphase FIR filter.
//
//	in ─► ↑L ─► low-pass (Kaiser-windowed sinc, ≥ 60 dB) ─► ↓M ─► out        L/M = to/from
//
// Only the taps that meet a sample are computed: 32 of them for each output sample, more by M/L when going down. A Resampler
// keeps the end of what it was given, so a stream may come in pieces of any size; what it gives is half its taps behind, and
// at the same time: the first output is the first input's.
package resample

import (
	"math"
	"slices"
	"sync"
)

const (
	tapsPerPhase = 32
	beta         = 7.0  // Kaiser: some 70 dB
	cutoff       = 0.92 // of the lower rate's Nyquist frequency, at -6 dB
	maxPhases    = 640  // rates without a common measure are approximated, within 0.1 %
)

// Resampler converts one stream. It belongs to one goroutine at a time.
type Resampler struct {
	t     *table
	buf   []float32 // input not yet passed, oldest first
	pos   int       // first tap of the next output, in buf
	phase int
}

// table is the filter of a pair of rates; it is never changed.
type table struct {
	up, down, taps int
	coefficients   []float32 // up × taps
}

// New returns a resampler between two rates in Hz, which differ by a factor of 640 at most.
func New(from, to int) *Resampler {
	var t *table
	if f, ok := common[[2]int{from, to}]; ok {
		t = f()
	} else {
		t = newTable(from, to)
	}
	return &Resampler{t: t, buf: make([]float32, t.taps/2-1, 4*t.taps)}
}

// Most is the largest number of samples that n more can give.
func (r *Resampler) Most(n int) int { return (n+1)*r.t.up/r.t.down + 2 }

// Process takes all of src and writes what it gives to dst, which has room for Most(len(src)); it returns the number of
// samples written. It allocates only when src is longer than any before.
func (r *Resampler) Process(dst, src []int16) int {
	kept := len(r.buf)
	r.buf = slices.Grow(r.buf, len(src))[:kept+len(src)]
	for i, s := range src {
		r.buf[kept+i] = float32(s)
	}
	t, n, pos, phase := r.t, 0, r.pos, r.phase
	step, turn := t.down/t.up, t.down%t.up
	for pos+t.taps <= len(r.buf) && n < len(dst) {
		dst[n] = round(dot(t.coefficients[phase*t.taps:][:t.taps], r.buf[pos:][:t.taps]))
		n++
		pos += step
		if phase += turn; phase >= t.up {
			phase -= t.up
			pos++
		}
	}
	done := min(pos, len(r.buf))
	r.buf = r.buf[:copy(r.buf, r.buf[done:])]
	r.pos, r.phase = pos-done, phase
	return n
}

// dot has four sums so that the processor need not wait for one addition before the next.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func round(x float32) int16 {
	if x >= 0 {
		return int16(min(x+0.5, math.MaxInt16))
	}
	return int16(max(x-0.5, math.MinInt16))
}

func newTable(from, to int) *table {
	from, to = max(from, 1), max(to, 1)
	g := gcd(from, to)
	up, down := to/g, from/g
	if up > maxPhases {
		up, down = maxPhases, max((maxPhases*from+to/2)/to, 1)
	}
	ratio := min(1, float64(up)/float64(down)) // below 1 the filter is longer by as much
	taps := int(math.Ceil(tapsPerPhase/ratio/4)) * 4
	t := &table{up: up, down: down, taps: taps, coefficients: make([]float32, up*taps)}
	half := float64(taps) / 2
	for phase := range up {
		row, sum := t.coefficients[phase*taps:][:taps], 0.0
		for k := range row {
			x := float64(k) - half + 1 - float64(phase)/float64(up) // distance from the output sample, in input samples
			h := sinc(x*ratio*cutoff) * kaiser(x/half)
			row[k] = float32(h)
			sum += h
		}
		for k := range row { // every phase passes DC alike: else the phases' order is heard as a tone
			row[k] = float32(float64(row[k]) / sum)
		}
	}
	return t
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel(beta*math.Sqrt(1-x*x)) / bessel(beta)
}

// bessel is I0, by its power series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

// common holds the filters of telephone rates, each computed at its first use: a shard must not do it for every call.
var common = func() map[[2]int]func() *table {
	rates := []int{8000, 12000, 16000, 24000, 32000, 44100, 48000}
	m := map[[2]int]func() *table{}
	for _, from := range rates {
		for _, to := range rates {
			if from != to {
				m[[2]int{from, to}] = sync.OnceValue(func() *table { return newTable(from, to) })
			}
		}
	}
	return m
}()
