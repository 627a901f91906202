package main

import (
	"crypto/md5"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"
)

// ua is a SIP user agent of the load: one UDP socket, transactions without retransmission (loopback loses nothing that a full
// buffer does not; a lost message is a failed call).
type ua struct {
	conn    *net.UDPConn
	pbx     *net.UDPAddr
	invited func(offer string) (sdp string, st *stream) // the called side's answer; nil: this one only calls

	mu     sync.Mutex             // guards what follows
	calls  map[string]chan string // responses, and BYEs, by Call-ID
	called map[string]*stream
}

func newUA(port, pbx int) (*ua, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(8 << 20)
	u := &ua{conn: conn, pbx: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: pbx}, calls: map[string]chan string{}, called: map[string]*stream{}}
	go u.read() // ends with the socket
	return u, nil
}

func (u *ua) port() int { return u.conn.LocalAddr().(*net.UDPAddr).Port }

func (u *ua) send(lines []string, body string) {
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	_, _ = u.conn.WriteToUDP([]byte(strings.Join(lines, "\r\n")+fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)), u.pbx)
}

// header is the value of the first header of that name; values are all of them.
func header(m, name string) string {
	if v := values(m, name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func values(m, name string) (list []string) {
	for line := range strings.SplitSeq(m, "\r\n") {
		if line == "" {
			break
		}
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			list = append(list, strings.TrimSpace(v))
		}
	}
	return list
}

func (u *ua) read() {
	buf := make([]byte, 65536)
	for {
		n, err := u.conn.Read(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		id := header(m, "Call-ID")
		switch {
		case strings.HasPrefix(m, "INVITE ") && u.invited != nil:
			_, body, _ := strings.Cut(m, "\r\n\r\n")
			sdp, st := u.invited(body)
			u.mu.Lock()
			u.called[id] = st
			u.mu.Unlock()
			u.respond(m, "180 Ringing", "")
			u.respond(m, "200 OK", sdp)
		case strings.HasPrefix(m, "BYE "):
			u.respond(m, "200 OK", "")
			u.mu.Lock()
			st, c := u.called[id], u.calls[id]
			delete(u.called, id)
			u.mu.Unlock()
			if st != nil {
				st.close()
			}
			tell(c, m)
		case strings.HasPrefix(m, "SIP/2.0 "):
			u.mu.Lock()
			c := u.calls[id]
			u.mu.Unlock()
			tell(c, m)
		}
	}
}

func tell(c chan string, m string) {
	select {
	case c <- m:
	default: // nobody waits (any more)
	}
}

func (u *ua) respond(req, status, body string) {
	lines := []string{"SIP/2.0 " + status}
	for _, v := range values(req, "Via") {
		lines = append(lines, "Via: "+v)
	}
	for _, v := range values(req, "Record-Route") {
		lines = append(lines, "Record-Route: "+v)
	}
	to := header(req, "To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=called"
	}
	u.send(append(lines, "From: "+header(req, "From"), "To: "+to, "Call-ID: "+header(req, "Call-ID"), "CSeq: "+header(req, "CSeq"),
		fmt.Sprintf("Contact: <sip:called@127.0.0.1:%d>", u.port())), body)
}

// call is a call of ours that was answered.
type call struct {
	u             *ua
	id, from, to  string
	target, exten string
	answer        string
	events        chan string
}

// request begins a request within or without a dialog.
func (u *ua) request(method, uri, from, to, id string, seq int) []string {
	return []string{method + " " + uri + " SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%s%d%s;rport", u.port(), method, seq, id),
		"Max-Forwards: 70", "From: " + from, "To: " + to, "Call-ID: " + id, fmt.Sprintf("CSeq: %d %s", seq, method),
		fmt.Sprintf("Contact: <sip:caller@127.0.0.1:%d>", u.port())}
}

func (u *ua) expect(id string) chan string {
	c := make(chan string, 8)
	u.mu.Lock()
	u.calls[id] = c
	u.mu.Unlock()
	return c
}

func (u *ua) forget(id string) {
	u.mu.Lock()
	delete(u.calls, id)
	u.mu.Unlock()
}

// wait returns the next final response, or BYE.
func wait(c chan string, d time.Duration) (string, error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case m := <-c:
			if !strings.HasPrefix(m, "SIP/2.0 1") {
				return m, nil
			}
		case <-timer.C:
			return "", fmt.Errorf("nothing within %v", d)
		}
	}
}

var contact = regexp.MustCompile(`<([^>]+)>`)

// invite calls exten and returns when it has been answered.
func (u *ua) invite(i int, exten, sdp string) (*call, error) {
	id := fmt.Sprintf("%d-%d@bench", i, time.Now().UnixNano())
	uri := fmt.Sprintf("sip:%s@127.0.0.1:%d", exten, u.pbx.Port)
	c := &call{u: u, id: id, from: fmt.Sprintf("<sip:%d@127.0.0.1>;tag=c%d", 2000000+i, i), exten: uri, events: u.expect(id)}
	u.send(u.request("INVITE", uri, c.from, "<"+uri+">", id, 1), sdp)
	m, err := wait(c.events, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c.to = header(m, "To")
	if !strings.HasPrefix(m, "SIP/2.0 200") {
		u.send(u.request("ACK", uri, c.from, c.to, id, 1), "")
		return nil, fmt.Errorf("%s: %s", exten, strings.SplitN(m, "\r\n", 2)[0])
	}
	c.target = uri
	if t := contact.FindStringSubmatch(header(m, "Contact")); t != nil {
		c.target = t[1]
	}
	_, c.answer, _ = strings.Cut(m, "\r\n\r\n")
	u.send(u.request("ACK", c.target, c.from, c.to, id, 1), "")
	return c, nil
}

// bye hangs up.
func (c *call) bye() error {
	defer c.u.forget(c.id)
	c.u.send(c.u.request("BYE", c.target, c.from, c.to, c.id, 2), "")
	_, err := wait(c.events, 10*time.Second)
	return err
}

var quoted = regexp.MustCompile(`(realm|nonce|opaque)="([^"]*)"`)

// register is REGISTER, 401, REGISTER with digest.
func (u *ua) register(i int) error {
	user := fmt.Sprintf("u%d", 1000+i%1000)
	id := fmt.Sprintf("r%d-%d@bench", i, time.Now().UnixNano())
	c := u.expect(id)
	defer u.forget(id)
	uri := fmt.Sprintf("sip:127.0.0.1:%d", u.pbx.Port)
	aor := "<sip:" + user + "@127.0.0.1>"
	u.send(append(u.request("REGISTER", uri, aor+";tag=r", aor, id, 1), "Expires: 3600"), "")
	m, err := wait(c, 10*time.Second)
	if err != nil {
		return err
	}
	p := map[string]string{}
	for _, f := range quoted.FindAllStringSubmatch(header(m, "WWW-Authenticate"), -1) {
		p[f[1]] = f[2]
	}
	hash := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	ha1, ha2 := hash(user+":"+p["realm"]+":pw"+user[1:]), hash("REGISTER:"+uri)
	auth := fmt.Sprintf(`Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5, opaque="%s", qop=auth, nc=00000001, cnonce="c", response="%s"`,
		user, p["realm"], p["nonce"], uri, p["opaque"], hash(ha1+":"+p["nonce"]+":00000001:c:auth:"+ha2))
	u.send(append(u.request("REGISTER", uri, aor+";tag=r", aor, id, 2), "Expires: 3600", auth), "")
	if m, err = wait(c, 10*time.Second); err == nil && !strings.HasPrefix(m, "SIP/2.0 200") {
		err = fmt.Errorf("REGISTER: %s", strings.SplitN(m, "\r\n", 2)[0])
	}
	return err
}
