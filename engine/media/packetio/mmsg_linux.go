//go:build linux && (amd64 || arm64)

package packetio

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Here and in ring_linux.go is the package's unsafe code. x/sys has no recvmmsg and sendmmsg, and x/net's allocate an address per datagram.
// The message headers are built once and point into arrays of the same heap object, which the garbage collector never moves.

// mmsghdr is struct mmsghdr of recvmmsg(2) on 64-bit systems.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// sockaddr has room for either family; its first two bytes are the family.
type sockaddr [unix.SizeofSockaddrInet6]byte

type recvRing struct {
	got     int // places the last read has used
	msgs    [recvBatch]mmsghdr
	iovs    [recvBatch]unix.Iovec
	names   [recvBatch]sockaddr
	control [recvBatch][dropsSpace]byte
	slab    [recvBatch][MaxDatagram]byte
}

func (r *recvRing) init() {
	for i := range r.msgs {
		r.iovs[i].Base = &r.slab[i][0]
		r.iovs[i].SetLen(MaxDatagram)
		h := &r.msgs[i].hdr
		h.Name, h.Iov, h.Control = &r.names[i][0], &r.iovs[i], &r.control[i][0]
		h.SetIovlen(1)
	}
	r.got = recvBatch
}

// read fills the ring from its beginning and returns how many datagrams it got.
func (r *recvRing) read(fd int) (int, error) {
	for i := range r.got { // the kernel writes over both lengths
		h := &r.msgs[i].hdr
		h.Namelen = uint32(len(r.names[i]))
		h.SetControllen(dropsSpace)
	}
	r.got = 0
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.msgs[0])), recvBatch, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	r.got = int(n)
	return r.got, nil
}

// datagram returns what read put at i; false for one that was cut.
func (r *recvRing) datagram(i int, s *Socket) ([]byte, netip.AddrPort, bool) {
	m := &r.msgs[i]
	if m.hdr.Controllen > 0 {
		if d, ok := kernelDrops(r.control[i][:min(m.hdr.Controllen, dropsSpace)]); ok {
			s.drops.Store(d)
		}
	}
	return r.slab[i][:min(m.len, MaxDatagram)], r.names[i].addrPort(), m.hdr.Flags&unix.MSG_TRUNC == 0
}

func (a *sockaddr) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(a[2:])
	if binary.NativeEndian.Uint16(a[:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a[4:8])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(a[8:24])).Unmap(), port)
}

// put writes to as an address of rs's family and returns its length.
func (a *sockaddr) put(rs *rawSocket, to netip.AddrPort) uint32 {
	binary.BigEndian.PutUint16(a[2:], to.Port())
	if !rs.v6 {
		binary.NativeEndian.PutUint16(a[:], unix.AF_INET)
		ip := to.Addr().Unmap().As4()
		copy(a[4:8], ip[:])
		return unix.SizeofSockaddrInet4
	}
	binary.NativeEndian.PutUint16(a[:], unix.AF_INET6)
	binary.NativeEndian.PutUint32(a[4:], 0) // flow label
	ip := to.Addr().As16()                  // maps IPv4
	copy(a[8:24], ip[:])
	binary.NativeEndian.PutUint32(a[24:], rs.scope)
	return unix.SizeofSockaddrInet6
}

type sendRing struct {
	n     int
	fds   [sendQueue]int
	msgs  [sendQueue]mmsghdr
	iovs  [sendQueue]unix.Iovec
	names [sendQueue]sockaddr
	slab  [sendQueue][MaxDatagram]byte
}

func (r *sendRing) init() {
	for i := range r.msgs {
		r.iovs[i].Base = &r.slab[i][0]
		h := &r.msgs[i].hdr
		h.Name, h.Iov = &r.names[i][0], &r.iovs[i]
		h.SetIovlen(1)
	}
}

func (r *sendRing) put(rs *rawSocket, p []byte, to netip.AddrPort) {
	i := r.n
	r.n++
	r.fds[i] = rs.fd
	r.iovs[i].SetLen(copy(r.slab[i][:], p))
	r.msgs[i].hdr.Namelen = r.names[i].put(rs, to)
}

// flush sends everything, neighbours on one socket by one system call, and returns how many the kernel refused.
func (r *sendRing) flush() (lost int) {
	for i := 0; i < r.n; {
		j := i + 1
		for j < r.n && r.fds[j] == r.fds[i] {
			j++
		}
		for i < j {
			sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(r.fds[i]), uintptr(unsafe.Pointer(&r.msgs[i])), uintptr(j-i), unix.MSG_DONTWAIT, 0, 0)
			if errno == unix.EINTR {
				continue
			}
			if errno != 0 || sent == 0 { // the first one failed; the others may have another destination
				lost++
				sent = 1
			}
			i += int(sent)
		}
	}
	r.n = 0
	return lost
}

// waitEpoll waits with nanosecond resolution; d < 0 means for ever.
func waitEpoll(ep int, events []unix.EpollEvent, d time.Duration, raw bool) (int, error) {
	var ts *unix.Timespec
	if d >= 0 {
		t := unix.NsecToTimespec(int64(d))
		ts = &t
	}
	var n uintptr
	var errno unix.Errno
	if raw {
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
			uintptr(unsafe.Pointer(ts)), 0, 0)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
			uintptr(unsafe.Pointer(ts)), 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// scopeID turns an IPv6 zone into an interface index; 0 if there is none.
func scopeID(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if ifc, err := net.InterfaceByName(zone); err == nil {
		return uint32(ifc.Index)
	}
	return 0
}
