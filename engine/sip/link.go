package sip

import (
	"net"
	"net/netip"
	"sync"

	gosip "github.com/emiago/sipgo/sip"
)

// link is the gosip.Connection a transaction writes through: one destination, fixed when it is made, from the right socket.
// sipgo's own connections would resolve destinations again, refuse datagrams beyond 1300 bytes and count references.
type link struct {
	t      *Transport
	local  netip.Addr  // source address on a wildcard bind
	stream *streamConn // nil on UDP

	mu   sync.Mutex
	dst  netip.AddrPort
	last []byte // the last message written, as it went out
}

var _ gosip.Connection = (*link)(nil)

// WriteMsg is called by sipgo's transactions, and by us.
func (l *link) WriteMsg(m Message) error {
	b := marshal(m)
	l.mu.Lock()
	l.last = b
	l.mu.Unlock()
	return l.write(b)
}

func (l *link) write(b []byte) error {
	if l.stream != nil {
		return l.stream.send(b)
	}
	l.mu.Lock()
	dst := l.dst
	l.mu.Unlock()
	return l.t.writePacket(b, dst, l.local)
}

func (l *link) redirect(dst netip.AddrPort) {
	l.mu.Lock()
	l.dst = dst
	l.mu.Unlock()
}

func (l *link) forget() {
	l.mu.Lock()
	l.last = nil
	l.mu.Unlock()
}

func (l *link) written() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *link) LocalAddr() net.Addr    { return net.UDPAddrFromAddrPort(l.t.local) }
func (l *link) Ref(int) int            { return 1 } // sockets are closed by their transport, not by counting
func (l *link) TryClose() (int, error) { return 1, nil }
func (l *link) Close() error           { return nil }
