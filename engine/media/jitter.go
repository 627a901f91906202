package media

import (
	"slices"
	"time"

	"asterism/codecs"
)

// jitterBuffer holds the packets of one stream until they are due, in order of their sequence numbers. It has no clock and no
// thread: time (ns) comes in with every call.
//
//	put ─► slot by sequence number ─► take(now): a packet │ one is lost, or late │ the sender paused │ nothing is here
//
//	position  of a packet in its stream: samples of the RTP clock, counted on when timestamps wrap or jump
//	transit   arrival - position: constant on a perfect network with perfect clocks
//	base      the smallest transit of the last packets; it follows a sender whose clock is not ours
//	target    what nearly all of them are late beyond base, and a margin: 97 % wait in the buffer until base + target
//
// The delay grows when packets come late: what is late plays at once, so that nothing is lost, and what follows keeps the
// distance; and a packet others have overtaken is waited for as long as target says. It shrinks in pauses, and otherwise through who asks excess and takes samples out.
type jitterBuffer struct {
	limits  JitterBuffer
	rate    int64 // RTP clock, Hz
	source  uint64
	started bool
	slots   [jitterSlots]held
	count   int    // slots in use
	next    uint16 // sequence number to play next
	newest  uint16 // highest one put
	resting bool   // nothing plays: the next packet begins when it is due
	fresh   bool   // nothing of this source has played yet
	paused  bool   // what was taken last was no voice: nothing is missing after it
	head    int64  // position that plays next

	ts       uint32 // a timestamp, and its
	pos      int64  // position: of the newest packet
	duration int64  // samples of a packet, as far as timestamps tell

	transits [128]int64
	measured int
	sorted   [128]int64
	base     int64
	target   int64

	late, duplicate, lost uint64
}

// JitterBuffer says how far a jitter buffer may go.
type JitterBuffer struct {
	Fixed  bool          // always delays by Max; else by what the network needs
	Max    time.Duration // delay beyond the fastest packet at most; what comes later is left out
	Resync time.Duration // a change of the transit that no network makes: the timestamp has jumped; negative: never
	Extra  time.Duration // on top of the jitter seen
}

var tapJitter = JitterBuffer{Max: 200 * time.Millisecond, Extra: 10 * time.Millisecond, Resync: time.Second}

const jitterSlots = 64

// held is a packet that waits.
type held struct {
	full    bool
	kind    heldKind
	seq     uint16
	pos     int64
	payload []byte // its space is used again

	format  codecs.Format
	ts      uint32
	marker  bool
	samples int
}

type heldKind uint8

const (
	heldVoice heldKind = iota
	heldOther          // takes a sequence number and no time: a digit, an unknown payload type
)

// verdict is what take found.
type verdict uint8

const (
	verdictNothing verdict = iota // nothing is here, or nothing is due within the samples asked about
	verdictPacket
	verdictLost  // a packet of so many samples
	verdictLate  // it may still come within so many samples
	verdictPause // silence of so many samples, then a packet
)

func newJitterBuffer(l JitterBuffer) *jitterBuffer { return &jitterBuffer{limits: l} }

// restart forgets everything; the next packet begins a stream.
func (j *jitterBuffer) restart(f *Frame) {
	for i := range j.slots {
		j.slots[i].full = false
	}
	j.count = 0
	j.source, j.rate, j.started = f.Source, int64(max(f.Format.Rate, 1)), true
	j.next, j.newest = f.Seq, f.Seq
	j.resting, j.fresh = true, true
	j.ts, j.pos, j.duration = f.Timestamp, 0, j.rate/50
	j.measured, j.base, j.target = 0, 0, 0
}

// put takes a packet that arrived now. Its payload is copied.
func (j *jitterBuffer) put(f *Frame, kind heldKind, now int64) {
	if !j.started || f.Source != j.source || kind == heldVoice && int64(f.Format.Rate) != j.rate {
		if kind != heldVoice {
			return
		}
		j.restart(f)
	}
	step := int16(f.Seq - j.next)
	switch {
	case step >= jitterSlots: // more than any buffer waits for
		if kind != heldVoice {
			return
		}
		j.restart(f)
	case step < 0 && j.fresh && j.newest-f.Seq < jitterSlots:
		j.next = f.Seq // the first ones came in the wrong order
	case step < 0:
		j.late++
		if kind == heldVoice {
			j.measure(now - j.ns(j.position(f, now)))
		}
		return
	}
	s := &j.slots[f.Seq%jitterSlots]
	if s.full {
		j.duplicate++
		return
	}
	*s = held{full: true, kind: kind, seq: f.Seq, pos: j.pos, payload: append(s.payload[:0], f.Payload...),
		format: f.Format, ts: f.Timestamp, marker: f.Marker, samples: f.Samples}
	j.count++
	if kind == heldVoice {
		s.pos = j.position(f, now)
		j.measure(now - j.ns(s.pos))
	}
	if int16(f.Seq-j.newest) > 0 {
		j.newest = f.Seq
	}
}

// position of a frame; a jump of the timestamp is bridged as if the packet had taken the usual time.
func (j *jitterBuffer) position(f *Frame, now int64) int64 {
	pos := j.pos + int64(int32(f.Timestamp-j.ts))
	away, resync := now-j.ns(pos)-j.base, int64(j.limits.Resync)
	if j.measured > 0 && resync >= 0 && (away > resync || away < -resync) {
		pos = j.samples(now - j.base)
		if follows := j.pos + j.duration; f.Seq == j.newest+1 && pos-follows < 3*j.duration {
			pos = follows
		}
		j.ts, j.pos = f.Timestamp, pos
		return pos
	}
	if pos > j.pos {
		if d := pos - j.pos; f.Seq == j.newest+1 && d <= j.rate*120/1000 {
			j.duration = d
		}
		j.ts, j.pos = f.Timestamp, pos
	}
	return pos
}

// measure learns from one transit: late packets at once, what has become better every few packets.
func (j *jitterBuffer) measure(transit int64) {
	margin, most := int64(j.limits.Extra), int64(j.limits.Max)
	if j.limits.Fixed {
		if j.measured == 0 {
			j.measured, j.base, j.target = 1, transit, most
		}
		return
	}
	j.transits[j.measured%len(j.transits)] = transit
	j.measured++
	if j.measured == 1 || transit < j.base {
		j.base = transit
	}
	j.target = min(max(j.target, transit-j.base+margin), most)
	const often = 32
	if j.measured%often != 0 {
		return
	}
	n := copy(j.sorted[:], j.transits[:min(j.measured, len(j.transits))])
	slices.Sort(j.sorted[:n])
	j.base = j.sorted[0]
	j.target = min(j.sorted[n*97/100]-j.base+margin, most)
}

func (j *jitterBuffer) ns(samples int64) int64 {
	return samples/j.rate*int64(time.Second) + samples%j.rate*int64(time.Second)/j.rate
}

func (j *jitterBuffer) samples(ns int64) int64 {
	const second = int64(time.Second)
	return ns/second*j.rate + ns%second*j.rate/second
}

// due is when a position plays.
func (j *jitterBuffer) due(pos int64) int64 { return j.ns(pos) + j.base + j.target }

// take says what plays at now. The packet of verdictPacket is valid until the next put; with verdictLost it is the one after
// the loss if that is here already, for its error correction; samples are of the RTP clock.
func (j *jitterBuffer) take(now int64) (v verdict, p *held, samples int64) {
	for j.count > 0 {
		s := &j.slots[j.next%jitterSlots]
		if !s.full {
			if wait := j.due(j.head) - now; wait > int64(5*time.Millisecond) && !j.resting {
				return verdictLate, nil, j.samples(wait)
			}
			if unit, after := j.missing(); unit > 0 {
				j.next++
				j.head += unit
				j.lost++
				return verdictLost, after, unit
			}
			continue
		}
		if s.kind == heldOther {
			j.release(s)
			j.paused = true
			continue
		}
		due := j.due(s.pos)
		if j.resting || s.pos-j.head > j.rate/200 { // 5 ms: less is a sender's arithmetic
			if wait := due - now; wait > 0 {
				return verdictPause, nil, max(j.samples(wait), 1)
			}
			if now-due > int64(j.limits.Max)-j.target && j.count > 1 {
				j.release(s) // so late that playing it would make all the rest late
				j.late++
				continue
			}
		}
		j.resting, j.fresh, j.paused, j.head = false, false, false, s.pos
		j.release(s)
		return verdictPacket, s, 0
	}
	if j.started {
		j.resting = true
	}
	return verdictNothing, nil, 0
}

// missing looks at the hole at next: how long the missing packet was, and the one behind it if that is here. 0: it had no
// length, and next has moved on.
func (j *jitterBuffer) missing() (unit int64, after *held) {
	s := j.first()
	holes := int64(s.seq - j.next)
	unit = (s.pos - j.head) / holes
	if j.resting || s.kind == heldOther || unit <= 0 {
		j.next = s.seq
		return 0, nil
	}
	if unit > j.rate*120/1000 { // a pause, too
		unit = j.duration
	}
	if holes == 1 {
		after = s
	}
	return unit, after
}

// first is the packet with the lowest number; there must be one.
func (j *jitterBuffer) first() *held {
	seq := j.next
	for !j.slots[seq%jitterSlots].full {
		seq++
	}
	return &j.slots[seq%jitterSlots]
}

func (j *jitterBuffer) release(s *held) {
	s.full = false
	j.count--
	j.next = s.seq + 1
}

// played tells how many samples of the RTP clock the packet held that take gave last.
func (j *jitterBuffer) played(samples int64) { j.head += samples }

// excess is how much later than needed a packet plays whose first sample plays at now.
func (j *jitterBuffer) excess(p *held, now int64) int64 { return now - j.due(p.pos) }
