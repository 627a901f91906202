// Package plc conceals packets of voice that did not come, by pitch waveform substitution, the idea of ITU-T G.711 Appendix I: the
// last pitch period heard is repeated, fading, and what comes next fades in over it.
//
//	Heard:  decoded ─► past, 40 ms                          Fill:  past ─► pitch ─► period ─► repeat, fade ─► PCM
//	           └─ after a loss: 5 ms from our sound to it
//
// It works on PCM, behind any decoder, and adds no delay: unlike the Appendix, what was heard is not held back to be blended with
// the first repetition; the step to it is levelled out within 2 ms instead.
package plc

// Concealment bridges the losses of one stream of 16-bit mono PCM. It belongs to one goroutine at a time.
type Concealment struct {
	past   []int16 // the last samples put out, 40 ms
	period []int16 // what is repeated; the first length samples are in use
	length int
	jump   int // the step from the past to the first repetition
	at     int // samples put out since the loss began
	active bool
	spans
}

// spans are lengths in samples.
type spans struct {
	coarse         int // samples of one sample of the coarse search, at 4 kHz or little less
	window         int // compared to find the period, 16 ms
	shortest, most int // period: 2.5 ms, 400 Hz, and 20 ms, 50 Hz
	hold, gone     int // full level for 10 ms, then a ramp to nothing at 60 ms
	fade           int // 5 ms from our own sound back to the sender's
	level          int // 2 ms to level out the step to the first repetition
}

const (
	coarseRate = 4000 // Hz: the period is looked for at this rate first
	maxRate    = 192000
	slowPast   = coarseRate * 40 / 1000
)

// New returns a concealment of PCM at rate Hz, 4000 to 192000. It holds 60 ms of sound.
func New(rate int) *Concealment {
	rate = min(max(rate, coarseRate), maxRate)
	n := rate / 500 // 2 ms
	c := &Concealment{spans: spans{coarse: (rate + coarseRate - 1) / coarseRate, window: 8 * n, shortest: rate / 400, most: 10 * n,
		hold: 5 * n, gone: 30 * n, fade: rate / 200, level: n}}
	c.past = make([]int16, 20*n)
	c.period = make([]int16, c.most)
	return c
}

// Reset forgets all that was heard.
func (c *Concealment) Reset() {
	clear(c.past)
	c.active = false
}

// Fill makes the sound in place of a lost packet of len(dst) samples. Call it once for each lost packet, in order, and Heard for
// the next one that comes. After 60 ms it yields silence. Budget: 15 µs, 0 allocs for 20 ms at 8 kHz (BenchmarkFill).
func (c *Concealment) Fill(dst []int16) {
	c.Begin()
	for i := range dst {
		dst[i] = c.Sample(i)
	}
	c.Advance(dst)
}

// Heard takes note of decoded PCM. After a loss, its first 5 ms are changed to fade over from what Fill made.
// Budget: 50 ns, 0 allocs for 20 ms at 8 kHz.
func (c *Concealment) Heard(pcm []int16) {
	if c.active {
		c.active = false
		for i := range pcm[:min(len(pcm), c.fade)] {
			own := int(c.Sample(i))
			pcm[i] = int16(own + (int(pcm[i])-own)*(i+1)/(c.fade+1))
		}
	}
	c.remember(pcm)
}

// Begin, Sample and Advance are the parts of Fill, for a coder that has use for more of the sound than it puts out. Begin
// reports whether a loss begins, rather than goes on.
func (c *Concealment) Begin() bool {
	if c.active {
		return false
	}
	c.active, c.at = true, 0
	c.length = c.pitch()
	n := len(c.past)
	end := c.past[n-c.length:]
	copy(c.period, end)
	// The period's last quarter turns into what came before its first sample, so that the repetitions join.
	quarter := c.length / 4
	for i := range quarter {
		k := c.length - quarter + i
		was := int(c.past[n-2*c.length+k])
		c.period[k] += int16((was - int(end[k])) * (i + 1) / (quarter + 1))
	}
	c.jump = int(c.past[n-1]) - int(c.past[n-1-c.length])
	return true
}

// Sample is the sound t samples after the last Advance; with t below 0, when a loss begins, what was heard, down to 40 ms.
func (c *Concealment) Sample(t int) int16 {
	t += c.at
	if t < 0 {
		return c.past[len(c.past)+t-c.at]
	}
	if t >= c.gone {
		return 0
	}
	s := int(c.period[t%c.length])
	if t < c.level {
		s = min(max(s+c.jump*(c.level-t)/c.level, -32768), 32767)
	}
	if t >= c.hold {
		s = s * (c.gone - t) / (c.gone - c.hold)
	}
	return int16(s)
}

// Advance ends the packet that was put out in place of the lost one.
func (c *Concealment) Advance(pcm []int16) {
	c.at = min(c.at+len(pcm), c.gone)
	c.remember(pcm)
}

// remember moves pcm into the past.
func (c *Concealment) remember(pcm []int16) {
	n := len(c.past)
	if len(pcm) >= n {
		copy(c.past, pcm[len(pcm)-n:])
		return
	}
	copy(c.past, c.past[len(pcm):])
	copy(c.past[n-len(pcm):], pcm)
}

// pitch returns the shift in samples at which the end of the past is most like what came before it: first at 4 kHz, then around
// the best at the full rate. Where nothing is like it the longest is taken: noise repeated fast would hum.
func (c *Concealment) pitch() int {
	var most [slowPast]int16
	slow := most[:len(c.past)/c.coarse]
	from := c.past[len(c.past)-len(slow)*c.coarse:]
	for i := range slow {
		sum := 0
		for _, s := range from[c.coarse*i:][:c.coarse] {
			sum += int(s)
		}
		slow[i] = int16(sum / c.coarse)
	}
	best, like := mostAlike(slow, c.window/c.coarse, c.shortest/c.coarse, c.most/c.coarse)
	if like < 0.25 {
		return c.most
	}
	best *= c.coarse
	best, _ = mostAlike(c.past, c.window, max(best-c.coarse+1, c.shortest), min(best+c.coarse-1, c.most))
	return best
}

// mostAlike returns the shift from lo to hi at which the last n samples of x correlate best with those before, with the square
// of the correlation coefficient there.
func mostAlike(x []int16, n, lo, hi int) (int, float64) {
	now := x[len(x)-n:]
	own := int64(1)
	for _, s := range now {
		own += int64(s) * int64(s)
	}
	best, bestShift := 0.0, lo
	for shift := lo; shift <= hi; shift++ {
		then := x[len(x)-n-shift:][:len(now)]
		product, energy := int64(0), int64(1)
		for i, s := range now {
			product += int64(s) * int64(then[i])
			energy += int64(then[i]) * int64(then[i])
		}
		if product <= 0 {
			continue
		}
		if like := float64(product) * float64(product) / float64(energy) / float64(own); like > best {
			best, bestShift = like, shift
		}
	}
	return bestShift, best
}
