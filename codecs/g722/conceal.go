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
	split pairs
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
	var low, high [block]int32
	for at := 0; at < len(dst)&^1; at += 2 * block {
		part := dst[at:min(len(dst)&^1, at+2*block)]
		for i := range part {
			part[i] = c.Sample(at + i + ahead)
		}
		c.split.analyse(&low, &high, part)
		for i := range len(part) / 2 {
			low[i%block], high[i%block] = d.low.echoLow(low[i%block]), d.high.echoHigh(high[i%block])
		}
		d.join.synthesise(part, &low, &high)
	}
	if len(dst)%2 != 0 {
		dst[len(dst)-1] = 0
	}
	c.Advance(dst)
}
