package dialog

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"asterism/engine/sip"
)

// Reliable provisional responses (RFC 3262). As UAS each is repeated until its PRACK comes, one after the other; as UAC each is acknowledged once.

// ErrNoPRACK is why a call ends whose caller does not acknowledge what he asked to be told reliably.
var ErrNoPRACK = errors.New("dialog: no PRACK to a reliable response within 32 s")

// reliably is the state of our reliable provisional responses to one INVITE.
type reliably struct {
	on       bool          // the caller wants them or takes them, and so do we
	seq      uint32        // RSeq of the last one
	open     *sip.Response // not acknowledged yet, being repeated; nil: none
	waiting  []func()      // what is to be sent after it: provisional responses, at most waitingMost, or the 200 and what follows it
	answered bool          // the 200 waits
	repeat   *time.Timer
	interval time.Duration
	giveUp   time.Time
}

const waitingMost = 8

// progressReliably sends res so that the caller acknowledges it; it waits for its turn if another one is open.
func (d *Dialog) progressReliably(res *sip.Response) {
	r := &d.theirs.reliably
	if d.state != calling {
		return
	}
	if r.open != nil {
		if len(r.waiting) < waitingMost && !r.answered {
			r.waiting = append(r.waiting, func() { d.progressReliably(res) })
		}
		return
	}
	if r.seq == 0 {
		r.seq = rand.Uint32N(1 << 16)
	}
	r.seq++
	res.AppendHeader(sip.NewHeader("Require", "100rel"))
	res.AppendHeader(sip.NewHeader("RSeq", strconv.FormatUint(uint64(r.seq), 10)))
	d.try(d.theirs.tx.Respond(res))
	r.open, r.interval, r.giveUp = res, d.layer.cfg.T1, time.Now().Add(d.layer.patience())
	r.repeat = time.NewTimer(r.interval)
}

// repeatReliable: the interval doubles; after 64*T1 the INVITE is refused (§3).
func (d *Dialog) repeatReliable() {
	r := &d.theirs.reliably
	left := time.Until(r.giveUp)
	if left <= 0 {
		d.log.Warn().Msg("no PRACK within 32 s, refusing the call")
		respond(d.theirs.tx, 504)
		d.finish(End{Err: ErrNoPRACK})
		return
	}
	d.try(d.theirs.tx.Respond(r.open))
	r.interval *= 2
	r.repeat.Reset(min(r.interval, left))
}

// settleReliable stops the repetition.
func (d *Dialog) settleReliable() {
	stopTimer(d.theirs.reliably.repeat)
	d.theirs.reliably.repeat, d.theirs.reliably.open = nil, nil
}

// mustWait: a 2xx may not overtake a session description that is not acknowledged (§5).
func (r *reliably) mustWait() bool { return r.open != nil && len(r.open.Body()) > 0 }

// takePrack takes the acknowledgement of a reliable response, with the answer if that held our offer.
func (d *Dialog) takePrack(tx *sip.ServerTx) {
	r := &d.theirs.reliably
	seq, cseq, method, ok := parseRAck(sip.HeaderValue(tx.Request, "RAck"))
	if !ok {
		respond(tx, 400)
		return
	}
	if r.open == nil || seq != r.seq || cseq != d.theirs.seq || method != string(sip.INVITE) {
		respond(tx, 481)
		return
	}
	ours := d.theirs.empty && len(r.open.Body()) > 0
	body := tx.Request.Body()
	d.settleReliable()
	switch {
	case len(body) > 0 && !ours: // another offer, before the first call is up: nobody does that, and nobody is to wait for it
		respond(tx, 488)
	case ours && len(body) > 0:
		respond(tx, 200)
		d.theirs.empty = false
		d.handler.AckBody(body)
	default:
		respond(tx, 200)
	}
	for d.state != over && r.open == nil && len(r.waiting) > 0 {
		next := r.waiting[0]
		r.waiting = r.waiting[1:]
		next()
	}
}

// parseRAck reads "RSeq CSeq-number method" (§7.2).
func parseRAck(v string) (seq, cseq uint32, method string, ok bool) {
	words := strings.Fields(v)
	if len(words) != 3 {
		return 0, 0, "", false
	}
	a, errA := strconv.ParseUint(words[0], 10, 32)
	b, errB := strconv.ParseUint(words[1], 10, 32)
	return uint32(a), uint32(b), words[2], errA == nil && errB == nil && sip.IsToken(words[2])
}

// acknowledge sends the PRACK of a reliable response to our INVITE. False if the response is to be ignored: it is a repetition, or one before
// it is missing (§4).
func (d *Dialog) acknowledge(p *peer, res *sip.Response) bool {
	if !sip.HasToken(res, "Require", "100rel") {
		return true
	}
	n, err := strconv.ParseUint(strings.TrimSpace(sip.HeaderValue(res, "RSeq")), 10, 32)
	if err != nil || n == 0 {
		return true // it asks for what cannot be acknowledged
	}
	if p.rseq != 0 && uint32(n) != p.rseq+1 {
		return false
	}
	p.rseq = uint32(n)
	d.send(&outgoing{method: sip.PRACK, headers: []sip.Header{sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", n, d.ours.seq))},
		done: func(res *sip.Response, err error) {
			if err != nil || res.StatusCode >= 300 {
				d.log.Debug().AnErr("reason", err).Msg("PRACK not taken")
			}
		}}, nil, nil)
	return true
}
