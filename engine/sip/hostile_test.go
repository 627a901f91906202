package sip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestMutations sends broken copies of every torture message; the server must neither panic nor keep anything.
func TestMutations(t *testing.T) {
	files, err := filepath.Glob("testdata/torture/*/*.dat")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	s := newTestStack(t, Config{OnRequest: simpleUAS(NewDigest(nil, 0))})
	tr := listen(t, s, "udp")
	rng := rand.New(rand.NewPCG(1, 2))
	parser := newParser()
	passed := 0
	for range 20 {
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for range 1 + rng.IntN(6) {
				mutate(rng, &b)
			}
			p := make([]byte, 32768)
			if n := tr.datagram(p, b, source{addr: tr.LocalAddr()}); n > 0 {
				passed++
				if _, err := parser.ParseSIP(p[:n]); err != nil {
					t.Fatalf("sipgo refuses what the guard passed: %v\n%q", err, p[:n])
				}
			}
			dialTo(t, tr, b)
		}
	}
	alive(t, tr)
	if st := s.Stats(); st.Panics != 0 {
		t.Errorf("%+v", st)
	}
	t.Logf("%d of %d passed the guard", passed, 20*len(files))
}

func mutate(rng *rand.Rand, b *[]byte) {
	const noise = "\r\n \t,;:<>\"\\%=/@[]*\x00\xff0"
	m := *b
	i := rng.IntN(len(m))
	switch rng.IntN(5) {
	case 0:
		m[i] = noise[rng.IntN(len(noise))]
	case 1:
		m = append(m[:i:i], append([]byte{noise[rng.IntN(len(noise))]}, m[i:]...)...)
	case 2:
		m = append(m[:i:i], m[min(len(m), i+1+rng.IntN(8)):]...)
	case 3:
		j := rng.IntN(len(m))
		m = append(m[:i:i], append(append([]byte{}, m[j:min(len(m), j+20)]...), m[i:]...)...)
	case 4:
		m[i] ^= byte(1 << rng.IntN(8))
	}
	if len(m) == 0 {
		m = []byte{'x'}
	}
	*b = m
}

func dialTo(t *testing.T, tr *Transport, b []byte) {
	t.Helper()
	p := dialPeer(t, tr)
	defer p.udp.Close()
	if len(b) < 65000 {
		p.send(b)
	}
}

// TestConnectionsCutAnywhere closes the connection after each byte of a call's messages.
func TestConnectionsCutAnywhere(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		_ = tx.Respond(NewResponse(tx.Request, 180, "", nil))
		echoOK(tx)
		<-tx.Done()
	}})
	tr := listen(t, s, "tcp")
	msg := slicesConcat(message("INVITE", "cut"), message("ACK", "cut2"), message("BYE", "cut3"))
	for n := 0; n <= len(msg); n += 3 {
		p := dialPeer(t, tr)
		p.send(msg[:n])
		p.conn.Close()
	}
	alive(t, tr)
	for end := time.Now().Add(5 * time.Second); s.Stats().Conns+s.Stats().Pending > 0 && time.Now().Before(end); {
		runtime.Gosched()
	}
	if st := s.Stats(); st.Panics != 0 || st.Conns != 0 || st.Pending != 0 {
		t.Errorf("%+v", st)
	}
}

// TestFinishedTransactionsAreSmall: what 64*T1 keeps of an answered request.
func TestFinishedTransactionsAreSmall(t *testing.T) {
	const n, most = 400, 3000 // bytes each
	s := newTestStack(t, Config{OnRequest: echoOK})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		p.send(message([]string{"OPTIONS", "INVITE"}[i%2], fmt.Sprint("small", i)))
		p.expect("SIP/2.0 200")
	}
	kept := s.Stats().Remembered // the first may be forgotten by now
	each := (int64(heap()) - int64(before)) / int64(max(kept, 1))
	if kept < n/4 || each > most {
		t.Errorf("%d bytes for each of %d", each, kept)
	}
	t.Logf("%d bytes for each", each)
}

// TestPeerThatDoesNotRead: a write that fails closes the connection from below sipgo's lock of the transaction that wrote; the
// transactions on it, that one too, must still end.
func TestPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	var reset func()
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		reset()
		for tx.Err() == nil { // a busy one notices by its own write, the other by the connection's end
			if HeaderValue(tx.Request, "X-Do") == "" {
				<-tx.Done()
			} else if tx.Respond(NewResponse(tx.Request, 183, "", make([]byte, 1000))) != nil {
				break
			}
		}
		<-tx.Done()
		ended <- tx.Err()
	}})
	tr := listen(t, s, "tcp")
	p := dialPeer(t, tr)
	reset = func() {
		if s.Stats().Pending == 2 {
			_ = p.conn.(*net.TCPConn).SetLinger(0)
			p.conn.Close()
		}
	}
	p.send(slicesConcat(message("INVITE", "nr1"), message("INVITE", "nr2", "X-Do: write")))
	for range 2 {
		select {
		case err := <-ended:
			if !errors.Is(err, ErrTransport) {
				t.Errorf("ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a transaction on a dead connection does not end")
		}
	}
}
