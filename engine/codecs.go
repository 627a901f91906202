package engine

import (
	"asterism/codecs"
	"asterism/codecs/opus"
	"asterism/engine/config"
)

// encoders is codecs.conf as the media engine takes it.
func encoders(c config.Opus) codecs.Settings {
	o := opus.DefaultOptions()
	o.CBR, o.FEC, o.DTX, o.Bitrate = c.CBR, c.FEC, c.DTX, c.Bitrate
	if c.Bitrate == config.MaxBitrate {
		o.Bitrate = opus.MaxBitrate
	}
	if c.Complexity >= 0 {
		o.Complexity = c.Complexity
	}
	if c.PacketLoss >= 0 {
		o.PacketLoss = c.PacketLoss
	}
	o.Bandwidth = opusBandwidths[c.Bandwidth]
	o.Application = opusApplications[c.Application]
	return codecs.Settings{Opus: &o}
}

// The words of codecs.conf.
var (
	opusBandwidths = map[string]opus.Bandwidth{"narrow": opus.Narrowband, "medium": opus.Mediumband, "wide": opus.Wideband,
		"super_wide": opus.SuperWideband, "full": opus.Fullband}
	opusApplications = map[string]opus.Application{"voip": opus.VoIP, "audio": opus.Audio, "low_delay": opus.LowDelay}
)

// opusFmtp is what our SDP says of Opus (RFC 7587 §6.1): what codecs.conf asks of the peers' encoders, and what to expect of ours.
func opusFmtp(c config.Opus) string {
	f := opus.Fmtp{CBR: c.CBR, FEC: c.FEC, DTX: c.DTX}
	if c.MaxPlayback < opus.ClockRate {
		f.MaxPlaybackRate = c.MaxPlayback
	}
	if c.Bitrate > 0 {
		f.MaxAverageBitrate = min(max(c.Bitrate, 6000), 510000) // what the RFC allows to ask for
	}
	if rate := opusBandwidths[c.Bandwidth].Rate(); rate < opus.ClockRate {
		f.SpropMaxCaptureRate = rate
	}
	return f.String()
}
