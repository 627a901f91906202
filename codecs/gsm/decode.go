package gsm

// frame decodes one frame (§5.3).
func (d *Decoder) frame(dst *[FrameSamples]int16, p *parameters) {
	for j := range 4 {
		d.subframe(p.sub(j), maxLag+j*subframe)
	}
	residual := (*[FrameSamples]int16)(d.drp[maxLag:])
	next := decodeLAR(p[:order])
	for _, part := range parts {
		rp := part.coefficients(&d.lar, &next)
		d.synthesize(dst[part.from:part.to], residual[part.from:part.to], &rp)
	}
	d.lar = next
	copy(d.drp[:maxLag], d.drp[FrameSamples:])
}

// subframe rebuilds the short-term residual at start (§5.3.1, §5.3.2).
func (d *Decoder) subframe(in *[perSub]uint8, start int) {
	if lag := int32(in[lagAt]); lag >= minLag && lag <= maxLag {
		d.lag = lag
	}
	out := (*[subframe]int16)(d.drp[start:])
	from := (*[subframe]int16)(d.drp[start-int(d.lag):])
	b := gains[in[gainAt]&3]
	for k := range out {
		out[k] = int16(multR(b, int32(from[k])))
	}
	grid := int(in[gridAt] & 3)
	pulse := dequantizePulses(in)
	for i, p := range pulse {
		k := grid + 3*i
		out[k] = int16(add(p, int32(out[k])))
	}
}

// synthesize filters the residual (§5.3.4), de-emphasizes, scales up and cuts to 13 bits (§5.3.5–5.3.7).
func (d *Decoder) synthesize(dst, residual []int16, rp *[order]int32) {
	v := &d.v
	for k, x := range residual {
		sr := int32(x)
		for i := order - 1; i >= 0; i-- {
			sr = sub(sr, multR(rp[i], v[i]))
			v[i+1] = add(v[i], multR(rp[i], sr))
		}
		v[0] = sr
		d.msr = add(sr, multR(d.msr, 28180))
		dst[k] = int16(add(d.msr, d.msr) &^ 7)
	}
}
