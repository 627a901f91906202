package sound

import "asterism/codecs/resample"

// maxRate is the widest that clips are kept, Hz: no channel plays more.
const maxRate = 48000

// narrow brings a clip of more than maxRate down to it.
func narrow(c *Clip) *Clip { return c.at(min(c.rate, maxRate)) }

// at is c at another rate: as many samples as its duration holds.
func (c *Clip) at(rate int) *Clip {
	if c.rate == rate {
		return c
	}
	v := newConverter(c.rate, rate)
	pcm := make([]int16, 0, v.due(int64(len(c.pcm)))+int64(v.r.Most(tailSamples)))
	for rest := c.pcm; len(rest) > 0; {
		n := min(len(rest), 4096) // the filter keeps a copy of what it is given at once
		pcm = v.add(pcm, rest[:n])
		rest = rest[n:]
	}
	return NewClip(rate, v.end(pcm))
}

// converter changes the rate of a stream whose end matters: as many samples come out as the sound lasts, none stay in the filter.
type converter struct {
	r        *resample.Resampler
	from, to int64
	in, out  int64 // samples so far
}

func newConverter(from, to int) *converter {
	return &converter{r: resample.New(from, to), from: int64(from), to: int64(to)}
}

// due is how many samples n become.
func (v *converter) due(n int64) int64 { return (n*v.to + v.from - 1) / v.from }

// add appends to dst what pcm gives.
func (v *converter) add(dst, pcm []int16) []int16 {
	v.in += int64(len(pcm))
	dst, n := v.push(dst, pcm)
	v.out += int64(n)
	return dst
}

func (v *converter) push(dst, pcm []int16) ([]int16, int) {
	at, most := len(dst), v.r.Most(len(pcm))
	dst = append(dst, make([]int16, most)...)
	n := v.r.Process(dst[at:], pcm)
	return dst[:at+n], n
}

const tailSamples = 64

// end appends what the filter still holds, by silence behind it.
func (v *converter) end(dst []int16) []int16 {
	for due := v.due(v.in); v.out < due; {
		var n int
		dst, n = v.push(dst, make([]int16, tailSamples))
		if over := v.out + int64(n) - due; over > 0 {
			n -= int(over)
			dst = dst[:len(dst)-int(over)]
		}
		v.out += int64(n)
	}
	return dst
}
