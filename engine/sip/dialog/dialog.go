// Package dialog is the INVITE dialog of RFC 3261 §12–§15 upon package sip: route set, CSeq, offer/answer turns, 2xx retransmission,
// CANCEL and BYE with their races. One Dialog is one leg's side, whoever sent the INVITE; direction is a field.
//
//	sip.Stack ─OnRequest─► Layer ─mailbox─► Dialog goroutine ──► Handler (tech/pjsip: offers, answers, digits, the end)
//	                                             ▲
//	       Answer, Reject, Hangup, Reinvite … ───┘ posted by any goroutine
//
// sipgo gives each message its own goroutine, so that a BYE may overtake an ACK: the mailbox takes requests in CSeq order, waiting up to
// reorderWait for one that is missing. All Handler methods run on the dialog's goroutine, one at a time.
package dialog

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"asterism/engine/sip"

	"github.com/rs/zerolog"
)

// Timers of RFC 3261 §17.1.1.1 (T1, T2), and how long a request with a gap before its CSeq waits for the missing one.
const (
	t1          = 500 * time.Millisecond
	t2          = 4 * time.Second
	reorderWait = 20 * time.Millisecond
	mailboxSize = 64
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
	// Offer answers the peer's offer in a re-INVITE or UPDATE. An empty offer asks for ours. status 200 accepts.
	Offer(offer []byte) (body []byte, status int)
	// AckBody takes the peer's answer to an offer of ours that went out in a 2xx.
	AckBody(body []byte)
	// Request answers any other request within the dialog (INFO, OPTIONS, MESSAGE, REFER …).
	Request(tx *sip.ServerTx)
	// Ended is the last call, exactly once: the wire knows, or has been told, that the dialog is over.
	Ended(End)
}

// End says how a dialog ended. Request is the peer's BYE or CANCEL, Response his refusal; both nil when it was our doing or an error.
type End struct {
	Request  *sip.Request
	Response *sip.Response
	Err      error
}

// The reasons a dialog gives in End.Err.
var (
	ErrCancelled = errors.New("dialog: cancelled by the caller")
	ErrNoACK     = errors.New("dialog: no ACK to the 2xx within 32 s")
	ErrClosed    = errors.New("dialog: closed")
)

type state int

const (
	calling   state = iota // INVITE sent or received, no final response
	answered               // as UAS: 2xx sent, no ACK yet
	confirmed              // 2xx and ACK have passed
	ending                 // BYE, CANCEL or a refusal is on its way
	over
)

// Dialog is one side of one INVITE dialog. Its goroutine is started and waited for by Layer.
type Dialog struct {
	layer   *Layer
	handler Handler
	log     zerolog.Logger
	uac     bool

	callID, localTag    string
	peerTag             string // as UAS: the caller's tag, fixed
	localURI, remoteURI string // as they stand in From/To, with display names, without tags
	contact             string // our Contact, address part
	extra               []sip.Header
	credentials         []sip.Credentials
	hop                 sip.Hop // where requests go while there is no route set
	rewrite             bool    // trust the source address more than the Contact (rewrite_contact)

	mailbox chan func()
	ctx     context.Context
	cancel  context.CancelCauseFunc

	// All below belongs to the goroutine.
	state     state
	remoteTag string
	target    sip.URI // remote target
	routes    []string
	localSeq  uint32
	remoteSeq uint32
	inviteSeq uint32 // CSeq of the INVITE whose 2xx waits for its ACK
	gaps      []*sip.ServerTx
	gapTimer  *time.Timer

	serverTx    *sip.ServerTx // the INVITE or re-INVITE we have to answer or whose 2xx is unacknowledged
	accepted    *sip.Response // the 2xx being retransmitted
	offered     bool          // the 2xx held our offer: its ACK holds the answer
	retransmit  *time.Timer
	interval    time.Duration
	giveUp      time.Time
	byeAfterACK bool

	clientTx    *sip.ClientTx // our INVITE or re-INVITE
	clientCSeq  uint32
	ack         *sip.Request // of our last 2xx, sent again for each retransmission
	authTries   int
	offer       []byte
	reinvited   func(*sip.Response, error)
	hangup      bool           // Hangup was asked for before the INVITE was final
	reason      string         // Reason header of our CANCEL or BYE
	ended       bool           // the handler knows
	requestWait sync.WaitGroup // readers of client transactions
}

// CallID, LocalTag: the dialog's identity as this side sees it.
func (d *Dialog) CallID() string { return d.callID }

// LocalTag is our tag.
func (d *Dialog) LocalTag() string { return d.localTag }

// Done closes when the dialog's goroutine is over.
func (d *Dialog) Done() <-chan struct{} { return d.ctx.Done() }

// post runs f on the dialog's goroutine; it is lost when the dialog is over.
func (d *Dialog) post(f func()) {
	select {
	case d.mailbox <- f:
	case <-d.ctx.Done():
	}
}

// offerPost is post for readers that must not block: when the mailbox is full the message is lost, and the peer repeats it.
func (d *Dialog) offerPost(f func()) {
	select {
	case d.mailbox <- f:
	default:
	}
}

// run is the dialog's goroutine.
func (d *Dialog) run() {
	defer d.layer.remove(d)
	for d.state != over {
		select {
		case f := <-d.mailbox:
			f()
		case <-timerC(d.retransmit):
			d.resend2xx()
		case <-timerC(d.gapTimer):
			d.gapTimer = nil
			d.takeAll()
		}
	}
	stopTimer(d.retransmit)
	stopTimer(d.gapTimer)
	d.cancel(ErrClosed)
	d.refuseLeft()
	d.requestWait.Wait()
}

// refuseLeft answers requests that were still in the mailbox or in a gap: their dialog is gone.
func (d *Dialog) refuseLeft() {
	for _, tx := range d.gaps {
		respond(tx, 481)
	}
	for {
		select {
		case f := <-d.mailbox:
			f() // every posted function looks at d.state
		default:
			return
		}
	}
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

// finish ends the dialog and tells the handler, once.
func (d *Dialog) finish(e End) {
	d.state = over
	if !d.ended {
		d.ended = true
		d.handler.Ended(e)
	}
}

// tellEnded tells the handler before the wire is quiet: our BYE may still wait for its answer.
func (d *Dialog) tellEnded(e End) {
	if !d.ended {
		d.ended = true
		d.handler.Ended(e)
	}
}

// ---- requests from the peer ----

// deliver takes a request within the dialog, in CSeq order.
func (d *Dialog) deliver(tx *sip.ServerTx) {
	if d.state == over {
		respond(tx, 481)
		return
	}
	seq := tx.Request.CSeq().SeqNo
	if d.remoteSeq != 0 && seq > d.remoteSeq+1 && len(d.gaps) < mailboxSize {
		d.gaps = append(d.gaps, tx)
		if d.gapTimer == nil {
			d.gapTimer = time.NewTimer(reorderWait)
		}
		return
	}
	d.take(tx)
	d.takeNext()
}

// takeNext serves waiting requests whose turn has come.
func (d *Dialog) takeNext() {
	for i := 0; i < len(d.gaps); i++ {
		if d.gaps[i].Request.CSeq().SeqNo <= d.remoteSeq+1 {
			tx := d.gaps[i]
			d.gaps = append(d.gaps[:i], d.gaps[i+1:]...)
			d.take(tx)
			i = -1
		}
	}
}

// takeAll serves all waiting requests in order: the gap was a real one (a request that was challenged, say).
func (d *Dialog) takeAll() {
	for len(d.gaps) > 0 {
		low := 0
		for i, tx := range d.gaps {
			if tx.Request.CSeq().SeqNo < d.gaps[low].Request.CSeq().SeqNo {
				low = i
			}
		}
		tx := d.gaps[low]
		d.gaps = append(d.gaps[:low], d.gaps[low+1:]...)
		d.take(tx)
	}
}

// take serves one request (RFC 3261 §12.2.2).
func (d *Dialog) take(tx *sip.ServerTx) {
	req := tx.Request
	if d.state == over {
		respond(tx, 481)
		return
	}
	seq := req.CSeq().SeqNo
	if d.remoteSeq != 0 && seq <= d.remoteSeq {
		respond(tx, 500, sip.NewHeader("Retry-After", "1"))
		return
	}
	d.remoteSeq = seq
	switch req.Method {
	case sip.BYE:
		d.takeBye(tx)
	case sip.INVITE:
		d.takeReinvite(tx)
	case sip.UPDATE:
		d.takeUpdate(tx)
	default:
		d.handler.Request(tx)
	}
}

func (d *Dialog) takeBye(tx *sip.ServerTx) {
	respond(tx, 200)
	if d.serverTx != nil && d.accepted == nil { // a BYE in an early dialog, or with a re-INVITE open (§15.1.2)
		respond(d.serverTx, 487)
	}
	if d.clientTx != nil {
		d.clientTx.Terminate()
	}
	d.finish(End{Request: tx.Request})
}

// takeReinvite: §14.2. One INVITE at a time in either direction.
func (d *Dialog) takeReinvite(tx *sip.ServerTx) {
	switch {
	case d.clientTx != nil:
		respond(tx, 491)
		return
	case d.state != confirmed || d.serverTx != nil:
		respond(tx, 500, sip.NewHeader("Retry-After", "2"))
		return
	}
	d.refreshTarget(tx.Request, tx.Source)
	offer := tx.Request.Body()
	body, status := d.handler.Offer(offer)
	if status != 200 {
		respond(tx, status)
		return
	}
	d.serverTx = tx
	d.inviteSeq = tx.Request.CSeq().SeqNo
	d.send2xx(body, len(offer) == 0)
}

// takeUpdate: RFC 3311 §5.2.
func (d *Dialog) takeUpdate(tx *sip.ServerTx) {
	offer := tx.Request.Body()
	if len(offer) > 0 && d.clientTx != nil && d.state == confirmed { // our own offer is open
		respond(tx, 491)
		return
	}
	d.refreshTarget(tx.Request, tx.Source)
	if len(offer) == 0 {
		d.respondOK(tx, nil)
		return
	}
	body, status := d.handler.Offer(offer)
	if status != 200 {
		respond(tx, status)
		return
	}
	d.respondOK(tx, body)
}

func (d *Dialog) respondOK(tx *sip.ServerTx, body []byte) {
	res := sip.NewResponse(tx.Request, 200, "OK", body)
	d.decorate(res, body)
	d.try(tx.Respond(res))
}

// refreshTarget: target refresh requests replace the remote target (§12.2.2).
func (d *Dialog) refreshTarget(req *sip.Request, source netip.AddrPort) {
	if c := req.Contact(); c != nil {
		d.target = c.Address
	}
	if d.rewrite && source.IsValid() {
		d.hop.Addr = source
	}
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
