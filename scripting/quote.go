package scripting

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// Text that a caller made (EXTEN, a caller's name, a header) becomes program where it is joined into a command line, a query or a path.
// These make it one word of each, whatever is in it.

// pbxQuoteShell is pbx.quote_shell(text): one word of /bin/sh. A zero byte cannot be quoted and raises.
func pbxQuoteShell(l *lua.LState) int {
	s := l.CheckString(1)
	if strings.ContainsRune(s, 0) {
		l.ArgError(1, "text with a zero byte")
	}
	return pushString(l, quoteShell(s))
}

// quoteShell is text as one word of a shell.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// pbxQuoteSQL is pbx.quote_sql(text): a string literal of standard SQL (SQLite, PostgreSQL; MySQL with NO_BACKSLASH_ESCAPES). It refuses
// what literals cannot hold everywhere: zero bytes, backslashes, text that is not UTF-8.
func pbxQuoteSQL(l *lua.LState) int {
	s := l.CheckString(1)
	if strings.ContainsAny(s, "\x00\\") || !utf8.ValidString(s) {
		l.ArgError(1, "text with a zero byte, a backslash, or that is not UTF-8")
	}
	return pushString(l, "'"+strings.ReplaceAll(s, "'", "''")+"'")
}

// maxFileName bounds pbx.file_name, in bytes, with room for an extension.
const maxFileName = 200

// pbxFileName is pbx.file_name(text): a name for one file, without a path: letters, digits, and - _ . + @ stay, all else becomes _; it
// does not begin with a dot or a dash, and is never empty.
func pbxFileName(l *lua.LState) int {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_.+@", r):
			return r
		}
		return '_'
	}, l.CheckString(1))
	s = s[:min(len(s), maxFileName)]
	if s == "" || s[0] == '.' || s[0] == '-' {
		s = "_" + strings.TrimLeft(s, ".-")
	}
	return pushString(l, s)
}
