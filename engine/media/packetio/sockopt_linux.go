package packetio

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// dropsSpace holds the one control message we ask for: a cmsghdr and a 32-bit counter, padded.
const dropsSpace = 24

// setOptions is called before bind. v6 says the socket's family.
func setOptions(fd int, c Config, v6 bool) error {
	if c.TOS != 0 {
		if v6 {
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, c.TOS); err != nil {
				return err
			}
		}
		// Also on IPv6 sockets: it marks what they send to IPv4-mapped addresses.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, c.TOS); err != nil && !v6 {
			return err
		}
	}
	if c.COS != 0 { // after IP_TOS, which sets the priority too; above 6 it takes a privilege we may not have
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY, c.COS)
	}
	if c.RecvBuffer != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, c.RecvBuffer); err != nil {
			return err
		}
	}
	// The counter comes with a datagram only after something was dropped: free until then. Old kernels lack it.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	return nil
}

// kernelDrops reads the SO_RXQ_OVFL counter from control bytes: cmsghdr{len uint64, level, type int32}, uint32.
func kernelDrops(control []byte) (uint32, bool) {
	const header = 16
	if len(control) < header+4 ||
		binary.NativeEndian.Uint32(control[8:]) != unix.SOL_SOCKET || binary.NativeEndian.Uint32(control[12:]) != unix.SO_RXQ_OVFL {
		return 0, false
	}
	return binary.NativeEndian.Uint32(control[header:]), true
}
