// Package wire speaks SIP and RTP byte by byte, for what no well-mannered phone does: broken messages, answers compared
// to the byte, digits, a stranger's packets.
package wire

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// SIP is one socket towards the PBX.
type SIP struct {
	Transport string // udp, tcp
	conn      net.Conn
	in        *bufio.Reader // tcp only
	vars      map[string]string
	sent      string // last request sent
	got       string // last message received
	Log       strings.Builder
}

// OpenSIP connects from the local address (host or host:port) to the PBX. The socket is connected, so that an ICMP
// refusal shows.
func OpenSIP(transport, local, pbx string) (*SIP, error) {
	if _, _, err := net.SplitHostPort(local); err != nil {
		local = net.JoinHostPort(local, "0")
	}
	var d net.Dialer
	var err error
	if transport == "tcp" {
		d.LocalAddr, err = net.ResolveTCPAddr("tcp", local)
	} else {
		d.LocalAddr, err = net.ResolveUDPAddr("udp", local)
	}
	if err != nil {
		return nil, err
	}
	conn, err := d.Dial(transport, pbx)
	if err != nil {
		return nil, err
	}
	s := &SIP{Transport: transport, conn: conn, in: bufio.NewReaderSize(conn, 1<<17)}
	s.vars = map[string]string{"LOCAL": conn.LocalAddr().String(), "PBX": pbx, "TRANSPORT": strings.ToUpper(transport)}
	s.Fresh()
	return s, nil
}

// Fresh begins a new call: new Call-ID and From tag, CSeq 1.
func (s *SIP) Fresh() {
	s.vars["CALLID"], s.vars["TAG"], s.vars["CSEQ"], s.vars["TOTAG"] = token(), token(), "1", ""
	s.vars["BRANCH"] = "z9hG4bK" + token()
}

func token() string {
	b := make([]byte, 8)
	rand.Read(b) //nolint:errcheck // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// Close ends the connection.
func (s *SIP) Close() { s.conn.Close() }

var variable = regexp.MustCompile(`\$\{[A-Z]+\}`)

// Render turns a message of a scene file into wire form: ${LOCAL} ${PBX} ${TRANSPORT} ${CALLID} ${TAG} ${TOTAG} ${CSEQ}
// ${BRANCH} (fresh for each message) and ${LENGTH} (of the body) filled in, lines ended by CRLF. It leaves unknown names.
func (s *SIP) Render(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	head, body, hasBody := strings.Cut(text, "\r\n\r\n")
	if !hasBody {
		head = strings.TrimRight(head, "\r\n")
	}
	s.vars["BRANCH"] = "z9hG4bK" + token()
	body = s.expand(body)
	s.vars["LENGTH"] = strconv.Itoa(len(body))
	return s.expand(head) + "\r\n\r\n" + body
}

func (s *SIP) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		if value, ok := s.vars[v[2:len(v)-1]]; ok {
			return value
		}
		return v
	})
}

// Set gives a variable of Render a value.
func (s *SIP) Set(name, value string) { s.vars[name] = value }

// Send renders and sends a request. Its CSeq number becomes ${CSEQ}+1 afterwards, unless it is ACK or CANCEL.
func (s *SIP) Send(text string) error {
	msg := s.Render(text)
	if !strings.HasPrefix(msg, "ACK ") && !strings.HasPrefix(msg, "CANCEL ") && !strings.HasPrefix(msg, "SIP/2.0 ") {
		s.sent = msg
		n, _ := strconv.Atoi(s.vars["CSEQ"])
		s.vars["CSEQ"] = strconv.Itoa(n + 1)
	}
	return s.SendRaw([]byte(msg))
}

// SendRaw sends bytes as they are.
func (s *SIP) SendRaw(b []byte) error {
	fmt.Fprintf(&s.Log, "--> %s %s\n%s\n", s.Transport, s.vars["PBX"], b[:min(len(b), 4000)])
	_, err := s.conn.Write(b)
	return err
}

// ErrClosed says that the PBX closed the TCP connection.
var ErrClosed = errors.New("connection closed")

// Receive gives the next message, whole, or an error after d.
func (s *SIP) Receive(d time.Duration) (string, error) {
	s.conn.SetReadDeadline(time.Now().Add(d)) //nolint:errcheck // a dead socket shows in the read
	msg, err := s.read()
	if err != nil {
		if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset by peer") {
			err = ErrClosed
		}
		return "", err
	}
	fmt.Fprintf(&s.Log, "<-- %s\n%s\n", s.Transport, msg)
	s.got = msg
	return msg, nil
}

func (s *SIP) read() (string, error) {
	if s.Transport == "udp" {
		b := make([]byte, 65536)
		n, err := s.conn.Read(b)
		return string(b[:n]), err
	}
	for { // CRLF keep-alives stand between messages
		b, err := s.in.Peek(1)
		if err != nil {
			return "", err
		}
		if b[0] != '\r' && b[0] != '\n' {
			break
		}
		s.in.Discard(1) //nolint:errcheck // just peeked
	}
	var head bytes.Buffer
	for !bytes.HasSuffix(head.Bytes(), []byte("\r\n\r\n")) {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return "", err
		}
		head.WriteString(line)
	}
	n, _ := strconv.Atoi(Header(head.String(), "Content-Length"))
	body := make([]byte, n)
	_, err := io.ReadFull(s.in, body)
	return head.String() + string(body), err
}

// Response waits for the next response that is not 100 Trying and returns its status. Requests that come in between
// (OPTIONS of a qualify) are answered 200. A final response to INVITE other than 2xx is acknowledged.
func (s *SIP) Response(d time.Duration) (int, error) {
	for deadline := time.Now().Add(d); ; {
		msg, err := s.Receive(time.Until(deadline))
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(msg, "SIP/2.0 ") {
			if err := s.Reply(msg, "200 OK"); err != nil {
				return 0, err
			}
			continue
		}
		status := Status(msg)
		if status == 100 {
			continue
		}
		if tag := tagOf(Header(msg, "To")); tag != "" {
			s.vars["TOTAG"] = tag
		}
		if status >= 300 && strings.HasSuffix(Header(msg, "CSeq"), "INVITE") {
			return status, s.ackFailure(msg)
		}
		return status, nil
	}
}

// Status of a response, 0 for anything else.
func Status(msg string) int {
	if len(msg) < 12 {
		return 0
	}
	n, _ := strconv.Atoi(msg[8:11])
	return n
}

// Last is the message received last.
func (s *SIP) Last() string { return s.got }

func tagOf(header string) string {
	_, tag, _ := strings.Cut(header, ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// ackFailure acknowledges a 3xx–6xx within the transaction (RFC 3261 §17.1.1.3): same branch, the response's To.
func (s *SIP) ackFailure(res string) error {
	line, _, _ := strings.Cut(s.sent, "\r\n")
	uri := strings.Fields(line)
	if len(uri) != 3 {
		return nil // the request was broken on purpose
	}
	n, _, _ := strings.Cut(Header(res, "CSeq"), " ")
	return s.SendRaw([]byte(fmt.Sprintf("ACK %s SIP/2.0\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		uri[1], Header(s.sent, "Via"), Header(res, "From"), Header(res, "To"), Header(res, "Call-ID"), n)))
}

// Reply answers a request of the PBX.
func (s *SIP) Reply(req, status string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		for _, v := range Headers(req, name) {
			if name == "To" && tagOf(v) == "" {
				v += ";tag=" + s.vars["TAG"]
			}
			fmt.Fprintf(&b, "%s: %s\r\n", name, v)
		}
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return s.SendRaw([]byte(b.String()))
}

// Header is the first value of the named header, "" if there is none.
func Header(msg, name string) string {
	if all := Headers(msg, name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Headers are all values of the named header, in order.
func Headers(msg, name string) []string {
	head, _, _ := strings.Cut(msg, "\r\n\r\n")
	var out []string
	for _, line := range strings.Split(head, "\r\n")[1:] {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(n), name) {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

var (
	digestParam = regexp.MustCompile(`(\w+)=("([^"]*)"|[^\s,"]+)`)
	cseqLine    = regexp.MustCompile(`(?m)^CSeq: \d+`)
	credentials = regexp.MustCompile(`Authorization: [^\r\n]*\r\n`)
	branchParam = regexp.MustCompile(`branch=[^;\r\n]+`)
)

// Authorize sends the last request again, with the answer to the MD5 challenge of the last response.
func (s *SIP) Authorize(user, password string) error {
	challenge := ""
	for _, h := range Headers(s.got, "WWW-Authenticate") {
		if !strings.Contains(strings.ToUpper(h), "SHA-256") {
			challenge = h
		}
	}
	if challenge == "" {
		return fmt.Errorf("no MD5 challenge in\n%s", s.got)
	}
	c := map[string]string{}
	for _, m := range digestParam.FindAllStringSubmatch(challenge, -1) {
		c[m[1]] = strings.Trim(m[2], `"`)
	}
	line := strings.Fields(s.sent)
	hash := func(parts ...string) string {
		sum := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum[:])
	}
	ha1, ha2 := hash(user, c["realm"], password), hash(line[0], line[1])
	value := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5`, user, c["realm"], c["nonce"], line[1])
	if c["qop"] != "" {
		cnonce := token()
		value += fmt.Sprintf(`, qop=auth, nc=00000001, cnonce="%s", response="%s"`, cnonce, hash(ha1, c["nonce"], "00000001", cnonce, "auth", ha2))
	} else {
		value += fmt.Sprintf(`, response="%s"`, hash(ha1, c["nonce"], ha2))
	}
	if c["opaque"] != "" {
		value += fmt.Sprintf(`, opaque="%s"`, c["opaque"])
	}
	msg := credentials.ReplaceAllString(s.sent, "")
	return s.resend(strings.Replace(msg, "\r\n\r\n", "\r\nAuthorization: "+value+"\r\n\r\n", 1))
}

// Again sends the last request as a new transaction, with the same credentials.
func (s *SIP) Again() error { return s.resend(s.sent) }

// Steal sends the other's last request, credentials and all, from this socket.
func (s *SIP) Steal(other *SIP) error {
	msg := strings.ReplaceAll(other.sent, other.vars["LOCAL"], s.vars["LOCAL"])
	return s.resend(strings.ReplaceAll(msg, other.vars["CALLID"], s.vars["CALLID"]))
}

// resend gives msg the next CSeq and a branch of its own.
func (s *SIP) resend(msg string) error {
	msg = cseqLine.ReplaceAllString(msg, "CSeq: "+s.vars["CSEQ"])
	msg = branchParam.ReplaceAllString(msg, "branch=z9hG4bK"+token())
	n, _ := strconv.Atoi(s.vars["CSEQ"])
	s.vars["CSEQ"] = strconv.Itoa(n + 1)
	s.sent = msg
	return s.SendRaw([]byte(msg))
}

// masked are the parts of a response that must differ from one to the next; all else may tell a secret.
var masked = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`(nonce|opaque)="[^"]*"`), `$1="*"`},
	{regexp.MustCompile(`(tag|branch|rport|received)=[^;>\s]+`), "$1=*"},
	{regexp.MustCompile(`(?m)^(Call-ID|Date|CSeq): [^\r\n]*`), "$1: *"},
	{regexp.MustCompile(`(Via: SIP/2.0/\w+ )[^;]+`), "$1*"},
}

// Masked is a response without what must differ, and with the account's own name blotted out.
func Masked(msg, user string) string {
	for _, m := range masked {
		msg = m.re.ReplaceAllString(msg, m.to)
	}
	return strings.ReplaceAll(msg, user, "USER")
}
