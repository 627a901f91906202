package sip

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketBuffer holds some seconds of a REGISTER storm while the reader is kept from running.
const socketBuffer = 4 << 20

// control sets a socket's options before it is bound or connected. Options that the system refuses are left: marking is a
// wish, and SO_RCVBUF is cut to net.core.rmem_max without CAP_NET_ADMIN. Connections inherit what their listener has, so TCP
// keeps the system's buffers: large ones, each filled by a stranger, would be our memory.
//
// Deviates: no SO_REUSEADDR on UDP, because on Linux a second process could then take our port without an error; Go sets it on
// TCP listeners.
func control(cfg TransportConfig, udp bool) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			s := int(fd)
			if udp {
				if unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) != nil {
					_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer)
				}
				if unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer) != nil {
					_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer)
				}
			}
			v6 := network[len(network)-1] == '6'
			if cfg.TOS > 0 {
				if v6 {
					_ = unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, cfg.TOS)
				} else {
					_ = unix.SetsockoptInt(s, unix.IPPROTO_IP, unix.IP_TOS, cfg.TOS)
				}
			}
			if cfg.COS > 0 {
				_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_PRIORITY, cfg.COS)
			}
			if udp && cfg.Bind.Addr().IsUnspecified() {
				if v6 {
					_ = unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
				} else {
					_ = unix.SetsockoptInt(s, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
				}
			}
		})
	}
}

// localOf reads from a control message which of our addresses a datagram was sent to. A listener on 0.0.0.0 must answer
// from that address, or NATs and phones take the answer for a stranger's.
func localOf(oob []byte) netip.Addr {
	for len(oob) >= unix.SizeofCmsghdr {
		hdr, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		switch {
		case hdr.Level == unix.IPPROTO_IP && hdr.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			// struct in_pktinfo { int ifindex; struct in_addr spec_dst; struct in_addr addr; }
			a, _ := netip.AddrFromSlice(data[4:8])
			return a
		case hdr.Level == unix.IPPROTO_IPV6 && hdr.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			// struct in6_pktinfo { struct in6_addr addr; unsigned int ifindex; }
			a, _ := netip.AddrFromSlice(data[:16])
			return a
		}
		oob = rest
	}
	return netip.Addr{}
}

// fromLocal returns the control message that sends a datagram from one of our addresses; nil leaves it to routing.
func fromLocal(local netip.Addr) []byte {
	switch {
	case local.Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: local.As4()})
	case local.Is6():
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: local.As16()})
	}
	return nil
}

func network(proto string, a netip.Addr) string {
	if a.Unmap().Is4() {
		return proto + "4"
	}
	return proto + "6"
}

func addrPortOf(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
