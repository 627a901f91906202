package gsm

const (
	order     = 8 // of the short-term predictor
	subframe  = 40
	minLag    = 40
	maxLag    = 120
	pulses    = 13
	signature = 0xD
)

// parameters are a frame's 76 numbers as sent, table 1.1: eight log. area ratios, then for each sub-frame lag (Nc), gain (bc),
// grid (Mc), block maximum (xmaxc) and 13 pulses (xMc).
type parameters [order + 4*perSub]uint8

const (
	lagAt = iota
	gainAt
	gridAt
	blockAt
	pulsesAt
	perSub = pulsesAt + pulses
)

// sub returns the parameters of sub-frame j.
func (p *parameters) sub(j int) *[perSub]uint8 { return (*[perSub]uint8)(p[order+j*perSub:]) }

// widths are the bits of each parameter; they add up to 260.
var widths = func() (w parameters) {
	copy(w[:], []uint8{6, 6, 5, 5, 4, 4, 3, 3})
	for j := range 4 {
		copy(w.sub(j)[:], []uint8{7, 2, 2, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3})
	}
	return w
}()

// pack writes the parameters in order, each most significant bit first, after the signature (RFC 3551 §4.5.8.1):
//
//	1101 LLLLLL LLLLLL LLLLL LLLLL LLLL LLLL LLL LLL NNNNNNN bb MM XXXXXX xxx …
func (p *parameters) pack(dst *[FrameSize]byte) {
	acc, have, at := uint32(signature), uint8(4), 0
	for i, v := range p {
		acc = acc<<widths[i] | uint32(v)
		for have += widths[i]; have >= 8; have -= 8 {
			dst[at] = byte(acc >> (have - 8))
			at++
		}
	}
}

func (p *parameters) unpack(src *[FrameSize]byte) {
	acc, have, at := uint32(src[0]), uint8(4), 1
	for i := range p {
		for have < widths[i] {
			acc = acc<<8 | uint32(src[at])
			have += 8
			at++
		}
		have -= widths[i]
		p[i] = uint8(acc >> have & (1<<widths[i] - 1))
	}
}

// packPair writes two frames without signature, filling each byte from its least significant bit on; the second frame begins
// in the middle of byte 32.
func packPair(dst *[PairSize]byte, first, second *parameters) {
	acc, have, at := uint32(0), uint8(0), 0
	for _, p := range [2]*parameters{first, second} {
		for i, v := range p {
			acc |= uint32(v) << have
			for have += widths[i]; have >= 8; have -= 8 {
				dst[at] = byte(acc)
				acc >>= 8
				at++
			}
		}
	}
}

func unpackPair(src *[PairSize]byte, first, second *parameters) {
	acc, have, at := uint32(0), uint8(0), 0
	for _, p := range [2]*parameters{first, second} {
		for i := range p {
			for have < widths[i] {
				acc |= uint32(src[at]) << have
				have += 8
				at++
			}
			p[i] = uint8(acc & (1<<widths[i] - 1))
			acc >>= widths[i]
			have -= widths[i]
		}
	}
}
