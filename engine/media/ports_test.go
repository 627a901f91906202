package media

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/rs/zerolog"
)

// TestReconfigure: a new range holds for new ports, and those of the old one go back to nobody's harm.
func TestReconfigure(t *testing.T) {
	e, err := New(Config{PortMin: 23000, PortMax: 23003, Shards: 1, Backend: "udp", Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	open := func() uint16 {
		t.Helper()
		p, err := e.NewPort(PortConfig{LocalIP: netip.MustParseAddr("127.0.0.1")})
		if err != nil {
			t.Fatal(err)
		}
		return p.LocalAddr().Port()
	}
	if p := open(); p < 23000 || p > 23002 {
		t.Fatalf("port %d", p)
	}
	if err := e.Reconfigure(Config{PortMin: 9, PortMax: 8}); err == nil {
		t.Error("an empty range was taken")
	}
	if p := open(); p < 23000 || p > 23002 {
		t.Errorf("port %d after a refused range", p)
	}
	if err := e.Reconfigure(Config{PortMin: 23100, PortMax: 23101}); err != nil {
		t.Fatal(err)
	}
	if p := open(); p != 23100 {
		t.Errorf("port %d, want 23100", p)
	}
	if _, err := e.NewPort(PortConfig{LocalIP: netip.MustParseAddr("127.0.0.1")}); !errors.Is(err, ErrNoPorts) {
		t.Errorf("a second port of one pair: %v", err)
	}
}
