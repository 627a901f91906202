package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// bench is a PBX under load.
type bench struct {
	pid      string
	conf     string // asterisk.conf of the PBX
	length   time.Duration
	uac, uas *ua
}

// carried is what a window of media has cost.
type carried struct {
	cpu       time.Duration
	sent, got int64
	calls     int
	length    time.Duration
	late      time.Duration
}

func packetCost(c carried) float64 { return float64(c.cpu.Microseconds()) / float64(max(c.got, 1)) }
func secondCost(c carried) float64 {
	return c.cpu.Seconds() * 1e3 / float64(c.calls) / c.length.Seconds()
}
func latency(c carried) float64 { return c.late.Seconds() * 1e3 }

// media holds n calls of exten, whose called side speaks codec ("": there is none), and measures while they talk.
func (b *bench) media(exten, codec string, n int, cost func(carried) float64) (float64, string, error) {
	streams, calls, err := b.talk(exten, codec, n)
	if err != nil {
		return 0, "", err
	}
	c, err1 := b.listen(streams)
	c.calls = n
	for _, call := range calls {
		err1 = cmp.Or(err1, call.bye())
	}
	for _, s := range streams {
		s.close()
	}
	lost := c.sent - c.got
	note := fmt.Sprintf("lost %d of %d, p99 %.1f ms", lost, c.sent, latency(c))
	switch {
	case codec == "":
		note = fmt.Sprintf("%d packets", c.got)
	case lost > c.sent/200+int64(len(streams)): // at the edges of the window some are on the way
		err1 = cmp.Or(err1, fmt.Errorf("%s", note))
	}
	return cost(c), note, err1
}

// listen measures while the streams talk.
func (b *bench) listen(streams []*stream) (carried, error) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { beat(streams, stop) })
	time.Sleep(2 * time.Second)
	window.mu.Lock()
	window.late = nil
	window.mu.Unlock()
	began, err1 := b.cpu()
	window.open.Store(true)
	time.Sleep(b.length)
	ended, err2 := b.cpu()
	c := carried{cpu: ended - began, length: b.length}
	for _, s := range streams {
		c.sent += s.sent.Load()
		c.got += s.got.Load()
	}
	close(stop)
	wg.Wait()
	window.open.Store(false)
	c.late = worst()
	return c, cmp.Or(err1, err2)
}

// conference holds n calls of exten, whose %d is the number of five callers each, while talkers of them talk; the rest send silence. The note
// has the loss and how far from 20 ms apart packets come, the 99th percentile.
func (b *bench) conference(exten string, n, talkers int) (float64, string, error) {
	rooms := func(i int) string {
		if strings.Contains(exten, "%") {
			return fmt.Sprintf(exten, i/5)
		}
		return exten
	}
	streams, calls, err := b.hold(rooms, "", n)
	if err != nil {
		return 0, "", err
	}
	for _, s := range streams[talkers:] {
		s.frames = silence
	}
	for _, s := range streams {
		s.gaps = true
	}
	c, err := b.listen(streams)
	for _, call := range calls {
		err = cmp.Or(err, call.bye())
	}
	for _, s := range streams {
		s.close()
	}
	c.calls = n
	note := fmt.Sprintf("lost %d of %d, p99 of deviation %.1f ms", max(0, c.sent-c.got), c.sent, latency(c))
	if lost := c.sent - c.got; lost > c.sent/200+int64(len(streams)) {
		err = cmp.Or(err, fmt.Errorf("%s", note))
	}
	return secondCost(c), note, err
}

// talk sets n calls up; the streams are both sides'.
func (b *bench) talk(exten, codec string, n int) ([]*stream, []*call, error) {
	return b.hold(func(int) string { return exten }, codec, n)
}

// hold sets n calls up, each of its own extension.
func (b *bench) hold(exten func(i int) string, codec string, n int) ([]*stream, []*call, error) {
	var mu sync.Mutex // guards streams and failed
	var streams []*stream
	var failed error
	open := func(codec string, stamped bool) *stream {
		s, err := newStream(codec)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = cmp.Or(failed, err)
			return nil
		}
		s.stamped = stamped
		streams = append(streams, s)
		return s
	}
	b.uas.invited = func(offer string) (string, *stream) {
		s := open(codec, codec == "ulaw")
		if s == nil {
			return "", nil
		}
		s.aim(offer)
		return s.sdp(codec), s
	}
	var calls []*call
	for i := range n {
		s := open("ulaw", codec == "ulaw")
		if s == nil {
			break
		}
		c, err := b.uac.invite(i, exten(i), s.sdp("ulaw"))
		if err != nil {
			return nil, nil, err
		}
		s.aim(c.answer)
		calls = append(calls, c)
	}
	mu.Lock()
	defer mu.Unlock()
	return streams, calls, failed
}

// calls makes rate calls a second of exten; what does with each call what is to be done.
func (b *bench) calls(exten string, rate int, what func(*bench, *call, *stream) error) (float64, string, error) {
	b.uas.invited = func(string) (string, *stream) {
		s, err := newStream("ulaw")
		if err != nil {
			return "", nil
		}
		return s.sdp("ulaw"), s
	}
	var wg sync.WaitGroup
	var bad atomic.Int64
	var last atomic.Pointer[error]
	one := func(i int) {
		s, err := newStream("ulaw")
		if err == nil {
			defer s.close()
			var c *call
			if c, err = b.uac.invite(i, exten, s.sdp("ulaw")); err == nil {
				s.aim(c.answer)
				err = what(b, c, s)
			}
		}
		if err != nil {
			bad.Add(1)
			last.Store(&err)
		}
	}
	var began time.Duration
	var err error
	warm := rate
	n := warm + int(b.length.Seconds()*float64(rate))
	beat := time.NewTicker(time.Second / time.Duration(rate))
	defer beat.Stop()
	for i := range n {
		if i == warm {
			if began, err = b.cpu(); err != nil {
				return 0, "", err
			}
		}
		wg.Go(func() { one(i) })
		<-beat.C
	}
	ended, err := b.cpu()
	wg.Wait()
	if bad.Load() > 0 {
		err = fmt.Errorf("%d of %d calls failed: %w", bad.Load(), n, *last.Load())
	}
	return (ended - began).Seconds() * 1e3 / float64(n-warm), fmt.Sprintf("%d calls", n-warm), err
}

func (b *bench) hangup(c *call, _ *stream) error { return c.bye() }

// menu answers the IVR's question while it listens to silence, and waits for its goodbye.
func (b *bench) menu(c *call, s *stream) error {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	time.Sleep(300 * time.Millisecond)
	s.digits("1234")
	wg.Go(func() { beat([]*stream{s}, stop) })
	_, err := wait(c.events, 10*time.Second)
	close(stop)
	wg.Wait()
	c.u.forget(c.id)
	return err
}

// loop compares calls that turn a thousand times about three channel variables with calls that do not.
func (b *bench) loop() (float64, string, error) {
	turns, _, err := b.calls("606", 10, (*bench).hangup)
	if err != nil {
		return 0, "", err
	}
	none, _, err := b.calls("626", 10, (*bench).hangup)
	return turns - none, fmt.Sprintf("%.2f ms a call, %.2f without", turns, none), err
}

func (b *bench) registrations() (float64, string, error) {
	const outstanding = 20
	var done, bad atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range outstanding {
		wg.Go(func() {
			for i := w; !stop.Load(); i += outstanding {
				if b.uac.register(i) != nil {
					bad.Add(1)
				}
				done.Add(1)
			}
		})
	}
	time.Sleep(time.Second)
	began, err1 := b.cpu()
	first := done.Load()
	time.Sleep(b.length)
	ended, err2 := b.cpu()
	n := done.Load() - first
	stop.Store(true)
	wg.Wait()
	if bad.Load() > 0 {
		err1 = cmp.Or(err1, fmt.Errorf("%d registrations failed", bad.Load()))
	}
	return float64((ended - began).Microseconds()) / float64(max(n, 1)), fmt.Sprintf("%.0f a second", float64(n)/b.length.Seconds()), cmp.Or(err1, err2)
}

// memory compares the PBX with and without 100 calls that have talked for some seconds.
func (b *bench) memory(exten, codec string) (float64, string, error) {
	const n = 100
	before, err := b.resident()
	if err != nil {
		return 0, "", err
	}
	streams, calls, err := b.talk(exten, codec, n)
	if err != nil {
		return 0, "", err
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { beat(streams, stop) })
	time.Sleep(b.length)
	after, err := b.resident()
	close(stop)
	wg.Wait()
	for _, c := range calls {
		err = cmp.Or(err, c.bye())
	}
	for _, s := range streams {
		s.close()
	}
	return (after - before) / n, "", err
}
