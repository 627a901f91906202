package scripting

import "strings"

// Gopher-lua reserves `goto`, as Lua 5.2 does; Asterisk's Lua is 5.1, where app.goto("default", "s", 1) is an ordinary call.
// nameGotos finds the gotos that are names and spells them with a stand-in of the same length, so that every line and column stays;
// the stand-in becomes "goto" again in the syntax tree (see compile).

// maxNesting bounds brackets within brackets: the parser recurses on them (C Lua: 200).
const maxNesting = 200

// reserved are the words of Lua 5.1 beside goto.
var reserved = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true, "function": true,
	"if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true, "return": true, "then": true,
	"true": true, "until": true, "while": true,
}

// token is a piece of source that means something: a word, or one character of anything else (a string counts as `"`).
type token struct {
	text string
	at   int // byte offset
	line int
}

// scanner walks over Lua source as far as telling words from strings and comments needs.
type scanner struct {
	src  string
	pos  int
	line int
}

func (s *scanner) next() (token, bool) {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		at := s.pos
		switch {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f':
			s.pos++
		case strings.HasPrefix(s.src[s.pos:], "--"):
			s.pos += 2
			if !s.long() {
				s.toLineEnd()
			}
		case c == '"' || c == '\'':
			line := s.line
			s.quoted(c)
			return token{`"`, at, line}, true
		case c == '[' && s.long():
			return token{`"`, at, s.line}, true
		case wordByte(c):
			for s.pos < len(s.src) && wordByte(s.src[s.pos]) {
				s.pos++
			}
			return token{s.src[at:s.pos], at, s.line}, true
		default:
			for _, two := range []string{"..", "::", "==", "~=", "<=", ">="} {
				if strings.HasPrefix(s.src[at:], two) {
					s.pos += 2
					return token{two, at, s.line}, true
				}
			}
			s.pos++
			return token{s.src[at:s.pos], at, s.line}, true
		}
	}
	return token{}, false
}

func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func (s *scanner) toLineEnd() {
	if i := strings.IndexByte(s.src[s.pos:], '\n'); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.src)
	}
}

// long skips a long bracket [[…]] or [==[…]==] that begins here, and tells whether there was one.
func (s *scanner) long() bool {
	rest := s.src[s.pos:]
	level := 0
	for 1+level < len(rest) && rest[1+level] == '=' {
		level++
	}
	if !strings.HasPrefix(rest, "[") || 1+level >= len(rest) || rest[1+level] != '[' {
		return false
	}
	end := strings.Index(rest, "]"+strings.Repeat("=", level)+"]")
	if end < 0 {
		end = len(rest)
	} else {
		end += level + 2
	}
	s.line += strings.Count(rest[:end], "\n")
	s.pos += end
	return true
}

func (s *scanner) quoted(quote byte) {
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case quote:
			s.pos++
			return
		case '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.line++
			}
		case '\n': // unterminated: the parser says so
			return
		}
	}
}

// nameGotos returns src with the gotos that are names spelled as standIn ("" if there were none). tooDeep is the line where brackets
// and blocks nest too deeply, or 0.
func nameGotos(src string) (out, standIn string, tooDeep int) {
	s := scanner{src: src, line: 1}
	var at []int
	var last, word token // the token before, and the goto not yet decided
	var open int
	pending := false
	for {
		t, ok := s.next()
		if pending {
			pending = false
			if isName(last, t, ok) {
				at = append(at, word.at)
			}
			last = word
		}
		if !ok {
			break
		}
		switch t.text {
		case "(", "{", "[", "function", "do", "then", "repeat":
			open++
		case ")", "}", "]", "end", "until", "elseif":
			open = max(open-1, 0)
		case "goto":
			pending, word = true, t
			continue
		}
		if open > maxNesting {
			return src, "", t.line
		}
		last = t
	}
	if len(at) == 0 {
		return src, "", 0
	}
	standIn = unusedWord(src)
	b := []byte(src)
	for _, i := range at {
		copy(b[i:], standIn)
	}
	return string(b), standIn, 0
}

// isName decides between `goto label` and the name goto by what stands around it: only the statement is followed by a name.
func isName(before, after token, more bool) bool {
	switch before.text {
	case ".", ":", "function", "local":
		return true
	}
	return !more || !wordByte(after.text[0]) || reserved[after.text] || '0' <= after.text[0] && after.text[0] <= '9'
}

// unusedWord is a four-letter identifier that src does not contain.
func unusedWord(src string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range letters {
		for _, b := range letters {
			if w := "_" + string(a) + string(b) + "_"; !strings.Contains(src, w) {
				return w
			}
		}
	}
	return "gotO" // 2,704 words used up: nobody's file
}
