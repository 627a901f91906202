package sdp

import (
	"strings"

	"asterism/codecs"
)

// What we say about formats (a=fmtp). Codecs we have coders for we speak of ourselves; of those that are passed on, each end hears what
// the other has said.

// ownFmtp is what we say about a format we offer.
func (l *Local) ownFmtp(f codecs.Format) string {
	if c, ok := codecs.ByFormat(f); ok && c.NewDecoder == nil {
		if said, ok := l.Fmtp[c.Name]; ok {
			return said
		}
	}
	return l.plainFmtp(f)
}

// plainFmtp is that of a format nobody has said anything about.
func (l *Local) plainFmtp(f codecs.Format) string {
	switch {
	case strings.EqualFold(f.Name, "opus"):
		return l.OpusFmtp
	case strings.EqualFold(f.Name, "G729"):
		return "annexb=no"
	case strings.EqualFold(f.Name, "iLBC"):
		return "mode=30"
	case f.Name == "G7221" && f.Rate == 16000:
		return "bitrate=32000"
	case f.Name == "G7221":
		return "bitrate=48000"
	case isDTMF(f):
		return dtmfEvents
	}
	return ""
}

// answerFmtp is what we say about an agreed format: what the other end has answered if it was asked, else what the offer said,
// since parameters of formats we only pass on are symmetric (G.729's annexb, iLBC's mode).
func (l *Local) answerFmtp(f Format) string {
	c, known := codecs.ByFormat(f.Codec)
	if known && c.NewDecoder == nil {
		if said, ok := l.Fmtp[c.Name]; ok && compatible(&Format{Codec: f.Codec, Fmtp: said}, &f) {
			return said
		}
	}
	if own := l.plainFmtp(f.Codec); f.Fmtp == "" || strings.EqualFold(f.Codec.Name, "opus") || isDTMF(f.Codec) {
		return own
	}
	return f.Fmtp
}

// layout are the parameters that say how a codec's packets are laid out, with their defaults: two ends that differ in one of them cannot
// understand each other (RFC 4867 §8.3).
var layout = map[string]map[string]string{
	"amr":    {"octet-align": "0", "crc": "0", "robust-sorting": "0", "interleaving": "", "channels": "1"},
	"amr-wb": {"octet-align": "0", "crc": "0", "robust-sorting": "0", "interleaving": "", "channels": "1"},
}

// compatible reports whether what is packed as a says can be unpacked by who said b.
func compatible(a, b *Format) bool {
	for name, otherwise := range layout[strings.ToLower(a.Codec.Name)] {
		x, y := parameter(a.Fmtp, name, otherwise), parameter(b.Fmtp, name, otherwise)
		if (x == "") != (y == "") || name != "interleaving" && x != y {
			return false
		}
	}
	return true
}
