package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
)

// ClientTx is a client transaction (RFC 3261 §17.1): a request of ours and its responses. It retransmits, acknowledges a
// non-2xx to INVITE, and ends by itself. All methods may be called from any goroutine; one goroutine calls Next.
//
// sipgo's transaction does the work until the final response. It is dropped then: it would hold both messages for 32 s, and
// sleep 4 s under its lock at a repeated non-2xx. What is left is the ACK (oldClient); a repeated 2xx goes to OnResponse.
type ClientTx struct {
	stack *Stack
	req   *Request
	hop   Hop
	key   string
	link  *link
	inner *gosip.ClientTx

	// recv keeps responses in order, and out until the request is written: sipgo arms Timer B after writing, so a response
	// that came between would leave it running and end a ringing call after 32 s.
	recv sync.Mutex

	mu          sync.Mutex
	queue       []*Response // not yet taken by Next; at most queueMost provisional ones, the oldest is dropped
	wake        chan struct{}
	final       bool
	provisional bool
	err         error // why Next has nothing more; set once
	cancel      *string
	cancelled   bool // CANCEL was sent
	cancelTimer *time.Timer
}

const queueMost = 64

// startClient sends req, which is complete, over l.
func (s *Stack) startClient(hop Hop, req *Request, l *link) (*ClientTx, error) {
	branch, _ := req.Via().Params.Get("branch")
	tx := &ClientTx{stack: s, req: req, hop: hop, key: branch + "|" + string(req.Method), link: l, wake: make(chan struct{}, 1)}
	tx.inner = gosip.NewClientTx(tx.key, req, l, s.slog)
	tx.inner.OnTerminate(func(_ string, err error) { tx.innerEnded(err) })
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	s.clients[tx.key] = tx
	if l.stream != nil {
		l.stream.asked.Add(1)
	}
	s.mu.Unlock()
	tx.recv.Lock()
	err := tx.inner.Init()
	tx.recv.Unlock()
	if err != nil {
		tx.finish(ErrTransport)
		return nil, fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return tx, nil
}

// Request is the request as it was sent.
func (tx *ClientTx) Request() *Request { return tx.req }

// Hop is where it was sent; the transport may be another than asked for (RFC 3261 §18.1.1).
func (tx *ClientTx) Hop() Hop { return tx.hop }

// Next returns the responses in order, the final one last. Then, and when there is none, it returns ErrTimeout, ErrTransport
// or ErrClosed. It waits until ctx ends; that does not end the transaction.
func (tx *ClientTx) Next(ctx context.Context) (*Response, error) {
	for {
		tx.mu.Lock()
		if len(tx.queue) > 0 {
			res := tx.queue[0]
			tx.queue = tx.queue[1:]
			tx.mu.Unlock()
			return res, nil
		}
		err := tx.err
		tx.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-tx.wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Terminate forgets the transaction: nothing is sent any more, Next returns ErrClosed once the queue is empty. A 2xx that still
// comes goes to OnResponse. It is idempotent.
func (tx *ClientTx) Terminate() { tx.finish(ErrClosed) }

// response takes the transaction's next response, on the transport's reader.
func (tx *ClientTx) response(res *Response) bool {
	tx.recv.Lock()
	defer tx.recv.Unlock()
	tx.mu.Lock()
	over := tx.final || tx.err != nil
	tx.mu.Unlock()
	if over {
		return !res.IsSuccess() // it was looked up before the table changed
	}
	if res.IsProvisional() || tx.req.Method == INVITE && !res.IsSuccess() {
		tx.receive(res)
	}
	if !res.IsProvisional() {
		tx.stack.closeClient(tx, res)
	}
	tx.push(res)
	if !res.IsProvisional() {
		tx.inner.Terminate()
	}
	return true
}

// receive tells sipgo's transaction of a response: a 1xx, which stops or slows its timers, or what it has to acknowledge. Other
// final ones pass it by: it would arm Timer M, which holds it in memory.
func (tx *ClientTx) receive(res *Response) {
	// sipgo passes each response on through an unbuffered channel while it holds its lock.
	tx.stack.running.Go(func() {
		select {
		case <-tx.inner.Responses():
		case <-tx.inner.Done():
		}
	})
	tx.inner.Receive(res)
}

func (tx *ClientTx) push(res *Response) {
	tx.mu.Lock()
	if tx.err != nil {
		tx.mu.Unlock()
		return
	}
	if res.IsProvisional() {
		tx.provisional = true
		if len(tx.queue) >= queueMost {
			tx.queue = tx.queue[1:]
		}
	} else {
		tx.final, tx.err = true, ErrClosed
		tx.stopTimerLocked()
	}
	tx.queue = append(tx.queue, res)
	tx.mu.Unlock()
	tx.signal()
	tx.sendCancel()
}

func (tx *ClientTx) signal() {
	select {
	case tx.wake <- struct{}{}:
	default:
	}
}

// innerEnded hears of sipgo ending the transaction: Timer B or F, a failed retransmission, or our own Terminate.
func (tx *ClientTx) innerEnded(err error) {
	tx.stack.removeClient(tx)
	switch {
	case errors.Is(err, gosip.ErrTransactionTimeout):
		err = ErrTimeout
	case errors.Is(err, gosip.ErrTransactionTransport):
		err = fmt.Errorf("%w: %w", ErrTransport, err)
	default:
		err = ErrClosed
	}
	tx.end(err)
}

func (tx *ClientTx) finish(err error) {
	tx.end(err)
	tx.stack.removeClient(tx)
	tx.inner.Terminate()
}

func (tx *ClientTx) end(err error) {
	tx.mu.Lock()
	first := tx.err == nil
	if first {
		tx.err = err
	}
	tx.stopTimerLocked()
	tx.mu.Unlock()
	if first && (errors.Is(err, ErrTimeout) || errors.Is(err, ErrTransport)) {
		tx.stack.avoid(tx.hop.Addr)
	}
	tx.signal()
}

func (tx *ClientTx) stopTimerLocked() {
	if tx.cancelTimer != nil {
		tx.cancelTimer.Stop()
	}
}

// Cancel asks the other side to give the INVITE up (RFC 3261 §9.1). CANCEL is sent once a provisional response has come. The
// final response, a 2xx that crossed it too, still comes from Next, or ErrTimeout 64*T1 after the CANCEL. reason is the value
// of a Reason header field (RFC 3326), or "". Cancelling twice, or too late, does nothing.
func (tx *ClientTx) Cancel(reason string) error {
	if tx.req.Method != INVITE {
		return fmt.Errorf("sip: cancel: a %s cannot be cancelled", tx.req.Method)
	}
	tx.mu.Lock()
	if tx.cancel == nil {
		tx.cancel = &reason
	}
	tx.mu.Unlock()
	return tx.sendCancel()
}

func (tx *ClientTx) sendCancel() error {
	tx.mu.Lock()
	if tx.cancel == nil || tx.cancelled || !tx.provisional || tx.err != nil {
		tx.mu.Unlock()
		return nil
	}
	tx.cancelled = true
	reason := *tx.cancel
	tx.cancelTimer = time.AfterFunc(64*tx.stack.t1, func() { tx.finish(ErrTimeout) })
	tx.mu.Unlock()
	_, err := tx.stack.startClient(tx.hop, cancelOf(tx.req, reason, tx.stack.cfg.UserAgent),
		&link{t: tx.link.t, dst: tx.hop.Addr, local: tx.link.local, stream: tx.link.stream})
	return err
}

// cancelOf builds the CANCEL of a request: its URI, top Via, From, To, Call-ID, Route and CSeq number.
func cancelOf(req *Request, reason, userAgent string) *Request {
	c := gosip.NewRequest(CANCEL, req.Recipient)
	c.AppendHeader(req.Via().Clone())
	copyHeaders(req, c, "Max-Forwards")
	for _, name := range []string{"Route", "From", "To", "Call-ID"} {
		copyHeaders(req, c, name)
	}
	c.AppendHeader(&CSeqHeader{SeqNo: req.CSeq().SeqNo, MethodName: CANCEL})
	if reason != "" {
		c.AppendHeader(NewHeader("Reason", reason))
	}
	if userAgent != "" {
		c.AppendHeader(NewHeader("User-Agent", userAgent))
	}
	c.SetTransport(req.Transport())
	c.SetBody(nil)
	return c
}

// clientEntry is what the table knows of a request of ours: the transaction, or what is left of it. response reports whether
// the response was its; one that was not may be a 2xx for the core.
type clientEntry interface{ response(res *Response) bool }

// oldClient is left of an INVITE that failed: the ACK, sent again for each repeated final response (RFC 3261 §17.1.1.2). It
// stays for Timer D.
type oldClient struct {
	key   string
	ack   []byte
	link  *link
	until time.Time
}

func (o *oldClient) response(res *Response) bool {
	if res.IsSuccess() {
		return false
	}
	if !res.IsProvisional() && o.ack != nil {
		_ = o.link.write(o.ack) // it is for the peer to ask again
	}
	return true
}

func (s *Stack) clientResponse(key string, res *Response) bool {
	s.mu.Lock()
	e := s.clients[key]
	s.mu.Unlock()
	return e != nil && e.response(res)
}

// closeClient takes a transaction with its final response out of the table.
func (s *Stack) closeClient(tx *ClientTx, res *Response) {
	var ack []byte
	if tx.req.Method == INVITE && !res.IsSuccess() {
		if last := tx.link.written(); bytes.HasPrefix(last, []byte("ACK ")) {
			ack = last
		}
	}
	tx.link.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[tx.key] != clientEntry(tx) {
		return
	}
	s.deleteClientLocked(tx)
	if ack == nil || tx.link.stream != nil {
		return
	}
	o := &oldClient{key: tx.key, ack: ack, link: tx.link, until: time.Now().Add(64 * s.t1)}
	s.clients[tx.key] = o
	s.oldClients = append(s.oldClients, o)
	for len(s.oldClients) > s.limits.Remembered {
		s.dropOldestClientLocked()
	}
}

func (s *Stack) dropOldestClientLocked() {
	o := s.oldClients[0]
	s.oldClients[0] = nil
	s.oldClients = s.oldClients[1:]
	if s.clients[o.key] == clientEntry(o) {
		delete(s.clients, o.key)
	}
}

func (s *Stack) removeClient(tx *ClientTx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients[tx.key] == clientEntry(tx) {
		s.deleteClientLocked(tx)
	}
}

func (s *Stack) deleteClientLocked(tx *ClientTx) {
	delete(s.clients, tx.key)
	if c := tx.link.stream; c != nil {
		c.asked.Add(-1)
	}
}
