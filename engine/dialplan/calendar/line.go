package calendar

import "strings"

// contentLine is NAME;PARAM=value:value, unfolded (RFC 5545 §3.1).
type contentLine struct {
	number     int // in the file, where it begins
	name       string
	parameters map[string]string // by upper-case name
	value      string
}

// contentLines unfolds text: a line that begins with a blank goes on with the one before.
func contentLines(text string) []contentLine {
	var out []contentLine
	var whole strings.Builder
	began := 0
	flush := func() {
		if s := whole.String(); strings.TrimSpace(s) != "" {
			out = append(out, parseLine(began, s))
		}
		whole.Reset()
	}
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSuffix(l, "\r")
		if i == 0 {
			l = strings.TrimPrefix(l, "\ufeff")
		}
		if i > 0 && (strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t")) {
			whole.WriteString(l[1:])
			continue
		}
		flush()
		began = i + 1
		whole.WriteString(l)
	}
	flush()
	return out
}

// parseLine takes a line apart; without a colon it is a name alone.
func parseLine(number int, s string) contentLine {
	l := contentLine{number: number, parameters: map[string]string{}}
	name, rest, quoted := s, "", false
	for i := range len(s) {
		if s[i] == '"' {
			quoted = !quoted
		}
		if s[i] == ':' && !quoted {
			name, rest = s[:i], s[i+1:]
			break
		}
	}
	l.value = rest
	for i, part := range splitQuoted(name, ';') {
		if i == 0 {
			l.name = strings.ToUpper(strings.TrimSpace(part))
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		l.parameters[strings.ToUpper(key)] = strings.Trim(value, `"`)
	}
	return l
}

// splitQuoted splits s at sep outside of quotes.
func splitQuoted(s string, sep byte) []string {
	var out []string
	from, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

// unescape is a value of type TEXT (§3.3.11).
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";").Replace(s)
}
