package scripting

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFunctions replace gopher-lua's where those differ from C Lua 5.1, run without bound, or cannot be stopped.
var stringFunctions = map[string]lua.LGFunction{
	"rep": stringRep, "format": stringFormat,
	"upper": asciiCase('a', 'z'), "lower": asciiCase('A', 'Z'), "char": stringChar,
	"find": stringFind, "match": stringMatch, "gmatch": stringGmatch, "gfind": stringGmatch, "gsub": stringGsub,
}

// maxString bounds what one call may build, in bytes.
const maxString = 4 << 20

// numberText is a number as C Lua prints it ("%.14g"): 1e15 and 1/3 look as dialplans expect.
func numberText(n lua.LNumber) string {
	f := float64(n)
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return infinite(f)
	case f == math.Trunc(f) && math.Abs(f) < 1e14 && !(f == 0 && math.Signbit(f)):
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// infinite is infinity as C prints it.
func infinite(f float64) string {
	if f < 0 {
		return "-inf"
	}
	return "inf"
}

// asciiCase makes string.upper or lower: the letters from first to last change their case, as in the C locale. gopher-lua's change all
// of Unicode, which breaks text in other encodings.
func asciiCase(first, last byte) lua.LGFunction {
	return func(l *lua.LState) int {
		b := []byte(l.CheckString(1))
		for i, c := range b {
			if first <= c && c <= last {
				b[i] = c ^ 0x20
			}
		}
		return pushString(l, string(b))
	}
}

// stringChar is string.char(), which takes bytes only.
func stringChar(l *lua.LState) int {
	b := make([]byte, l.GetTop())
	for i := range b {
		n := l.CheckInt(i + 1)
		if n < 0 || n > 255 {
			l.ArgError(i+1, "invalid value")
		}
		b[i] = byte(n)
	}
	return pushString(l, string(b))
}

func stringRep(l *lua.LState) int {
	s, n := l.CheckString(1), l.CheckNumber(2)
	if n < 1 || s == "" {
		l.Push(lua.LString(""))
		return 1
	}
	if float64(len(s))*float64(n) > maxString {
		l.RaiseError("string.rep: result of more than %d bytes", maxString)
	}
	l.Push(lua.LString(strings.Repeat(s, int(n))))
	return 1
}

// tableConcat joins without passing every element over the stack, whose size is bounded.
func tableConcat(l *lua.LState) int {
	t, sep := l.CheckTable(1), l.OptString(2, "")
	from, to := l.OptInt(3, 1), l.OptInt(4, t.Len())
	var b strings.Builder
	for i := from; i <= to; i++ {
		switch v := t.RawGetInt(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(numberText(v))
		default:
			l.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if i < to {
			b.WriteString(sep)
		}
		if b.Len() > maxString {
			l.RaiseError("table.concat: result of more than %d bytes", maxString)
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// stringFormat is C Lua's: at most two digits of width and of precision, so no format makes more than its arguments do.
func stringFormat(l *lua.LState) int {
	format := l.CheckString(1)
	var b strings.Builder
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		spec := formatSpec(format[i:])
		if spec == "" {
			l.RaiseError("invalid option or too long width in format %q", format)
		}
		i += len(spec) - 1
		arg++
		b.WriteString(formatOne(l, arg, spec))
		if b.Len() > maxString {
			l.RaiseError("string.format: result of more than %d bytes", maxString)
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

// formatSpec is the conversion at the start of s: flags, width, precision, letter; "" if there is none that C Lua takes.
func formatSpec(s string) string {
	i := 0
	digits := func() {
		for n := 0; n < 2 && i < len(s) && '0' <= s[i] && s[i] <= '9'; n++ {
			i++
		}
	}
	for i < len(s) && i < 5 && strings.IndexByte("-+ #0", s[i]) >= 0 {
		i++
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i >= len(s) || strings.IndexByte("cdiouxXeEfgGqs", s[i]) < 0 {
		return ""
	}
	return s[:i+1]
}

func formatOne(l *lua.LState, arg int, spec string) string {
	flags, letter := "%"+spec[:len(spec)-1], spec[len(spec)-1]
	switch letter {
	case 'c':
		return fmt.Sprintf(flags+"s", string([]byte{byte(l.CheckInt(arg))}))
	case 'd', 'i':
		return fmt.Sprintf(flags+"d", int64(checkNumber(l, arg)))
	case 'u':
		return fmt.Sprintf(flags+"d", uint64(int64(checkNumber(l, arg))))
	case 'o', 'x', 'X':
		return fmt.Sprintf(flags+string(letter), uint64(int64(checkNumber(l, arg))))
	case 'e', 'E', 'f', 'g', 'G':
		f := checkNumber(l, arg)
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return fmt.Sprintf(strings.ReplaceAll(strings.SplitN(flags, ".", 2)[0], "0", "")+"s", numberText(lua.LNumber(f)))
		}
		return fmt.Sprintf(flags+string(letter), f)
	case 'q':
		return quoted(l.CheckString(arg))
	}
	return fmt.Sprintf(flags+"s", l.CheckString(arg))
}

// checkNumber takes a number or text that is one, as C Lua does.
func checkNumber(l *lua.LState, arg int) float64 {
	if s, ok := l.Get(arg).(lua.LString); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(string(s)), 64); err == nil {
			return f
		}
	}
	return float64(l.CheckNumber(arg))
}

func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}
