package dialog

import (
	"errors"
	"time"

	"asterism/engine/sip"
)

// theirs is the INVITE or re-INVITE of the peer that we have to answer, or whose 2xx is not acknowledged.
type theirs struct {
	tx         *sip.ServerTx
	lost       <-chan struct{} // closes when the unanswered INVITE was cancelled, or its connection failed
	seq        uint32
	empty      bool          // it held no offer: the next one is ours
	progress   *sip.Response // the last 1xx, told again every Remind
	remind     *time.Timer
	accepted   *sip.Response // the 2xx being repeated
	offered    bool          // the 2xx held our offer: its ACK holds the answer
	retransmit *time.Timer
	interval   time.Duration
	giveUp     time.Time
	byeAfter   bool // Hangup waits for the ACK
	reliably   reliably
}

// Progress sends a provisional response to the INVITE, with early media when body holds SDP.
func (d *Dialog) Progress(status int, body []byte, headers ...sip.Header) {
	d.post(func() {
		if d.state != calling || d.uac {
			return
		}
		res := sip.NewResponse(d.theirs.tx.Request, status, "", body)
		d.us.decorate(res, body, headers...)
		switch {
		case !d.theirs.reliably.on:
			d.try(d.theirs.tx.Respond(res))
		case !d.theirs.empty || len(body) > 0:
			d.progressReliably(res)
			return
		case sip.HasToken(d.theirs.tx.Request, "Require", "100rel"): // the first one would have to hold our offer: none is sent
			return
		default:
			d.try(d.theirs.tx.Respond(res))
		}
		stopTimer(d.theirs.remind)
		d.theirs.progress, d.theirs.remind = res, time.NewTimer(d.layer.cfg.Remind)
	})
}

func (d *Dialog) remind() {
	d.try(d.theirs.tx.Respond(d.theirs.progress))
	d.theirs.remind.Reset(d.layer.cfg.Remind)
}

// Answer sends the 200 to the INVITE and repeats it until the ACK comes (§13.3.1.4). offered: body is our offer, the ACK brings the answer.
func (d *Dialog) Answer(body []byte, offered bool, headers ...sip.Header) {
	var answer func()
	answer = func() {
		if d.state != calling || d.uac {
			return
		}
		if r := &d.theirs.reliably; r.mustWait() {
			r.waiting, r.answered = []func(){answer}, true // what else waited is no news any more
			return
		}
		d.settleReliable()
		offered := offered && (d.theirs.empty || !d.theirs.reliably.on) // else the PRACK brought the answer
		err := d.send2xx(d.theirs.tx, body, offered, headers)
		switch {
		case d.theirs.accepted == nil: // a CANCEL was faster: we hear of it in a moment
			return
		case err != nil && d.theirs.tx.Transport.Protocol() != "udp": // the caller's connection is gone, and so is he
			d.settle2xx()
			d.finish(End{Err: err})
			return
		}
		d.state = answered
		d.unringing()
	}
	d.post(answer)
}

// unringing: the INVITE is no longer unanswered.
func (d *Dialog) unringing() {
	stopTimer(d.theirs.remind)
	d.theirs.remind, d.theirs.progress, d.theirs.lost = nil, nil, nil
	d.settleReliable()
}

// Reject sends a final refusal to the INVITE and ends the dialog.
func (d *Dialog) Reject(status int, headers ...sip.Header) {
	d.post(func() { d.reject(status, headers) })
}

func (d *Dialog) reject(status int, headers []sip.Header) {
	if d.state != calling || d.uac {
		return
	}
	if status < 300 || status > 699 {
		status = 603
	}
	respond(d.theirs.tx, status, headers...)
	d.finish(End{})
}

// cancelled: the caller gave up; the stack has answered CANCEL and INVITE.
func (d *Dialog) cancelled(req *sip.Request) {
	d.post(func() {
		if d.state == calling {
			d.finish(End{Request: req, Err: ErrCancelled})
		}
	})
}

// inviteLost: somebody else, that is the stack, has ended the unanswered INVITE.
func (d *Dialog) inviteLost() {
	d.unringing()
	if err := d.theirs.tx.Err(); err != nil {
		d.finish(End{Err: err})
		return
	}
	d.within(d.layer.cfg.T1, func() { d.finish(End{Err: ErrCancelled}) }) // cancelled brings the CANCEL itself before that
}

// send2xx answers tx and begins to repeat the answer. If tx was answered already (487 to a CANCEL), accepted stays nil.
func (d *Dialog) send2xx(tx *sip.ServerTx, body []byte, offered bool, headers []sip.Header) error {
	res := sip.NewResponse(tx.Request, 200, "OK", body)
	d.us.decorate(res, body, headers...)
	err := tx.Respond(res)
	if errors.Is(err, sip.ErrAnswered) {
		return err
	}
	d.try(err)
	t := &d.theirs
	t.tx, t.seq, t.accepted, t.offered = tx, tx.Request.CSeq().SeqNo, res, offered
	t.interval = d.layer.cfg.T1
	t.giveUp = time.Now().Add(d.layer.patience())
	t.retransmit = time.NewTimer(t.interval)
	return err
}

// resend2xx: the interval doubles from T1 to T2 (§13.3.1.4), on reliable transports too, because a hop further on may not be.
// After 64*T1 without an ACK the session is ended with a BYE.
func (d *Dialog) resend2xx() {
	t := &d.theirs
	left := time.Until(t.giveUp)
	if left <= 0 {
		d.settle2xx()
		d.log.Warn().Msg("no ACK to our 200 within 32 s, ending the call")
		d.state = confirmed
		d.leave(End{Err: ErrNoACK})
		return
	}
	d.try(t.tx.Respond(t.accepted))
	t.interval = min(2*t.interval, d.layer.cfg.T2)
	t.retransmit.Reset(min(t.interval, left))
}

// settle2xx stops the repetition.
func (d *Dialog) settle2xx() {
	stopTimer(d.theirs.retransmit)
	d.theirs.retransmit, d.theirs.accepted, d.theirs.tx = nil, nil, nil
}

// acknowledged takes the ACK to our 2xx.
func (d *Dialog) acknowledged(req *sip.Request) {
	if d.theirs.accepted == nil || req.CSeq().SeqNo != d.theirs.seq || sip.FromTag(req) != d.peer.tag {
		return // a repeated ACK
	}
	offered := d.theirs.offered
	d.settle2xx()
	if d.state == answered {
		d.state = confirmed
	}
	if offered && !d.ended {
		d.handler.AckBody(req.Body())
	}
	if d.theirs.byeAfter {
		d.bye()
	}
	d.takeNext()
}
