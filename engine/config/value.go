package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// complaint is what is wrong with a value. report adds where it stands and in which object.
type complaint struct {
	what, want string
	warning    bool // the object lives on, without this value
}

func bad(want, format string, args ...any) *complaint {
	return &complaint{what: fmt.Sprintf(format, args...), want: want}
}

func odd(want, format string, args ...any) *complaint {
	return &complaint{what: fmt.Sprintf(format, args...), want: want, warning: true}
}

// Bool is Asterisk's idea of truth. ok is false for a word that is neither; Asterisk takes those for no.
func Bool(v string) (value, ok bool) {
	switch strings.ToLower(v) {
	case "yes", "true", "y", "t", "1", "on":
		return true, true
	case "no", "false", "n", "f", "0", "off":
		return false, true
	}
	return false, false
}

func parseBool(v string) (bool, *complaint) {
	b, ok := Bool(v)
	if !ok {
		return false, odd("write yes or no", "%q is taken for no", clip(v))
	}
	return b, nil
}

func parseInt(v string, low, high int) (int, *complaint) {
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		want := fmt.Sprintf("write a number from %d to %d", low, high)
		if high == math.MaxInt32 {
			want = fmt.Sprintf("write a number, %d or more", low)
		}
		return 0, bad(want, "%q is no such number", clip(v))
	}
	return n, nil
}

// parseSeconds reads seconds, with a fraction if the option allows one in Asterisk.
func parseSeconds(v string, high time.Duration) (time.Duration, *complaint) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0 && f <= high.Seconds()) {
		return 0, bad(fmt.Sprintf("write seconds, 0 to %d", int64(high.Seconds())), "%q is no such time", clip(v))
	}
	return time.Duration(f * float64(time.Second)), nil
}

// parseList splits at commas; empty entries do not count.
func parseList(v string) []string {
	var out []string
	for _, s := range strings.Split(v, ",") {
		if s = strip(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// parseOneOf finds v among allowed, whatever its case.
func parseOneOf(v string, allowed ...string) (string, *complaint) {
	for _, a := range allowed {
		if strings.EqualFold(a, v) {
			return a, nil
		}
	}
	return "", bad("write one of "+strings.Join(allowed, ", "), "%q is unknown", clip(v))
}

// tosNames are the DSCP class names Asterisk knows, as DSCP (RFC 2474, 2597, 3246).
var tosNames = map[string]int{
	"cs0": 0x00, "cs1": 0x08, "cs2": 0x10, "cs3": 0x18, "cs4": 0x20, "cs5": 0x28, "cs6": 0x30, "cs7": 0x38,
	"af11": 0x0a, "af12": 0x0c, "af13": 0x0e, "af21": 0x12, "af22": 0x14, "af23": 0x16, "af31": 0x1a, "af32": 0x1c,
	"af33": 0x1e, "af41": 0x22, "af42": 0x24, "af43": 0x26, "ef": 0x2e,
}

// parseTOS gives the whole byte: a name is shifted, a number (also 0x…) is taken as it is.
func parseTOS(v string) (int, *complaint) {
	if d, ok := tosNames[strings.ToLower(v)]; ok {
		return d << 2, nil
	}
	n, err := strconv.ParseUint(v, 0, 8)
	if err != nil {
		return 0, bad("write a class such as ef, af31 or cs3, or the whole byte as a number", "%q is no type of service", clip(v))
	}
	return int(n), nil
}

// parseAddr reads an IP address. Host names are no error: they work in Asterisk.
func parseAddr(v string) (netip.Addr, *complaint) {
	if v == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(strings.Trim(v, "[]"))
	if err != nil {
		return netip.Addr{}, odd("write the IP address", "%q is left out: host names are not looked up here yet", clip(v))
	}
	return a.Unmap(), nil
}

// parsePrefix reads an address, address/bits or address/mask. Bits beyond the mask are cleared.
func parsePrefix(v string) (netip.Prefix, *complaint) {
	const want = "write an address such as 192.0.2.1, or a network such as 192.0.2.0/24"
	host, mask, masked := strings.Cut(v, "/")
	a, err := netip.ParseAddr(strings.Trim(strip(host), "[]"))
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, bad(want, "%q is no address", clip(v))
	}
	a = a.Unmap()
	bits := a.BitLen()
	if masked {
		n, ok := maskBits(strip(mask), a)
		if !ok {
			return netip.Prefix{}, bad(want, "%q: bad mask", clip(v))
		}
		bits = n
	}
	return netip.PrefixFrom(a, bits).Masked(), nil
}

// maskBits reads "24" or "255.255.255.0".
func maskBits(mask string, a netip.Addr) (int, bool) {
	if n, err := strconv.ParseUint(mask, 10, 8); err == nil {
		return int(n), int(n) <= a.BitLen()
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != a.BitLen() {
		return 0, false
	}
	bits := 0
	inverted := false
	for _, b := range m.AsSlice() {
		for i := 7; i >= 0; i-- {
			one := b>>i&1 == 1
			if one && inverted {
				return 0, false // a hole in the mask: nobody means it
			}
			inverted = inverted || !one
			if one {
				bits++
			}
		}
	}
	return bits, true
}

// parseRules reads one permit= or deny= line: networks with commas, each of which a ! turns round.
func parseRules(v string, allow bool) (AccessList, *complaint) {
	var rules AccessList
	for _, s := range parseList(v) {
		rest, not := strings.CutPrefix(s, "!")
		p, c := parsePrefix(rest)
		if c != nil {
			return nil, c
		}
		rules = append(rules, Rule{Allow: allow != not, Prefix: p})
	}
	if len(rules) == 0 {
		return nil, bad("write an address or a network", "no address")
	}
	return rules, nil
}

// parseMatch reads one entry of identify's match=.
func parseMatch(v string) (Match, *complaint) {
	var m Match
	rest, not := strings.CutPrefix(v, "!")
	m.Except = not
	host, mask, masked := strings.Cut(rest, "/")
	if ap, err := netip.ParseAddrPort(host); err == nil {
		m.Port, host = ap.Port(), ap.Addr().String()
	}
	if masked {
		host += "/" + mask
	}
	p, c := parsePrefix(host)
	switch {
	case c == nil:
		m.Prefix = p
		return m, nil
	case masked || not:
		return m, c
	}
	name, port, _ := strings.Cut(rest, ":")
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return m, bad("write host or host:port", "%q: bad port", clip(v))
		}
		m.Port = uint16(n)
	}
	if !hostName(name) {
		return m, bad("write an address, a network, or a host name", "%q is none of them", clip(v))
	}
	m.Host = name
	return m, nil
}

// hostName says whether s could be looked up (RFC 1123 §2.1, with _ for SRV). Digits and dots alone are a
// mistyped address.
func hostName(s string) bool {
	if s == "" || len(s) > 253 || strings.Trim(s, "0123456789.") == "" {
		return false
	}
	for _, label := range strings.Split(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// ParseCallerID reads "Name" <number>, Name <number>, <number>, a number alone, or a name alone.
func ParseCallerID(v string) CallerID {
	if open := strings.LastIndexByte(v, '<'); open >= 0 {
		number, _, _ := strings.Cut(v[open+1:], ">")
		return CallerID{Name: unquoteName(v[:open]), Number: strip(number)}
	}
	if !strings.HasPrefix(v, `"`) {
		shrunk := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" ().-", r) {
				return -1
			}
			return r
		}, v)
		if shrunk != "" && strings.Trim(shrunk, "0123456789*#+") == "" {
			return CallerID{Number: shrunk}
		}
	}
	return CallerID{Name: unquoteName(v)}
}

// unquoteName takes one pair of quotes off and resolves \" and \\ in it.
func unquoteName(s string) string {
	s = strip(s)
	if n := len(s); n >= 2 && s[0] == '"' && s[n-1] == '"' {
		s = s[1 : n-1]
	}
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// setVariable puts v in the list in place of one of the same name, as a repeated set_var does.
func setVariable(list []Variable, v Variable) []Variable {
	for i := range list {
		if list[i].Name == v.Name {
			list = slices.Clone(list)
			list[i] = v
			return list
		}
	}
	return append(list, v)
}
