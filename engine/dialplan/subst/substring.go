package subst

import "math"

// part is :offset:length.
type part struct{ offset, length int }

// split takes NAME:offset:length apart; part is nil without an offset. A colon within parentheses belongs to a function's arguments.
func split(inner string) (name string, p *part, isFunc bool) {
	depth := 0
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '(':
			depth++
			isFunc = true
		case ')':
			depth--
		case ':':
			if depth != 0 {
				continue
			}
			p = &part{length: math.MaxInt}
			offset, rest, ok := number(inner[i+1:])
			if ok {
				p.offset = offset
				if rest != "" && rest[0] == ':' {
					if length, _, ok := number(rest[1:]); ok {
						p.length = length
					}
				}
			}
			return inner[:i], p, isFunc
		}
	}
	return inner, nil, isFunc
}

// number reads a decimal number with a sign from the front of s, as C's scanf does.
func number(s string) (n int, rest string, ok bool) {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	i := 0
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		if n < math.MaxInt32 {
			n = n*10 + int(s[i]-'0')
		}
	}
	if negative {
		n = -n
	}
	return n, s[i:], i > 0
}

// substring is Asterisk's: a negative offset counts from the end, a negative length leaves so many bytes off the end; what is out of
// range is empty.
func substring(v string, offset, length int) string {
	if offset < 0 {
		offset = max(len(v)+offset, 0)
	}
	if offset >= len(v) {
		return ""
	}
	v = v[offset:]
	switch {
	case length < 0:
		return v[:max(len(v)+length, 0)]
	case length < len(v):
		return v[:length]
	}
	return v
}
