package sip

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
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

// peer is a phone made of a socket: it sends and reads raw bytes.
type peer struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	udp  *net.UDPConn
	to   netip.AddrPort
}

func dialPeer(t testing.TB, tr *Transport) *peer {
	t.Helper()
	p := &peer{t: t, to: tr.LocalAddr()}
	if tr.Protocol() == "udp" {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		p.udp = c
		t.Cleanup(func() { c.Close() })
		return p
	}
	c, err := net.Dial("tcp", tr.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	p.conn, p.r = c, bufio.NewReader(c)
	t.Cleanup(func() { c.Close() })
	return p
}

func (p *peer) addr() netip.AddrPort {
	if p.udp != nil {
		return addrPortOf(p.udp.LocalAddr())
	}
	return addrPortOf(p.conn.LocalAddr())
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	var err error
	if p.udp != nil {
		_, err = p.udp.WriteToUDPAddrPort(b, p.to)
	} else {
		_, err = p.conn.Write(b)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// read returns the next message, nil if none comes in time.
func (p *peer) read(within time.Duration) *wire {
	p.t.Helper()
	deadline := time.Now().Add(within)
	if p.udp != nil {
		b := make([]byte, 65536)
		_ = p.udp.SetReadDeadline(deadline)
		n, _, err := p.udp.ReadFromUDPAddrPort(b)
		if err != nil {
			return nil
		}
		return parseWire(p.t, b[:n])
	}
	_ = p.conn.SetReadDeadline(deadline)
	var b bytes.Buffer
	length := 0
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			return nil
		}
		if b.Len() == 0 && line == "\r\n" {
			return &wire{start: "pong"}
		}
		b.WriteString(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			length, _ = strconv.Atoi(strings.TrimSpace(v))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	for n := 0; n < length; {
		m, err := p.r.Read(body[n:])
		if err != nil {
			p.t.Fatal(err)
		}
		n += m
	}
	return parseWire(p.t, append(b.Bytes(), body...))
}

// expect reads until a message begins with prefix and returns it.
func (p *peer) expect(prefix string) *wire {
	p.t.Helper()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		if w := p.read(time.Until(end)); w != nil && strings.HasPrefix(w.start, prefix) {
			return w
		}
	}
	p.t.Fatalf("no message beginning with %q", prefix)
	return nil
}

// wire is a message read without the code under test.
type wire struct {
	raw     string
	start   string
	headers map[string][]string
	body    string
}

func parseWire(t testing.TB, b []byte) *wire {
	t.Helper()
	head, body, ok := strings.Cut(string(b), "\r\n\r\n")
	if !ok {
		t.Fatalf("message without end of header: %q", b)
	}
	lines := strings.Split(head, "\r\n")
	w := &wire{raw: string(b), start: lines[0], headers: map[string][]string{}, body: body}
	for _, l := range lines[1:] {
		name, value, ok := strings.Cut(l, ": ")
		if !ok {
			t.Fatalf("header line %q", l)
		}
		w.headers[name] = append(w.headers[name], value)
	}
	return w
}

func (w *wire) get(name string) string {
	if v := w.headers[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (w *wire) tag() string {
	_, tag, _ := strings.Cut(w.get("To"), ";tag=")
	return tag
}

// message builds a request; lines replaces or adds header lines.
func message(method, branch string, lines ...string) []byte {
	return withBody(method, branch, "", lines...)
}

func withBody(method, branch, body string, lines ...string) []byte {
	h := []string{
		method + " sip:1001@127.0.0.1 SIP/2.0",
		"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK" + branch + ";rport",
		"Max-Forwards: 70",
		"From: <sip:alice@127.0.0.1>;tag=a1",
		"To: <sip:1001@127.0.0.1>",
		"Call-ID: call-" + branch,
		"CSeq: 1 " + method,
		"Contact: <sip:alice@127.0.0.1:5062>",
	}
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		replaced := false
		for i, old := range h {
			if i > 0 && strings.HasPrefix(old, name+":") {
				h[i], replaced = l, true
			}
		}
		if !replaced {
			h = append(h, l)
		}
	}
	return []byte(strings.Join(h, "\r\n") + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

var protocols = []string{"udp", "tcp"}

func eachProtocol(t *testing.T, f func(t *testing.T, proto string)) {
	for _, proto := range protocols {
		t.Run(proto, func(t *testing.T) { f(t, proto) })
	}
}

func TestRequestAndResponses(t *testing.T) {
	eachProtocol(t, func(t *testing.T, proto string) {
		server := newTestStack(t, Config{UserAgent: "Asterism", OnRequest: func(tx *ServerTx) {
			if tx.Request.Method != INVITE || HeaderValue(tx.Request, "X-Test") != "yes" || string(tx.Request.Body()) != "v=0\r\n" {
				t.Errorf("got %s", tx.Request.String())
			}
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

func TestClientTimeout(t *testing.T) {
	s := newTestStack(t, Config{})
	tr := listen(t, s, "udp")
	silent := dialPeer(t, tr)
	for _, method := range []Method{OPTIONS, INVITE} {
		uri, _ := ParseURI("sip:nobody@" + silent.addr().String())
		tx, err := s.Request(t.Context(), Hop{tr, silent.addr()}, testRequest(method, uri, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %v, want ErrTimeout", method, err)
		}
	}
	if n := s.Stats().Clients; n != 0 {
		t.Errorf("%d client transactions left", n)
	}
}

func TestClientTransportErrors(t *testing.T) {
	s := newTestStack(t, Config{})
	tr := listen(t, s, "tcp")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := ParseURI("sip:nobody@" + l.Addr().String())
	hop := Hop{tr, addrPortOf(l.Addr())}
	tx, err := s.Request(t.Context(), hop, testRequest(INVITE, uri, ""))
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c.Close()
	if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTransport) {
		t.Errorf("connection closed: %v, want ErrTransport", err)
	}
	if _, err := s.Request(t.Context(), hop, testRequest(OPTIONS, uri, "")); !errors.Is(err, ErrTransport) {
		t.Errorf("connection refused: %v, want ErrTransport", err)
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

// answer makes a response to a request a peer has read.
func answer(req *wire, status int, tag string, lines ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=%s\r\nCall-ID: %s\r\nCSeq: %s\r\n",
		status, req.get("Via"), req.get("From"), req.get("To"), tag, req.get("Call-ID"), req.get("CSeq"))
	for _, l := range lines {
		b.WriteString(l + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

func TestClientInvite(t *testing.T) {
	late := make(chan string, 4)
	s := newTestStack(t, Config{OnResponse: func(_ *Transport, res *Response) { late <- ToTag(res) }})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	uri, _ := ParseURI("sip:bob@" + p.addr().String())
	invite := func() (*ClientTx, *wire) {
		tx, err := s.Request(t.Context(), Hop{tr, p.addr()}, testRequest(INVITE, uri, ""))
		if err != nil {
			t.Fatal(err)
		}
		return tx, p.expect("INVITE")
	}
	next := func(tx *ClientTx) int {
		res, err := tx.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	t.Run("order and forks", func(t *testing.T) {
		tx, req := invite()
		for range 20 {
			p.send(answer(req, 180, "f1"))
		}
		p.send(answer(req, 200, "f1"))
		p.send(answer(req, 183, "f1"))
		p.send(answer(req, 200, "f2"))
		p.send(answer(req, 200, "f1"))
		for range 20 {
			if got := next(tx); got != 180 {
				t.Fatalf("got %d, want 180", got)
			}
		}
		if got := next(tx); got != 200 {
			t.Fatalf("got %d, want 200", got)
		}
		if a, b := <-late, <-late; a != "f2" || b != "f1" {
			t.Errorf("OnResponse got %s, %s", a, b)
		}
	})
	t.Run("non-2xx is acknowledged each time", func(t *testing.T) {
		tx, req := invite()
		p.send(answer(req, 180, "f1"))
		p.send(answer(req, 486, "f1"))
		if a, b := next(tx), next(tx); a != 180 || b != 486 {
			t.Fatalf("got %d, %d", a, b)
		}
		ack := p.expect("ACK")
		if ack.get("To") != req.get("To")+";tag=f1" || ack.get("Via") != req.get("Via") || ack.get("CSeq") != "7 ACK" {
			t.Errorf("got\n%s", ack.raw)
		}
		for range 3 {
			p.send(answer(req, 486, "f1"))
			if again := p.expect("ACK"); again.raw != ack.raw {
				t.Errorf("got\n%s", again.raw)
			}
		}
	})
	t.Run("cancel waits for a provisional", func(t *testing.T) {
		tx, req := invite()
		if err := tx.Cancel(`SIP;cause=200;text="Call completed elsewhere"`); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * testT1); time.Now().Before(end); {
			if w := p.read(time.Until(end)); w != nil && strings.HasPrefix(w.start, "CANCEL") {
				t.Fatal("CANCEL before any response")
			}
		}
		p.send(answer(req, 180, "f1"))
		c := p.expect("CANCEL")
		if c.get("Via") != req.get("Via") || c.get("CSeq") != "7 CANCEL" || c.get("To") != req.get("To") || !strings.Contains(c.get("Reason"), "elsewhere") {
			t.Errorf("got\n%s", c.raw)
		}
		p.send(answer(c, 200, "f1"))
		p.send(answer(req, 200, "f1")) // it crossed
		if a, b := next(tx), next(tx); a != 180 || b != 200 {
			t.Fatalf("got %d, %d", a, b)
		}
	})
	t.Run("cancelled and no final response", func(t *testing.T) {
		tx, req := invite()
		p.send(answer(req, 180, "f1"))
		next(tx)
		if err := tx.Cancel(""); err != nil {
			t.Fatal(err)
		}
		p.send(answer(p.expect("CANCEL"), 200, "f1"))
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
	})
	t.Run("terminate", func(t *testing.T) {
		tx, req := invite()
		tx.Terminate()
		if _, err := tx.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		p.send(answer(req, 200, "late"))
		if got := <-late; got != "late" {
			t.Errorf("OnResponse got %s", got)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tx, _ := invite()
	if _, err := tx.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tx.Terminate()
}
