package media

import (
	"errors"
	"io"
	"sync"
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/media/packetio"
)

// playback feeds a source to a port's Out, a packet each ptime, at absolute deadlines. It takes its time also while nothing can
// be sent (no stream yet, held, no encoder), so that it ends when it would have.
type playback struct {
	port   *Port
	source Source
	listen *listening // to music, instead of source
	done   func()
	once   sync.Once // calls done
	timer  timer
	next   int64 // shard time of the next packet

	generation uint32
	prepared   bool
	codec      codecs.Codec
	options    codecs.EncoderOptions
	encoder    codecs.Encoder // made when it is needed first
	silent     bool           // there is none: nothing can be sent
	packets    packetSource   // what the source knows encoded; nil: nothing
	behind     bool           // the encoder has not seen what came before
	resampler  *resample.Resampler
	ptime      time.Duration

	frame   Frame
	pcm     []int16 // at the codec's rate; the first have samples are filled
	have    int
	raw     []int16 // at the source's
	ended   bool    // the source has
	payload []byte
}

// playGrid aligns the packets of all playbacks of a shard, so that they leave together.
const playGrid = int64(5 * time.Millisecond)

// catchUp is how late a shard may be and still send what it owes; later, it begins anew from now.
const catchUp = int64(100 * time.Millisecond)

// Play replaces a running playback by src. done, which may be nil, is called once: at the end, on stop, replacement or Close;
// on the shard, so it must not block. stop may be called at any time, by anybody.
func (p *Port) Play(src Source, done func()) (stop func()) {
	pb := &playback{port: p, source: src, done: done}
	pb.timer.fire = pb.tick
	return p.begin(pb)
}

func (p *Port) begin(pb *playback) (stop func()) {
	p.post(func(s *shard) {
		if p.closed {
			pb.finish()
			return
		}
		if p.playback != nil {
			p.playback.end(s)
		}
		p.playback = pb
		p.outgoing.playing = true
		pb.frame.Source = s.newSource()
		pb.next = (s.now + playGrid - 1) / playGrid * playGrid
		s.set(&pb.timer, pb.next)
	})
	return func() {
		p.post(func(s *shard) {
			if p.playback == pb {
				pb.end(s)
			}
			pb.finish()
		})
	}
}

// end stops it on its shard.
func (b *playback) end(s *shard) {
	s.timers.stop(&b.timer)
	b.untune()
	if b.packets != nil {
		b.packets.Tune(nil, 0)
	}
	b.port.playback = nil
	b.port.outgoing.playing = false
	b.finish()
}

func (b *playback) finish() {
	b.once.Do(func() {
		if b.done != nil {
			b.done()
		}
	})
}

// tick sends the packet that is due.
func (b *playback) tick(s *shard) {
	o := &b.port.outgoing
	if !b.prepared || b.generation != o.generation {
		b.prepare(o)
	}
	n := int(b.ptime * time.Duration(b.codec.SampleRate) / time.Second)
	if known := b.known(); known != nil {
		b.send(o, known)
		b.behind = true
	} else {
		before := b.before(n)
		if !b.fill(n) {
			b.end(s)
			return
		}
		b.hearken(before, n)
		b.send(o, b.encode(o, b.pcm[:n]))
		b.have = copy(b.pcm, b.pcm[n:b.have])
	}
	b.next += int64(b.ptime)
	if b.next < s.now-catchUp {
		b.next = (s.now + playGrid - 1) / playGrid * playGrid
	}
	s.set(&b.timer, b.next)
}

// known is the next packet as it was encoded before; nil: it was not.
func (b *playback) known() []byte {
	if b.packets == nil || b.have > 0 {
		return nil
	}
	return b.packets.Packet()
}

// before is the end of what was sent without the encoder, three packets of n samples; nil when it has heard all.
func (b *playback) before(n int) []int16 {
	if !b.behind {
		return nil
	}
	b.behind = false
	last := make([]int16, 3*n)
	return last[:b.packets.Before(last)]
}

// hearken makes the encoder hear that, so that the voice goes on without a break.
func (b *playback) hearken(before []int16, n int) {
	for ; len(before) >= n && (b.encoder != nil || b.open()); before = before[n:] {
		_, _ = b.encoder.Encode(b.payload, before[:n])
	}
}

// encode returns the packet of pcm; empty if there is none.
func (b *playback) encode(o *Out, pcm []int16) []byte {
	if b.encoder == nil && !b.open() || o.port.digits.active {
		return nil
	}
	size, err := b.encoder.Encode(b.payload, pcm)
	if err != nil {
		return nil
	}
	if b.packets != nil {
		b.packets.Keep(b.payload[:size])
	}
	return b.payload[:size]
}

// open makes the encoder; false if that cannot be.
func (b *playback) open() bool {
	if b.silent {
		return false
	}
	enc, err := b.codec.NewEncoder(b.options)
	if err != nil {
		b.silent = true
		b.port.engine.log.Warn().Err(err).Str("codec", b.codec.Name).Msg("media: playback is silent")
		return false
	}
	b.encoder = enc
	if b.payload == nil {
		b.payload = make([]byte, packetio.MaxDatagram)
	}
	return true
}

// send sends a packet, or leaves one out.
func (b *playback) send(o *Out, payload []byte) {
	f := &b.frame
	samples := int(b.ptime * time.Duration(b.codec.Format.Rate) / time.Second)
	f.Seq++
	f.Timestamp += uint32(samples)
	if len(payload) == 0 || o.port.digits.active {
		o.Skip(f)
		return
	}
	f.Format, f.Payload, f.Samples = b.codec.Format, payload, samples
	_ = o.write(f)
}

// prepare chooses the coder; again whenever the stream changes.
func (b *playback) prepare(o *Out) {
	b.prepared, b.generation = true, o.generation
	was := b.codec.SampleRate
	b.codec, b.ptime = playCodec(o)
	b.encoder, b.silent, b.behind = nil, b.codec.NewEncoder == nil, false
	b.options = o.EncoderOptions(b.codec.Format)
	rate := b.codec.SampleRate
	b.ask(rate)
	if rate == was {
		return
	}
	b.have = 0
	from := b.source.Rate()
	b.raw = make([]int16, max(from/100, 1))
	b.resampler = nil
	most := len(b.raw)
	if from != rate {
		b.resampler = resample.New(from, rate)
		most = b.resampler.Most(len(b.raw))
	}
	b.pcm = make([]int16, rate*6/100+most) // the longest packet, and what may come beyond it
}

// ask asks the source for packets, if it has some and they need no resampling.
func (b *playback) ask(rate int) {
	source, ok := b.source.(packetSource)
	if !ok {
		return
	}
	b.packets = nil
	if b.silent || source.Rate() != rate {
		source.Tune(nil, 0)
		return
	}
	b.packets = source
	source.Tune(trackKey{b.codec.Format, b.options, b.ptime}, int(b.ptime*time.Duration(rate)/time.Second))
}

// PlayRate is the rate of the PCM that Play sends without resampling, Hz: the codec's that SetStream named last, 8000 before.
func (p *Port) PlayRate() int {
	if rate := p.playRate.Load(); rate != 0 {
		return int(rate)
	}
	return 8000
}

func playRate(list []PayloadType) int32 {
	for _, pt := range list {
		if c, ok := codecs.ByFormat(pt.Format); ok && c.NewEncoder != nil {
			return int32(c.SampleRate)
		}
	}
	return 0
}

// playCodec is the first agreed format we can encode.
func playCodec(o *Out) (codecs.Codec, time.Duration) {
	silent := codecs.Codec{Name: "none", Format: codecs.Format{Name: "none", Rate: 8000, Channels: 1}, SampleRate: 8000}
	for i := range o.codecs {
		if c, ok := codecs.ByFormat(o.codecs[i].Format); ok && c.NewEncoder != nil {
			return c, o.ptime(&o.codecs[i])
		}
	}
	if f, ptime, ok := o.Preferred(); ok && len(o.codecs) == 0 {
		if c, ok := codecs.ByFormat(f); ok {
			return c, ptime
		}
	}
	return silent, 20 * time.Millisecond
}

// fill makes n samples available, the last ones of a source padded with silence; false when there is nothing left.
func (b *playback) fill(n int) bool {
	for b.have < n && !b.ended {
		got, err := b.source.Read(b.raw)
		got = min(max(got, 0), len(b.raw))
		if err != nil {
			b.ended = true
			if !errors.Is(err, io.EOF) {
				b.port.engine.log.Warn().Err(err).Msg("media: playback ends early")
			}
		} else if got == 0 {
			break // silence for this packet
		}
		if b.resampler == nil {
			b.have += copy(b.pcm[b.have:], b.raw[:got])
		} else {
			b.have += b.resampler.Process(b.pcm[b.have:], b.raw[:got])
		}
	}
	if b.have == 0 && b.ended {
		return false
	}
	if b.have < n {
		clear(b.pcm[b.have:n])
		b.have = n
	}
	return true
}
