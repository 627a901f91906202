package sip

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testT1 is every test's T1: sipgo has one a process. Timers B and F are 64 of it.
const testT1 = 20 * time.Millisecond

func newTestStack(t testing.TB, cfg Config) *Stack {
	t.Helper()
	cfg.T1 = testT1
	s := New(cfg)
	t.Cleanup(s.Close)
	return s
}

func listen(t testing.TB, s *Stack, proto string) *Transport {
	t.Helper()
	return listenOn(t, s, proto, "127.0.0.1:0")
}

func listenOn(t testing.TB, s *Stack, proto, bind string) *Transport {
	t.Helper()
	tr, err := s.Listen(TransportConfig{Name: proto, Protocol: proto, Bind: netip.MustParseAddrPort(bind)})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestRequestAndResponses(t *testing.T) {
	eachProtocol(t, func(t *testing.T, proto string) {
		server := newTestStack(t, Config{UserAgent: "Asterism", OnRequest: func(tx *ServerTx) {
			if tx.Request.Method != INVITE || HeaderValue(tx.Request, "X-Test") != "yes" || string(tx.Request.Body()) != "v=0\r\n" {
				t.Errorf("got %s", tx.Request.String())
			}
			tx.Trying()
			for _, status := range []int{180, 183, 200} {
				res := NewResponse(tx.Request, status, "", nil)
				res.AppendHeader(NewHeader("Contact", "<sip:1001@127.0.0.1>"))
				if err := tx.Respond(res); err != nil {
					t.Error(err)
				}
			}
			<-tx.Done()
			if err := tx.Respond(NewResponse(tx.Request, 486, "", nil)); !errors.Is(err, ErrAnswered) {
				t.Errorf("second final: %v", err)
			}
		}})
		acks := make(chan *Request, 1)
		server.cfg.OnACK = func(_ *Transport, req *Request) { acks <- req }
		to := listen(t, server, proto)
		client := newTestStack(t, Config{UserAgent: "Asterism"})
		from := listen(t, client, proto)
		ctx := t.Context()
		uri, _ := ParseURI("sip:1001@" + to.LocalAddr().String() + ";transport=" + proto)
		hop, err := client.Resolve(ctx, uri, nil)
		if err != nil || hop.Transport != from || hop.Addr != to.LocalAddr() {
			t.Fatalf("hop %v, %v", hop, err)
		}
		tx, err := client.Request(ctx, hop, testRequest(INVITE, uri, "v=0\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		tags := map[string]bool{}
		for _, want := range []int{100, 180, 183, 200} {
			res, err := tx.Next(ctx)
			if err != nil || res.StatusCode != want {
				t.Fatalf("got %v, %v; want %d", res, err, want)
			}
			if want > 100 {
				tags[ToTag(res)] = true
			}
			if v := HeaderValue(res, "Server"); v != "Asterism" {
				t.Errorf("Server %q", v)
			}
		}
		if len(tags) != 1 || tags[""] {
			t.Errorf("To tags %v: want one", tags)
		}
		if _, err := tx.Next(ctx); !errors.Is(err, ErrClosed) {
			t.Errorf("after the final response: %v", err)
		}
		ack := testRequest(ACK, uri, "")
		if err := client.Send(ctx, hop, ack); err != nil {
			t.Fatal(err)
		}
		if got := <-acks; got.Method != ACK || got.CSeq().SeqNo != 7 {
			t.Errorf("got %s", got.String())
		}
	})
}

func testRequest(method Method, uri *URI, body string) *Request {
	req := NewRequest(method, *uri)
	req.AppendHeader(NewHeader("From", `"Alice \"A\"" <sip:alice@127.0.0.1>;tag=a1`))
	req.AppendHeader(NewHeader("To", "<"+uri.String()+">"))
	req.AppendHeader(NewHeader("Call-ID", NewCallID()))
	req.AppendHeader(NewHeader("CSeq", "7 "+string(method)))
	req.AppendHeader(NewHeader("X-Test", "yes"))
	SetBody(req, "application/sdp", []byte(body))
	return req
}

func TestRetransmission(t *testing.T) {
	var mu sync.Mutex
	seen := map[Method]int{}
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		mu.Lock()
		seen[tx.Request.Method]++
		mu.Unlock()
		_ = tx.Respond(NewResponse(tx.Request, 200, "", nil))
	}})
	p := dialPeer(t, listen(t, s, "udp"))
	for _, method := range []string{"OPTIONS", "INVITE"} {
		req := message(method, "re"+method)
		p.send(req)
		first := p.expect("SIP/2.0 200")
		p.send(req)
		p.send(req)
		if method == "INVITE" { // RFC 6026: the transaction absorbs them, the dialog repeats the 2xx
			if w := p.read(5 * testT1); w != nil {
				t.Errorf("answered with %q", w.start)
			}
			continue
		}
		for range 2 {
			if w := p.expect("SIP/2.0 200"); w.raw != first.raw {
				t.Errorf("got %q, want %q", w.raw, first.raw)
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if seen[OPTIONS] != 1 || seen[INVITE] != 1 {
		t.Errorf("handler called %v times, want once each", seen)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, proto string) {
		cancelled := make(chan *Request, 2)
		tags := make(chan string, 1)
		s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
			tags <- tx.LocalTag()
			tx.OnCancel(func(c *Request) { cancelled <- c })
			_ = tx.Respond(NewResponse(tx.Request, 180, "", nil))
			<-tx.Done()
			if err := tx.Respond(NewResponse(tx.Request, 200, "", nil)); !errors.Is(err, ErrAnswered) {
				t.Errorf("200 after CANCEL: %v", err)
			}
		}})
		p := dialPeer(t, listen(t, s, proto))
		p.send(message("INVITE", "c1"))
		ringing, tag := p.expect("SIP/2.0 180"), <-tags
		p.send(message("CANCEL", "c1"))
		ok := p.expect("SIP/2.0 200")
		if ok.get("CSeq") != "1 CANCEL" || ok.tag() != ringing.tag() {
			t.Errorf("CANCEL answered with\n%s", ok.raw)
		}
		end := p.expect("SIP/2.0 487")
		if end.get("CSeq") != "1 INVITE" || end.tag() != ringing.tag() || end.tag() != tag {
			t.Errorf("INVITE answered with\n%s", end.raw)
		}
		if c := <-cancelled; c.Method != CANCEL {
			t.Errorf("OnCancel got %s", c.Method)
		}
		p.send(message("CANCEL", "c1"))
		if again := p.expect("SIP/2.0 200"); again.tag() != tag {
			t.Errorf("second CANCEL answered with\n%s", again.raw)
		}
		p.send(message("ACK", "c1"))
		if proto == "udp" {
			if w := p.read(10 * testT1); w != nil && !strings.HasPrefix(w.start, "SIP/2.0 487") {
				t.Errorf("after ACK: %q", w.start)
			}
			if w := p.read(6 * testT1); w != nil {
				t.Errorf("after ACK: %q", w.start)
			}
		}
		if len(cancelled) != 0 {
			t.Error("OnCancel was called twice")
		}
	})
}

func TestNonOKRetransmittedUntilACK(t *testing.T) {
	t.Parallel()
	acks := make(chan *Request, 1)
	s := newTestStack(t, Config{
		OnRequest: func(tx *ServerTx) { _ = tx.Respond(NewResponse(tx.Request, 486, "", nil)) },
		OnACK:     func(_ *Transport, req *Request) { acks <- req },
	})
	p := dialPeer(t, listen(t, s, "udp"))
	p.send(message("INVITE", "busy"))
	first := p.expect("SIP/2.0 486")
	if second := p.expect("SIP/2.0 486"); second.raw != first.raw {
		t.Error("another response")
	}
	p.send(message("ACK", "busy"))
	p.send(message("ACK", "busy"))
	for p.read(2*testT1) != nil { // one may have crossed
	}
	if w := p.read(10 * testT1); w != nil {
		t.Errorf("after ACK: %q", w.start)
	}
	if len(acks) != 0 {
		t.Error("the ACK to a 486 was passed up")
	}
}

func TestTransportCloseEndsTransactions(t *testing.T) {
	ended := make(chan error, 1)
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		<-tx.Done()
		ended <- tx.Err()
	}})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	p.send(message("INVITE", "x"))
	p.expect("SIP/2.0 100")
	uri, _ := ParseURI("sip:nobody@" + p.addr().String())
	tx, err := s.Request(t.Context(), Hop{tr, p.addr()}, testRequest(OPTIONS, uri, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrTransport) {
		t.Errorf("server: %v", err)
	}
	if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTransport) {
		t.Errorf("client: %v", err)
	}
	if len(s.Transports()) != 0 {
		t.Error("the transport is still listed")
	}
}

// TestChallengeIsSentOnce: a 401 to an INVITE is repeated to who asks again, not by itself, and its ACK is nobody's call.
func TestChallengeIsSentOnce(t *testing.T) {
	t.Parallel()
	acks := make(chan *Request, 1)
	asked := make(chan struct{}, 9)
	s := newTestStack(t, Config{
		OnRequest: func(tx *ServerTx) {
			asked <- struct{}{}
			_ = tx.Respond(NewResponse(tx.Request, StatusUnauthorized, "", nil))
		},
		OnACK: func(_ *Transport, req *Request) { acks <- req },
	})
	p := dialPeer(t, listen(t, s, "udp"))
	p.send(message("INVITE", "who"))
	first := p.expect("SIP/2.0 401")
	if again := p.read(10 * testT1); again != nil {
		t.Errorf("unasked: %q", again.start)
	}
	p.send(message("INVITE", "who"))
	if second := p.expect("SIP/2.0 401"); second.raw != first.raw {
		t.Error("another response")
	}
	p.send(message("ACK", "who"))
	if w := p.read(4 * testT1); w != nil {
		t.Errorf("after ACK: %q", w.start)
	}
	if len(acks) != 0 || len(asked) != 1 {
		t.Errorf("%d ACKs passed up, asked %d times", len(acks), len(asked))
	}
}
