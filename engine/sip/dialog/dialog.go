// Package dialog is the INVITE dialog of RFC 3261 §12–§15 upon package sip: route set, CSeq, offer/answer turns, 2xx retransmission,
// CANCEL and BYE with their races. One Dialog is one leg's side, whoever sent the INVITE; direction is a field.
//
//	sip.Stack ─OnRequest─► Layer ─mailbox─► Dialog goroutine ──► Handler (tech/pjsip: offers, answers, digits, the end)
//	                        │                     ▲
//	                        │  Answer, Reject, Hangup, Reinvite … posted by any goroutine
//	                        └─late 2xx─► acker: ACK again; ACK and BYE for a fork nobody wants, 64*T1 past the dialog's end
//
// sipgo gives each message its own goroutine, so that a BYE may overtake an ACK: the mailbox takes requests in CSeq order, waiting up to
// ReorderWait for one that is missing. All Handler methods run on the dialog's goroutine, one at a time.
package dialog

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"asterism/engine/sip"

	"github.com/rs/zerolog"
)

const (
	mailboxSize = 64 // messages of the peer that wait; more are refused
	maxForks    = 16 // early dialogs of one INVITE that are told apart
)

// Stack is what a dialog needs of *sip.Stack.
type Stack interface {
	Resolve(ctx context.Context, uri *sip.URI, t *sip.Transport) (sip.Hop, error)
	Request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.ClientTx, error)
	Send(ctx context.Context, hop sip.Hop, req *sip.Request) error
}

// Handler is who a dialog works for. Every method runs on the dialog's goroutine and must not block on the network.
type Handler interface {
	// Provisional hears 101–199 to our INVITE.
	Provisional(res *sip.Response)
	// Accepted hears the first 2xx to our INVITE or re-INVITE and returns the body of the ACK: the answer when the 2xx held the offer, else nil.
	Accepted(res *sip.Response) (ack []byte)
	// Failed hears the final refusal of our INVITE; res is nil after a time-out or a transport error. Ended follows.
	Failed(res *sip.Response, err error)
	// Offer answers the peer's offer in a re-INVITE or UPDATE. An empty offer asks for ours. status 200 accepts, 0 says that AnswerOffer
	// will: who else is to be asked first takes his time.
	Offer(offer []byte) (body []byte, status int)
	// AckBody takes the peer's answer to an offer of ours that went out in a 2xx.
	AckBody(body []byte)
	// Request answers any other request within the dialog (INFO, OPTIONS, MESSAGE, REFER …), also before the call is answered.
	Request(tx *sip.ServerTx)
	// Ended is the last call, exactly once: the wire knows, or is being told, that the dialog is over.
	Ended(End)
}

// End says how a dialog ended. Request is the peer's BYE or CANCEL, Response his refusal; both nil when it was our doing or an error.
type End struct {
	Request  *sip.Request
	Response *sip.Response
	Err      error
}

// The reasons a dialog gives in End.Err, and to those who wait for an answer.
var (
	ErrCancelled = errors.New("dialog: cancelled by the caller")
	ErrNoACK     = errors.New("dialog: no ACK to the 2xx within 32 s")
	ErrClosed    = errors.New("dialog: closed")
	ErrPending   = errors.New("dialog: not now: unanswered, or another offer is open") // of Reinvite and Request
)

type state int

const (
	calling   state = iota // INVITE sent or received, no final response
	answered               // as UAS: 2xx sent, no ACK yet
	confirmed              // 2xx and ACK have passed
	ending                 // BYE has passed; its answer, or that to our re-INVITE, has not
	over
)

// Dialog is one side of one INVITE dialog. Its goroutine is started and waited for by Layer.
type Dialog struct {
	layer       *Layer
	handler     Handler
	log         zerolog.Logger
	uac         bool
	us          ourside
	credentials []sip.Credentials

	mailbox mailbox
	ctx     context.Context // ends with the goroutine; what it started hears it
	cancel  context.CancelCauseFunc
	done    chan struct{}

	// All below belongs to the goroutine.
	state    state
	peer     *peer   // the other side: of the last early dialog, then of the one that was accepted
	forks    []*peer // as UAC before the 2xx: all early dialogs
	localSeq uint32
	gaps     []*sip.ServerTx // requests that wait for an earlier one
	gapTimer *time.Timer
	limit    *time.Timer // bounds a wait for the peer
	atLimit  func()

	theirs   theirs
	ours     ours
	updating bool                                         // an UPDATE of ours with an offer is open
	deferred func(body []byte, status int) (taken bool)   // answers the peer's offer that the handler has not answered yet; nil: none
	open     map[*sip.ClientTx]func(*sip.Response, error) // other requests of ours without a final response

	hangup    bool   // we want it to end as soon as the wire lets us
	reason    string // Reason header of our CANCEL or BYE
	ended     bool   // the handler knows
	readers   sync.WaitGroup
	firstCSeq uint32 // as UAS: of the INVITE that made the dialog
	firstTag  string // as UAS: the caller's tag
}

// CallID, LocalTag: the dialog's identity as this side sees it.
func (d *Dialog) CallID() string { return d.us.callID }

// LocalTag is our tag.
func (d *Dialog) LocalTag() string { return d.us.tag }

// Done closes when the dialog's goroutine, and what it started, is over.
func (d *Dialog) Done() <-chan struct{} { return d.done }

// post runs f on the dialog's goroutine; false when that is over. It never blocks.
func (d *Dialog) post(f func()) bool { return d.mailbox.put(f, false) == delivered }

// run is the dialog's goroutine.
func (d *Dialog) run() {
	defer close(d.done)
	for d.state != over {
		select {
		case <-d.mailbox.wake:
			if f := d.mailbox.take(); f != nil {
				d.safely(f)
			}
		case <-timerC(d.theirs.retransmit):
			d.safely(d.resend2xx)
		case <-timerC(d.theirs.reliably.repeat):
			d.safely(d.repeatReliable)
		case <-timerC(d.theirs.remind):
			d.safely(d.remind)
		case <-d.theirs.lost:
			d.safely(d.inviteLost)
		case <-timerC(d.gapTimer):
			d.gapTimer = nil
			d.safely(d.takeAll)
		case <-timerC(d.limit):
			d.limit = nil
			d.safely(d.atLimit)
		}
	}
	for _, t := range []*time.Timer{d.theirs.retransmit, d.theirs.reliably.repeat, d.theirs.remind, d.gapTimer, d.limit} {
		stopTimer(t)
	}
	d.layer.remove(d)
	d.cancel(ErrClosed)
	for _, tx := range d.gaps {
		respond(tx, 481)
	}
	for _, f := range d.mailbox.close() {
		d.safely(f) // each looks at d.state
	}
	d.readers.Wait()
}

// safely runs one event. A panic in it, most likely the handler's at some odd SDP, ends this call and not the whole PBX.
func (d *Dialog) safely(f func()) {
	defer func() {
		if r := recover(); r != nil {
			d.log.Error().Interface("panic", r).Bytes("stack", debug.Stack()).Msg("dialog: panic, ending the call")
			defer func() {
				if recover() != nil { // in Ended: it has been called
					d.state = over
				}
			}()
			d.abandon(500, fmt.Errorf("dialog: panic: %v", r))
		}
	}()
	f()
}

func timerC(t *time.Timer) <-chan time.Time {
	if t == nil {
		return nil
	}
	return t.C
}

func stopTimer(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}

// within bounds a wait for the peer; a later call replaces an earlier one.
func (d *Dialog) within(limit time.Duration, f func()) {
	stopTimer(d.limit)
	d.limit, d.atLimit = time.NewTimer(limit), f
}

// finish ends the dialog and tells the handler, once; those who wait for answers to requests of ours hear of it first.
func (d *Dialog) finish(e End) {
	d.state = over
	if done := d.ours.done; done != nil {
		d.ours.done = nil
		done(nil, ErrClosed)
	}
	for tx, done := range d.open {
		delete(d.open, tx)
		done(nil, ErrClosed)
	}
	d.tellEnded(e)
}

// tellEnded tells the handler before the wire is quiet: our BYE may still wait for its answer.
func (d *Dialog) tellEnded(e End) {
	if !d.ended {
		d.ended = true
		d.answerDeferred(nil, 487)
		d.handler.Ended(e)
	}
}

// abandon ends the dialog now, with whatever can be sent without waiting for an answer.
func (d *Dialog) abandon(status int, err error) {
	switch {
	case d.state == over:
		return
	case d.state == calling && !d.uac:
		respond(d.theirs.tx, status)
	case d.state == calling:
		if d.ours.tx != nil {
			d.try(d.ours.tx.Cancel(d.reason))
		}
	case d.state != ending:
		_, err := d.layer.stack.Request(d.ctx, d.hop(d.peer), d.request(sip.BYE, nil))
		d.try(err)
	}
	if d.ours.tx != nil {
		d.ours.tx.Terminate() // a 2xx that still comes finds the acker
		d.ours.tx = nil
	}
	d.finish(End{Err: err})
}

// try logs an error of the wire: the transaction layer repeats, or the timers end the dialog.
func (d *Dialog) try(err error) {
	if err != nil {
		d.log.Debug().Err(err).Msg("sip message not sent")
	}
}

// respond answers a request the plain way.
func respond(tx *sip.ServerTx, status int, headers ...sip.Header) {
	res := sip.NewResponse(tx.Request, status, "", nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res) // an error here is a transport's, and the peer will repeat its request
}
