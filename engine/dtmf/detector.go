package dtmf

import "math"

// The detector looks at windows of 12.75 ms, one each 6.4 ms. A tone of 40 ms, the shortest that must be taken (ITU-T Q.24), fills four
// of them wherever it begins, and one of 20 ms, which must not be, never does. A key is heard when four in a row say so.
//
//	window ─► 8 filters (Goertzel) ─► strongest of each group ─► strong enough? alone in its group? twist? hardly anything else? ─► key
const (
	window   = 102
	hop      = window / 2
	enough   = 4   // windows in a row
	forgiven = 3   // windows in a row that need not say it while the key is down: a drop-out
	maxTwist = 8.  // dB between the two tones, either way
	minLevel = -35 // dBm0 of each tone
	// Speech is full of tones, but seldom are two that fit all there is: so much of the power must be theirs.
	minShare = 0.75
	// The strongest of a group stands out by so much; neighbours are 9 % apart, one filter is 78 Hz wide.
	minPeak = 6. // dB
	// A voice with such a tone has its harmonics, too; a key has none beyond what a bad line adds.
	maxHarmonic = -15. // dB
	// A window in which the power falls by so much is the end.
	fallEnds = 1. / 8
)

// Event is what a Detector heard: a key went down, or was let go. Samples is how long it was down, as far as heard.
type Event struct {
	Key     rune
	Down    bool
	Samples int
}

// Detector hears keys in a stream of PCM at Rate Hz. It belongs to one goroutine at a time. The zero value is not ready.
type Detector struct {
	low, high, high2 [4]float64      // 2 cos w of the tones and of the upper ones' second harmonics
	buf              [window]float64 // the newer half is being filled
	have             int

	last   rune // what the window before said; 0: nothing
	row    int  // windows in a row that said last
	power  float64
	open   rune // the key that is down; 0: none
	length int  // samples it has been
	misses int  // windows in a row that did not say it
}

// NewDetector returns one that has heard nothing.
func NewDetector() *Detector {
	d := &Detector{have: hop}
	for i := range 4 {
		d.low[i] = coefficient(rows[i])
		d.high[i], d.high2[i] = coefficient(columns[i]), coefficient(2*columns[i])
	}
	return d
}

func coefficient(hz float64) float64 { return 2 * math.Cos(2*math.Pi*hz/Rate) }

// Open is the key that is down, 0 for none.
func (d *Detector) Open() rune { return d.open }

// Process hears pcm and appends what happened to events, mostly nothing. It does not allocate when events has room for one
// event in each 100 samples. Budget: 4 µs for 20 ms (BenchmarkDetector).
func (d *Detector) Process(events []Event, pcm []int16) []Event {
	for len(pcm) > 0 {
		n := min(window-d.have, len(pcm))
		for i, s := range pcm[:n] {
			d.buf[d.have+i] = float64(s)
		}
		d.have += n
		pcm = pcm[n:]
		if d.have == window {
			events = d.judge(events)
			d.have = copy(d.buf[:], d.buf[hop:])
		}
	}
	return events
}

// End is the end of the stream: a key that is down is let go.
func (d *Detector) End(events []Event) []Event {
	events = d.letGo(events)
	*d = Detector{low: d.low, high: d.high, high2: d.high2, have: hop}
	return events
}

func (d *Detector) letGo(events []Event) []Event {
	if d.open == 0 {
		return events
	}
	events = append(events, Event{Key: d.open, Samples: d.length})
	d.open, d.length, d.misses = 0, 0, 0
	return events
}

// judge takes a window into account.
func (d *Detector) judge(events []Event) []Event {
	key, power := d.look()
	if key != 0 && key == d.last && power > d.power/4 && power < d.power*4 {
		d.row++
	} else {
		d.row = 1
	}
	d.last = key
	switch {
	case d.open != 0 && key == d.open:
		d.length += (d.misses + 1) * hop // a drop-out was none
		d.misses = 0
	case d.open != 0 && (power < d.power*fallEnds || d.misses == forgiven || key != 0 && d.row >= enough):
		events = d.letGo(events)
	case d.open != 0:
		d.misses++
		return events // and the power is still that of the key
	}
	if d.open == 0 && key != 0 && d.row >= enough {
		d.open, d.length = key, enough*hop+hop
		events = append(events, Event{Key: key, Down: true})
	}
	d.power = power
	return events
}

// look says which key the window holds, 0 for none, and the window's power.
func (d *Detector) look() (rune, float64) {
	total := 0.0
	for _, s := range d.buf {
		total += s * s
	}
	// The power of a tone alone in the window, as goertzel gives it, is this of the sum of squares.
	const whole = window / 2.
	floor := milliwatt * math.Pow(10, minLevel/20.)
	if total < floor*floor*whole {
		return 0, total
	}
	var lows, highs [4]float64
	bank(&lows, &d.buf, &d.low)
	bank(&highs, &d.buf, &d.high)
	row, column := strongest(&lows), strongest(&highs)
	low, high := lows[row], highs[column]
	least := floor * floor * whole * whole
	switch {
	case low < least || high < least:
	case low+high < minShare*total*whole:
	case !within(low, high, maxTwist):
	case !alone(&lows, row) || !alone(&highs, column):
	case d.harmonic(column, high):
	default:
		return rune(keys[4*row+column]), total
	}
	return 0, total
}

// harmonic reports whether the upper tone's second harmonic is there, too. That of the lower one may be next to the upper one.
func (d *Detector) harmonic(column int, high float64) bool {
	return goertzel(&d.buf, d.high2[column]) > high*math.Pow(10, maxHarmonic/10)
}

func strongest(p *[4]float64) int {
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	return best
}

func within(a, b, dB float64) bool {
	k := math.Pow(10, dB/10)
	return a < b*k && b < a*k
}

func alone(p *[4]float64, best int) bool {
	limit := p[best] / math.Pow(10, minPeak/10)
	for i, x := range p {
		if i != best && x > limit {
			return false
		}
	}
	return true
}

// bank is goertzel for four frequencies in one pass.
func bank(power *[4]float64, x *[window]float64, c *[4]float64) {
	var a0, a1, b0, b1, c0, c1, d0, d1 float64
	ka, kb, kc, kd := c[0], c[1], c[2], c[3]
	for _, s := range x {
		a0, a1 = s+ka*a0-a1, a0
		b0, b1 = s+kb*b0-b1, b0
		c0, c1 = s+kc*c0-c1, c0
		d0, d1 = s+kd*d0-d1, d0
	}
	power[0] = a0*a0 + a1*a1 - ka*a0*a1
	power[1] = b0*b0 + b1*b1 - kb*b0*b1
	power[2] = c0*c0 + c1*c1 - kc*c0*c1
	power[3] = d0*d0 + d1*d1 - kd*d0*d1
}

// goertzel is the square of the window's spectrum at the frequency of coefficient c.
func goertzel(x *[window]float64, c float64) float64 {
	var s0, s1 float64
	for _, s := range x {
		s0, s1 = s+c*s0-s1, s0
	}
	return s0*s0 + s1*s1 - c*s0*s1
}
