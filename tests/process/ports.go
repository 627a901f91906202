package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
)

// Ports hands out port numbers below the kernel's ephemeral range, no number twice in one run, none that is taken.
type Ports struct {
	mu   sync.Mutex
	next int // guarded by mu
}

const portsFrom, portsTo = 12000, 32000

// NewPorts begins at a random place, so that two runs on one machine seldom meet.
func NewPorts() *Ports { return &Ports{next: portsFrom + 2*rand.IntN((portsTo-portsFrom)/2)} }

// Block returns the first of n consecutive ports, even, all free for UDP and TCP on every address at this moment.
func (p *Ports) Block(n int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 1000 {
		first := p.next
		if first+n > portsTo {
			first = portsFrom
		}
		taken := firstTaken(first, n)
		if taken == 0 {
			p.next = first + n + n%2
			return first, nil
		}
		p.next = taken + 2 - taken%2 // not beyond the whole block: what is taken may lie wherever blocks would meet it again
	}
	return 0, fmt.Errorf("no %d free ports between %d and %d", n, portsFrom, portsTo)
}

// firstTaken is the first of n ports that is in use, 0 if none is.
func firstTaken(first, n int) int {
	for port := first; port < first+n; port++ {
		addr := netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)).String()
		u, err := net.ListenPacket("udp", addr)
		if err != nil {
			return port
		}
		u.Close()
		t, err := net.Listen("tcp", addr)
		if err != nil {
			return port
		}
		t.Close()
	}
	return 0
}
