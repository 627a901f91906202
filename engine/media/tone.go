package media

import (
	"io"
	"math"
	"time"
)

// Tone returns a source of the sum of freqs (Hz), on and off by turns as cadence says (empty: always on), for total (0: for
// ever). The sum's peak is a fifth of full scale, some -14 dBm0, which is where networks have their tones.
func Tone(rate int, freqs []float64, cadence []time.Duration, total time.Duration) Source {
	t := &tone{rate: max(rate, 1), left: -1}
	if total > 0 {
		t.left = samplesOf(total, t.rate)
	}
	whole := int64(0)
	for _, d := range cadence {
		n := samplesOf(max(d, 0), t.rate)
		whole += n
		t.cadence = append(t.cadence, n)
	}
	if whole == 0 {
		t.cadence = nil
	}
	level := 0.2 * 32767 / float64(max(len(freqs), 1))
	for _, f := range freqs {
		w := 2 * math.Pi * f / float64(t.rate)
		// The resonator's state is one and two samples before the first, which is 0.
		t.waves = append(t.waves, wave{k: 2 * math.Cos(w), y1: -level * math.Sin(w), y2: -level * math.Sin(2*w)})
	}
	t.first = append(t.first, t.waves...)
	return t
}

func samplesOf(d time.Duration, rate int) int64 {
	return int64(d/time.Microsecond) * int64(rate) / 1e6
}

// wave is a sine by y[n] = 2cos(w)·y[n-1] - y[n-2].
type wave struct{ k, y1, y2 float64 }

type tone struct {
	rate    int
	waves   []wave
	first   []wave  // as they begin
	cadence []int64 // samples on, off, on, …; nil: always on
	phase   int     // of cadence
	played  int64   // samples of phase
	left    int64   // samples; < 0: no end
}

func (t *tone) Rate() int { return t.rate }

func (t *tone) Read(pcm []int16) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	if t.left > 0 && int64(len(pcm)) > t.left {
		pcm = pcm[:t.left]
	}
	for i := range pcm {
		for t.cadence != nil && t.played >= t.cadence[t.phase] {
			t.phase, t.played = (t.phase+1)%len(t.cadence), 0
			copy(t.waves, t.first) // also keeps the resonators from drifting
		}
		t.played++
		pcm[i] = 0
		if t.phase%2 == 0 || t.cadence == nil {
			pcm[i] = t.next()
		}
	}
	if t.left > 0 {
		t.left -= int64(len(pcm))
	}
	return len(pcm), nil
}

func (t *tone) next() int16 {
	sum := 0.0
	for i := range t.waves {
		w := &t.waves[i]
		y := w.k*w.y1 - w.y2
		w.y1, w.y2 = y, w.y1
		sum += y
	}
	return int16(math.Round(sum))
}
