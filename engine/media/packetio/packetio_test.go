package packetio

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received collects copies of what a socket was handed.
type received struct {
	data [][]byte
	from []netip.AddrPort
}

func (r *received) HandlePacket(p []byte, from netip.AddrPort) {
	r.data = append(r.data, bytes.Clone(p))
	r.from = append(r.from, from)
}

type bench struct {
	t testing.TB
	b Backend
}

func (k bench) loop() Loop {
	k.t.Helper()
	runtime.LockOSThread() // for good: Cleanup runs on this thread too
	l, err := k.b.NewLoop()
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			k.t.Error(err)
		}
	})
	return l
}

func (k bench) listen(l Loop, ip string, h Handler) *Socket {
	k.t.Helper()
	c := Config{}
	if ip != "" {
		c.Addr = netip.AddrPortFrom(netip.MustParseAddr(ip), 0)
	}
	s, err := k.b.Listen(c)
	if err != nil {
		k.t.Fatal(err)
	}
	if l != nil {
		if err := l.Add(s, h); err != nil {
			k.t.Fatal(err)
		}
	}
	k.t.Cleanup(func() {
		if l != nil {
			l.Remove(s)
		}
		_ = s.Close()
	})
	return s
}

// until polls l until r has n datagrams.
func (k bench) until(l Loop, r *received, n int) {
	k.t.Helper()
	for end := time.Now().Add(5 * time.Second); len(r.data) < n && time.Now().Before(end); {
		if _, err := l.Poll(50*time.Millisecond, nil); err != nil {
			k.t.Fatal(err)
		}
	}
	if len(r.data) != n {
		k.t.Fatalf("got %d datagrams, want %d", len(r.data), n)
	}
}

// TestConformance is what every back end has to do.
func TestConformance(t *testing.T) {
	for _, b := range backends() {
		t.Run(b.Name(), func(t *testing.T) {
			t.Run("round trip", func(t *testing.T) { testRoundTrip(t, b) })
			t.Run("order", func(t *testing.T) { testOrder(bench{t, b}) })
			t.Run("poll waits and wakes", func(t *testing.T) { testPoll(bench{t, b}) })
			t.Run("wake storm", func(t *testing.T) { testWakeStorm(bench{t, b}) })
			t.Run("gather", func(t *testing.T) { testGather(bench{t, b}) })
			t.Run("own processor", func(t *testing.T) { testOwn(bench{t, owning{b}}) })
			t.Run("burst", func(t *testing.T) { testBurst(bench{t, b}) })
			t.Run("port free", func(t *testing.T) { testPortFree(bench{t, b}) })
			t.Run("move", func(t *testing.T) { testMove(bench{t, b}) })
			t.Run("move back and forth", func(t *testing.T) { testMoves(bench{t, b}) })
			t.Run("remove in a handler", func(t *testing.T) { testRemoveInHandler(bench{t, b}) })
			t.Run("bounds", func(t *testing.T) { testBounds(bench{t, b}) })
			t.Run("port in use", func(t *testing.T) { testInUse(bench{t, b}) })
			t.Run("kernel drops", func(t *testing.T) { testDrops(bench{t, b}) })
			t.Run("allocations", func(t *testing.T) { testAllocs(bench{t, b}) })
		})
	}
}

func testRoundTrip(t *testing.T, b Backend) {
	for _, tt := range []struct{ name, bind, peer string }{
		{"IPv4", "127.0.0.1", "127.0.0.1"},
		{"IPv6", "::1", "::1"},
		{"IPv4 wildcard", "0.0.0.0", "127.0.0.1"},
		{"any, peer IPv4", "", "127.0.0.1"},
		{"any, peer IPv6", "", "::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := bench{t, b}
			l := k.loop()
			var here, there received
			s := k.listen(l, tt.bind, &here)
			peer := k.listen(l, tt.peer, &there)
			to := netip.AddrPortFrom(netip.MustParseAddr(tt.peer), s.LocalAddr().Port())
			if err := l.Send(peer, []byte("ping"), to); err != nil {
				t.Fatal(err)
			}
			l.Flush()
			k.until(l, &here, 1)
			if here.from[0] != peer.LocalAddr() {
				t.Fatalf("from %v, want %v", here.from[0], peer.LocalAddr())
			}
			if err := l.Send(s, []byte("pong"), here.from[0]); err != nil {
				t.Fatal(err)
			}
			l.Flush()
			k.until(l, &there, 1)
			if string(here.data[0]) != "ping" || string(there.data[0]) != "pong" {
				t.Fatalf("got %q, %q", here.data[0], there.data[0])
			}
		})
	}
}

func testOrder(k bench) {
	l := k.loop()
	var a, b received
	from := k.listen(l, "127.0.0.1", &received{})
	sa, sb := k.listen(l, "127.0.0.1", &a), k.listen(l, "127.0.0.1", &b)
	const n = 300 // more than the send queue, a receive batch and the budget of a pass
	p := make([]byte, 200)
	for i := range n {
		to := sa
		if i%3 == 0 {
			to = sb
		}
		p[0], p[1] = byte(i>>8), byte(i)
		if err := l.Send(from, p, to.LocalAddr()); err != nil { // p is used again: Send copies
			k.t.Fatal(err)
		}
		if i%150 == 149 { // a socket's buffer holds some 160
			l.Flush()
			k.until(l, &a, (i+1)*2/3)
		}
	}
	l.Flush()
	k.until(l, &a, n*2/3)
	k.until(l, &b, n/3)
	for _, r := range []received{a, b} {
		last := -1
		for _, p := range r.data {
			if i := int(p[0])<<8 | int(p[1]); i <= last {
				k.t.Fatalf("%d came after %d", i, last)
			} else {
				last = i
			}
		}
	}
}

func testPoll(k bench) {
	l := k.loop()
	start := time.Now()
	if _, err := l.Poll(30*time.Millisecond, nil); err != nil {
		k.t.Fatal(err)
	}
	if d := time.Since(start); d < 29*time.Millisecond {
		k.t.Fatalf("Poll returned after %v", d)
	}
	start = time.Now()
	if _, err := l.Poll(0, nil); err != nil || time.Since(start) > time.Second {
		k.t.Fatal("Poll(0) waited", err)
	}
	for range 3 {
		woken := make(chan struct{})
		go func() { defer close(woken); l.Wake(); l.Wake() }()
		if _, err := l.Poll(-1, nil); err != nil {
			k.t.Fatal(err)
		}
		<-woken
		_, _ = l.Poll(0, nil) // the second Wake may have come after the first was seen
	}
}

// testWakeStorm: what was written before a Wake is seen after a Poll, whenever the Wake came.
func testWakeStorm(k bench) {
	l := k.loop()
	var written atomic.Int64
	const last = 20000
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range last {
			written.Store(int64(i + 1))
			l.Wake()
			if i%100 == 0 {
				runtime.Gosched()
			}
		}
	}()
	for end := time.Now().Add(20 * time.Second); written.Load() < last; {
		if time.Now().After(end) {
			k.t.Fatal("a wake was lost")
		}
		_, _ = l.Poll(10*time.Second, nil)
	}
	<-done
	// The last Wakes may still be unseen; one more after them must not be lost.
	_, _ = l.Poll(0, nil)
	start := time.Now()
	l.Wake()
	if _, _ = l.Poll(10*time.Second, nil); time.Since(start) > 5*time.Second {
		k.t.Fatal("the wake after the storm was lost")
	}
}

func testGather(k bench) {
	l := k.loop()
	var r received
	from, s := k.listen(l, "127.0.0.1", &received{}), k.listen(l, "127.0.0.1", &r)
	_, _ = l.Poll(0, nil)
	for range 5 {
		_ = l.Send(from, []byte("x"), s.LocalAddr())
	}
	l.Flush()
	l.Gather(5 * time.Millisecond)
	if len(r.data) != 0 {
		k.t.Fatal("Gather handed over")
	}
	start := time.Now()
	k.until(l, &r, 5)
	if time.Since(start) > 2*time.Second {
		k.t.Fatal("Poll waited for what had come")
	}
	for range 3 {
		woken := make(chan struct{})
		go func() { defer close(woken); l.Wake() }()
		start = time.Now()
		l.Gather(10 * time.Second)
		if _, err := l.Poll(10*time.Second, nil); err != nil || time.Since(start) > 5*time.Second {
			k.t.Fatal("Wake did not end Gather", err)
		}
		<-woken
	}
}

// testBurst: more at once than the back end has room for; nothing is lost, nor out of order, while the sockets' buffers hold it.
func testBurst(k bench) {
	l := k.loop()
	from := k.listen(l, "127.0.0.1", new(counter))
	got := make([]received, 40)
	sockets := make([]*Socket, len(got))
	for i := range sockets {
		sockets[i] = k.listen(l, "127.0.0.1", &got[i])
	}
	_, _ = l.Poll(0, nil)
	const each = 12 // with 40 sockets, less than the inbox of udp
	for n := range each {
		for _, s := range sockets {
			_ = l.Send(from, []byte{byte(n)}, s.LocalAddr())
		}
	}
	l.Flush()
	for i := range got {
		k.until(l, &got[i], each)
		for n, p := range got[i].data {
			if p[0] != byte(n) {
				k.t.Fatalf("datagram %d says %d", n, p[0])
			}
		}
	}
}

func testPortFree(k bench) {
	l := k.loop()
	for range 20 {
		s, err := k.b.Listen(Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
		if err != nil {
			k.t.Fatal(err)
		}
		if err := l.Add(s, new(counter)); err != nil {
			k.t.Fatal(err)
		}
		_, _ = l.Poll(0, nil)
		l.Remove(s)
		_ = s.Close()
		again, err := k.b.Listen(Config{Addr: s.LocalAddr()})
		if err != nil {
			k.t.Fatal("port not free after Remove and Close:", err)
		}
		_ = again.Close()
	}
}

// testMoves: a socket goes round between loops while its handler is busy; all arrives once, in order.
func testMoves(k bench) {
	loops := []Loop{k.loop(), k.loop()}
	from := k.listen(loops[0], "127.0.0.1", new(counter))
	s, err := k.b.Listen(Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		k.t.Fatal(err)
	}
	defer s.Close()
	var r received
	sent := 0
	for round := range 40 {
		l := loops[round%2]
		if err := l.Add(s, &r); err != nil {
			k.t.Fatal(err)
		}
		for range 7 {
			_ = loops[0].Send(from, []byte{byte(sent)}, s.LocalAddr())
			sent++
		}
		loops[0].Flush()
		if round%3 == 0 {
			_, _ = l.Poll(time.Millisecond, nil)
		}
		if round == 39 {
			k.until(l, &r, sent)
		}
		l.Remove(s)
	}
	for i, p := range r.data {
		if p[0] != byte(i) {
			k.t.Fatalf("datagram %d says %d", i, p[0])
		}
	}
}

func testMove(k bench) {
	one, two := k.loop(), k.loop()
	var before, after received
	from := k.listen(one, "127.0.0.1", &received{})
	s, err := k.b.Listen(Config{Addr: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		k.t.Fatal(err)
	}
	send := func(n byte) {
		_ = one.Send(from, []byte{n}, s.LocalAddr())
		one.Flush()
	}
	if err := one.Add(s, &before); err != nil {
		k.t.Fatal(err)
	}
	send(0)
	k.until(one, &before, 1)
	send(1) // arrives, unread
	time.Sleep(10 * time.Millisecond)
	one.Remove(s)
	send(2) // arrives between loops
	if err := two.Add(s, &after); err != nil {
		k.t.Fatal(err)
	}
	send(3)
	k.until(two, &after, 3)
	if got := fmt.Sprint(after.data); got != "[[1] [2] [3]]" {
		k.t.Fatalf("after the move: %s", got)
	}
	if len(before.data) != 1 {
		k.t.Fatal("the old loop still got something")
	}
	two.Remove(s)
	_ = s.Close()
}

type handlerFunc func(p []byte, from netip.AddrPort)

func (f handlerFunc) HandlePacket(p []byte, from netip.AddrPort) { f(p, from) }

func testRemoveInHandler(k bench) {
	l := k.loop()
	from := k.listen(l, "127.0.0.1", &received{})
	calls := 0
	var s *Socket
	s = k.listen(l, "127.0.0.1", handlerFunc(func([]byte, netip.AddrPort) {
		calls++
		l.Remove(s)
	}))
	for range 5 {
		_ = l.Send(from, []byte("x"), s.LocalAddr())
	}
	l.Flush()
	for range 5 {
		_, _ = l.Poll(20*time.Millisecond, nil)
	}
	if calls != 1 {
		k.t.Fatalf("handed over %d after Remove", calls-1)
	}
}

func testBounds(k bench) {
	l := k.loop()
	var r received
	from, s := k.listen(l, "127.0.0.1", &received{}), k.listen(l, "127.0.0.1", &r)
	if err := l.Send(from, make([]byte, MaxDatagram+1), s.LocalAddr()); err != ErrTooLong {
		k.t.Fatalf("got %v", err)
	}
	other, err := net.Dial("udp", s.LocalAddr().String())
	if err != nil {
		k.t.Fatal(err)
	}
	defer other.Close()
	for _, n := range []int{MaxDatagram + 1, 60000, 0, MaxDatagram} {
		if _, err := other.Write(make([]byte, n)); err != nil {
			k.t.Fatal(err)
		}
	}
	k.until(l, &r, 2)
	if len(r.data[0]) != 0 || len(r.data[1]) != MaxDatagram {
		k.t.Fatalf("lengths %d, %d", len(r.data[0]), len(r.data[1]))
	}
	before := l.SendErrors()
	_ = l.Send(from, []byte("x"), netip.MustParseAddrPort("[::1]:9")) // from an IPv4 socket
	l.Flush()
	if l.SendErrors() != before+1 {
		k.t.Fatal("what could not be sent was not counted")
	}
}

func testInUse(k bench) {
	s := k.listen(nil, "127.0.0.1", nil)
	_, err := k.b.Listen(Config{Addr: s.LocalAddr()})
	if err == nil || !addrInUse(err) {
		k.t.Fatalf("got %v", err)
	}
	if err := s.Close(); err != nil {
		k.t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		k.t.Fatal("second Close:", err)
	}
	again, err := k.b.Listen(Config{Addr: s.LocalAddr()})
	if err != nil {
		k.t.Fatal("port not free after Close:", err)
	}
	_ = again.Close()
}

func testDrops(k bench) {
	if dropsSpace == 0 {
		return // this system does not tell
	}
	l := k.loop()
	var r received
	from := k.listen(l, "127.0.0.1", &received{})
	s, err := k.b.Listen(Config{Addr: netip.MustParseAddrPort("127.0.0.1:0"), RecvBuffer: 4096})
	if err != nil {
		k.t.Fatal(err)
	}
	defer s.Close()
	flood := func() {
		for range 200 {
			_ = l.Send(from, make([]byte, 1000), s.LocalAddr())
		}
		l.Flush()
	}
	flood() // nobody reads yet
	if err := l.Add(s, &r); err != nil {
		k.t.Fatal(err)
	}
	defer l.Remove(s)
	for end := time.Now().Add(5 * time.Second); s.KernelDrops() == 0 && time.Now().Before(end); {
		_, _ = l.Poll(5*time.Millisecond, nil)
		_ = l.Send(from, []byte("x"), s.LocalAddr()) // the counter comes with the next datagram
		l.Flush()
	}
	if s.KernelDrops() == 0 {
		k.t.Fatal("no drop was counted")
	}
}

type counter int

func (c *counter) HandlePacket([]byte, netip.AddrPort) { *c++ }

func testAllocs(k bench) {
	l := k.loop()
	var c counter
	from, s := k.listen(l, "127.0.0.1", new(counter)), k.listen(l, "127.0.0.1", &c)
	p, to := make([]byte, 172), s.LocalAddr()
	round := func() {
		want := c + 10
		for range 10 {
			_ = l.Send(from, p, to)
		}
		l.Flush()
		for end := time.Now().Add(2 * time.Second); c < want && time.Now().Before(end); {
			_, _ = l.Poll(time.Second, nil)
		}
	}
	round()
	round()
	if n := testing.AllocsPerRun(50, round); n != 0 {
		k.t.Fatalf("%v allocations for 10 datagrams sent and received", n)
	}
}

func TestOpen(t *testing.T) {
	for _, b := range backends() {
		if got, err := Open(b.Name()); err != nil || got.Name() != b.Name() {
			t.Errorf("Open(%q): %v", b.Name(), err)
		}
	}
	if b, err := Open(""); err != nil || b.Name() != backends()[0].Name() {
		t.Errorf("Open(\"\") = %v, %v", b, err)
	}
	if _, err := Open("carrier pigeon"); err == nil {
		t.Error("no error for an unknown back end")
	}
}

// BenchmarkRoundTrip is a datagram sent and received, 32 of them at a time: system calls, not ours, are the bill.
func BenchmarkRoundTrip(b *testing.B) {
	for _, be := range backends() {
		b.Run(be.Name(), func(b *testing.B) {
			k := bench{b, be}
			l := k.loop()
			var c counter
			from, s := k.listen(l, "127.0.0.1", new(counter)), k.listen(l, "127.0.0.1", &c)
			p := make([]byte, 172)
			b.ReportAllocs()
			for i := 0; i < b.N; i += 32 {
				want := c + 32
				for range 32 {
					_ = l.Send(from, p, s.LocalAddr())
				}
				l.Flush()
				for tries := 0; c < want && tries < 100; tries++ {
					_, _ = l.Poll(100*time.Millisecond, nil)
				}
			}
		})
	}
}

// owning makes loops that keep their processor while they wait.
type owning struct{ Backend }

func (o owning) NewLoop() (Loop, error) {
	l, err := o.Backend.NewLoop()
	if err == nil {
		l.OwnProcessor()
	}
	return l, err
}

// testOwn: waits that the scheduler does not know of end by datagrams, wakes and time as others do, and a garbage collection, which
// stops every processor, does not wait for them.
func testOwn(k bench) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1))
	testOrder(k)
	testWakeStorm(k)
	l := k.loop()
	stop := make(chan struct{})
	took := make(chan time.Duration)
	go func() {
		var worst time.Duration
		for range 20 {
			began := time.Now()
			runtime.GC()
			worst = max(worst, time.Since(began))
		}
		close(stop)
		took <- worst
	}()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if _, err := l.Poll(OwnWait, nil); err != nil {
			k.t.Fatal(err)
		}
		l.Gather(5 * time.Millisecond)
		select {
		case <-stop:
			if d := <-took; d > time.Second {
				k.t.Errorf("a collection took %v", d)
			}
			return
		default:
		}
	}
	k.t.Error("collections did not end while a loop waited")
}
