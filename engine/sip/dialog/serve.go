package dialog

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"asterism/engine/sip"
)

// deliver takes a request within the dialog, in CSeq order.
func (d *Dialog) deliver(tx *sip.ServerTx) {
	p := d.from(tx.Request)
	switch {
	case d.state == over || p == nil:
		respond(tx, d.strange(tx.Request))
		return
	case d.tooEarly(p, tx.Request) && len(d.gaps) < mailboxSize:
		d.gaps = append(d.gaps, tx)
		if d.gapTimer == nil {
			d.gapTimer = time.NewTimer(d.layer.cfg.ReorderWait)
		}
		return
	}
	d.take(p, tx)
	d.takeNext()
}

// from finds who sent a request, nil for a stranger. Before our INVITE is answered any tag may be one of its forks, whose 1xx was lost or
// overtaken; afterwards only the one that answered counts.
func (d *Dialog) from(req *sip.Request) *peer {
	tag := sip.FromTag(req)
	if d.uac && d.state == calling {
		return d.fork(tag)
	}
	if tag != d.peer.tag {
		return nil
	}
	return d.peer
}

// fork returns the early dialog of a tag, a new one if there is room.
func (d *Dialog) fork(tag string) *peer {
	if i := slices.IndexFunc(d.forks, func(p *peer) bool { return p.tag == tag }); i >= 0 {
		return d.forks[i]
	}
	if len(d.forks) >= maxForks {
		return nil
	}
	first := d.ours.first
	p := &peer{tag: tag, target: first.target, routes: first.routes, next: first.next}
	d.forks = append(d.forks, p)
	return p
}

// strange is what a request gets that is not the living dialog's: 481, but a BYE of a fork that lost, which crosses ours, is right.
func (d *Dialog) strange(req *sip.Request) int {
	tag := sip.FromTag(req)
	if req.Method == sip.BYE && slices.ContainsFunc(d.forks, func(p *peer) bool { return p.tag == tag }) {
		return 200
	}
	return 481
}

// tooEarly: an earlier request is missing, or the ACK to our 2xx before a new INVITE.
func (d *Dialog) tooEarly(p *peer, req *sip.Request) bool {
	return p.seqSet && req.CSeq().SeqNo > p.seq+1 || req.Method == sip.INVITE && d.theirs.accepted != nil
}

// takeNext serves waiting requests whose turn has come.
func (d *Dialog) takeNext() {
	for i := 0; i < len(d.gaps); i++ {
		tx := d.gaps[i]
		if p := d.from(tx.Request); p == nil || !d.tooEarly(p, tx.Request) {
			d.gaps = slices.Delete(d.gaps, i, i+1)
			d.take(p, tx)
			i = -1
		}
	}
}

// takeAll serves all waiting requests in order: the gap was a real one (a request that was challenged, say).
func (d *Dialog) takeAll() {
	slices.SortStableFunc(d.gaps, func(a, b *sip.ServerTx) int { return int(a.Request.CSeq().SeqNo) - int(b.Request.CSeq().SeqNo) })
	for len(d.gaps) > 0 {
		tx := d.gaps[0]
		d.gaps = slices.Delete(d.gaps, 0, 1)
		d.take(d.from(tx.Request), tx)
	}
}

// take serves one request (§12.2.2).
func (d *Dialog) take(p *peer, tx *sip.ServerTx) {
	req := tx.Request
	if d.state == over || p == nil {
		respond(tx, d.strange(req))
		return
	}
	seq := req.CSeq().SeqNo
	if p.seqSet && seq <= p.seq {
		respond(tx, 500, retryAfter())
		return
	}
	defer func() {
		if r := recover(); r != nil { // the handler's: safely ends the call, but this one needs an answer
			respond(tx, 500)
			panic(r)
		}
	}()
	p.seq, p.seqSet = seq, true
	p.seen(&d.us, tx.Transport, tx.Source)
	switch {
	case req.Method == sip.BYE:
		d.takeBye(p, tx)
	case d.ended:
		respond(tx, 481)
	case finished(tx): // cancelled while it waited: the offer must not take effect
	case req.Method == sip.INVITE:
		d.takeReinvite(p, tx)
	case req.Method == sip.UPDATE:
		d.takeUpdate(p, tx)
	case req.Method == sip.PRACK:
		d.takePrack(tx)
	default:
		d.handler.Request(tx)
	}
}

func finished(tx *sip.ServerTx) bool {
	select {
	case <-tx.Done():
		return true
	default:
		return false
	}
}

// takeBye: §15.1.2. What is open in the other direction is answered 487, by us or by the peer.
func (d *Dialog) takeBye(p *peer, tx *sip.ServerTx) {
	respond(tx, 200)
	e := End{Request: tx.Request}
	switch {
	case d.uac && d.state == calling && len(d.forks) > 1: // §15 forbids it; another fork may still answer
		d.forks = slices.DeleteFunc(d.forks, func(f *peer) bool { return f == p })
		d.peer = d.forks[len(d.forks)-1]
	case d.uac && d.state == calling:
		d.leave(e)
	case d.state == calling:
		respond(d.theirs.tx, 487)
		d.finish(e)
	case d.ours.tx != nil: // our re-INVITE: its final response is still to be acknowledged
		d.state = ending
		d.settle2xx()
		d.tellEnded(e)
		d.within(d.layer.patience(), d.giveUpInvite)
	default:
		d.finish(e)
	}
}

// takeReinvite: §14.2. One INVITE at a time in either direction.
func (d *Dialog) takeReinvite(p *peer, tx *sip.ServerTx) {
	switch {
	case d.ours.tx != nil || d.updating:
		respond(tx, 491)
		return
	case d.state != confirmed || d.theirs.tx != nil || d.deferred != nil:
		respond(tx, 500, retryAfter())
		return
	}
	offer := tx.Request.Body()
	d.answerOffer(tx, offer, func(body []byte) bool {
		if err := d.send2xx(tx, body, len(offer) == 0, nil); err != nil && d.theirs.accepted == nil {
			d.log.Debug().Err(err).Msg("re-INVITE cancelled while it was answered")
			return false
		}
		p.refresh(tx.Request.Contact()) // after success only: a refused re-INVITE changes nothing (RFC 6141 §4)
		d.refreshed(tx.Request)
		return true
	})
}

// Refresher is a Handler that wants to see the re-INVITEs and UPDATEs that were accepted.
type Refresher interface {
	Refreshed(req *sip.Request)
}

func (d *Dialog) refreshed(req *sip.Request) {
	if r, ok := d.handler.(Refresher); ok && !d.ended {
		r.Refreshed(req)
	}
}

// answerOffer asks the handler about an offer and accepts or refuses it, now or when AnswerOffer says.
func (d *Dialog) answerOffer(tx *sip.ServerTx, offer []byte, accept func(body []byte) bool) {
	answer := func(body []byte, status int) bool {
		if status != 200 {
			refuse(tx, status)
			return false
		}
		return accept(body)
	}
	body, status := d.handler.Offer(offer)
	if status != 0 {
		answer(body, status)
		return
	}
	d.deferred = answer
	if tx.Request.Method == sip.INVITE {
		tx.Trying()
	}
}

// AnswerOffer answers the offer that Handler.Offer has left open. done hears on the dialog's goroutine whether the peer still wanted the
// answer: false too when there is no such offer any more.
func (d *Dialog) AnswerOffer(body []byte, status int, done func(taken bool)) {
	if !d.post(func() { done(d.answerDeferred(body, status)) }) {
		done(false)
	}
}

func (d *Dialog) answerDeferred(body []byte, status int) bool {
	answer := d.deferred
	d.deferred = nil
	return answer != nil && answer(body, status)
}

// takeUpdate: RFC 3311 §5.2.
func (d *Dialog) takeUpdate(p *peer, tx *sip.ServerTx) {
	accept := func(body []byte) bool {
		p.refresh(tx.Request.Contact())
		res := sip.NewResponse(tx.Request, 200, "OK", body)
		d.us.decorate(res, body)
		err := tx.Respond(res)
		d.try(err)
		d.refreshed(tx.Request)
		return err == nil
	}
	if offer := tx.Request.Body(); len(offer) > 0 {
		if d.offerOpen() {
			respond(tx, 491)
			return
		}
		d.answerOffer(tx, offer, accept)
		return
	}
	accept(nil)
}

// offerOpen: an offer of ours is unanswered. Unreliable provisional responses settle nothing (RFC 3311 §5.1).
func (d *Dialog) offerOpen() bool {
	return d.updating || d.deferred != nil || d.ours.tx != nil || d.theirs.accepted != nil && d.theirs.offered || d.state == calling && !d.uac && d.theirs.empty
}

// refuse answers with the handler's status; a 500 here means "later" (RFC 3311 §5.2).
func refuse(tx *sip.ServerTx, status int) {
	if status == 500 {
		respond(tx, status, retryAfter())
		return
	}
	respond(tx, status)
}

// retryAfter is 0 to 10 s at random (§14.2).
func retryAfter() sip.Header { return sip.NewHeader("Retry-After", strconv.Itoa(rand.IntN(11))) }
