package dialog

import (
	"context"
	"sync"
	"time"

	"asterism/engine/sip"
)

// acker acknowledges the 2xx responses to our INVITEs that no transaction takes any more (§13.2.2.4): repetitions, whose ACK was lost, and
// those of forks that answered after another one, or after the call was over. The latter are ended with a BYE. It outlives its dialog by
// 64*T1, without a goroutine; each late 2xx gets one of the layer's.
type acker struct {
	layer       *Layer
	us          ourside
	credentials []sip.Credentials
	first       peer // whom the INVITE went to

	mu     sync.Mutex // guards below; a leaf
	sent   []sentACK
	own    *string // the tag of the dialog that was accepted first
	orphan *peer   // the dialog is over: its peer
	expiry *time.Timer
	busy   int          // late 2xx being served
	auth   *sip.Request // holds the credentials of the last INVITE, which its ACKs repeat
}

type sentACK struct {
	tag string
	seq uint32
	hop sip.Hop
	ack *sip.Request // nil while it is being made
}

const (
	acksKept = 2 * maxForks // ACKs that can be repeated; the oldest is forgotten
	lateMost = 8            // late 2xx of one INVITE served at a time; others are repeated anyway
)

// acker returns the dialog's, made when it first sends an INVITE.
func (l *Layer) acker(d *Dialog) *acker {
	k := key(d.us.callID, d.us.tag)
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.ackers[k]
	if a == nil {
		a = &acker{layer: l, us: d.us, credentials: d.credentials, first: *d.peer}
		if !d.uac {
			tag := d.peer.tag
			a.own = &tag
		}
		l.ackers[k] = a
	}
	return a
}

// inviting notes an INVITE that is about to be sent.
func (a *acker) inviting(req *sip.Request) {
	auth := sip.NewRequest(sip.ACK, req.Recipient)
	carry(req, auth)
	a.mu.Lock()
	a.auth = auth
	a.mu.Unlock()
}

// settled: the first 2xx has chosen the dialog.
func (a *acker) settled(tag string) {
	a.mu.Lock()
	a.own = &tag
	a.mu.Unlock()
}

// orphaned: the dialog is over; from now on every 2xx is ours to serve, until expiry.
func (a *acker) orphaned(p peer, expiry *time.Timer) {
	a.mu.Lock()
	a.orphan, a.expiry = &p, expiry
	a.mu.Unlock()
}

// retire stops its clock.
func (a *acker) retire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	stopTimer(a.expiry)
}

// send sends an ACK and keeps it for repetitions of its 2xx.
func (a *acker) send(ctx context.Context, tag string, hop sip.Hop, ack *sip.Request) error {
	s := sentACK{tag: tag, seq: ack.CSeq().SeqNo, hop: hop, ack: ack}
	a.mu.Lock()
	if i := a.indexLocked(tag, s.seq); i >= 0 {
		a.sent[i] = s
	} else {
		a.keepLocked(s)
	}
	a.mu.Unlock()
	return a.layer.stack.Send(ctx, hop, ack.Clone())
}

func (a *acker) keepLocked(s sentACK) {
	if len(a.sent) >= acksKept {
		a.sent = append(a.sent[:0], a.sent[1:]...)
	}
	a.sent = append(a.sent, s)
}

func (a *acker) indexLocked(tag string, seq uint32) int {
	for i, s := range a.sent {
		if s.tag == tag && s.seq == seq {
			return i
		}
	}
	return -1
}

// late takes a 2xx from the transport's reader.
func (a *acker) late(res *sip.Response) {
	serve := a.admit(res)
	if serve == nil {
		return
	}
	if !a.layer.spawn(func() {
		defer a.served()
		serve()
	}) {
		a.served()
	}
}

// admit says what to do about a late 2xx. One that the dialog itself is about to take, or that is being served, is left alone: if it matters
// it is repeated.
func (a *acker) admit(res *sip.Response) (serve func()) {
	tag, seq := sip.ToTag(res), res.CSeq().SeqNo
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.own != nil && *a.own == tag
	i := a.indexLocked(tag, seq)
	switch {
	case a.busy >= lateMost, i >= 0 && a.sent[i].ack == nil:
		return nil
	case i >= 0:
		s := a.sent[i]
		serve = func() { a.log(a.layer.stack.Send(a.layer.ctx, s.hop, s.ack.Clone())) }
	case a.orphan == nil && (own || a.own == nil):
		return nil
	default:
		p := a.first
		if own {
			p = *a.orphan
		}
		a.keepLocked(sentACK{tag: tag, seq: seq})
		serve = func() { a.serve(p, own, res) }
	}
	a.busy++
	return serve
}

func (a *acker) served() {
	a.mu.Lock()
	a.busy--
	a.mu.Unlock()
}

// serve acknowledges a 2xx that was not acknowledged before. If it is another fork's, or a call's that is over, a BYE follows.
func (a *acker) serve(p peer, own bool, res *sip.Response) {
	if own {
		p.refresh(res.Contact())
	} else {
		p.tag = sip.ToTag(res)
		p.learn(res)
	}
	seq := res.CSeq().SeqNo
	hop := a.layer.hop(a.layer.ctx, &a.us, &p)
	ack := a.us.request(&p, sip.ACK, seq, nil)
	a.mu.Lock()
	carry(a.auth, ack)
	a.mu.Unlock()
	a.log(a.send(a.layer.ctx, p.tag, hop, ack))
	if !own {
		a.bye(&p, hop, seq+100) // above what an early dialog with this fork may have used
	}
}

// bye ends a fork's dialog and waits for the answer.
func (a *acker) bye(p *peer, hop sip.Hop, seq uint32) {
	var challenge *sip.Response
	var earlier *sip.Request
	for range 1 + maxAuthTries {
		seq++
		req := a.us.request(p, sip.BYE, seq, nil)
		if challenge != nil {
			carry(earlier, req)
			if sip.Authorize(req, challenge, a.credentials) != nil {
				return
			}
		}
		tx, err := a.layer.stack.Request(a.layer.ctx, hop, req)
		if err != nil {
			a.log(err)
			return
		}
		res, err := tx.Next(a.layer.ctx)
		for err == nil && res.StatusCode < 200 {
			res, err = tx.Next(a.layer.ctx)
		}
		if err != nil || !challenged(res) || len(a.credentials) == 0 {
			return
		}
		challenge, earlier = res, tx.Request()
	}
}

func (a *acker) log(err error) {
	if err != nil {
		a.layer.log.Debug().Err(err).Str("sip_call_id", a.us.callID).Msg("sip message not sent")
	}
}
