package sdp

import (
	"fmt"
	"net/netip"
	"strings"

	"asterism/codecs"
)

// Answer answers an offer (RFC 3264 §6) with the first audio m-line we can do, and the first video if l has any, and refuses the
// others, in their places, with port 0. Of the offer's codecs it takes the first that l allows, and only that, with the telephone-event of its clock rate (else the
// first one offered), under the offer's payload types. The error wraps ErrNoCommonCodec.
func Answer(offer *Description, l Local) (*Description, *Result, error) {
	d := l.describe()
	var result *Result
	var video *Result
	var why []string
	for i := range offer.Media {
		m := &offer.Media[i]
		if l.Video != nil && video == nil && isVideo(m) && m.Port != 0 {
			if ours, r, err := l.Video.answerVideo(m, &l); err == nil {
				video = r
				d.Media = append(d.Media, *ours)
				continue
			}
		}
		if result == nil {
			ours, r, err := answerMedia(m, &l)
			if err == nil {
				result = r
				d.Media = append(d.Media, *ours)
				continue
			}
			if len(why) < 4 { // enough to understand it; an offer has up to MaxMedia
				why = append(why, fmt.Sprintf("%s %s: %v", cut(m.Type), cut(m.Proto), err))
			}
		}
		d.Media = append(d.Media, refuse(m))
	}
	if result == nil {
		if len(why) == 0 {
			why = []string{"no m-line"}
		}
		return nil, nil, fmt.Errorf("%w (%s)", ErrNoCommonCodec, strings.Join(why, "; "))
	}
	result.Video = video
	return d, result, nil
}

func answerMedia(m *Media, l *Local) (*Media, *Result, error) {
	switch {
	case !supported(m):
		return nil, nil, fmt.Errorf("not supported; audio RTP/AVP is")
	case m.Port == 0:
		return nil, nil, fmt.Errorf("switched off")
	}
	chosen := choose(m.Formats, l.Codecs)
	if chosen == nil {
		return nil, nil, fmt.Errorf("none of %s allowed", names(m.Formats))
	}
	formats := []Format{*chosen}
	if l.DTMF {
		if event := chooseDTMF(m.Formats, chosen.Codec.Rate); event != nil {
			formats = append(formats, *event)
		}
	}
	ours, r, err := l.answerStream(m, l.Addr)
	if err != nil {
		return nil, nil, err
	}
	ours.Type, ours.Ptime, r.Ptime = "audio", l.ptime(chosen.Codec), peerPtime(m)
	for _, f := range formats {
		r.add(PayloadType{f.PT, f.PT, f.Codec, f.Fmtp})
		f.Fmtp = l.answerFmtp(f)
		ours.Formats = append(ours.Formats, f)
	}
	return ours, r, nil
}

// answerStream is what an answer says of a stream of any kind, but for its formats.
func (l *Local) answerStream(m *Media, addr netip.AddrPort) (*Media, *Result, error) {
	r := &Result{Direction: m.Direction.reverse().and(l.Direction), Hold: !m.Direction.Receives(), RTCPMux: m.RTCPMux && l.RTCPMux}
	if err := r.remote(m); err != nil {
		return nil, nil, err
	}
	return &Media{Port: int(addr.Port()), Proto: m.Proto, Connection: addr.Addr().Unmap(), Direction: r.Direction, RTCPMux: r.RTCPMux}, r, nil
}

// choose returns the first of the offered formats that is allowed, as the offer wrote it but with our own name of the format.
func choose(formats []Format, allowed []codecs.Codec) *Format {
	for _, f := range formats {
		for _, c := range allowed {
			if same(f.Codec, c.Format) {
				f.Codec = c.Format
				return &f
			}
		}
	}
	return nil
}

// chooseDTMF returns the telephone-event at rate, else the first one: some phones offer Opus with an event at 8 kHz only.
func chooseDTMF(formats []Format, rate int) (event *Format) {
	for _, f := range formats {
		if !isDTMF(f.Codec) {
			continue
		}
		f.Codec = dtmfFormat(f.Codec.Rate)
		if f.Codec.Rate == rate {
			return &f
		}
		if event == nil {
			event = &f
		}
	}
	return event
}

func dtmfFormat(rate int) codecs.Format {
	return codecs.Format{Name: dtmfName, Rate: rate, Channels: 1}
}

func isDTMF(f codecs.Format) bool { return strings.EqualFold(f.Name, dtmfName) }

// peerPtime is the packet length the peer likes, within the longest it takes; 0 if that is none a voice codec has.
func peerPtime(m *Media) int {
	ms := m.Ptime
	if m.MaxPtime > 0 && (ms > m.MaxPtime || ms == 0 && m.MaxPtime < 20) {
		ms = m.MaxPtime
	}
	if ms < 5 || ms > 200 {
		return 0
	}
	return ms
}

func names(formats []Format) string {
	var s []string
	for _, f := range formats {
		if f.Codec.Name != "" {
			s = append(s, fmt.Sprintf("%s/%d", cut(f.Codec.Name), f.Codec.Rate))
		}
	}
	if len(s) == 0 {
		return "the formats"
	}
	return cut(strings.Join(s, " "))
}

// add puts p among the codecs or the events, once for each format.
func (r *Result) add(p PayloadType) {
	list := &r.Codecs
	if isDTMF(p.Format) {
		list = &r.DTMF
	}
	for _, q := range *list {
		if same(p.Format, q.Format) {
			return
		}
	}
	*list = append(*list, p)
}

// Accept reads the answer to our offer: the offerer's view. Codecs stand in the answer's order; each is sent under the
// answer's payload type and received under the offer's; of video the first. The error wraps ErrNoCommonCodec.
func Accept(offer, answer *Description) (*Result, error) {
	i := activeAudio(offer.Media)
	if i >= len(offer.Media) || i >= len(answer.Media) {
		return nil, fmt.Errorf("%w (the answer has %d m-lines, the offer %d)", ErrNoCommonCodec, len(answer.Media), len(offer.Media))
	}
	ours, theirs := &offer.Media[i], &answer.Media[i]
	if !supported(theirs) || theirs.Port == 0 {
		return nil, fmt.Errorf("%w (the answer refuses our audio: %s %d %s)", ErrNoCommonCodec, cut(theirs.Type), theirs.Port, cut(theirs.Proto))
	}
	r := acceptStream(ours, theirs)
	r.Ptime = peerPtime(theirs)
	for _, f := range theirs.Formats {
		if o := counterpart(&f, ours.Formats); o != nil && compatible(o, &f) {
			r.add(PayloadType{f.PT, o.PT, o.Codec, f.Fmtp})
		}
	}
	if len(r.Codecs) == 0 {
		return nil, fmt.Errorf("%w (none of ours is in the answer's %s)", ErrNoCommonCodec, names(theirs.Formats))
	}
	if err := r.remote(theirs); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrNoCommonCodec, err)
	}
	for i := range min(len(offer.Media), len(answer.Media)) {
		if r.Video == nil && isVideo(&offer.Media[i]) {
			r.Video = acceptVideo(&offer.Media[i], &answer.Media[i])
		}
	}
	return r, nil
}

// acceptStream is what an answer agrees to of a stream of any kind, but for its formats and its address.
func acceptStream(ours, theirs *Media) *Result {
	return &Result{
		Direction: theirs.Direction.reverse().and(ours.Direction), Hold: !theirs.Direction.Receives(), RTCPMux: ours.RTCPMux && theirs.RTCPMux,
	}
}

// counterpart finds the format of our offer that f answers: the same format, else, if f's rtpmap was left out, the same number.
func counterpart(f *Format, ours []Format) *Format {
	for i := range ours {
		if o := &ours[i]; same(f.Codec, o.Codec) || f.Codec.Name == "" && f.PT == o.PT {
			return o
		}
	}
	return nil
}
