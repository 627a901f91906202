package media

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func spareEngine(t *testing.T, low, high int) *Engine {
	t.Helper()
	e, err := New(Config{PortMin: low, PortMax: high, Shards: 1, Backend: "udp", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// settled waits until the spares are n.
func (s *spares) settled(t *testing.T, n int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); s.count() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d spares, want %d", s.count(), n)
		}
	}
}

var spareHome = PortConfig{LocalIP: netip.MustParseAddr("127.0.0.1")}

// TestSpares: after the first call of a kind the next ones find their sockets open, and those are replaced.
func TestSpares(t *testing.T) {
	e := spareEngine(t, 24000, 24999)
	if e.spares.count() != 0 {
		t.Errorf("%d spares before the first call", e.spares.count())
	}
	open := func(c PortConfig) *Port {
		t.Helper()
		p, err := e.NewPort(c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	open(spareHome)
	e.spares.settled(t, sparesKept)
	first := e.spares.kinds[0].open[0].rtp
	if p := open(spareHome); p.rtp != first {
		t.Errorf("port %v, want the spare %v", p.LocalAddr(), first.LocalAddr())
	}
	e.spares.settled(t, sparesKept)
	marked := spareHome
	marked.TOS = 184
	open(marked)
	e.spares.settled(t, 2*sparesKept)
	for tos := range 8 { // kinds are bounded, calls are not
		marked.TOS = 4 * tos
		open(marked)
	}
	e.spares.settled(t, spareKinds*sparesKept)
}

// TestSparesAreCallsOfNeed: spares never stand in the way of a call, nor outlive their range.
func TestSparesAreCallsOfNeed(t *testing.T) {
	e := spareEngine(t, 24000, 24031) // 16 pairs
	marked := spareHome
	marked.TOS = 184
	var ports []*Port
	for i := range 16 {
		c := spareHome
		if i == 0 { // its spares are of no use to the others
			c = marked
		}
		p, err := e.NewPort(c)
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
		ports = append(ports, p)
	}
	if _, err := e.NewPort(spareHome); !errors.Is(err, ErrNoPorts) {
		t.Errorf("call 17: %v", err)
	}
	for _, p := range ports {
		p.Close()
	}
	if _, err := e.NewPort(spareHome); err != nil {
		t.Error(err)
	}
	if err := e.Reconfigure(Config{PortMin: 24100, PortMax: 24199}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if p, err := e.NewPort(spareHome); err != nil || p.LocalAddr().Port() < 24100 {
			t.Fatalf("%v, %v: not of the new range", p, err)
		}
	}
}
