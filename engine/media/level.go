package media

import "math"

// leveller makes a voice as loud as others: slowly while it is too soft, at once when it is too loud, and not at all in pauses, whose
// noise it would lift.
type leveller struct {
	gain float64
}

const (
	levelTarget = 2600.0 // root mean square: -22 dBFS
	levelMost   = 8.0    // +18 dB
	levelLeast  = 0.25   // -12 dB
	levelRise   = 0.04   // of what lacks, each block: about half a second
	levelFall   = 0.4
)

// adjust changes a block whose samples' squares sum up to power; loud ones alone teach it something. The gain moves within the block.
func (l *leveller) adjust(pcm []int16, power int64, loud bool) {
	if l.gain == 0 {
		l.gain = 1
	}
	from := l.gain
	if loud && power > 0 {
		want := min(max(levelTarget/math.Sqrt(float64(power)/float64(len(pcm))), levelLeast), levelMost)
		if want > l.gain {
			l.gain += (want - l.gain) * levelRise
		} else {
			l.gain += (want - l.gain) * levelFall
		}
	}
	step := (l.gain - from) / float64(len(pcm))
	for i, v := range pcm {
		pcm[i] = soften(int32(float64(v) * (from + step*float64(i))))
	}
}
