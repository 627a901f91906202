package audio

import "math"

// Contains slides clip over heard and returns the best normalised correlation, 1 for the same waveform at any loudness,
// and the sample of heard it begins at. Both have one rate. G.711 leaves it above 0.95.
func Contains(heard, clip []int16) (best float64, at int) {
	if len(clip) == 0 || len(heard) < len(clip) {
		return 0, 0
	}
	var clipEnergy float64
	for _, v := range clip {
		clipEnergy += float64(v) * float64(v)
	}
	var energy float64
	for _, v := range heard[:len(clip)] {
		energy += float64(v) * float64(v)
	}
	for off := 0; off+len(clip) <= len(heard); off++ {
		if off > 0 {
			out, in := float64(heard[off-1]), float64(heard[off+len(clip)-1])
			energy += in*in - out*out
		}
		if energy <= 0 {
			continue
		}
		var dot float64
		for i, v := range clip {
			dot += float64(v) * float64(heard[off+i])
		}
		if c := dot / math.Sqrt(energy*clipEnergy); c > best {
			best, at = c, off
		}
	}
	return best, at
}
