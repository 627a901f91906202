package media

// concealer is a decoder that goes on with what it last heard, for as many samples as it is asked for.
type concealer interface{ Conceal(dst []int16) }

// corrector is one that makes up whole packets, and can take a lost one out of the packet after it (Opus).
type corrector interface {
	DecodePLC(dst []int16) (int, error)
	DecodeFEC(dst []int16, next []byte) (int, error)
}

// concealInto fills buf in place of a packet of n samples that did not come and returns how many it made: n, or, of decoders that
// only make whole packets, such a one. next is the payload that follows, if it is known. A decoder that cannot conceal gives
// silence.
func concealInto(decoder any, buf []int16, n int, next []byte) int {
	switch d := decoder.(type) {
	case concealer:
		d.Conceal(buf[:n])
		return n
	case corrector:
		var made int
		var err error
		if next != nil {
			made, err = d.DecodeFEC(buf, next)
		} else {
			made, err = d.DecodePLC(buf)
		}
		if err == nil && made > 0 {
			return made
		}
	}
	clear(buf[:n])
	return n
}
