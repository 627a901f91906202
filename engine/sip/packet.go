package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// packetGuard is the net.PacketConn sipgo's UDP transport reads from. It hands on well-formed messages only, printed anew.
//
// sipgo keeps every address it ever read from in a map that never shrinks. So ReadFrom names our own address each time, and
// the true source is kept for Transport.receive, which sipgo calls before it reads again.
type packetGuard struct {
	*net.UDPConn
	t    *Transport
	raw  []byte
	oob  []byte
	from source
	self net.Addr
}

// source is where a message came from.
type source struct {
	addr   netip.AddrPort
	local  netip.Addr  // our address it was sent to; only on wildcard binds
	stream *streamConn // nil on UDP
}

func newPacketGuard(t *Transport, c *net.UDPConn) *packetGuard {
	return &packetGuard{UDPConn: c, t: t, raw: make([]byte, t.stack.limits.MessageSize+1), oob: make([]byte, 128), self: c.LocalAddr()}
}

// ReadFrom fills p with one canonical message. It returns an error only when the socket was closed: sipgo would stop
// listening at any other.
func (g *packetGuard) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, oobn, _, from, err := g.ReadMsgUDPAddrPort(g.raw, g.oob)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return 0, g.self, net.ErrClosed
			}
			g.t.log.Debug().Err(err).Msg("sip: read")
			g.t.pause(time.Millisecond) // a failing socket must not take a core
			continue
		}
		g.from = source{addr: unmap(from)}
		if g.t.wildcard {
			g.from.local = localOf(g.oob[:oobn])
		}
		if n := g.t.datagram(p, g.raw[:n], g.from); n > 0 {
			return n, g.self, nil
		}
	}
}

// datagram checks one datagram and prints it into p; 0 means there is nothing to hand on.
func (t *Transport) datagram(p, b []byte, src source) int {
	b = skipBlank(b)
	if len(b) == 0 { // a keep-alive (RFC 5626 §3.5.1 answers those on streams only)
		return 0
	}
	stats := &t.stack.stats
	stats.received.Add(1)
	end := headEnd(b)
	whole := end >= 0
	if !whole {
		end = len(b)
	}
	h, err := parseHead(b[:end], t.stack.limits.Headers)
	if err != nil || len(b) > t.stack.limits.MessageSize {
		stats.garbage.Add(1)
		return 0
	}
	t.stack.traceMessage(true, "UDP", src.addr, b)
	body := b[end:]
	switch {
	case !whole:
		h.fail(StatusBadRequest, "Header section does not end")
	case h.length > len(body):
		h.fail(StatusBadRequest, "Content-Length is beyond the datagram") // RFC 3261 §18.3
	case h.length >= 0:
		body = body[:h.length]
	}
	if h.fault == nil {
		// The worst growth is the expansion of compact names; it must fit sipgo's buffer.
		if out := h.appendTo(make([]byte, 0, len(b)+256), len(body)); len(out)+len(body) <= len(p) {
			return copy(p, append(out, body...))
		}
		h.fail(StatusMessageTooLarge, ReasonPhrase(StatusMessageTooLarge))
	}
	t.reject(h, src)
	return 0
}

// skipBlank drops line breaks before a start line (RFC 3261 §7.5).
func skipBlank(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}

// writePacket sends one datagram, from local if that is valid.
func (t *Transport) writePacket(b []byte, dst netip.AddrPort, local netip.Addr) error {
	t.stack.traceMessage(false, "UDP", dst, b)
	t.stack.stats.sent.Add(1)
	if _, _, err := t.udp.WriteMsgUDPAddrPort(b, fromLocal(local), dst); err != nil {
		return fmt.Errorf("%w: %s to %s: %w", ErrTransport, t.name, dst, err)
	}
	return nil
}
