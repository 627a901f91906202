//go:build linux && (amd64 || arm64)

package packetio

import (
	"net/netip"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The io_uring interface of the kernel (include/uapi/linux/io_uring.h), as far as we use it.
const (
	setupCQSize       = 1 << 3
	setupDisabled     = 1 << 6
	setupSubmitAll    = 1 << 7
	setupTaskrunFlag  = 1 << 9
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	featSingleMmap = 1 << 0
	featNoDrop     = 1 << 1
	featExtArg     = 1 << 8
	featCQESkip    = 1 << 11
	featNeeded     = featSingleMmap | featNoDrop | featExtArg | featCQESkip

	mmapRings = 0
	mmapSQEs  = 0x10000000

	enterGetEvents = 1 << 0
	enterExtArg    = 1 << 3

	registerFilesUpdate = 6
	registerEnable      = 12
	registerFiles2      = 13
	registerBuffers     = 22

	opPollAdd     = 6
	opRecvmsg     = 10
	opAsyncCancel = 14
	opSend        = 26

	sqeFixedFile    = 1 << 0
	sqeBufferSelect = 1 << 5
	sqeSkipSuccess  = 1 << 6

	recvMultishot = 1 << 1
	pollMultishot = 1 << 0

	cqeBuffer = 1 << 0
	cqeMore   = 1 << 1

	sqOverflow = 1 << 1
	sqTaskrun  = 1 << 2
)

type ringParams struct {
	sqEntries, cqEntries, flags, threadCPU, threadIdle, features, wqFD uint32
	_                                                                  [3]uint32
	sq                                                                 struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	addr2         uint64
	addr          uint64
	len           uint32
	opFlags       uint32
	userData      uint64
	bufGroup      uint16
	_             uint16
	addrLen       uint16
	_             uint16
	_             [2]uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

// bufEntry is struct io_uring_buf. The upper half of the first one's word is the tail of the buffer ring.
type bufEntry struct {
	addr uint64
	len  uint32
	word uint32 // buffer id
}

// recvHeader is struct io_uring_recvmsg_out: it stands before the name, control and data of a received datagram.
type recvHeader struct{ nameLen, controlLen, dataLen, flags uint32 }

const (
	recvBuffers  = 256 // few enough to stay in the cache; those not taken in time wait in their sockets' buffers
	recvNameAt   = 16
	recvControl  = recvNameAt + unix.SizeofSockaddrInet6
	recvDataAt   = recvControl + dropsSpace
	recvSize     = recvDataAt + MaxDatagram
	recvStride   = (recvSize + 63) &^ 63
	sqEntries    = 2 * sendQueue
	cqEntries    = 8 * sendQueue
	fixedFiles   = 8192 // sockets beyond them cost a look-up each time
	bufferGroup  = 0
	sendNameSize = 32
)

// slab is memory the kernel reads and writes behind Go's back, so it is none of Go's.
type slab struct {
	buffers [recvBuffers]bufEntry // page-aligned, as the kernel wants it
	recv    [recvBuffers][recvStride]byte
	names   [sendQueue][sendNameSize]byte
	send    [sendQueue][MaxDatagram]byte
	msg     unix.Msghdr
	timeout unix.Timespec
	arg     struct {
		sigmask     uint64
		sigmaskSize uint32
		minWait     uint32
		ts          uint64
	}
	update struct { // of the table of files
		offset, _ uint32
		fds       uint64
		value     int32
	}
}

// ring is an io_uring instance and its memory, without meaning: see uringLoop.
type ring struct {
	fd             int
	enabled        bool
	rings, entries []byte
	memory         []byte
	*slab

	sqHead, sqTail, sqFlags *uint32
	sqMask                  uint32
	sqes                    []sqe
	tail                    uint32 // ours; *sqTail is what the kernel may see

	cqHead, cqTail *uint32
	cqMask         uint32
	cqes           []cqe

	bufTail uint16
	buf0    uint32 // id of the buffer in the entry whose word the tail shares

	fixed int // length of the file table
}

func newRing() (*ring, error) {
	p := ringParams{cqEntries: cqEntries,
		flags: setupCQSize | setupDisabled | setupSubmitAll | setupTaskrunFlag | setupSingleIssuer | setupDeferTaskrun}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, sqEntries, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &ring{fd: int(fd)}
	if err := r.open(&p); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *ring) open(p *ringParams) (err error) {
	if p.features&featNeeded != featNeeded {
		return os.NewSyscallError("io_uring_setup", unix.ENOSYS)
	}
	size := max(uintptr(p.sq.array)+uintptr(p.sqEntries)*4, uintptr(p.cq.cqes)+uintptr(p.cqEntries)*unsafe.Sizeof(cqe{}))
	const access = unix.PROT_READ | unix.PROT_WRITE
	if r.rings, err = unix.Mmap(r.fd, mmapRings, int(size), access, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	size = uintptr(p.sqEntries) * unsafe.Sizeof(sqe{})
	if r.entries, err = unix.Mmap(r.fd, mmapSQEs, int(size), access, unix.MAP_SHARED|unix.MAP_POPULATE); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	if r.memory, err = unix.Mmap(-1, 0, int(unsafe.Sizeof(slab{})), access, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	r.slab = (*slab)(unsafe.Pointer(&r.memory[0]))
	word := func(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[at])) }
	r.sqHead, r.sqTail, r.sqFlags, r.sqMask = word(p.sq.head), word(p.sq.tail), word(p.sq.flags), *word(p.sq.mask)
	r.cqHead, r.cqTail, r.cqMask = word(p.cq.head), word(p.cq.tail), *word(p.cq.mask)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&r.entries[0])), p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&r.rings[p.cq.cqes])), p.cqEntries)
	for i := range p.sqEntries { // entries are used in order
		*word(p.sq.array + i*4) = i
	}
	r.msg.Namelen = unix.SizeofSockaddrInet6
	r.msg.SetControllen(dropsSpace)
	return r.register()
}

// register gives the kernel the receive buffers and the table of files.
func (r *ring) register() error {
	reg := struct {
		addr    uint64
		entries uint32
		group   uint16
		flags   uint16
		_       [3]uint64
	}{addr: address(&r.buffers[0]), entries: recvBuffers, group: bufferGroup}
	if err := r.control(registerBuffers, unsafe.Pointer(&reg), 1); err != nil {
		return err
	}
	for i := range uint16(recvBuffers) {
		r.giveBack(i)
	}
	r.publish()
	table := struct {
		n, flags   uint32
		_          uint64
		data, tags uint64
	}{n: fixedFiles, flags: 1 /* sparse */}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && limit.Cur < fixedFiles {
		table.n = uint32(limit.Cur)
	}
	if err := r.control(registerFiles2, unsafe.Pointer(&table), uint32(unsafe.Sizeof(table))); err == nil {
		r.fixed = int(table.n) // else: every socket costs a look-up
	}
	return nil
}

// address is the address of slab memory, which does not move.
func address[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

func (r *ring) control(op uintptr, arg unsafe.Pointer, n uint32) error {
	if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), op, uintptr(arg), uintptr(n), 0, 0); errno != 0 {
		return os.NewSyscallError("io_uring_register", errno)
	}
	return nil
}

// file puts fd, or -1, into a place of the table; false if it is not there.
func (r *ring) file(place, fd int) bool {
	if place >= r.fixed {
		return false
	}
	u := &r.update
	u.value, u.offset, u.fds = int32(fd), uint32(place), address(&u.value)
	n, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerFilesUpdate, uintptr(unsafe.Pointer(u)), 1, 0, 0)
	return errno == 0 && n == 1
}

// next returns a cleared entry, to be seen by the kernel at the next enter; nil if the queue is full.
func (r *ring) next() *sqe {
	if r.tail-atomic.LoadUint32(r.sqHead) >= uint32(len(r.sqes)) {
		return nil
	}
	e := &r.sqes[r.tail&r.sqMask]
	r.tail++
	*e = sqe{}
	return e
}

// pending is how many entries the kernel has not taken.
func (r *ring) pending() uint32 { return r.tail - atomic.LoadUint32(r.sqHead) }

// enter submits all entries, and runs what the kernel has put off for us. d = 0 does not wait; otherwise it returns at the first
// completion or after d (< 0: no limit), in a raw system call if raw says so.
func (r *ring) enter(d time.Duration, raw bool) unix.Errno {
	if !r.enabled { // by the thread that will use it, not by the one that made it
		if err := r.control(registerEnable, nil, 0); err != nil {
			return unix.EBADFD
		}
		r.enabled = true
	}
	atomic.StoreUint32(r.sqTail, r.tail)
	n := r.pending()
	if d == 0 {
		// Raw: it does not sleep, and the scheduler need not take our place away for so short a time.
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(n), 0, enterGetEvents, 0, 0)
		return errno
	}
	r.arg.ts = 0
	if d > 0 {
		r.timeout = unix.NsecToTimespec(int64(d))
		r.arg.ts = address(&r.timeout)
	}
	const flags = enterGetEvents | enterExtArg
	arg, size := uintptr(address(&r.arg)), unsafe.Sizeof(r.arg)
	if raw {
		_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(n), 1, flags, arg, size)
		return errno
	}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(n), 1, flags, arg, size)
	return errno
}

// owed: the kernel has work of ours, or completions it had no room for, for the next enter.
func (r *ring) owed() bool { return atomic.LoadUint32(r.sqFlags)&(sqTaskrun|sqOverflow) != 0 }

// take appends the completions to q.
func (r *ring) take(q []cqe) []cqe {
	head, tail := atomic.LoadUint32(r.cqHead), atomic.LoadUint32(r.cqTail)
	for ; head != tail; head++ {
		q = append(q, r.cqes[head&r.cqMask])
	}
	atomic.StoreUint32(r.cqHead, head)
	return q
}

// giveBack returns a receive buffer; publish shows it to the kernel.
func (r *ring) giveBack(id uint16) {
	i := r.bufTail & (recvBuffers - 1)
	e := &r.buffers[i]
	e.addr, e.len = address(&r.recv[id][0]), recvSize
	if i == 0 {
		r.buf0 = uint32(id)
	} else {
		e.word = uint32(id)
	}
	r.bufTail++
}

func (r *ring) publish() { atomic.StoreUint32(&r.buffers[0].word, r.buf0|uint32(r.bufTail)<<16) }

// datagram reads buffer id; false for one that was cut.
func (r *ring) datagram(id uint16, s *Socket) ([]byte, netip.AddrPort, bool) {
	b := &r.recv[id]
	h := (*recvHeader)(unsafe.Pointer(b))
	if h.controlLen > 0 {
		if d, ok := kernelDrops(b[recvControl:][:min(h.controlLen, dropsSpace)]); ok {
			s.drops.Store(d)
		}
	}
	from := (*sockaddr)(b[recvNameAt:]).addrPort()
	return b[recvDataAt:][:min(h.dataLen, MaxDatagram)], from, h.flags&unix.MSG_TRUNC == 0
}

func (r *ring) close() {
	_ = unix.Close(r.fd)
	for _, m := range [][]byte{r.rings, r.entries, r.memory} {
		if m != nil {
			_ = unix.Munmap(m)
		}
	}
}

// waitReadable waits until fd is readable or d has passed.
func waitReadable(fd int, d time.Duration, raw bool) {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	ts := unix.NsecToTimespec(int64(d))
	if raw {
		_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		return
	}
	_, _, _ = unix.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}
