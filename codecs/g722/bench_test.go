package g722

import "testing"

// chord is 20 ms of something that keeps both bands busy.
func chord() []int16 {
	pcm := make([]int16, 320)
	x := uint32(1)
	for i := range pcm {
		x = x*1664525 + 1013904223
		pcm[i] = int16(int32(x)>>18) + int16(i%50*200-5000)
	}
	return pcm
}

func BenchmarkEncode(b *testing.B) { // budget: 15 µs, 0 allocs a 20 ms frame
	e, pcm, dst := NewEncoder(), chord(), make([]byte, 160)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.Encode(dst, pcm)
	}
}

func BenchmarkDecode(b *testing.B) { // budget: 12 µs, 0 allocs a 20 ms frame
	payload, dst := make([]byte, 160), make([]int16, 320)
	_, _ = NewEncoder().Encode(payload, chord())
	d := NewDecoder()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Decode(dst, payload)
	}
}

func BenchmarkConceal(b *testing.B) { // budget: 35 µs, 0 allocs a 20 ms frame, with the search for the period
	payload, dst := make([]byte, 160), make([]int16, 320)
	_, _ = NewEncoder().Encode(payload, chord())
	d := NewDecoder()
	_, _ = d.Decode(dst, payload)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.Decode(dst, payload[:8]) // 1 ms: the loss is over, the next one begins
		d.Conceal(dst)
	}
}
