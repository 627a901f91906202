package media_test

import (
	"testing"

	"asterism/codecs"
	"asterism/engine/media"
)

func TestRelayAllocs(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []codecs.Format
	}{{"relay", ulaw}, {"µ-law to A-law", alaw}, {"to opus", []codecs.Format{media.FormatOpus}}, {"to slin16", []codecs.Format{{Name: "L16", Rate: 16000, Channels: 1}}}} {
		t.Run(tt.name, func(t *testing.T) {
			l := join(t, ulaw, tt.b)
			send := func() {
				l.Receive(l.a, l.alice.Packet(voice160), addrA)
			}
			l.Quiet()
			send()
			send()
			before := l.Count()
			if n := testing.AllocsPerRun(200, send); n != 0 {
				t.Errorf("%v allocations a packet", n)
			}
			if l.Count()-before != 201 {
				t.Errorf("%d packets sent of 201", l.Count()-before)
			}
		})
	}
}

var voice160 = media.Voice(0x55)

// BenchmarkRelay: budget 100 ns, 0 allocs, from the datagram to the send queue.
func BenchmarkRelay(b *testing.B) { benchmark(b, ulaw) }

// BenchmarkTranscode: budget 250 ns, 0 allocs.
func BenchmarkTranscode(b *testing.B) { benchmark(b, alaw) }

func benchmark(b *testing.B, formats []codecs.Format) {
	l := join(b, ulaw, formats)
	l.Quiet()
	b.ReportAllocs()
	for b.Loop() {
		l.Receive(l.a, l.alice.Packet(voice160), addrA)
	}
	if l.Count() < b.N {
		b.Errorf("%d packets sent of %d", l.Count(), b.N)
	}
}
