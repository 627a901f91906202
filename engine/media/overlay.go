package media

import (
	"slices"
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/media/packetio"
)

// Overlay lets f be heard over what the peer is told, or, with heard, over what the peer says wherever that goes, until remove is called or
// the port is closed. Taps do not hear it. Packets are decoded and coded again meanwhile; where none come, f makes some of its own.
// Several may be laid over one another. remove may be called at any time by anybody.
func (p *Port) Overlay(f *Feed, heard bool) (remove func()) {
	l := &layer{feed: f}
	p.post(func(s *shard) {
		if p.closed {
			return
		}
		if p.overlays == nil {
			p.overlays = &overlays{port: p}
			p.overlays.timer.fire = p.overlays.tick
			s.set(&p.overlays.timer, s.now+int64(overlayTick))
		}
		o := p.overlays.of(heard)
		if *o == nil {
			*o = &overlay{own: Frame{Source: s.newSource()}, last: s.now}
		}
		(*o).layers = append(slices.Clip((*o).layers), l)
	})
	return func() {
		p.post(func(s *shard) {
			if p.overlays != nil {
				p.overlays.drop(s, heard, l)
			}
		})
	}
}

const (
	overlayTick = 20 * time.Millisecond
	overlayLull = int64(60 * time.Millisecond) // without a packet for so long, it makes some
)

// overlays are those of a port: over what is said to the peer, and over what is heard of it.
type overlays struct {
	port        *Port
	said, heard *overlay // nil: none
	timer       timer
	making      bool // a packet of its own is under way
}

func (o *overlays) of(heard bool) **overlay {
	if heard {
		return &o.heard
	}
	return &o.said
}

func (o *overlays) drop(s *shard, heard bool, l *layer) {
	of := o.of(heard)
	if *of == nil {
		return
	}
	(*of).layers = slices.DeleteFunc(slices.Clone((*of).layers), func(x *layer) bool { return x == l })
	if len((*of).layers) == 0 {
		*of = nil
	}
	if o.said == nil && o.heard == nil {
		s.timers.stop(&o.timer)
		o.port.overlays = nil
	}
}

// tick fills lulls.
func (o *overlays) tick(s *shard) {
	p := o.port
	o.making = true
	if o.said != nil && s.now-o.said.last >= overlayLull {
		codec, _ := playCodec(&p.outgoing)
		if f := o.said.make(&p.outgoing, codec); f != nil {
			_ = p.outgoing.write(f)
		}
	}
	if o.heard != nil && s.now-o.heard.last >= overlayLull && p.sink != Discard {
		codec, ok := codecs.ByFormat(p.voice)
		if !ok || codec.NewEncoder == nil {
			codec, _ = playCodec(&p.outgoing)
		}
		if f := o.heard.make(&p.outgoing, codec); f != nil {
			_ = p.sink.WriteFrame(f)
		}
	}
	o.making = false
	s.set(&o.timer, s.now+int64(overlayTick))
}

// layer is one voice of an overlay.
type layer struct {
	feed      *Feed
	rate      int // of pcm, Hz
	resampler *resample.Resampler
	raw, pcm  []int16 // as it was read; at rate, have samples of it
	have      int
}

// take adds the next samples of the voice to dst, which is of rate Hz.
func (l *layer) take(dst []int16, rate int) {
	if l.rate != rate {
		l.rate, l.have, l.resampler = rate, 0, nil
		l.raw = make([]int16, l.feed.rate/100)
		most := len(l.raw)
		if l.feed.rate != rate {
			l.resampler = resample.New(l.feed.rate, rate)
			most = l.resampler.Most(most)
		}
		l.pcm = make([]int16, rate*longestFrame/1000+most)
	}
	for l.have < len(dst) {
		_, _ = l.feed.Read(l.raw)
		if l.resampler == nil {
			l.have += copy(l.pcm[l.have:], l.raw)
		} else {
			l.have += l.resampler.Process(l.pcm[l.have:], l.raw)
		}
	}
	for i, v := range l.pcm[:len(dst)] {
		dst[i] = soften(int32(dst[i]) + int32(v))
	}
	l.have = copy(l.pcm, l.pcm[len(dst):l.have])
}

// overlay lays voices over one direction of a port.
type overlay struct {
	layers  []*layer
	format  codecs.Format
	rate    int
	decoder codecs.Decoder // nil: the format cannot be changed
	encoder codecs.Encoder
	pcm     []int16
	payload [packetio.MaxDatagram]byte
	frame   Frame // changed
	own     Frame // made
	last    int64 // shard time of the last packet that was not made here
}

// apply returns f with the voices in it, good until the next call, or f itself where there is no sound that can be changed.
func (v *overlay) apply(o *Out, f *Frame) *Frame {
	if len(f.Payload) == 0 || f.Format.Name == telephoneEvent {
		return f
	}
	v.last = o.port.at.now
	if f.Format != v.format {
		c, _ := codecs.ByFormat(f.Format)
		v.open(o, f.Format, c)
	}
	if v.decoder == nil {
		return f
	}
	n, err := v.decoder.Decode(v.pcm, f.Payload)
	if err != nil || n == 0 {
		return f
	}
	for _, l := range v.layers {
		l.take(v.pcm[:n], v.rate)
	}
	size, err := v.encoder.Encode(v.payload[:], v.pcm[:n])
	if err != nil || size == 0 {
		return f
	}
	v.frame = *f
	v.frame.Payload = v.payload[:size]
	return &v.frame
}

// make is a packet of the voices alone; nil where they cannot be encoded.
func (v *overlay) make(o *Out, c codecs.Codec) *Frame {
	if c.Format != v.format {
		v.open(o, c.Format, c)
	}
	if v.encoder == nil {
		return nil
	}
	pcm := v.pcm[:v.rate/50]
	clear(pcm)
	for _, l := range v.layers {
		l.take(pcm, v.rate)
	}
	size, err := v.encoder.Encode(v.payload[:], pcm)
	if err != nil || size == 0 {
		return nil
	}
	samples := c.Format.Rate / 50
	v.own.Seq++
	v.own.Timestamp += uint32(samples)
	v.own.Format, v.own.Payload, v.own.Samples = c.Format, v.payload[:size], samples
	return &v.own
}

// open makes the coders of a format.
func (v *overlay) open(o *Out, f codecs.Format, c codecs.Codec) {
	v.format, v.decoder, v.encoder = f, nil, nil
	if c.NewDecoder == nil || c.NewEncoder == nil {
		return
	}
	d, err := c.NewDecoder()
	if err != nil {
		return
	}
	if v.encoder, err = c.NewEncoder(o.EncoderOptions(f)); err != nil {
		v.encoder = nil
		return
	}
	v.decoder, v.rate = d, c.SampleRate
	v.pcm = make([]int16, c.SampleRate*longestFrame/1000)
}
