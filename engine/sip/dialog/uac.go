package dialog

import (
	"errors"
	"time"

	"asterism/engine/sip"
)

// maxAuthTries bounds how often one request is repeated with credentials: twice, for a stale nonce.
const maxAuthTries = 2

// sendInvite sends the INVITE or re-INVITE with the current state.
func (d *Dialog) sendInvite(challenge *sip.Response) {
	d.localSeq++
	req := d.request(sip.INVITE, d.offer)
	if challenge != nil {
		if err := sip.Authorize(req, challenge, d.credentials); err != nil {
			d.inviteFailed(challenge, err)
			return
		}
	}
	tx, err := d.layer.stack.Request(d.ctx, d.nextHop(), req)
	if err != nil {
		d.inviteFailed(nil, err)
		return
	}
	d.clientTx, d.clientCSeq = tx, d.localSeq
	d.requestWait.Go(func() { d.receive(tx, d.fromINVITE) })
	if d.hangup {
		d.try(tx.Cancel(d.reason))
	}
}

// receive reads one client transaction and posts what it says; it ends with the transaction.
func (d *Dialog) receive(tx *sip.ClientTx, take func(*sip.ClientTx, *sip.Response, error)) {
	for {
		res, err := tx.Next(d.ctx)
		if d.ctx.Err() != nil {
			return
		}
		d.post(func() { take(tx, res, err) })
		if err != nil || res.StatusCode >= 200 {
			return
		}
	}
}

// fromINVITE takes a response to our INVITE.
func (d *Dialog) fromINVITE(tx *sip.ClientTx, res *sip.Response, err error) {
	if tx != d.clientTx || d.state == over {
		return
	}
	switch {
	case err != nil:
		d.clientTx = nil
		d.inviteFailed(nil, err)
	case res.StatusCode == 100:
	case res.StatusCode < 200:
		if d.state == calling {
			d.early(res)
			if !d.hangup {
				d.handler.Provisional(res)
			}
		}
	case res.StatusCode < 300:
		d.clientTx = nil
		d.from2xx(res)
	default:
		d.clientTx = nil
		if (res.StatusCode == 401 || res.StatusCode == 407) && d.authTries < maxAuthTries && len(d.credentials) > 0 && !d.hangup {
			d.authTries++
			d.sendInvite(res)
			return
		}
		d.inviteFailed(res, nil)
	}
}

// early lets a provisional response with a tag make or move the early dialog; the last one counts until a 2xx decides.
func (d *Dialog) early(res *sip.Response) {
	tag, _ := res.To().Params.Get("tag")
	if tag == "" {
		return
	}
	d.remoteTag = tag
	d.learn(res)
}

// learn takes route set and remote target from a response that makes a dialog (§12.1.2).
func (d *Dialog) learn(res *sip.Response) {
	if d.state == calling {
		d.routes = d.routes[:0:0]
		values := sip.HeaderValues(res, "Record-Route")
		for i := len(values) - 1; i >= 0; i-- {
			d.routes = append(d.routes, values[i])
		}
	}
	if c := res.Contact(); c != nil {
		d.target = c.Address
	}
}

// from2xx: the INVITE was accepted. The ACK goes out whatever we want with the call (§13.2.2.4).
func (d *Dialog) from2xx(res *sip.Response) {
	initial := d.state == calling
	tag, _ := res.To().Params.Get("tag")
	d.remoteTag = tag
	d.learn(res)
	if initial {
		d.rehop()
		d.state = confirmed
	}
	var body []byte
	if !d.hangup {
		body = d.handler.Accepted(res)
	}
	d.sendACK(body)
	d.offer, d.authTries = nil, 0
	if f := d.reinvited; f != nil && !initial {
		d.reinvited = nil
		f(res, nil)
	}
	if d.hangup {
		d.bye()
	}
}

func (d *Dialog) sendACK(body []byte) {
	ack := d.requestSeq(sip.ACK, d.clientCSeq, body)
	d.ack = ack
	d.try(d.layer.stack.Send(d.ctx, d.nextHop(), ack))
}

// again2xx: a repeated 2xx wants its ACK again; one from another fork is acknowledged and ended (§13.2.2.4).
func (d *Dialog) again2xx(res *sip.Response) {
	if d.state == over || d.ack == nil {
		return
	}
	tag, _ := res.To().Params.Get("tag")
	if tag == d.remoteTag {
		if res.CSeq().SeqNo == d.clientCSeq {
			d.try(d.layer.stack.Send(d.ctx, d.nextHop(), d.ack.Clone()))
		}
		return
	}
	d.endFork(tag, res)
}

// endFork ends a dialog that another branch of our INVITE made after the first answer won.
func (d *Dialog) endFork(tag string, res *sip.Response) {
	fork := &Dialog{layer: d.layer, log: d.log, callID: d.callID, localTag: d.localTag, localURI: d.localURI, remoteURI: d.remoteURI,
		contact: d.contact, hop: d.hop, ctx: d.ctx, remoteTag: tag, target: d.target, localSeq: res.CSeq().SeqNo}
	fork.learn(res)
	fork.rehop()
	d.try(d.layer.stack.Send(d.ctx, fork.nextHop(), fork.requestSeq(sip.ACK, res.CSeq().SeqNo, nil)))
	fork.localSeq++
	if tx, err := d.layer.stack.Request(d.ctx, fork.nextHop(), fork.request(sip.BYE, nil)); err == nil {
		d.requestWait.Go(func() { d.receive(tx, func(*sip.ClientTx, *sip.Response, error) {}) })
	}
}

// inviteFailed: our INVITE or re-INVITE was refused.
func (d *Dialog) inviteFailed(res *sip.Response, err error) {
	d.offer, d.authTries = nil, 0
	if d.state == calling {
		if !d.hangup {
			d.handler.Failed(res, err)
		}
		d.finish(End{Response: res, Err: err})
		return
	}
	f := d.reinvited
	d.reinvited = nil
	if f != nil {
		f(res, err)
	}
	if d.hangup {
		d.bye()
		return
	}
	// §14.1, §12.2.1.2: 481, 408 and no answer at all mean that the peer no longer knows the dialog.
	if (res == nil && errors.Is(err, sip.ErrTimeout)) || (res != nil && (res.StatusCode == 481 || res.StatusCode == 408)) {
		d.tellEnded(End{Response: res, Err: err})
		d.bye()
	}
}

// Reinvite sends a re-INVITE with an offer; done hears its end on the dialog's goroutine.
func (d *Dialog) Reinvite(offer []byte, done func(*sip.Response, error)) {
	d.post(func() {
		if d.state != confirmed || d.clientTx != nil || d.serverTx != nil || d.hangup {
			done(nil, ErrClosed)
			return
		}
		d.offer, d.reinvited = offer, done
		d.sendInvite(nil)
	})
}

// Request sends another request within the dialog (INFO, OPTIONS, NOTIFY …); done, if not nil, hears the final response.
func (d *Dialog) Request(method sip.Method, contentType string, body []byte, done func(*sip.Response, error), headers ...sip.Header) {
	d.post(func() {
		if d.state == over || d.hangup {
			if done != nil {
				done(nil, ErrClosed)
			}
			return
		}
		if len(body) > 0 {
			headers = append(headers, sip.NewHeader("Content-Type", contentType))
		}
		d.sendRequest(method, body, nil, 0, done, headers)
	})
}

func (d *Dialog) sendRequest(method sip.Method, body []byte, challenge *sip.Response, tries int, done func(*sip.Response, error), headers []sip.Header) {
	d.localSeq++
	req := d.request(method, body)
	for _, h := range headers {
		req.AppendHeader(h)
	}
	finish := func(res *sip.Response, err error) {
		if done != nil {
			done(res, err)
		}
	}
	if challenge != nil {
		if err := sip.Authorize(req, challenge, d.credentials); err != nil {
			finish(challenge, err)
			return
		}
	}
	tx, err := d.layer.stack.Request(d.ctx, d.nextHop(), req)
	if err != nil {
		finish(nil, err)
		return
	}
	d.requestWait.Go(func() {
		d.receive(tx, func(_ *sip.ClientTx, res *sip.Response, err error) {
			switch {
			case err == nil && res.StatusCode < 200:
			case err == nil && (res.StatusCode == 401 || res.StatusCode == 407) && tries < maxAuthTries && len(d.credentials) > 0:
				d.sendRequest(method, body, res, tries+1, done, headers)
			default:
				finish(res, err)
			}
		})
	})
}

// Hangup ends the dialog from our side, whatever its state: CANCEL, BYE (after the ACK when we still wait for it), or for an unanswered
// call from the peer the final response status. reason, if not empty, is the value of the Reason header (RFC 3326).
func (d *Dialog) Hangup(status int, reason string, headers ...sip.Header) {
	d.post(func() {
		if d.hangup || d.state == over {
			return
		}
		d.hangup, d.reason = true, reason
		switch {
		case d.state == calling && d.uac:
			d.tellEnded(End{})
			if d.clientTx != nil {
				d.try(d.clientTx.Cancel(reason))
				d.boundEnd()
				return
			}
			d.finish(End{})
		case d.state == calling:
			res := sip.NewResponse(d.serverTx.Request, status, "", nil)
			if reason != "" {
				res.AppendHeader(sip.NewHeader("Reason", reason))
			}
			for _, h := range headers {
				res.AppendHeader(h)
			}
			d.try(d.serverTx.Respond(res))
			d.finish(End{})
		case d.state == answered:
			d.tellEnded(End{})
			d.byeAfterACK = true // §15: not before the ACK
		case d.clientTx != nil:
			d.tellEnded(End{})
			d.try(d.clientTx.Cancel(reason)) // a re-INVITE is open; BYE follows its end
		default:
			d.tellEnded(End{})
			d.bye()
		}
	})
}

// boundEnd makes sure that a peer who answers neither CANCEL nor INVITE cannot keep the dialog: 64*T1 as for any transaction (§9.1).
func (d *Dialog) boundEnd() {
	d.requestWait.Go(func() {
		timer := time.NewTimer(64 * t1)
		defer timer.Stop()
		select {
		case <-timer.C:
			d.post(func() {
				if d.state == calling {
					if d.clientTx != nil {
						d.clientTx.Terminate()
					}
					d.finish(End{})
				}
			})
		case <-d.ctx.Done():
		}
	})
}

// bye sends the BYE and ends the dialog when it is answered, or can't be.
func (d *Dialog) bye() {
	if d.state == ending || d.state == over {
		return
	}
	d.state, d.hangup = ending, true
	var headers []sip.Header
	if d.reason != "" {
		headers = append(headers, sip.NewHeader("Reason", d.reason))
	}
	d.sendRequest(sip.BYE, nil, nil, 0, func(res *sip.Response, err error) { d.finish(End{Response: res, Err: err}) }, headers)
}
