package packetio

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// udp is the portable back end: a goroutine per socket reads and hands its datagrams to the loop's inbox.
type udp struct{}

func (udp) Name() string { return "udp" }

func (udp) Listen(c Config) (*Socket, error) {
	network := "udp"
	switch {
	case !c.Addr.Addr().IsValid():
		c.Addr = netip.AddrPortFrom(netip.IPv6Unspecified(), c.Addr.Port())
		s, err := udp{}.Listen(c)
		if err != nil && !addrInUse(err) {
			c.Addr = netip.AddrPortFrom(netip.IPv4Unspecified(), c.Addr.Port())
			return udp{}.Listen(c)
		}
		return s, err
	case c.Addr.Addr().Is4():
		network = "udp4"
	case !c.Addr.Addr().IsUnspecified():
		network = "udp6"
	}
	v6 := network != "udp4"
	lc := net.ListenConfig{Control: func(_, _ string, rc syscall.RawConn) error {
		var failed error
		if err := rc.Control(func(fd uintptr) { failed = setOptions(int(fd), c, v6) }); err != nil {
			return err
		}
		return failed
	}}
	pc, err := lc.ListenPacket(context.Background(), network, c.Addr.String())
	if err != nil {
		return nil, err
	}
	conn := pc.(*net.UDPConn)
	us := &udpSocket{conn: conn, v4: !v6}
	us.changed = sync.NewCond(&us.mu)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s := &Socket{addr: netip.AddrPortFrom(c.Addr.Addr(), local.Port()), impl: us}
	us.socket = s
	return s, nil
}

func (udp) NewLoop() (Loop, error) {
	return &udpLoop{wake: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}, nil
}

// udpSocket has a reader goroutine from its first Add till close, which waits for it.
type udpSocket struct {
	socket *Socket
	conn   *net.UDPConn
	v4     bool

	mu      sync.Mutex
	changed *sync.Cond
	loop    *udpLoop // nil while between loops: the reader waits
	handler Handler  // of loop
	pending []datagram
	reading chan struct{} // closed when the reader has ended; nil before it began
	closing bool
}

func (s *udpSocket) close() error {
	s.mu.Lock()
	s.closing = true
	s.changed.Broadcast()
	reading := s.reading
	s.mu.Unlock()
	err := s.conn.Close()
	if reading != nil {
		<-reading
	}
	return err
}

func (s *udpSocket) read() {
	defer close(s.reading)
	buf := make([]byte, MaxDatagram+1)
	oob := make([]byte, dropsSpace)
	for {
		n, oobn, _, from, err := s.conn.ReadMsgUDPAddrPort(buf, oob)
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				continue
			}
			s.mu.Lock()
			closing := s.closing
			s.mu.Unlock()
			if closing {
				return
			}
			continue // an ICMP error of something we sent
		}
		if oobn > 0 {
			if d, ok := kernelDrops(oob[:oobn]); ok {
				s.socket.drops.Store(d)
			}
		}
		if n > MaxDatagram {
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
		s.mu.Lock()
		for s.loop == nil && !s.closing {
			s.changed.Wait()
		}
		if s.closing {
			s.mu.Unlock()
			return
		}
		s.loop.put(s, buf[:n], from)
		s.mu.Unlock()
	}
}

// datagram is a slot of an inbox; its bytes are in the slab beside it, or in data when it was taken out for a move.
type datagram struct {
	sock *udpSocket
	from netip.AddrPort
	n    int
	data []byte
}

// inboxSize bounds what waits for a loop: beyond it datagrams are dropped, newest first, as a socket buffer does.
const inboxSize = 512

type inbox struct {
	slots [inboxSize]datagram
	slab  [inboxSize][MaxDatagram]byte
	n     int
}

type udpLoop struct {
	wake  chan struct{}
	timer *time.Timer

	// mu guards in: readers fill it while Poll works on out.
	mu  sync.Mutex
	in  *inbox
	out *inbox

	sendErrors atomic.Uint64
}

// put is called by readers, which hold their socket's mu.
func (l *udpLoop) put(s *udpSocket, p []byte, from netip.AddrPort) {
	l.mu.Lock()
	if l.in == nil {
		l.in = new(inbox)
	}
	in := l.in
	if in.n < inboxSize {
		in.slots[in.n] = datagram{sock: s, from: from, n: copy(in.slab[in.n][:], p)}
		in.n++
	} else {
		s.socket.drops.Add(1)
	}
	l.mu.Unlock()
	l.Wake()
}

func (l *udpLoop) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *udpLoop) Add(s *Socket, h Handler) error {
	us := s.impl.(*udpSocket)
	us.mu.Lock()
	defer us.mu.Unlock()
	us.loop, us.handler = l, h
	for _, d := range us.pending {
		l.put(us, d.data, d.from)
	}
	us.pending = nil
	if us.reading == nil {
		us.reading = make(chan struct{})
		go us.read() // ended and waited for by close
	}
	us.changed.Broadcast()
	return nil
}

func (l *udpLoop) Remove(s *Socket) {
	us := s.impl.(*udpSocket)
	us.mu.Lock()
	defer us.mu.Unlock()
	us.loop, us.handler = nil, nil
	l.mu.Lock()
	defer l.mu.Unlock()
	us.pending = l.out.take(us, l.in.take(us, us.pending[:0]), true)
}

// take moves the datagrams of s out of the box. The box being handed over is older than the one being filled: first says so.
func (b *inbox) take(s *udpSocket, got []datagram, first ...bool) []datagram {
	if b == nil {
		return got
	}
	var mine []datagram
	for i := range b.n {
		if d := &b.slots[i]; d.sock == s {
			d.sock = nil
			mine = append(mine, datagram{from: d.from, data: append([]byte(nil), b.slab[i][:d.n]...)})
		}
	}
	if len(first) > 0 {
		return append(mine, got...)
	}
	return append(got, mine...)
}

func (l *udpLoop) Poll(d time.Duration, woke func()) (int, error) {
	if d != 0 {
		var expired <-chan time.Time
		if d > 0 {
			l.timer.Reset(d)
			expired = l.timer.C
		}
		select {
		case <-l.wake:
		case <-expired:
		}
	}
	if woke != nil {
		woke()
	}
	l.mu.Lock()
	l.in, l.out = l.out, l.in
	l.mu.Unlock()
	if l.out == nil {
		return 0, nil
	}
	handed := 0
	for i := range l.out.n {
		slot := &l.out.slots[i]
		if slot.sock == nil { // taken out by Remove
			continue
		}
		s := slot.sock
		slot.sock = nil
		s.handler.HandlePacket(l.out.slab[i][:slot.n], slot.from) // written by Add and Remove of this goroutine only
		handed++
	}
	l.out.n = 0
	return handed, nil
}

func (l *udpLoop) Send(s *Socket, p []byte, to netip.AddrPort) error {
	if len(p) > MaxDatagram {
		return ErrTooLong
	}
	us := s.impl.(*udpSocket)
	if _, err := us.conn.WriteToUDPAddrPort(p, to); err != nil {
		l.sendErrors.Add(1)
	}
	return nil
}

// OwnProcessor does nothing: who waits here is a goroutine.
func (l *udpLoop) OwnProcessor() {}

// Gather does nothing: every datagram wakes its reader anyhow.
func (l *udpLoop) Gather(time.Duration) {}

func (l *udpLoop) Flush()             {}
func (l *udpLoop) SendErrors() uint64 { return l.sendErrors.Load() }
func (l *udpLoop) Close() error       { l.timer.Stop(); return nil }
