// Package codecs says what a media format is and which coders this program has for it.
//
//	SDP  a=rtpmap:0 PCMU/8000 ─► Format{"PCMU", 8000, 1} ─► ByFormat ─► Codec "ulaw" ─► NewDecoder ─► []int16 at SampleRate
//
// The package does no I/O, starts no goroutine and holds no state: coders are values of their caller.
package codecs

import (
	"errors"
	"slices"
	"strings"

	"asterism/codecs/opus"
)

// ErrShortBuffer is returned by coders whose destination cannot hold the packet or the samples.
var ErrShortBuffer = errors.New("codecs: destination too short")

// Format names a media format as SDP does (RFC 8866 §6.6 rtpmap). It is comparable; formats taken from All compare equal
// exactly when they name the same encoding.
type Format struct {
	Name     string // RFC encoding name: "PCMU", "opus", "telephone-event"
	Rate     int    // RTP clock, Hz
	Channels int    // 1 when the rtpmap names none
}

// Same reports whether f and g name one format: names without regard to case, no channel count meaning one.
func (f Format) Same(g Format) bool {
	return f.Rate == g.Rate && max(f.Channels, 1) == max(g.Channels, 1) && strings.EqualFold(f.Name, g.Name)
}

// EncoderOptions tune an encoder. A codec ignores what it has no use for; zero values mean the codec's default.
type EncoderOptions struct {
	SampleRate int    // Hz of the PCM, one of the codec's Rates; 0 = the codec's SampleRate
	Fmtp       string // the peer's a=fmtp parameters, e.g. "useinbandfec=1"
	Settings   Settings
}

// Settings are what the administrator chose for all encoders (codecs.conf).
type Settings struct {
	Opus *opus.Options // nil: opus.DefaultOptions. It is never changed; SampleRate is not used.
}

// Encoder turns PCM into packets. It belongs to one goroutine at a time.
type Encoder interface {
	// Encode writes one packet holding all of pcm (16 bit, mono, at the codec's SampleRate) to dst and returns its length
	// in bytes; 0 if there is silence that needs no packet (DTX). It does not allocate.
	Encode(dst []byte, pcm []int16) (int, error)
}

// Decoder turns packets into PCM. It belongs to one goroutine at a time.
type Decoder interface {
	// Decode writes the samples of one packet (16 bit, mono, at the codec's SampleRate) to dst and returns their number.
	// It does not allocate. Whatever payload holds, it returns an error rather than panicking.
	Decode(dst []int16, payload []byte) (int, error)
}

// Concealer is implemented by every Decoder of this package: it bridges packets that did not come.
type Concealer interface {
	// Conceal fills dst in place of a lost packet which would have held as many samples: 2.5 ms or a multiple, an even
	// number. Call it once for each lost packet, in order; Decode then takes up the next one. The sound fades: after some
	// 60 ms without a packet there is silence. It does not allocate.
	Conceal(dst []int16)
}

// Restorer is implemented by a Decoder whose packets may carry a copy of the one before (opus: in-band FEC).
type Restorer interface {
	// Restore is Conceal for the packet right before next, which has come but is not decoded yet; it makes use of the copy
	// if next has one. next is decoded afterwards as usual.
	Restore(dst []int16, next []byte)
}

// Codec is a format under the name Asterisk gives it, with its coders.
type Codec struct {
	Name       string // Asterisk's: "ulaw", "alaw", "opus", "slin16"
	Format     Format
	StaticPT   int // RFC 3551 §6, or -1
	SampleRate int // Hz of the PCM its coders take and give; not always the RTP clock (G722, opus)

	// Nil where we can only pass the codec through.
	NewEncoder func(EncoderOptions) (Encoder, error)
	NewDecoder func() (Decoder, error)

	// Rates are the PCM rates besides SampleRate which the coders convert themselves, cheaper than a resampler would:
	// EncoderOptions.SampleRate and NewDecoderAt take them. Mostly none.
	Rates        []int
	NewDecoderAt func(rate int) (Decoder, error)
}

// Offers reports whether the codec's coders can be made for PCM at this rate.
func (c Codec) Offers(rate int) bool { return rate == c.SampleRate || slices.Contains(c.Rates, rate) }

// ByName finds a codec by Asterisk's name for it.
func ByName(name string) (Codec, bool) {
	for _, c := range table {
		if strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Codec{}, false
}

// ByFormat finds a codec by its SDP name, clock and channels.
func ByFormat(f Format) (Codec, bool) {
	for _, c := range table {
		if c.Format.Same(f) {
			return c, true
		}
	}
	return Codec{}, false
}
