package dialog

import (
	"errors"

	"asterism/engine/sip"
)

// maxAuthTries bounds how often one request is repeated with credentials: two proxies and the phone may ask, and a nonce may be stale.
const maxAuthTries = 4

// ours is our INVITE or re-INVITE.
type ours struct {
	tx      *sip.ClientTx // while it has no final response
	seq     uint32
	offer   []byte
	tries   int
	done    func(*sip.Response, error) // of Reinvite
	first   *peer                      // as UAC: whom the INVITE goes to, before anybody made a dialog of it
	headers []sip.Header               // as UAC: of the INVITE
	extra   []sip.Header               // of the re-INVITE
	acker   *acker
}

// sendInvite sends the INVITE or re-INVITE, with the answer to a challenge of an earlier one.
func (d *Dialog) sendInvite(challenge *sip.Response, earlier *sip.Request) {
	p, headers := d.peer, d.ours.extra
	if d.state == calling { // whatever forks have told, this begins anew: no To tag, their routes and targets are theirs
		d.forks, d.peer = nil, d.ours.first
		p, headers = d.ours.first, d.ours.headers
	}
	d.localSeq++
	req := d.us.request(p, sip.INVITE, d.localSeq, d.ours.offer)
	for _, h := range headers {
		req.AppendHeader(h)
	}
	if challenge != nil {
		carry(earlier, req)
		if err := sip.Authorize(req, challenge, d.credentials); err != nil {
			d.inviteFailed(challenge, err)
			return
		}
	}
	d.ours.acker = d.layer.acker(d) // before it is sent: an answer may come back at once
	d.ours.acker.inviting(req)
	tx, err := d.layer.stack.Request(d.ctx, d.hop(p), req)
	if err != nil {
		d.inviteFailed(nil, err)
		return
	}
	d.ours.tx, d.ours.seq = tx, d.localSeq
	d.readers.Go(func() { d.receive(tx, d.fromInvite) })
}

// receive reads one client transaction and posts what it says; it ends with the transaction or the dialog.
func (d *Dialog) receive(tx *sip.ClientTx, take func(*sip.ClientTx, *sip.Response, error)) {
	for {
		res, err := tx.Next(d.ctx)
		if d.ctx.Err() != nil {
			return
		}
		last := err != nil || res.StatusCode >= 200
		d.mailbox.put(func() { take(tx, res, err) }, !last) // provisional ones may be lost: a flood of them must not pile up
		if last {
			return
		}
	}
}

// fromInvite takes a response to our INVITE.
func (d *Dialog) fromInvite(tx *sip.ClientTx, res *sip.Response, err error) {
	if tx != d.ours.tx || d.state == over {
		return // a 2xx is repeated, and finds the acker
	}
	switch {
	case err != nil:
		d.ours.tx = nil
		d.inviteFailed(nil, err)
	case res.StatusCode == 100:
	case res.StatusCode < 200:
		if d.state == calling {
			if d.early(res) && !d.hangup {
				d.handler.Provisional(res)
			}
		}
	case res.StatusCode < 300:
		d.ours.tx = nil
		d.from2xx(tx, res)
	default:
		d.ours.tx = nil
		if challenged(res) && d.ours.tries < maxAuthTries && len(d.credentials) > 0 && !d.hangup && d.state != ending {
			d.ours.tries++
			d.sendInvite(res, tx.Request())
			return
		}
		d.inviteFailed(res, nil)
	}
}

func challenged(res *sip.Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

// early lets a provisional response with a tag make an early dialog; the last one is where our own requests go until a 2xx decides. False if
// the response is to be ignored.
func (d *Dialog) early(res *sip.Response) bool {
	tag := sip.ToTag(res)
	if tag == "" {
		return true
	}
	p := d.fork(tag)
	if p == nil {
		return true
	}
	before := d.peer
	d.peer = p
	p.learn(res)
	if d.acknowledge(p, res) {
		return true
	}
	d.peer = before
	return false
}

// from2xx: the INVITE was accepted. The ACK goes out whatever we want with the call (§13.2.2.4).
func (d *Dialog) from2xx(tx *sip.ClientTx, res *sip.Response) {
	initial := d.state == calling
	if initial {
		p := d.fork(sip.ToTag(res))
		if p == nil {
			p = &peer{tag: sip.ToTag(res), target: d.ours.first.target, next: d.ours.first.next}
		}
		p.learn(res) // the route set anew: early ones do not count (§13.2.2.4)
		d.peer, d.state = p, confirmed
		d.ours.acker.settled(p.tag)
	} else {
		d.peer.refresh(res.Contact())
	}
	var body []byte
	if !d.ended {
		body = d.handler.Accepted(res)
	}
	ack := d.us.request(d.peer, sip.ACK, d.ours.seq, body)
	carry(tx.Request(), ack)
	d.try(d.ours.acker.send(d.ctx, d.peer.tag, d.hop(d.peer), ack))
	d.inviteOver(res, nil)
	switch {
	case d.state == ending: // the peer's BYE was faster
		d.finish(End{})
	case d.hangup:
		d.bye()
	}
}

// inviteOver tells who waits for our INVITE.
func (d *Dialog) inviteOver(res *sip.Response, err error) {
	done := d.ours.done
	d.ours.offer, d.ours.tries, d.ours.done, d.ours.extra = nil, 0, nil, nil
	if done != nil {
		done(res, err)
	}
}

// inviteFailed: our INVITE or re-INVITE was refused.
func (d *Dialog) inviteFailed(res *sip.Response, err error) {
	if d.state == calling {
		if !d.ended {
			d.handler.Failed(res, err)
		}
		d.finish(End{Response: res, Err: err})
		return
	}
	d.inviteOver(res, err)
	switch {
	case d.state == ending:
		d.finish(End{})
	case d.hangup:
		d.bye()
	case forgotten(res, err):
		d.leave(End{Response: res, Err: err})
	}
}

// forgotten: 481, 408 and no answer at all mean that the peer no longer knows the dialog (§12.2.1.2, §14.1).
func forgotten(res *sip.Response, err error) bool {
	if res == nil {
		return errors.Is(err, sip.ErrTimeout)
	}
	return res.StatusCode == 481 || res.StatusCode == 408
}

// giveUpInvite ends the wait for a peer who answers neither our INVITE nor its CANCEL: 64*T1 as for any transaction (§9.1).
func (d *Dialog) giveUpInvite() {
	if d.ours.tx == nil {
		return
	}
	d.ours.tx.Terminate() // a 2xx that still comes finds the acker
	d.ours.tx = nil
	if d.state == calling || d.state == ending {
		d.finish(End{Err: sip.ErrTimeout})
		return
	}
	d.inviteOver(nil, sip.ErrTimeout)
	d.bye()
}

// Reinvite sends a re-INVITE with an offer; done hears its end, once, on the dialog's goroutine. ErrPending: another offer is open, try
// again; so does a response of 491 say (§14.1: after 2.1–4 s if the call is ours, else up to 2 s), with an offer made anew, since the
// peer's own may have changed the session. ErrClosed: the dialog is over; when it was so before, done is called on the caller's goroutine.
func (d *Dialog) Reinvite(offer []byte, done func(*sip.Response, error), headers ...sip.Header) {
	posted := d.post(func() {
		switch {
		case d.state == over || d.state == ending || d.hangup:
			done(nil, ErrClosed)
		case d.state != confirmed || d.theirs.tx != nil || d.offerOpen():
			done(nil, ErrPending)
		default:
			d.ours.offer, d.ours.done, d.ours.extra = offer, done, headers
			d.sendInvite(nil, nil)
		}
	})
	if !posted {
		done(nil, ErrClosed)
	}
}
