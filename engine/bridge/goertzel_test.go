package bridge

import "math"

// goertzel is the share of a sound's power that is at w radians a sample.
func goertzel(pcm []int16, w float64) float64 {
	var s1, s2, power float64
	k := 2 * math.Cos(w)
	for _, x := range pcm {
		s1, s2 = float64(x)+k*s1-s2, s1
		power += float64(x) * float64(x)
	}
	if power == 0 {
		return 0
	}
	return 2 * (s1*s1 + s2*s2 - k*s1*s2) / power / float64(len(pcm))
}
