package g722

// The quadrature mirror filters have 24 taps. Those of even index meet the older sample of each pair, those of odd index the
// newer; the odd ones are the even ones from the other end.
const (
	taps  = 24
	half  = taps / 2
	block = 40 // pairs filtered at a time
)

// pairs is the memory of a filter: the samples of the last pairs, oldest first.
type pairs struct{ older, newer [half - 1]int32 }

// push takes one pair without filtering.
func (p *pairs) push(older, newer int32) {
	copy(p.older[:], p.older[1:])
	copy(p.newer[:], p.newer[1:])
	p.older[half-2], p.newer[half-2] = older, newer
}

// work holds a block on its way. Each word of a line is two samples, one in the upper half and the one before it in the lower, so
// that one multiplication serves two outputs: no sum leaves its 32 bits (32768 · 6482 < 2³¹).
type work struct {
	older, newer [half + block]int64
}

// load puts the memory and n pairs into line, and the last of them into the memory. n pairs are at what older and newer hold
// from half-1 on.
func (w *work) load(p *pairs, n int) {
	for i, s := range p.older {
		w.older[i] = int64(s)
	}
	for i, s := range p.newer {
		w.newer[i] = int64(s)
	}
	for i := range p.older {
		p.older[i], p.newer[i] = int32(w.older[n+i]), int32(w.newer[n+i])
	}
	w.older[half-1+n], w.newer[half-1+n] = 0, 0
	for i := range half - 1 + n {
		w.older[i] += w.older[i+1] << 32
		w.newer[i] += w.newer[i+1] << 32
	}
}

// older filters older samples from x on, for two outputs.
func older(x *[half]int64) (int32, int32) {
	return split(x[0]*3 - x[1]*11 + x[2]*12 + x[3]*32 - x[4]*210 + x[5]*951 + x[6]*3876 - x[7]*805 + x[8]*362 - x[9]*156 + x[10]*53 - x[11]*11)
}

// newer filters newer samples from x on, for two outputs.
func newer(x *[half]int64) (int32, int32) {
	return split(x[11]*3 - x[10]*11 + x[9]*12 + x[8]*32 - x[7]*210 + x[6]*951 + x[5]*3876 - x[4]*805 + x[3]*362 - x[2]*156 + x[1]*53 - x[0]*11)
}

// split takes the two sums apart: a negative lower one has borrowed from the upper.
func split(v int64) (int32, int32) {
	low := int32(v)
	return low, int32((v - int64(low)) >> 32)
}

// analyse splits 2n samples at 16 kHz into n of each of two bands at 8 kHz (the transmit QMF). n is at most block.
func (p *pairs) analyse(low, high *[block]int32, pcm []int16) {
	var w work
	n := min(len(pcm)/2, block)
	for i := range n {
		w.older[half-1+i], w.newer[half-1+i] = int64(pcm[2*i]), int64(pcm[2*i+1])
	}
	w.load(p, n)
	for i := 0; i < n; i += 2 {
		a0, a1 := older((*[half]int64)(w.older[i:]))
		b0, b1 := newer((*[half]int64)(w.newer[i:]))
		low[i], high[i] = limit15((b0+a0)>>14), limit15((b0-a0)>>14)
		low[i+1], high[i+1] = limit15((b1+a1)>>14), limit15((b1-a1)>>14)
	}
}

// synthesise joins n samples of each band, at most block, to 2n (the receive QMF).
func (p *pairs) synthesise(pcm []int16, low, high *[block]int32) {
	var w work
	n := min(len(pcm)/2, block)
	for i := range n {
		w.older[half-1+i], w.newer[half-1+i] = int64(low[i]+high[i]), int64(low[i]-high[i])
	}
	w.load(p, n)
	for i := 0; i < n; i += 2 {
		b0, b1 := older((*[half]int64)(w.older[i:]))
		a0, a1 := newer((*[half]int64)(w.newer[i:]))
		pcm[2*i], pcm[2*i+1] = int16(sat(a0>>11)), int16(sat(b0>>11))
		if i+1 < n {
			pcm[2*i+2], pcm[2*i+3] = int16(sat(a1>>11)), int16(sat(b1>>11))
		}
	}
}
