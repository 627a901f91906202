package sdp

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"asterism/codecs"
)

// ParseError says which line is wrong. The whole description counts as Line 0.
type ParseError struct {
	Line   int
	Reason string
}

func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "sdp: " + e.Reason
	}
	return fmt.Sprintf("sdp: line %d: %s", e.Line, e.Reason)
}

// Parse reads a session description. It forgives what phones get wrong without harm (bare LF, empty lines, no s=, t= or o=, lines out
// of order, attributes it cannot make sense of), and refuses what has no meaning or goes beyond the bounds. The error is a *ParseError.
// The result shares no memory with b.
func Parse(b []byte) (*Description, error) {
	if len(b) > MaxBytes {
		return nil, &ParseError{0, fmt.Sprintf("%d bytes; at most %d are read", len(b), MaxBytes)}
	}
	if n := bytes.Count(b, []byte{'\n'}); n > MaxLines {
		return nil, &ParseError{0, fmt.Sprintf("%d lines; at most %d are read", n, MaxLines)}
	}
	p := parser{d: &Description{Origin: Origin{"-", "0", "0", "0.0.0.0"}, Name: "-"}}
	for line := range strings.SplitSeq(string(b), "\n") {
		p.line++
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if err := p.take(line); err != nil {
			return nil, err
		}
	}
	if !p.begun {
		return nil, &ParseError{0, "empty"}
	}
	p.finishMedia()
	return p.d, nil
}

type parser struct {
	d         *Description
	line      int
	begun     bool      // v= was there
	direction Direction // the session's
	at        *draft    // the m-line being read, nil before the first
}

// draft is an m-line whose attributes are still arriving: rtpmap and fmtp by payload type.
type draft struct {
	Media
	directed bool // has a direction of its own
	rtp      bool
	maps     [128]codecs.Format
	fmtps    [128]string
	rtcp     string
}

func (p *parser) fail(format string, args ...any) error {
	return &ParseError{p.line, fmt.Sprintf(format, args...)}
}

func (p *parser) take(line string) error {
	for i := 0; i < len(line); i++ {
		if line[i] < ' ' && line[i] != '\t' || line[i] == 0x7f {
			return p.fail("control character 0x%02x", line[i])
		}
	}
	if len(line) < 2 || line[1] != '=' {
		return p.fail("%q is not of the form x=value", cut(line))
	}
	value := strings.TrimSpace(line[2:])
	if !p.begun {
		if line[0] != 'v' || value != "0" {
			return p.fail("%q; a description begins with v=0", cut(line))
		}
		p.begun = true
		return nil
	}
	switch line[0] {
	case 'v':
		return p.fail("a second v= line")
	case 'o':
		return p.origin(value)
	case 's':
		if value != "" {
			p.d.Name = value
		}
	case 'c':
		return p.connection(value)
	case 'm':
		p.finishMedia()
		return p.media(value)
	case 'a':
		p.attribute(value)
	}
	return nil
}

func cut(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// origin: o=<username> <session> <version> IN IP4 <address>. A user name with blanks in it is forgiven.
func (p *parser) origin(value string) error {
	f := strings.Fields(value)
	if len(f) < 5 {
		return p.fail("o= has %d fields, 6 are wanted", len(f))
	}
	if len(f) == 5 {
		f = append([]string{"-"}, f...) // an empty user name
	}
	n := len(f)
	p.d.Origin = Origin{Username: strings.Join(f[:n-5], "_"), Session: f[n-5], Version: f[n-4], Address: f[n-1]}
	return nil
}

// connection: c=IN IP4 <address>[/ttl[/count]].
func (p *parser) connection(value string) error {
	f := strings.Fields(value)
	if len(f) < 3 {
		return p.fail("c= has %d fields, 3 are wanted", len(f))
	}
	text, _, _ := strings.Cut(f[2], "/")
	addr, err := parseAddr(text)
	if err != nil {
		return p.fail("c= %q: an IP address is wanted (names are not resolved)", cut(text))
	}
	if p.at != nil {
		p.at.Connection = addr
	} else {
		p.d.Connection = addr
	}
	return nil
}

func parseAddr(s string) (netip.Addr, error) {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1] // a URI's habit
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap().WithZone(""), err
}

// media: m=<type> <port>[/<count>] <proto> <format>…
func (p *parser) media(value string) error {
	if len(p.d.Media) == MaxMedia {
		return p.fail("more than %d m-lines", MaxMedia)
	}
	f := strings.Fields(value)
	if len(f) < 3 {
		return p.fail("m= has %d fields, at least 3 are wanted", len(f))
	}
	port, _, _ := strings.Cut(f[1], "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return p.fail("m= port %q: 0 to 65535 is wanted", cut(port))
	}
	if len(f)-3 > MaxFormats {
		return p.fail("m= has %d formats; at most %d are read", len(f)-3, MaxFormats)
	}
	p.at = &draft{Media: Media{Type: f[0], Port: int(n), Proto: f[2]}, rtp: strings.Contains(strings.ToUpper(f[2]), "RTP/")}
	if !p.at.rtp {
		p.at.Other = append(p.at.Other, f[3:]...)
		return nil
	}
	var seen [128]bool
	for _, s := range f[3:] {
		pt, err := strconv.ParseUint(s, 10, 7)
		if err != nil {
			return p.fail("m= payload type %q: 0 to 127 is wanted", cut(s))
		}
		if !seen[pt] {
			seen[pt] = true
			p.at.Formats = append(p.at.Formats, Format{PT: uint8(pt)})
		}
	}
	return nil
}

// attribute never fails: one we cannot make sense of is as good as one we do not know.
func (p *parser) attribute(value string) {
	name, value, _ := strings.Cut(value, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if name == "" {
		return
	}
	if d, ok := directionNamed(name); ok {
		if p.at == nil {
			p.direction = d
		} else {
			p.at.Direction, p.at.directed = d, true
		}
		return
	}
	if p.at == nil {
		p.d.Attributes = append(p.d.Attributes, Attribute{name, value})
		return
	}
	p.at.attribute(name, value)
}

func directionNamed(s string) (Direction, bool) {
	for d := SendRecv; d <= Inactive; d++ {
		if strings.EqualFold(s, d.String()) {
			return d, true
		}
	}
	return 0, false
}

func (m *draft) attribute(name, value string) {
	switch strings.ToLower(name) {
	case "rtpmap":
		if pt, rest, ok := payloadType(value); ok && m.maps[pt] == (codecs.Format{}) {
			m.maps[pt] = parseRTPMap(rest)
		}
	case "fmtp":
		if pt, rest, ok := payloadType(value); ok && m.fmtps[pt] == "" {
			m.fmtps[pt] = rest
		}
	case "ptime":
		m.Ptime = milliseconds(value)
	case "maxptime":
		m.MaxPtime = milliseconds(value)
	case "rtcp":
		m.rtcp = value
	case "rtcp-mux":
		m.RTCPMux = true
	default:
		m.Attributes = append(m.Attributes, Attribute{name, value})
	}
}

func payloadType(value string) (pt uint8, rest string, ok bool) {
	number, rest, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 7)
	return uint8(n), strings.TrimSpace(rest), err == nil
}

// parseRTPMap reads <name>/<clock>[/<channels>], or gives the zero Format.
func parseRTPMap(s string) codecs.Format {
	name, rest, _ := strings.Cut(s, "/")
	clock, channels, _ := strings.Cut(rest, "/")
	rate, err := strconv.ParseUint(strings.TrimSpace(clock), 10, 24)
	if name == "" || err != nil || rate == 0 {
		return codecs.Format{}
	}
	n, err := strconv.ParseUint(channels, 10, 8)
	if err != nil || n == 0 {
		n = 1
	}
	return codecs.Format{Name: name, Rate: int(rate), Channels: int(n)}
}

// milliseconds reads a packet length; 0 for one that makes no sense. Fractions (ptime:2.5) are cut off.
func milliseconds(s string) int {
	s, _, _ = strings.Cut(s, ".")
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n > 1000 {
		return 0
	}
	return int(n)
}

// finishMedia puts the m-line read so far into the description.
func (p *parser) finishMedia() {
	m := p.at
	if m == nil {
		return
	}
	if !m.Connection.IsValid() {
		m.Connection = p.d.Connection
	}
	if !m.directed {
		m.Direction = p.direction
	}
	for i := range m.Formats {
		f := &m.Formats[i]
		f.Codec, f.Fmtp = m.maps[f.PT], m.fmtps[f.PT]
		if f.Codec == (codecs.Format{}) {
			f.Codec = static[f.PT]
		}
	}
	m.RTCP = parseRTCP(m.rtcp, m.Connection)
	p.d.Media = append(p.d.Media, m.Media)
}

// parseRTCP reads <port>[ IN IP4 <address>] (RFC 3605).
func parseRTCP(s string, connection netip.Addr) netip.AddrPort {
	f := strings.Fields(s)
	if len(f) == 0 {
		return netip.AddrPort{}
	}
	port, err := strconv.ParseUint(f[0], 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}
	}
	if len(f) >= 4 {
		if addr, err := parseAddr(f[3]); err == nil {
			connection = addr
		}
	}
	return netip.AddrPortFrom(connection, uint16(port))
}
