package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// ServerTx is a server transaction (RFC 3261 §17.2): a request to be answered. Retransmissions of the request are answered
// from what was sent last. All methods may be called from any goroutine.
//
// sipgo's transaction does the work until a final response; then it is dropped (it would hold request, response and four
// timers for 32 s) and only the bytes of the response are remembered for retransmissions.
type ServerTx struct {
	Request   *Request
	Transport *Transport
	Source    netip.AddrPort // where the request came from, whatever its Via says

	stack  *Stack
	key    string
	link   *link
	inner  *gosip.ServerTx
	opened time.Time
	done   chan struct{}

	pending bool // counted among the unanswered; guarded by Stack.mu

	// send keeps responses in order. It is held while writing, so nothing that must not block takes it.
	send sync.Mutex

	mu       sync.Mutex
	tag      string
	status   int // of the last response sent, 0 before any
	err      error
	ended    bool
	onCancel func(*Request)
	cancel   *Request // the CANCEL that came
	told     bool     // onCancel was called
}

// newServerTx is called under the table's lock: sipgo's Init sends nothing, and the transaction must be able to take a
// retransmission as soon as it is found.
func newServerTx(t *Transport, req *Request, src netip.AddrPort, key string, l *link) *ServerTx {
	tx := &ServerTx{Request: req, Transport: t, Source: src, stack: t.stack, key: key, link: l,
		done: make(chan struct{}), opened: time.Now()}
	tx.inner = gosip.NewServerTx(key, req, l, t.stack.slog)
	_ = tx.inner.Init() // never fails
	tx.inner.OnTerminate(func(_ string, err error) { tx.innerEnded(err) })
	return tx
}

// start calls the handler on a goroutine of its own. An INVITE that is not answered within 200 ms gets a 100 (RFC 3261 §17.2.1), so
// that a challenge, a refusal or the answer to a re-INVITE comes without one; whoever knows that it will take longer calls Trying.
func (tx *ServerTx) start() {
	if !tx.stack.spawn(tx.handle) {
		tx.finish(ErrClosed)
	}
}

// Trying stops the retransmissions of an INVITE that is about to make a phone ring.
func (tx *ServerTx) Trying() { _ = tx.Respond(NewResponse(tx.Request, StatusTrying, "", nil)) }

func (tx *ServerTx) handle() {
	defer func() {
		if r := recover(); r != nil {
			tx.stack.panicked("answering a request", r, debug.Stack())
			_ = tx.Respond(NewResponse(tx.Request, StatusServerError, "", nil)) // it may be answered already
		}
	}()
	if f := tx.stack.cfg.OnRequest; f != nil {
		f(tx)
		return
	}
	_ = tx.Respond(NewResponse(tx.Request, StatusServiceUnavailable, "", nil))
}

// Respond sends a response: any number of 1xx, then one final. A 2xx to INVITE may be sent again for as long as the
// dialog wants (RFC 6026 §7.1). It adds the To tag, Server, and Allow to 405 and 501. After a final response others get
// ErrAnswered; once the transport failed, ErrTransport. res belongs to the stack from here on.
func (tx *ServerTx) Respond(res *Response) error {
	if res.StatusCode > 100 {
		setToTag(res, tx.LocalTag())
	}
	tx.stack.identify(res)
	tx.send.Lock()
	defer tx.send.Unlock()
	tx.mu.Lock()
	last, err := tx.status, tx.err
	again := last >= 200 && last < 300 && res.IsSuccess() && tx.Request.Method == INVITE
	switch {
	case last >= 200 && !again:
		tx.mu.Unlock()
		return ErrAnswered
	case err != nil:
		tx.mu.Unlock()
		return err
	}
	tx.status = res.StatusCode
	tx.mu.Unlock()
	if again {
		return tx.link.WriteMsg(res)
	}
	if !res.IsProvisional() && (tx.Request.Method != INVITE || res.IsSuccess() || (last == 0 && challenges(res.StatusCode))) {
		return tx.respondLast(res)
	}
	if err := tx.inner.Respond(res); err != nil {
		tx.finish(fmt.Errorf("%w: %w", ErrTransport, err))
		return ErrTransport
	}
	if res.StatusCode >= 200 { // sipgo repeats it until the ACK comes or Timer H fires
		tx.stack.unpend(tx)
		tx.end(nil)
	}
	return nil
}

// challenges: a 401 or 407 to an INVITE is sent once, without a transaction that repeats it to whoever may have written an address under
// it: the client repeats its INVITE until it hears something, and is answered from memory (RFC 3261 §8.2.7).
func challenges(status int) bool {
	return status == StatusUnauthorized || status == StatusProxyAuthRequired
}

// respondLast sends the final response past sipgo's transaction, which would arm Timer J or L and stay for 32 s. What answers
// retransmissions is in place before the response is out.
func (tx *ServerTx) respondLast(res *Response) error {
	b := marshal(res)
	tx.stack.remember(tx, b)
	err := tx.link.write(b)
	tx.end(err)
	tx.inner.Terminate()
	return err
}

// innerEnded hears of sipgo ending a transaction by itself: Timer H, or a failed retransmission.
func (tx *ServerTx) innerEnded(err error) {
	tx.stack.removeServerTx(tx)
	if errors.Is(err, gosip.ErrTransactionTransport) && !errors.Is(err, ErrTransport) {
		err = fmt.Errorf("%w: %w", ErrTransport, err)
	}
	tx.end(err)
}

// finish ends the transaction before its time.
func (tx *ServerTx) finish(err error) {
	tx.end(err)
	tx.inner.Terminate()
	tx.stack.removeServerTx(tx)
}

func (tx *ServerTx) end(err error) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if !tx.ended {
		tx.ended, tx.err = true, err
		close(tx.done)
	}
}

// Done is closed when a final response was sent, or can no longer be sent: Err tells.
func (tx *ServerTx) Done() <-chan struct{} { return tx.done }

// Err is nil while the transaction is open and after a final response, ErrTransport or ErrTimeout (a non-INVITE left without
// an answer for 64*T1) otherwise.
func (tx *ServerTx) Err() error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	return tx.err
}

// LocalTag is the tag of every response to this request, 100 excepted: that of its To if it has one, else one made for it.
func (tx *ServerTx) LocalTag() string {
	if tag := ToTag(tx.Request); tag != "" {
		return tag
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.tag == "" {
		tx.tag = NewTag()
	}
	return tx.tag
}

// ForceRport sends further responses to the address the request came from, asked or not (Asterisk's force_rport). It changes
// Request's Via, so it goes before NewResponse.
func (tx *ServerTx) ForceRport() {
	if tx.link.stream != nil {
		return
	}
	tx.mu.Lock() // a CANCEL may be building its 487 of the same request
	if via := tx.Request.Via(); via != nil {
		via.Params.Add("received", tx.Source.Addr().WithZone("").String())
		via.Params.Add("rport", strconv.Itoa(int(tx.Source.Port())))
	}
	tx.mu.Unlock()
	tx.link.redirect(tx.Source)
}

// OnCancel registers what to do when the INVITE is cancelled. f runs once, at once if the CANCEL came already, on a goroutine
// of its own, after the stack sent 200 to the CANCEL and 487 to the INVITE.
func (tx *ServerTx) OnCancel(f func(cancel *Request)) {
	tx.mu.Lock()
	tx.onCancel = f
	tx.mu.Unlock()
	tx.tellCancel()
}

func (tx *ServerTx) tellCancel() {
	tx.mu.Lock()
	f, cancel := tx.onCancel, tx.cancel
	tell := f != nil && cancel != nil && !tx.told
	tx.told = tx.told || tell
	tx.mu.Unlock()
	if tell {
		tx.stack.spawn(func() {
			defer tx.stack.recovered("telling of a CANCEL")
			f(cancel)
		})
	}
}

// cancelNow sends the 487. A final response that was faster wins, and the CANCEL has no effect (RFC 3261 §9.2).
func (tx *ServerTx) cancelNow(req *Request) {
	tx.mu.Lock()
	res := NewResponse(tx.Request, StatusRequestTerminated, "", nil)
	tx.mu.Unlock()
	if tx.Respond(res) != nil {
		return
	}
	tx.mu.Lock()
	tx.cancel = req
	tx.mu.Unlock()
	tx.tellCancel()
}

// The methods of serverEntry, for a transaction that is alive.

func (tx *ServerTx) retransmitted() {
	tx.stack.stats.retransmissions.Add(1)
	if err := tx.inner.Receive(tx.Request); err != nil {
		tx.stack.log.Debug().Err(err).Msg("sip: retransmission")
	}
}

// acked takes the ACK to a non-2xx; others are a 2xx's.
func (tx *ServerTx) acked(ack *Request) bool {
	tx.mu.Lock()
	status := tx.status
	tx.mu.Unlock()
	if status < 300 {
		return false
	}
	tx.stack.remember(tx, nil) // what remains is Timer I's
	// The ACK itself must stop Timer G: Terminate alone lets one that is just firing arm itself again.
	_ = tx.inner.Receive(ack)
	tx.inner.Terminate()
	return true
}

func (tx *ServerTx) cancelled(*Request) (*ServerTx, string) { return tx, tx.LocalTag() }
