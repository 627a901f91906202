package g722

// band is the adaptive differential coder of one sub-band: quantizer scale (LOGSCL/LOGSCH, SCALEL/SCALEH) and the predictor of
// two poles and six zeros (block 4L/4H). Encoder and decoder keep it in step by feeding it the same difference signal.
type band struct {
	estimate int32    // SL, SH: the predicted next sample
	zeros    int32    // SZL, SZH: the zero section's part of it
	scale    int32    // DETL, DETH
	logScale int32    // NBL, NBH
	p1, p2   int32    // PLT, PH: the last partial reconstructions
	r1       int32    // RLT, RH: the last reconstruction
	a1, a2   int32    // pole coefficients
	b        [6]int32 // zero coefficients
	d        [6]int32 // the last differences, newest first
}

func newLowBand() band  { return band{scale: 32} }
func newHighBand() band { return band{scale: 8} }

// sat limits to 16 bits as the Recommendation's operators do.
func sat(v int32) int32 {
	if v == int32(int16(v)) {
		return v
	}
	if v > 0 {
		return 32767
	}
	return -32768
}

// limit15 limits to the 15 bits of a sub-band signal (LIMIT of blocks 5L, 5H; the QMF's outputs).
func limit15(v int32) int32 { return max(-16384, min(v, 16383)) }

// adaptScale moves the logarithmic scale by the weight of the code just used and recomputes the linear one.
// most is the upper limit of the logarithm, shift the position of its integer part.
func (b *band) adaptScale(weight, most int32, shift int32) {
	n := max(0, min(b.logScale*127>>7+weight, most))
	b.logScale = n
	mantissa := exp2[n>>6&31]
	if s := shift - n>>11; s >= 0 {
		b.scale = mantissa >> s << 2
	} else {
		b.scale = mantissa << -s << 2
	}
}

// adaptPredictor takes the quantized difference of this sample and predicts the next (RECONS … PREDIC).
func (b *band) adaptPredictor(d int32) {
	r := sat(b.estimate + d)
	p := sat(d + b.zeros)
	b.adaptPoles(p)
	zeros := b.adaptZeros(d)
	poles := sat(b.a1*sat(2*r)>>15 + b.a2*sat(2*b.r1)>>15) // FILTEP
	b.r1 = r
	b.zeros = zeros
	b.estimate = sat(poles + zeros)
}

// signed returns v with the sign of the product of x and y (zero counts as positive), without a branch: the signs are noise.
func signed(v, x, y int32) int32 {
	m := (x ^ y) >> 31
	return v ^ m - m
}

// adaptPoles is UPPOL2 and UPPOL1, which keep the pole section stable: |a2| ≤ 0.75, |a1| ≤ 1 - 2⁻⁴ - a2.
func (b *band) adaptPoles(p int32) {
	toward := sat(-signed(sat(4*b.a1), p, b.p1))
	a2 := max(-12288, min(toward>>7+signed(128, p, b.p2)+b.a2*32512>>15, 12288))
	most := 15360 - a2
	b.a1 = max(-most, min(signed(192, p, b.p1)+b.a1*32640>>15, most))
	b.a2 = a2
	b.p1, b.p2 = p, b.p1
}

// adaptZeros is UPZERO, DELAYA and FILTEZ in one pass, oldest tap first so that each difference moves on after its use.
// Of the operators that could saturate only the sum needs to: the leak holds a coefficient within 16 bits (32767 leaks to
// 32639, and 128 more is 32767 again), and twice the largest difference (16384·20456 >> 15) is 20456. The loop is unrolled, and
// the sum's six steps are looked at together: that they leave 16 bits is rare.
func (b *band) adaptZeros(d int32) int32 {
	step := int32(128)
	if d == 0 {
		step = 0
	}
	x, c := &b.d, &b.b
	c[5] = signed(step, d, x[5]) + c[5]*32640>>15
	c[4] = signed(step, d, x[4]) + c[4]*32640>>15
	c[3] = signed(step, d, x[3]) + c[3]*32640>>15
	c[2] = signed(step, d, x[2]) + c[2]*32640>>15
	c[1] = signed(step, d, x[1]) + c[1]*32640>>15
	c[0] = signed(step, d, x[0]) + c[0]*32640>>15
	x[5], x[4], x[3], x[2], x[1], x[0] = x[4], x[3], x[2], x[1], x[0], d
	s5 := c[5] * 2 * x[5] >> 15
	s4 := s5 + c[4]*2*x[4]>>15
	s3 := s4 + c[3]*2*x[3]>>15
	s2 := s3 + c[2]*2*x[2]>>15
	s1 := s2 + c[1]*2*x[1]>>15
	s0 := s1 + c[0]*2*d>>15
	if uint32(s5+32768|s4+32768|s3+32768|s2+32768|s1+32768|s0+32768)>>16 == 0 {
		return s0
	}
	sum := int32(0)
	for i := 5; i >= 0; i-- {
		sum = sat(sum + c[i]*2*x[i]>>15)
	}
	return sum
}
