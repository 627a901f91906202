package gsm

// autocorrelation returns the first nine coefficients of s, which loses the bits that scaling takes (§5.2.4).
func autocorrelation(s *[FrameSamples]int16) (acf [order + 1]int32) {
	most := int32(0)
	for _, x := range s {
		most = max(most, abs(int32(x)))
	}
	shift := 0
	if most > 0 {
		shift = 4 - norm(most<<16)
	}
	if shift > 0 {
		factor := int32(16384) >> (shift - 1)
		for k, x := range s {
			s[k] = int16(multR(int32(x), factor))
		}
	}
	for k := range acf {
		sum := int32(0)
		late, early := s[k:], s[:FrameSamples-k]
		for i, x := range late {
			sum += int32(x) * int32(early[i])
		}
		acf[k] = sum << 1
	}
	if shift > 0 {
		for k := range s {
			s[k] <<= shift
		}
	}
	return acf
}

// reflection is the Schur recursion in integers (§5.2.5).
func reflection(lacf *[order + 1]int32) (r [order]int32) {
	if lacf[0] == 0 {
		return r
	}
	var acf, p, k [order + 1]int32
	shift := norm(lacf[0])
	for i, a := range lacf {
		acf[i] = a << shift >> 16
	}
	p = acf
	for i := 1; i < order; i++ {
		k[i] = acf[i]
	}
	for n := range r {
		magnitude := abs(p[1])
		if p[0] < magnitude {
			return r
		}
		rn := div(magnitude, p[0])
		if p[1] > 0 {
			rn = -rn
		}
		r[n] = rn
		if n == order-1 {
			return r
		}
		p[0] = add(p[0], multR(p[1], rn))
		for m := 1; m < order-n; m++ {
			pm := add(p[m+1], multR(k[m], rn))
			k[m] = add(k[m], multR(p[m+1], rn))
			p[m] = pm
		}
	}
	return r
}

// ratio says how a log. area ratio is quantized: code = a·LAR + b, limited to lo … hi (§5.4, table 5.1); inverse is 1/a (table 5.2).
type ratio struct{ a, b, lo, hi, inverse int32 }

var ratios = [order]ratio{
	{20480, 0, -32, 31, 13107},
	{20480, 0, -32, 31, 13107},
	{20480, 2048, -16, 15, 13107},
	{20480, -2560, -16, 15, 13107},
	{13964, 94, -8, 7, 19223},
	{15360, -1792, -8, 7, 17476},
	{8534, -341, -4, 3, 31454},
	{9036, -1144, -4, 3, 29708},
}

// quantizeLAR turns reflection coefficients into codes (§5.2.6, §5.2.7).
func quantizeLAR(code []uint8, r *[order]int32) {
	for i, q := range ratios {
		v := abs(r[i])
		switch {
		case v < 22118:
			v >>= 1
		case v < 31130:
			v -= 11059
		default:
			v = (v - 26112) << 2
		}
		if r[i] < 0 {
			v = -v
		}
		v = add(add(mult(q.a, v), q.b), 256) >> 9
		code[i] = uint8(max(q.lo, min(v, q.hi)) - q.lo)
	}
}

// decodeLAR returns LARpp (§5.2.8).
func decodeLAR(code []uint8) (lar [order]int32) {
	for i, q := range ratios {
		v := sub((int32(code[i])+q.lo)<<10, q.b<<1)
		v = multR(q.inverse, v)
		lar[i] = add(v, v)
	}
	return lar
}

// part is a stretch of a frame over which the filter stays the same: it moves over from the frame before in three steps.
type part struct {
	from, to int
	mix      func(was, is int32) int32 // of LARpp (§5.2.9.1, table 3.2)
}

var parts = [4]part{
	{0, 13, func(was, is int32) int32 { return add(add(was>>2, is>>2), was>>1) }},
	{13, 27, func(was, is int32) int32 { return add(was>>1, is>>1) }},
	{27, 40, func(was, is int32) int32 { return add(add(was>>2, is>>2), is>>1) }},
	{40, 160, func(_, is int32) int32 { return is }},
}

// coefficients returns the reflection coefficients for the part (§5.2.9.2).
func (p *part) coefficients(was, is *[order]int32) (rp [order]int32) {
	for i := range rp {
		lar := p.mix(was[i], is[i])
		v := abs(lar)
		switch {
		case v < 11059:
			v <<= 1
		case v < 20070:
			v += 11059
		default:
			v = add(v>>2, 26112)
		}
		if lar < 0 {
			v = -v
		}
		rp[i] = v
	}
	return rp
}
