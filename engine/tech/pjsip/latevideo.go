package pjsip

import (
	"net/netip"

	"asterism/engine/media"
	"asterism/engine/sdp"
)

// A video that is added to a call: as with T.38, the other end is asked first.
//
//	A ─re-INVITE voice, video─► leg A: Offer, deferred ─► leg B: re-INVITE voice, video ─► B
//	A ◄─ 200, B's video ─────── leg A: AnswerOffer ◄───── leg B ◄─ 200 ─────────────────── B      B refuses: 200, the voice alone

// lateVideo asks the leg at the other end of the bridge for the video that offer adds to the call, and answers offer when that one has;
// false if it adds none, or there is nobody to ask.
func (l *leg) lateVideo(offer *sdp.Description) bool {
	shown := videoOffered(offer, l.endpoint)
	l.mu.Lock()
	other := l.other
	l.mu.Unlock()
	if other == nil || other == l || !l.blind() || !other.blind() {
		return false
	}
	common := commonVideo(shown, other.endpoint)
	if len(common) == 0 || !l.openLate(shown) || !other.openLate(common) {
		return false
	}
	other.offerVideo(common, func(picked *sdp.VideoFormat) { l.answerLate(offer, other, picked) })
	return true
}

// blind reports whether the leg has a voice in force, no video, and no offer under way.
func (l *leg) blind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.agreed && l.local.Video == nil && l.offer == nil && !l.offering && l.fax == nil && !l.over
}

// openLate opens the leg's sight within the call, if it has none from before.
func (l *leg) openLate(shown []sdp.VideoFormat) bool {
	l.mu.Lock()
	have := l.video != nil
	l.shown = shown
	l.mu.Unlock()
	if have {
		return true
	}
	port, err := l.newSight(l.port.LocalAddr().Addr())
	if err != nil {
		l.log.Error().Err(err).Msg("no port for the video")
		return false
	}
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		port.Close()
		return false
	}
	l.video = port
	l.mu.Unlock()
	return true
}

// offerVideo asks the peer for a video; done hears on the dialog's goroutine which one he takes, nil for none.
func (l *leg) offerVideo(formats []sdp.VideoFormat, done func(picked *sdp.VideoFormat)) {
	l.mu.Lock()
	l.local.Video = l.ownVideo()
	l.local.Video.Formats = formats
	l.mu.Unlock()
	l.reoffer(func(err error) {
		var picked *sdp.VideoFormat
		l.mu.Lock()
		if err == nil {
			picked = l.seen
		}
		if picked == nil {
			l.local.Video = nil
		}
		l.mu.Unlock()
		done(picked)
	})
}

// answerLate answers the offer that has added a video: with what the other end has picked, or without any.
func (l *leg) answerLate(offer *sdp.Description, other *leg, picked *sdp.VideoFormat) {
	l.mu.Lock()
	if picked != nil {
		l.local.Video = l.ownVideo()
		l.local.Video.Formats = []sdp.VideoFormat{*picked}
	}
	body, status := l.answerOffer(offer)
	l.mu.Unlock()
	l.dialog.Load().AnswerOffer(body, status, func(taken bool) {
		l.tellHold()
		if taken && picked != nil {
			l.log.Info().Str("video", picked.Codec.Name).Msg("video added")
			l.tech.wg.Go(func() { l.joinVideo(other) }) // which waits for a shard
		}
	})
}

// newSight opens a port for the leg's video.
func (l *leg) newSight(bind netip.Addr) (*media.Port, error) {
	e := l.endpoint
	return l.tech.Media.NewPort(media.PortConfig{Kind: media.KindVideo, LocalIP: bind, TOS: e.TOSVideo, COS: e.COSVideo, Symmetric: e.RTPSymmetric})
}
