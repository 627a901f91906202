package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// URI is a SIP URI, or any other whose scheme-specific part is kept as it is (Raw). Host of an IPv6 address keeps its
// brackets. User, Password, parameters and headers are escaped as on the wire; see UserPart. Use Clone to copy.
type URI = gosip.Uri

// ParseURI parses one URI, not in angle brackets. It is stricter than sipgo's parser: no blanks, no control bytes, a host, a
// port up to 65535, IPv6 references that are addresses (RFC 5118).
func ParseURI(s string) (*URI, error) {
	var u URI
	if err := parseURI(s, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

func parseURI(s string, u *URI) error {
	if len(s) == 0 {
		return errors.New("sip: empty URI")
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"' {
			return fmt.Errorf("sip: URI %q: byte %#02x at %d", s, c, i)
		}
	}
	scheme, rest, ok := strings.Cut(s, ":")
	switch {
	case ok && (strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips")):
		return parseSIPURI(s, u)
	case s == "*":
		return gosip.ParseUri(s, u)
	case !ok || rest == "" || !isScheme(scheme):
		return fmt.Errorf("sip: URI %q: not a URI", s)
	}
	// sipgo knows schemes of letters only; it keeps the rest of any unknown one as it is.
	err := gosip.ParseUri("x:"+rest, u)
	u.Scheme = strings.ToLower(scheme)
	return err
}

// parseSIPURI reads parameters and headers itself: sipgo takes the headers for a part of a last parameter without a value,
// and separators for parts of names.
func parseSIPURI(s string, u *URI) error {
	base, tail := s, ""
	if i := strings.IndexAny(s[strings.LastIndexByte(s, '@')+1:], ";?"); i >= 0 { // both may stand in a user part
		i += strings.LastIndexByte(s, '@') + 1
		base, tail = s[:i], s[i:]
	}
	if err := gosip.ParseUri(base, u); err != nil {
		return fmt.Errorf("sip: URI %q: %w", s, err)
	}
	if u.HierarhicalSlashes || u.Wildcard {
		return fmt.Errorf("sip: URI %q: host", s)
	}
	if err := checkURI(base, u); err != nil {
		return err
	}
	params, headers, hasHeaders := strings.Cut(tail, "?")
	if params != "" && !parseURIParts(params[1:], ";", &u.UriParams) || hasHeaders && !parseURIParts(headers, "&", &u.Headers) {
		return fmt.Errorf("sip: URI %q: parameters", s)
	}
	return nil
}

// parseURIParts parses name[=value] parts into p.
//
// Deviates: RFC 3261 §19.1.1 forbids a parameter that stands twice; the first value counts, because phones send such URIs
// (baresip adds its own transport to one that has it).
func parseURIParts(s, separator string, p *Params) bool {
	for part := range strings.SplitSeq(s, separator) {
		name, value, _ := strings.Cut(part, "=")
		if name == "" || !uriPart(name+value, separator) {
			return false
		}
		if p.Has(name) && separator == ";" {
			continue
		}
		*p = append(*p, Parameter{K: name, V: value})
	}
	return true
}

// uriPart reports whether the reserved bytes in s may stand in a part: & in parameters, / ? in headers too.
func uriPart(s, separator string) bool {
	if separator == ";" {
		return !strings.ContainsAny(s, "=@;?")
	}
	return !strings.ContainsAny(s, "=@&;")
}

// checkURI looks at what sipgo's parser lets pass.
func checkURI(s string, u *URI) error {
	if u.Port < 0 || u.Port > 65535 {
		return fmt.Errorf("sip: URI %q: port %d", s, u.Port)
	}
	if !validHost(u.Host) {
		return fmt.Errorf("sip: URI %q: host %q", s, u.Host)
	}
	if strings.Contains(s, "@") && u.User == "" {
		return fmt.Errorf("sip: URI %q: empty user before @", s)
	}
	if i := strings.LastIndexByte(s, ']'); i >= 0 && i+1 < len(s) && s[i+1] != ':' {
		return fmt.Errorf("sip: URI %q: %q after the address", s, s[i+1])
	}
	return nil
}

// validHost reports whether h is a host name, an IPv4 address or a bracketed IPv6 address (RFC 3261 §25.1).
func validHost(h string) bool {
	if h == "" || len(h) > 255 {
		return false
	}
	if h[0] == '[' {
		if len(h) < 4 || h[len(h)-1] != ']' {
			return false
		}
		a, err := netip.ParseAddr(h[1 : len(h)-1])
		return err == nil && a.Is6() && a.Zone() == ""
	}
	for i := 0; i < len(h); i++ {
		c := h[i]
		// The underscore is no host name's letter, yet Windows machines and containers carry it.
		if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return s != "" && !(s[0] >= '0' && s[0] <= '9')
}

func lettersOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) || s[i] <= '9' {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// IsSIP reports whether u is a sip: or sips: URI.
func IsSIP(u *URI) bool { return u.Scheme == "sip" || u.Scheme == "sips" }

// URIParam returns the value of a URI parameter, compared without regard to case (RFC 3261 §19.1.4).
func URIParam(u *URI, name string) (string, bool) { return Param(u.UriParams, name) }

// SetURIParam sets a URI parameter; RemoveURIParam takes it away. The URI's parameters are not shared with copies afterwards.
func SetURIParam(u *URI, name, value string) {
	RemoveURIParam(u, name)
	u.UriParams = append(u.UriParams, Parameter{K: name, V: value})
}

// RemoveURIParam takes a URI parameter away.
func RemoveURIParam(u *URI, name string) { u.UriParams = withoutParam(u.UriParams, name) }

// Param returns the value of a parameter, its name compared without regard to case. Quotes are kept.
func Param(p Params, name string) (string, bool) {
	for _, kv := range p {
		if strings.EqualFold(kv.K, name) {
			return kv.V, true
		}
	}
	return "", false
}

// HostAddr returns the URI's host when it is an IP address.
func HostAddr(u *URI) (netip.Addr, bool) { return parseHostAddr(u.Host) }

func parseHostAddr(h string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(h, "[]"))
	return a.Unmap(), err == nil
}

// NewURI returns sip:user@host with a port when it is not 0. user is escaped as needed.
func NewURI(user, host string, port int) *URI {
	if a, ok := parseHostAddr(host); ok && a.Is6() {
		host = "[" + a.String() + "]"
	}
	return &URI{Scheme: "sip", User: EscapeUser(user), Host: host, Port: port}
}

// NewAddrURI returns sip:user@address:port, as in our Contact.
func NewAddrURI(user string, addr netip.AddrPort) *URI {
	return NewURI(user, addr.Addr().Unmap().String(), int(addr.Port()))
}

// UserPart returns the user part with its %XX escapes resolved. It may hold any byte: treat it as foreign text.
func UserPart(u *URI) string { return unescape(u.User) }

// EscapeUser escapes what may not stand in a user part (RFC 3261 §25.1, user = unreserved / escaped / user-unreserved).
func EscapeUser(s string) string {
	const unescaped = "-_.!~*'()&=+$,;?/"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; isAlnum(c) || strings.IndexByte(unescaped, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := unhex(s[i+1])
			lo, ok2 := unhex(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// EqualURI compares two URIs as RFC 3261 §19.1.4 does: scheme and host without case, user with case but escapes resolved,
// ports as written, the parameters transport, user, ttl, method and maddr if either has them, others if both have them.
func EqualURI(a, b *URI) bool {
	if !strings.EqualFold(a.Scheme, b.Scheme) {
		return false
	}
	if !IsSIP(a) {
		return a.Raw() == b.Raw()
	}
	if unescape(a.User) != unescape(b.User) || a.Password != b.Password || a.Port != b.Port || !equalHost(a.Host, b.Host) {
		return false
	}
	for _, p := range [2][2]Params{{a.UriParams, b.UriParams}, {b.UriParams, a.UriParams}} {
		for _, kv := range p[0] {
			v, ok := Param(p[1], kv.K)
			if ok && !strings.EqualFold(unescape(v), unescape(kv.V)) || !ok && mustMatch(kv.K) {
				return false
			}
		}
	}
	return true
}

func equalHost(a, b string) bool {
	if x, ok := parseHostAddr(a); ok {
		y, ok := parseHostAddr(b)
		return ok && x == y
	}
	return strings.EqualFold(a, b)
}

func mustMatch(param string) bool {
	switch strings.ToLower(param) {
	case "transport", "user", "ttl", "method", "maddr":
		return true
	}
	return false
}
