package media

import (
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/dtmf"
)

// A key of the peer comes as telephone-event, as tones in the voice, or by signalling, and goes on in the other leg's way:
//
//	event ─┐                       ┌ events to events: the packets themselves, through the bridge
//	tones ─┼► OnPress, OnDigit     ├ tones to tones: the voice itself
//	INFO  ─┘      └─ bridged ──────┴ else: press, release on the other port: events, tones or SendInfo

// TakeDigit takes a key the peer pressed that came beside the stream: by SIP INFO.
func (p *Port) TakeDigit(d Digit) {
	code, ok := eventCode(d.Rune)
	if !ok {
		return
	}
	p.post(func(s *shard) {
		if p.closed {
			return
		}
		if o := p.across(); o != nil {
			o.queueDigit(s, outDigit{code: code, duration: max(d.Duration, minDigit)})
		}
		p.events.count++
		p.tell(d)
	})
}

// across is the port this one is bridged with; nil for none.
func (p *Port) across() *Port {
	switch {
	case p.link == nil:
		return nil
	case p.link.a == p:
		return p.link.b
	}
	return p.link.a
}

// keyDown: the peer presses a key, as its packets or (heard) its voice say.
func (p *Port) keyDown(code uint8, heard bool) {
	if p.config.OnPress != nil {
		p.config.OnPress(rune(eventRunes[code]))
	}
	o := p.across()
	if o == nil || !heard && o.stream.Digits == DigitsEvents || heard && o.stream.Digits == DigitsInband {
		return // it goes on as it came
	}
	o.press(p.at, code)
}

// keyUp: the peer has let it go.
func (p *Port) keyUp(d Digit) {
	if o := p.across(); o != nil {
		if code, ok := eventCode(d.Rune); ok {
			o.release(p.at, code, d.Duration)
		}
	}
	p.tell(d)
}

// keyListener hears keys in the voice of the peer. It has no jitter buffer, for the sake of speed: what is lost is made up when the next
// packet comes.
type keyListener struct {
	port      *Port
	detector  *dtmf.Detector
	format    codecs.Format
	decoder   codecs.Decoder // nil: cannot be decoded here
	decoded   int            // its rate, Hz
	resampler *resample.Resampler
	pcm       []int16
	slow      []int16 // at dtmf.Rate
	source    uint64
	seq       uint16
	expected  uint32 // timestamp of what follows
	events    []dtmf.Event
	stopped   timer // runs when the voice stops with a key down
}

// keyLost is how long packets may stay away with a key down until it counts as let go.
const keyLost = int64(100 * time.Millisecond)

func (p *Port) listenForKeys(on bool) {
	switch {
	case !on && p.keys != nil:
		p.keys.stop(p.at)
		p.at.timers.stop(&p.keys.stopped)
		p.keys = nil
	case on && p.keys == nil:
		k := &keyListener{port: p, detector: dtmf.NewDetector(), events: make([]dtmf.Event, 0, 32)}
		k.stopped.fire = k.stop
		p.keys = k
	}
}

// hear takes a packet of voice. It reports whether a key is down that is sent on in another way, so that the voice must not be heard.
func (k *keyListener) hear(s *shard, f *Frame) (taken bool) {
	if f.Format != k.format {
		k.open(f.Format)
	}
	if k.decoder == nil {
		return false
	}
	if f.Source != k.source {
		k.stop(s)
	} else if step := int16(f.Seq - k.seq); step <= 0 {
		return k.taken()
	} else if step > 1 {
		k.makeUp(f)
	}
	n, err := k.decoder.Decode(k.pcm, f.Payload)
	if err != nil {
		n = 0
	}
	k.source, k.seq = f.Source, f.Seq
	k.expected = f.Timestamp + uint32(n*f.Format.Rate/k.decoded)
	k.process(k.pcm[:n])
	if k.detector.Open() != 0 {
		s.set(&k.stopped, s.now+keyLost)
	} else {
		s.timers.stop(&k.stopped)
	}
	return k.taken()
}

func (k *keyListener) taken() bool {
	if k.detector.Open() == 0 {
		return false
	}
	o := k.port.across()
	return o != nil && o.stream.Digits != DigitsInband
}

// makeUp conceals what is missing before f, up to 60 ms.
func (k *keyListener) makeUp(f *Frame) {
	gap := int32(f.Timestamp - k.expected)
	c, ok := k.decoder.(codecs.Concealer)
	if gap <= 0 || !ok {
		return
	}
	unit := k.decoded / 400 // decoders conceal multiples of 2.5 ms
	n := min(int(int64(gap)*int64(k.decoded)/int64(f.Format.Rate)), k.decoded*60/1000) / unit * unit
	if n > 0 {
		c.Conceal(k.pcm[:n])
		k.process(k.pcm[:n])
	}
}

func (k *keyListener) open(f codecs.Format) {
	k.format, k.decoder, k.resampler = f, nil, nil
	c, ok := codecs.ByFormat(f)
	if !ok || c.NewDecoder == nil {
		return
	}
	k.decoded = c.SampleRate
	newDecoder := c.NewDecoder
	if c.NewDecoderAt != nil && c.Offers(dtmf.Rate) {
		k.decoded = dtmf.Rate
		newDecoder = func() (codecs.Decoder, error) { return c.NewDecoderAt(dtmf.Rate) }
	}
	d, err := newDecoder()
	if err != nil {
		return
	}
	k.decoder, k.pcm = d, make([]int16, k.decoded*longestFrame/1000)
	if k.decoded != dtmf.Rate {
		k.resampler = resample.New(k.decoded, dtmf.Rate)
		k.slow = make([]int16, k.resampler.Most(len(k.pcm)))
	}
}

func (k *keyListener) process(pcm []int16) {
	if k.resampler != nil {
		pcm = k.slow[:k.resampler.Process(k.slow, pcm)]
	}
	k.events = k.detector.Process(k.events[:0], pcm)
	k.tell()
}

func (k *keyListener) tell() {
	for _, e := range k.events {
		code, _ := eventCode(e.Key)
		if e.Down {
			k.port.keyDown(code, true)
		} else {
			k.port.events.count++
			k.port.keyUp(Digit{Rune: e.Key, Duration: time.Duration(e.Samples) * time.Second / dtmf.Rate})
		}
	}
}

// stop: nothing more comes.
func (k *keyListener) stop(*shard) {
	k.events = k.detector.End(k.events[:0])
	k.tell()
}
