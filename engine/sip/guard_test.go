package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func echoOK(tx *ServerTx) { _ = tx.Respond(NewResponse(tx.Request, StatusOK, "", nil)) }

func TestGuardAnswers(t *testing.T) {
	t.Parallel()
	lf := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
	without := func(name string) []byte {
		var out []string
		for _, l := range strings.Split(string(message("OPTIONS", "w"+name)), "\r\n") {
			if !strings.HasPrefix(l, name+":") {
				out = append(out, l)
			}
		}
		return []byte(strings.Join(out, "\r\n"))
	}
	raw := func(old, new string) []byte {
		return []byte(strings.Replace(string(message("OPTIONS", NewTag())), old, new, 1))
	}
	tests := []struct {
		name   string
		msg    []byte
		want   string // beginning of the status line; "" for silence
		stream string // on TCP, if it differs
	}{
		{"plain", message("OPTIONS", "plain"), "SIP/2.0 200", ""},
		{"bare LF", lf(message("OPTIONS", "lf")), "SIP/2.0 200", ""},
		{"leading line breaks", append([]byte("\r\n\n"), message("OPTIONS", "lead")...), "SIP/2.0 200", ""},
		{"unknown method", message("FROBNICATE", "unk"), "SIP/2.0 200", ""}, // it is the handler's to refuse
		{"lower case method", message("options", "low"), "SIP/2.0 200", ""},
		{"no To", without("To"), "SIP/2.0 400 Missing To header", ""},
		{"no From", without("From"), "SIP/2.0 400 Missing From header", ""},
		{"no Call-ID", without("Call-ID"), "SIP/2.0 400 Missing Call-ID header", ""},
		{"no CSeq", without("CSeq"), "SIP/2.0 400 Missing CSeq header", ""},
		{"no Via", without("Via"), "", ""},
		{"no Content-Length", without("Content-Length"), "SIP/2.0 200", "SIP/2.0 400 Missing Content-Length header"},
		{"malformed To", raw("To: <sip:1001@127.0.0.1>", `To: "x <sip:1001@127.0.0.1>`), "SIP/2.0 400 Malformed To header", ""},
		{"malformed Call-ID", raw("Call-ID: ", "Call-ID: a b"), "SIP/2.0 400 Malformed Call-ID header", ""},
		{"bracket URI in To", raw("To: <sip:1001@127.0.0.1>", "To: [<sip:["), "SIP/2.0 400 Malformed To header", ""},
		{"malformed CSeq", raw("CSeq: 1 ", "CSeq: one "), "SIP/2.0 400 Malformed CSeq header", ""},
		{"long CSeq", raw("CSeq: 1 ", "CSeq: "+strings.Repeat("9", 5000)+" "), "SIP/2.0 400 Malformed CSeq header", ""},
		{"CSeq 2^31", raw("CSeq: 1 ", "CSeq: 2147483648 "), "SIP/2.0 400 Malformed CSeq header", ""},
		{"two To", raw("To: ", "To: <sip:a@b>\r\nT: "), "SIP/2.0 400 Multiple To headers", ""},
		{"bad Via port", raw("SIP/2.0/UDP 127.0.0.1;", "SIP/2.0/UDP 127.0.0.1:99999;"), "SIP/2.0 400 Malformed Via header", ""},
		{"line without colon", raw("Max-Forwards: 70", "Max-Forwards 70"), "SIP/2.0 400 Malformed header field", ""},
		{"broken ACK", bytes.ReplaceAll(without("To"), []byte("OPTIONS"), []byte("ACK")), "", ""},
		{"negative length", raw("Content-Length: 0", "Content-Length: -1"), "SIP/2.0 400 Malformed Content-Length header", ""},
		{"length 2^31", raw("Content-Length: 0", "Content-Length: 2147483648"), "SIP/2.0 413", ""},
		{"length 2^63", raw("Content-Length: 0", "Content-Length: 9223372036854775808"), "SIP/2.0 413", ""},
		{"length 2^31-1", raw("Content-Length: 0", "Content-Length: 2147483647"), "SIP/2.0 400 Content-Length is beyond", "SIP/2.0 513"},
		{"conflicting lengths", raw("Content-Length: 0", "Content-Length: 0\r\nl: 4"), "SIP/2.0 400 Conflicting Content-Length headers", ""},
		{"same length twice", raw("Content-Length: 0", "Content-Length: 0\r\nl : 0"), "SIP/2.0 200", ""},
		{"short body", append(raw("Content-Length: 0", "Content-Length: 4"), "abc"...), "SIP/2.0 400 Content-Length is beyond", "SIP/2.0 400 Incomplete message"},
		{"257 header fields", raw("Max-Forwards", strings.Repeat("Accept: a/b\r\n", 257)+"Max-Forwards"), "SIP/2.0 413", ""},
		{"many values", raw("Max-Forwards", "Accept: "+strings.Repeat("a/b,", 5000)+"\r\nMax-Forwards"), "SIP/2.0 200", ""},
		{"many Route values", raw("Max-Forwards", "Route: "+strings.Repeat("<sip:a;lr>,", 300)+"\r\nMax-Forwards"), "SIP/2.0 413", ""},
		{"version", raw("SIP/2.0\r\n", "SIP/3.0\r\n"), "SIP/2.0 505", ""},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "", ""},
		{"NULs", make([]byte, 100), "", ""},
		{"response", []byte("SIP/2.0 200 OK\r\n\r\n"), "", ""},
	}
	eachProtocol(t, func(t *testing.T, proto string) {
		s := newTestStack(t, Config{OnRequest: echoOK, Limits: Limits{RejectsPerSecond: 10000, HeaderTimeout: time.Second, MessageTimeout: time.Second}})
		tr := listen(t, s, proto)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				p := dialPeer(t, tr)
				p.send(tt.msg)
				want := tt.want
				if proto == "tcp" && tt.stream != "" {
					want = tt.stream
				}
				if want == "" {
					if w := p.read(20 * time.Millisecond); w != nil {
						t.Errorf("answered with %q", w.start)
					}
					return
				}
				if w := p.read(2 * time.Second); w == nil || !strings.HasPrefix(w.start, want) {
					t.Errorf("got %+v, want %q", w, want)
				}
			})
		}
		alive(t, tr)
		if n := s.Stats().Panics; n != 0 {
			t.Errorf("%d panics", n)
		}
	})
}

func TestRejectRate(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: echoOK, Limits: Limits{RejectsPerSecond: 3}})
	p := dialPeer(t, listen(t, s, "udp"))
	bad := bytes.Replace(message("OPTIONS", "rate"), []byte("CSeq: 1"), []byte("CSeq: x"), 1)
	n := 0
	start := time.Now()
	for range 50 {
		p.send(bad)
	}
	for p.read(50*time.Millisecond) != nil {
		n++
	}
	if seconds := int(time.Since(start)/time.Second) + 2; n < 3 || n > 3*seconds {
		t.Errorf("%d answers, want 3 a second", n)
	}
}

// frames runs a framer over b cut into reads of the sizes given (repeated), and returns what it made of it.
func frames(b []byte, sizes []byte, size int) (out []string, pongs int, final error) {
	f := framer{size: size, fields: 256}
	i := 0
	read := func(p []byte) (int, error) {
		if len(b) == 0 {
			return 0, io.EOF
		}
		n := len(b)
		if len(sizes) > 0 {
			n = int(sizes[i%len(sizes)])%97 + 1
			i++
		}
		n = copy(p, b[:min(n, len(b))])
		b = b[n:]
		return n, nil
	}
	for {
		fr, err := f.next(read, func() error { pongs++; return nil })
		if fr != nil {
			fault := ""
			if fr.head.fault != nil {
				fault = fr.head.fault.Error()
			}
			out = append(out, fmt.Sprintf("%s|%s|%q", fr.head.appendTo(nil, len(fr.body)), fault, fr.body))
		}
		if err != nil {
			return out, pongs, err
		}
	}
}

func TestFraming(t *testing.T) {
	stream := slicesConcat(
		[]byte("\r\n\r\n"), message("OPTIONS", "1"), []byte("\r\n"), withBody("MESSAGE", "2", "a\r\n\r\nb"),
		[]byte("\r\n\r\n\r\n\r\n"), bytes.ReplaceAll(withBody("MESSAGE", "3", "x\ny"), []byte("\r\n"), []byte("\n")),
		message("OPTIONS", "4", "CSeq: x OPTIONS"), message("OPTIONS", "5"))
	got, pongs, err := frames(stream, nil, 65535)
	if len(got) != 5 || pongs != 3 || !errors.Is(err, io.EOF) {
		t.Fatalf("%d messages, %d pongs, %v", len(got), pongs, err)
	}
	if !strings.Contains(got[1], `"a\r\n\r\nb"`) || !strings.Contains(got[3], "Malformed CSeq") {
		t.Errorf("got %q", got)
	}
}

func slicesConcat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func FuzzFraming(f *testing.F) {
	f.Add(slicesConcat(message("OPTIONS", "1"), []byte("\r\n\r\n"), withBody("INVITE", "2", "v=0\r\n"), []byte("\r")), []byte{1})
	f.Add(slicesConcat([]byte("\n\r\r\n"), bytes.ReplaceAll(message("OPTIONS", "1"), []byte("\r"), nil)), []byte{3, 0, 90})
	f.Add(message("OPTIONS", "1", "Content-Length: 99999999999999999999"), []byte{2})
	f.Add(message("OPTIONS", "1", "Content-Length: 3"), []byte{250, 7})
	f.Fuzz(func(t *testing.T, b, sizes []byte) {
		const size = 4096
		whole, pongs, err1 := frames(b, nil, size)
		split, pongs2, err2 := frames(b, sizes, size)
		if len(whole) != len(split) || pongs != pongs2 || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("split by %v: %d and %d messages, %d and %d pongs, %v and %v\n%q", sizes, len(whole), len(split), pongs, pongs2, err1, err2, b)
		}
		for i := range whole {
			if whole[i] != split[i] {
				t.Fatalf("message %d differs:\n%s\n%s", i, whole[i], split[i])
			}
		}
	})
}

// What the guard lets pass, sipgo parses, and what we print of it says the same.
func FuzzMessage(f *testing.F) {
	files, _ := filepath.Glob("testdata/torture/*/*.dat")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add(message("REGISTER", "x", `Contact: "a,b" <sip:a@b>;+sip.instance="<urn:x;y=z>", sip:c@d;q=0.1, *`, "v :  SIP / 2.0/UDP [::1]:5060 ;rport"))
	parser := newParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		b = skipBlank(b)
		end := headEnd(b)
		if end < 0 || len(b) > 65535 {
			return
		}
		h, err := parseHead(b[:end], 256)
		if err != nil || h.fault != nil || h.length > len(b)-end {
			return
		}
		body := b[end:]
		if h.length >= 0 {
			body = body[:h.length]
		}
		m, err := parser.ParseSIP(append(h.appendTo(nil, len(body)), body...))
		if err != nil {
			t.Fatalf("sipgo refuses what the guard passed: %v\n%q", err, b)
		}
		if !bytes.Equal(m.Body(), body) && len(body) > 0 {
			t.Fatalf("body %q, want %q", m.Body(), body)
		}
		switch m := m.(type) {
		case *Request:
			m.Method = m.CSeq().MethodName
			if string(m.Method) != h.method || checkRequest(m) != nil {
				return
			}
			res := NewResponse(m, 200, "", nil)
			setToTag(res, "t")
			again(t, parser, marshal(res), m, res)
		case *Response:
			if !checkResponse(m) {
				return
			}
		}
		again(t, parser, marshal(m), m, m)
	})
}

// again parses what was printed and compares what transactions and dialogs live by.
func again(t *testing.T, parser interface{ ParseSIP([]byte) (Message, error) }, b []byte, from, want Message) {
	t.Helper()
	end := headEnd(b)
	h, err := parseHead(b[:max(end, 0)], 512)
	if err != nil || h.fault != nil {
		t.Fatalf("printed %q: %v, %v", b, err, h)
	}
	got, err := parser.ParseSIP(append(h.appendTo(nil, len(b)-end), b[end:]...))
	if err != nil {
		t.Fatalf("printed %q: %v", b, err)
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Record-Route"} {
		a, b := fmt.Sprintf("%q", HeaderValues(want, name)), fmt.Sprintf("%q", HeaderValues(got, name))
		if a != b {
			t.Fatalf("%s: %s became %s", name, a, b)
		}
	}
	if FromTag(got) != FromTag(from) || got.CSeq().SeqNo != from.CSeq().SeqNo {
		t.Fatalf("another dialog: %q", b)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{`"A \"B\"" <sip:a:pw@[::1]:5060;transport=tcp?x=y>;tag=1;q="a;b"`, "sip:a@b;tag=x", "Bell, A <tel:+1>", "*", `<sip:a@b>;x=";y"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		printed := a.String()
		if strings.ContainsAny(printed, "\r\n") {
			t.Fatalf("%q prints a line break", s)
		}
		b, err := ParseAddress(printed)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", s, printed, err)
		}
		for i := range a.Params { // printing quotes what needs it
			a.Params[i].V, b.Params[i].V = Unquote(a.Params[i].V), Unquote(b.Params[i].V)
		}
		if a.DisplayName != b.DisplayName || a.URI.String() != b.URI.String() || fmt.Sprint(a.Params) != fmt.Sprint(b.Params) {
			t.Fatalf("%q: %+v became %+v by %q", s, a, b, printed)
		}
		if !EqualURI(&a.URI, &a.URI) {
			t.Fatalf("%q: not equal to itself", s)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: echoOK})
	p := dialPeer(t, listen(t, s, "tcp"))
	p.send([]byte("\r\n\r"))
	p.send([]byte("\n"))
	if w := p.read(time.Second); w == nil || w.start != "pong" {
		t.Fatalf("got %+v", w)
	}
	p.send(message("OPTIONS", "k"))
	p.expect("SIP/2.0 200")
	u := dialPeer(t, listen(t, s, "udp"))
	u.send([]byte("\r\n\r\n"))
	if w := u.read(20 * time.Millisecond); w != nil {
		t.Errorf("UDP keep-alive answered with %q", w.start)
	}
}

func TestSlowStreams(t *testing.T) {
	t.Parallel()
	s := newTestStack(t, Config{OnRequest: echoOK, Limits: Limits{HeaderTimeout: 100 * time.Millisecond, MessageTimeout: 200 * time.Millisecond, IdleTimeout: time.Minute}})
	tr := listen(t, s, "tcp")
	closedWithin := func(name string, p *peer, limit time.Duration) {
		t.Helper()
		_ = p.conn.SetReadDeadline(time.Now().Add(limit))
		if _, err := io.Copy(io.Discard, p.r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent, half := dialPeer(t, tr), dialPeer(t, tr)
	half.send([]byte("OPTIONS sip:a SIP/2.0\r\nVia: x"))
	body := dialPeer(t, tr)
	body.send(bytes.Replace(message("OPTIONS", "b"), []byte("Content-Length: 0"), []byte("Content-Length: 9"), 1))
	served := dialPeer(t, tr)
	served.send(message("OPTIONS", "s"))
	served.expect("SIP/2.0 200")
	closedWithin("half a header", half, time.Second)
	closedWithin("half a body", body, time.Second)
	closedWithin("silent", silent, time.Second)
	served.send(message("OPTIONS", "s2"))
	served.expect("SIP/2.0 200") // it has shown itself: it may idle
}

func TestConnectionLimits(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: echoOK, Limits: Limits{ConnsPerSource: 3}})
	tr := listen(t, s, "tcp")
	for i := range 3 {
		p := dialPeer(t, tr)
		p.send(message("OPTIONS", fmt.Sprint("c", i)))
		p.expect("SIP/2.0 200")
	}
	p := dialPeer(t, tr)
	_ = p.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	if _, err := p.conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("fourth connection: %v, want it closed", err)
	}
	if st := s.Stats(); st.Refused != 1 || st.Conns != 3 {
		t.Errorf("%+v", st)
	}
}

// A claim costs nothing: 64 connections that each announce a large message hold little memory.
func TestNoAllocationFromClaim(t *testing.T) {
	s := newTestStack(t, Config{OnRequest: echoOK})
	tr := listen(t, s, "tcp")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 64 {
		dialPeer(t, tr).send(bytes.Replace(message("MESSAGE", fmt.Sprint("m", i)), []byte("Content-Length: 0"), []byte("Content-Length: 60000"), 1))
	}
	for end := time.Now().Add(5 * time.Second); s.Stats().Conns < 64 && time.Now().Before(end); {
		runtime.Gosched()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	// sipgo's own read buffer is 32 KiB a connection; the tests' reader 4 KiB.
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64*(32+4+10)<<10 {
		t.Errorf("64 claims hold %d KiB", grown>>10)
	}
}
