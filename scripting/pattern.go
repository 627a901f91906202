package scripting

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Lua patterns (reference manual §5.4.1), because gopher-lua's cannot be stopped by the kill switch and its gsub takes quadratic time.
// The matcher backtracks as C Lua's does, but looks at the state's context every checkEvery steps.

const (
	maxCaptures = 32
	maxDepth    = 2000 // nested backtracking: one for each ?, * or capture of the pattern
	checkEvery  = 4096

	openCapture     = -1
	positionCapture = -2
)

type matcher struct {
	l        *lua.LState
	src, pat string
	level    int
	captures [maxCaptures]struct{ start, length int }
	depth    int
	steps    int
}

func (m *matcher) fail(what string) { m.l.RaiseError("malformed pattern (%s)", what) }

// step counts work; a cancelled state stops here.
func (m *matcher) step() {
	if m.steps++; m.steps%checkEvery == 0 {
		if ctx := m.l.Context(); ctx != nil && ctx.Err() != nil {
			m.l.RaiseError("stopped within a pattern match")
		}
	}
}

// match tries pattern from p at s; the end of the match, or -1.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxDepth {
		m.fail("too complex")
	}
	defer func() { m.depth-- }()
	for p < len(m.pat) {
		m.step()
		switch m.pat[p] {
		case '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.open(s, p+2, positionCapture)
			}
			return m.open(s, p+1, openCapture)
		case ')':
			return m.close(s, p+1)
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		case '%':
			if p+1 < len(m.pat) {
				switch c := m.pat[p+1]; {
				case c == 'b':
					if s = m.balance(s, p+2); s < 0 {
						return -1
					}
					p += 4
					continue
				case c == 'f':
					end := m.classEnd(p + 2)
					if end == p+3 {
						m.fail("missing '[' after '%f'")
					}
					if !m.frontier(s, p+2, end) {
						return -1
					}
					p = end
					continue
				case '0' <= c && c <= '9':
					if s = m.back(s, c); s < 0 {
						return -1
					}
					p += 2
					continue
				}
			}
		}
		end := m.classEnd(p)
		var repeat byte
		if end < len(m.pat) {
			repeat = m.pat[end]
		}
		switch repeat {
		case '?':
			if m.one(s, p, end) {
				if e := m.match(s+1, end+1); e >= 0 {
					return e
				}
			}
			p = end + 1
		case '*':
			return m.longest(s, p, end, 0)
		case '+':
			return m.longest(s, p, end, 1)
		case '-':
			return m.shortest(s, p, end)
		default:
			if !m.one(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

func (m *matcher) longest(s, p, end, atLeast int) int {
	n := 0
	for m.one(s+n, p, end) {
		n++
		m.step()
	}
	for ; n >= atLeast; n-- {
		m.step()
		if e := m.match(s+n, end+1); e >= 0 {
			return e
		}
	}
	return -1
}

func (m *matcher) shortest(s, p, end int) int {
	for {
		m.step()
		if e := m.match(s, end+1); e >= 0 {
			return e
		}
		if !m.one(s, p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) open(s, p, kind int) int {
	if m.level >= maxCaptures {
		m.fail("too many captures")
	}
	m.captures[m.level].start, m.captures[m.level].length = s, kind
	m.level++
	e := m.match(s, p)
	if e < 0 {
		m.level--
	}
	return e
}

func (m *matcher) close(s, p int) int {
	for i := m.level - 1; i >= 0; i-- {
		if c := &m.captures[i]; c.length == openCapture {
			c.length = s - c.start
			e := m.match(s, p)
			if e < 0 {
				c.length = openCapture
			}
			return e
		}
	}
	m.fail("a ) without (")
	return -1
}

// back matches what capture c took (%1).
func (m *matcher) back(s int, c byte) int {
	i := int(c - '1')
	if c == '0' || i >= m.level || m.captures[i].length == openCapture {
		m.fail("no capture %" + string(rune(c)))
	}
	text := m.src[m.captures[i].start:][:max(m.captures[i].length, 0)]
	if !strings.HasPrefix(m.src[s:], text) {
		return -1
	}
	return s + len(text)
}

// balance matches %bxy.
func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.fail("%b wants two characters")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	for open, i := 1, s+1; i < len(m.src); i++ {
		m.step()
		switch m.src[i] {
		case m.pat[p+1]:
			if open--; open == 0 {
				return i + 1
			}
		case m.pat[p]:
			open++
		}
	}
	return -1
}

// frontier matches %f[set]: the place where set begins.
func (m *matcher) frontier(s, p, end int) bool {
	var before, here byte
	if s > 0 {
		before = m.src[s-1]
	}
	if s < len(m.src) {
		here = m.src[s]
	}
	return !m.set(before, p, end) && m.set(here, p, end)
}

// classEnd is where the single-character class that begins at p ends.
func (m *matcher) classEnd(p int) int {
	if p >= len(m.pat) {
		return p + 1
	}
	switch m.pat[p] {
	case '%':
		if p+1 >= len(m.pat) {
			m.fail("ends with '%'")
		}
		return p + 2
	case '[':
		i := p + 1
		if i < len(m.pat) && m.pat[i] == '^' {
			i++
		}
		for first := true; first || i >= len(m.pat) || m.pat[i] != ']'; first = false {
			if i >= len(m.pat) {
				m.fail("missing ']'")
			}
			if m.pat[i] == '%' {
				i++
			}
			i++
		}
		return i + 1
	}
	return p + 1
}

// one tells whether the character at s is of the class pat[p:end].
func (m *matcher) one(s, p, end int) bool {
	if s >= len(m.src) {
		return false
	}
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return classOf(c, m.pat[p+1])
	case '[':
		return m.set(c, p, end)
	}
	return m.pat[p] == c
}

func (m *matcher) set(c byte, p, end int) bool {
	p++
	want := true
	if m.pat[p] == '^' {
		want = false
		p++
	}
	for ; p < end-1; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if classOf(c, m.pat[p]) {
				return want
			}
		case p+2 < end-1 && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return want
			}
			p += 2
		case m.pat[p] == c:
			return want
		}
	}
	return !want
}

// classOf is %a and its like; an upper-case letter is the complement.
func classOf(c, class byte) bool {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	var in bool
	switch class | 0x20 {
	case 'a':
		in = lower || upper
	case 'c':
		in = c < ' ' || c == 0x7f
	case 'd':
		in = digit
	case 'l':
		in = lower
	case 'p':
		in = c > ' ' && c < 0x7f && !lower && !upper && !digit
	case 's':
		in = c == ' ' || '\t' <= c && c <= '\r'
	case 'u':
		in = upper
	case 'w':
		in = lower || upper || digit
	case 'x':
		in = digit || 'a' <= c|0x20 && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if class < 'A' || class > 'z' || class > 'Z' && class < 'a' {
		return class == c
	}
	return in == (class >= 'a')
}

// at tries the pattern (without ^) at s and forgets earlier captures.
func (m *matcher) at(s int) int {
	m.level, m.depth = 0, 0
	return m.match(s, 0)
}

// capture is the i-th capture's value; capture 0 of a pattern without captures is the whole match.
func (m *matcher) capture(i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			m.l.RaiseError("invalid capture index")
		}
		return lua.LString(m.src[s:e])
	}
	c := m.captures[i]
	switch c.length {
	case positionCapture:
		return lua.LNumber(c.start + 1)
	case openCapture:
		m.l.RaiseError("unfinished capture")
	}
	return lua.LString(m.src[c.start : c.start+c.length])
}

// pushCaptures pushes all captures; whole says to push the match if there are none.
func (m *matcher) pushCaptures(s, e int, whole bool) int {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.l.Push(m.capture(i, s, e))
	}
	return n
}
