package media_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"asterism/engine/bridge"
	"asterism/engine/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddr("127.0.0.1")

// eachBackend runs f with a real engine on every back end there is here.
func eachBackend(t *testing.T, c media.Config, f func(t *testing.T, e *media.Engine)) {
	for _, name := range []string{"io_uring", "epoll", "udp"} {
		t.Run(name, func(t *testing.T) {
			c.Backend, c.Log = name, zerolog.Nop()
			e, err := media.New(c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.Close)
			f(t, e)
		})
	}
}

// phone is a socket of a peer; what it gets is kept.
type phone struct {
	t    testing.TB
	conn *net.UDPConn
	addr netip.AddrPort
	*media.Speaker

	mu  sync.Mutex // guards got
	got []rtp.Packet
	end chan struct{}
}

func newPhone(t testing.TB, ip string, ssrc uint32) *phone {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{t: t, conn: conn, addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), end: make(chan struct{})}
	p.Speaker = media.NewSpeaker(p.addr.String(), ssrc)
	go p.listen()
	t.Cleanup(func() { _ = conn.Close(); <-p.end })
	return p
}

func (p *phone) listen() {
	defer close(p.end)
	b := make([]byte, 2048)
	for {
		n, _, err := p.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		var packet rtp.Packet
		if packet.Unmarshal(append([]byte(nil), b[:n]...)) == nil {
			p.mu.Lock()
			p.got = append(p.got, packet)
			p.mu.Unlock()
		}
	}
}

func (p *phone) heard() []rtp.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]rtp.Packet(nil), p.got...)
}

func (p *phone) say(to *media.Port, n byte) {
	if _, err := p.conn.WriteToUDPAddrPort(p.Packet(media.Voice(n)), to.LocalAddr()); err != nil {
		p.t.Error(err)
	}
}

// wait until ok, looking often, for five seconds at most.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 5 s", what)
}

func newPort(t testing.TB, e *media.Engine, c media.PortConfig, peer netip.AddrPort) *media.Port {
	t.Helper()
	p, err := e.NewPort(c)
	if err != nil {
		t.Fatal(err)
	}
	p.SetStream(media.AgreedStream(peer, media.FormatULaw))
	return p
}

func TestCall(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		eachBackend(t, media.Config{StrictRTP: true, Shards: 2, PortMin: 21000, PortMax: 21999}, func(t *testing.T, e *media.Engine) {
			c := media.PortConfig{LocalIP: netip.MustParseAddr(ip), TOS: 184}
			alice, bob := newPhone(t, ip, 1), newPhone(t, ip, 2)
			a, b := newPort(t, e, c, alice.addr), newPort(t, e, c, bob.addr) // on two shards: joining moves one
			br, err := bridge.Join(a, b)
			if err != nil {
				t.Fatal(err)
			}
			if a.LocalAddr().Port()%2 != 0 {
				t.Error("RTP on an odd port")
			}
			for i := range 20 {
				alice.say(a, byte(i))
				bob.say(b, byte(i+100))
				wait(t, "relay", func() bool { return len(bob.heard()) == i+1 && len(alice.heard()) == i+1 })
			}
			checkContinuous(t, alice.heard())
			for i, p := range bob.heard() {
				if p.Payload[0] != byte(i) {
					t.Errorf("packet %d says %d", i, p.Payload[0])
				}
			}
			br.Leave()
			a.Close()
			b.Close()
			wait(t, "close", func() bool { return e.Stats().Ports == 0 })
			if s := e.Stats(); s.PacketsIn != 40 || s.PacketsOut != 40 || s.Dropped != 0 || s.SendErrors != 0 {
				t.Errorf("%+v", s)
			}
			if s := a.Stats(); s.PacketsIn != 20 || s.RemoteSSRC != 1 || s.Source != alice.addr || s.LastPacket.IsZero() {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestRTCPSocket(t *testing.T) {
	eachBackend(t, media.Config{StrictRTP: true, RTCPInterval: 50 * time.Millisecond, PortMin: 21000, PortMax: 21999}, func(t *testing.T, e *media.Engine) {
		rtp, rtcp := newPhone(t, "127.0.0.1", 1), newPhone(t, "127.0.0.1", 1)
		p, err := e.NewPort(media.PortConfig{LocalIP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		s := media.AgreedStream(rtp.addr, media.FormatULaw)
		s.RemoteRTCP = rtcp.addr
		p.SetStream(s)
		p.Play(media.Tone(8000, []float64{440}, nil, 0), nil)
		wait(t, "reports", func() bool { return len(rtcp.heard()) >= 3 && len(rtp.heard()) >= 5 })
	})
}

func TestPortRange(t *testing.T) {
	eachBackend(t, media.Config{PortMin: 22001, PortMax: 22020}, func(t *testing.T, e *media.Engine) {
		seen := map[uint16]bool{}
		var ports []*media.Port
		for {
			p, err := e.NewPort(media.PortConfig{LocalIP: loopback})
			if errors.Is(err, media.ErrNoPorts) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			port := p.LocalAddr().Port()
			if port%2 != 0 || port < 22002 || port > 22018 || seen[port] {
				t.Errorf("port %d", port)
			}
			seen[port] = true
			ports = append(ports, p)
		}
		if len(ports) < 5 { // nine, unless something else on this machine has some of them
			t.Fatalf("%d ports", len(ports))
		}
		for range 50 { // recovered at once
			i := rand.IntN(len(ports))
			ports[i].Close()
			p, err := e.NewPort(media.PortConfig{LocalIP: loopback})
			if err != nil {
				t.Fatal("after Close:", err)
			}
			ports[i] = p
		}
	})
	for _, c := range []media.Config{{PortMin: 5, PortMax: 5}, {PortMin: 10, PortMax: 10}, {PortMin: 65534, PortMax: 65536}, {PortMin: -4, PortMax: 10}} {
		if e, err := media.New(c); err == nil {
			e.Close()
			t.Errorf("%d–%d was taken", c.PortMin, c.PortMax)
		}
	}
}

// TestUnguessable: ports do not come in an order from which the next one follows.
func TestUnguessable(t *testing.T) {
	e, err := media.New(media.Config{PortMin: 23000, PortMax: 24999})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	near := 0
	last := 0
	for range 100 {
		p, err := e.NewPort(media.PortConfig{LocalIP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		port := int(p.LocalAddr().Port())
		if d := port - last; d >= -8 && d <= 8 {
			near++
		}
		last = port
	}
	if near > 10 {
		t.Errorf("%d of 100 ports are next to the one before", near)
	}
}

func TestClosedEngine(t *testing.T) {
	eachBackend(t, media.Config{PortMin: 21000, PortMax: 21999}, func(t *testing.T, e *media.Engine) {
		p, err := e.NewPort(media.PortConfig{LocalIP: loopback})
		if err != nil {
			t.Fatal(err)
		}
		var done atomic.Int32
		p.Play(media.Tone(8000, nil, nil, 0), func() { done.Add(1) })
		e.Close()
		e.Close()
		p.Play(media.Tone(8000, nil, nil, 0), func() { done.Add(1) })()
		p.Close()
		p.SetStream(media.Stream{})
		p.SendDigit('1', 0)
		p.Echo(true)
		if _, err := e.NewPort(media.PortConfig{LocalIP: loopback}); !errors.Is(err, media.ErrClosed) {
			t.Error("NewPort:", err)
		}
		a, b := e.NewPair(media.PortConfig{}, media.PortConfig{})
		if _, err := bridge.Join(a, b); !errors.Is(err, media.ErrClosed) {
			t.Error("Join:", err)
		}
		if done.Load() != 2 {
			t.Errorf("done %d times", done.Load())
		}
		_ = p.Stats()
		_ = e.Stats()
	})
}
