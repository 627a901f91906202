package media_test

import (
	"testing"
	"time"

	"asterism/engine/media"
)

// TestJitterBufferInTheWay: packets that come early, late and in the wrong order leave in order, at an even pace.
func TestJitterBufferInTheWay(t *testing.T) {
	for name, tt := range map[string]struct {
		buffer media.JitterBuffer
		delay  time.Duration // of a packet that was not late
	}{
		"adaptive": {media.AdaptiveJitterBuffer, 80 * time.Millisecond},
		"fixed":    {media.FixedJitterBuffer, 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			l := join(t, ulaw, ulaw)
			l.a.SetJitterBuffer(&tt.buffer)
			l.Obey()
			var left []time.Duration // when packet i left, since it was sent
			late := []time.Duration{0, 25, 5, 39, 10, 0, 35, 15}
			queue := map[int][][]byte{} // by ms
			for i := range 200 {
				at := 20*i + int(late[i%len(late)])
				queue[at] = append(queue[at], append([]byte(nil), l.alice.Packet(media.Voice(byte(i)))...))
			}
			for ms := range 4400 {
				for _, b := range queue[ms] {
					l.Receive(l.a, b, addrA)
				}
				for _, p := range l.RTP(l.b) {
					if p.Payload[0] != byte(len(left)) {
						t.Fatalf("packet %d leaves at place %d", p.Payload[0], len(left))
					}
					left = append(left, time.Duration(ms-20*len(left))*time.Millisecond)
				}
				l.Advance(time.Millisecond)
			}
			if len(left) != 200 {
				t.Fatalf("%d of 200 packets left", len(left))
			}
			for i := 40; i < 200; i++ {
				if d := left[i] - tt.delay; d < -2*time.Millisecond || d > 2*time.Millisecond {
					t.Fatalf("packet %d leaves %v after it was sent, want %v", i, left[i], tt.delay)
				}
			}
			l.a.SetJitterBuffer(nil)
			l.Obey()
			if got := l.say(media.Voice(1)); len(got) != 1 {
				t.Errorf("%d packets at once without the buffer", len(got))
			}
		})
	}
}

// TestJitterBufferKeepsDigits: an event keeps its place between the voice, and the script hears it at once.
func TestJitterBufferKeepsDigits(t *testing.T) {
	l := join(t, ulaw, ulaw)
	l.a.SetJitterBuffer(&media.FixedJitterBuffer)
	l.Obey()
	for i := range 10 {
		l.Receive(l.a, l.alice.Packet(media.Voice(byte(i))), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.Receive(l.a, l.alice.Event(l.alice.TS, 7, 800, true, true), addrA)
	if len(l.digitsA) != 1 {
		t.Fatalf("%d digits told", len(l.digitsA))
	}
	for i := range 10 {
		l.Receive(l.a, l.alice.Packet(media.Voice(byte(10+i))), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.Advance(time.Second)
	got := l.RTP(l.b)
	if len(got) != 21 {
		t.Fatalf("%d packets, want 21", len(got))
	}
	for i, p := range got {
		if (p.PayloadType == 101) != (i == 10) || p.SequenceNumber != got[0].SequenceNumber+uint16(i) {
			t.Errorf("packet %d: type %d, number %d", i, p.PayloadType, p.SequenceNumber-got[0].SequenceNumber)
		}
	}
}
