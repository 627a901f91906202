//go:build linux && (amd64 || arm64)

package packetio

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// listenRaw opens a non-blocking socket, for epoll and io_uring alike.
func listenRaw(c Config) (*Socket, error) {
	if !c.Addr.Addr().IsValid() {
		c.Addr = netip.AddrPortFrom(netip.IPv6Unspecified(), c.Addr.Port())
		s, err := listenRaw(c)
		if err != nil && !addrInUse(err) {
			c.Addr = netip.AddrPortFrom(netip.IPv4Unspecified(), c.Addr.Port())
			return listenRaw(c)
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
	rs := &rawSocket{fd: fd, v6: v6, slot: -1}
	s := &Socket{impl: rs}
	if err := rs.bind(c, s); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// rawSocket is a descriptor; slot is its place in the loop that has it.
type rawSocket struct {
	fd      int
	v6      bool
	scope   uint32 // interface of a link-local socket
	slot    int
	handler Handler
	waiting []waiting // io_uring: received by a loop that no longer has the socket, for the next one
}

// waiting is a datagram between two loops.
type waiting struct {
	data []byte
	from netip.AddrPort
}

func (rs *rawSocket) bind(c Config, s *Socket) error {
	if err := setOptions(rs.fd, c, rs.v6); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(c.Addr.Port()), Addr: [4]byte{}}
	if rs.v6 {
		only := 1
		if c.Addr.Addr().IsUnspecified() {
			only = 0
		}
		if err := unix.SetsockoptInt(rs.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		rs.scope = scopeID(c.Addr.Addr().Zone())
		sa = &unix.SockaddrInet6{Port: int(c.Addr.Port()), Addr: c.Addr.Addr().As16(), ZoneId: rs.scope}
	} else {
		sa.(*unix.SockaddrInet4).Addr = c.Addr.Addr().As4()
	}
	if err := unix.Bind(rs.fd, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	bound, err := unix.Getsockname(rs.fd)
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

func (rs *rawSocket) close() error { return unix.Close(rs.fd) }
