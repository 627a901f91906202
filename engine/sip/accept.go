package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// streamListener is the net.Listener sipgo's TCP transport accepts from. Connections we dial come through it too, so that
// every stream passes the guard (sipgo would read those it dials itself raw).
type streamListener struct{ t *Transport }

func (l streamListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.t.streams:
		return c, nil
	case <-l.t.alive.Done():
		return nil, net.ErrClosed
	}
}

func (l streamListener) Close() error   { return nil }
func (l streamListener) Addr() net.Addr { return l.t.tcp.Addr() }

// acceptStreams runs until the listener is closed. Other errors, as too many open files, pass.
func (t *Transport) acceptStreams() {
	const least, most = 5 * time.Millisecond, time.Second
	pause := least
	for {
		c, err := t.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			t.log.Warn().Err(err).Msg("sip: accept")
			if !t.pause(pause) {
				return
			}
			pause = min(2*pause, most)
			continue
		}
		pause = least
		if _, err := t.admit(c, true); err != nil {
			t.stack.stats.refused.Add(1)
			_ = c.Close()
		}
	}
}

// admit takes a connection in, if the limits allow strangers one more, and hands it to sipgo's reader.
func (t *Transport) admit(c net.Conn, accepted bool) (*streamConn, error) {
	remote := addrPortOf(c.RemoteAddr())
	limits := t.stack.limits
	sc := &streamConn{Conn: c, t: t, opened: time.Now()}
	sc.src = source{addr: remote, stream: sc}
	sc.frames = framer{size: limits.MessageSize, fields: limits.Headers}
	if !accepted {
		sc.frames.count = 1 // a connection we made may stay silent as long as any idle one
	}
	key := sourceKey(remote.Addr())
	t.mu.Lock()
	if t.closed || accepted && (len(t.conns) >= limits.Conns || t.perSource[key] >= limits.ConnsPerSource) {
		t.mu.Unlock()
		return nil, fmt.Errorf("%w: %s: too many connections", ErrTransport, t.name)
	}
	t.conns[remote] = sc
	t.perSource[key]++
	t.readers.Add(1) // streamConn.Close ends it
	t.mu.Unlock()
	select {
	case t.streams <- sc:
		return sc, nil
	case <-t.alive.Done():
		_ = sc.Close()
		return nil, ErrTransport
	}
}

// dropStream forgets a connection and fails what waits on it. It may be called by one of those, from below sipgo's lock of
// its transaction: so the failing is done elsewhere. When the stack closes, Close does it.
func (t *Transport) dropStream(c *streamConn) {
	key := sourceKey(c.src.addr.Addr())
	t.mu.Lock()
	if t.conns[c.src.addr] == c {
		delete(t.conns, c.src.addr)
	}
	if t.perSource[key]--; t.perSource[key] <= 0 {
		delete(t.perSource, key)
	}
	t.mu.Unlock()
	if c.unanswered.Load() > 0 || c.asked.Load() > 0 { // strangers' empty connections are not worth a walk
		t.stack.spawn(func() { t.stack.failAll(func(l *link) bool { return l.stream == c }) })
	}
}

// dialTimeout bounds a connection attempt whatever the caller's ctx says.
const dialTimeout = 10 * time.Second

// connect returns the open connection with addr, or makes one. Callers at the same time share one attempt.
func (t *Transport) connect(ctx context.Context, addr netip.AddrPort) (*streamConn, error) {
	addr = unmap(addr)
	if c := t.stream(addr); c != nil {
		return c, nil
	}
	attempt := t.dials.DoChan(addr.String(), func() (any, error) {
		if c := t.stream(addr); c != nil {
			return c, nil
		}
		t.mu.Lock()
		closed := t.closed
		if !closed {
			t.readers.Add(1)
		}
		t.mu.Unlock()
		if closed {
			return nil, ErrTransport
		}
		defer t.readers.Done()
		ctx, cancel := context.WithTimeout(t.alive, dialTimeout)
		defer cancel()
		d := net.Dialer{Control: control(t.cfg, false), KeepAlive: 30 * time.Second}
		if !t.wildcard {
			d.LocalAddr = &net.TCPAddr{IP: t.local.Addr().AsSlice(), Zone: t.local.Addr().Zone()}
		}
		c, err := d.DialContext(ctx, network("tcp", addr.Addr()), addr.String())
		if err != nil {
			return nil, err
		}
		sc, err := t.admit(c, false)
		if err != nil {
			c.Close()
			return nil, err
		}
		return sc, nil
	})
	select {
	case r := <-attempt:
		if r.Err != nil {
			return nil, fmt.Errorf("%w: %s to %s: %w", ErrTransport, t.name, addr, r.Err)
		}
		return r.Val.(*streamConn), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %s to %s: %w", ErrTransport, t.name, addr, context.Cause(ctx))
	}
}
