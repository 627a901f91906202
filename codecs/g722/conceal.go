package g722

// Concealment goes on with the last pitch period, fading. The sound so made is not just put out: it runs through the coder with
// the decoder's own bands, so that their scales and predictors, and the QMF's memory, stay near those of the sender, who speaks
// on. Hence the next packet decodes cleanly sooner than with the state frozen.
//
//	last 40 ms ─► pitch ─► period ─► repeat, fade ─► analysis QMF ─► bands: encode ─► bands: decode ─► synthesis QMF ─► PCM
const (
	history   = 640 // samples kept: two of the longest periods, 25 Hz
	minPeriod = 40  // 400 Hz
	maxPeriod = 320 // 50 Hz
	window    = 256 // samples compared to find the period
	ahead     = 22  // delay of the two QMFs; what goes in is that much further on

	holdSamples = SampleRate / 100     // full level for 10 ms …
	goneSamples = SampleRate * 6 / 100 // … then a ramp to nothing at 60 ms
	fadeSamples = SampleRate / 200     // 5 ms from our own sound back to the sender's
	jumpSamples = SampleRate / 500     // 2 ms to level out the step to the first repetition
)

// concealment is what a decoder keeps to bridge lost packets.
type concealment struct {
	past   [history]int16 // the last samples put out
	period [maxPeriod]int16
	length int // samples of period in use
	jump   int32
	at     int // samples put out since the loss began
	active bool
	split  analysis
}

// Conceal fills dst, which must be an even number of samples, in place of a packet that did not come. Call it once for each
// lost packet, in order, with as many samples as the packet would have held; Decode then takes up the next one. After 60 ms
// it yields silence. Budget: 35 µs, 0 allocs per 20 ms (BenchmarkConceal).
func (d *Decoder) Conceal(dst []int16) {
	c := &d.loss
	if !c.active {
		c.begin()
	}
	n := len(dst) &^ 1
	for i := 0; i < n; i += 2 {
		xl, xh := c.split.next(c.sample(c.at+ahead), c.sample(c.at+ahead+1))
		dst[i], dst[i+1] = d.join.next(d.low.echoLow(xl), d.high.echoHigh(xh))
		c.at += 2
	}
	if n < len(dst) {
		dst[n] = 0
	}
	c.remember(dst)
}

// begin finds the period of the past and prepares to repeat it.
func (c *concealment) begin() {
	c.active, c.at = true, 0
	c.length = pitch(&c.past)
	end := c.past[history-c.length:]
	copy(c.period[:], end)
	// The period's last quarter turns into what came before its first sample, so that the repetitions join.
	quarter := c.length / 4
	for i := range quarter {
		k := c.length - quarter + i
		was := int32(c.past[history-2*c.length+k])
		c.period[k] += int16((was - int32(end[k])) * int32(i+1) / int32(quarter+1))
	}
	c.jump = int32(c.past[history-1]) - int32(c.past[history-1-c.length])
	for t := -taps; t < ahead; t += 2 { // what the analysis QMF would have seen
		c.split.push(int32(c.sample(t)), int32(c.sample(t+1)))
	}
}

// sample is the sound we go on with, t samples after the loss began; before it, the past.
func (c *concealment) sample(t int) int16 {
	if t < 0 {
		return c.past[history+t]
	}
	if t >= goneSamples {
		return 0
	}
	s := int32(c.period[t%c.length])
	if t < jumpSamples {
		s = sat(s + c.jump*int32(jumpSamples-t)/jumpSamples)
	}
	if t >= holdSamples {
		s = s * int32(goneSamples-t) / (goneSamples - holdSamples)
	}
	return int16(s)
}

// fadeOver blends the first samples after a loss with the sound we were at.
func (c *concealment) fadeOver(dst []int16) {
	if !c.active {
		return
	}
	c.active = false
	for i := range dst[:min(len(dst), fadeSamples)] {
		own := int32(c.sample(c.at + i))
		dst[i] = int16(own + (int32(dst[i])-own)*int32(i+1)/(fadeSamples+1))
	}
}

// remember moves pcm into the past.
func (c *concealment) remember(pcm []int16) {
	if n := len(pcm); n < history {
		copy(c.past[:], c.past[n:])
		copy(c.past[history-n:], pcm)
		return
	}
	copy(c.past[:], pcm[len(pcm)-history:])
}

// pitch returns the shift in samples at which the end of past is most like what came before it: first at a quarter of the
// rate, then around the best at the full one. Where nothing is like it the longest is taken: noise repeated fast would hum.
func pitch(past *[history]int16) int {
	const coarse = 4
	var slow [history / coarse]int16
	for i := range slow {
		sum := 0
		for _, s := range past[coarse*i : coarse*i+coarse] {
			sum += int(s)
		}
		slow[i] = int16(sum / coarse)
	}
	best, like := mostAlike(slow[:], window/coarse, minPeriod/coarse, maxPeriod/coarse)
	if like < 0.25 {
		return maxPeriod
	}
	best *= coarse
	best, _ = mostAlike(past[:], window, max(best-coarse+1, minPeriod), min(best+coarse-1, maxPeriod))
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
