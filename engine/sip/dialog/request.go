package dialog

import (
	"slices"

	"asterism/engine/sip"
)

// outgoing is a request of ours within the dialog that is no INVITE.
type outgoing struct {
	method  sip.Method
	body    []byte
	headers []sip.Header
	done    func(*sip.Response, error) // called once
	tries   int
}

// Request sends another request within the dialog (INFO, OPTIONS, NOTIFY …); done, if not nil, hears the final response or the error, once,
// on the dialog's goroutine. ErrPending: there is no dialog yet, or too much is waiting. ErrClosed: there is none any more. When that is
// known at once, done is called on the caller's goroutine.
func (d *Dialog) Request(method sip.Method, contentType string, body []byte, done func(*sip.Response, error), headers ...sip.Header) {
	if done == nil {
		done = func(*sip.Response, error) {}
	}
	headers = slices.Clone(headers)
	if len(body) > 0 {
		headers = append(headers, sip.NewHeader("Content-Type", contentType))
	}
	switch d.mailbox.put(func() {
		switch {
		case d.state == over || d.state == ending || d.hangup:
			done(nil, ErrClosed)
		case d.state == calling && (d.uac && d.peer.tag == "" || !d.uac && d.theirs.progress == nil): // one side has no tag yet
			done(nil, ErrPending)
		case method == sip.UPDATE && len(body) > 0:
			if d.offerOpen() {
				done(nil, ErrPending)
				return
			}
			d.updating = true
			d.send(&outgoing{method: method, body: body, headers: headers, done: func(res *sip.Response, err error) {
				d.updating = false
				done(res, err)
			}}, nil, nil)
		default:
			d.send(&outgoing{method: method, body: body, headers: headers, done: done}, nil, nil)
		}
	}, true) {
	case gone:
		done(nil, ErrClosed)
	case full:
		done(nil, ErrPending)
	}
}

// send sends o, with the answer to a challenge of an earlier try.
func (d *Dialog) send(o *outgoing, challenge *sip.Response, earlier *sip.Request) {
	req := d.request(o.method, o.body)
	for _, h := range o.headers {
		req.AppendHeader(h)
	}
	if challenge != nil {
		carry(earlier, req)
		if err := sip.Authorize(req, challenge, d.credentials); err != nil {
			o.done(challenge, err)
			return
		}
	}
	tx, err := d.layer.stack.Request(d.ctx, d.hop(d.peer), req)
	if err != nil {
		o.done(nil, err)
		return
	}
	d.open[tx] = o.done
	d.readers.Go(func() {
		d.receive(tx, func(tx *sip.ClientTx, res *sip.Response, err error) { d.response(o, tx, res, err) })
	})
}

// response takes a response to o.
func (d *Dialog) response(o *outgoing, tx *sip.ClientTx, res *sip.Response, err error) {
	if _, ok := d.open[tx]; !ok || err == nil && res.StatusCode < 200 {
		return // finish has told o.done
	}
	delete(d.open, tx)
	if err == nil && challenged(res) && o.tries < maxAuthTries && len(d.credentials) > 0 {
		o.tries++
		d.send(o, res, tx.Request())
		return
	}
	if err == nil && o.method == sip.UPDATE && res.StatusCode < 300 {
		d.peer.refresh(res.Contact())
	}
	o.done(res, err)
	if d.state == confirmed && !d.hangup && o.method != sip.PRACK && forgotten(res, err) {
		d.leave(End{Response: res, Err: err})
	}
}

// Hangup ends the dialog from our side, whatever its state: CANCEL, BYE (after the ACK when we still wait for it), or for an unanswered
// call from the peer the final response status. reason, if not empty, is the value of the Reason header (RFC 3326).
func (d *Dialog) Hangup(status int, reason string, headers ...sip.Header) {
	headers = slices.Clone(headers)
	d.post(func() {
		if d.hangup || d.ended {
			return
		}
		d.reason = reason
		if d.state != calling || d.uac {
			d.leave(End{})
			return
		}
		if r := &d.theirs.reliably; r.answered { // a script that answers and hangs up at once
			r.waiting = append(r.waiting, func() { d.leave(End{}) })
			return
		}
		if reason != "" {
			headers = append([]sip.Header{sip.NewHeader("Reason", reason)}, headers...)
		}
		d.reject(status, headers)
	})
}

// leave tells the handler the end and the peer as soon as the rules let us.
func (d *Dialog) leave(e End) {
	d.hangup = true
	d.tellEnded(e)
	switch {
	case d.state == answered: // §15: not before the ACK
		d.theirs.byeAfter = true
	case d.ours.tx != nil: // CANCEL; BYE follows if it was accepted, or is a re-INVITE
		d.try(d.ours.tx.Cancel(d.reason))
		d.within(d.layer.patience(), d.giveUpInvite)
	case d.state == calling:
		d.finish(e)
	default:
		d.bye()
	}
}

// bye sends the BYE and ends the dialog when it is answered, or can't be.
func (d *Dialog) bye() {
	if d.state == ending || d.state == over {
		return
	}
	d.settle2xx()
	d.state, d.hangup = ending, true
	var headers []sip.Header
	if d.reason != "" {
		headers = append(headers, sip.NewHeader("Reason", d.reason))
	}
	d.send(&outgoing{method: sip.BYE, headers: headers, done: func(res *sip.Response, err error) { d.finish(End{Response: res, Err: err}) }}, nil, nil)
}
