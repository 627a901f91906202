package sip

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// streamConn is the net.Conn sipgo's TCP transport reads from. It cuts the stream into messages by Content-Length, under
// deadlines, and hands on well-formed ones only, printed anew; it answers keep-alives.
type streamConn struct {
	net.Conn
	t      *Transport
	src    source
	opened time.Time

	unanswered atomic.Int32 // server transactions
	asked      atomic.Int32 // client transactions

	// The reader's, which is sipgo's goroutine of this connection:
	frames  framer
	pending []byte // canonical bytes sipgo has not taken yet

	closer sync.Once
	reader sync.Once // ends sipgo's goroutine in Transport.readers
}

// writeTimeout: a peer that does not read loses its connection. Half-written messages would break the framing anyway.
const writeTimeout = 5 * time.Second

// Read gives sipgo the next canonical bytes. Every error ends the connection.
func (c *streamConn) Read(p []byte) (int, error) {
	for len(c.pending) == 0 {
		msg, err := c.next()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
				c.t.log.Debug().Err(err).Str("peer", c.src.addr.String()).Msg("sip: connection cut")
				c.linger()
			}
			return 0, io.EOF
		}
		c.pending = msg
	}
	n := copy(p, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// lingerTime bounds both halves of linger.
const lingerTime = 500 * time.Millisecond

// linger lets the answers to what came before a framing error reach the peer: first those not given yet, then those a reset,
// which unread bytes would cause, would take from its buffers.
func (c *streamConn) linger() {
	for end := time.Now().Add(lingerTime); c.unanswered.Load() > 0 && time.Now().Before(end) && c.t.pause(5*time.Millisecond); {
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		_ = c.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.Copy(io.Discard, io.LimitReader(c.Conn, 1<<20)) // whatever it is
	}
}

// next returns the next message in its canonical form, or nothing when it was answered here.
func (c *streamConn) next() ([]byte, error) {
	limits := c.t.stack.limits
	f, err := c.frames.next(func(buf []byte) (int, error) {
		if err := c.SetReadDeadline(c.frames.deadline(time.Now(), c.opened, limits)); err != nil {
			return 0, err
		}
		return c.Conn.Read(buf)
	}, func() error { return c.write([]byte("\r\n")) })
	if f == nil {
		return nil, err
	}
	c.t.stack.stats.received.Add(1)
	c.t.stack.traceMessage(true, "TCP", c.src.addr, f.raw)
	if f.head.fault == nil {
		out := f.head.appendTo(make([]byte, 0, len(f.raw)+256), len(f.body))
		return append(out, f.body...), err
	}
	c.t.reject(f.head, c.src)
	return nil, err
}

// write sends bytes whole; a failure closes the connection.
func (c *streamConn) write(b []byte) error {
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := c.Conn.Write(b); err != nil {
		c.shutdown()
		return fmt.Errorf("%w: %s to %s: %w", ErrTransport, c.t.name, c.src.addr, err)
	}
	return nil
}

func (c *streamConn) send(b []byte) error {
	c.t.stack.traceMessage(false, "TCP", c.src.addr, b)
	c.t.stack.stats.sent.Add(1)
	return c.write(b)
}

// shutdown ends the connection; sipgo's goroutine then ends too and calls Close.
func (c *streamConn) shutdown() {
	c.closer.Do(func() {
		_ = c.Conn.Close()
		c.t.dropStream(c)
	})
}

// Close is sipgo's, the last thing its goroutine of this connection does. We call shutdown.
func (c *streamConn) Close() error {
	c.shutdown()
	c.reader.Do(c.t.readers.Done)
	return nil
}
