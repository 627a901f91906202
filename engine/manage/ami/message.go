package ami

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// header is one "Key: value" line.
type header struct{ key, value string }

// message is one action, response or event: headers in order, keys may repeat.
type message []header

// Bounds of what a client may send; Asterisk's own are of this size.
const (
	maxLine    = 4096
	maxHeaders = 256
)

var (
	errTooLong  = fmt.Errorf("ami: a line of more than %d bytes", maxLine)
	errTooMany  = fmt.Errorf("ami: an action of more than %d lines", maxHeaders)
	errNoHeader = errors.New("ami: a line without a colon")
)

// get is the first value of key, in any case; "" if there is none.
func (m message) get(key string) string {
	for _, h := range m {
		if strings.EqualFold(h.key, key) {
			return h.value
		}
	}
	return ""
}

// all are the values of key in order.
func (m message) all(key string) []string {
	var values []string
	for _, h := range m {
		if strings.EqualFold(h.key, key) {
			values = append(values, h.value)
		}
	}
	return values
}

// readMessage reads up to the empty line that ends an action. Lines end in CRLF or LF; empty lines before it are passed over, and so is
// a line without a colon, as in Asterisk. io.EOF only between two messages.
func readMessage(r *bufio.Reader) (message, error) {
	var m message
	for lines := 0; ; lines++ {
		line, err := readLine(r)
		if err != nil {
			if err == io.EOF && (len(m) > 0 || line != "") {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if line == "" {
			if len(m) > 0 {
				return m, nil
			}
			lines = -1
			continue
		}
		if lines >= maxHeaders {
			return nil, errTooMany
		}
		if h, err := parseHeader(line); err == nil {
			m = append(m, h)
		}
	}
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errTooLong
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

func parseHeader(line string) (header, error) {
	key, value, ok := strings.Cut(line, ":")
	if key = strings.TrimSpace(key); !ok || key == "" {
		return header{}, errNoHeader
	}
	return header{key, strings.TrimSpace(value)}, nil
}

// String is the message as it goes over the wire. Control characters of a value are written as C does (\n), so that no value can begin
// a line of its own.
func (m message) String() string {
	var b strings.Builder
	for _, h := range m {
		escape(&b, h.key)
		b.WriteString(": ")
		escape(&b, h.value)
		b.WriteString("\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

var escapes = map[byte]string{'\a': `\a`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`}

func escape(b *strings.Builder, s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case escapes[c] != "":
			b.WriteString(escapes[c])
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
}
