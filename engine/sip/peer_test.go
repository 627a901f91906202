package sip

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

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
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
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
