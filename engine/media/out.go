package media

import (
	"net/netip"
	"time"

	"github.com/pion/rtp"

	"asterism/codecs"
	"asterism/engine/media/packetio"
)

// Out is the one writer of a port's stream. Its SSRC, sequence number and timestamp go on whoever feeds it (RFC 3550 §5.1):
//
//	within a source   numbers are shifted by a constant: losses, reordering and silence arrive as they came
//	next source       sequence + 1, timestamp + the time since the last frame, marker set
//	frames left out   (Skip) close the gap in the sequence, not that in the timestamp
//	our own packets   (digits, comfort noise) take a number in between, later frames are shifted one more
//
// Digits go before playback, playback before what the sink brings. It is used on the port's shard only.
type Out struct {
	port *Port
	ssrc uint32

	// What was sent last. ts and at are of the last packet that moved the timestamp.
	sent    bool
	seq     uint16
	ts      uint32
	at      int64 // shard time, ns
	samples int   // of that packet
	touched int64 // shard time of the last packet of any kind

	// What shifts the frames of source.
	source   uint64
	anew     bool // it has jumped with its last frame, and may be called otherwise from the next one on
	rate     int
	seqShift uint16
	tsShift  uint32
	inSeq    uint16 // newest frame of source, sent or left out
	inTS     uint32
	inAt     int64
	floor    uint16 // frames up to this one cannot be sent any more: their numbers are taken

	// What the peer takes.
	codecs     []PayloadType
	events     []PayloadType
	generation uint32
	format     codecs.Format // last looked up
	pt         uint8
	playing    bool
	sending    bool
}

const (
	// A jump of the sequence (RFC 3550 A.1 MAX_DROPOUT), or of the timestamp against the clock, that no loss explains: the
	// feeder has started anew without saying so.
	maxDropout = 3000
	maxSkew    = 10 // seconds
)

func (o *Out) begin(p *Port) {
	r := random64()
	o.port, o.ssrc = p, uint32(r)
	r = random64()
	o.seq, o.ts = uint16(r), uint32(r>>16)
}

func (o *Out) restream(st *Stream) {
	o.codecs, o.events = st.Codecs, st.DTMF
	o.generation++
	o.format, o.pt = codecs.Format{}, 0
	o.sending = st.Send
}

// Generation changes whenever what Accepts and Preferred say may have changed.
func (o *Out) Generation() uint32 { return o.generation }

// Accepts reports whether frames of this format can be written.
func (o *Out) Accepts(f codecs.Format) bool {
	_, ok := o.payloadType(f)
	return ok
}

// Preferred is the first agreed voice format, which others are transcoded to. A pair without a stream takes anything and
// prefers PCMU.
func (o *Out) Preferred() (f codecs.Format, ptime time.Duration, ok bool) {
	if len(o.codecs) > 0 {
		return o.codecs[0].Format, o.ptime(&o.codecs[0]), true
	}
	if o.port.rtp == nil && !o.port.agreed {
		return codecs.Format{Name: "PCMU", Rate: 8000, Channels: 1}, 20 * time.Millisecond, true
	}
	return codecs.Format{}, 0, false
}

// ptime is the length of the packets we make of a format.
func (o *Out) ptime(t *PayloadType) time.Duration {
	c, ok := codecs.ByFormat(t.Format)
	if !ok {
		return o.port.stream.Ptime
	}
	return c.Ptime(o.port.stream.Ptime, t.Fmtp)
}

// EncoderOptions are for an encoder of f: what the peer said of it, and the settings in force.
func (o *Out) EncoderOptions(f codecs.Format) codecs.EncoderOptions {
	options := codecs.EncoderOptions{Settings: o.port.engine.config.Load().Codecs}
	for i := range o.codecs {
		if o.codecs[i].Format == f {
			options.Fmtp = o.codecs[i].Fmtp
			break
		}
	}
	return options
}

// EventFormat is the telephone-event format that goes with a voice clock of this rate: of that rate if there is one
// (RFC 4733 §2.1), else the first.
func (o *Out) EventFormat(rate int) (codecs.Format, bool) {
	if o.port.rtp == nil && !o.port.agreed {
		return codecs.Format{Name: telephoneEvent, Rate: rate, Channels: 1}, true
	}
	for _, e := range o.events {
		if e.Format.Rate == rate {
			return e.Format, true
		}
	}
	if len(o.events) > 0 {
		return o.events[0].Format, true
	}
	return codecs.Format{}, false
}

func (o *Out) payloadType(f codecs.Format) (uint8, bool) {
	if f == o.format {
		return o.pt, true
	}
	for _, list := range [...][]PayloadType{o.codecs, o.events} {
		for i := range list {
			if list[i].Format == f {
				o.format, o.pt = f, list[i].Send
				return o.pt, true
			}
		}
	}
	if o.port.rtp == nil && !o.port.agreed {
		o.format, o.pt = f, 0
		return 0, true
	}
	return 0, false
}

// WriteFrame sends f as one packet of this leg. f is borrowed until return. It never blocks; what the socket does not take is
// a lost packet. ErrFormat if the peer has not agreed to f.Format; nil also for a frame left out because the stream is held or
// something of higher rank plays.
func (o *Out) WriteFrame(f *Frame) error {
	if o.playing || o.port.digits.active || len(f.Payload) == 0 {
		o.Skip(f)
		return nil
	}
	return o.write(f)
}

func (o *Out) write(f *Frame) error {
	pt, ok := o.payloadType(f.Format)
	if !ok {
		o.Skip(f)
		return ErrFormat
	}
	if !o.ready() {
		o.Skip(f)
		return nil
	}
	now := o.port.at.now
	marker := f.Marker
	step := int16(f.Seq - o.inSeq)
	if o.anew && f.Source != o.source && step == 1 {
		o.source = f.Source // the port believes the jump now, which was followed at once
	}
	o.anew = false
	switch {
	case f.Source != o.source || f.Format.Rate != o.rate || o.broken(f, step, now):
		o.anew = f.Source == o.source
		o.join(f, now)
		marker = marker || o.port.config.Kind == KindVoice // of video it ends a picture
	case step <= 0:
		if int16(f.Seq-o.floor) <= 0 {
			return nil // too late: something else has its number
		}
		return o.transmit(pt, marker, f.Seq+o.seqShift, f.Timestamp+o.tsShift, f)
	case step == 1 && f.Samples != 0 && o.samples != 0 && int32(f.Timestamp-o.inTS) > int32(o.samples):
		marker = true // silence was not sent: a talkspurt begins (RFC 3551 §4.1)
	}
	o.inSeq, o.inTS, o.inAt = f.Seq, f.Timestamp, now
	seq, ts := f.Seq+o.seqShift, f.Timestamp+o.tsShift
	o.seq = seq
	o.advance(ts, f.Samples, now)
	return o.transmit(pt, marker, seq, ts, f)
}

// ready: there is somewhere to send and leave to do so.
func (o *Out) ready() bool {
	if o.port.rtp == nil {
		return o.port.pair != nil && (o.sending || !o.port.agreed)
	}
	return o.sending && o.port.dest().IsValid()
}

func (o *Out) broken(f *Frame, step int16, now int64) bool {
	if step > maxDropout || step < -maxDropout {
		return true
	}
	rate := int64(o.rate)
	skew := int64(int32(f.Timestamp-o.inTS)) - (now-o.inAt)/1000*rate/1e6 // samples
	return skew > maxSkew*rate || skew < -maxSkew*rate
}

// join makes f follow what was sent before.
func (o *Out) join(f *Frame, now int64) {
	seq, ts := o.next(f.Format.Rate, now)
	o.source, o.rate = f.Source, f.Format.Rate
	o.seqShift, o.tsShift = seq-f.Seq, ts-f.Timestamp
	o.floor = f.Seq - 1
}

// next is the number and the timestamp of a packet made now.
func (o *Out) next(rate int, now int64) (uint16, uint32) {
	if !o.sent {
		return o.seq, o.ts
	}
	samples := o.samples
	if samples == 0 {
		samples = rate / 50
	}
	gone := (now - o.at) / 1000 * int64(rate) / 1e6
	return o.seq + 1, o.ts + uint32(max(gone, int64(samples)))
}

func (o *Out) advance(ts uint32, samples int, now int64) {
	if !o.sent || int32(ts-o.ts) > 0 {
		o.ts, o.at, o.samples = ts, now, samples
	}
	o.sent = true
}

// Skip leaves f out: the frame after it takes its number.
func (o *Out) Skip(f *Frame) {
	if f.Source != o.source {
		return
	}
	if step := int16(f.Seq - o.inSeq); step > 0 {
		o.inSeq, o.inTS, o.inAt = f.Seq, f.Timestamp, o.port.at.now
		o.floor = f.Seq
		o.seqShift--
	}
}

// inject sends a packet of our own between the frames of the source.
func (o *Out) inject(pt uint8, marker bool, ts uint32, samples int, f *Frame) {
	now := o.port.at.now
	if o.sent {
		o.seq++
	}
	o.advance(ts, samples, now)
	o.seqShift++
	o.floor = o.inSeq
	_ = o.transmit(pt, marker, o.seq, ts, f)
}

func (o *Out) transmit(pt uint8, marker bool, seq uint16, ts uint32, f *Frame) error {
	p := o.port
	s := p.at
	o.touched = s.now
	p.count.packetsOut.Add(1)
	p.count.bytesOut.Add(uint64(len(f.Payload)))
	made := p.overlays != nil && p.overlays.making
	if p.hearings != nil && !made {
		p.overhearSaid(f, seq, ts)
	}
	if p.volume != nil && p.volume.said != nil {
		f = p.volume.said.apply(o, f)
	}
	if p.overlays != nil && p.overlays.said != nil && !made {
		f = p.overlays.said.apply(o, f)
	}
	if p.rtp == nil {
		return p.crossOver(f, marker, seq, ts)
	}
	h := rtp.Header{Version: 2, Marker: marker, PayloadType: pt, SequenceNumber: seq, Timestamp: ts, SSRC: o.ssrc}
	n, err := h.MarshalTo(s.out[:])
	if err != nil {
		return err
	}
	if n+len(f.Payload) > len(s.out) {
		return packetio.ErrTooLong
	}
	n += copy(s.out[n:], f.Payload)
	return p.sendTo(p.rtp, s.out[:n], p.dest())
}

func (p *Port) sendTo(sock *packetio.Socket, b []byte, to netip.AddrPort) error {
	return p.at.loop.Send(sock, b, to)
}
