package media

import (
	"sync"

	"asterism/engine/media/packetio"
)

// spares keeps pairs of sockets open before calls want them, so that an INVITE does not wait for the system:
//
//	NewPort ─► take: one of its kind, else pairs.open ─► wake ─► run opens new ones on its own goroutine
//
// A kind is what sockets are opened with, port aside; the first call of a kind opens its own. Spares count as used ports of the range,
// and are given up when it runs out or changes.
type spares struct {
	backend packetio.Backend
	pairs   *pairs
	wake    chan struct{} // room for one
	stop    chan struct{}
	done    chan struct{} // closed when run has returned

	opening sync.Mutex // held while run opens a pair that nobody else sees yet

	mu      sync.Mutex // guards all below
	kinds   []spareKind
	closing bool
}

// spareKind is a queue of open pairs, first opened first.
type spareKind struct {
	config packetio.Config
	open   []sparePair
}

type sparePair struct{ rtp, rtcp *packetio.Socket }

const (
	// sparesKept are as many as a tenth of a second of the busiest hour takes.
	sparesKept = 32
	// spareKinds bounds the descriptors: addresses and markings beyond them are opened as they are asked for.
	spareKinds = 4
)

func newSpares(b packetio.Backend, p *pairs) *spares {
	s := &spares{backend: b, pairs: p, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go s.run() // ended and waited for by close
	return s
}

// take returns an open pair of this kind; false if there is none.
func (s *spares) take(c packetio.Config) (sparePair, bool) {
	defer s.refill()
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kind(c)
	if k == nil || len(k.open) == 0 {
		return sparePair{}, false
	}
	p := k.open[0]
	k.open = append(k.open[:0], k.open[1:]...)
	return p, true
}

// kind finds or makes the queue of c; nil if there are too many. mu is held.
func (s *spares) kind(c packetio.Config) *spareKind {
	for i := range s.kinds {
		if s.kinds[i].config == c {
			return &s.kinds[i]
		}
	}
	if len(s.kinds) == spareKinds || s.closing {
		return nil
	}
	s.kinds = append(s.kinds, spareKind{config: c})
	return &s.kinds[len(s.kinds)-1]
}

func (s *spares) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kinds {
		n += len(k.open)
	}
	return n
}

func (s *spares) refill() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *spares) run() {
	defer close(s.done)
	for {
		select {
		case <-s.wake:
			for s.openOne() {
			}
		case <-s.stop:
			return
		}
	}
}

// openOne adds a pair to the first kind that lacks one; false when none does, or none can be opened: the next call tries again.
func (s *spares) openOne() bool {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	var lacking *packetio.Config
	for i := range s.kinds {
		if k := &s.kinds[i]; len(k.open) < min(sparesKept, s.pairs.size()/8) && !s.closing {
			c := k.config
			lacking = &c
			break
		}
	}
	s.mu.Unlock()
	if lacking == nil {
		return false
	}
	rtp, rtcp, err := s.pairs.open(s.backend, *lacking)
	if err != nil {
		return false
	}
	p := sparePair{rtp, rtcp}
	s.mu.Lock()
	k := s.kind(*lacking)
	keep := k != nil && s.pairs.holds(rtp.LocalAddr().Port())
	if keep {
		k.open = append(k.open, p)
	}
	s.mu.Unlock()
	if !keep {
		s.giveUp(p)
	}
	return keep
}

// drop closes all spares: their ports are free, or of another range. Calls make new ones.
func (s *spares) drop() {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.dropAll()
}

// openInstead opens a pair when all ports are in use, some of them perhaps by spares of other kinds.
func (s *spares) openInstead(c packetio.Config) (rtp, rtcp *packetio.Socket, err error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.dropAll()
	return s.pairs.open(s.backend, c)
}

// dropAll is drop with opening held.
func (s *spares) dropAll() {
	s.mu.Lock()
	kinds := s.kinds
	s.kinds = nil
	s.mu.Unlock()
	for _, k := range kinds {
		for _, p := range k.open {
			s.giveUp(p)
		}
	}
}

func (s *spares) giveUp(p sparePair) {
	_, _ = p.rtp.Close(), p.rtcp.Close() // nothing was ever sent or read on them
	s.pairs.release(p.rtp.LocalAddr().Port())
}

// close ends run and closes the spares; from then on there are none. It is idempotent.
func (s *spares) close() {
	s.mu.Lock()
	was := s.closing
	s.closing = true
	s.mu.Unlock()
	if !was {
		close(s.stop)
	}
	<-s.done
	s.drop()
}
