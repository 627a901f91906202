package sip

import (
	"errors"
	"fmt"
	"strings"
)

// Address is a name-addr with the parameters of the header field that carries it (RFC 3261 §20.10, §25.1): From, To, Contact,
// Route, Path, P-Asserted-Identity…
type Address struct {
	DisplayName string // plain text: quotes and escapes resolved, control bytes taken out
	URI         URI
	Params      Params // of the header field, not of the URI; names in lower case, quoted values with their quotes
}

// ParseAddress parses one name-addr or addr-spec with parameters. "*" gives URI.Wildcard (Contact only).
func ParseAddress(s string) (Address, error) {
	var a Address
	raw, err := parseNameAddr(s, &a.URI, &a.Params)
	a.DisplayName = displayText(raw)
	return a, err
}

// ParseAddressURI parses a header field value as ParseAddress does and returns its URI.
func ParseAddressURI(s string) (URI, error) {
	a, err := ParseAddress(s)
	return a.URI, err
}

// ParseAddressList parses the values of all header fields of this name: Contact, Route, Record-Route, Path, Service-Route,
// P-Asserted-Identity. The first bad one ends it with an error that names the field.
func ParseAddressList(m Message, name string) ([]Address, error) {
	var out []Address
	for _, v := range HeaderValues(m, name) {
		for _, one := range SplitList(v) {
			if one == "" {
				continue
			}
			a, err := ParseAddress(one)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, a)
		}
	}
	return out, nil
}

// String prints the address as a header field value; the URI is always in angle brackets.
func (a Address) String() string {
	var b strings.Builder
	if a.URI.Wildcard {
		return "*"
	}
	if a.DisplayName != "" {
		b.WriteString(QuoteString(a.DisplayName))
		b.WriteByte(' ')
	}
	b.WriteByte('<')
	a.URI.StringWrite(&b)
	b.WriteByte('>')
	writeParams(&b, a.Params)
	return b.String()
}

// Tag returns the tag parameter.
func (a Address) Tag() string {
	tag, _ := Param(a.Params, "tag")
	return tag
}

// AddressWithoutTag prints a From or To as a header field value less its tag, as a dialog keeps its local and remote URI.
func AddressWithoutTag(h Header) string {
	a, err := ParseAddress(headerText(h))
	if err != nil {
		return h.Value()
	}
	a.Params = withoutParam(a.Params, "tag")
	return a.String()
}

// FromTag returns the From tag, "" when there is none.
func FromTag(m Message) string {
	if h := m.From(); h != nil {
		tag, _ := Param(h.Params, "tag")
		return tag
	}
	return ""
}

// ToTag returns the To tag, "" when there is none.
func ToTag(m Message) string {
	if h := m.To(); h != nil {
		tag, _ := Param(h.Params, "tag")
		return tag
	}
	return ""
}

// DisplayName returns the display name of a From, To or Contact as clean text (see Address).
func DisplayName(h Header) string {
	switch h := h.(type) {
	case *FromHeader:
		return displayText(h.DisplayName)
	case *ToHeader:
		return displayText(h.DisplayName)
	case *ContactHeader:
		return displayText(h.DisplayName)
	}
	a, _ := ParseAddress(h.Value())
	return a.DisplayName
}

func withoutParam(p Params, name string) Params {
	var out Params
	for _, kv := range p {
		if !strings.EqualFold(kv.K, name) {
			out = append(out, kv)
		}
	}
	return out
}

// parseNameAddr fills uri and params and returns the display name as written, without its quotes.
//
// Deviates: commas and dots in a display name without quotes are accepted (RFC 4475 §3.1.2.15 lets us), because phones
// send "Bell, Alexander <sip:…>"; blanks between < and the URI too.
func parseNameAddr(s string, uri *URI, params *Params) (display string, err error) {
	s = trimLWS(s)
	rest := s
	switch {
	case s == "":
		return "", errors.New("sip: empty address")
	case s == "*":
		uri.Host, uri.Wildcard = "*", true
		return "", nil
	case s[0] == '"':
		end := closingQuote(s)
		if end < 0 {
			return "", fmt.Errorf("sip: address %q: unterminated quoted string", s)
		}
		display, rest = s[1:end], trimLWS(s[end+1:])
		if rest == "" || rest[0] != '<' {
			return "", fmt.Errorf("sip: address %q: no <URI> after the display name", s)
		}
	default:
		if i := strings.IndexByte(s, '<'); i >= 0 && !startsURI(s[:i]) {
			display, rest = trimLWS(s[:i]), s[i:]
			if strings.ContainsAny(display, `";<>`) {
				return "", fmt.Errorf("sip: address %q: display name needs quotes", s)
			}
		}
	}
	if rest[0] == '<' {
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return "", fmt.Errorf("sip: address %q: no closing >", s)
		}
		if err := parseURI(trimLWS(rest[1:end]), uri); err != nil {
			return "", err
		}
		rest = rest[end+1:]
	} else {
		// addr-spec: everything after the first semicolon belongs to the header field (RFC 3261 §20).
		spec, tail := rest, ""
		if i := strings.IndexByte(rest, ';'); i >= 0 {
			spec, tail = rest[:i], rest[i:]
		}
		spec = trimLWS(spec)
		if strings.ContainsAny(spec, "?,") {
			return "", fmt.Errorf("sip: address %q: URI with ? or , needs < >", s)
		}
		if err := parseURI(spec, uri); err != nil {
			return "", err
		}
		rest = tail
	}
	if uri.Wildcard {
		return "", fmt.Errorf("sip: address %q: * with more around it", s)
	}
	return display, parseParams(rest, params)
}

// startsURI reports whether s, text before a <, is a URI and not a display name: <> within parameters of an addr-spec.
func startsURI(s string) bool {
	i := strings.IndexByte(s, ':')
	return i > 0 && isScheme(s[:i]) && strings.IndexByte(s, ';') > i
}

// QuoteString returns s as a quoted string: quotes and backslashes escaped, control bytes taken out (RFC 3261 §25.1).
func QuoteString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Unquote takes the quotes and escapes off a parameter value; text without quotes is returned as it is.
func Unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return unescapeQuoted(s[1 : len(s)-1])
}

func unescapeQuoted(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// displayText makes clean text of a display name as written: escapes resolved, control bytes out (they would reach
// terminals and other phones), invalid UTF-8 replaced.
func displayText(raw string) string {
	clean := true
	for i := 0; i < len(raw) && clean; i++ {
		clean = raw[i] >= ' ' && raw[i] < 0x7f && raw[i] != '\\'
	}
	if clean {
		return raw
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(unescapeQuoted(raw), "\uFFFD"))
}
