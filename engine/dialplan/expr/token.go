package expr

import "strings"

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokOperator
	tokWord // a word, a number, or text in double quotes (with them)
)

type token struct {
	kind tokenKind
	text string
	pos  int // byte offset
}

// operators, the longer first.
var operators = []string{"||", "&&", "==", "!=", "<=", ">=", "=~", "~~", "::", "|", "&", "=", "<", ">", "+", "-", "*", "/", "%", "?", "!", ":", "(", ")", ","}

// next takes the next token off the text.
func (p *parser) next() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
	rest := p.text[p.at:]
	p.tok = token{tokEnd, "", p.at}
	if rest == "" {
		return
	}
	if rest[0] == '"' {
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			p.tok = token{tokWord, rest, p.at}
			p.fail()
			p.at = len(p.text)
			return
		}
		p.take(tokWord, end+2)
		return
	}
	if op := operatorOf(rest); op != "" {
		p.take(tokOperator, len(op))
		return
	}
	n := 1
	for n < len(rest) && !isBlank(rest[n]) && rest[n] != '"' && operatorOf(rest[n:]) == "" {
		n++
	}
	p.take(tokWord, n)
}

func (p *parser) take(kind tokenKind, n int) {
	p.tok = token{kind, p.text[p.at : p.at+n], p.at}
	p.at += n
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// operatorOf is the operator that s begins with, or "".
func operatorOf(s string) string {
	if !strings.ContainsRune("|&=!<>~:+-*/%?(),", rune(s[0])) {
		return ""
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}
