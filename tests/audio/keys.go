package audio

import "math"

var (
	rows    = []float64{697, 770, 852, 941}
	columns = []float64{1209, 1336, 1477, 1633}
)

const keypad = "123A456B789C*0#D"

// KeyTone is d samples at rate of the two tones of a key (ITU-T Q.23), each at a quarter of full scale.
func KeyTone(key byte, rate, n int) []int16 {
	pcm := make([]int16, n)
	for i := range keypad {
		if keypad[i] != key {
			continue
		}
		for j := range pcm {
			t := 2 * math.Pi * float64(j) / float64(rate)
			pcm[j] = int16(8192*math.Sin(rows[i/4]*t) + 8192*math.Sin(columns[i%4]*t))
		}
	}
	return pcm
}

// Keys reads the keys in a recording by their tones: one that lasts 40 ms or more, after silence or another key.
func Keys(pcm []int16, rate int) string {
	size, step := rate/40, rate/50 // 25 ms, each 20 ms
	var keys []byte
	last, before := byte(0), byte(0)
	for at := 0; at+size <= len(pcm); at += step {
		key := keyIn(pcm[at:at+size], rate)
		if key == before && key != last {
			if key != 0 {
				keys = append(keys, key)
			}
			last = key
		}
		before = key
	}
	return string(keys)
}

// keyIn is the key whose tones are nearly all there is in a piece; 0 if there is none.
func keyIn(pcm []int16, rate int) byte {
	row, low := strongest(pcm, rate, rows)
	column, high := strongest(pcm, rate, columns)
	power := 0.0
	for i, v := range pcm {
		hann := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)-1))
		power += hann * hann * float64(v) * float64(v) / 32768 / 32768
	}
	power *= 2 / (0.375 * float64(len(pcm))) // of a full-scale sine: 1
	if decibel(low) < -36 || decibel(high) < -36 || math.Abs(decibel(low)-decibel(high)) > 10 || low+high < 0.6*power {
		return 0
	}
	return keypad[row*4+column]
}

func strongest(pcm []int16, rate int, freqs []float64) (best int, power float64) {
	for i, f := range freqs {
		if p := goertzel(pcm, rate, f); p > power {
			best, power = i, p
		}
	}
	return best, power
}
