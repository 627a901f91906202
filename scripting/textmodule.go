package scripting

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What dialplan functions need of texts that Lua has not: pbx.text.

// maxExpression bounds a regular expression, in bytes. Matching is linear in the text (RE2), so nothing else needs a bound.
const maxExpression = 1 << 10

func textMD5(s string) []byte  { d := md5.Sum([]byte(s)); return d[:] }
func textSHA1(s string) []byte { d := sha1.Sum([]byte(s)); return d[:] }

func textBase64(l *lua.LState) int {
	return pushString(l, base64.StdEncoding.EncodeToString([]byte(l.CheckString(1))))
}

// textUnbase64 is pbx.text.unbase64(text): the bytes, padding is not asked for; or nil and why not.
func textUnbase64(l *lua.LState) int {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(l.CheckString(1), "= \r\n"))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	return pushString(l, string(b))
}

// digest makes a function that yields a hash in hexadecimal digits.
func digest(sum func(string) []byte) lua.LGFunction {
	return func(l *lua.LState) int { return pushString(l, hex.EncodeToString(sum(l.CheckString(1)))) }
}

// textMatches is pbx.text.matches(expression, text): true or false; nil and why for what is no regular expression. The expressions are
// those of POSIX's extended kind, as far as RE2 has them: no back references.
func textMatches(l *lua.LState) int {
	expression, text := l.CheckString(1), l.CheckString(2)
	if len(expression) > maxExpression {
		l.Push(lua.LNil)
		return 1 + pushString(l, fmt.Sprintf("a regular expression of %d bytes; want at most %d", len(expression), maxExpression))
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LBool(re.MatchString(text)))
	return 1
}

// textEscape is pbx.text.uri_escape(text): all but RFC 3986's unreserved characters as %XX.
func textEscape(l *lua.LState) int {
	var b strings.Builder
	for _, c := range []byte(l.CheckString(1)) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return pushString(l, b.String())
}

// textUnescape is pbx.text.uri_unescape(text); what is no %XX stays as it is.
func textUnescape(l *lua.LState) int {
	s := l.CheckString(1)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if d, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.WriteByte(d[0])
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return pushString(l, b.String())
}

// textUUID is pbx.text.uuid(): a random one (RFC 9562 §5.4).
func textUUID(l *lua.LState) int {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return pushString(l, fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}
