// Package dtmf is what the keys of a telephone sound like (ITU-T Q.23): it makes the sounds, and hears them in speech.
//
//	       1209   1336   1477   1633 Hz
//	697      1      2      3      A
//	770      4      5      6      B
//	852      7      8      9      C
//	941      *      0      #      D
//
// PCM in and out, no clock, no goroutine.
package dtmf

import (
	"math"
	"strings"
)

// Rate is the rate of the PCM a Detector takes, Hz.
const Rate = 8000

var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

const keys = "123A456B789C*0#D" // row by row

// Levels of a key's two tones, dBm0. The upper one is stronger, since lines take more from it.
const (
	lowLevel  = -9.
	highLevel = -7.
	milliwatt = 22651. // amplitude of a sine of 0 dBm0 in 16-bit PCM (ITU-T G.711 table 5)
)

// Generator makes the sound of a key for as long as it is read. It begins and, through Fade, ends without a click.
type Generator struct {
	low, high rotor
	ramp      int // samples of the onset
	at        int
}

// NewGenerator returns the sound of a key (0–9 * # A–D) at rate Hz; false for a rune that is no key.
func NewGenerator(key rune, rate int) (*Generator, bool) {
	i := strings.IndexRune(keys, key)
	if i < 0 || rate <= 0 {
		return nil, false
	}
	amplitude := func(dBm0 float64) float64 { return milliwatt * math.Pow(10, dBm0/20) }
	return &Generator{low: newRotor(rows[i/4], amplitude(lowLevel), rate), high: newRotor(columns[i%4], amplitude(highLevel), rate), ramp: rate / 1000}, true
}

// Read fills pcm.
func (g *Generator) Read(pcm []int16) {
	for i := range pcm {
		s := g.low.next() + g.high.next()
		if g.at < g.ramp {
			s = s * float64(g.at) / float64(g.ramp)
			g.at++
		}
		pcm[i] = int16(math.Round(s))
	}
}

// Fade takes the last millisecond of pcm, the last the key is heard, down to silence.
func (g *Generator) Fade(pcm []int16) {
	n := min(g.ramp, len(pcm))
	for i := range n {
		k := len(pcm) - n + i
		pcm[k] = int16(int(pcm[k]) * (n - i) / (n + 1))
	}
}

// rotor is a sine made by turning a vector.
type rotor struct{ cos, sin, stepCos, stepSin, amplitude float64 }

func newRotor(hz, amplitude float64, rate int) rotor {
	w := 2 * math.Pi * hz / float64(rate)
	return rotor{cos: 1, stepCos: math.Cos(w), stepSin: math.Sin(w), amplitude: amplitude}
}

func (r *rotor) next() float64 {
	s := r.sin
	r.cos, r.sin = r.cos*r.stepCos-r.sin*r.stepSin, r.cos*r.stepSin+r.sin*r.stepCos
	return s * r.amplitude
}
