package media

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"syscall"

	"asterism/engine/media/packetio"
)

// pairs hands out port pairs of the range. Who can guess the next port can aim packets at the next call, so each search
// begins at a random place.
type pairs struct {
	mu       sync.Mutex // guards all below
	min, max uint16     // min even, max the last even port of the range
	used     map[uint16]bool
}

func newPairs(low, high int) (*pairs, error) {
	r := &pairs{used: map[uint16]bool{}}
	return r, r.set(low, high)
}

// set changes the range; ports outside of it stay used until they are released.
func (r *pairs) set(low, high int) error {
	if low == 0 && high == 0 {
		low, high = 10000, 20000
	}
	low += low % 2
	if low < 2 || high > 65535 || high < low+1 {
		return errors.New("media: port range must hold an even port and the odd one above it, between 2 and 65535")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.min, r.max = uint16(low), uint16((high-1)/2*2)
	return nil
}

// open binds a free pair. ErrNoPorts if there is none.
func (r *pairs) open(b packetio.Backend, c packetio.Config) (rtp, rtcp *packetio.Socket, err error) {
	r.mu.Lock()
	low, n := r.min, int(r.max-r.min)/2+1
	r.mu.Unlock()
	start := randomBelow(n)
	for i := range n {
		port := low + uint16((start+i)%n)*2
		if !r.take(port) {
			continue
		}
		rtp, rtcp, err = listenPair(b, c, port)
		if err == nil {
			return rtp, rtcp, nil
		}
		r.release(port)
		if !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EACCES) {
			return nil, nil, err // not a matter of the port: no such address, no descriptors
		}
	}
	return nil, nil, ErrNoPorts
}

// size is how many pairs the range has.
func (r *pairs) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(r.max-r.min)/2 + 1
}

// holds tells whether port is of the range.
func (r *pairs) holds(port uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.min <= port && port <= r.max
}

func listenPair(b packetio.Backend, c packetio.Config, port uint16) (rtp, rtcp *packetio.Socket, err error) {
	ip := c.Addr.Addr()
	c.Addr = netip.AddrPortFrom(ip, port)
	if rtp, err = b.Listen(c); err != nil {
		return nil, nil, err
	}
	c.Addr = netip.AddrPortFrom(rtp.LocalAddr().Addr(), port+1)
	if rtcp, err = b.Listen(c); err != nil {
		_ = rtp.Close()
		return nil, nil, err
	}
	return rtp, rtcp, nil
}

func (r *pairs) take(port uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used[port] {
		return false
	}
	r.used[port] = true
	return true
}

func (r *pairs) release(port uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.used, port)
}

func randomBelow(n int) int { return int(random64() % uint64(n)) }

// random64 comes from the system: SSRCs, first sequence numbers and ports must not be guessable (RFC 3550 §5.1, §9.1).
func random64() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program rather
	return binary.NativeEndian.Uint64(b[:])
}
