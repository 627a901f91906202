package media

import (
	"encoding/binary"
	"strings"
	"time"
)

// A telephone-event payload (RFC 4733 §2.3):
//
//	 0                   1                   2                   3
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     event     |E|R| volume    |          duration             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type event struct {
	code     uint8
	end      bool
	volume   uint8  // -dBm0, 0–63
	duration uint16 // in units of the RTP clock
}

const (
	eventSize    = 4
	eventRunes   = "0123456789*#ABCD!" // index = event code; 16 is a hook flash
	defaultLevel = 10                  // -dBm0 of what we send
)

func parseEvent(b []byte) (event, bool) {
	if len(b) < eventSize {
		return event{}, false
	}
	return event{code: b[0], end: b[1]&0x80 != 0, volume: b[1] & 0x3F, duration: binary.BigEndian.Uint16(b[2:])}, true
}

// put writes e to b[:eventSize].
func (e event) put(b []byte) {
	b[0], b[1] = e.code, e.volume&0x3F
	if e.end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], e.duration)
}

// eventCode is the code of a key; false if there is none.
func eventCode(r rune) (uint8, bool) {
	if i := strings.IndexRune(eventRunes, r); i >= 0 {
		return uint8(i), true
	}
	if i := strings.IndexRune("abcd", r); i >= 0 {
		return uint8(12 + i), true
	}
	return 0, false
}

// eventLost is how long an event's packets may stay away before it counts as over: six packets of the slowest phones.
const eventLost = int64(300 * time.Millisecond)

// eventReceiver makes digits of telephone-event packets: one for each timestamp, however many packets say so. A digit is told
// at the first packet with the E bit, at the beginning of the next one, or when its packets stop.
type eventReceiver struct {
	seen     bool // ts is of an event
	open     bool // not told yet
	ts       uint32
	code     uint8
	duration uint16 // of the segment
	before   uint32 // samples in earlier segments
	rate     int
	unheard  bool // nobody took what came when it began
	count    uint64
	opened   uint64 // events that have begun
}

func (r *eventReceiver) restart() { *r = eventReceiver{count: r.count, opened: r.opened} }

// packet takes a packet; told is the digit that is complete by it, which may be the one before.
func (r *eventReceiver) packet(ts uint32, b []byte, rate int) (told Digit, ok bool) {
	e, valid := parseEvent(b)
	if !valid || int(e.code) >= len(eventRunes) {
		return Digit{}, false
	}
	if r.seen && ts != r.ts {
		if int32(ts-r.ts) < 0 {
			return Digit{}, false // a straggler of an event already over
		}
		if r.open && e.code == r.code && r.duration == 0xFFFF && ts-r.ts == 0xFFFF {
			// The next segment of a key held for seconds (RFC 4733 §2.5.1.3).
			r.before += 0xFFFF
			r.ts, r.duration = ts, 0
		} else {
			told, ok = r.finish() // its end was lost
			r.seen = false
		}
	}
	if !r.seen {
		*r = eventReceiver{seen: true, open: true, ts: ts, code: e.code, rate: rate, count: r.count, opened: r.opened + 1}
	}
	if !r.open || e.code != r.code {
		return told, ok
	}
	r.duration = max(r.duration, e.duration)
	if e.end && !ok {
		return r.finish()
	}
	// With two digits due by one packet (all but the end of the second was lost) the second waits for its next end packet,
	// or for the timer.
	return told, ok
}

// finish closes the open event.
func (r *eventReceiver) finish() (Digit, bool) {
	if !r.open {
		return Digit{}, false
	}
	r.open = false
	r.count++
	samples := int64(r.before) + int64(r.duration)
	return Digit{Rune: rune(eventRunes[r.code]), Duration: time.Duration(samples) * time.Second / time.Duration(max(r.rate, 1))}, true
}

func (p *Port) receiveEvent(f *Frame) {
	before := p.events.opened
	d, ok := p.events.packet(f.Timestamp, f.Payload, f.Format.Rate)
	if p.events.open {
		p.at.set(&p.eventEnd, p.at.now+eventLost)
	} else {
		p.at.timers.stop(&p.eventEnd)
	}
	if ok && p.events.open { // the one before
		p.keyUp(d)
	}
	if p.events.opened != before {
		p.events.unheard = p.sink == Discard
		p.keyDown(p.events.code, false)
	}
	if ok && !p.events.open {
		p.keyUp(d)
	}
}

// eventStopped runs when packets of an open event have stayed away.
func (p *Port) eventStopped(*shard) {
	if d, ok := p.events.finish(); ok {
		p.keyUp(d)
	}
}

func (p *Port) tell(d Digit) {
	p.publish()
	p.turnByKey(d.Rune)
	if p.config.OnDigit != nil {
		p.config.OnDigit(d)
	}
}
