package media

import (
	"encoding/binary"
	"testing"
	"time"
)

// FuzzJitterBuffer: whatever comes, packets play once and in order until a stream restarts, time always goes on, and the count is right.
func FuzzJitterBuffer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 160, 20, 1, 0, 0, 160, 20, 3, 0, 1, 64, 20})
	f.Add([]byte{255, 255, 255, 255, 255, 2, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		j := newJitterBuffer(tapJitter)
		now, seq, ts := time.Second, uint16(0), uint32(0)
		var last uint16
		playing := false
		for ; len(b) >= 5; b = b[5:] {
			seq += uint16(int8(b[0]))
			ts += uint32(int32(int16(binary.BigEndian.Uint16(b[2:]))))
			now += time.Duration(b[4]) * time.Millisecond
			before := j.next
			put(j, arrival{at: now, seq: seq, ts: ts, other: b[1]&1 != 0})
			if j.fresh || j.next != before { // a stream begins
				playing = false
			}
			full := 0
			for i := range j.slots {
				full += b2i(j.slots[i].full)
			}
			if full != j.count {
				t.Fatalf("%d slots are in use, count is %d", full, j.count)
			}
			for at, end := now, now+20*time.Millisecond; at < end; {
				v, p, n := j.take(int64(at))
				switch v {
				case verdictNothing:
					at = end
				case verdictPacket:
					if playing && int16(p.seq-last) <= 0 {
						t.Fatalf("packet %d plays after %d", p.seq, last)
					}
					last, playing = p.seq, true
					j.played(160)
					at += 20 * time.Millisecond
				default:
					if n <= 0 {
						t.Fatalf("verdict %d of %d samples", v, n)
					}
					at += time.Duration(n) * time.Second / 8000
				}
			}
		}
	})
}
