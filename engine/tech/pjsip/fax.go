package pjsip

import (
	"errors"
	"net/netip"
	"time"

	"asterism/engine/media"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// Two machines that have met as voices agree on T.38 with each other:
//
//	A ─re-INVITE image─► leg A: Offer, deferred ─► leg B: re-INVITE image ─► B
//	A ◄─── 200 image ─── leg A: AnswerOffer ◄───── leg B ◄──── 200 image ─── B      A's UDPTL port ◄─ link ─► B's
//	A ◄─── 488 ───────── the voice goes on ◄─────────────────── 488 ─────── B
//
// and back: who offers a voice again is answered at once, and the other is offered one too.

// fax is what a leg has while T.38 has the place of its voice, or is being agreed on.
type fax struct {
	port    *media.Port
	theirs  []sdp.Attribute // what the machine at the other leg says of itself
	inForce bool
}

// voiceTries is how often a voice is offered to a machine that has an offer of its own under way; voicePause what is left between.
const (
	voiceTries = 3
	voicePause = 2 * time.Second
	// leftAlone is how long a machine whose other end has gone may hang up by itself before it is offered a voice.
	leftAlone = 500 * time.Millisecond
)

// faxOffered answers an offer of T.38: by asking the leg it is joined with, or at once if both have T.38 already.
func (l *leg) faxOffered(offer *sdp.Description, parameters []sdp.Attribute) ([]byte, int) {
	l.mu.Lock()
	other, busy, now := l.other, l.offer != nil || l.offering, l.fax
	l.mu.Unlock()
	switch {
	case busy:
		return nil, sip.StatusServerError
	case !l.endpoint.T38UDPTL || other == nil || !other.endpoint.T38UDPTL || other == l:
		return nil, sip.StatusNotAcceptableHere
	case now != nil:
		return l.answerFax(offer, now.theirs)
	}
	if err := l.openFax(); err != nil {
		l.log.Error().Err(err).Msg("no port for T.38")
		return nil, sip.StatusNotAcceptableHere
	}
	if err := other.openFax(); err != nil {
		l.endFax()
		other.log.Error().Err(err).Msg("no port for T.38")
		return nil, sip.StatusNotAcceptableHere
	}
	l.log.Info().Msg("T.38 asked for, asking the other end")
	other.offerFax(parameters, func(theirs []sdp.Attribute, err error) {
		if err != nil {
			l.log.Info().Err(err).Msg("no T.38, the voice goes on")
			l.endFax()
			other.endFax()
			status := sip.StatusNotAcceptableHere
			if errors.Is(err, dialog.ErrPending) { // both ask at once, or the other end is put on hold: ask again
				status = sip.StatusRequestPending
			}
			l.dialog.Load().AnswerOffer(nil, status, func(bool) {})
			return
		}
		l.faxAgreed(other, offer, theirs)
	})
	return nil, 0
}

// faxAgreed: the other machine has accepted. It runs on the other's dialog.
func (l *leg) faxAgreed(other *leg, offer *sdp.Description, theirs []sdp.Attribute) {
	body, status := l.answerFax(offer, theirs)
	l.dialog.Load().AnswerOffer(body, status, func(taken bool) {
		l.mu.Lock()
		mine := l.fax
		l.mu.Unlock()
		other.mu.Lock()
		its := other.fax
		other.mu.Unlock()
		if !taken || status != sip.StatusOK || mine == nil || its == nil {
			l.endFax()
			other.leaveFax()
			return
		}
		l.tech.wg.Go(func() { // Connect waits for a shard
			_, _ = media.Connect(mine.port, its.port, media.Discard, media.Discard) // an error: one of them has hung up
		})
		l.log.Info().Msg("T.38 agreed")
	})
}

// answerFax accepts an offer of T.38 for this leg and puts it in force.
func (l *leg) answerFax(offer *sdp.Description, theirs []sdp.Attribute) ([]byte, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fax == nil {
		return nil, sip.StatusNotAcceptableHere
	}
	l.fax.theirs = theirs
	answer, result, err := sdp.AnswerFax(offer, l.local, l.ownFax())
	if err != nil {
		return nil, sip.StatusNotAcceptableHere
	}
	l.answered(answer)
	l.applyFax(result)
	return l.body, sip.StatusOK
}

// ownFax is our UDPTL on this leg. It runs under l.mu.
func (l *leg) ownFax() sdp.Fax {
	return sdp.Fax{Addr: netip.AddrPortFrom(l.local.Addr.Addr(), l.fax.port.LocalAddr().Port()), Attributes: l.fax.theirs}
}

// applyFax puts T.38 in the place of the voice. It runs under l.mu.
func (l *leg) applyFax(r *sdp.Result) {
	l.fax.inForce = true
	l.fax.port.SetStream(media.Stream{Remote: r.Remote, Send: true, Receive: true, Idle: true, Signalling: l.remote.Addr()})
	l.port.SetStream(media.Stream{Idle: true})
	l.applyVideo(nil)
	l.held = false
}

// offerFax asks the peer for T.38; done hears what he says of himself, on the dialog's goroutine.
func (l *leg) offerFax(theirs []sdp.Attribute, done func([]sdp.Attribute, error)) {
	l.mu.Lock()
	if l.fax == nil {
		l.mu.Unlock()
		done(nil, errNoSession)
		return
	}
	l.fax.theirs = theirs
	prev := l.described
	l.local.Version++
	offer := sdp.OfferFax(prev, l.local, l.ownFax())
	l.mu.Unlock()
	l.reinvite(offer, func(answer *sdp.Description, err error) {
		if err != nil {
			done(nil, err)
			return
		}
		result, its, err := sdp.AcceptFax(offer, answer)
		l.mu.Lock()
		defer func() { done(its, err) }()
		defer l.mu.Unlock()
		if err != nil {
			return
		}
		l.described = offer
		l.body = offer.Marshal()
		if l.fax != nil {
			l.applyFax(result)
		}
	})
}

// faxState is CHANNEL(pjsip,t38state), in Asterisk's words.
func (l *leg) faxState() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fax == nil:
		return "DISABLED"
	case l.fax.inForce:
		return "ENABLED"
	case l.offering:
		return "LOCAL_REINVITE"
	}
	return "REMOTE_REINVITE"
}

// errRefused is what became of a re-INVITE that the peer did not accept.
var errRefused = errors.New("pjsip: re-INVITE refused")

// reinvite sends an offer of ours within the call; done hears the answer on the dialog's goroutine.
func (l *leg) reinvite(offer *sdp.Description, done func(*sdp.Description, error), headers ...sip.Header) {
	d := l.dialog.Load()
	if d == nil {
		done(nil, dialog.ErrClosed)
		return
	}
	l.mu.Lock()
	l.offering = true
	l.mu.Unlock()
	d.Reinvite(offer.Marshal(), func(res *sip.Response, err error) {
		l.mu.Lock()
		l.offering = false
		l.mu.Unlock()
		switch {
		case err != nil:
		case res.StatusCode == sip.StatusRequestPending:
			err = dialog.ErrPending
		case res.StatusCode >= 300:
			err = errRefused
		default:
			var answer *sdp.Description
			if answer, err = sdp.Parse(res.Body()); err == nil {
				done(answer, nil)
				return
			}
		}
		done(nil, err)
	}, headers...)
}

// reinviting tells whether a re-INVITE of ours is open.
func (l *leg) reinviting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.offering
}

// openFax opens the leg's UDPTL port.
func (l *leg) openFax() error {
	e := l.endpoint
	port, err := l.tech.Media.NewPort(media.PortConfig{Kind: media.KindDatagrams, LocalIP: l.port.LocalAddr().Addr(), TOS: e.TOSAudio, COS: e.COSAudio,
		Symmetric: e.T38UDPTLNat || e.RTPSymmetric})
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.over || l.fax != nil {
		l.mu.Unlock()
		port.Close()
		return dialog.ErrClosed
	}
	l.fax = &fax{port: port}
	l.mu.Unlock()
	return nil
}

// endFax closes the UDPTL port, if there is one.
func (l *leg) endFax() {
	l.mu.Lock()
	f := l.fax
	l.fax = nil
	l.mu.Unlock()
	if f != nil {
		f.port.Close()
	}
}

// backToVoice: the peer has put a voice in the place of T.38; the other machine is offered one too.
func (l *leg) backToVoice() {
	l.mu.Lock()
	back, other := l.fax != nil && !l.offering, l.other
	l.mu.Unlock()
	if !back {
		return
	}
	l.endFax()
	l.log.Info().Msg("back from T.38")
	if other != nil {
		other.offerVoice(voiceTries)
	}
}

// leaveFax: the other end is gone. A machine that does not hang up is offered a voice.
func (l *leg) leaveFax() {
	l.mu.Lock()
	on := l.fax != nil
	l.mu.Unlock()
	if on {
		l.later(leftAlone, func() { l.offerVoice(voiceTries) })
	}
}

// later runs f in a while if the dialog still lives then. The technology waits for it.
func (l *leg) later(d time.Duration, f func()) {
	g := l.dialog.Load()
	if g == nil {
		return
	}
	l.tech.wg.Go(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			f()
		case <-g.Done():
		}
	})
}

// offerVoice puts the voice back on a leg that has T.38.
func (l *leg) offerVoice(tries int) {
	l.mu.Lock()
	if l.fax == nil || l.offering {
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	l.reoffer(func(err error) {
		switch {
		case errors.Is(err, dialog.ErrPending) && tries > 1:
			l.later(voicePause, func() { l.offerVoice(tries - 1) }) // if his own offer has not brought it back by then
		case err != nil:
			l.log.Info().Err(err).Msg("not back from T.38")
		default:
			l.endFax()
			l.tellHold()
		}
	})
}

// reoffer offers what we can do, within the call, and puts the answer in force; done hears on the dialog's goroutine whether there was one.
func (l *leg) reoffer(done func(error)) {
	l.mu.Lock()
	l.local.Version++
	offer := sdp.Reoffer(l.described, l.local)
	l.mu.Unlock()
	l.reinvite(offer, func(answer *sdp.Description, err error) {
		var result *sdp.Result
		if err == nil {
			result, err = sdp.Accept(offer, answer)
		}
		if err == nil {
			l.mu.Lock()
			l.described, l.sent = offer, offer
			l.body = offer.Marshal()
			l.apply(result)
			l.mu.Unlock()
		}
		done(err)
	})
}
