package media

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"asterism/codecs"
)

// arrival is a packet of a simulated network.
type arrival struct {
	at    time.Duration
	seq   uint16
	ts    uint32
	other bool
}

// journey is what a network does to a sender of a packet each 20 ms.
type journey struct {
	packets int
	ppm     int // the sender's clock is so much faster
	delay   func(i int) time.Duration
	lost    func(i int) bool
	doubled func(i int) bool
	// pause says how long the sender is silent before packet i; jump, what its timestamp then does besides.
	pause func(i int) time.Duration
	jump  func(i int) int64
}

func (n journey) arrivals() []arrival {
	var out []arrival
	sent, ts := time.Second, uint32(4294960000) // wraps soon
	for i := range n.packets {
		if n.pause != nil {
			d := n.pause(i)
			sent += d
			ts += uint32(d * 8000 / time.Second)
		}
		if n.jump != nil {
			ts += uint32(n.jump(i))
		}
		if n.lost == nil || !n.lost(i) {
			a := arrival{at: sent, seq: uint16(65500 + i), ts: ts}
			if n.delay != nil {
				a.at += n.delay(i)
			}
			out = append(out, a)
			if n.doubled != nil && n.doubled(i) {
				a.at += 3 * time.Millisecond
				out = append(out, a)
			}
		}
		sent += 20*time.Millisecond - 20*time.Millisecond*time.Duration(n.ppm)/1_000_000
		ts += 160
	}
	return out
}

// outcome is what a listener of blocks of 20 ms gets.
type outcome struct {
	played          []uint16 // packet numbers, in order
	lost, paused    int      // samples told to be lost, and of pauses between packets
	starved         int      // samples of nothing between the first and the last packet
	delays          []time.Duration
	shortened       time.Duration
	late, duplicate uint64
	target          time.Duration
}

// listen plays arrivals by the clock. What plays 30 ms later than needed is cut by 5 ms, as a listener of PCM would.
func listen(arrivals []arrival) outcome {
	j := newJitterBuffer(tapJitter)
	var o outcome
	sent := map[uint16]time.Duration{}
	end := time.Duration(0)
	for _, a := range arrivals {
		end = max(end, a.at)
	}
	pending := 0 // samples of nothing that count when another packet follows
	const block = 20 * time.Millisecond
	for begin, filled := time.Duration(0), time.Duration(0); begin < end+time.Second; begin += block {
		for _, a := range arrivals {
			if a.at > begin && a.at <= begin+block {
				put(j, a)
				sent[a.seq] = a.at
			}
		}
		for filled < block {
			left := block - filled
			v, p, n := j.take(int64(begin + filled))
			length := min(time.Duration(n)*time.Second/8000, left)
			switch v {
			case verdictPacket:
				o.played = append(o.played, binary.BigEndian.Uint16(p.payload)-65500)
				o.delays = append(o.delays, begin+filled+block-sent[p.seq])
				o.starved += pending
				pending = 0
				length = block
				j.played(160)
				if j.excess(p, int64(begin+filled)) > shortenFrom {
					length -= 5 * time.Millisecond
					o.shortened += 5 * time.Millisecond
				}
			case verdictLost:
				o.lost += int(n)
				length = time.Duration(n) * time.Second / 8000
			case verdictPause:
				if len(o.played) > 0 {
					o.paused += int(length * 8000 / time.Second)
				}
			case verdictLate:
				o.starved += int(length * 8000 / time.Second)
			case verdictNothing:
				length = left
				if len(o.played) > 0 {
					pending += int(length * 8000 / time.Second)
				}
			}
			filled += length
		}
		filled -= block
	}
	o.late, o.duplicate, o.target = j.late, j.duplicate, time.Duration(j.target)
	return o
}

func put(j *jitterBuffer, a arrival) {
	var payload [2]byte
	binary.BigEndian.PutUint16(payload[:], a.seq)
	kind := heldVoice
	if a.other {
		kind = heldOther
	}
	j.put(&Frame{Format: codecs.Format{Name: "PCMU", Rate: 8000, Channels: 1}, Payload: payload[:], Seq: a.seq, Timestamp: a.ts, Source: 1}, kind, int64(a.at))
}

func (o outcome) String() string {
	var most, sum time.Duration
	for _, d := range o.delays {
		most, sum = max(most, d), sum+d
	}
	return fmt.Sprintf("played %d, lost %d, paused %d, starved %d samples, late %d, duplicate %d, delay %v/%v, target %v, cut %v",
		len(o.played), o.lost, o.paused, o.starved, o.late, o.duplicate, (sum / time.Duration(max(len(o.delays), 1))).Round(time.Millisecond), most, o.target, o.shortened)
}

func TestJitterBuffer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	jitter := func(most time.Duration) func(int) time.Duration {
		return func(int) time.Duration { return time.Duration(random.Int64N(int64(most))) }
	}
	in := func(from, to int) func(int) bool { return func(i int) bool { return from <= i && i < to } }
	const ms = time.Millisecond
	tests := []struct {
		name    string
		net     journey
		missing int           // packets that may not play
		lost    int           // samples: what must be told as lost
		paused  [2]int        // samples: bounds
		starved int           // samples at most
		delay   time.Duration // at most at the end, from arrival to the end of the block that plays it
	}{
		{name: "perfect", net: journey{packets: 500}, delay: 40 * ms},
		{name: "jitter of 40 ms", net: journey{packets: 1000, delay: jitter(40 * ms)}, starved: 600, delay: 100 * ms},
		{name: "loss", net: journey{packets: 500, lost: func(i int) bool { return i%20 == 10 }}, missing: 25, lost: 25 * 160, delay: 40 * ms},
		{name: "a burst of losses", net: journey{packets: 500, lost: in(100, 105)}, missing: 5, starved: 5 * 160, paused: [2]int{0, 200}, delay: 40 * ms},
		{name: "duplicates", net: journey{packets: 500, doubled: func(i int) bool { return i%3 == 0 }}, delay: 40 * ms},
		{name: "reordering", net: journey{packets: 500, delay: func(i int) time.Duration {
			if i%10 == 5 {
				return 45 * ms // after the next two
			}
			return 0
		}}, starved: 500, missing: 1, lost: 160, delay: 90 * ms},
		{name: "wrong order at the beginning", net: journey{packets: 100, delay: func(i int) time.Duration {
			if i == 0 {
				return 25 * ms
			}
			return 0
		}}, starved: 400, delay: 70 * ms},
		{name: "a fast sender", net: journey{packets: 15000, ppm: 200}, starved: 100, delay: 80 * ms},
		{name: "a slow sender", net: journey{packets: 15000, ppm: -200}, starved: 900, paused: [2]int{0, 400}, delay: 60 * ms},
		{name: "pauses", net: journey{packets: 500, pause: func(i int) time.Duration {
			if i%50 == 49 {
				return 700 * ms
			}
			return 0
		}}, starved: 10 * 5700, paused: [2]int{0, 2000}, delay: 40 * ms},
		{name: "the timestamp jumps ahead", net: journey{packets: 500, jump: jumpAt(250, 1<<30)}, paused: [2]int{0, 200}, starved: 200, delay: 40 * ms},
		{name: "the timestamp jumps back", net: journey{packets: 500, jump: jumpAt(250, -90000)}, paused: [2]int{0, 200}, starved: 200, delay: 40 * ms},
		{name: "jumps with jitter", net: journey{packets: 500, jump: jumpAt(250, -90000), delay: jitter(30 * ms)}, paused: [2]int{0, 1000}, starved: 1000, missing: 1, delay: 100 * ms},
		{name: "a network that stands still for 150 ms", net: journey{packets: 1000, delay: func(i int) time.Duration {
			return max(0, 150*ms-time.Duration(i-200)*20*ms) * time.Duration(b2i(i >= 200))
		}}, starved: 1400, delay: 60 * ms},
		{name: "a network that stands still for a second", net: journey{packets: 1000, delay: func(i int) time.Duration {
			return max(0, time.Second-time.Duration(i-200)*20*ms) * time.Duration(b2i(i >= 200))
		}}, starved: 8300, missing: 45, delay: 60 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := listen(tt.net.arrivals())
			t.Log(o)
			for i := 1; i < len(o.played); i++ {
				if int16(o.played[i]-o.played[i-1]) <= 0 {
					t.Fatalf("packet %d plays after %d", o.played[i], o.played[i-1])
				}
			}
			if missing := tt.net.packets - len(o.played); missing > tt.missing {
				t.Errorf("%d packets did not play, %d may", missing, tt.missing)
			}
			if o.lost < tt.lost || tt.lost == 0 && tt.missing == 0 && o.lost > o.starved {
				t.Errorf("lost %d, want %d", o.lost, tt.lost)
			}
			if o.paused < tt.paused[0] || o.paused > max(tt.paused[1], o.starved) {
				t.Errorf("paused %d", o.paused)
			}
			if o.starved > tt.starved {
				t.Errorf("starved for %d samples, at most %d", o.starved, tt.starved)
			}
			if last := o.delays[len(o.delays)-1]; last > tt.delay {
				t.Errorf("delay at the end %v, at most %v", last, tt.delay)
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func jumpAt(at int, by int64) func(int) int64 {
	return func(i int) int64 {
		if i == at {
			return by
		}
		return 0
	}
}
