package media

import "time"

// reception keeps the receiver's side of RFC 3550: extended sequence numbers (A.1), loss (A.3), jitter (A.8).
type reception struct {
	ssrc     uint32
	started  bool
	cycles   uint32 // of the sequence number, already shifted by 16
	base     uint32 // extended
	highest  uint16
	bad      uint32 // sequence number that would confirm a restart of the sender; > 65535: none
	received uint64

	transit int64 // of the last packet, in samples
	arrived bool
	jitter  int64 // samples × 16
	rate    int

	priorExpected, priorReceived uint64 // at the last report

	bytes      uint64 // over all SSRCs
	lostBefore int64  // with former SSRCs
}

const noBad = 1 << 16

// packet counts one and reports whether it begins a stream: a new SSRC, or a sender whose sequence numbers started anew.
func (r *reception) packet(ssrc uint32, seq uint16, ts uint32, size, rate int, now int64) (began bool) {
	if !r.started || ssrc != r.ssrc {
		r.restart(ssrc, seq)
		began = true
	} else if step := seq - r.highest; step < maxDropout {
		if seq < r.highest {
			r.cycles += 1 << 16
		}
		r.highest = seq
		r.bad = noBad
	} else if step <= 65535-100 { // a jump: believed when the next packet follows it (RFC 3550 A.1)
		if uint32(seq) != r.bad {
			r.bad = uint32(seq + 1)
		} else {
			r.restart(ssrc, seq)
			began = true
		}
	}
	r.received++
	r.bytes += uint64(size)
	r.measure(ts, rate, now)
	return began
}

func (r *reception) restart(ssrc uint32, seq uint16) {
	*r = reception{ssrc: ssrc, started: true, base: uint32(seq), highest: seq, bad: noBad,
		bytes: r.bytes, lostBefore: r.lostBefore + r.lost()}
}

func (r *reception) measure(ts uint32, rate int, now int64) {
	if rate == 0 { // a payload type we do not know has no clock
		return
	}
	if rate != r.rate {
		r.rate, r.arrived = rate, false
	}
	transit := now/1000*int64(rate)/1e6 - int64(ts)
	if r.arrived {
		d := int64(int32(uint32(transit - r.transit))) // the timestamp wraps
		if d < 0 {
			d = -d
		}
		// A gap of seconds is silence or a jump of the timestamp, not jitter.
		if d < 2*int64(rate) {
			r.jitter += d - (r.jitter+8)>>4
		}
	}
	r.transit, r.arrived = transit, true
}

func (r *reception) extended() uint32 { return r.cycles + uint32(r.highest) }

func (r *reception) expected() uint64 {
	if !r.started {
		return 0
	}
	return uint64(r.extended()-r.base) + 1
}

func (r *reception) lost() int64 { return int64(r.expected()) - int64(r.received) }

func (r *reception) jitterTime() time.Duration {
	if r.rate == 0 {
		return 0
	}
	return time.Duration(r.jitter>>4) * time.Second / time.Duration(r.rate)
}

// fraction is the loss since the last call in 1/256 (RFC 3550 §6.4.1).
func (r *reception) fraction() uint8 {
	expected, received := r.expected()-r.priorExpected, r.received-r.priorReceived
	r.priorExpected, r.priorReceived = r.expected(), r.received
	if expected == 0 || received >= expected {
		return 0
	}
	return uint8(min((expected-received)<<8/expected, 255))
}
