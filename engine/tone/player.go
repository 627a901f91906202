package tone

import (
	"io"
	"math"
	"time"
)

// Amplitudes of one sine in 16-bit PCM. The milliwatt is that of the digital sequence of ITU-T G.711 table 5.
const (
	Amplitude = 7219.  // each tone of a list, as in Asterisk: 13 dB below full scale
	Milliwatt = 22651. // 0 dBm0
)

// AtDBm0 is the amplitude of a sine of that level in dBm0.
func AtDBm0(level float64) float64 { return Milliwatt * math.Pow(10, level/20) }

const (
	narrow     = 8000  // Hz: enough for nearly every tone, and what most legs want
	wide       = 48000 // Hz, where a frequency needs it
	narrowBand = 3800  // Hz
	edge       = 4 * time.Millisecond
	depth      = 0.9 // of modulation
	renormal   = 256 // samples between two corrections of a rotor's length
)

// Player sounds a List. Where a frequency goes on from one part to the next, so does its phase; where it begins or ends, it does so
// within 4 ms along half a cosine, inside of its part, so that nothing clicks and all durations stay exact. It is not safe for
// concurrent use.
type Player struct {
	list      List
	rate      int
	amplitude float64
	spans     []span
	repeat    int
	ramp      []float64

	at     int   // the span that sounds; len(spans): over
	pos    int64 // samples of it that have
	voices []voice
	before []voice // of the span before; its room is used again
}

// span is a Part in samples.
type span struct {
	samples int64 // 0: for ever
	voices  []voice
}

// voice is one sine, perhaps modulated by another.
type voice struct {
	carrier, modulator rotor
	begins, ends       bool // with its span
}

// rotor is a sine by turning a vector: (cos, sin) times (stepCos, stepSin) each sample. hz names it; 0 stands still.
type rotor struct{ hz, cos, sin, stepCos, stepSin float64 }

func newRotor(hz float64, rate int) rotor {
	w := 2 * math.Pi * hz / float64(rate)
	return rotor{hz: hz, cos: 1, stepCos: math.Cos(w), stepSin: math.Sin(w)}
}

// next is the sine, which moves on by one sample.
func (r *rotor) next() float64 {
	s := r.sin
	r.cos, r.sin = r.cos*r.stepCos-r.sin*r.stepSin, r.cos*r.stepSin+r.sin*r.stepCos
	return s
}

// correct takes the rounding errors of many turns out of the vector's length.
func (r *rotor) correct() {
	k := (3 - r.cos*r.cos - r.sin*r.sin) / 2
	r.cos, r.sin = r.cos*k, r.sin*k
}

// Player begins the list anew; each tone has this amplitude (Amplitude, unless it is to measure with).
func (l List) Player(amplitude float64) *Player {
	p := &Player{list: l, rate: l.rate(), amplitude: amplitude, repeat: l.repeat()}
	for _, part := range l {
		s := span{samples: int64(part.Duration) * int64(p.rate) / int64(time.Second)}
		if part.Duration > 0 {
			s.samples = max(s.samples, 1)
		}
		for i, pitch := range part.Pitches {
			if part.Modulated && i > 0 || pitch.Hz() == 0 {
				continue
			}
			v := voice{carrier: newRotor(pitch.Hz(), p.rate)}
			if part.Modulated && len(part.Pitches) > 1 {
				v.modulator = newRotor(part.Pitches[1].Hz(), p.rate)
			}
			s.voices = append(s.voices, v)
		}
		p.spans = append(p.spans, s)
	}
	ramp := int(edge * time.Duration(p.rate) / time.Second)
	for i := range ramp {
		p.ramp = append(p.ramp, 0.5-0.5*math.Cos(math.Pi*(float64(i)+0.5)/float64(ramp)))
	}
	p.enter(0)
	return p
}

// rate is what the highest frequency of the list needs.
func (l List) rate() int {
	for _, part := range l {
		highest := 0.0
		for i, pitch := range part.Pitches {
			if part.Modulated && i > 0 {
				highest += pitch.Hz() // the upper side band
			} else {
				highest = max(highest, pitch.Hz())
			}
		}
		if highest > narrowBand {
			return wide
		}
	}
	return narrow
}

// next is the span after at; len(spans) when there is none.
func (p *Player) next(at int) int {
	if at++; at < len(p.spans) || p.repeat < 0 {
		return at
	}
	return p.repeat
}

// enter begins a span: voices that sounded before go on.
func (p *Player) enter(at int) {
	p.at, p.pos = at, 0
	p.voices, p.before = p.before[:0], p.voices
	if at >= len(p.spans) {
		return
	}
	p.voices = append(p.voices, p.spans[at].voices...)
	var after []voice
	if next := p.next(at); next < len(p.spans) {
		after = p.spans[next].voices
	}
	for i := range p.voices {
		v := &p.voices[i]
		v.begins, v.ends = true, find(after, v) < 0 && p.spans[at].samples > 0
		if j := find(p.before, v); j >= 0 {
			v.carrier, v.modulator, v.begins = p.before[j].carrier, p.before[j].modulator, false
		}
	}
}

// find is where voices have the frequencies of v; -1: nowhere.
func find(voices []voice, v *voice) int {
	for i := range voices {
		if voices[i].carrier.hz == v.carrier.hz && voices[i].modulator.hz == v.modulator.hz {
			return i
		}
	}
	return -1
}

// String is the list.
func (p *Player) String() string { return p.list.String() }

// Rate is 8000 Hz, or 48000 if the list has frequencies that need it.
func (p *Player) Rate() int { return p.rate }

// Read fills pcm with the next samples; io.EOF after the end of a list that has one. It never blocks.
func (p *Player) Read(pcm []int16) (int, error) {
	n := 0
	for n < len(pcm) && p.at < len(p.spans) {
		length := p.spans[p.at].samples
		if length > 0 && p.pos == length {
			p.enter(p.next(p.at))
			continue
		}
		pcm[n] = p.sample(length)
		n++
		p.pos++
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// sample is the sum of the voices at pos of a span of length samples.
func (p *Player) sample(length int64) int16 {
	sum, ramp := 0.0, int64(len(p.ramp))
	for i := range p.voices {
		v := &p.voices[i]
		y := v.carrier.next()
		if v.modulator.hz > 0 {
			y *= 1 + depth*v.modulator.next()
		}
		if v.begins && p.pos < ramp {
			y *= p.ramp[p.pos]
		}
		if left := length - 1 - p.pos; v.ends && left < ramp {
			y *= p.ramp[left]
		}
		sum += y
		if p.pos%renormal == 0 {
			v.carrier.correct()
			v.modulator.correct()
		}
	}
	return int16(math.Round(min(max(sum*p.amplitude, math.MinInt16), math.MaxInt16)))
}
