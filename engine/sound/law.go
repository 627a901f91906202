package sound

// ITU-T G.711 to linear. Files are decoded once, so the tables are this package's own: importing codecs for them would turn a leaf
// into a branch.
var (
	ulaw = lawTable(expandULaw)
	alaw = lawTable(expandALaw)
)

func lawTable(f func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = f(byte(i))
	}
	return t
}

// expandULaw: all bits are inverted; sign, 3 bits of segment, 4 of step, and a bias of 33 steps of 4.
func expandULaw(b byte) int16 {
	b = ^b
	v := (int16(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

// expandALaw: even bits are inverted; sign (1 is positive), 3 bits of segment, 4 of step.
func expandALaw(b byte) int16 {
	b ^= 0x55
	v := int16(b&0x0f)<<4 + 8
	if seg := b >> 4 & 7; seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}
