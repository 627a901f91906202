//go:build linux && (amd64 || arm64)

package packetio

import (
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// uring is the back end of newer Linux systems (6.1): one receive request per socket stays in the kernel and fills buffers all
// sockets share; sends are submitted together. Containers often forbid it.
//
// A loop is bound to the thread that uses it first: its goroutine must be locked to it (runtime.LockOSThread).
type uring struct{}

func (uring) Name() string                     { return "io_uring" }
func (uring) Listen(c Config) (*Socket, error) { return listenRaw(c) }
func (uring) NewLoop() (l Loop, err error)     { return newUringLoop() }

// What a completion is about: a socket's slot, counted from tagSlot, or one of these.
const (
	tagNone = iota // a cancellation; or taken out of the queue
	tagWake
	tagSend
	tagSlot = 16
)

// uringBudget bounds what one pass hands over, so that a flood does not starve the clock.
const uringBudget = 1024

type uringLoop struct {
	ring  *ring
	sends int // slab places used by entries not yet submitted

	slots   []uringSlot
	free    []int
	unarmed []int     // slots, perhaps given to another socket since, that may have no receive request
	heirs   []*Socket // added with datagrams another loop had received

	queue []cqe // completions taken from the ring; those before at are done
	at    int

	waker
	wakeArmed  bool
	sendErrors atomic.Uint64
}

type uringSlot struct {
	socket *Socket // nil = free
	armed  bool    // the kernel has a receive request
	fixed  bool    // the slot's number is the socket's in the table of files
}

func newUringLoop() (Loop, error) {
	wakeFD, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	r, err := newRing()
	if err != nil {
		_ = unix.Close(wakeFD)
		return nil, err
	}
	return &uringLoop{ring: r, waker: waker{wakeFD: wakeFD}, queue: make([]cqe, 0, cqEntries)}, nil
}

func (l *uringLoop) Add(s *Socket, h Handler) error {
	rs := s.impl.(*rawSocket)
	if len(l.free) == 0 {
		l.free = append(l.free, len(l.slots))
		l.slots = append(l.slots, uringSlot{})
	}
	slot := l.free[len(l.free)-1]
	l.free = l.free[:len(l.free)-1]
	l.slots[slot] = uringSlot{socket: s, fixed: l.ring.file(slot, rs.fd)}
	rs.slot, rs.handler = slot, h
	l.unarmed = append(l.unarmed, slot)
	if len(rs.waiting) > 0 {
		l.heirs = append(l.heirs, s)
	}
	return nil
}

// Remove keeps what has been received and not handed over with the socket.
func (l *uringLoop) Remove(s *Socket) {
	rs := s.impl.(*rawSocket)
	if rs.slot < 0 || rs.slot >= len(l.slots) || l.slots[rs.slot].socket != s {
		return
	}
	slot := &l.slots[rs.slot]
	tag := uint64(tagSlot + rs.slot)
	l.Flush()
	if slot.armed {
		if e := l.entry(); e != nil {
			e.opcode, e.flags, e.fd, e.addr = opAsyncCancel, sqeSkipSuccess, -1, tag
		}
		// The request holds the socket: until its last completion has come the port is not free.
		_ = l.ring.enter(0, false)
		l.take()
		for tries := 0; slot.armed && tries < 100; tries++ {
			_ = l.ring.enter(10*time.Millisecond, false)
			l.take()
		}
	}
	for i := l.at; i < len(l.queue); i++ {
		c := &l.queue[i]
		if c.userData != tag {
			continue
		}
		if c.flags&cqeBuffer != 0 {
			id := uint16(c.flags >> 16)
			if p, from, ok := l.ring.datagram(id, s); ok && c.res >= 0 {
				rs.waiting = append(rs.waiting, waiting{append([]byte(nil), p...), from})
			}
			l.ring.giveBack(id)
		}
		*c = cqe{}
	}
	l.ring.publish()
	if slot.fixed {
		l.ring.file(rs.slot, -1)
	}
	l.free = append(l.free, rs.slot)
	*slot = uringSlot{}
	rs.slot, rs.handler = -1, nil
}

func (l *uringLoop) Poll(d time.Duration, woke func()) (int, error) {
	l.arm()
	if len(l.heirs) > 0 || l.at < len(l.queue) {
		d = 0
	}
	errno := l.ring.enter(d, l.raw(d))
	if woke != nil {
		woke()
	}
	handed := l.handHeirs()
	for handed < uringBudget {
		if l.at == len(l.queue) {
			l.queue, l.at = l.queue[:0], 0
			// What one enter runs is bounded by the kernel, so one of them does not empty the sockets.
			if l.take(); len(l.queue) == 0 && l.ring.owed() {
				_ = l.ring.enter(0, false)
				l.take()
			}
			if len(l.queue) == 0 {
				break
			}
		}
		c := l.queue[l.at]
		l.at++
		handed += l.hand(c)
		if l.at == len(l.queue) {
			l.ring.publish()
		}
	}
	l.ring.publish()
	switch errno {
	case 0, unix.ETIME, unix.EINTR, unix.EAGAIN, unix.EBUSY:
		return handed, nil
	}
	return handed, os.NewSyscallError("io_uring_enter", errno)
}

// take moves completions from the ring to the queue, and notes which requests have ended with them.
func (l *uringLoop) take() {
	from := len(l.queue)
	l.queue = l.ring.take(l.queue)
	for i := from; i < len(l.queue); i++ {
		c := &l.queue[i]
		if c.flags&cqeMore != 0 {
			continue
		}
		if c.userData >= tagSlot {
			slot := int(c.userData - tagSlot)
			l.slots[slot].armed = false
			l.unarmed = append(l.unarmed, slot)
		} else if c.userData == tagWake {
			l.wakeArmed = false
		}
	}
}

// hand deals with one completion and returns the number of datagrams handed over.
func (l *uringLoop) hand(c cqe) int {
	switch {
	case c.userData == tagWake:
		l.takeWake()
	case c.userData == tagSend:
		l.sendErrors.Add(1) // only failures come
	case c.userData >= tagSlot && c.flags&cqeBuffer != 0:
		id := uint16(c.flags >> 16)
		s := l.slots[c.userData-tagSlot].socket // not nil: Remove takes its completions out of the queue
		p, from, ok := l.ring.datagram(id, s)
		if ok = ok && c.res >= 0; ok {
			s.impl.(*rawSocket).handler.HandlePacket(p, from)
		}
		l.ring.giveBack(id)
		if ok {
			return 1
		}
	}
	return 0
}

func (l *uringLoop) handHeirs() (handed int) {
	for i := 0; i < len(l.heirs); i++ {
		s := l.heirs[i]
		rs := s.impl.(*rawSocket)
		for len(rs.waiting) > 0 && rs.slot >= 0 && rs.slot < len(l.slots) && l.slots[rs.slot].socket == s {
			w := rs.waiting[0]
			rs.waiting = rs.waiting[1:]
			rs.handler.HandlePacket(w.data, w.from)
			handed++
		}
	}
	clear(l.heirs)
	l.heirs = l.heirs[:0]
	return handed
}

// arm asks for what is to come, where nothing does.
func (l *uringLoop) arm() {
	if !l.wakeArmed {
		if e := l.entry(); e != nil {
			e.opcode, e.fd, e.len, e.opFlags, e.userData = opPollAdd, int32(l.wakeFD), pollMultishot, unix.POLLIN, tagWake
			l.wakeArmed = true
		}
	}
	for len(l.unarmed) > 0 {
		slot := l.unarmed[len(l.unarmed)-1]
		if sl := &l.slots[slot]; sl.socket != nil && !sl.armed {
			e := l.entry()
			if e == nil {
				return // the next pass
			}
			e.opcode, e.flags, e.ioprio, e.bufGroup = opRecvmsg, sqeBufferSelect, recvMultishot, bufferGroup
			e.addr, e.len, e.userData = address(&l.ring.msg), 1, uint64(tagSlot+slot)
			l.file(e, sl.socket.impl.(*rawSocket))
			sl.armed = true
		}
		l.unarmed = l.unarmed[:len(l.unarmed)-1]
	}
}

// file names the socket of a request.
func (l *uringLoop) file(e *sqe, rs *rawSocket) {
	e.fd = int32(rs.fd)
	if rs.slot >= 0 && l.slots[rs.slot].fixed {
		e.fd = int32(rs.slot)
		e.flags |= sqeFixedFile
	}
}

// entry returns an entry to fill, submitting what is there if need be; nil when the kernel takes none.
func (l *uringLoop) entry() *sqe {
	e := l.ring.next()
	if e == nil {
		l.Flush()
		e = l.ring.next()
	}
	return e
}

func (l *uringLoop) Send(s *Socket, p []byte, to netip.AddrPort) error {
	if len(p) > MaxDatagram {
		return ErrTooLong
	}
	rs := s.impl.(*rawSocket)
	if !rs.v6 && !to.Addr().Unmap().Is4() {
		l.sendErrors.Add(1)
		return nil
	}
	if l.sends == sendQueue {
		l.Flush()
	}
	var e *sqe
	if l.sends < sendQueue {
		e = l.entry()
	}
	if e == nil {
		l.sendErrors.Add(1)
		return nil
	}
	i := l.sends
	l.sends++
	n := copy(l.ring.send[i][:], p)
	name := (*sockaddr)(l.ring.names[i][:])
	e.opcode, e.flags = opSend, sqeSkipSuccess
	e.addr, e.len, e.opFlags = address(&l.ring.send[i][0]), uint32(n), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL
	e.addr2, e.addrLen = address(&l.ring.names[i][0]), uint16(name.put(rs, to))
	e.userData = tagSend
	l.file(e, rs)
	return nil
}

// Flush submits what is queued. Sends do not wait in the kernel: they are done, or have failed, on return.
func (l *uringLoop) Flush() {
	for tries := 0; l.ring.pending() > 0 && tries < 10; tries++ {
		// EBUSY: completions wait for room in their queue; the others pass.
		if errno := l.ring.enter(0, false); errno == unix.EBUSY {
			l.take()
		} else if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN {
			break
		}
	}
	if l.ring.pending() == 0 {
		l.sends = 0
	}
}

func (l *uringLoop) SendErrors() uint64 { return l.sendErrors.Load() }

func (l *uringLoop) Close() error {
	l.wakeMu.Lock()
	defer l.wakeMu.Unlock()
	if l.wakeFD < 0 {
		return nil
	}
	err := unix.Close(l.wakeFD)
	l.wakeFD = -1
	l.ring.close()
	return err
}
