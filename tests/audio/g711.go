package audio

// EncodeULaw is G.711 µ-law by the formula, written for the tests alone so that an error in the PBX's tables cannot hide.
func EncodeULaw(v int16) byte {
	const bias, clip = 0x84, 32635
	s, sign := int(v), byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, clip) + bias
	exp := 7
	for mask := 0x4000; s&mask == 0 && exp > 0; mask >>= 1 {
		exp--
	}
	return ^(sign | byte(exp<<4) | byte(s>>(exp+3))&0x0f)
}

// DecodeULaw is its inverse.
func DecodeULaw(b byte) int16 {
	b = ^b
	v := ((int(b&0x0f) << 3) + 0x84) << (b >> 4 & 7)
	v -= 0x84
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// EncodeALaw is G.711 A-law by the formula.
func EncodeALaw(v int16) byte {
	s, sign := int(v), byte(0x80)
	if s < 0 {
		s, sign = -s-1, 0
	}
	s = min(s, 32767)
	exp := 7
	for mask := 0x4000; s&mask == 0 && exp > 0; mask >>= 1 {
		exp--
	}
	var b byte
	if exp == 0 {
		b = byte(s >> 4)
	} else {
		b = byte(exp<<4) | byte(s>>(exp+3))&0x0f
	}
	return (sign | b) ^ 0x55
}

// DecodeALaw is its inverse.
func DecodeALaw(b byte) int16 {
	b ^= 0x55
	exp, v := int(b>>4&7), int(b&0x0f)<<4+8
	if exp > 0 {
		v = (v + 0x100) << (exp - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
