package media

import "time"

const (
	defaultDigit = 100 * time.Millisecond
	minDigit     = 40 * time.Millisecond // what receivers need to take a key for one
	digitGap     = 60 * time.Millisecond // silence between two keys
	eventEvery   = 20 * time.Millisecond // a packet (RFC 4733 §2.5.1.2: at the rate of the voice)
	eventEnds    = 3                     // the last packet is sent so often (§2.5.1.4)
	maxDigits    = 256                   // waiting on a port; more are dropped, the newest first
)

// digitSender sends keys one after the other. While one is down nothing else is sent.
type digitSender struct {
	queue  []outDigit
	active bool
	timer  timer
	count  uint64

	// The one that is down.
	digit    outDigit
	began    int64 // shard time
	step     int   // packets sent
	ends     int   // end packets sent
	pt       uint8
	rate     int
	ts       uint32 // of the segment
	segment  uint32 // samples before it
	frame    Frame
	payload  [eventSize]byte
	deadline int64
}

type outDigit struct {
	code     uint8
	duration time.Duration
}

// SendDigit sends a key (0–9 * # A–D ! for a flash) as RFC 4733 event of this duration (0: 100 ms), after those sent before. A
// rune that is no key is ignored, as is a key the peer has no telephone-event for.
func (p *Port) SendDigit(d rune, dur time.Duration) {
	code, ok := eventCode(d)
	if !ok {
		return
	}
	if dur <= 0 {
		dur = defaultDigit
	}
	p.post(func(s *shard) {
		q := &p.digits
		if p.closed || len(q.queue) >= maxDigits {
			return
		}
		q.queue = append(q.queue, outDigit{code, max(dur, minDigit)})
		if !q.active && q.timer.place == 0 {
			p.sendEvent(s)
		}
	})
}

// sendEvent is the timer's: the next packet of the key that is down, or the next key.
func (p *Port) sendEvent(s *shard) {
	q := &p.digits
	if !q.active && !p.nextDigit(s) {
		return
	}
	samples := uint32(int64(s.now-q.began) / 1000 * int64(q.rate) / 1e6)
	total := uint32(int64(q.digit.duration) / 1000 * int64(q.rate) / 1e6)
	step := uint32(int64(eventEvery) / 1000 * int64(q.rate) / 1e6)
	// Durations grow by whole steps, as a clock would see them, and the last one is what was asked for.
	samples = min(max(samples/step*step, uint32(q.step+1)*step), total)
	if q.ends > 0 {
		samples = total
	}
	for samples-q.segment > 0xFFFF { // the field is full: go on in another segment (RFC 4733 §2.5.1.3)
		p.putEvent(event{code: q.digit.code, volume: defaultLevel, duration: 0xFFFF}, false)
		q.segment += 0xFFFF
		q.ts += 0xFFFF
	}
	e := event{code: q.digit.code, volume: defaultLevel, duration: uint16(samples - q.segment), end: samples == total}
	p.putEvent(e, q.step == 0)
	q.step++
	if e.end {
		q.ends++
	}
	if q.ends == eventEnds {
		q.active = false
		q.count++
		q.deadline += int64(digitGap)
	} else {
		q.deadline += int64(eventEvery)
	}
	s.set(&q.timer, q.deadline)
}

func (p *Port) nextDigit(s *shard) bool {
	q := &p.digits
	o := &p.outgoing
	for len(q.queue) > 0 {
		d := q.queue[0]
		q.queue = q.queue[1:]
		rate := o.rate
		if f, _, ok := o.Preferred(); ok && rate == 0 {
			rate = f.Rate
		}
		f, ok := o.EventFormat(rate)
		if !ok || !o.ready() || f.Rate <= 0 {
			continue
		}
		pt, _ := o.payloadType(f)
		_, ts := o.next(f.Rate, s.now)
		q.digit, q.began, q.step, q.ends, q.segment = d, s.now, 0, 0, 0
		q.pt, q.rate, q.ts, q.deadline = pt, f.Rate, ts, s.now
		q.frame = Frame{Format: f}
		q.active = true
		return true
	}
	q.queue = nil
	return false
}

func (p *Port) putEvent(e event, marker bool) {
	q := &p.digits
	e.put(q.payload[:])
	q.frame.Payload = q.payload[:]
	if p.outgoing.ready() {
		p.outgoing.inject(q.pt, marker, q.ts, 0, &q.frame)
	}
}
