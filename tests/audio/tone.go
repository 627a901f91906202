// Package audio measures what a phone of a scene heard: whether a tone is in 16-bit PCM, and whether a prompt is.
package audio

import (
	"fmt"
	"math"
	"time"
)

// Level says how strongly one frequency stands out of a piece of audio.
type Level struct {
	DBFS float64 // power of the tone, dB below a full-scale sine; -120 is the floor
	SNR  float64 // dB above the mean of the neighbouring frequencies
}

func (l Level) String() string {
	return fmt.Sprintf("%.1f dBFS, %.1f dB over its neighbours", l.DBFS, l.SNR)
}

// Present is sure that the tone is there, Absent is sure that it is not; between the two lies doubt, which neither takes.
// G.711 noise sits some 38 dB under a tone; a tone fed at half scale arrives at -6 dBFS.
func (l Level) Present() bool { return l.DBFS > -40 && l.SNR > 15 }

// Absent is true when no ear would find the tone.
func (l Level) Absent() bool { return l.DBFS < -50 || l.SNR < 6 }

const (
	window = 200 * time.Millisecond // Hann window: resolves 10 Hz
	hop    = 100 * time.Millisecond
	floor  = -120.0
)

// neighbours are the offsets in Hz that noise is measured at: outside the window's main lobe, inside the speech band.
var neighbours = []float64{-110, -70, -40, 40, 70, 110}

// Measure looks for freq Hz in the whole of pcm, rate samples a second.
func Measure(pcm []int16, rate int, freq float64) Level {
	tone := goertzel(pcm, rate, freq)
	var around float64
	for _, off := range neighbours {
		around += goertzel(pcm, rate, freq+off)
	}
	around /= float64(len(neighbours))
	return Level{DBFS: decibel(tone), SNR: decibel(tone) - decibel(around)}
}

// goertzel is the power of one frequency under a Hann window, 1 for a full-scale sine.
func goertzel(pcm []int16, rate int, freq float64) float64 {
	n := len(pcm)
	if n < 2 {
		return 0
	}
	w := 2 * math.Pi * freq / float64(rate)
	coeff := 2 * math.Cos(w)
	var s1, s2 float64
	for i, v := range pcm {
		hann := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n-1))
		s1, s2 = hann*float64(v)/32768+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	half := float64(n) / 4 // a Hann window halves the sum n/2 of a full-scale sine
	return power / (half * half)
}

func decibel(power float64) float64 {
	if power <= 0 {
		return floor
	}
	return math.Max(floor, 10*math.Log10(power))
}

// Windows measures freq in every window of pcm, hop after hop. Less audio than one window yields none.
func Windows(pcm []int16, rate int, freq float64) []Level {
	size, step := samples(window, rate), samples(hop, rate)
	var levels []Level
	for at := 0; at+size <= len(pcm); at += step {
		levels = append(levels, Measure(pcm[at:at+size], rate, freq))
	}
	return levels
}

// Hears reports whether the tone is held for at least d anywhere in pcm, and the best level met.
func Hears(pcm []int16, rate int, freq float64, d time.Duration) (bool, Level) {
	need, run, best := int((d-window)/hop)+1, 0, Level{DBFS: floor}
	found := false
	for _, l := range Windows(pcm, rate, freq) {
		if l.DBFS > best.DBFS {
			best = l
		}
		if !l.Present() {
			run = 0
			continue
		}
		if run++; run >= max(need, 1) {
			found = true
		}
	}
	return found, best
}

// Clearest is the window of pcm where the tone stands out most, among those within 1 dB of the loudest: what a tone's noise is
// judged by, since where it begins or breaks off it is never clear.
func Clearest(pcm []int16, rate int, freq float64) Level {
	windows, loudest, best := Windows(pcm, rate, freq), floor, Level{DBFS: floor}
	for _, l := range windows {
		loudest = max(loudest, l.DBFS)
	}
	for _, l := range windows {
		if l.DBFS > loudest-1 && l.SNR > best.SNR {
			best = l
		}
	}
	return best
}

// Gap is the longest piece of pcm without the tone, between its first and its last: what a listener would notice. It is
// shorter by some 5 ms than what is missing.
func Gap(pcm []int16, rate int, freq float64) time.Duration {
	const short, step = 10 * time.Millisecond, 5 * time.Millisecond / 2
	gap, longest, heard := time.Duration(0), time.Duration(0), false
	for at := 0; at+samples(short, rate) <= len(pcm); at += samples(step, rate) {
		if decibel(goertzel(pcm[at:at+samples(short, rate)], rate, freq)) < -16 {
			gap += step
			continue
		}
		if heard {
			longest = max(longest, gap)
		}
		gap, heard = 0, true
	}
	return longest
}

// Silent reports whether the tone is absent from every window of pcm, and the worst level met. No audio is silent.
func Silent(pcm []int16, rate int, freq float64) (bool, Level) {
	worst, silent := Level{DBFS: floor, SNR: 0}, true
	for _, l := range Windows(pcm, rate, freq) {
		if l.DBFS > worst.DBFS {
			worst = l
		}
		silent = silent && l.Absent()
	}
	return silent, worst
}

// Sine makes d of a tone at half of full scale, starting at sample number from of an endless one.
func Sine(rate int, freq float64, from int, d time.Duration) []int16 {
	pcm := make([]int16, samples(d, rate))
	for i := range pcm {
		pcm[i] = int16(16384 * math.Sin(2*math.Pi*freq*float64(from+i)/float64(rate)))
	}
	return pcm
}

func samples(d time.Duration, rate int) int { return int(d * time.Duration(rate) / time.Second) }

// Sweep glides from one frequency to another: a sound that correlates with itself at one place only.
func Sweep(rate int, from, to float64, d time.Duration) []int16 {
	pcm, phase := make([]int16, samples(d, rate)), 0.0
	for i := range pcm {
		f := from + (to-from)*float64(i)/float64(len(pcm))
		phase += 2 * math.Pi * f / float64(rate)
		pcm[i] = int16(12000 * math.Sin(phase))
	}
	return pcm
}
