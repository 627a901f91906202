package scripting

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// string.find, match, gmatch and gsub upon the matcher of pattern.go.

func newMatcher(l *lua.LState, src, pat string) (m *matcher, anchored bool) {
	anchored = strings.HasPrefix(pat, "^")
	return &matcher{l: l, src: src, pat: strings.TrimPrefix(pat, "^")}, anchored
}

func stringFind(l *lua.LState) int  { return find(l, true) }
func stringMatch(l *lua.LState) int { return find(l, false) }

func find(l *lua.LState, positions bool) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	from := startAt(l.OptInt(3, 1), len(src))
	if positions && (l.ToBool(4) || !strings.ContainsAny(pat, "^$*+?.([%-")) {
		if i := strings.Index(src[from:], pat); i >= 0 {
			l.Push(lua.LNumber(from + i + 1))
			l.Push(lua.LNumber(from + i + len(pat)))
			return 2
		}
		l.Push(lua.LNil)
		return 1
	}
	m, anchored := newMatcher(l, src, pat)
	for s := from; s <= len(src); s++ {
		if e := m.at(s); e >= 0 {
			if !positions {
				return m.pushCaptures(s, e, true)
			}
			l.Push(lua.LNumber(s + 1))
			l.Push(lua.LNumber(e))
			return 2 + m.pushCaptures(s, e, false)
		}
		if anchored {
			break
		}
	}
	l.Push(lua.LNil)
	return 1
}

// startAt turns Lua's init argument into an offset within the string.
func startAt(init, length int) int {
	switch {
	case init > 0:
		return min(init-1, length)
	case init < 0:
		return max(length+init, 0)
	}
	return 0
}

func stringGmatch(l *lua.LState) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	s := 0
	l.Push(l.NewFunction(func(l *lua.LState) int {
		m := &matcher{l: l, src: src, pat: pat} // in gmatch ^ is an ordinary character
		for ; s <= len(src); s++ {
			if e := m.at(s); e >= 0 {
				from := s
				s = max(e, s+1)
				if e > from {
					s = e
				}
				return m.pushCaptures(from, e, true)
			}
		}
		l.Push(lua.LNil)
		return 1
	}))
	return 1
}

func stringGsub(l *lua.LState) int {
	src, pat := l.CheckString(1), l.CheckString(2)
	repl := l.CheckAny(3)
	switch repl.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		l.ArgError(3, "string/function/table expected")
	}
	limit := l.OptInt(4, len(src)+1)
	m, anchored := newMatcher(l, src, pat)
	var b strings.Builder
	n, s := 0, 0
	for n < limit {
		e := m.at(s)
		if e >= 0 {
			n++
			m.replace(&b, repl, s, e)
		}
		switch {
		case e > s:
			s = e
		case s < len(src):
			b.WriteByte(src[s])
			s++
		default:
			s = len(src) + 1
		}
		if s > len(src) || anchored {
			break
		}
		if b.Len() > maxString {
			l.RaiseError("string.gsub: result of more than %d bytes", maxString)
		}
	}
	if s < len(src) {
		b.WriteString(src[s:])
	}
	l.Push(lua.LString(b.String()))
	l.Push(lua.LNumber(n))
	return 2
}

// replace writes what stands for the match src[s:e].
func (m *matcher) replace(b *strings.Builder, repl lua.LValue, s, e int) {
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		v = m.l.GetTable(r, m.capture(0, s, e))
	case *lua.LFunction:
		m.l.Push(r)
		m.l.Call(m.pushCaptures(s, e, true), 1)
		v = m.l.Get(-1)
		m.l.Pop(1)
	default:
		m.expand(b, lua.LVAsString(repl), s, e)
		return
	}
	switch t := v.(type) {
	case lua.LString:
		b.WriteString(string(t))
	case lua.LNumber:
		b.WriteString(numberText(t))
	default:
		if lua.LVAsBool(v) {
			m.l.RaiseError("invalid replacement value (a %s)", v.Type())
		}
		b.WriteString(m.src[s:e])
	}
}

// expand writes a replacement text with its %0 … %9.
func (m *matcher) expand(b *strings.Builder, repl string, s, e int) {
	for i := 0; i < len(repl); i++ {
		c := repl[i]
		if c != '%' || i+1 == len(repl) {
			b.WriteByte(c)
			continue
		}
		i++
		switch c = repl[i]; {
		case c == '0':
			b.WriteString(m.src[s:e])
		case '1' <= c && c <= '9':
			v := m.capture(int(c-'1'), s, e)
			if n, ok := v.(lua.LNumber); ok {
				b.WriteString(numberText(n))
			} else {
				b.WriteString(v.String())
			}
		default:
			b.WriteByte(c)
		}
	}
}
