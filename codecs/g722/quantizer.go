package g722

// encodeLow codes a low-band sample in 6 bits (QUANTL) and takes the 4 bits the predictor may rely on (INVQAL).
func (b *band) encodeLow(x int32) byte {
	e := sat(x - b.estimate)
	negative := e < 0
	if negative {
		e = ^e
	}
	// The interval is the number of decision levels at or below e; the levels rise, so halve.
	lo, hi := 0, len(levels6)
	for lo < hi {
		mid := (lo + hi) / 2
		if e < levels6[mid]*b.scale>>12 {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	code := byte(61 - lo) // positive codes count down from 61 …
	if negative {
		code = byte(33 - lo) // … negative ones from 31, after the two smallest, 63 and 62
		if lo < 2 {
			code = byte(63 - lo)
		}
	}
	b.adaptLow(code)
	return code
}

// decodeLow returns the low-band sample of a 6-bit code (INVQBL, block 5L).
func (b *band) decodeLow(code byte) int32 {
	r := limit15(b.estimate + b.scale*values6[code&63]>>15)
	b.adaptLow(code)
	return r
}

func (b *band) adaptLow(code byte) {
	code = code >> 2 & 15
	d := b.scale * values4[code] >> 15
	b.adaptScale(weights4[code], 18432, 8)
	b.adaptPredictor(d)
}

// encodeHigh codes a high-band sample in 2 bits (QUANTH).
func (b *band) encodeHigh(x int32) byte {
	e := sat(x - b.estimate)
	code := byte(3)
	if e < 0 {
		e, code = ^e, 1
	}
	if e >= 564*b.scale>>12 {
		code--
	}
	b.adaptHigh(code)
	return code
}

// decodeHigh returns the high-band sample of a 2-bit code (INVQAH, block 5H).
func (b *band) decodeHigh(code byte) int32 {
	r := limit15(b.estimate + b.scale*values2[code&3]>>15)
	b.adaptHigh(code)
	return r
}

func (b *band) adaptHigh(code byte) {
	d := b.scale * values2[code&3] >> 15
	b.adaptScale(weights2[code&3], 22528, 10)
	b.adaptPredictor(d)
}

// echoLow codes a sample and decodes it at once, on the one state (concealment).
func (b *band) echoLow(x int32) int32 {
	estimate, scale := b.estimate, b.scale
	return limit15(estimate + scale*values6[b.encodeLow(x)]>>15)
}

// echoHigh is echoLow for the high band.
func (b *band) echoHigh(x int32) int32 {
	estimate, scale := b.estimate, b.scale
	return limit15(estimate + scale*values2[b.encodeHigh(x)]>>15)
}

// The tables below are the Recommendation's; values are indexed by the code as sent.
var (
	// levels6 are the decision levels of the low band (Q6), relative to the scale in steps of 2⁻¹².
	levels6 = [29]int32{35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
		1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919}

	// values6 are the low band's 60 output values (QQ6 by IL); the first four codes are never sent.
	values6 = [64]int32{-136, -136, -136, -136,
		-24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856, -7192, -6576,
		-6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576,
		6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136}

	// values4 and weights4: what the low band adapts by, when only the upper 4 bits are trusted (QQ4, WL).
	values4 = [16]int32{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
		20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	weights4 = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}

	// values2 and weights2 are the high band's (QQ2, WH).
	values2  = [4]int32{-7408, -1616, 7408, 1616}
	weights2 = [4]int32{798, -214, 798, -214}

	// exp2 is 2048·2^(i/32) (ILB).
	exp2 = [32]int32{2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008}
)
