package media_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/engine/bridge"
	"asterism/engine/media"
)

// stressPorts are open at a time, or a few less.
const stressPorts = 1000

// TestStress: a thousand ports are opened, joined, moved between shards, brought into rooms and out, tapped, played to, held and
// closed at random by several goroutines while packets and garbage flow. It looks for races, panics, deadlocks and leaks; that
// audio is right is for other tests.
func TestStress(t *testing.T) {
	newPhone(t, "127.0.0.1", 1) // the runtime opens its poller with the first socket
	began := descriptors(t)
	eachBackend(t, media.Config{StrictRTP: true, Shards: 4, RTCPInterval: 200 * time.Millisecond, PortMin: 25000, PortMax: 28999, RecvBuffer: 16384},
		func(t *testing.T, e *media.Engine) {
			f := &field{t: t, e: e, ports: make([]atomic.Pointer[media.Port], stressPorts), rooms: make([]atomic.Pointer[media.Room], 8)}
			for i := range f.rooms {
				f.rooms[i].Store(e.NewRoom(media.RoomConfig{}))
			}
			hands := f.hands(12)
			f.all(hands, func(w *hand) bool { return w.fill() })
			if n := e.Stats().Ports; n < stressPorts {
				t.Errorf("%d ports open of %d", n, stressPorts)
			}
			until := time.Now().Add(stressTime())
			f.all(hands, func(w *hand) bool {
				w.step()
				return time.Now().Before(until)
			})
			for i := range f.rooms {
				f.rooms[i].Load().Close()
			}
			e.Close()
			for _, w := range hands {
				_ = w.conn.Close()
			}
			if f.plays.Load() != f.dones.Load() {
				t.Errorf("%d playbacks, %d done", f.plays.Load(), f.dones.Load())
			}
			s := e.Stats()
			if s.Ports != 0 || s.PacketsIn == 0 || s.PacketsOut == 0 || f.heard.Load() == 0 || f.joins.Load() == 0 || f.members.Load() == 0 {
				t.Errorf("%+v", s)
			}
			if n := descriptors(t); n > began {
				t.Errorf("%d descriptors open, %d before", n, began)
			}
			t.Logf("%d playbacks, %d bridges, %d members of rooms, %d blocks heard, %+v", f.plays.Load(), f.joins.Load(), f.members.Load(), f.heard.Load(), s)
		})
}

func stressTime() time.Duration {
	if testing.Short() {
		return 500 * time.Millisecond
	}
	return 3 * time.Second
}

// descriptors counts those the process has open.
func descriptors(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// field is what the hands share.
type field struct {
	t     testing.TB
	e     *media.Engine
	ports []atomic.Pointer[media.Port]
	rooms []atomic.Pointer[media.Room]

	plays, dones, joins, members, heard atomic.Int64
}

func (f *field) hands(n int) []*hand {
	var hands []*hand
	for i := range n {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
		if err != nil {
			f.t.Fatal(err)
		}
		hands = append(hands, &hand{field: f, index: i, of: n, r: rand.New(rand.NewPCG(uint64(i), 1)), conn: conn,
			Speaker: media.NewSpeaker(conn.LocalAddr().String(), uint32(i+1))})
	}
	return hands
}

// all lets every hand work until do says that it is enough.
func (f *field) all(hands []*hand, do func(*hand) bool) {
	var wg sync.WaitGroup
	for _, w := range hands {
		wg.Go(func() {
			for do(w) {
			}
		})
	}
	wg.Wait()
}

// ear is a tap that counts.
type ear struct {
	rate  int
	heard *atomic.Int64
}

func (e ear) Rate() int                 { return e.rate }
func (e ear) Block(heard, said []int16) { e.heard.Add(1) }

// hand is one goroutine that does things to ports.
type hand struct {
	*field
	index, of int
	filled    int
	r         *rand.Rand
	conn      *net.UDPConn
	bridges   []*bridge.Bridge
	joined    []*media.Member
	taps      []func()
	*media.Speaker
}

// fill opens a port in the next place of those that are this hand's; false when there is none left.
func (w *hand) fill() bool {
	place := w.index + w.filled*w.of
	if place >= len(w.ports) {
		return false
	}
	w.filled++
	if p := w.open(); p != nil {
		w.ports[place].Store(p)
	}
	return true
}

func (w *hand) pick() *media.Port { return w.ports[w.r.IntN(len(w.ports))].Load() }

func (w *hand) step() {
	p := w.pick()
	if p == nil {
		return
	}
	switch w.r.IntN(20) {
	case 0:
		w.replace()
	case 1, 2, 3:
		w.join(p, w.pick())
	case 4:
		if n := len(w.bridges); n > 0 {
			w.bridges[w.r.IntN(n)].Leave()
			w.bridges = w.bridges[max(0, n-20):]
		}
	case 5:
		w.play(p)
	case 6:
		p.SendDigit('1', 40*time.Millisecond)
		_ = p.Stats()
	case 7:
		p.Echo(w.r.IntN(2) == 0)
	case 8, 9:
		w.stream(p)
	case 10, 11:
		w.meet(p)
	case 12:
		w.tap(p)
	case 13:
		if w.r.IntN(2) == 0 {
			p.SetJitterBuffer(&media.AdaptiveJitterBuffer)
		} else {
			p.SetJitterBuffer(nil)
		}
	default:
		w.send(p)
	}
}

// replace closes a port, or two, and opens another in its place.
func (w *hand) replace() {
	set := func(p *media.Port) {
		if old := w.ports[w.r.IntN(len(w.ports))].Swap(p); old != nil {
			old.Close()
		}
	}
	if w.r.IntN(4) == 0 {
		a, b := w.e.NewPair(w.config(), w.config())
		set(a)
		set(b)
	} else if p := w.open(); p != nil {
		set(p)
	}
}

func (w *hand) join(p, q *media.Port) {
	if q == nil {
		return
	}
	b, err := bridge.Join(p, q)
	if err == nil {
		w.joins.Add(1)
		w.bridges = append(w.bridges, b)
	} else if !errors.Is(err, media.ErrClosed) && !errors.Is(err, media.ErrSame) {
		w.t.Error(err)
	}
}

func (w *hand) play(p *media.Port) {
	w.plays.Add(1)
	stop := p.Play(media.Tone([]int{8000, 16000, 44100}[w.r.IntN(3)], []float64{440}, nil, 50*time.Millisecond), func() { w.dones.Add(1) })
	if w.r.IntN(2) == 0 {
		stop()
	}
}

// meet brings a port into a room, or does something to those who are in one; now and then a room ends and another begins.
func (w *hand) meet(p *media.Port) {
	if n := len(w.joined); n > 0 && w.r.IntN(2) == 0 {
		m := w.joined[w.r.IntN(n)]
		switch w.r.IntN(4) {
		case 0:
			m.Mute(w.r.IntN(2) == 0)
		case 1:
			m.SetGain(w.r.IntN(9)-4, w.r.IntN(9)-4)
		default:
			m.Leave()
		}
		w.joined = w.joined[max(0, n-20):]
		return
	}
	place := &w.rooms[w.r.IntN(len(w.rooms))]
	if w.r.IntN(30) == 0 {
		place.Swap(w.e.NewRoom(media.RoomConfig{})).Close()
	}
	m, err := place.Load().Join(p, media.MemberConfig{Muted: w.r.IntN(4) == 0, Deaf: w.r.IntN(4) == 0, OnTalks: func(bool) {}})
	if err == nil {
		w.members.Add(1)
		w.joined = append(w.joined, m)
	} else if !errors.Is(err, media.ErrClosed) {
		w.t.Error(err)
	}
}

func (w *hand) tap(p *media.Port) {
	w.taps = append(w.taps, p.Tap(ear{8000 << w.r.IntN(2), &w.heard}))
	if n := len(w.taps); n > 5 {
		w.taps[0]()
		w.taps = w.taps[1:]
	}
}

// send lets packets, keys and garbage come to a port.
func (w *hand) send(p *media.Port) {
	if !p.LocalAddr().IsValid() {
		return
	}
	b := w.Packet(voice160)
	if w.r.IntN(4) == 0 {
		b = b[:w.r.IntN(len(b))]
	} else if w.r.IntN(4) == 0 {
		b = w.Event(w.TS, byte(w.r.IntN(17)), 800, w.r.IntN(2) == 0, false)
	}
	for range 5 {
		_, _ = w.conn.WriteToUDPAddrPort(b, p.LocalAddr())
	}
}

func (w *hand) config() media.PortConfig {
	return media.PortConfig{LocalIP: loopback, Symmetric: w.r.IntN(2) == 0, Timeout: time.Duration(20+w.r.IntN(480)) * time.Millisecond,
		Keepalive: 100 * time.Millisecond, OnDigit: func(media.Digit) {}, OnTimeout: func() {}, OnSource: func(netip.AddrPort) {}}
}

func (w *hand) open() *media.Port {
	p, err := w.e.NewPort(w.config())
	if err != nil {
		w.t.Error(err)
		return nil
	}
	w.stream(p)
	return p
}

// stream agrees on something else, holds or takes off hold.
func (w *hand) stream(p *media.Port) {
	formats := [][]codecs.Format{ulaw, ulaw, ulaw, alaw, alaw, alaw, alaw, {media.FormatOpus}}[w.r.IntN(8)]
	s := media.AgreedStream(w.Addr, formats...)
	s.Send, s.Receive, s.RTCPMux, s.Held = w.r.IntN(8) != 0, w.r.IntN(8) != 0, w.r.IntN(2) == 0, w.r.IntN(8) == 0
	p.SetStream(s)
}
