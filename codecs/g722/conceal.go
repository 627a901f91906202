package g722

import "asterism/codecs/plc"

// ahead is the delay of the two QMFs: what goes into them must be that much further on than what comes out.
const ahead = 22

// concealment is what a decoder keeps to bridge lost packets. The sound is not just put out: it runs through the coder with the
// decoder's own bands, so that their scales and predictors, and the QMF's memory, stay near those of the sender, who speaks on.
// Hence the next packet decodes cleanly sooner than with the state frozen.
//
//	plc ─► analysis QMF ─► bands: encode ─► bands: decode ─► synthesis QMF ─► PCM
type concealment struct {
	*plc.Concealment
	split analysis
}

// Conceal fills dst, which must be an even number of samples, in place of a packet that did not come. Call it once for each
// lost packet, in order, with as many samples as the packet would have held; Decode then takes up the next one. After 60 ms
// it yields silence. Budget: 35 µs, 0 allocs per 20 ms (BenchmarkConceal).
func (d *Decoder) Conceal(dst []int16) {
	c := &d.loss
	if c.Begin() {
		for t := -taps; t < ahead; t += 2 { // what the analysis QMF would have seen
			c.split.push(int32(c.Sample(t)), int32(c.Sample(t+1)))
		}
	}
	n := len(dst) &^ 1
	for i := 0; i < n; i += 2 {
		xl, xh := c.split.next(c.Sample(i+ahead), c.Sample(i+ahead+1))
		dst[i], dst[i+1] = d.join.next(d.low.echoLow(xl), d.high.echoHigh(xh))
	}
	if n < len(dst) {
		dst[n] = 0
	}
	c.Advance(dst)
}
