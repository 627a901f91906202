//go:build linux && (amd64 || arm64)

package packetio

import (
	"errors"
	"net/netip"
	"os"
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

func (epoll) Listen(c Config) (*Socket, error) { return listenRaw(c) }

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
	l := &epollLoop{ep: ep, waker: waker{wakeFD: wakeFD}}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, wakeFD, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}); err != nil {
		_ = l.Close()
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	l.recv.init()
	l.send.init()
	if _, err := waitEpoll(ep, l.events[:], 0, false); err != nil { // the probe: kernels before 5.11 lack epoll_pwait2
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

	waker
	sendErrors atomic.Uint64
}

func (l *epollLoop) Add(s *Socket, h Handler) error {
	rs := s.impl.(*rawSocket)
	if len(l.free) == 0 {
		l.free = append(l.free, len(l.slots))
		l.slots = append(l.slots, nil)
		l.serials = append(l.serials, 0)
	}
	slot := l.free[len(l.free)-1]
	l.serial++
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(slot), Pad: int32(l.serial)}
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, rs.fd, &ev); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	l.free = l.free[:len(l.free)-1]
	l.slots[slot], l.serials[slot] = s, l.serial
	rs.slot, rs.handler = slot, h
	return nil
}

func (l *epollLoop) Remove(s *Socket) {
	rs := s.impl.(*rawSocket)
	if rs.slot < 0 || l.slots[rs.slot] != s {
		return
	}
	l.Flush()
	_ = unix.EpollCtl(l.ep, unix.EPOLL_CTL_DEL, rs.fd, nil)
	l.slots[rs.slot] = nil
	l.free = append(l.free, rs.slot)
	rs.slot, rs.handler = -1, nil
}

func (l *epollLoop) Poll(d time.Duration, woke func()) (int, error) {
	n, err := waitEpoll(l.ep, l.events[:], d, l.raw(d))
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
			l.takeWake()
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
	rs := s.impl.(*rawSocket)
	serial, handed := l.serials[rs.slot], 0
	for handed < recvBudget {
		n, err := l.recv.read(rs.fd)
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
			if rs.slot < 0 || l.serials[rs.slot] != serial {
				return handed
			}
			rs.handler.HandlePacket(p, from)
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
	rs := s.impl.(*rawSocket)
	if !rs.v6 && !to.Addr().Unmap().Is4() {
		l.sendErrors.Add(1)
		return nil
	}
	if l.send.n == sendQueue {
		l.Flush()
	}
	l.send.put(rs, p, to)
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
