package dialog

import (
	"context"
	"math/rand/v2"
	"sync"

	"asterism/engine/sip"

	"github.com/rs/zerolog"
)

// Layer holds all dialogs and brings messages to them. It starts their goroutines and Close waits for them.
type Layer struct {
	stack Stack
	log   zerolog.Logger

	mu      sync.Mutex // guards dialogs; a leaf
	dialogs map[string]*Dialog
	wg      sync.WaitGroup
}

// NewLayer makes an empty one.
func NewLayer(stack Stack, log zerolog.Logger) *Layer {
	return &Layer{stack: stack, log: log, dialogs: map[string]*Dialog{}}
}

// key: our tag is random and unique, so that Call-ID and local tag name a dialog of ours; forks of one INVITE share it on purpose.
func key(callID, localTag string) string { return callID + "\x00" + localTag }

func (l *Layer) add(d *Dialog) {
	l.mu.Lock()
	l.dialogs[key(d.callID, d.localTag)] = d
	l.mu.Unlock()
	l.wg.Go(d.run)
}

func (l *Layer) remove(d *Dialog) {
	l.mu.Lock()
	delete(l.dialogs, key(d.callID, d.localTag))
	l.mu.Unlock()
}

// Len is how many dialogs live.
func (l *Layer) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.dialogs)
}

func (l *Layer) find(callID *sip.CallIDHeader, localTag string) *Dialog {
	if callID == nil || localTag == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dialogs[key(callID.Value(), localTag)]
}

// Deliver brings a request with a To tag to its dialog; false if there is none: 481 is due. A stranger who guessed Call-ID and our tag but
// not the peer's tag is refused too.
func (l *Layer) Deliver(tx *sip.ServerTx) bool {
	d, ok := l.match(tx.Request)
	if !ok {
		return false
	}
	select {
	case d.mailbox <- func() { d.deliver(tx) }:
		if d.ctx.Err() != nil { // the dialog ended meanwhile and may not look into its mailbox again
			respond(tx, 481)
		}
	case <-d.ctx.Done():
		return false
	default: // the bound is there for floods; the peer repeats what it needs
		respond(tx, 500, sip.NewHeader("Retry-After", "1"))
	}
	return true
}

func (l *Layer) match(req *sip.Request) (*Dialog, bool) {
	to, _ := req.To().Params.Get("tag")
	d := l.find(req.CallID(), to)
	if d == nil {
		return nil, false
	}
	from, _ := req.From().Params.Get("tag")
	if !d.uac && from != d.peerTag {
		return nil, false
	}
	return d, true
}

// DeliverACK brings the ACK of a 2xx to its dialog; one without a dialog is dropped, as ACKs are. It never blocks.
func (l *Layer) DeliverACK(req *sip.Request) {
	if d, ok := l.match(req); ok {
		d.offerPost(func() { d.acknowledged(req) })
	}
}

// DeliverResponse brings a 2xx that no transaction wants any more to the dialog that must acknowledge it. It never blocks.
func (l *Layer) DeliverResponse(res *sip.Response) {
	from, _ := res.From().Params.Get("tag")
	if d := l.find(res.CallID(), from); d != nil && d.uac && res.CSeq().MethodName == sip.INVITE {
		d.offerPost(func() { d.again2xx(res) })
	}
}

// Close waits until all dialogs are over; ctx bounds the wait, after it they are dropped as they are.
func (l *Layer) Close(ctx context.Context) {
	quiet := make(chan struct{})
	go func() { // ends with the last dialog, which the abandon below guarantees
		l.wg.Wait()
		close(quiet)
	}()
	select {
	case <-quiet:
		return
	case <-ctx.Done():
	}
	l.mu.Lock()
	left := make([]*Dialog, 0, len(l.dialogs))
	for _, d := range l.dialogs {
		left = append(left, d)
	}
	l.mu.Unlock()
	for _, d := range left {
		d.post(func() {
			if d.clientTx != nil {
				d.clientTx.Terminate()
			}
			d.finish(End{Err: ErrClosed})
		})
	}
	<-quiet
}

// Options are what tech/pjsip knows about the peer of a dialog.
type Options struct {
	Contact     string // our Contact, address part: <sip:alice@192.0.2.1:5060>
	Rewrite     bool   // rewrite_contact
	Credentials []sip.Credentials
	Log         zerolog.Logger
}

func (l *Layer) dialog(handler Handler, o Options) *Dialog {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Dialog{layer: l, handler: handler, log: o.Log, contact: o.Contact, rewrite: o.Rewrite, credentials: o.Credentials,
		mailbox: make(chan func(), mailboxSize), ctx: ctx, cancel: cancel}
}

// Accept makes the UAS side for an INVITE that has not been answered yet. The Contact header has been checked to be there.
func (l *Layer) Accept(tx *sip.ServerTx, handler Handler, o Options) *Dialog {
	d := l.dialog(handler, o)
	req := tx.Request
	d.callID = req.CallID().Value()
	d.localTag = tx.LocalTag()
	d.peerTag, _ = req.From().Params.Get("tag")
	d.remoteTag = d.peerTag
	d.localURI, d.remoteURI = sip.AddressWithoutTag(req.To()), sip.AddressWithoutTag(req.From())
	d.remoteSeq = req.CSeq().SeqNo
	d.inviteSeq = d.remoteSeq
	d.target = req.Contact().Address
	d.routes = sip.HeaderValues(req, "Record-Route")
	d.serverTx = tx
	d.hop = sip.Hop{Transport: tx.Transport, Addr: tx.Source}
	d.post(d.rehop)
	l.add(d)
	tx.OnCancel(d.cancelled)
	return d
}

// Call says whom to invite.
type Call struct {
	Target   sip.URI // Request-URI
	Hop      sip.Hop
	Routes   []string // preloaded route set: a contact's Path, an outbound proxy
	From, To string   // addresses with display names, without tags
	Offer    []byte   // SDP
	Headers  []sip.Header
}

// Invite makes the UAC side and sends the INVITE.
func (l *Layer) Invite(c Call, handler Handler, o Options) *Dialog {
	d := l.dialog(handler, o)
	d.uac = true
	d.callID, d.localTag = sip.NewCallID(), sip.NewTag()
	d.localURI, d.remoteURI = c.From, c.To
	d.target, d.hop, d.routes = c.Target, c.Hop, c.Routes
	d.extra, d.offer = c.Headers, c.Offer
	d.localSeq = rand.Uint32N(1 << 15) // RFC 3261 §8.1.1.5 wants less than 2**31; leave room
	d.post(func() { d.sendInvite(nil) })
	l.add(d)
	return d
}
