package sip

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// authParams are the parameters of a Digest challenge or of credentials, in order, names in lower case, values without
// quotes. It is the most exposed parser there is: anyone may send it anything before proving who he is.
type authParams []authParam

type authParam struct {
	name, value string
	quoted      bool
}

const (
	authParamsMost = 32
	authFieldsMost = 8 // Authorization header fields looked at
)

var errNotDigest = errors.New("sip: not a Digest")

// parseAuth parses "Digest name=value, …" (RFC 3261 §25.1, RFC 7616 §3). A name given twice is an error: two readers could
// take different ones.
func parseAuth(s string) (authParams, error) {
	s = trimLWS(s)
	scheme, rest := s, ""
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		scheme, rest = s[:i], s[i:]
	}
	if !strings.EqualFold(scheme, "Digest") {
		return nil, errNotDigest
	}
	var out authParams
	for rest = trimLWS(rest); rest != ""; {
		var p authParam
		var err error
		if p, rest, err = cutAuthParam(rest); err != nil {
			return nil, err
		}
		if p.name != "" {
			if out.has(p.name) {
				return nil, fmt.Errorf("sip: digest: %s given twice", p.name)
			}
			if len(out) == authParamsMost {
				return nil, errors.New("sip: digest: too many parameters")
			}
			out = append(out, p)
		}
		if rest = trimLWS(rest); rest != "" {
			if rest[0] != ',' {
				return nil, fmt.Errorf("sip: digest: %q where a comma was expected", rest[0])
			}
			rest = trimLWS(rest[1:])
		}
	}
	if len(out) == 0 {
		return nil, errors.New("sip: digest: no parameters")
	}
	return out, nil
}

// cutAuthParam takes one parameter off; between two commas there may be none.
func cutAuthParam(s string) (p authParam, rest string, err error) {
	if s[0] == ',' {
		return p, s, nil
	}
	n := 0
	for n < len(s) && isTokenByte(s[n]) {
		n++
	}
	p.name = strings.ToLower(s[:n])
	s = trimLWS(s[n:])
	if n == 0 || s == "" || s[0] != '=' {
		return p, "", fmt.Errorf("sip: digest: parameter %q without a value", p.name)
	}
	s = trimLWS(s[1:])
	if s != "" && s[0] == '"' {
		end := closingQuote(s)
		if end < 0 {
			return p, "", fmt.Errorf("sip: digest: %s: unterminated quoted string", p.name)
		}
		p.value, p.quoted = unescapeQuoted(s[1:end]), true
		return p, s[end+1:], nil
	}
	n = 0
	for n < len(s) && s[n] > ' ' && s[n] != ',' && s[n] != '"' && s[n] != 0x7f {
		n++
	}
	if n == 0 {
		return p, "", fmt.Errorf("sip: digest: %s: empty value", p.name)
	}
	p.value = s[:n]
	return p, s[n:], nil
}

func (p authParams) get(name string) string {
	for _, a := range p {
		if a.name == name {
			return a.value
		}
	}
	return ""
}

func (p authParams) has(name string) bool {
	for _, a := range p {
		if a.name == name {
			return true
		}
	}
	return false
}

// String prints the parameters as a header field value that parses to the same.
func (p authParams) String() string {
	var b strings.Builder
	b.WriteString("Digest ")
	for i, a := range p {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.name + "=")
		if a.quoted {
			b.WriteString(quoteExactly(a.value))
		} else {
			b.WriteString(a.value)
		}
	}
	return b.String()
}

// quoteExactly quotes without dropping anything: a nonce or opaque must go back as it came. Line breaks cannot be in it.
func quoteExactly(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// authorization finds the credentials for our realm: OK, NoCredentials, or Wrong when they cannot be read. Proxy-Authorization
// is looked at as well, for clients that had a 407.
func authorization(req *Request, realm string) (authParams, Verdict) {
	values := append(HeaderValues(req, "Authorization"), HeaderValues(req, "Proxy-Authorization")...)
	if len(values) > authFieldsMost {
		return nil, Wrong
	}
	verdict := NoCredentials
	for _, v := range values {
		p, err := parseAuth(v)
		switch {
		case errors.Is(err, errNotDigest):
		case err != nil:
			verdict = Wrong
		case p.get("realm") == realm:
			return p, OK
		}
	}
	return nil, verdict
}

// Username returns the user name of the first Digest in (Proxy-)Authorization, "" when there is none. It is the client's claim.
func Username(req *Request) string {
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		for i, v := range HeaderValues(req, name) {
			if p, err := parseAuth(v); err == nil && i < authFieldsMost {
				return p.get("username")
			}
		}
	}
	return ""
}

// complete reports whether all is there and fits the request: nothing empty, qop auth or none, a count with it, a uri that
// names the Request-URI (RFC 7616 §3.4.6: an attacker must not use the credentials for another request).
//
// Deviates: a uri that names our host alone, without a user, will do, because sipp and some phones write sip:host:port whatever
// they ask for; the method is in the hash and the count makes it good for one request only.
func (p authParams) complete(req *Request) bool {
	if p.get("username") == "" || p.get("nonce") == "" || p.get("response") == "" || p.get("uri") == "" ||
		strings.EqualFold(p.get("userhash"), "true") {
		return false
	}
	if p.has("qop") && (!strings.EqualFold(p.get("qop"), "auth") || p.get("cnonce") == "" || p.count() == 0) {
		return false
	}
	uri := p.get("uri")
	if uri == req.Recipient.String() {
		return true
	}
	if bare := strings.NewReplacer("[", "", "]", ""); p.count() > 0 && strings.Contains(req.Recipient.Host, ":") {
		host := *NewURI("", req.Recipient.Host, req.Recipient.Port)
		if uri == bare.Replace(host.String()) { // sipp again: an IPv6 address without its brackets
			return true
		}
	}
	u, err := ParseURI(uri)
	return err == nil && strings.EqualFold(u.Scheme, req.Recipient.Scheme) && equalHost(u.Host, req.Recipient.Host) && u.Port == req.Recipient.Port &&
		(unescape(u.User) == unescape(req.Recipient.User) || u.User == "" && p.count() > 0)
}

// count is nc, 8 hex digits; 0 when it is not, or without qop, where it means nothing.
func (p authParams) count() uint64 {
	nc := p.get("nc")
	n, err := strconv.ParseUint(nc, 16, 32)
	if err != nil || len(nc) != 8 || !p.has("qop") {
		return 0
	}
	return n
}

// matches computes the response (RFC 7616 §3.4.1, RFC 2617 §3.2.2.1 without qop) and compares it in constant time.
func (p authParams) matches(a algorithm, ha1, method string) bool {
	want := p.response(a, ha1, method)
	got := strings.ToLower(p.get("response"))
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 && ha1 != ""
}

func (p authParams) response(a algorithm, ha1, method string) string {
	ha2 := a.hash(method + ":" + p.get("uri"))
	if p.has("qop") {
		return a.hash(ha1 + ":" + p.get("nonce") + ":" + p.get("nc") + ":" + p.get("cnonce") + ":" + p.get("qop") + ":" + ha2)
	}
	return a.hash(ha1 + ":" + p.get("nonce") + ":" + ha2)
}
