package bridge

import (
	"time"

	"asterism/codecs"
	"asterism/engine/media"
)

// concealMost bounds what is made up in one go: it leaves together with the packet that showed the loss, and beyond it
// concealment has faded to silence anyway.
const concealMost = 80 * time.Millisecond

// fill makes up what was lost before f, which has just come: there is no clock here that could have known earlier, and none is
// needed, since what it makes carries its own timestamps. The last lost packet is taken out of f if its codec put it there
// (opus: in-band FEC). A pause of the sender, where no number is missing, stays a gap.
func (t *transcoder) fill(f *media.Frame) {
	missing := int(int16(f.Seq-t.inSeq)) - 1
	gap := int(int32(f.Timestamp - t.line.expected))
	if missing <= 0 || gap <= 0 {
		return
	}
	unit := gap / missing // RTP clock of the sender
	if unit > t.from.Rate*longestFrame/1000 {
		unit = t.unit // a pause besides
	}
	n := unit * t.inRate / t.from.Rate
	n -= n % (t.inRate / 400) // decoders conceal multiples of 2.5 ms
	most := int(concealMost * time.Duration(t.inRate) / time.Second)
	if n == 0 {
		return
	}
	for i, done := 0, 0; i < missing && done+n <= max(most, n); i, done = i+1, done+n {
		pcm := t.pcm[:n]
		if r, ok := t.decoder.(codecs.Restorer); ok && i == missing-1 {
			r.Restore(pcm, f.Payload)
		} else if c, ok := t.decoder.(codecs.Concealer); ok {
			c.Conceal(pcm)
		} else {
			return
		}
		if t.push(f, t.line.expected, n, false) != nil {
			return
		}
	}
}

// longestFrame is the longest packet of any codec, ms.
const longestFrame = 120
