package dialog

import (
	"time"

	"asterism/engine/sip"
)

// Progress sends a provisional response to the INVITE, with early media when body holds SDP.
func (d *Dialog) Progress(status int, body []byte, headers ...sip.Header) {
	d.post(func() {
		if d.state != calling || d.uac {
			return
		}
		res := sip.NewResponse(d.serverTx.Request, status, "", body)
		d.decorate(res, body, headers...)
		d.try(d.serverTx.Respond(res))
	})
}

// Answer sends the 200 to the INVITE and repeats it until the ACK comes (§13.3.1.4). offered: body is our offer, the ACK brings the answer.
func (d *Dialog) Answer(body []byte, offered bool, headers ...sip.Header) {
	d.post(func() {
		if d.state != calling || d.uac {
			return
		}
		d.state = answered
		d.extra = append(d.extra, headers...)
		d.send2xx(body, offered)
	})
}

// Reject sends a final refusal to the INVITE and ends the dialog.
func (d *Dialog) Reject(status int, headers ...sip.Header) {
	d.post(func() {
		if d.state != calling || d.uac {
			return
		}
		res := sip.NewResponse(d.serverTx.Request, status, "", nil)
		for _, h := range headers {
			res.AppendHeader(h)
		}
		d.try(d.serverTx.Respond(res))
		d.finish(End{})
	})
}

// cancelled: the caller gave up; the stack has answered CANCEL and INVITE.
func (d *Dialog) cancelled(req *sip.Request) {
	d.post(func() {
		if d.state == calling {
			d.finish(End{Request: req, Err: ErrCancelled})
		}
	})
}

func (d *Dialog) send2xx(body []byte, offered bool) {
	res := sip.NewResponse(d.serverTx.Request, 200, "OK", body)
	d.decorate(res, body, d.extra...)
	d.accepted, d.offered = res, offered
	d.interval = t1
	d.giveUp = time.Now().Add(64 * t1)
	d.try(d.serverTx.Respond(res))
	d.retransmit = time.NewTimer(d.interval)
}

// resend2xx: the interval doubles from T1 to T2 (§13.3.1.4), on reliable transports too, because a hop further on may not be.
// After 64*T1 without an ACK the session is ended with a BYE.
func (d *Dialog) resend2xx() {
	if d.accepted == nil {
		return
	}
	if time.Now().After(d.giveUp) {
		d.settle2xx()
		d.log.Warn().Msg("no ACK to our 200 within 32 s, ending the call")
		d.state = confirmed
		d.tellEnded(End{Err: ErrNoACK})
		d.bye()
		return
	}
	d.try(d.serverTx.Respond(d.accepted))
	d.interval = min(2*d.interval, t2)
	d.retransmit.Reset(d.interval)
}

// settle2xx stops the repetition.
func (d *Dialog) settle2xx() {
	stopTimer(d.retransmit)
	d.retransmit, d.accepted, d.serverTx = nil, nil, nil
}

// acknowledged takes the ACK to our 2xx.
func (d *Dialog) acknowledged(req *sip.Request) {
	if d.accepted == nil || req.CSeq().SeqNo != d.inviteSeq {
		return // a repeated ACK
	}
	offered := d.offered
	d.settle2xx()
	if d.state == answered {
		d.state = confirmed
	}
	if offered && !d.ended {
		d.handler.AckBody(req.Body())
	}
	if d.byeAfterACK {
		d.bye()
	}
}
