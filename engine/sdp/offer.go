package sdp

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"asterism/codecs"
)

// Payload types of our own offers (RFC 3551 §6: 96–127 are dynamic).
const (
	firstDynamic = 96
	lastDynamic  = 127
	dtmfPT       = 101 // what every phone uses, some without reading the rtpmap
)

const (
	dtmfName   = "telephone-event"
	dtmfEvents = "0-16" // digits, *, #, A–D, flash (RFC 4733 §3.2)
)

// Offer returns a new offer of one audio stream, and one of video if l has formats of any: static payload types where RFC 3551 has one, dynamic ones from 96, one
// telephone-event for each clock rate (101 for 8 kHz).
func Offer(l Local) *Description { return Reoffer(nil, l) }

// Reoffer returns a later offer within a session in which our last description, offer or answer, was prev: the m-lines keep their
// places (RFC 3264 §8) and formats their payload types (§8.3.2). A nil prev is a new session.
func Reoffer(prev *Description, l Local) *Description {
	d := l.describe()
	audio := 0
	if prev != nil {
		audio = activeAudio(prev.Media)
		if i := slices.IndexFunc(prev.Media, func(m Media) bool { return isFax(&m) }); audio == len(prev.Media) && i >= 0 {
			audio = i // where the voice was before the fax (RFC 3264 §8.3.3 lets a stream change its kind)
		}
		for i := range prev.Media {
			d.Media = append(d.Media, refuse(&prev.Media[i]))
		}
	}
	numbers := newNumbers()
	if audio < len(d.Media) {
		numbers.keep(prev.Media[audio].Formats)
	} else {
		d.Media = append(d.Media, Media{})
	}
	m := Media{
		Type: "audio", Port: int(l.Addr.Port()), Proto: "RTP/AVP", Connection: d.Connection,
		Formats: offered(&l, numbers), Direction: l.Direction, Ptime: 20, RTCPMux: l.RTCPMux,
	}
	if len(m.Formats) > 0 {
		m.Ptime = l.ptime(m.Formats[0].Codec)
	}
	d.Media[audio] = m
	if l.Video != nil && len(l.Video.Formats) > 0 {
		d.offerVideo(prev, &l, m.Formats)
	}
	return d
}

// offerVideo puts our video where it was, else where video was refused, else behind all.
func (d *Description) offerVideo(prev *Description, l *Local, voice []Format) {
	var old *Media
	at := len(d.Media)
	if prev != nil {
		if i := slices.IndexFunc(prev.Media, func(m Media) bool { return isVideo(&m) && m.Port != 0 }); i >= 0 {
			at, old = i, &prev.Media[i]
		} else if i := slices.IndexFunc(prev.Media, func(m Media) bool { return isVideo(&m) }); i >= 0 {
			at = i
		}
	}
	m := l.Video.offer(old, l, voice)
	if at == len(d.Media) && at < MaxMedia {
		d.Media = append(d.Media, m)
	} else if at < len(d.Media) {
		d.Media[at] = m
	}
}

// activeAudio is the index of the audio stream in use, else of the first audio m-line, else len(media).
func activeAudio(media []Media) int {
	first := len(media)
	for i := range media {
		if m := &media[i]; supported(m) {
			if m.Port != 0 {
				return i
			}
			first = min(first, i)
		}
	}
	return first
}

// supported reports whether the m-line is of a kind we speak. Secure profiles are not (RFC 3711, RFC 5764).
func supported(m *Media) bool {
	return strings.EqualFold(m.Type, "audio") && (strings.EqualFold(m.Proto, "RTP/AVP") || strings.EqualFold(m.Proto, "RTP/AVPF"))
}

// ptime is what we like to receive of a format.
func (l *Local) ptime(f codecs.Format) int {
	for _, c := range l.Codecs {
		if same(c.Format, f) {
			return cmp.Or(l.Framing[c.Name], 20)
		}
	}
	return 20
}

func offered(l *Local, numbers *numbers) (formats []Format) {
	var rates []int
	for _, c := range l.Codecs {
		pt, ok := numbers.take(c.Format, c.StaticPT)
		if !ok || len(formats) == MaxFormats/2 {
			continue
		}
		formats = append(formats, Format{PT: pt, Codec: c.Format, Fmtp: l.ownFmtp(c.Format)})
		if !slices.Contains(rates, c.Format.Rate) {
			rates = append(rates, c.Format.Rate)
		}
	}
	if !l.DTMF {
		return formats
	}
	if i := slices.Index(rates, 8000); i > 0 { // the well-known number goes to the common rate
		rates[0], rates[i] = rates[i], rates[0]
	}
	for i, rate := range rates {
		event := dtmfFormat(rate)
		want := -1
		if i == 0 {
			want = dtmfPT
		}
		if pt, ok := numbers.take(event, want); ok {
			formats = append(formats, Format{PT: pt, Codec: event, Fmtp: dtmfEvents})
		}
	}
	return formats
}

// numbers deals payload types out.
type numbers struct {
	taken [128]bool
	given []Format // of the session so far
}

func newNumbers() *numbers {
	n := &numbers{}
	n.taken[dtmfPT] = true
	return n
}

// keep reserves what an earlier description used.
func (n *numbers) keep(formats []Format) {
	n.given = formats
	for _, f := range formats {
		n.taken[f.PT] = true
	}
}

// take returns the payload type of f: the one it had, the one it would like (want, or -1), or the next dynamic one.
func (n *numbers) take(f codecs.Format, want int) (uint8, bool) {
	for _, g := range n.given {
		if same(g.Codec, f) {
			return g.PT, true
		}
	}
	if want >= 0 && want <= lastDynamic && (!n.taken[want] || want == dtmfPT && !n.gave(dtmfPT)) {
		n.taken[want] = true
		return uint8(want), true
	}
	for pt := firstDynamic; pt <= lastDynamic; pt++ {
		if !n.taken[pt] {
			n.taken[pt] = true
			return uint8(pt), true
		}
	}
	return 0, false
}

func (n *numbers) gave(pt uint8) bool {
	return slices.ContainsFunc(n.given, func(f Format) bool { return f.PT == pt })
}

// same reports whether a and b are one format. Opus is /48000/2 (RFC 7587 §7); phones that leave the 2 out mean the same.
func same(a, b codecs.Format) bool {
	if a.Name == "" || b.Name == "" {
		return false
	}
	if strings.EqualFold(a.Name, "opus") && strings.EqualFold(b.Name, "opus") {
		return a.Rate == b.Rate
	}
	return a.Same(b)
}

// refuse is the answer to an m-line we want nothing of (RFC 3264 §6): port 0 and a format, which means nothing.
func refuse(m *Media) Media {
	r := Media{Type: m.Type, Proto: m.Proto}
	if len(m.Formats) > 0 {
		r.Formats = []Format{{PT: m.Formats[0].PT, Codec: m.Formats[0].Codec}}
	}
	if len(m.Other) > 0 {
		r.Other = []string{m.Other[0]}
	}
	return r
}

// remote checks where the peer wants its media and fills in the addresses of r.
func (r *Result) remote(m *Media) error {
	a := m.Connection
	switch {
	case !a.IsValid():
		return errors.New("no c= line")
	case a.IsUnspecified():
		r.Hold = true // RFC 2543's way
		r.Direction = r.Direction.and(RecvOnly)
		return nil
	case !usable(a):
		return fmt.Errorf("media address %v is no host's", a)
	}
	r.Remote = netip.AddrPortFrom(a, uint16(m.Port))
	if rtcp := m.RTCP; rtcp.Port() != 0 && usable(rtcp.Addr()) {
		r.RemoteRTCP = rtcp
	}
	return nil
}

func usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
