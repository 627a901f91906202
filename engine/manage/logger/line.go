package logger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// event is one line on its way, rendered lazily into the forms that are wanted.
type event struct {
	json    []byte // borrowed from zerolog
	class   Mask
	fields  []field
	decoded bool
	plain   []byte // without colour, for consoles
	colored []byte
	inFile  []byte
	clean   []byte
}

type field struct{ key, value string }

// decode reads the fields in their order; a line that is no JSON object becomes its own message. It is taken apart as zerolog writes
// it, without a space between tokens: encoding/json takes ten times as long, for every line of every call.
func (e *event) decode() {
	if e.decoded {
		return
	}
	e.decoded = true
	rest := strings.TrimSpace(string(e.json)) // the fields are parts of it
	if rest == "" || rest[0] != '{' {
		e.fields = []field{{zerolog.MessageFieldName, rest}}
		return
	}
	e.fields = make([]field, 0, 16)
	for len(rest) > 1 && rest[1] == '"' { // rest[0] is { or a comma
		key, after := cutValue(rest[1:])
		if len(after) < 2 || after[0] != ':' {
			return
		}
		var value string
		value, rest = cutValue(after[1:])
		e.fields = append(e.fields, field{key, value})
	}
}

// cutValue cuts a JSON value off the beginning of s: a string as what it stands for, all else as it is written.
func cutValue(s string) (value, rest string) {
	if s[0] == '"' {
		n := stringEnd(s)
		if raw := s[:n]; n >= 2 && strings.IndexByte(raw, '\\') < 0 && utf8.ValidString(raw) {
			return raw[1 : n-1], s[n:]
		}
		value = s[:n]
		_ = json.Unmarshal([]byte(value), &value)
		return value, s[n:]
	}
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:]) - 1
		case '{', '[':
			depth++
		case ',', '}', ']':
			if depth == 0 {
				return s[:i], s[i:]
			}
			if s[i] != ',' {
				depth--
			}
		}
	}
	return s, ""
}

// stringEnd is where the string that s begins with is over.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

func (e *event) get(key string) string {
	for _, f := range e.fields {
		if f.key == key {
			return f.value
		}
	}
	return ""
}

// Detail is the field whose lines stand on lines of their own below the entry, with margin before each; in JSON it is a field.
const Detail = "detail"

// margin tells a line of detail from the beginning of an entry, whatever is in it.
const margin = "    | "

// body is message and fields, with foreign bytes escaped: what a phone sends cannot forge or colour a line.
func (e *event) body(b *bytes.Buffer) {
	b.WriteString(Escape(e.get(zerolog.MessageFieldName)))
	for _, f := range e.fields {
		switch f.key {
		case zerolog.MessageFieldName, zerolog.TimestampFieldName, zerolog.LevelFieldName, "call", "verbose", Detail:
			continue
		}
		b.WriteByte(' ')
		b.WriteString(Escape(f.key))
		b.WriteByte('=')
		v := Escape(f.value)
		if v == "" || strings.ContainsAny(v, " =\"") {
			v = strconv.Quote(v)
		}
		b.WriteString(v)
	}
	b.WriteByte('\n')
	for line := range strings.Lines(e.get(Detail)) {
		b.WriteString(margin + Escape(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "  ")) + "\n")
	}
}

// consoleLine: 21:32:35.123 NOTICE  [C-00000001] message key=value
func (e *event) consoleLine(color bool) []byte {
	cached := &e.plain
	if color {
		cached = &e.colored
	}
	if *cached != nil {
		return *cached
	}
	e.decode()
	var b bytes.Buffer
	b.WriteString(e.when().Format("15:04:05.000"))
	b.WriteByte(' ')
	if color {
		fmt.Fprintf(&b, "\x1b[%sm%-7s\x1b[0m", e.class.color(), e.class)
	} else {
		fmt.Fprintf(&b, "%-7s", e.class)
	}
	b.WriteByte(' ')
	if call := e.get("call"); call != "" {
		b.WriteString("[" + Escape(call) + "] ")
	}
	e.body(&b)
	*cached = b.Bytes()
	return *cached
}

// fileLine is Asterisk's: [2026-11-22 21:32:35.123] NOTICE[4711][C-00000001]: message key=value
func (e *event) fileLine() []byte {
	if e.inFile != nil {
		return e.inFile
	}
	e.decode()
	var b bytes.Buffer
	fmt.Fprintf(&b, "[%s] %s[%d]", e.when().Format("2006-01-02 15:04:05.000"), e.class, os.Getpid())
	if call := e.get("call"); call != "" {
		b.WriteString("[" + Escape(call) + "]")
	}
	b.WriteString(": ")
	e.body(&b)
	e.inFile = b.Bytes()
	return e.inFile
}

// jsonLine is the line itself, copied; the controls that JSON allows raw (DEL, C1) are escaped.
func (e *event) jsonLine() []byte {
	if e.clean == nil {
		e.clean = cleanJSON(e.json)
	}
	return e.clean
}

func (e *event) when() time.Time {
	if t, err := time.Parse(time.RFC3339Nano, e.get(zerolog.TimestampFieldName)); err == nil {
		return t.Local()
	}
	return time.Now()
}

// Escape makes foreign text harmless on a terminal and within one line: control characters (C0, DEL, C1), line and
// direction marks and broken UTF-8 become \n, \x1b, \u202e …; everything else stays as it is.
func Escape(s string) string {
	if !strings.ContainsFunc(s, harmful) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case harmful(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case harmful(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func harmful(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

// cleanJSON copies one JSON line, writing \u00XX for DEL and C1 controls and dropping a newline inside.
func cleanJSON(p []byte) []byte {
	p = bytes.TrimRight(p, "\n")
	out := make([]byte, 0, len(p)+1)
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == 0x7f:
			out = append(out, `\u007f`...)
		case c == 0xc2 && i+1 < len(p) && p[i+1] >= 0x80 && p[i+1] < 0xa0:
			i++
			out = fmt.Appendf(out, `\u00%02x`, p[i])
		case c < 0x20:
		default:
			out = append(out, c)
		}
	}
	return append(out, '\n')
}
