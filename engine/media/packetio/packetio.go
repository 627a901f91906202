// Package packetio reads and writes datagrams for media shards, many per system call where the system can.
//
//	shard goroutine                     back end
//	 loop.Poll(d, woke) ── waits ────►  io_uring, multishot receive │ epoll + recvmmsg │ a reader goroutine per net.UDPConn
//	   └─ handler.HandlePacket(p, from) once per datagram, p is the back end's buffer
//	 loop.Send(sock, p, to)             copied into the send queue
//	 loop.Flush()                       submitted together
//
// A Loop and the sockets added to it belong to one goroutine, locked to its thread (runtime.LockOSThread), which io_uring
// insists on; only NewLoop, Wake, SendErrors and, at the end, Close may be called from elsewhere. A socket can move to another
// loop of the same back end without losing a datagram. Nothing is allocated per datagram.
package packetio

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"
)

// MaxDatagram is the longest datagram received or sent, bytes. Longer ones are dropped and counted.
const MaxDatagram = 2048

// sendQueue is how many datagrams Send holds before it flushes by itself.
const sendQueue = 256

// OwnWait is the longest wait in which a loop keeps a processor of its own. It bounds what a mistaken promise could cost.
const OwnWait = 20 * time.Millisecond

// ErrTooLong is returned by Send for more than MaxDatagram bytes.
var ErrTooLong = errors.New("packetio: datagram too long")

// Config says how a socket is opened.
type Config struct {
	Addr       netip.AddrPort // to bind; the zero Addr means the IPv6 wildcard taking IPv4 too, or 0.0.0.0 without IPv6
	TOS        int            // IP_TOS or IPV6_TCLASS byte
	COS        int            // SO_PRIORITY; failure to set it is not an error
	RecvBuffer int            // SO_RCVBUF, bytes; 0 = the system's default
}

// Handler takes what a socket receives.
type Handler interface {
	// HandlePacket is called from Poll. p is borrowed until it returns. from is never an IPv4-mapped address.
	HandlePacket(p []byte, from netip.AddrPort)
}

// Backend opens sockets and makes the loops that serve them.
type Backend interface {
	Name() string
	Listen(Config) (*Socket, error) // safe from any goroutine
	NewLoop() (Loop, error)
}

// Loop serves the sockets of one goroutine.
type Loop interface {
	// Add begins to hand what s receives to h.
	Add(s *Socket, h Handler) error
	// Remove flushes what is queued and stops handing; s stays open, so it can be added elsewhere, or closed.
	Remove(s *Socket)
	// Poll waits until a datagram has come, Wake was called, or d has passed (d < 0: no limit), and hands over what is there.
	// It returns how many datagrams it handed over. woke, if not nil, runs between the wait and the first hand-over: the place
	// to read the clock once for all of them. Handlers may call every other method of the loop, not Poll.
	Poll(d time.Duration, woke func()) (int, error)
	// Send queues a copy of p. What the kernel does not take is lost, and counted.
	Send(s *Socket, p []byte, to netip.AddrPort) error
	Flush()
	// OwnProcessor promises that GOMAXPROCS counts one processor for this loop's thread alone: waits of up to OwnWait then keep
	// it, which spares the scheduler its taking away and giving back (and the watching for both). To be called before the first
	// Poll. A back end that cannot make use of it does nothing.
	OwnProcessor()
	// Gather lets datagrams come together for d, or until Wake, without looking at them; a back end may return at once.
	// The Poll after it does not wait for what has come, nor for that Wake.
	Gather(d time.Duration)
	Wake()
	// SendErrors counts datagrams the kernel has refused; safe from any goroutine.
	SendErrors() uint64
	// Close ends the loop. Sockets are to be removed before.
	Close() error
}

// Socket is a bound UDP socket of a back end. The zero Socket is a closed one.
type Socket struct {
	addr  netip.AddrPort
	drops atomic.Uint32 // SO_RXQ_OVFL: since the socket was opened
	impl  interface{ close() error }

	closed atomic.Bool
}

// LocalAddr returns the bound address; a wildcard stays a wildcard.
func (s *Socket) LocalAddr() netip.AddrPort { return s.addr }

// KernelDrops returns how many datagrams the socket's buffer had no room for, as far as the system says.
func (s *Socket) KernelDrops() uint32 { return s.drops.Load() }

// Close closes the socket, which no loop has any more. It is idempotent.
func (s *Socket) Close() error {
	if s.closed.Swap(true) || s.impl == nil {
		return nil
	}
	return s.impl.close()
}

// Open returns a back end by name; "" takes the best that works here.
func Open(name string) (Backend, error) {
	for _, b := range backends() {
		if name != "" && b.Name() != name {
			continue
		}
		if err := probe(b); err != nil {
			if name != "" {
				return nil, fmt.Errorf("packetio: back end %q does not work here: %w", name, err)
			}
			continue
		}
		return b, nil
	}
	return nil, fmt.Errorf("packetio: no back end %q; there are %s", name, names())
}

// probe sends a datagram round: that a ring can be made does not say that the kernel knows the requests put into it.
func probe(b Backend) error {
	done := make(chan error, 1)
	go func() { // a goroutine of its own: the thread is not given back to the caller with what a loop has bound to it
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		l, err := b.NewLoop()
		if err != nil {
			done <- err
			return
		}
		err = errors.Join(probeLoop(b, l), l.Close())
		done <- err
	}()
	return <-done
}

func probeLoop(b Backend, l Loop) error {
	for _, ip := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()} {
		s, err := b.Listen(Config{Addr: netip.AddrPortFrom(ip, 0)})
		if err != nil {
			continue // no such family here
		}
		err = probeSocket(l, s)
		l.Remove(s)
		return errors.Join(err, s.Close())
	}
	return nil // nothing to try it with
}

type probed bool

func (p *probed) HandlePacket(b []byte, _ netip.AddrPort) { *p = *p || string(b) == "probe" }

func probeSocket(l Loop, s *Socket) error {
	var got probed
	if err := l.Add(s, &got); err != nil {
		return err
	}
	if err := l.Send(s, []byte("probe"), s.LocalAddr()); err != nil {
		return err
	}
	l.Flush()
	for end := time.Now().Add(time.Second); !got; {
		if !time.Now().Before(end) {
			return errors.New("packetio: a datagram sent to ourselves did not come")
		}
		if _, err := l.Poll(50*time.Millisecond, nil); err != nil {
			return err
		}
	}
	return nil
}

func names() string {
	s := ""
	for i, b := range backends() {
		if i > 0 {
			s += ", "
		}
		s += b.Name()
	}
	return s
}
