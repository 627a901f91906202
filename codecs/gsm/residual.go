package gsm

// The standard's tables 5.3a (DLB), 5.3b (QLB), 5.4 (H), 5.5 (NRFAC) and 5.6 (FAC).
var (
	gainLevels = [3]int32{6554, 16384, 26214}
	gains      = [4]int32{3277, 11469, 21299, 32767}
	weights    = [11]int32{-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134}
	inverses   = [8]int32{29128, 26215, 23832, 21846, 20165, 18725, 17476, 16384}
	factors    = [8]int32{18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767}
)

// longTerm finds where in the last maxLag samples of past the residual d was before, and how loud (§5.2.11).
func longTerm(d *[subframe]int16, past []int16) (lag int, gain uint8) {
	most := int32(0)
	for _, x := range d {
		most = max(most, abs(int32(x)))
	}
	shift := 0
	if most > 0 {
		shift = max(6-norm(most<<16), 0)
	}
	var wt [subframe]int32 // at most 9 bits, so that no sum below can overflow
	for k, x := range d {
		wt[k] = int32(x) >> shift
	}
	past = past[:maxLag]
	best := int32(0)
	lag = minLag
	for l := minLag; l <= maxLag; l++ {
		then := (*[subframe]int16)(past[maxLag-l:])
		sum := int32(0)
		for k := 0; k < subframe; k += 4 {
			sum += wt[k]*int32(then[k]) + wt[k+1]*int32(then[k+1]) + wt[k+2]*int32(then[k+2]) + wt[k+3]*int32(then[k+3])
		}
		if sum > best {
			best, lag = sum, l
		}
	}
	best = best << 1 >> (6 - shift)
	power := int32(0)
	for _, x := range (*[subframe]int16)(past[maxLag-lag:]) {
		power += int32(x>>3) * int32(x>>3)
	}
	power <<= 1
	if best <= 0 {
		return lag, 0
	}
	if best >= power {
		return lag, 3
	}
	up := norm(power)
	r, s := best<<up>>16, power<<up>>16
	for int(gain) < len(gainLevels) && r > mult(s, gainLevels[gain]) {
		gain++
	}
	return lag, gain
}

// weight is the filter of §5.2.13; e has five zeros on both sides.
func weight(e *[subframe + 10]int32) (x [subframe]int32) {
	for k := range x {
		sum := int32(4096)
		for i, h := range weights {
			sum += e[k+i] * h
		}
		x[k] = sat(sum >> 13)
	}
	return x
}

// bestGrid returns which of the four grids of every third sample has most energy (§5.2.14).
func bestGrid(x *[subframe]int32) (grid int) {
	best := int32(0)
	for m := range 4 {
		sum := int32(0)
		for i := range pulses {
			v := x[m+3*i] >> 2
			sum += v * v
		}
		if sum > best {
			best, grid = sum, m
		}
	}
	return grid
}

// quantizePulses codes the block maximum and the pulses relative to it (§5.2.15).
func quantizePulses(out *[perSub]uint8, x *[subframe]int32, grid int) {
	most := int32(0)
	for i := range pulses {
		most = max(most, abs(x[grid+3*i]))
	}
	exponent := int32(0)
	for t := most >> 9; t > 0 && exponent < 6; t >>= 1 {
		exponent++
	}
	out[blockAt] = uint8(most>>(exponent+5) + exponent<<3)
	exponent, mantissa := unpackBlock(out[blockAt])
	for i := range pulses {
		v := x[grid+3*i] << (6 - exponent)
		out[pulsesAt+i] = uint8(mult(v, inverses[mantissa])>>12 + 4)
	}
}

// unpackBlock splits the coded block maximum into an exponent of -4 … 6 and a mantissa of 0 … 7.
func unpackBlock(code uint8) (exponent, mantissa int32) {
	mantissa = int32(code)
	if code > 15 {
		exponent = int32(code>>3) - 1
		mantissa -= exponent << 3
	}
	if mantissa == 0 {
		return -4, 7
	}
	for mantissa <= 7 {
		mantissa = mantissa<<1 | 1
		exponent--
	}
	return exponent, mantissa - 8
}

// dequantizePulses is §5.2.16.
func dequantizePulses(in *[perSub]uint8) (pulse [pulses]int32) {
	exponent, mantissa := unpackBlock(in[blockAt])
	down := 6 - exponent
	half := int32(1) << down >> 1
	for i := range pulse {
		v := (int32(in[pulsesAt+i])<<1 - 7) << 12
		pulse[i] = add(multR(factors[mantissa], v), half) >> down
	}
	return pulse
}
