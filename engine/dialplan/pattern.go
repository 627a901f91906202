package dialplan

import (
	"errors"
	"fmt"
	"strings"
)

// outcome of matching one entry. early is a match by '!', which ends every wait for digits.
type outcome uint8

const (
	no outcome = iota
	yes
	early
)

// IsPattern reports whether an extension's key is a pattern ("_X.") and not a literal.
func IsPattern(exten string) bool { return strings.HasPrefix(exten, "_") }

// Matches reports whether the dialled string meets pattern (a literal, or a pattern beginning with '_') in mode m.
// '-' is ignored on both sides. A pattern reached by '!' never asks for more digits, so it is false in MatchMore.
//
// Deviates: a dialled string that spells the pattern itself ("_X.") does not match it, because dialled text is the
// caller's and a pattern is the administrator's.
func Matches(pattern, dialled string, m Mode) bool {
	o := match(pattern, dialled, m)
	return o == yes || o == early && m != MatchMore
}

func match(pattern, dialled string, m Mode) outcome {
	if !IsPattern(pattern) {
		return matchLiteral(undash(pattern), undash(dialled), m)
	}
	p := pattern[1:]
	for i := 0; i < len(dialled); i++ {
		d := dialled[i]
		if d == '-' {
			continue
		}
		t, rest := next(p)
		switch t.kind {
		case kindAnything:
			return yes
		case kindEarly:
			return early
		case kindOne:
			if !t.set.has(d) {
				return no
			}
		default: // the pattern is over, or broken
			return no
		}
		p = rest
	}
	switch t, _ := next(p); t.kind {
	case kindEnd:
		return when(m != MatchMore)
	case kindEarly:
		return early
	case kindBroken:
		return no
	default:
		return when(m != Match)
	}
}

func matchLiteral(literal, dialled string, m Mode) outcome {
	switch {
	case !strings.HasPrefix(literal, dialled):
		return no
	case len(literal) == len(dialled):
		return when(m != MatchMore)
	default:
		return when(m != Match)
	}
}

func when(b bool) outcome {
	if b {
		return yes
	}
	return no
}

func undash(s string) string {
	if strings.IndexByte(s, '-') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "-", "")
}

// charset is a set of bytes: bit 7-c%8 of byte c/8 stands for c (compareTokens makes use of that).
type charset [32]byte

func (s *charset) has(c byte) bool { return s[c/8]&(0x80>>(c%8)) != 0 }

func (s *charset) add(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		s[c/8] |= 0x80 >> (c % 8)
	}
}

type kind uint8

// The kinds in the order in which they sort at one position.
const (
	kindOne      kind = iota // one character of set
	kindAnything             // .
	kindEarly                // !
	kindEnd
	kindBroken // a set that is not closed, or accepts nothing
)

// token is one position of a pattern.
type token struct {
	kind kind
	set  charset
}

var (
	setX = span('0', '9')
	setZ = span('1', '9')
	setN = span('2', '9')
)

func span(from, to byte) (s charset) {
	s.add(from, to)
	return s
}

// next takes the first position off p, a pattern without its '_'.
func next(p string) (token, string) {
	p = strings.TrimLeft(p, "-")
	if p == "" {
		return token{kind: kindEnd}, ""
	}
	c, rest := p[0], p[1:]
	switch c {
	case 'X', 'x':
		return token{set: setX}, rest
	case 'Z', 'z':
		return token{set: setZ}, rest
	case 'N', 'n':
		return token{set: setN}, rest
	case '.':
		return token{kind: kindAnything}, rest
	case '!':
		return token{kind: kindEarly}, rest
	case '[':
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return token{kind: kindBroken}, ""
		}
		set := parseSet(rest[:end])
		if set == (charset{}) {
			return token{kind: kindBroken}, rest[end+1:]
		}
		return token{set: set}, rest[end+1:]
	default:
		return token{set: span(c, c)}, rest
	}
}

// parseSet reads what stands between '[' and ']': characters and ranges. '-' stands for itself only at the very end.
func parseSet(s string) (set charset) {
	for i := 0; i < len(s); i++ {
		switch {
		case i+2 < len(s) && s[i+1] == '-':
			set.add(s[i], s[i+2])
			i += 2
		case s[i] == '-' && i != len(s)-1: // no character before it: nothing to range from
		default:
			set.add(s[i], s[i])
		}
	}
	return set
}

// Check says what is wrong with an extension's key, or nil. A broken pattern is kept by Index but never matches.
func Check(pattern string) error {
	if pattern == "" {
		return errors.New("extension is empty; write a number, a name or a pattern such as _1XX")
	}
	for i := 0; i < len(pattern); i++ {
		if pattern[i] < ' ' || pattern[i] == 0x7f {
			return fmt.Errorf("extension %q: control character at position %d", pattern, i+1)
		}
	}
	if !IsPattern(pattern) {
		return nil
	}
	if undash(pattern) == "_" {
		return fmt.Errorf("pattern %q accepts nothing; add X, Z, N, a [set], '.' or '!' after '_'", pattern)
	}
	for p := pattern[1:]; ; {
		t, rest := next(p)
		switch t.kind {
		case kindEnd:
			return nil
		case kindBroken:
			return brokenSet(pattern, strings.TrimLeft(p, "-"))
		case kindAnything, kindEarly:
			if rest != "" {
				return fmt.Errorf("pattern %q: %q after the wildcard is never looked at; '.' and '!' go last", pattern, rest)
			}
		}
		if err := checkRanges(pattern, p, rest); err != nil {
			return err
		}
		p = rest
	}
}

func brokenSet(pattern, at string) error {
	if strings.IndexByte(at, ']') < 0 {
		return fmt.Errorf("pattern %q: '[' without ']'; it will never match", pattern)
	}
	return fmt.Errorf("pattern %q: the set %s accepts nothing", pattern, at[:strings.IndexByte(at, ']')+1])
}

// checkRanges finds a backward range ([9-0]) in the set that p begins with, if it does. Such a range accepts nothing.
func checkRanges(pattern, p, rest string) error {
	p = strings.TrimLeft(p, "-")
	if p == "" || p[0] != '[' {
		return nil
	}
	set := p[1 : len(p)-len(rest)-1]
	for i := 0; i+2 < len(set); i++ {
		if set[i+1] != '-' {
			continue
		}
		if set[i] > set[i+2] {
			return fmt.Errorf("pattern %q: the range %s runs backwards; write %c-%c", pattern, set[i:i+3], set[i+2], set[i])
		}
		i += 2
	}
	return nil
}
