package wire

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Road is what a network does to the packets on their way from a socket to the PBX. It counts, and draws from a fixed seed, so
// that every run meets the same faults.
type Road struct {
	Loss   int           // each so many-th packet is lost; 0: none
	Swap   int           // each so many-th comes after the one behind it
	Double int           // each so many-th comes twice
	Jitter time.Duration // each takes up to so much longer than the fastest; none overtakes another
}

type parcel struct {
	data []byte
	to   netip.AddrPort
	due  time.Time
}

// open begins to carry what is put on it to its end, until done is closed. put belongs to one goroutine at a time.
func (r *Road) open(end func(b []byte, to netip.AddrPort) error, done <-chan struct{}) (put func(b []byte, to netip.AddrPort)) {
	under := make(chan parcel, 1024)
	go func() { // ends with the socket's reader
		for {
			select {
			case p := <-under:
				time.Sleep(time.Until(p.due))
				_ = end(p.data, p.to) // a closed socket is told by done
			case <-done:
				return
			}
		}
	}()
	rnd, count := rand.New(rand.NewPCG(7, 11)), 0
	var held *parcel
	return func(b []byte, to netip.AddrPort) {
		count++
		p := parcel{append([]byte(nil), b...), to, time.Now()}
		if r.Jitter > 0 {
			p.due = p.due.Add(time.Duration(rnd.Int64N(int64(r.Jitter))))
		}
		switch {
		case every(count, r.Loss):
			return
		case every(count, r.Swap) && held == nil:
			held = &p
			return
		}
		under <- p
		if held != nil {
			under <- *held
			held = nil
		}
		if every(count, r.Double) {
			under <- p
		}
	}
}

func every(count, n int) bool { return n > 0 && count%n == 0 }
