package media

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"asterism/codecs/g711"
)

// TestRoomDrift: somebody speaks in bursts whose clock is not ours, one packet each 20 ms of his own: they come as soon in the end as in the
// beginning, though he has said a quarter of a second more, or less, than there was time for.
func TestRoomDrift(t *testing.T) {
	const length = 4 * time.Minute // as far apart in the end as half an hour of 130 ppm
	for _, ppm := range []int{-1000, 0, 1000} {
		t.Run(fmt.Sprintf("%+d ppm", ppm), func(t *testing.T) {
			p := newParty(t, RoomConfig{Rate: 8000})
			speaker, ear := p.come(FormatULaw, 0, MemberConfig{}), p.come(FormatULaw, 0, MemberConfig{})
			p.untap()
			silence, burst := bytes.Repeat([]byte{0xFF}, 160), make([]byte, 160)
			for i := range burst {
				burst[i] = g711.EncodeULaw(int16(8000 * math.Sin(2*math.Pi*float64(i)/8)))
			}
			step := 20*time.Millisecond + 20*time.Millisecond*time.Duration(ppm)/1e6
			began, next := p.s.now, p.s.now
			var said int64
			var delays []time.Duration
			for k := 0; p.s.now-began < int64(length); k++ {
				frame := silence
				if k%250 < 10 {
					frame = burst
				}
				if k%250 == 0 {
					said = p.s.now
				}
				p.Receive(speaker.port, speaker.speaker.Packet(frame), speaker.addr)
				p.Receive(ear.port, ear.speaker.Packet(silence), ear.addr)
				next += int64(step)
				p.Advance(time.Duration(next - p.s.now))
				for _, packet := range p.RTP(ear.port) {
					if said != 0 && loudness(packet.Payload) > 2000 {
						delays = append(delays, time.Duration(p.s.now-said))
						said = 0
					}
				}
				p.RTP(speaker.port)
			}
			if want := int(length/(5*time.Second)) * 9 / 10; len(delays) < want {
				t.Fatalf("%d bursts heard, want %d", len(delays), want)
			}
			for i, d := range delays {
				if d > 100*time.Millisecond {
					t.Fatalf("burst %d of %d comes after %v", i, len(delays), d)
				}
			}
			t.Logf("%d bursts, the first after %v, the last after %v", len(delays), delays[0], delays[len(delays)-1])
		})
	}
}

func loudness(payload []byte) float64 {
	sum := 0.0
	for _, b := range payload {
		v := float64(g711.DecodeULaw(b))
		sum += max(v, -v)
	}
	return sum / float64(max(len(payload), 1))
}
