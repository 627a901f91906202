package media

import (
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
)

// listener makes of one stream of packets PCM by the clock:
//
//	put ─► jitter buffer ─► decode, conceal ─► shorten ─► resample ─► fifo ─► block
type listener struct {
	rate      int  // of the blocks, Hz
	patient   bool // conceals when packets stay away, which may be a loss; else that is the end of what plays
	jitter    *jitterBuffer
	format    codecs.Format
	decoder   codecs.Decoder // nil: cannot be decoded here, and is silence
	decoded   int            // its rate, Hz
	resampler *resample.Resampler
	pcm       []int16 // decoded
	fifo      []int16 // at rate
	have      int
	concealed int64 // samples of the RTP clock concealed since the last packet
}

const (
	concealMost  = 60 * time.Millisecond // beyond it concealment is a noise of its own
	longestFrame = 120                   // ms
	shortenFrom  = int64(30 * time.Millisecond)
)

func newListener(rate int, patient bool) *listener {
	return &listener{rate: rate, patient: patient, jitter: newJitterBuffer(tapJitter)}
}

func (l *listener) put(f *Frame, other bool, now int64) {
	kind := heldVoice
	if other {
		kind = heldOther
	}
	l.jitter.put(f, kind, now)
}

// block fills dst with what plays from shard time begin on.
func (l *listener) block(dst []int16, begin int64) {
	for l.have < len(dst) {
		now := begin + int64(l.have)*int64(time.Second)/int64(l.rate)
		v, p, samples := l.jitter.take(now)
		left := int64(len(dst)-l.have)*max(l.jitter.rate, 1)/int64(l.rate) + 1
		switch v {
		case verdictPacket:
			l.play(p, now)
		case verdictLost:
			l.conceal(samples, p)
		case verdictLate:
			l.conceal(min(samples, left), nil)
		case verdictPause:
			l.silence(min(samples, left))
		case verdictNothing:
			if l.patient && l.decoder != nil && !l.jitter.paused && l.concealed < l.clock(concealMost) {
				l.conceal(left, nil)
			} else {
				l.silence(left)
			}
		}
	}
	n := copy(dst, l.fifo[:l.have])
	l.have = copy(l.fifo, l.fifo[n:l.have])
}

func (l *listener) clock(d time.Duration) int64 { return int64(d) * l.jitter.rate / int64(time.Second) }

// play decodes a packet. One that cannot be decoded is a loss.
func (l *listener) play(p *held, now int64) {
	if p.format != l.format {
		l.open(p.format)
	}
	if l.decoder == nil {
		l.silence(l.jitter.duration)
		l.jitter.played(l.jitter.duration)
		return
	}
	n, err := l.decoder.Decode(l.pcm, p.payload)
	if err != nil || n == 0 {
		l.conceal(l.jitter.duration, nil)
		l.jitter.played(l.jitter.duration)
		return
	}
	l.concealed = 0
	l.jitter.played(int64(n) * l.jitter.rate / int64(l.decoded))
	pcm := l.pcm[:n]
	if l.jitter.excess(p, now) > shortenFrom {
		pcm = shorten(pcm)
	}
	l.push(pcm)
}

// open makes the coder of a format, at the rate of the blocks if it can.
func (l *listener) open(f codecs.Format) {
	l.format, l.decoder, l.resampler = f, nil, nil
	c, ok := codecs.ByFormat(f)
	if !ok || c.NewDecoder == nil {
		return
	}
	l.decoded = c.SampleRate
	newDecoder := c.NewDecoder
	if c.NewDecoderAt != nil && c.Offers(l.rate) {
		l.decoded = l.rate
		newDecoder = func() (codecs.Decoder, error) { return c.NewDecoderAt(l.rate) }
	}
	d, err := newDecoder()
	if err != nil {
		return
	}
	l.decoder = d
	l.pcm = make([]int16, l.decoded*longestFrame/1000)
	most := len(l.pcm)
	if l.decoded != l.rate {
		l.resampler = resample.New(l.decoded, l.rate)
		most = l.resampler.Most(len(l.pcm))
	}
	l.room(l.rate/50 + most)
	if l.resampler != nil { // its delay: some 16 samples of the lower rate
		l.push(l.pcm[:16*max(l.decoded/l.rate, 1)])
	}
}

// retune changes the rate of the blocks. What waits for its time stays; what was decoded for the old rate is dropped.
func (l *listener) retune(rate int) {
	l.rate, l.have, l.fifo = rate, 0, nil
	l.format, l.decoder, l.resampler = codecs.Format{}, nil, nil
}

// conceal makes up samples (of the RTP clock) that did not come; after is the packet that follows them, if it is here.
func (l *listener) conceal(samples int64, after *held) {
	if l.decoder == nil || l.concealed >= l.clock(concealMost) {
		l.silence(samples)
		return
	}
	l.concealed += samples
	unit := l.decoded / 400 // what every decoder conceals is a multiple of 2.5 ms
	n := int(samples * int64(l.decoded) / l.jitter.rate)
	n = min(max((n+unit-1)/unit, 1)*unit, len(l.pcm)/unit*unit)
	concealInto(l.decoder, l.pcm[:n], after, l.format)
	l.push(l.pcm[:n])
}

// concealInto makes up a packet that did not come; the one after it may carry a copy of it.
func concealInto(d codecs.Decoder, dst []int16, after *held, f codecs.Format) {
	if after != nil && after.format == f {
		if r, ok := d.(codecs.Restorer); ok {
			r.Restore(dst, after.payload)
			return
		}
	}
	if c, ok := d.(codecs.Concealer); ok {
		c.Conceal(dst)
		return
	}
	clear(dst)
}

// silence is samples of the RTP clock long.
func (l *listener) silence(samples int64) {
	if l.decoder == nil || l.jitter.rate == 0 { // no stream yet, or none we understand: straight into the fifo
		n := l.rate / 50
		if l.jitter.rate != 0 {
			n = max(int(samples)*l.rate/int(l.jitter.rate), 1)
		}
		l.room(n)
		clear(l.fifo[l.have : l.have+n])
		l.have += n
		return
	}
	for n := max(int(samples*int64(l.decoded)/l.jitter.rate), 1); n > 0; {
		k := min(n, len(l.pcm))
		clear(l.pcm[:k])
		l.push(l.pcm[:k])
		n -= k
	}
}

func (l *listener) room(n int) {
	if more := l.have + n - len(l.fifo); more > 0 {
		l.fifo = append(l.fifo, make([]int16, more)...)
	}
}

func (l *listener) push(pcm []int16) {
	if l.resampler == nil {
		l.room(len(pcm))
		l.have += copy(l.fifo[l.have:], pcm)
		return
	}
	l.room(l.resampler.Most(len(pcm)))
	l.have += l.resampler.Process(l.fifo[l.have:], pcm)
}

// shorten takes out of a packet's sound what sounds most like its beginning: a period of the voice, or anything of noise.
func shorten(pcm []int16) []int16 {
	fade := len(pcm) / 4
	if fade < 8 {
		return pcm
	}
	best, cut := 0.0, fade
	for shift := fade / 2; shift+fade <= len(pcm)*3/4; shift++ {
		like, power := 0.0, 1.0
		for i, s := range pcm[:fade] {
			t := float64(pcm[shift+i])
			like += float64(s) * t
			power += t * t
		}
		if like > 0 && like*like/power > best {
			best, cut = like*like/power, shift
		}
	}
	for i := range fade {
		pcm[cut+i] = int16((int(pcm[i])*(fade-i) + int(pcm[cut+i])*i) / fade)
	}
	return pcm[cut:]
}
