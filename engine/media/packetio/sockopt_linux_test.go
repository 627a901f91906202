package packetio

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMarking(t *testing.T) {
	for _, b := range backends() {
		for _, ip := range []string{"127.0.0.1", "::1"} {
			t.Run(b.Name()+" "+ip, func(t *testing.T) {
				addr := netip.AddrPortFrom(netip.MustParseAddr(ip), 0)
				s, err := b.Listen(Config{Addr: addr, TOS: 184, COS: 5, RecvBuffer: 65536})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				level, option := unix.IPPROTO_IP, unix.IP_TOS
				if addr.Addr().Is6() {
					level, option = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
				}
				get := func(fd int) {
					if v, err := unix.GetsockoptInt(fd, level, option); err != nil || v != 184 {
						t.Errorf("TOS %d, %v", v, err)
					}
					if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PRIORITY); err != nil || v != 5 {
						t.Errorf("priority %d, %v", v, err)
					}
					if v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF); err != nil || v < 65536 {
						t.Errorf("receive buffer %d, %v", v, err)
					}
				}
				switch impl := s.impl.(type) {
				case *rawSocket:
					get(impl.fd)
				case *udpSocket:
					rc, err := impl.conn.SyscallConn()
					if err != nil {
						t.Fatal(err)
					}
					if err := rc.Control(func(fd uintptr) { get(int(fd)) }); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}
