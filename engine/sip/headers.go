package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// newParser returns sipgo's parser with our readers of header values. A value they refuse becomes an untyped header field, so
// that the parser never fails half-way; checkRequest decides what that means.
func newParser() *gosip.Parser {
	p := gosip.NewParser(gosip.WithHeadersParsers(map[string]gosip.HeaderParser{
		"via":          typed("Via", func(v string) (Header, error) { h, err := parseVia(v); return h, err }),
		"from":         typed("From", parseFrom),
		"to":           typed("To", parseTo),
		"contact":      typed("Contact", parseContact),
		"route":        typed("Route", parseRoute),
		"record-route": typed("Record-Route", parseRecordRoute),
		"call-id":      typed("Call-ID", parseCallID),
		"cseq":         typed("CSeq", func(v string) (Header, error) { h, err := parseCSeq(v); return h, err }),
		"max-forwards": typed("Max-Forwards", parseMaxForwards),
		"content-type": typed("Content-Type", func(v string) (Header, error) { h := ContentTypeHeader(v); return &h, nil }),
		"content-length": typed("Content-Length", func(v string) (Header, error) {
			n, err := strconv.ParseUint(v, 10, 31)
			h := ContentLengthHeader(n)
			return &h, err
		}),
	}))
	p.MaxMessageLength = 1 << 20 // the guard is the one who limits; printing compact names in full makes a message longer
	return p
}

func typed(name string, parse func(string) (Header, error)) gosip.HeaderParser {
	return func(_ []byte, value string) (h Header, err error) {
		defer func() {
			if recover() != nil || err != nil {
				h, err = NewHeader(name, value), nil
			}
		}()
		return parse(value)
	}
}

// retype makes typed header fields of the untyped ones a caller of Stack.Request or Respond may have used.
func retype(h Header) Header {
	var out Header
	var err error
	v := h.Value()
	switch fullName(h.Name()) {
	case "Via":
		out, err = parseVia(v)
	case "From":
		out, err = parseFrom(v)
	case "To":
		out, err = parseTo(v)
	case "Contact":
		out, err = parseContact(v)
	case "Route":
		out, err = parseRoute(v)
	case "Record-Route":
		out, err = parseRecordRoute(v)
	case "Call-ID":
		out, err = parseCallID(v)
	case "CSeq":
		out, err = parseCSeq(v)
	case "Max-Forwards":
		out, err = parseMaxForwards(v)
	case "Content-Type":
		ct := ContentTypeHeader(v)
		out = &ct
	default:
		return h
	}
	if err != nil {
		return h
	}
	return out
}

func isTyped(h Header) bool {
	switch h.(type) {
	case *ViaHeader, *FromHeader, *ToHeader, *ContactHeader, *RouteHeader, *RecordRouteHeader, *CallIDHeader, *CSeqHeader,
		*MaxForwardsHeader, *ContentTypeHeader, *ContentLengthHeader:
		return true
	}
	return false
}

// parseVia: SIP / 2.0 / transport LWS sent-by *( ;param ) (RFC 3261 §20.42). Blanks may stand around every separator.
func parseVia(v string) (*ViaHeader, error) {
	bad := func() (*ViaHeader, error) { return nil, fmt.Errorf("sip: Via %.80q", v) }
	name, rest, ok1 := strings.Cut(v, "/")
	version, rest, ok2 := strings.Cut(rest, "/")
	rest = trimLWS(rest)
	n := 0
	for n < len(rest) && isTokenByte(rest[n]) {
		n++
	}
	if !ok1 || !ok2 || n == 0 || n == len(rest) || !isLWS(rest[n]) {
		return bad()
	}
	h := &ViaHeader{ProtocolName: trimLWS(name), ProtocolVersion: trimLWS(version), Transport: rest[:n]}
	sentBy, params := trimLWS(rest[n:]), ""
	if i := strings.IndexByte(sentBy, ';'); i >= 0 {
		sentBy, params = trimLWS(sentBy[:i]), sentBy[i:]
	}
	host, port := sentBy, ""
	if i := strings.LastIndexByte(sentBy, ':'); i > strings.LastIndexByte(sentBy, ']') {
		host, port = trimLWS(sentBy[:i]), trimLWS(sentBy[i+1:])
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil || p == 0 {
			return bad()
		}
		h.Port = int(p)
	}
	if !isToken(h.ProtocolName) || !isToken(h.ProtocolVersion) || !validHost(host) {
		return bad()
	}
	h.Host = strings.Trim(host, "[]")
	return h, parseParams(params, &h.Params)
}

func parseFrom(v string) (Header, error) {
	h := &FromHeader{}
	var err error
	h.DisplayName, err = parseTagged(v, &h.Address, &h.Params)
	return h, err
}

func parseTo(v string) (Header, error) {
	h := &ToHeader{}
	var err error
	h.DisplayName, err = parseTagged(v, &h.Address, &h.Params)
	return h, err
}

func parseTagged(v string, uri *URI, params *Params) (string, error) {
	display, err := parseNameAddr(v, uri, params)
	if err == nil && uri.Wildcard {
		err = errors.New("sip: * is no From or To")
	}
	return escapeBare(v, display), err
}

// escapeBare makes a display name without quotes fit to be printed within quotes.
func escapeBare(v, display string) string {
	if strings.HasPrefix(trimLWS(v), `"`) || strings.IndexByte(display, '\\') < 0 {
		return display
	}
	return strings.ReplaceAll(display, `\`, `\\`)
}

func parseContact(v string) (Header, error) {
	h := &ContactHeader{}
	display, err := parseNameAddr(v, &h.Address, &h.Params)
	h.DisplayName = escapeBare(v, display)
	return h, err
}

// A typed Route keeps no header parameters (sipgo's type has none); RFC 3261 defines none for it.
func parseRoute(v string) (Header, error) {
	h := &RouteHeader{}
	return h, parseRouteURI(v, &h.Address)
}

func parseRecordRoute(v string) (Header, error) {
	h := &RecordRouteHeader{}
	return h, parseRouteURI(v, &h.Address)
}

func parseRouteURI(v string, uri *URI) error {
	var params Params
	display, err := parseNameAddr(v, uri, &params)
	if err == nil && (uri.Wildcard || display != "" || len(params) > 0) {
		// What the type would lose on the way is kept by leaving the field untyped.
		err = errors.New("sip: route with more than a URI")
	}
	return err
}

func parseCallID(v string) (Header, error) {
	if v == "" || strings.ContainsAny(v, " \t\x00") {
		return nil, fmt.Errorf("sip: Call-ID %.80q", v)
	}
	h := CallIDHeader(v)
	return &h, nil
}

// parseCSeq: 1*DIGIT LWS method, the number below 2^31 (RFC 3261 §8.1.1.5).
func parseCSeq(v string) (*CSeqHeader, error) {
	i := strings.IndexAny(v, " \t")
	if i < 0 {
		return nil, fmt.Errorf("sip: CSeq %.80q", v)
	}
	n, err := strconv.ParseUint(v[:i], 10, 31)
	method := trimLWS(v[i:])
	if err != nil || !isToken(method) {
		return nil, fmt.Errorf("sip: CSeq %.80q", v)
	}
	return &CSeqHeader{SeqNo: uint32(n), MethodName: Method(method)}, nil
}

func parseMaxForwards(v string) (Header, error) {
	n, err := strconv.ParseUint(v, 10, 8)
	h := MaxForwardsHeader(n)
	return &h, err
}

// headerText is a header field's value as it goes out. sipgo's own printing of names and parameters is replaced: it quotes
// what is quoted already and trusts display names.
func headerText(h Header) string {
	switch h.(type) {
	case *FromHeader, *ToHeader, *ContactHeader, *ViaHeader:
		var b bytes.Buffer
		writeHeaderValue(&b, h)
		return b.String()
	}
	return h.Value()
}

func writeHeaderValue(b *bytes.Buffer, h Header) {
	switch h := h.(type) {
	case *FromHeader:
		writeNameAddr(b, h.DisplayName, &h.Address, h.Params)
	case *ToHeader:
		writeNameAddr(b, h.DisplayName, &h.Address, h.Params)
	case *ContactHeader:
		if h.Address.Wildcard {
			b.WriteByte('*')
			return
		}
		writeNameAddr(b, h.DisplayName, &h.Address, h.Params)
	case *ViaHeader:
		bare := *h
		bare.Params = nil
		b.WriteString(bare.Value())
		writeParams(b, h.Params)
	default:
		b.WriteString(h.Value())
	}
}

func writeNameAddr(b *bytes.Buffer, display string, uri *URI, params Params) {
	if display != "" {
		if wellQuoted(display) {
			b.WriteByte('"')
			b.WriteString(display)
			b.WriteByte('"')
		} else {
			b.WriteString(QuoteString(display))
		}
		b.WriteByte(' ')
	}
	b.WriteByte('<')
	uri.StringWrite(b)
	b.WriteByte('>')
	writeParams(b, params)
}

// wellQuoted reports whether s, put in quotes, is one quoted string: every quote in it is escaped.
func wellQuoted(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i == len(s) {
				return false
			}
		case '"', '\r', '\n':
			return false
		}
	}
	return true
}

// marshal prints a message. Line breaks in header fields, whoever put them there, become blanks: no value can begin a new
// header field (CVE-2010-0685, CVE-2023-37457). Other control bytes may be a quoted-pair of a header field we have to repeat.
func marshal(m Message) []byte {
	var b bytes.Buffer
	b.Grow(512 + len(m.Body()))
	switch m := m.(type) {
	case *Request:
		m.StartLineWrite(&b)
	case *Response:
		m.StartLineWrite(&b)
	}
	scrub(b.Bytes())
	b.WriteString("\r\n")
	for _, h := range m.(headerLister).Headers() {
		start := b.Len()
		b.WriteString(h.Name())
		b.WriteString(": ")
		writeHeaderValue(&b, h)
		scrub(b.Bytes()[start:])
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	b.Write(m.Body())
	return b.Bytes()
}

func scrub(line []byte) {
	for i, c := range line {
		if c == '\r' || c == '\n' {
			line[i] = ' '
		}
	}
}
