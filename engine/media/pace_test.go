package media

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/media/packetio"
)

// arrivals is a packetio.Loop that packets come to at even intervals; time is the bubble's.
type arrivals struct {
	packetio.Loop
	shard *shard

	every  time.Duration
	next   time.Time
	silent [2]time.Time // nothing comes in between
	end    time.Time
	deaf   bool // nobody hears the packets

	began           time.Time
	passes, packets int           // but for the windows in which the rate is not known yet
	worst           time.Duration // a packet has waited
	afterSilence    time.Duration // the first one then
}

func (a *arrivals) Gather(d time.Duration) { time.Sleep(d) }
func (a *arrivals) Flush()                 {}
func (a *arrivals) Wake()                  {}

func (a *arrivals) advance() {
	a.next = a.next.Add(a.every)
	if a.next.After(a.silent[0]) && a.next.Before(a.silent[1]) {
		a.next = a.silent[1]
	}
}

func (a *arrivals) Poll(d time.Duration, woke func()) (n int, err error) {
	until := time.Until(a.next)
	if d >= 0 {
		until = min(until, d)
	}
	time.Sleep(until)
	woke()
	now := time.Now()
	defer func() {
		if !a.deaf {
			a.shard.onward += n
		}
	}()
	for ; !a.next.After(now); a.advance() {
		n++
		waited := now.Sub(a.next)
		a.worst = max(a.worst, waited)
		if a.next.Equal(a.silent[1]) {
			a.afterSilence = waited
		}
	}
	if settled := 3 * time.Duration(paceWindow); n > 0 && now.Sub(a.began) > settled && (now.Before(a.silent[0]) || now.Sub(a.silent[1]) > settled) {
		a.passes++
		a.packets += n
	}
	if now.After(a.end) {
		a.shard.stopping = true
	}
	return n, nil
}

// TestPace: an idle shard sends on at once, a busy one gathers, nobody waits longer than promised, and the clock's own work
// is never late.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name    string
		calls   int
		worst   time.Duration // at most
		gathers float64       // packets a pass, at least
		deaf    bool
	}{
		{"one call", 1, 0, 1, false},
		{"10 calls", 10, 0, 1, false},
		{"20 calls", 20, 5 * time.Millisecond, 9, false},
		{"100 calls", 100, 5 * time.Millisecond, 40, false},
		{"300 calls", 300, 5 * time.Millisecond, 50, false},
		{"10 calls in a menu", 10, 5 * time.Millisecond, 5, true},
		{"1000 calls", 1000, 5 * time.Millisecond, 50, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := &shard{engine: &Engine{began: began, log: zerolog.Nop()}, done: make(chan struct{})}
				a := &arrivals{shard: s, began: began, every: time.Second / time.Duration(100*tt.calls), next: began.Add(time.Microsecond),
					silent: [2]time.Time{began.Add(time.Second), began.Add(2 * time.Second)}, end: began.Add(3 * time.Second), deaf: tt.deaf}
				s.loop = a
				var late, ticks int64
				tick := timer{}
				tick.fire = func(s *shard) {
					ticks++
					late = max(late, s.now-tick.at)
					s.set(&tick, tick.at+int64(20*time.Millisecond))
				}
				s.set(&tick, int64(20*time.Millisecond))
				s.run()
				if a.worst > tt.worst {
					t.Errorf("a packet waited %v", a.worst)
				}
				if got := float64(a.packets) / float64(a.passes); got < tt.gathers {
					t.Errorf("%.1f packets a pass", got)
				}
				if a.afterSilence != 0 && !tt.deaf {
					t.Errorf("the first packet after a silence waited %v", a.afterSilence)
				}
				if late != 0 || ticks < 140 {
					t.Errorf("%d ticks, one %v late", ticks, time.Duration(late))
				}
			})
		})
	}
}
