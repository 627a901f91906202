// Package opus is the Opus codec (RFC 6716) for mono voice upon libopus, and a reader of Ogg Opus files (RFC 7845).
//
// One RTP packet is one Opus packet; the RTP clock is 48 kHz whatever the PCM rate (RFC 7587 §4.1). A coder has one owner,
// holds some 47 kB (encoder) or 19 kB (decoder), and does not allocate per packet.
//
// hraban/opus lets libopus write up to a slice's capacity, not its length; every slice handed to it here is therefore cut to
// its length, or a short packet would overwrite what follows in the caller's buffer.
package opus

import (
	"errors"
	"fmt"

	"github.com/hraban/opus"
)

// ClockRate is the RTP clock of Opus, Hz.
const ClockRate = 48000

// MaxPacket is the longest packet worth preparing for: RFC 6716 §3.4 bounds a frame at 1275 bytes.
const MaxPacket = 1275 + 7

// MaxFrame is the longest packet, 120 ms, in samples at 48 kHz.
const MaxFrame = ClockRate * 120 / 1000

// Options of an encoder. Take them from DefaultOptions: the zero value asks for complexity 0.
type Options struct {
	SampleRate int  // of the PCM, Hz: 8000, 12000, 16000, 24000 or 48000
	Complexity int  // 0 (cheapest) to 10
	Bitrate    int  // bit/s, 6000 to 510000; 0 lets libopus choose
	FEC        bool // in-band forward error correction (RFC 7587 useinbandfec)
	PacketLoss int  // expected loss in percent, which FEC is dimensioned for
	DTX        bool // send next to nothing during silence
	// MaxPlayback is the highest sampling rate the receiver can make use of, Hz; 0: any.
	MaxPlayback int
}

// DefaultOptions: 48 kHz, complexity 5, FEC for 5 % loss, no DTX.
func DefaultOptions() Options {
	return Options{SampleRate: ClockRate, Complexity: 5, FEC: true, PacketLoss: 5}
}

// Encoder makes Opus packets of mono PCM.
type Encoder struct {
	enc  *opus.Encoder
	rate int
}

// NewEncoder returns an encoder for voice.
func NewEncoder(o Options) (*Encoder, error) {
	enc, err := opus.NewEncoder(o.SampleRate, 1, opus.AppVoIP)
	if err != nil {
		return nil, fmt.Errorf("opus: encoder at %d Hz: %w", o.SampleRate, err)
	}
	e := &Encoder{enc, o.SampleRate}
	err = errors.Join(e.SetComplexity(o.Complexity), e.SetBitrate(o.Bitrate), enc.SetInBandFEC(o.FEC),
		e.SetPacketLoss(o.PacketLoss), enc.SetDTX(o.DTX), enc.SetMaxBandwidth(bandwidth(o.MaxPlayback)))
	if err != nil {
		return nil, fmt.Errorf("opus: encoder options %+v: %w", o, err)
	}
	return e, nil
}

// bandwidth is the audio bandwidth worth sending to a receiver that plays rate Hz (RFC 6716 §2).
func bandwidth(rate int) opus.Bandwidth {
	switch {
	case rate <= 0 || rate > 24000:
		return opus.Fullband
	case rate > 16000:
		return opus.SuperWideband
	case rate > 12000:
		return opus.Wideband
	case rate > 8000:
		return opus.Mediumband
	}
	return opus.Narrowband
}

// Encode makes one packet in dst (MaxPacket bytes always suffice) of pcm, which is 2.5, 5, 10, 20, 40 or 60 ms.
// Budget: 0 allocs; about 120 µs per 20 ms at complexity 5.
func (e *Encoder) Encode(dst []byte, pcm []int16) (int, error) {
	return e.enc.Encode(clip(pcm), clip(dst))
}

// SetComplexity changes the cost of the next packets, 0 to 10.
func (e *Encoder) SetComplexity(c int) error { return e.enc.SetComplexity(c) }

// SetBitrate changes the rate of the next packets, bit/s; 0 lets libopus choose.
func (e *Encoder) SetBitrate(bps int) error {
	if bps == 0 {
		return e.enc.SetBitrateToAuto()
	}
	return e.enc.SetBitrate(bps)
}

// SetPacketLoss tells the encoder what loss the receiver sees, in percent.
func (e *Encoder) SetPacketLoss(percent int) error { return e.enc.SetPacketLossPerc(percent) }

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

// Decode writes one packet's samples to dst (120 ms always suffice) and returns how many. An empty payload is a lost
// packet: see DecodePLC. Budget: 0 allocs.
func (d *Decoder) Decode(dst []int16, payload []byte) (int, error) {
	if len(payload) == 0 {
		return d.DecodePLC(dst)
	}
	n, err := d.dec.Decode(payload, clip(dst))
	if err != nil {
		return 0, err
	}
	d.last = n
	return n, nil
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

// DecodePLC conceals one lost packet as long as the last one heard, 20 ms at first.
func (d *Decoder) DecodePLC(dst []int16) (int, error) {
	if len(dst) < d.last {
		return 0, opus.ErrBufferTooSmall
	}
	return d.last, d.dec.DecodePLC(clip(dst[:d.last]))
}

// DecodeFEC restores the packet lost before next from next's forward error correction, or conceals it if there is none.
// next itself is decoded afterwards as usual.
func (d *Decoder) DecodeFEC(dst []int16, next []byte) (int, error) {
	if len(dst) < d.last {
		return 0, opus.ErrBufferTooSmall
	}
	return d.last, d.dec.DecodeFEC(next, clip(dst[:d.last]))
}

func clip[T any](s []T) []T { return s[:len(s):len(s)] }
