package gsm

// preprocess is the memory of §5.2.1–5.2.3.
type preprocess struct {
	z1, lz2, mp int32
}

// run scales down, takes out the offset and pre-emphasizes.
func (p *preprocess) run(dst *[FrameSamples]int16, pcm *[FrameSamples]int16) {
	for k, x := range pcm {
		so := int32(x) >> 3 << 2
		s1 := so - p.z1
		p.z1 = so
		high := p.lz2 >> 15
		low := p.lz2 - high<<15
		p.lz2 = satAdd(high*32735, s1<<15+multR(low, 32735))
		sof := satAdd(p.lz2, 16384) >> 15
		dst[k] = int16(add(sof, multR(p.mp, -28180)))
		p.mp = sof
	}
}

// satAdd is L_add, the standard's saturating sum of 32 bits.
func satAdd(a, b int32) int32 {
	return int32(max(-1<<31, min(int64(a)+int64(b), 1<<31-1)))
}

// frame codes one frame into e.sent.
func (e *Encoder) frame(pcm *[FrameSamples]int16) {
	e.pre.run(&e.s, pcm)
	acf := autocorrelation(&e.s)
	r := reflection(&acf)
	quantizeLAR(e.sent[:order], &r)
	next := decodeLAR(e.sent[:order])
	for _, part := range parts {
		rp := part.coefficients(&e.lar, &next)
		e.analyse(e.s[part.from:part.to], &rp)
	}
	e.lar = next
	for j := range 4 {
		e.subframe(j)
	}
	copy(e.dp[:maxLag], e.dp[FrameSamples:])
}

// analyse turns samples into the short-term residual, in place (§5.2.10).
func (e *Encoder) analyse(s []int16, rp *[order]int32) {
	u := &e.u
	for k, x := range s {
		di := int32(x)
		last := di
		for i, r := range rp {
			ui := u[i]
			u[i] = last
			last = add(ui, multR(r, di))
			di = add(di, multR(r, ui))
		}
		s[k] = int16(di)
	}
}

// subframe predicts the residual from what the decoder will have had, codes the rest as pulses and decodes it again.
func (e *Encoder) subframe(j int) {
	out := e.sent.sub(j)
	start := maxLag + j*subframe
	d := (*[subframe]int16)(e.s[j*subframe:])
	lag, gain := longTerm(d, e.dp[start-maxLag:start])
	out[lagAt], out[gainAt] = uint8(lag), gain

	// §5.2.12: the prediction goes to where the reconstruction will be, the rest to be coded to sound.
	dpp := (*[subframe]int16)(e.dp[start:])
	from := (*[subframe]int16)(e.dp[start-lag:])
	bp := gains[gain]
	for k := range dpp {
		p := multR(bp, int32(from[k]))
		dpp[k] = int16(p)
		e.sound[5+k] = sub(int32(d[k]), p)
	}
	x := weight(&e.sound)
	grid := bestGrid(&x)
	out[gridAt] = uint8(grid)
	quantizePulses(out, &x, grid)
	pulse := dequantizePulses(out)
	for i, p := range pulse { // §5.2.17, §5.2.18
		k := grid + 3*i
		dpp[k] = int16(add(p, int32(dpp[k])))
	}
}
