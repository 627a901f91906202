package sip

import (
	"fmt"
	"strings"
)

// Small pieces of RFC 3261 §25.1 shared by the header parsers. All are linear and allocate at most a constant times the input.

func isLWS(c byte) bool { return c == ' ' || c == '\t' }

func trimLWS(s string) string {
	for len(s) > 0 && isLWS(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isLWS(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// isTokenByte: alphanum and -.!%*_+`'~
func isTokenByte(c byte) bool {
	return isAlnum(c) || strings.IndexByte("-.!%*_+`'~", c) >= 0
}

// IsToken reports whether s is a token of RFC 3261 §25.1: the name of a header may be no other.
func IsToken(s string) bool { return isToken(s) }

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

// closingQuote returns the index of the quote that ends the quoted string s begins with, or -1.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// SplitList splits a header field value at its commas outside quotes and angle brackets and trims the parts.
func SplitList(s string) []string {
	if strings.IndexByte(s, ',') < 0 {
		return []string{trimLWS(s)}
	}
	var out []string
	start, angle := 0, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			if !angle {
				end := closingQuote(s[i:])
				if end < 0 {
					i = len(s)
					continue
				}
				i += end
			}
		case '<':
			angle = true
		case '>':
			angle = false
		case ',':
			if !angle {
				out = append(out, trimLWS(s[start:i]))
				start = i + 1
			}
		}
	}
	return append(out, trimLWS(s[start:]))
}

// parseParams parses *( SEMI name [ EQUAL value ] ), adding to params. Names become lower case; a quoted value keeps
// its quotes. A name given twice keeps its first value, so that nobody downstream may see another one.
func parseParams(s string, params *Params) error {
	for {
		s = trimLWS(s)
		if s == "" {
			return nil
		}
		if s[0] != ';' {
			return fmt.Errorf("sip: parameters: %q where ; was expected", s[0])
		}
		name, value, rest, err := parseParam(trimLWS(s[1:]))
		if err != nil {
			return err
		}
		name = strings.ToLower(name)
		if !params.Has(name) {
			params.Add(name, value)
		}
		s = rest
	}
}

// parseParam parses one name [= value]; the value ends at a semicolon outside quotes.
func parseParam(s string) (name, value, rest string, err error) {
	n := 0
	for n < len(s) && isTokenByte(s[n]) {
		n++
	}
	if n == 0 {
		return "", "", "", fmt.Errorf("sip: parameters: no name at %.20q", s)
	}
	name, s = s[:n], trimLWS(s[n:])
	if s == "" || s[0] != '=' {
		return name, "", s, nil
	}
	s = trimLWS(s[1:])
	if s != "" && s[0] == '"' {
		end := closingQuote(s)
		if end < 0 {
			return "", "", "", fmt.Errorf("sip: parameter %s: unterminated quoted string", name)
		}
		return name, s[:end+1], s[end+1:], nil
	}
	n = 0
	for n < len(s) && s[n] != ';' && s[n] > ' ' && s[n] != '"' && s[n] != 0x7f {
		n++
	}
	if n == 0 {
		return "", "", "", fmt.Errorf("sip: parameter %s: empty value", name)
	}
	return name, s[:n], s[n:], nil
}

type stringWriter interface {
	WriteString(string) (int, error)
	WriteByte(byte) error
}

// writeParams prints ;name=value for each, quoting values that need it and are not quoted yet. (sipgo quotes only those with
// blanks, and those twice when they were quoted.)
func writeParams(b stringWriter, params Params) {
	for _, kv := range params {
		b.WriteByte(';')
		b.WriteString(kv.K)
		if kv.V == "" {
			continue
		}
		b.WriteByte('=')
		if kv.V[0] == '"' && closingQuote(kv.V) == len(kv.V)-1 || bareValue(kv.V) {
			b.WriteString(kv.V)
		} else {
			b.WriteString(QuoteString(kv.V))
		}
	}
}

// bareValue reports whether a parameter value may stand without quotes: token, host, or what parseParam takes as such.
func bareValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || c == ';' || c == '"' || c == ',' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}
