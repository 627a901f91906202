package config

import (
	"strconv"
	"strings"
)

// Opus is codecs.conf [opus]: how Opus encoders are set, and what our SDP asks of a peer's. What was not written is as the codec
// has it by itself.
type Opus struct {
	Complexity  int // 0 to 10; -1: not written
	PacketLoss  int // percent expected, 0 to 100; -1: not written
	Bitrate     int // bit/s; 0: auto, MaxBitrate: max
	MaxPlayback int // Hz, 8000 to 48000; 0: not written
	// Bandwidth is "narrow", "medium", "wide", "super_wide" or "full"; Application "voip", "audio" or "low_delay".
	Bandwidth, Application string
	CBR, FEC, DTX          bool
}

// MaxBitrate is bitrate=max.
const MaxBitrate = -1

var opusSchema = &schema[Opus]{
	kind: "opus",
	fields: []field[Opus]{
		number("complexity", 0, 10, func(o *Opus) *int { return &o.Complexity }),
		number("packet_loss", 0, 100, func(o *Opus) *int { return &o.PacketLoss }),
		number("max_playback_rate", 8000, 48000, func(o *Opus) *int { return &o.MaxPlayback }),
		{"bitrate", func(o *Opus, v string) (c *complaint) {
			switch strings.ToLower(v) {
			case "auto":
				o.Bitrate = 0
				return nil
			case "max":
				o.Bitrate = MaxBitrate
				return nil
			}
			n, err := strconv.Atoi(v)
			if err != nil || n < 500 || n > 512000 {
				return bad("write auto, max or bits a second from 500 to 512000", "%q is no bit rate", clip(v))
			}
			o.Bitrate = n
			return nil
		}},
		oneOf("max_bandwidth", func(o *Opus) *string { return &o.Bandwidth }, "narrow", "medium", "wide", "super_wide", "full"),
		oneOf("application", func(o *Opus) *string { return &o.Application }, "voip", "audio", "low_delay"),
		yes("cbr", func(o *Opus) *bool { return &o.CBR }),
		yes("fec", func(o *Opus) *bool { return &o.FEC }),
		yes("dtx", func(o *Opus) *bool { return &o.DTX }),
	},
	later: list("signal=auto"),
}

// codecs reads codecs.conf. Of its sections [opus] means something here; the others' codecs have no encoder with options.
func (l *loader) codecs() {
	o := Opus{Complexity: -1, PacketLoss: -1, Bandwidth: "full", Application: "voip", FEC: true}
	f := l.snap.files["codecs.conf"]
	if section(l, opusSchema, &o, f, "opus") {
		sec := f.Section("opus")
		if kind, said := sec.Get("type"); !said {
			l.report(object{kind: "[opus]"}, sec.Pos, bad("write type = opus", "it has no type"))
		} else if !strings.EqualFold(kind, "opus") {
			l.report(object{kind: "[opus]"}, l.at(sec, "type"), bad("write type = opus", "type %q is not opus", clip(kind)))
		}
	}
	if f != nil {
		for _, sec := range f.Sections {
			kind, _ := sec.Get("type")
			if !sec.Template && strings.EqualFold(kind, "opus") && !strings.EqualFold(sec.Name, "opus") {
				l.report(object{kind: "[" + sec.Name + "]"}, sec.Pos, odd("write its options in [opus]", "formats of one's own are not supported yet; the section has no effect"))
			}
		}
	}
	l.snap.Opus = o
}
