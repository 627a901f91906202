package dialog

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"asterism/engine/sip"

	"github.com/rs/zerolog"
)

// Config of a Layer. Timers that are zero take the values of RFC 3261.
type Config struct {
	Stack       Stack
	Log         zerolog.Logger
	T1, T2      time.Duration // §17.1.1.1: 500 ms, 4 s
	ReorderWait time.Duration // how long a request with a gap before its CSeq waits for the missing one; 20 ms
	Remind      time.Duration // how often an unanswered INVITE is told again that it rings, for proxies' Timer C (§13.3.1.1); 60 s
}

// Layer holds all dialogs and brings messages to them. It starts their goroutines and Close waits for them.
type Layer struct {
	cfg   Config
	stack Stack
	log   zerolog.Logger
	ctx   context.Context // until Close loses patience
	end   context.CancelFunc
	wg    sync.WaitGroup // dialogs, and answers to late 2xx

	mu      sync.Mutex // guards below; a leaf
	closed  bool
	dialogs map[string]*Dialog // by Call-ID and our tag
	invited map[string]*Dialog // as UAS: by Call-ID and the caller's tag
	ackers  map[string]*acker  // as dialogs; they stay for 64*T1 after them
}

// NewLayer makes an empty one with RFC 3261's timers.
func NewLayer(stack Stack, log zerolog.Logger) *Layer { return New(Config{Stack: stack, Log: log}) }

// New makes an empty one.
func New(cfg Config) *Layer {
	cfg.T1 = cmp.Or(cfg.T1, 500*time.Millisecond)
	cfg.T2 = cmp.Or(cfg.T2, 4*time.Second)
	cfg.ReorderWait = cmp.Or(cfg.ReorderWait, 20*time.Millisecond)
	cfg.Remind = cmp.Or(cfg.Remind, time.Minute)
	l := &Layer{cfg: cfg, stack: cfg.Stack, log: cfg.Log, dialogs: map[string]*Dialog{}, invited: map[string]*Dialog{}, ackers: map[string]*acker{}}
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

// patience is 64*T1: how long anything may wait for the peer.
func (l *Layer) patience() time.Duration { return 64 * l.cfg.T1 }

// key: our tag is random and unique, so that Call-ID and local tag name a dialog of ours; forks of one INVITE share it on purpose.
func key(callID, tag string) string { return callID + "\x00" + tag }

// add starts a dialog; false after Close.
func (l *Layer) add(d *Dialog) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.dialogs[key(d.us.callID, d.us.tag)] = d
	if !d.uac {
		l.invited[key(d.us.callID, d.firstTag)] = d
	}
	l.wg.Go(d.run)
	return true
}

func (l *Layer) remove(d *Dialog) {
	k := key(d.us.callID, d.us.tag)
	l.mu.Lock()
	delete(l.dialogs, k)
	if from := key(d.us.callID, d.firstTag); l.invited[from] == d {
		delete(l.invited, from)
	}
	a := l.ackers[k]
	l.mu.Unlock()
	if a != nil {
		a.orphaned(*d.peer, time.AfterFunc(l.patience(), func() { l.dropAcker(k) }))
	}
}

func (l *Layer) dropAcker(k string) {
	l.mu.Lock()
	delete(l.ackers, k)
	l.mu.Unlock()
}

// spawn runs f on a goroutine Close waits for; false once closing.
func (l *Layer) spawn(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Go(f)
	return true
}

// Len is how many dialogs live.
func (l *Layer) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.dialogs)
}

func (l *Layer) find(m sip.Message, localTag string) (*Dialog, *acker) {
	callID := m.CallID()
	if callID == nil || localTag == "" {
		return nil, nil
	}
	k := key(callID.Value(), localTag)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dialogs[k], l.ackers[k]
}

// Deliver brings a request with a To tag to its dialog; false if there is none: 481 is due. A stranger who guessed Call-ID and our tag but
// not the peer's tag is refused too. It never blocks.
func (l *Layer) Deliver(tx *sip.ServerTx) bool {
	d, ok := l.match(tx.Request)
	if !ok {
		return false
	}
	switch d.mailbox.put(func() { d.deliver(tx) }, tx.Request.Method != sip.BYE) {
	case gone:
		return false
	case full:
		respond(tx, 500, retryAfter())
	}
	return true
}

// match finds the dialog of a request. As UAC the peer's tag is looked at by the dialog, which knows its forks.
func (l *Layer) match(req *sip.Request) (*Dialog, bool) {
	d, _ := l.find(req, sip.ToTag(req))
	return d, d != nil && (d.uac || sip.FromTag(req) == d.firstTag)
}

// DeliverACK brings the ACK of a 2xx to its dialog; one without a dialog is dropped, as ACKs are. It never blocks.
func (l *Layer) DeliverACK(req *sip.Request) {
	if d, ok := l.match(req); ok {
		d.mailbox.put(func() { d.acknowledged(req) }, true) // if lost: the 2xx is repeated, and then the ACK
	}
}

// DeliverResponse brings a 2xx that no transaction wants any more to the one who acknowledges it. It never blocks.
func (l *Layer) DeliverResponse(res *sip.Response) {
	if res.CSeq().MethodName != sip.INVITE {
		return
	}
	if _, a := l.find(res, sip.FromTag(res)); a != nil {
		a.late(res)
	}
}

// Merged reports whether req, an INVITE without a To tag, is one that made a dialog before and came by another way again (a proxy forked
// it): it is to be answered 482 (§8.2.2.2). Retransmissions do not get here, the transaction absorbs them.
func (l *Layer) Merged(req *sip.Request) bool {
	if req.Method != sip.INVITE || sip.ToTag(req) != "" {
		return false
	}
	l.mu.Lock()
	d := l.invited[key(req.CallID().Value(), sip.FromTag(req))]
	l.mu.Unlock()
	return d != nil && d.firstCSeq == req.CSeq().SeqNo
}

// Close lets no new dialog in and waits until all are over; ctx bounds the wait, after it they are dropped: unanswered calls with 503 or
// CANCEL, others with a BYE whose answer nobody waits for.
func (l *Layer) Close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	quiet := make(chan struct{})
	go func() { // ends with the last dialog, which drop guarantees
		l.wg.Wait()
		close(quiet)
	}()
	select {
	case <-quiet:
	case <-ctx.Done():
		l.drop()
		<-quiet
	}
	l.end()
	l.mu.Lock()
	ackers := l.ackers
	l.ackers = map[string]*acker{}
	l.mu.Unlock()
	for _, a := range ackers {
		a.retire()
	}
}

func (l *Layer) drop() {
	l.mu.Lock()
	left := make([]*Dialog, 0, len(l.dialogs))
	for _, d := range l.dialogs {
		left = append(left, d)
	}
	l.mu.Unlock()
	for _, d := range left {
		d.post(func() { d.abandon(503, ErrClosed) })
	}
	l.end()
}

// Options are what tech/pjsip knows about the peer of a dialog.
type Options struct {
	Contact     string // our Contact, address part: <sip:alice@192.0.2.1:5060>
	Rewrite     bool   // rewrite_contact
	Reliable    bool   // as UAS: provisional responses are sent reliably (RFC 3262)
	Credentials []sip.Credentials
	Log         zerolog.Logger
}

func (l *Layer) dialog(handler Handler, o Options) *Dialog {
	d := &Dialog{layer: l, handler: handler, log: o.Log, credentials: o.Credentials, mailbox: newMailbox(), done: make(chan struct{}),
		open: map[*sip.ClientTx]func(*sip.Response, error){}}
	d.us.contact, d.us.rewrite = o.Contact, o.Rewrite
	d.ctx, d.cancel = context.WithCancelCause(l.ctx)
	return d
}

// start begins the dialog's goroutine. A closed layer ends it at once, on the caller's.
func (d *Dialog) start() {
	if d.layer.add(d) {
		return
	}
	d.cancel(ErrClosed)
	if d.uac {
		d.handler.Failed(nil, ErrClosed)
	}
	d.abandon(503, ErrClosed)
	d.mailbox.close()
	close(d.done)
}

// Accept makes the UAS side for an INVITE that has not been answered yet. The Contact header has been checked to be there.
func (l *Layer) Accept(tx *sip.ServerTx, handler Handler, o Options) *Dialog {
	d := l.dialog(handler, o)
	req := tx.Request
	d.us.callID, d.us.tag = req.CallID().Value(), tx.LocalTag()
	d.us.uri, d.us.remote = sip.AddressWithoutTag(req.To()), sip.AddressWithoutTag(req.From())
	d.firstTag, d.firstCSeq = sip.FromTag(req), req.CSeq().SeqNo
	d.peer = &peer{tag: d.firstTag, routes: sip.HeaderValues(req, "Record-Route"), next: sip.Hop{Transport: tx.Transport, Addr: tx.Source},
		seq: d.firstCSeq, seqSet: true}
	d.peer.refresh(req.Contact())
	d.localSeq = firstCSeq()
	d.theirs = theirs{tx: tx, lost: tx.Done(), seq: d.firstCSeq, empty: len(req.Body()) == 0, reliably: reliably{on: o.Reliable}}
	d.start()
	tx.OnCancel(d.cancelled)
	return d
}

// firstCSeq: §8.1.1.5 wants less than 2**31; leave room.
func firstCSeq() uint32 { return rand.Uint32N(1 << 15) }

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
	d.us.callID, d.us.tag = sip.NewCallID(), sip.NewTag()
	d.us.uri, d.us.remote = c.From, c.To
	d.peer = &peer{target: requestURI(c.Target), routes: c.Routes, next: c.Hop}
	d.ours = ours{first: d.peer, headers: c.Headers, offer: c.Offer}
	d.localSeq = firstCSeq()
	d.post(func() { d.sendInvite(nil, nil) })
	d.start()
	return d
}
