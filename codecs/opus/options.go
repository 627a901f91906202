package opus

import (
	"errors"

	"github.com/hraban/opus"
)

// Options of an encoder. The zero value is not an encoder's: take DefaultOptions.
type Options struct {
	SampleRate  int // of the PCM, Hz: 8000, 12000, 16000, 24000 or 48000
	Complexity  int // 0 (cheapest) to 10
	Bitrate     int // bit/s, 500 to 512000; 0 lets libopus choose, MaxBitrate is all that fits into a packet
	CBR         bool
	FEC         bool // in-band forward error correction (RFC 7587 useinbandfec)
	PacketLoss  int  // expected loss in percent, which FEC is dimensioned for
	DTX         bool // send next to nothing during silence
	Bandwidth   Bandwidth
	Application Application
}

// MaxBitrate asks for as many bits as a packet can hold.
const MaxBitrate = -1

// DefaultOptions: 48 kHz, complexity 5, FEC for 5 % loss, no DTX, variable bit rate of libopus' choice.
func DefaultOptions() Options {
	return Options{SampleRate: ClockRate, Complexity: 5, FEC: true, PacketLoss: 5, Bandwidth: Fullband}
}

// Bandwidth is the width of the sound (RFC 6716 §2).
type Bandwidth uint8

const (
	Narrowband    Bandwidth = iota // 4 kHz, for 8 kHz sampling
	Mediumband                     // 6 kHz, 12
	Wideband                       // 8 kHz, 16
	SuperWideband                  // 12 kHz, 24
	Fullband                       // 20 kHz, 48
)

// Rate is the lowest sampling rate that holds the whole bandwidth, Hz.
func (b Bandwidth) Rate() int { return [...]int{8000, 12000, 16000, 24000, 48000}[min(b, Fullband)] }

// Application is what an encoder is tuned for.
type Application uint8

const (
	VoIP     Application = iota // speech that must be understood
	Audio                       // likeness to the original
	LowDelay                    // 5 ms less delay, no speech coder, hence no FEC
)

// bandwidthOf is the audio bandwidth worth sending to a receiver that plays rate Hz.
func bandwidthOf(rate int) Bandwidth {
	switch {
	case rate > 24000:
		return Fullband
	case rate > 16000:
		return SuperWideband
	case rate > 12000:
		return Wideband
	case rate > 8000:
		return Mediumband
	}
	return Narrowband
}

// apply puts o in force.
func (o Options) apply(e *opus.Encoder) error {
	return errors.Join(
		setBitrate(e, o.Bitrate), e.SetVBR(!o.CBR), e.SetComplexity(o.Complexity), e.SetInBandFEC(o.FEC),
		e.SetPacketLossPerc(o.PacketLoss), e.SetDTX(o.DTX), e.SetMaxBandwidth(bandwidths[min(o.Bandwidth, Fullband)]))
}

func setBitrate(e *opus.Encoder, bps int) error {
	switch bps {
	case 0:
		return e.SetBitrateToAuto()
	case MaxBitrate:
		return e.SetBitrateToMax()
	}
	return e.SetBitrate(bps)
}

var (
	applications = [...]opus.Application{VoIP: opus.AppVoIP, Audio: opus.AppAudio, LowDelay: opus.AppRestrictedLowdelay}
	bandwidths   = [...]opus.Bandwidth{Narrowband: opus.Narrowband, Mediumband: opus.Mediumband, Wideband: opus.Wideband,
		SuperWideband: opus.SuperWideband, Fullband: opus.Fullband}
)
