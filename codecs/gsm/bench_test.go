package gsm

import "testing"

// voiced is a second of pulses with noise, so that every part of the coder has work.
func voiced() []int16 {
	pcm := make([]int16, SampleRate)
	x := uint32(1)
	for i := range pcm {
		x = x*1664525 + 1013904223
		pcm[i] = int16(int32(x)>>20) + int16(i%73*300-11000)
	}
	return pcm
}

func BenchmarkEncode(b *testing.B) { // budget: 25 µs, 0 allocs a 20 ms frame
	e, pcm, dst := NewEncoder(), voiced(), make([]byte, FrameSize)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 50 * FrameSamples
		_, _ = e.Encode(dst, pcm[at:at+FrameSamples])
	}
}

func BenchmarkDecode(b *testing.B) { // budget: 8 µs, 0 allocs a 20 ms frame
	data, dst := make([]byte, 50*FrameSize), make([]int16, FrameSamples)
	_, _ = NewEncoder().Encode(data, voiced())
	d := NewDecoder()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i % 50 * FrameSize
		_, _ = d.Decode(dst, data[at:at+FrameSize])
	}
}
