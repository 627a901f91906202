// Package opus is the Opus codec (RFC 6716) for mono voice upon libopus, and a reader of Ogg Opus files (RFC 7845).
//
// One RTP packet is one Opus packet; the RTP clock is 48 kHz whatever the PCM rate (RFC 7587 §4.1). A coder has one owner,
// holds some 47 kB (encoder) or 19 kB (decoder), and does not allocate per packet.
//
// hraban/opus lets libopus write up to a slice's capacity, not its length; every slice handed to it here is therefore cut to
// its length, or a short packet would overwrite what follows in the caller's buffer.
package opus

import (
	"fmt"

	"github.com/hraban/opus"
)

// ClockRate is the RTP clock of Opus, Hz.
const ClockRate = 48000

// MaxPacket is the longest packet worth preparing for: RFC 6716 §3.4 bounds a frame at 1275 bytes.
const MaxPacket = 1275 + 7

// MaxFrame is the longest packet, 120 ms, in samples at 48 kHz.
const MaxFrame = ClockRate * 120 / 1000

// Encoder makes Opus packets of mono PCM.
type Encoder struct {
	enc  *opus.Encoder
	rate int
	dtx  bool

	complexity int // as configured
}

// easier is what complexity a level of Ease allows at most.
var easier = [...]int{10, 2, 0}

// Ease lowers the complexity under load: level 1 to 2, level 2 to 0; level 0 gives it back. What is lower already stays.
func (e *Encoder) Ease(level int) {
	_ = e.enc.SetComplexity(min(e.complexity, easier[min(max(level, 0), len(easier)-1)])) // 0 to 10 cannot be refused
}

// NewEncoder returns an encoder.
func NewEncoder(o Options) (*Encoder, error) {
	enc, err := opus.NewEncoder(o.SampleRate, 1, applications[min(o.Application, LowDelay)])
	if err != nil {
		return nil, fmt.Errorf("opus: encoder at %d Hz: %w", o.SampleRate, err)
	}
	if err := o.apply(enc); err != nil {
		return nil, fmt.Errorf("opus: encoder options %+v: %w", o, err)
	}
	return &Encoder{enc, o.SampleRate, o.DTX, o.Complexity}, nil
}

// Encode makes one packet in dst (MaxPacket bytes always suffice) of pcm, which is 2.5, 5, 10, 20, 40 or 60 ms. With DTX its length
// may be 0: the packet need not be sent. Budget: 0 allocs; about 120 µs per 20 ms at complexity 5.
func (e *Encoder) Encode(dst []byte, pcm []int16) (int, error) {
	n, err := e.enc.Encode(clip(pcm), clip(dst))
	if e.dtx && n <= 2 { // libopus' word for it
		n = 0
	}
	return n, err
}

// Reset makes the next packet one of a new stream. The options stay.
func (e *Encoder) Reset() { _ = e.enc.Reset() }

// Decoder makes mono PCM of Opus packets; a stereo packet is mixed down.
type Decoder struct {
	dec  *opus.Decoder
	last int // samples of the last packet: what a lost one is taken to have had
	rate int
}

// NewDecoder returns a decoder to PCM at rate Hz: 8000, 12000, 16000, 24000 or 48000.
func NewDecoder(rate int) (*Decoder, error) {
	dec, err := opus.NewDecoder(rate, 1)
	if err != nil {
		return nil, fmt.Errorf("opus: decoder at %d Hz: %w", rate, err)
	}
	return &Decoder{dec, rate / 50, rate}, nil
}

// Decode writes one packet's samples to dst (120 ms always suffice) and returns how many. An empty payload is a lost packet as
// long as the last one heard, 20 ms at first. Budget: 0 allocs.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	if len(payload) == 0 {
		if len(dst) < d.last {
			return 0, opus.ErrBufferTooSmall
		}
		return d.last, d.dec.DecodePLC(clip(dst[:d.last]))
	}
	n, err := d.dec.Decode(payload, clip(dst))
	if err == nil {
		d.last = n
	}
	return n, err
}

// Reset forgets the stream.
func (d *Decoder) Reset() {
	if dec, err := opus.NewDecoder(d.rate, 1); err == nil { // the rate was good before
		d.dec = dec
	}
	d.last = d.rate / 50
}

// Conceal fills dst, a multiple of 2.5 ms, in place of a lost packet.
func (d *Decoder) Conceal(dst []int16) { d.bridge(dst, nil) }

// Restore fills dst, a multiple of 2.5 ms, in place of the packet lost right before next: from next's forward error correction if
// it has any, else as Conceal does. next itself is decoded afterwards as usual.
func (d *Decoder) Restore(dst []int16, next []byte) { d.bridge(dst, next) }

// bridge: libopus makes up to 120 ms at once, and has at most one packet's worth in next, the end of the gap.
func (d *Decoder) bridge(dst []int16, next []byte) {
	step := d.rate / 400
	if rest := len(dst) % step; rest != 0 {
		clear(dst[len(dst)-rest:])
		dst = dst[:len(dst)-rest]
	}
	for len(dst) > 0 {
		n := min(len(dst), 48*step)
		piece, err := clip(dst[:n]), error(nil)
		if n == len(dst) && len(next) > 0 {
			err = d.dec.DecodeFEC(next, piece)
		} else {
			err = d.dec.DecodePLC(piece)
		}
		if err != nil {
			clear(piece)
		}
		dst = dst[n:]
	}
}

func clip[T any](s []T) []T { return s[:len(s):len(s)] }
