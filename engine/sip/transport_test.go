package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestLargeRequestsTakeTCP(t *testing.T) {
	var got sync.Map
	server := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		got.Store(HeaderValue(tx.Request, "Call-ID"), tx.Transport.Protocol()+" "+tx.Request.Via().Transport)
		echoOK(tx)
	}})
	udp := listenOn(t, server, "udp", newHost()+":0") // whose port is free on TCP too
	both := udp.LocalAddr().String()
	client := newTestStack(t, Config{})
	from := listen(t, client, "udp")
	send := func(s *Stack, body int) string {
		t.Helper()
		uri, _ := ParseURI("sip:1001@" + both)
		req := testRequest(MESSAGE, uri, strings.Repeat("x", body))
		id := HeaderValue(req, "Call-ID")
		tx, err := s.Request(t.Context(), Hop{from, udp.LocalAddr()}, req)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != 200 {
			t.Fatalf("%v, %v", res, err)
		}
		v, _ := got.Load(id)
		return v.(string)
	}
	if v := send(client, 3000); v != "udp UDP" {
		t.Errorf("without a TCP transport of ours: %s", v)
	}
	listen(t, client, "tcp")
	if v := send(client, 3000); v != "udp UDP" {
		t.Errorf("nobody listens on TCP: %s", v)
	}
	if len(client.noTCP) != 1 {
		t.Error("the refusal is not remembered")
	}
	clear(client.noTCP)
	listenOn(t, server, "tcp", both)
	if v := send(client, 3000); v != "tcp TCP" {
		t.Errorf("large: %s", v)
	}
	if v := send(client, 10); v != "udp UDP" {
		t.Errorf("small: %s", v)
	}
	client.cfg.DisableTCPSwitch = true
	if v := send(client, 3000); v != "udp UDP" {
		t.Errorf("switched off: %s", v)
	}
}

// A request to a phone that registered by TCP takes the connection it came by.
func TestConnectionReuse(t *testing.T) {
	sources := make(chan netip.AddrPort, 1)
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) { sources <- tx.Source; echoOK(tx) }})
	tr := listen(t, s, "tcp")
	p := dialPeer(t, tr)
	p.send(message("REGISTER", "r"))
	p.expect("SIP/2.0 200")
	contact := <-sources
	if contact != p.addr() || !tr.Connected(contact) {
		t.Fatalf("source %v, peer %v, connected %v", contact, p.addr(), tr.Connected(contact))
	}
	uri, _ := ParseURI("sip:phone@" + contact.String())
	tx, err := s.Request(t.Context(), Hop{tr, contact}, testRequest(OPTIONS, uri, ""))
	if err != nil {
		t.Fatal(err)
	}
	p.send(answer(p.expect("OPTIONS"), 200, "x"))
	if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %v", res, err)
	}
	p.conn.Close()
	for end := time.Now().Add(10 * time.Second); tr.Connected(contact) && time.Now().Before(end); {
		runtime.Gosched()
	}
	if _, err := s.Request(t.Context(), Hop{tr, contact}, testRequest(OPTIONS, uri, "")); !errors.Is(err, ErrTransport) {
		t.Errorf("after the phone hung up: %v", err)
	}
}

func TestIPv6(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 loopback")
	} else {
		l.Close()
	}
	eachProtocol(t, func(t *testing.T, proto string) {
		via := make(chan string, 1)
		s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) { via <- HeaderValue(tx.Request, "Via"); echoOK(tx) }})
		to := listenOn(t, s, proto, "[::1]:0")
		c := newTestStack(t, Config{})
		listenOn(t, c, proto, "127.0.0.1:0")
		from := listenOn(t, c, proto, "[::]:0")
		uri, _ := ParseURI("sip:x@" + to.LocalAddr().String() + ";transport=" + proto)
		hop, err := c.Resolve(t.Context(), uri, nil)
		if err != nil || hop.Transport != from {
			t.Fatalf("%+v, %v", hop, err)
		}
		tx, err := c.Request(t.Context(), hop, testRequest(OPTIONS, uri, ""))
		if err != nil {
			t.Fatal(err)
		}
		if res, err := tx.Next(t.Context()); err != nil || res.StatusCode != 200 {
			t.Fatalf("%v, %v", res, err)
		}
		want := fmt.Sprintf("%s [::1]:%d;branch=", strings.ToUpper(proto), from.LocalAddr().Port())
		if v := <-via; !strings.Contains(v, want) || !strings.Contains(v, ";received=::1") {
			t.Errorf("Via %q, want %q in it", v, want)
		}
	})
}

// A listener on a wildcard address answers from the address that was asked.
func TestWildcardAnswersFromWhereItWasAsked(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: echoOK})
	tr := listenOn(t, s, "udp", "0.0.0.0:0")
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	asked := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), tr.LocalAddr().Port())
	for i, msg := range [][]byte{message("OPTIONS", "wild"), bytes.Replace(message("OPTIONS", "wild2"), []byte("CSeq: 1"), []byte("CSeq: x"), 1)} {
		if _, err := c.WriteToUDPAddrPort(msg, asked); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, from, err := c.ReadFromUDPAddrPort(make([]byte, 2000)); err != nil || from != asked {
			t.Errorf("%d: answered from %v, %v; want %v", i, from, err, asked)
		}
	}
}

func TestAdvertised(t *testing.T) {
	s := newTestStack(t, Config{})
	tr, err := s.Listen(TransportConfig{Name: "nat", Protocol: "udp", Bind: netip.MustParseAddrPort("0.0.0.0:0"), TOS: 0x60, COS: 3,
		ExternalSignalingAddress: netip.MustParseAddr("203.0.113.5"), ExternalSignalingPort: 5090,
		LocalNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := tr.Advertised(netip.MustParseAddr("127.0.0.9")); got.Addr() != netip.MustParseAddr("127.0.0.1") || got.Port() != tr.LocalAddr().Port() {
		t.Errorf("inside: %v", got)
	}
	if got := tr.Advertised(netip.MustParseAddr("198.51.100.1")); got != netip.MustParseAddrPort("203.0.113.5:5090") {
		t.Errorf("outside: %v", got)
	}
	for _, bad := range []TransportConfig{{Protocol: "sctp", Bind: netip.MustParseAddrPort("127.0.0.1:0")}, {Protocol: "udp"},
		{Protocol: "udp", Bind: netip.AddrPortFrom(netip.MustParseAddr("0.0.0.0"), tr.LocalAddr().Port())}} {
		if tr, err := s.Listen(bad); err == nil {
			t.Errorf("%+v listens on %v", bad, tr.LocalAddr())
		}
	}
}

func TestRport(t *testing.T) {
	for _, force := range []bool{false, true} {
		s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
			if force {
				tx.ForceRport()
			}
			echoOK(tx)
		}})
		tr := listen(t, s, "udp")
		p, other := dialPeer(t, tr), dialPeer(t, tr)
		noRport := fmt.Sprintf("Via: SIP/2.0/UDP 10.0.0.1:%d;branch=z9hG4bKnr%v", other.addr().Port(), force)
		p.send(message("OPTIONS", "nr", noRport))
		at := other // RFC 3261 §18.2.2: the source's address and the port of sent-by
		if force {
			at = p
		}
		w := at.expect("SIP/2.0 200")
		if !strings.Contains(w.get("Via"), ";received=127.0.0.1") || strings.Contains(w.get("Via"), "rport=") != force {
			t.Errorf("force %v: Via %q", force, w.get("Via"))
		}
	}
}

type fakeDNS map[string][]netip.Addr

func (f fakeDNS) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := f[host]; ok {
		return a, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (fakeDNS) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func TestResolve(t *testing.T) {
	v4, v6 := netip.MustParseAddr("127.0.0.9"), netip.MustParseAddr("::1")
	s := newTestStack(t, Config{Resolver: fakeDNS{"both.example": {v6, v4}, "six.example": {v6}}})
	udp, tcp := listen(t, s, "udp"), listen(t, s, "tcp")
	tests := []struct {
		uri  string
		t    *Transport
		want string // protocol and address
	}{
		{"sip:a@127.0.0.9", nil, "udp 127.0.0.9:5060"},
		{"sip:a@127.0.0.9:5070;transport=TCP", nil, "tcp 127.0.0.9:5070"},
		{"sip:a@127.0.0.9;transport=tcp", udp, "udp 127.0.0.9:5060"},
		{"sip:a@127.0.0.9;maddr=127.0.0.1", tcp, "tcp 127.0.0.9:5060"},
		{"sip:a@both.example:5080", nil, "udp 127.0.0.9:5080"},
		{"sip:a@six.example", nil, ""},
		{"sip:a@[::1]", udp, ""},
		{"sip:a@nowhere.example", nil, ""},
		{"sip:a@192.0.2.1", nil, ""}, // our listeners are on loopback
		{"sip:a@127.0.0.9;transport=ws", nil, ""},
		{"sips:a@127.0.0.9", nil, ""},
		{"tel:+4930", nil, ""},
	}
	for _, tt := range tests {
		uri, err := ParseURI(tt.uri)
		if err != nil {
			t.Fatal(err)
		}
		hop, err := s.Resolve(t.Context(), uri, tt.t)
		got := ""
		if err == nil {
			got = hop.Transport.Protocol() + " " + hop.Addr.String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.uri, got, err, tt.want)
		}
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTrace(t *testing.T) {
	var out safeBuffer
	s := newTestStack(t, Config{OnRequest: echoOK, TraceWriter: &out})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	ask := func(branch string) {
		p.send(message("OPTIONS", branch, `Authorization: Digest username="alice", response="0123456789abcdef", nc=1`, "Subject: \x1b[31m\x00red Ünicode"))
		p.expect("SIP/2.0 200")
	}
	ask("t0")
	s.SetTrace(true, "192.0.2.1")
	ask("t1")
	if out.String() != "" {
		t.Fatalf("traced %q", out.String())
	}
	s.SetTrace(true, p.addr().Addr().String())
	ask("t2")
	s.SetTrace(false, "")
	ask("t3")
	got := out.String()
	for _, want := range []string{
		"<--- Received SIP request (", " bytes) from UDP:" + p.addr().String() + " --->\nOPTIONS sip:1001@127.0.0.1 SIP/2.0\n",
		"<--- Transmitting SIP response (", " bytes) to UDP:" + p.addr().String() + " --->\nSIP/2.0 200 OK\n",
		`response="***", nc=1`, `Subject: \x1b[31m\x00red Ünicode`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "0123456789abcdef") || strings.Contains(got, "z9hG4bKt3") || strings.Contains(got, "z9hG4bKt0") {
		t.Errorf("got\n%s", got)
	}
	if s := string(maskSecrets([]byte("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20"))); strings.Contains(s, "c2Vj") {
		t.Errorf("got %q", s)
	}
}

func TestPendingLimits(t *testing.T) {
	release := make(chan struct{})
	var called atomic.Int32
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) { called.Add(1); <-release; echoOK(tx) }, Limits: Limits{PendingPerSource: 3, Remembered: 4}})
	p := dialPeer(t, listen(t, s, "udp"))
	for i := range 5 {
		p.send(message("OPTIONS", fmt.Sprint("p", i)))
	}
	for end := time.Now().Add(10 * time.Second); s.Stats().Refused < 2 && time.Now().Before(end); {
		runtime.Gosched()
	}
	if st := s.Stats(); st.Pending != 3 || st.Refused != 2 {
		t.Errorf("%+v", st)
	}
	close(release)
	for range 3 {
		p.expect("SIP/2.0 200")
	}
	for i := range 6 {
		p.send(message("OPTIONS", fmt.Sprint("q", i)))
		p.expect("SIP/2.0 200")
	}
	for end := time.Now().Add(10 * time.Second); s.Stats().Pending > 0 && time.Now().Before(end); { // the response goes out first
		runtime.Gosched()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.servers) != 4 || s.pending != 0 || len(s.pendingOf) != 0 || called.Load() != 9 {
		t.Errorf("%d remembered, %d pending, %d sources, %d calls", len(s.servers), s.pending, len(s.pendingOf), called.Load())
	}
}

func TestEverythingIsForgotten(t *testing.T) {
	t.Parallel()
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) {
		switch HeaderValue(tx.Request, "X-Do") {
		case "never":
		case "busy":
			_ = tx.Respond(NewResponse(tx.Request, 486, "", nil))
		default:
			echoOK(tx)
		}
	}})
	p := dialPeer(t, listen(t, s, "udp"))
	p.send(message("OPTIONS", "f1"))
	p.send(message("OPTIONS", "f2", "X-Do: never"))
	p.send(message("INVITE", "f3"))
	p.send(message("INVITE", "f4", "X-Do: busy"))
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		s.mu.Lock()
		n := len(s.servers) + len(s.old) + s.pending
		s.mu.Unlock()
		if n == 0 && s.Stats().Received == 4 {
			return
		}
	}
	t.Errorf("%+v", s.Stats())
}

func TestPanicInHandler(t *testing.T) {
	var log safeBuffer
	s := newTestStack(t, Config{Log: zerolog.New(&log), OnRequest: func(tx *ServerTx) {
		if HeaderValue(tx.Request, "X-Do") == "panic" {
			panic("a bug")
		}
		echoOK(tx)
	}, OnACK: func(*Transport, *Request) { panic("another bug") }})
	tr := listen(t, s, "udp")
	p := dialPeer(t, tr)
	for i := range 3 {
		p.send(message("OPTIONS", fmt.Sprint("bug", i), "X-Do: panic"))
		p.expect("SIP/2.0 500")
	}
	p.send(message("ACK", "bug"))
	alive(t, tr)
	if n := s.Stats().Panics; n != 4 {
		t.Errorf("%d panics", n)
	}
	if n := strings.Count(log.String(), "a bug"); n != 1 || strings.Contains(log.String(), "another bug") {
		t.Errorf("logged %d times", n)
	}
}

// No header value a script or a peer gives us begins a header field of its own.
func TestNoHeaderInjection(t *testing.T) {
	got := make(chan *Request, 1)
	s := newTestStack(t, Config{OnRequest: func(tx *ServerTx) { got <- tx.Request; echoOK(tx) }})
	tr := listen(t, s, "udp")
	uri, _ := ParseURI("sip:x@" + tr.LocalAddr().String())
	req := testRequest(OPTIONS, uri, "")
	req.AppendHeader(NewHeader("X-Name", "a\r\nX-Evil: 1\nX-Evil: 2"))
	RemoveHeader(req, "From")
	req.AppendHeader(&FromHeader{DisplayName: "a\" <sip:b@c>;tag=x\r\nX-Evil: 3\r\n", Address: *uri, Params: Params{{K: "tag", V: "1;x=\r\nX-Evil: 4"}}})
	tx, err := s.Request(t.Context(), Hop{tr, tr.LocalAddr()}, req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := <-got
	if HasHeader(r, "X-Evil") || !IsSIP(&r.From().Address) || r.From().Address.User != "x" {
		t.Errorf("got\n%s", marshal(r))
	}
}

func TestRequestRefusals(t *testing.T) {
	s := newTestStack(t, Config{})
	tr := listen(t, s, "udp")
	uri, _ := ParseURI("sip:x@127.0.0.1")
	hop := Hop{tr, tr.LocalAddr()}
	without := func(name string) *Request {
		req := testRequest(OPTIONS, uri, "")
		RemoveHeader(req, name)
		return req
	}
	wrongCSeq := testRequest(OPTIONS, uri, "")
	SetHeader(wrongCSeq, "CSeq", "1 INVITE")
	for name, try := range map[string]func() (*ClientTx, error){
		"ACK":     func() (*ClientTx, error) { return s.Request(t.Context(), hop, testRequest(ACK, uri, "")) },
		"no hop":  func() (*ClientTx, error) { return s.Request(t.Context(), Hop{}, testRequest(OPTIONS, uri, "")) },
		"no From": func() (*ClientTx, error) { return s.Request(t.Context(), hop, without("From")) },
		"no CSeq": func() (*ClientTx, error) { return s.Request(t.Context(), hop, without("CSeq")) },
		"CSeq":    func() (*ClientTx, error) { return s.Request(t.Context(), hop, wrongCSeq) },
		"no URI":  func() (*ClientTx, error) { return s.Request(t.Context(), hop, NewRequest(OPTIONS, URI{})) },
	} {
		if tx, err := try(); err == nil {
			t.Errorf("%s: sent %v", name, tx.Request())
		}
	}
	s.Close()
	if _, err := s.Request(t.Context(), hop, testRequest(OPTIONS, uri, "")); err == nil {
		t.Error("sent on a closed stack")
	}
	if _, err := s.Listen(TransportConfig{Protocol: "udp", Bind: netip.MustParseAddrPort("127.0.0.1:0")}); !errors.Is(err, ErrClosed) {
		t.Errorf("listening on a closed stack: %v", err)
	}
}

// BenchmarkRegister is a REGISTER with credentials and its 200 over loopback, client and server ours.
func BenchmarkRegister(b *testing.B) {
	for _, proto := range protocols {
		b.Run(proto, func(b *testing.B) {
			s := newTestStack(b, Config{OnRequest: func(tx *ServerTx) {
				res := NewResponse(tx.Request, 200, "", nil)
				res.AppendHeader(NewHeader("Contact", HeaderValue(tx.Request, "Contact")+";expires=3600"))
				_ = tx.Respond(res)
			}})
			to := listen(b, s, proto)
			from := listen(b, s, proto)
			uri, _ := ParseURI("sip:" + to.LocalAddr().String())
			b.ReportAllocs()
			for b.Loop() {
				req := testRequest(REGISTER, uri, "")
				req.AppendHeader(NewHeader("Contact", "<sip:alice@127.0.0.1:5062;transport=udp;ob>"))
				req.AppendHeader(NewHeader("Authorization", `Digest username="alice", realm="asterisk", nonce="AZrPvLzmqW3tEx2uEKCg9qCYWa0Tdv1lTZ", uri="sip:127.0.0.1", response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", algorithm=SHA-256, cnonce="c0ffee", nc=00000001, qop=auth`))
				req.AppendHeader(NewHeader("Expires", "3600"))
				req.AppendHeader(NewHeader("Supported", "path, outbound"))
				tx, err := s.Request(b.Context(), Hop{from, to.LocalAddr()}, req)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := tx.Next(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGuard is the guard and sipgo's parser over one INVITE-sized message.
func BenchmarkGuard(b *testing.B) {
	msg := withBody("INVITE", "bench", strings.Repeat("a=rtpmap:0 PCMU/8000\r\n", 10), "Allow: "+Allow, "Supported: path", "User-Agent: x", "Content-Type: application/sdp", "Route: <sip:a;lr>")
	p := newParser()
	b.ReportAllocs()
	for b.Loop() {
		h, err := parseHead(msg[:headEnd(msg)], 256)
		if err != nil || h.fault != nil {
			b.Fatal(err, h.fault)
		}
		body := msg[headEnd(msg):]
		if _, err := p.ParseSIP(append(h.appendTo(make([]byte, 0, len(msg)+256), len(body)), body...)); err != nil {
			b.Fatal(err)
		}
	}
}
