package dialog

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"asterism/engine/sip"
)

// phone is the peer, played by hand on a raw socket.
type phone struct {
	t     testing.TB
	udp   *net.UDPConn
	ln    net.Listener
	inbox chan *wire
	wg    sync.WaitGroup
	seen  map[string]bool

	mu    sync.Mutex
	pbx   net.Addr
	conns []net.Conn
}

func newPhone(t testing.TB, proto string) *phone {
	t.Helper()
	p := &phone{t: t, inbox: make(chan *wire, 10000), seen: map[string]bool{}}
	var err error
	if proto == "udp" {
		p.udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	} else {
		p.ln, err = net.Listen("tcp4", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	p.wg.Go(p.read)
	t.Cleanup(p.close)
	return p
}

func (p *phone) close() {
	if p.udp != nil {
		p.udp.Close()
	} else {
		p.ln.Close()
		p.drop()
	}
	p.wg.Wait()
}

// drop closes the phone's connections.
func (p *phone) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

func (p *phone) addr() netip.AddrPort {
	if p.udp != nil {
		return p.udp.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return p.ln.Addr().(*net.TCPAddr).AddrPort()
}

func (p *phone) read() {
	if p.udp == nil {
		for {
			c, err := p.ln.Accept()
			if err != nil {
				return
			}
			p.stream(c)
		}
	}
	b := make([]byte, 65536)
	for {
		n, from, err := p.udp.ReadFromUDP(b)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.pbx = from
		p.mu.Unlock()
		p.take(bytes.Clone(b[:n]))
	}
}

func (p *phone) stream(c net.Conn) {
	p.mu.Lock()
	p.conns = append(p.conns, c)
	p.mu.Unlock()
	p.wg.Go(func() {
		r := bufio.NewReader(c)
		for {
			var b bytes.Buffer
			length := 0
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				b.WriteString(line)
				if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
					length, _ = strconv.Atoi(strings.TrimSpace(v))
				}
				if line == "\r\n" {
					break
				}
			}
			if _, err := io.CopyN(&b, r, int64(length)); err != nil {
				return
			}
			p.take(b.Bytes())
		}
	})
}

func (p *phone) take(b []byte) {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	p.inbox <- &wire{raw: string(b), start: lines[0], lines: lines[1:], body: body, at: time.Now()}
}

// send writes a message to the PBX x.
func (p *phone) send(x *pbx, msg string) {
	p.t.Helper()
	if p.udp != nil {
		if _, err := p.udp.WriteToUDPAddrPort([]byte(msg), x.tr.LocalAddr()); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	p.mu.Lock()
	var c net.Conn
	if len(p.conns) > 0 {
		c = p.conns[len(p.conns)-1]
	}
	p.mu.Unlock()
	if c == nil {
		var err error
		if c, err = net.Dial("tcp4", x.tr.LocalAddr().String()); err != nil {
			p.t.Fatal(err)
		}
		p.stream(c)
	}
	if _, err := io.WriteString(c, msg); err != nil {
		p.t.Fatal(err)
	}
}

// next is the next message that is no 100, and no repetition of an earlier one; nil if none comes.
func (p *phone) next(within time.Duration) *wire {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case w := <-p.inbox:
			if strings.HasPrefix(w.start, "SIP/2.0 100") || p.seen[w.raw] {
				continue
			}
			p.seen[w.raw] = true
			return w
		case <-timer.C:
			return nil
		}
	}
}

// expect wants the next message to begin so.
func (p *phone) expect(prefix string) *wire {
	p.t.Helper()
	w := p.next(soon)
	if w == nil {
		p.t.Fatalf("phone got nothing, want %q", prefix)
	}
	if !strings.HasPrefix(w.start, prefix) {
		p.t.Fatalf("phone got\n%s\nwant %q", w.raw, prefix)
	}
	return w
}

// quiet wants nothing new for a while.
func (p *phone) quiet(d time.Duration) {
	p.t.Helper()
	if w := p.next(d); w != nil {
		p.t.Errorf("phone got\n%s\nwant nothing", w.raw)
	}
}

// sync returns when the PBX has taken all messages sent before.
func (p *phone) sync(x *pbx) {
	p.t.Helper()
	h := p.dials(x)
	h.remote = "nobody"
	h.request("OPTIONS", "")
	p.expect("SIP/2.0 481")
}

// again waits for repetitions of w until one comes.
func (p *phone) again(w *wire) *wire {
	p.t.Helper()
	for end := time.After(soon); ; {
		select {
		case got := <-p.inbox:
			if got.raw == w.raw {
				return got
			}
			p.t.Fatalf("phone got\n%s\nwant again\n%s", got.raw, w.raw)
		case <-end:
			p.t.Fatalf("phone got nothing, want again\n%s", w.raw)
			return nil
		}
	}
}

// wire is a message as it came.
type wire struct {
	raw, start, body string
	lines            []string
	at               time.Time
}

func (w *wire) all(name string) (out []string) {
	for _, l := range w.lines {
		if v, ok := strings.CutPrefix(l, name+": "); ok {
			out = append(out, v)
		}
	}
	return out
}

func (w *wire) get(name string) string {
	if v := w.all(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (w *wire) tag(name string) string {
	_, tag, _ := strings.Cut(w.get(name), ";tag=")
	return tag
}

func (w *wire) seq() int {
	n, _, _ := strings.Cut(w.get("CSeq"), " ")
	v, _ := strconv.Atoi(n)
	return v
}

// half is the phone's side of one dialog.
type half struct {
	p                     *phone
	x                     *pbx
	callID, local, remote string // tags
	seq                   int
	contact               string
}

// dials begins a dialog that the phone makes.
func (p *phone) dials(x *pbx) *half {
	return &half{p: p, x: x, callID: sip.NewCallID(), local: sip.NewTag(), seq: 1, contact: p.contact()}
}

func (p *phone) contact() string {
	if p.udp == nil {
		return "<sip:phone@" + p.addr().String() + ";transport=tcp>"
	}
	return "<sip:phone@" + p.addr().String() + ">"
}

// text builds a request; branch "" makes a new one.
func (h *half) text(method string, seq int, branch, body string, headers ...string) string {
	if branch == "" {
		branch = sip.NewBranch()
	}
	proto, to := "UDP", "<sip:100@example.com>"
	if h.p.udp == nil {
		proto = "TCP"
	}
	if h.remote != "" {
		to += ";tag=" + h.remote
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s sip:100@%s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s;rport\r\nMax-Forwards: 70\r\n", method, h.x.tr.LocalAddr(), proto, h.p.addr(), branch)
	fmt.Fprintf(&b, "From: \"Phone\" <sip:phone@example.com>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: %s\r\n", h.local, to, h.callID, seq, method, h.contact)
	for _, v := range headers {
		b.WriteString(v + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}

// request sends the next request of the dialog and returns its branch.
func (h *half) request(method, body string, headers ...string) string {
	if method != "ACK" {
		h.seq++
	}
	return h.requestSeq(method, h.seq, body, headers...)
}

func (h *half) requestSeq(method string, seq int, body string, headers ...string) string {
	branch := sip.NewBranch()
	h.p.send(h.x, h.text(method, seq, branch, body, headers...))
	return branch
}

// invite sends the first INVITE and returns its branch.
func (h *half) invite(body string, headers ...string) string {
	return h.requestSeq("INVITE", h.seq, body, headers...)
}

// reply answers a request of the PBX; tag goes into To if that has none.
func (p *phone) reply(x *pbx, w *wire, status, tag, body string, headers ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, l := range w.lines {
		name, _, _ := strings.Cut(l, ":")
		switch name {
		case "To":
			if tag != "" && !strings.Contains(l, ";tag=") {
				l += ";tag=" + tag
			}
			fallthrough
		case "Via", "From", "Call-ID", "CSeq":
			b.WriteString(l + "\r\n")
		}
	}
	for _, v := range headers {
		b.WriteString(v + "\r\n")
	}
	if !strings.Contains(strings.Join(headers, "\n"), "Contact:") {
		b.WriteString("Contact: " + p.contact() + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	p.send(x, b.String())
}

// called makes the phone's half of a dialog of an INVITE it got.
func (p *phone) called(x *pbx, w *wire, tag string) *half {
	return &half{p: p, x: x, callID: w.get("Call-ID"), local: tag, remote: w.tag("From"), seq: 0, contact: p.contact()}
}
