package sip

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// A head is a start line and header fields as the guard read them, before sipgo sees anything: lines unfolded, names in
// their full form, lists one value a field. What sipgo parses is printed from it, so filter and consumer cannot disagree
// about a header field's name or end (CVE-2020-28361).
type head struct {
	request bool
	method  string
	uri     string
	version string
	status  int
	reason  string
	fields  []field
	length  int    // Content-Length; -1 when absent
	fault   *fault // why the message is not to be handed on
}

type field struct{ name, value string }

// A fault says how a malformed request is answered.
type fault struct {
	status int
	reason string
	lost   bool // where the message ends is unknown: a stream cannot go on
}

func (f *fault) Error() string { return "sip: " + f.reason }

// errNotSIP: the start line is neither a request's nor a response's. Nothing can be answered.
var errNotSIP = errors.New("sip: not a SIP message")

// headEnd finds the empty line that ends a header, lines ending in CRLF or LF. It returns the offset behind it, or -1.
func headEnd(b []byte) int {
	var e endFinder
	return e.find(b)
}

// endFinder is headEnd for bytes that arrive piece by piece: each is looked at once.
type endFinder struct{ line, seen int } // where the unfinished line begins; what was looked at

func (e *endFinder) find(b []byte) int {
	for {
		n := bytes.IndexByte(b[e.seen:], '\n')
		if n < 0 {
			e.seen = len(b)
			return -1
		}
		lf := e.seen + n
		line := b[e.line:lf]
		e.line, e.seen = lf+1, lf+1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return lf + 1
		}
	}
}

// parseHead reads a start line and header fields. b begins with the start line; the empty line may be missing. The error is
// errNotSIP; everything else is in fault.
func parseHead(b []byte, maxFields int) (*head, error) {
	line, rest := cutLine(string(b))
	h := &head{length: -1}
	if err := h.parseStartLine(line); err != nil {
		return nil, err
	}
	if rest != "" && isLWS(rest[0]) {
		h.fail(StatusBadRequest, "Folded start line")
	}
	for rest != "" {
		line, rest = cutField(rest)
		if line == "" {
			break
		}
		h.addField(line)
		if len(h.fields) > maxFields {
			h.fields = h.fields[:maxFields]
			h.lose(StatusEntityTooLarge, "Too many header fields")
			return h, nil
		}
	}
	h.readLength()
	h.checkFields()
	return h, nil
}

// fail notes the first fault.
func (h *head) fail(status int, reason string) {
	if h.fault == nil {
		h.fault = &fault{status: status, reason: reason}
	}
}

// lose notes a fault that loses the end of the message; it goes before others.
func (h *head) lose(status int, reason string) {
	if h.fault == nil || !h.fault.lost {
		h.fault = &fault{status: status, reason: reason, lost: true}
	}
}

// cutLine takes one line off s, without its CRLF or LF.
func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// cutField takes one header field off s with its continuation lines joined by single blanks (RFC 3261 §7.3.1).
func cutField(s string) (line, rest string) {
	line, rest = cutLine(s)
	if line == "" || rest == "" || !isLWS(rest[0]) {
		return line, rest
	}
	var b strings.Builder
	b.WriteString(trimLWS(line))
	for rest != "" && isLWS(rest[0]) {
		line, rest = cutLine(rest)
		b.WriteByte(' ')
		b.WriteString(trimLWS(line))
	}
	return b.String(), rest
}

func (h *head) parseStartLine(line string) error {
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		return h.parseStatusLine(line)
	}
	h.request = true
	parts := strings.Split(line, " ")
	last := len(parts) - 1
	for last > 0 && parts[last] == "" {
		last--
	}
	if last < 1 || len(parts[last]) < 4 || !strings.EqualFold(parts[last][:4], "SIP/") || !isToken(parts[0]) {
		return errNotSIP
	}
	h.method, h.version = parts[0], parts[last]
	if !strings.EqualFold(h.version, "SIP/2.0") {
		h.fail(StatusVersionNotSupported, ReasonPhrase(StatusVersionNotSupported))
		return nil
	}
	if len(parts) != 3 {
		h.fail(StatusBadRequest, "Blanks in Request-Line")
		return nil
	}
	h.uri = parts[1]
	if uri, err := ParseURI(h.uri); err != nil || uri.Wildcard {
		h.fail(StatusBadRequest, "Malformed Request-URI")
	} else if IsSIP(uri) && len(uri.Headers) > 0 {
		h.fail(StatusBadRequest, "Header fields in Request-URI") // RFC 3261 §19.1.5
	} else if !lettersOnly(uri.Scheme) { // sipgo cannot hand these on
		h.fail(StatusUnsupportedURIScheme, ReasonPhrase(StatusUnsupportedURIScheme))
	}
	return nil
}

func (h *head) parseStatusLine(line string) error {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || len(code) != 3 || n < 100 || n > 699 || !strings.EqualFold(version, "SIP/2.0") {
		return errNotSIP
	}
	h.version, h.status, h.reason = version, n, cleanValue(reason)
	return nil
}

func (h *head) addField(line string) {
	name, value, ok := strings.Cut(line, ":")
	name = trimLWS(name)
	if !ok || !isToken(name) {
		h.fail(StatusBadRequest, "Malformed header field")
		return
	}
	name, value = fullName(name), cleanValue(value)
	if !isList(name) || strings.IndexByte(value, ',') < 0 {
		h.fields = append(h.fields, field{name, value})
		return
	}
	for _, v := range SplitList(value) {
		h.fields = append(h.fields, field{name, v})
	}
}

// cleanValue trims a value and turns a lone CR, which would end a line for sipgo's parser, into a blank.
func cleanValue(v string) string {
	if strings.IndexByte(v, '\r') >= 0 {
		v = strings.ReplaceAll(v, "\r", " ")
	}
	return trimLWS(v)
}

func (h *head) readLength() {
	for _, f := range h.fields {
		if f.name != "Content-Length" {
			continue
		}
		n, err := strconv.ParseUint(f.value, 10, 31)
		switch {
		case err != nil && errors.Is(err, strconv.ErrRange) && f.value[0] != '-':
			h.lose(StatusEntityTooLarge, ReasonPhrase(StatusEntityTooLarge))
		case err != nil:
			h.lose(StatusBadRequest, "Malformed Content-Length header")
		case h.length >= 0 && h.length != int(n):
			h.lose(StatusBadRequest, "Conflicting Content-Length headers")
		default:
			h.length = int(n)
		}
	}
}

// single lists header fields that may come once only and whose second value would be another message (RFC 4475 §3.3.8).
var single = [...]string{"Via", "To", "From", "Call-ID", "CSeq", "Max-Forwards", "Content-Type"}

// checkFields looks for the mandatory header fields (RFC 3261 §8.1.1) and for those doubled. Max-Forwards is not demanded:
// RFC 2543 did not know it.
func (h *head) checkFields() {
	for i, name := range single {
		n := 0
		for _, f := range h.fields {
			if f.name == name {
				n++
			}
		}
		if n == 0 && i < 5 {
			h.fail(StatusBadRequest, "Missing "+name+" header")
		}
		if n > 1 && i > 0 {
			h.fail(StatusBadRequest, "Multiple "+name+" headers")
		}
	}
	if h.fault == nil && h.request {
		h.checkCSeq()
	}
}

func (h *head) checkCSeq() {
	cseq, err := parseCSeq(h.value("CSeq"))
	switch {
	case err != nil:
		h.fail(StatusBadRequest, "Malformed CSeq header")
	case string(cseq.MethodName) == h.method:
	case KnownMethod(Method(h.method)):
		h.fail(StatusBadRequest, "CSeq method does not match")
	default:
		// RFC 4475 §3.1.2.18: that we do not know the method tells the sender more.
		h.fail(StatusNotImplemented, ReasonPhrase(StatusNotImplemented))
	}
}

func (h *head) value(name string) string {
	for _, f := range h.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// appendTo prints the head in the one form sipgo's parser gets, with the Content-Length of the body that follows.
func (h *head) appendTo(b []byte, bodyLen int) []byte {
	if h.request {
		b = append(append(append(append(b, h.method...), ' '), h.uri...), " SIP/2.0\r\n"...)
	} else {
		b = strconv.AppendInt(append(b, "SIP/2.0 "...), int64(h.status), 10)
		b = append(append(append(b, ' '), h.reason...), "\r\n"...)
	}
	for _, f := range h.fields {
		if f.name != "Content-Length" {
			b = append(append(append(append(b, f.name...), ": "...), f.value...), "\r\n"...)
		}
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(bodyLen), 10)
	return append(b, "\r\n\r\n"...)
}

// isList: the header fields whose values become one field each.
func isList(name string) bool {
	switch name {
	case "Via", "Contact", "Route", "Record-Route", "Path", "Service-Route":
		return true
	}
	return false
}

// fullName gives a header field's name as the RFCs write it: compact forms expanded, case as registered. Unknown names stay.
func fullName(name string) string {
	if full, ok := fullNames[strings.ToLower(name)]; ok {
		return full
	}
	return name
}

var fullNames = func() map[string]string {
	m := map[string]string{
		"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type",
		"e": "Content-Encoding", "k": "Supported", "s": "Subject", "o": "Event", "u": "Allow-Events", "r": "Refer-To",
		"b": "Referred-By", "x": "Session-Expires", "j": "Reject-Contact", "a": "Accept-Contact", "d": "Request-Disposition",
		"y": "Identity",
	}
	for _, name := range []string{
		"Accept", "Accept-Contact", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events",
		"Authentication-Info", "Authorization", "Call-ID", "Call-Info", "Contact", "Content-Disposition", "Content-Encoding",
		"Content-Language", "Content-Length", "Content-Type", "CSeq", "Date", "Diversion", "Error-Info", "Event", "Expires", "From",
		"Flow-Timer", "History-Info", "Identity", "In-Reply-To", "Info-Package", "Join", "Max-Forwards", "MIME-Version",
		"Min-Expires", "Min-SE", "Organization", "P-Asserted-Identity", "P-Preferred-Identity", "Path", "Priority", "Privacy",
		"Proxy-Authenticate", "Proxy-Authorization", "Proxy-Require", "RAck", "Reason", "Record-Route", "Recv-Info", "Refer-To",
		"Referred-By", "Reject-Contact", "Remote-Party-ID", "Replaces", "Reply-To", "Request-Disposition", "Require", "Retry-After",
		"Route", "RSeq", "Server", "Service-Route", "Session-Expires", "SIP-ETag", "SIP-If-Match", "Subject", "Subscription-State",
		"Supported", "Target-Dialog", "Timestamp", "To", "Unsupported", "User-Agent", "Via", "Warning", "WWW-Authenticate",
	} {
		m[strings.ToLower(name)] = name
	}
	return m
}()
