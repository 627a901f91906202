//go:build linux && (amd64 || arm64)

package packetio

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	recvBatch  = 16  // datagrams read from a socket by one system call
	recvBudget = 64  // datagrams read from a socket in one pass, so that a flooded one does not starve the others
	epollBatch = 128 // sockets reported by one epoll_wait
)

// epoll is the Linux back end: raw non-blocking sockets, level-triggered epoll, recvmmsg and sendmmsg.
type epoll struct{}

func (epoll) Name() string { return "epoll" }

func (epoll) Listen(c Config) (*Socket, error) {
	if !c.Addr.Addr().IsValid() {
		c.Addr = netip.AddrPortFrom(netip.IPv6Unspecified(), c.Addr.Port())
		s, err := epoll{}.Listen(c)
		if err != nil && !addrInUse(err) {
			c.Addr = netip.AddrPortFrom(netip.IPv4Unspecified(), c.Addr.Port())
			return epoll{}.Listen(c)
		}
		return s, err
	}
	v6 := !c.Addr.Addr().Is4()
	family := unix.AF_INET
	if v6 {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	es := &epollSocket{fd: fd, v6: v6, slot: -1}
	s := &Socket{impl: es}
	if err := es.bind(c, s); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// epollSocket is a descriptor; slot is its place in the loop that has it.
type epollSocket struct {
	fd      int
	v6      bool
	scope   uint32 // interface of a link-local socket
	slot    int
	handler Handler
}

func (es *epollSocket) bind(c Config, s *Socket) error {
	if err := setOptions(es.fd, c, es.v6); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(c.Addr.Port()), Addr: [4]byte{}}
	if es.v6 {
		only := 1
		if c.Addr.Addr().IsUnspecified() {
			only = 0
		}
		if err := unix.SetsockoptInt(es.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		es.scope = scopeID(c.Addr.Addr().Zone())
		sa = &unix.SockaddrInet6{Port: int(c.Addr.Port()), Addr: c.Addr.Addr().As16(), ZoneId: es.scope}
	} else {
		sa.(*unix.SockaddrInet4).Addr = c.Addr.Addr().As4()
	}
	if err := unix.Bind(es.fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	bound, err := unix.Getsockname(es.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	port := 0
	switch b := bound.(type) {
	case *unix.SockaddrInet4:
		port = b.Port
	case *unix.SockaddrInet6:
		port = b.Port
	}
	s.addr = netip.AddrPortFrom(c.Addr.Addr(), uint16(port))
	return nil
}

func (es *epollSocket) close() error { return unix.Close(es.fd) }

func (epoll) NewLoop() (Loop, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wakeFD, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(ep)
		return nil, os.NewSyscallError("eventfd", err)
	}
	l := &epollLoop{ep: ep, wakeFD: wakeFD}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, wakeFD, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}); err != nil {
		_ = l.Close()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	l.recv.init()
	l.send.init()
	if _, err := waitEpoll(ep, l.events[:], 0); err != nil { // the probe: kernels before 5.11 lack epoll_pwait2
		_ = l.Close()
		return nil, os.NewSyscallError("epoll_pwait2", err)
	}
	return l, nil
}

const wakeSlot = -1

type epollLoop struct {
	ep      int
	events  [epollBatch]unix.EpollEvent
	slots   []*Socket // index = EpollEvent.Fd; nil = free
	free    []int
	serial  uint32 // EpollEvent.Pad: an event of a slot's former socket is told apart by it
	serials []uint32

	recv recvRing
	send sendRing

	wakeMu sync.Mutex // guards wakeFD against Close
	wakeFD int
	woken  atomic.Bool

	sendErrors atomic.Uint64
}

func (l *epollLoop) Add(s *Socket, h Handler) error {
	es := s.impl.(*epollSocket)
	if len(l.free) == 0 {
		l.free = append(l.free, len(l.slots))
		l.slots = append(l.slots, nil)
		l.serials = append(l.serials, 0)
	}
	slot := l.free[len(l.free)-1]
	l.serial++
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(slot), Pad: int32(l.serial)}
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, es.fd, &ev); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	l.free = l.free[:len(l.free)-1]
	l.slots[slot], l.serials[slot] = s, l.serial
	es.slot, es.handler = slot, h
	return nil
}

func (l *epollLoop) Remove(s *Socket) {
	es := s.impl.(*epollSocket)
	if es.slot < 0 || l.slots[es.slot] != s {
		return
	}
	l.Flush()
	_ = unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, es.fd, nil)
	l.slots[es.slot] = nil
	l.free = append(l.free, es.slot)
	es.slot, es.handler = -1, nil
}

func (l *epollLoop) Poll(d time.Duration, woke func()) (int, error) {
	n, err := waitEpoll(l.ep, l.events[:], d)
	if woke != nil {
		woke()
	}
	if err != nil {
		if errors.Is(err, unix.EINTR) {
			return 0, nil
		}
		return 0, os.NewSyscallError("epoll_pwait2", err)
	}
	handed := 0
	for i := range n {
		ev := &l.events[i]
		if ev.Fd == wakeSlot {
			// In this order: a Wake between the two is told by this return of Poll. The other way round its signal would be
			// eaten while woken says it is still to come, and no later Wake would write again.
			var b [8]byte
			_, _ = unix.Read(l.wakeFD, b[:])
			l.woken.Store(false)
			continue
		}
		// A handler earlier in this pass may have removed the socket, and another may have its slot.
		s := l.slots[ev.Fd]
		if s == nil || l.serials[ev.Fd] != uint32(ev.Pad) {
			continue
		}
		handed += l.drain(s)
	}
	return handed, nil
}

// drain reads s until it is empty, removed, or over its budget; epoll reports it again in the last case.
func (l *epollLoop) drain(s *Socket) int {
	es := s.impl.(*epollSocket)
	serial, handed := l.serials[es.slot], 0
	for handed < recvBudget {
		n, err := l.recv.read(es.fd)
		if err != nil || n == 0 {
			return handed // EAGAIN, or a pending ICMP error, which reading has cleared
		}
		for i := range n {
			p, from, ok := l.recv.datagram(i, s)
			if !ok {
				continue
			}
			// The datagrams already read belong to this socket even if a handler has just removed it: they are lost then,
			// unless it only moves; see Remove's users, which move between passes.
			if es.slot < 0 || l.serials[es.slot] != serial {
				return handed
			}
			es.handler.HandlePacket(p, from)
			handed++
		}
		if n < recvBatch {
			return handed
		}
	}
	return handed
}

func (l *epollLoop) Send(s *Socket, p []byte, to netip.AddrPort) error {
	if len(p) > MaxDatagram {
		return ErrTooLong
	}
	es := s.impl.(*epollSocket)
	if !es.v6 && !to.Addr().Unmap().Is4() {
		l.sendErrors.Add(1)
		return nil
	}
	if l.send.n == sendQueue {
		l.Flush()
	}
	l.send.put(es, p, to)
	return nil
}

func (l *epollLoop) Flush() {
	if l.send.n == 0 {
		return
	}
	if lost := l.send.flush(); lost > 0 {
		l.sendErrors.Add(uint64(lost))
	}
}

func (l *epollLoop) SendErrors() uint64 { return l.sendErrors.Load() }

func (l *epollLoop) Wake() {
	if l.woken.Swap(true) {
		return // Poll has not yet seen the last one
	}
	l.wakeMu.Lock()
	defer l.wakeMu.Unlock()
	if l.wakeFD < 0 {
		return
	}
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], 1)
	_, _ = unix.Write(l.wakeFD, b[:])
}

func (l *epollLoop) Close() error {
	l.wakeMu.Lock()
	defer l.wakeMu.Unlock()
	if l.wakeFD < 0 {
		return nil
	}
	err := errors.Join(unix.Close(l.wakeFD), unix.Close(l.ep))
	l.wakeFD = -1
	return err
}
