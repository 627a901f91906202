package media

import (
	"time"

	"asterism/codecs"
	"asterism/engine/dtmf"
)

// DigitMode is how keys are sent to a peer.
type DigitMode uint8

const (
	DigitsEvents DigitMode = iota // RFC 4733 telephone-events, where the peer has agreed to them
	DigitsInband                  // tones in the voice
	DigitsInfo                    // by signalling: PortConfig.SendInfo
)

const (
	defaultDigit = 100 * time.Millisecond
	minDigit     = 40 * time.Millisecond // what receivers need to take an event for a key
	minTone      = 80 * time.Millisecond // and a tone
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
	mode     DigitMode
	began    int64 // shard time
	step     int   // packets sent
	ends     int   // end packets sent
	pt       uint8
	rate     int
	ts       uint32 // of the segment, or of the next packet of a tone
	segment  uint32 // samples before it
	frame    Frame
	payload  [eventSize]byte
	deadline int64

	tone *toneSender // made for the first tone
}

type outDigit struct {
	code     uint8
	held     bool // until release: the duration is not known yet
	duration time.Duration
}

// SendDigit sends a key (0–9 * # A–D ! for a flash) for this duration (0: 100 ms), after those sent before, in the way the stream says. A
// rune that is no key is ignored, as is a key the peer has no way to take.
func (p *Port) SendDigit(d rune, dur time.Duration) {
	code, ok := eventCode(d)
	if !ok {
		return
	}
	if dur <= 0 {
		dur = defaultDigit
	}
	p.post(func(s *shard) { p.queueDigit(s, outDigit{code: code, duration: max(dur, minDigit)}) })
}

func (p *Port) queueDigit(s *shard, d outDigit) {
	q := &p.digits
	if p.closed || len(q.queue) >= maxDigits {
		return
	}
	q.queue = append(q.queue, d)
	if !q.active && q.timer.place == 0 {
		p.sendDigit(s)
	}
}

// press begins a key that release ends.
func (p *Port) press(s *shard, code uint8) { p.queueDigit(s, outDigit{code: code, held: true}) }

// release ends the key that press began; it was down for dur, as far as the one who tells knows.
func (p *Port) release(s *shard, code uint8, dur time.Duration) {
	q := &p.digits
	if q.active && q.digit.held && q.digit.code == code {
		q.digit.held = false
		// It began here later than there. What receivers need it has to have; beyond that it ends when it ends.
		q.digit.duration = max(time.Duration(s.now-q.began), minDigit)
		switch q.mode {
		case DigitsInband:
			q.digit.duration = max(q.digit.duration, min(dur, minTone))
		case DigitsInfo:
			q.digit.duration = max(dur, minDigit)
			p.sendInfo(s)
		case DigitsEvents:
			q.digit.duration = max(q.digit.duration, time.Duration(q.step)*eventEvery) // what was said already
			if time.Duration(q.step+1)*eventEvery >= q.digit.duration {
				q.deadline = s.now
				p.sendEvent(s)
			}
		}
		return
	}
	for i := range q.queue {
		if d := &q.queue[i]; d.held && d.code == code {
			d.held, d.duration = false, max(dur, minDigit)
			return
		}
	}
}

// releaseAll ends what a leg that has gone left pressed.
func (p *Port) releaseAll(s *shard) {
	q := &p.digits
	for i := range q.queue {
		if d := &q.queue[i]; d.held {
			d.held, d.duration = false, defaultDigit
		}
	}
	if q.active && q.digit.held {
		p.release(s, q.digit.code, time.Duration(s.now-q.began))
	}
}

// sendDigit is the timer's: the next packet of the key that is down, or the next key.
func (p *Port) sendDigit(s *shard) {
	q := &p.digits
	if !q.active && !p.nextDigit(s) {
		return
	}
	switch q.mode {
	case DigitsEvents:
		p.sendEvent(s)
	case DigitsInband:
		p.sendTone(s)
	case DigitsInfo:
		if !q.digit.held {
			p.sendInfo(s)
		}
	}
}

func (p *Port) nextDigit(s *shard) bool {
	q := &p.digits
	for len(q.queue) > 0 {
		q.digit = q.queue[0]
		q.queue = q.queue[1:]
		q.mode, q.began, q.step, q.ends, q.segment, q.deadline = p.stream.Digits, s.now, 0, 0, 0, s.now
		switch q.mode {
		case DigitsEvents:
			q.active = p.beginEvent(s)
		case DigitsInband:
			q.active = p.beginTone(s)
		case DigitsInfo:
			q.active = p.config.SendInfo != nil
		}
		if q.active {
			return true
		}
	}
	q.queue = nil
	return false
}

// ended leaves the gap that receivers need before the next key.
func (p *Port) digitEnded(s *shard) {
	q := &p.digits
	q.active = false
	q.count++
	q.deadline += int64(digitGap)
	s.set(&q.timer, q.deadline)
}

// ---- RFC 4733 ----

func (p *Port) beginEvent(s *shard) bool {
	q := &p.digits
	o := &p.outgoing
	rate := o.rate
	if f, _, ok := o.Preferred(); ok && rate == 0 {
		rate = f.Rate
	}
	f, ok := o.EventFormat(rate)
	if !ok || !o.ready() || f.Rate <= 0 {
		return false
	}
	q.pt, _ = o.payloadType(f)
	_, q.ts = o.next(f.Rate, s.now)
	q.rate, q.frame = f.Rate, Frame{Format: f}
	return true
}

// sendEvent sends the next packet of an event.
func (p *Port) sendEvent(s *shard) {
	q := &p.digits
	samples := uint32(int64(s.now-q.began) / 1000 * int64(q.rate) / 1e6)
	total := uint32(int64(q.digit.duration) / 1000 * int64(q.rate) / 1e6)
	step := uint32(int64(eventEvery) / 1000 * int64(q.rate) / 1e6)
	// Durations grow by whole steps, as a clock would see them, and the last one is what was asked for.
	samples = max(samples/step*step, uint32(q.step+1)*step)
	if !q.digit.held {
		samples = min(samples, total)
	}
	if q.ends > 0 {
		samples = total
	}
	for samples > q.segment && samples-q.segment > 0xFFFF { // the field is full: go on in another segment (RFC 4733 §2.5.1.3)
		p.putEvent(event{code: q.digit.code, volume: defaultLevel, duration: 0xFFFF}, false)
		q.segment += 0xFFFF
		q.ts += 0xFFFF
	}
	e := event{code: q.digit.code, volume: defaultLevel, duration: uint16(max(samples, q.segment) - q.segment), end: !q.digit.held && samples == total}
	p.putEvent(e, q.step == 0)
	q.step++
	if e.end {
		q.ends++
	}
	if q.ends == eventEnds {
		p.digitEnded(s)
		return
	}
	q.deadline += int64(eventEvery)
	s.set(&q.timer, q.deadline)
}

func (p *Port) putEvent(e event, marker bool) {
	q := &p.digits
	e.put(q.payload[:])
	q.frame.Payload = q.payload[:]
	if p.outgoing.ready() {
		p.outgoing.inject(q.pt, marker, q.ts, 0, &q.frame)
	}
}

// ---- signalling ----

// sendInfo hands the key over, whole.
func (p *Port) sendInfo(s *shard) {
	q := &p.digits
	p.config.SendInfo(Digit{Rune: rune(eventRunes[q.digit.code]), Duration: q.digit.duration})
	q.deadline = s.now
	p.digitEnded(s)
}

// ---- tones ----

// toneSender makes keys audible.
type toneSender struct {
	generation uint32
	codec      codecs.Codec
	encoder    codecs.Encoder
	ptime      time.Duration
	key        *dtmf.Generator
	sent       int // samples of the key, at the codec's rate
	pcm        []int16
	payload    [2048]byte
	frame      Frame
}

func (p *Port) beginTone(s *shard) bool {
	q := &p.digits
	o := &p.outgoing
	if q.tone == nil || q.tone.generation != o.generation {
		t := &toneSender{generation: o.generation}
		t.codec, t.ptime = playCodec(o)
		if t.codec.NewEncoder == nil {
			return false
		}
		enc, err := t.codec.NewEncoder(o.EncoderOptions(t.codec.Format))
		if err != nil {
			return false
		}
		t.encoder, t.pcm = enc, make([]int16, int(t.ptime*time.Duration(t.codec.SampleRate)/time.Second))
		q.tone = t
	}
	key, ok := dtmf.NewGenerator(rune(eventRunes[q.digit.code]), q.tone.codec.SampleRate)
	if !ok || !o.ready() { // a flash has no sound
		return false
	}
	q.tone.key, q.tone.sent = key, 0
	if !q.digit.held {
		q.digit.duration = max(q.digit.duration, minTone)
	}
	q.pt, _ = o.payloadType(q.tone.codec.Format)
	_, q.ts = o.next(q.tone.codec.Format.Rate, s.now)
	return true
}

// sendTone sends the next packet of a tone; the last one is filled with silence.
func (p *Port) sendTone(s *shard) {
	q := &p.digits
	t := q.tone
	n := len(t.pcm)
	if !q.digit.held {
		n = min(int(int64(q.digit.duration)/1000*int64(t.codec.SampleRate)/1e6)-t.sent, n)
	}
	if n <= 0 {
		p.digitEnded(s)
		return
	}
	t.key.Read(t.pcm[:n])
	if last := !q.digit.held && n < len(t.pcm); last {
		t.key.Fade(t.pcm[:n])
		clear(t.pcm[n:])
	}
	t.sent += n
	size, err := t.encoder.Encode(t.payload[:], t.pcm)
	samples := int(t.ptime * time.Duration(t.codec.Format.Rate) / time.Second)
	if err == nil && size > 0 && p.outgoing.ready() {
		t.frame = Frame{Format: t.codec.Format, Payload: t.payload[:size], Samples: samples}
		p.outgoing.inject(q.pt, q.step == 0, q.ts, samples, &t.frame)
	}
	q.ts += uint32(samples)
	q.step++
	q.deadline += int64(t.ptime)
	if n < len(t.pcm) {
		p.digitEnded(s)
		return
	}
	s.set(&q.timer, q.deadline)
}
