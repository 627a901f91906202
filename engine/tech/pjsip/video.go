package pjsip

import (
	"maps"
	"net/netip"
	"slices"

	"asterism/codecs"
	"asterism/engine/config"
	"asterism/engine/media"
	"asterism/engine/sdp"
)

// Video, and voice that nobody here can decode, are between the two phones: what one says of them is offered to the other, and what that
// one answers is the first one's answer, unless he has his already.
//
//	caller ─offer─► shown, said ─describe─► the callee's offer
//	caller ◄─answer─ local.Video, local.Fmtp ◄─answeredBehind─ the callee's answer

// videoCodecs are the video formats an endpoint allows.
func videoCodecs(e *config.Endpoint) (list []codecs.Format) {
	if e.MaxVideoStreams == 0 {
		return nil
	}
	for _, name := range e.VideoCodecs {
		if f, _, ok := codecs.Video(name); ok {
			list = append(list, f)
		}
	}
	return list
}

func videoOffered(offer *sdp.Description, e *config.Endpoint) []sdp.VideoFormat {
	allowed := videoCodecs(e)
	if len(allowed) == 0 {
		return nil
	}
	return sdp.VideoOffered(offer, allowed)
}

// parametersOf is what an offer says of codecs that we pass on.
func parametersOf(offer *sdp.Description) map[string]string {
	var said map[string]string
	for i := range offer.Media {
		for _, f := range offer.Media[i].Formats {
			c, ok := codecs.ByFormat(f.Codec)
			if !ok || c.NewDecoder != nil || f.Fmtp == "" && said[c.Name] != "" {
				continue
			}
			if said == nil {
				said = map[string]string{}
			}
			if _, known := said[c.Name]; !known {
				said[c.Name] = f.Fmtp
			}
		}
	}
	return said
}

// describe is what a leg that is called for this one offers of voice and video that we pass on.
func (l *leg) describe(e *config.Endpoint) (said map[string]string, shown []sdp.VideoFormat) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shown = l.shown
	if l.agreed {
		shown = nil
		if l.seen != nil {
			shown = []sdp.VideoFormat{*l.seen}
		}
	}
	return maps.Clone(l.said), commonVideo(shown, e)
}

// commonVideo is what an endpoint allows of a video that somebody shows.
func commonVideo(shown []sdp.VideoFormat, e *config.Endpoint) (common []sdp.VideoFormat) {
	allowed := videoCodecs(e)
	for _, f := range shown {
		if slices.ContainsFunc(allowed, f.Codec.Same) {
			f.Reply = ""
			common = append(common, f)
		}
	}
	return common
}

// answeredBehind takes what the phone behind has answered, for the answer we owe this one.
func (l *leg) answeredBehind(r *sdp.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.agreed {
		return
	}
	for _, p := range r.Codecs {
		if c, ok := codecs.ByFormat(p.Format); ok && c.NewDecoder == nil {
			if l.local.Fmtp == nil {
				l.local.Fmtp = map[string]string{}
			}
			l.local.Fmtp[c.Name] = p.Fmtp
		}
	}
	l.local.Video = nil
	if l.video != nil && r.Video != nil {
		l.local.Video = l.ownVideo()
		l.local.Video.Formats = []sdp.VideoFormat{r.Video.Picked}
	}
}

// openVideo opens the leg's sight if there is any to be had.
func (l *leg) openVideo(bind netip.Addr) error {
	if len(l.shown) == 0 {
		return nil
	}
	port, err := l.newSight(bind)
	if err != nil {
		l.port.Close()
		return err
	}
	l.video = port
	return nil
}

// videoName is CHANNEL(videonativeformat): what was agreed on, by Asterisk's name.
func (l *leg) videoName() (string, bool) {
	l.mu.Lock()
	seen := l.seen
	l.mu.Unlock()
	for _, name := range l.endpoint.VideoCodecs {
		if f, _, ok := codecs.Video(name); ok && seen != nil && f.Same(seen.Codec) {
			return "(" + name + ")", true
		}
	}
	return "", false
}

// ownVideo is what we can do of video here.
func (l *leg) ownVideo() *sdp.Video {
	return &sdp.Video{Addr: netip.AddrPortFrom(l.local.Addr.Addr(), l.video.LocalAddr().Port()), Codecs: videoCodecs(l.endpoint)}
}

// remember keeps what the peer has said of a codec that we pass on and have agreed to: he may have said more than one thing.
func (l *leg) remember(r *sdp.Result) {
	if len(r.Codecs) == 0 || len(l.said) == 0 {
		return
	}
	if c, ok := codecs.ByFormat(r.Codecs[0].Format); ok && c.NewDecoder == nil {
		l.said[c.Name] = r.Codecs[0].Fmtp
	}
}

// applyVideo puts an agreement about video in force; nil is that there is none. It runs under l.mu.
func (l *leg) applyVideo(r *sdp.Result) {
	if l.video == nil {
		return
	}
	l.seen = nil
	if r == nil {
		l.video.SetStream(media.Stream{Idle: true})
		return
	}
	picked := r.Picked
	l.seen = &picked
	l.video.SetStream(media.Stream{
		Remote: r.Remote, RemoteRTCP: r.RemoteRTCP, RTCPMux: r.RTCPMux, Held: r.Hold, Idle: true,
		Send: r.Direction.Sends(), Receive: r.Direction.Receives(), Codecs: payloadTypes(r.Codecs), Signalling: l.remote.Addr(),
		Feedback: media.Feedback{NACK: slices.Contains(picked.Feedback, "nack"), PLI: slices.Contains(picked.Feedback, "nack pli"),
			FIR: slices.Contains(picked.Feedback, "ccm fir")},
	})
}

// Meets tells the leg whom it is joined with (bridge.Companion); nil: nobody any more.
func (l *leg) Meets(other any) {
	o, _ := other.(*leg)
	l.mu.Lock()
	l.other = o
	sight := l.sight
	l.sight = nil
	l.mu.Unlock()
	if sight != nil {
		sight.Disconnect()
	}
	if o == nil {
		l.leaveFax()
		return
	}
	l.joinVideo(o)
}

// joinVideo lets two legs that have met see each other. Who is told last does it.
func (l *leg) joinVideo(o *leg) {
	o.mu.Lock()
	met, theirs := o.other == l, o.video
	o.mu.Unlock()
	l.mu.Lock()
	ours := l.video
	l.mu.Unlock()
	if !met || ours == nil || theirs == nil {
		return
	}
	sight, err := media.Connect(ours, theirs, theirs.Out(), ours.Out())
	if err != nil {
		return // one of them has hung up
	}
	l.mu.Lock()
	l.sight = sight
	l.mu.Unlock()
}
