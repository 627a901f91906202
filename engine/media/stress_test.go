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

	"asterism/engine/bridge"
	"asterism/engine/media"
)

// TestStress: ports are opened, joined, moved between shards, played to, held and closed at random by several goroutines
// while packets and garbage flow. It looks for races, panics, deadlocks and leaks; that audio is right is for other tests.
func TestStress(t *testing.T) {
	eachBackend(t, media.Config{StrictRTP: true, Shards: 4, RTCPInterval: 20 * time.Millisecond, PortMin: 25000, PortMax: 26999},
		func(t *testing.T, e *media.Engine) {
			var plays, dones atomic.Int64
			stop := make(chan struct{})
			shared := make([]atomic.Pointer[media.Port], 200)
			var wg sync.WaitGroup
			for worker := range 4 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					r := rand.New(rand.NewPCG(uint64(worker), 1))
					w := &hand{t: t, e: e, r: r, shared: shared, plays: &plays, dones: &dones}
					w.conn, _ = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
					defer w.conn.Close()
					w.Speaker = media.NewSpeaker(w.conn.LocalAddr().String(), uint32(worker+1))
					for {
						select {
						case <-stop:
							return
						default:
							w.step()
						}
					}
				}()
			}
			time.Sleep(stressTime)
			close(stop)
			wg.Wait()
			e.Close()
			if plays.Load() != dones.Load() {
				t.Errorf("%d playbacks, %d done", plays.Load(), dones.Load())
			}
			s := e.Stats()
			if s.Ports != 0 || s.PacketsIn == 0 || s.PacketsOut == 0 {
				t.Errorf("%+v", s)
			}
			t.Logf("%d playbacks, %+v", plays.Load(), s)
		})
}

const stressTime = time.Second

type hand struct {
	t            testing.TB
	e            *media.Engine
	r            *rand.Rand
	conn         *net.UDPConn
	shared       []atomic.Pointer[media.Port]
	plays, dones *atomic.Int64
	bridges      []*bridge.Bridge
	*media.Speaker
}

func (w *hand) pick() *media.Port { return w.shared[w.r.IntN(len(w.shared))].Load() }

func (w *hand) step() {
	p, q := w.pick(), w.pick()
	switch w.r.IntN(14) {
	case 0, 1:
		w.open()
	case 2:
		if p != nil {
			p.Close()
		}
	case 3, 4:
		if p != nil && q != nil {
			if b, err := bridge.Join(p, q); err == nil {
				w.bridges = append(w.bridges, b)
			} else if !errors.Is(err, media.ErrClosed) && !errors.Is(err, media.ErrSame) {
				w.t.Error(err)
			}
		}
	case 5:
		if n := len(w.bridges); n > 0 {
			w.bridges[w.r.IntN(n)].Leave()
			w.bridges = w.bridges[max(0, n-20):]
		}
	case 6:
		if p != nil {
			w.plays.Add(1)
			stop := p.Play(media.Tone([]int{8000, 16000, 44100}[w.r.IntN(3)], []float64{440}, nil, 50*time.Millisecond), func() { w.dones.Add(1) })
			if w.r.IntN(2) == 0 {
				stop()
			}
		}
	case 7:
		if p != nil {
			p.SendDigit('1', 40*time.Millisecond)
			p.Echo(w.r.IntN(2) == 0)
			_ = p.Stats()
		}
	case 8:
		if p != nil {
			w.stream(p)
		}
	default:
		if p != nil && p.LocalAddr().IsValid() {
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
	}
}

func (w *hand) open() {
	c := media.PortConfig{LocalIP: loopback, Symmetric: w.r.IntN(2) == 0, Timeout: 20 * time.Millisecond, Keepalive: 10 * time.Millisecond,
		OnDigit: func(media.Digit) {}, OnTimeout: func() {}, OnSource: func(netip.AddrPort) {}}
	set := func(p *media.Port) {
		if old := w.shared[w.r.IntN(len(w.shared))].Swap(p); old != nil {
			old.Close()
		}
	}
	if w.r.IntN(4) == 0 {
		a, b := w.e.NewPair(c, c)
		set(a)
		set(b)
		return
	}
	p, err := w.e.NewPort(c)
	if err != nil {
		w.t.Error(err)
		return
	}
	w.stream(p)
	set(p)
}

func (w *hand) stream(p *media.Port) {
	formats := ulaw
	if w.r.IntN(2) == 0 {
		formats = alaw
	}
	s := media.AgreedStream(w.Addr, formats...)
	s.Send, s.Receive, s.RTCPMux, s.Held = w.r.IntN(8) != 0, w.r.IntN(8) != 0, w.r.IntN(2) == 0, w.r.IntN(8) == 0
	p.SetStream(s)
}
