package g711

// The tables are computed from the segment rules of G.711 §3: eight segments a sign, each twice as coarse as the one below,
// sixteen steps in a segment. Every table decides by the decoder: a code is right when no other code decodes nearer.

const ulawBias = 0x84 // 33 in 14-bit units: makes each µ-law segment start at a power of two

// decodeULaw: bits are sent inverted; s eee mmmm.
func decodeULaw(code byte) int16 {
	u := ^code
	magnitude := (int(u&0x0F)<<3 + ulawBias) << (u >> 4 & 7)
	if u&0x80 != 0 {
		return int16(ulawBias - magnitude)
	}
	return int16(magnitude - ulawBias)
}

// decodeALaw: even bits are sent inverted; sign set means positive.
func decodeALaw(code byte) int16 {
	a := code ^ 0x55
	magnitude := int(a&0x0F)<<4 + 8
	if segment := a >> 4 & 7; segment > 0 {
		magnitude = (magnitude + 0x100) << (segment - 1)
	}
	if a&0x80 != 0 {
		return int16(magnitude)
	}
	return int16(-magnitude)
}

func makeDecodeTable(decode func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = decode(byte(i))
	}
	return t
}

func makeULawTable() (t [1 << 14]byte) {
	for i := range t {
		t[i] = encodeULaw(i<<2 - 32768)
	}
	return t
}

func makeALawTable() (t [1 << 13]byte) {
	for i := range t {
		t[i] = encodeALaw(i<<3 - 32768)
	}
	return t
}

func encodeULaw(sample int) byte {
	sign := byte(0)
	if sample < 0 {
		sign, sample = 0x80, ^sample // as in G.191: a decision value itself belongs to the step nearer to zero
	}
	sample = min(sample, 32635) + ulawBias
	segment := 0
	for m := sample >> 8; m > 0; m >>= 1 {
		segment++
	}
	return ^(sign | byte(segment)<<4 | byte(sample>>(segment+3))&0x0F)
}

func encodeALaw(sample int) byte {
	sign := byte(0x80)
	if sample < 0 {
		// One's complement, so that -1…-8 fall into the first negative step and not onto the positive one (G.711 table 1b).
		sign, sample = 0, -sample-1
	}
	segment := 0
	for m := sample >> 8; m > 0; m >>= 1 {
		segment++
	}
	step := byte(sample>>max(segment+3, 4)) & 0x0F
	return (sign | byte(segment)<<4 | step) ^ 0x55
}

func makeULawToALaw() (t [256]byte) {
	for i := range t {
		t[i] = encodeALaw(int(decodeULaw(byte(i))) &^ 7)
	}
	return t
}

func makeALawToULaw() (t [256]byte) {
	for i := range t {
		t[i] = encodeULaw(int(decodeALaw(byte(i))))
	}
	return t
}
