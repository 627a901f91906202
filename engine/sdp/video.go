package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"asterism/codecs"
)

// Video is what we can do of video on one leg. It is passed on to another leg and never looked into, so what one end says of it
// reaches the other end.
type Video struct {
	Addr   netip.AddrPort  // of our RTP
	Codecs []codecs.Format // that may be agreed on
	// Formats are what the other leg has: what we offer, and the only ones an answer takes, unless there are none.
	Formats []VideoFormat
}

// VideoFormat is a format as one end describes it.
type VideoFormat struct {
	PT       uint8 // where it was offered
	Codec    codecs.Format
	Fmtp     string   // of the offer
	Reply    string   // of the answer; "" as long as nobody has answered
	Feedback []string // what may be asked of it: "nack", "nack pli", "ccm fir"
}

// relayedFeedback is what we carry from one end to the other (RFC 4585 §4.2, RFC 5104 §7.1). Nothing else is agreed on.
var relayedFeedback = []string{"nack", "nack pli", "ccm fir"}

// VideoOffered are the formats of an offer's video that l allows; nil if it has none.
func VideoOffered(offer *Description, allowed []codecs.Format) []VideoFormat {
	for i := range offer.Media {
		m := &offer.Media[i]
		if !isVideo(m) || m.Port == 0 {
			continue
		}
		var list []VideoFormat
		for j := range m.Formats {
			if f := &m.Formats[j]; slices.ContainsFunc(allowed, f.Codec.Same) && len(list) < MaxFormats/4 {
				list = append(list, VideoFormat{PT: f.PT, Codec: f.Codec, Fmtp: f.Fmtp, Feedback: feedback(m, f.PT)})
			}
		}
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// isVideo reports whether the m-line is video we could pass on. Secure profiles are not.
func isVideo(m *Media) bool {
	return strings.EqualFold(m.Type, "video") && (strings.EqualFold(m.Proto, "RTP/AVP") || strings.EqualFold(m.Proto, "RTP/AVPF"))
}

// feedback is what m lets us ask of the payload type, as far as we carry it.
func feedback(m *Media, pt uint8) (list []string) {
	own := fmt.Sprint(pt)
	for _, a := range m.Attributes {
		if !strings.EqualFold(a.Name, "rtcp-fb") {
			continue
		}
		of, what, _ := strings.Cut(a.Value, " ")
		what = strings.Join(strings.Fields(strings.ToLower(what)), " ")
		if (of == "*" || of == own) && slices.Contains(relayedFeedback, what) && !slices.Contains(list, what) {
			list = append(list, what)
		}
	}
	return list
}

// answerVideo answers a video m-line with one format: of those the other leg has the first one, else the first that is allowed.
func (v *Video) answerVideo(m *Media, l *Local) (*Media, *Result, error) {
	f, picked := v.choose(m)
	if f == nil {
		return nil, nil, errors.New("no video in common")
	}
	ours, r, err := l.answerStream(m, v.Addr)
	if err != nil {
		return nil, nil, err
	}
	r.Codecs = []PayloadType{{f.PT, f.PT, f.Codec, f.Fmtp}}
	r.Picked = *picked
	ours.Type = "video"
	ours.Formats = []Format{{PT: f.PT, Codec: f.Codec, Fmtp: picked.Reply}}
	ours.Attributes = feedbackLines(f.PT, picked.Feedback)
	return ours, r, nil
}

func (v *Video) choose(m *Media) (*Format, *VideoFormat) {
	for i := range m.Formats {
		f := &m.Formats[i]
		if !slices.ContainsFunc(v.Codecs, f.Codec.Same) {
			continue
		}
		picked := &VideoFormat{PT: f.PT, Codec: f.Codec, Fmtp: f.Fmtp, Reply: f.Fmtp, Feedback: feedback(m, f.PT)}
		if len(v.Formats) == 0 {
			return f, picked
		}
		for j := range v.Formats {
			if have := &v.Formats[j]; have.alike(f) {
				if have.Reply != "" {
					picked.Reply = have.Reply
				}
				picked.Feedback = both(picked.Feedback, have.Feedback)
				return f, picked
			}
		}
	}
	return nil, nil
}

// alike reports whether what is made for one of the two can be understood by who described the other: for H.264 the same profile and
// packetization mode (RFC 6184 §8.2.2), else whatever has the same name.
func (v *VideoFormat) alike(f *Format) bool {
	if !v.Codec.Same(f.Codec) {
		return false
	}
	if !strings.EqualFold(f.Codec.Name, "H264") || v.Fmtp == f.Fmtp {
		return true
	}
	profile := func(fmtp string) string {
		id := strings.ToLower(parameter(fmtp, "profile-level-id", "42000a")) // its default: baseline, level 1
		return id[:min(2, len(id))]
	}
	return profile(v.Fmtp) == profile(f.Fmtp) && parameter(v.Fmtp, "packetization-mode", "0") == parameter(f.Fmtp, "packetization-mode", "0")
}

// parameter is the value of one parameter of an fmtp.
func parameter(fmtp, name, otherwise string) string {
	for p := range strings.SplitSeq(fmtp, ";") {
		if n, v, ok := strings.Cut(p, "="); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return otherwise
}

func both(a, b []string) (list []string) {
	for _, s := range a {
		if slices.Contains(b, s) {
			list = append(list, s)
		}
	}
	return list
}

func feedbackLines(pt uint8, list []string) (lines []Attribute) {
	for _, s := range list {
		lines = append(lines, Attribute{"rtcp-fb", fmt.Sprintf("%d %s", pt, s)})
	}
	return lines
}

// offer is our video m-line; prev is the one that had its place, nil for a new one. The numbers of the voice are left alone.
func (v *Video) offer(prev *Media, l *Local, voice []Format) Media {
	m := Media{Type: "video", Port: int(v.Addr.Port()), Proto: "RTP/AVP", Connection: v.Addr.Addr().Unmap(), Direction: l.Direction, RTCPMux: l.RTCPMux}
	var taken [128]bool
	for _, f := range voice {
		taken[f.PT] = true
	}
	var was []Format
	if prev != nil && isVideo(prev) {
		was = prev.Formats
	}
	for i := range v.Formats {
		have := &v.Formats[i]
		pt, ok := deal(have, was, &taken)
		if !ok {
			break
		}
		m.Formats = append(m.Formats, Format{PT: pt, Codec: have.Codec, Fmtp: have.Fmtp})
		m.Attributes = append(m.Attributes, feedbackLines(pt, have.Feedback)...)
	}
	return m
}

// deal finds a payload type: what the format had before, what it has at the other end, or any that is free.
func deal(f *VideoFormat, was []Format, taken *[128]bool) (uint8, bool) {
	for _, w := range was {
		if f.alike(&w) && !taken[w.PT] {
			taken[w.PT] = true
			return w.PT, true
		}
	}
	try := func(pt uint8) bool {
		free := !taken[pt] && !slices.ContainsFunc(was, func(w Format) bool { return w.PT == pt })
		taken[pt] = taken[pt] || free
		return free
	}
	if f.PT <= lastDynamic && (f.PT >= firstDynamic || static[f.PT].Same(f.Codec)) && try(f.PT) {
		return f.PT, true
	}
	for pt := uint8(firstDynamic); pt <= lastDynamic; pt++ {
		if try(pt) {
			return pt, true
		}
	}
	return 0, false
}

// acceptVideo reads the answer to our video; nil if it was refused, or makes no sense: the call goes on without.
func acceptVideo(ours, theirs *Media) *Result {
	if ours.Port == 0 || theirs.Port == 0 || !isVideo(theirs) {
		return nil
	}
	for i := range theirs.Formats {
		f := &theirs.Formats[i]
		o := offeredAs(f, ours.Formats)
		if o == nil {
			continue
		}
		r := acceptStream(ours, theirs)
		if r.remote(theirs) != nil {
			return nil
		}
		r.Codecs = []PayloadType{{f.PT, o.PT, o.Codec, f.Fmtp}}
		r.Picked = VideoFormat{PT: o.PT, Codec: o.Codec, Fmtp: o.Fmtp, Reply: f.Fmtp, Feedback: both(feedback(ours, o.PT), feedback(theirs, f.PT))}
		return r
	}
	return nil
}

// offeredAs finds what f answers: under its number, else another of its kind.
func offeredAs(f *Format, ours []Format) *Format {
	for i := range ours {
		if o := &ours[i]; o.PT == f.PT && (f.Codec.Name == "" || o.Codec.Same(f.Codec)) {
			return o
		}
	}
	for i := range ours {
		if o := &ours[i]; (&VideoFormat{Codec: o.Codec, Fmtp: o.Fmtp}).alike(f) {
			return o
		}
	}
	return nil
}
