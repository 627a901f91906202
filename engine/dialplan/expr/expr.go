// Package expr evaluates Asterisk's expressions, the inside of $[…]: comparison, arithmetic, regular expressions, a ? b :: c.
//
// Operators, loosest first: ?:: | & (also || &&), = == != < > <= >=, + -, * / %, ! and - before a value, : =~ ~~, parentheses, and
// NAME(arguments) for mathematics and dialplan functions. Numbers are computed with a mantissa of 64 bits, as Asterisk does on a PC.
package expr

import (
	"fmt"
	"strings"
)

const (
	maxText  = 8192 // bytes of one expression
	maxDepth = 200  // parentheses within each other
)

// Eval evaluates text. function evaluates "NAME(arguments)" of the dialplan; nil: there are none. An error goes with the value that
// Asterisk goes on with, "0".
func Eval(text string, function func(call string) (string, bool)) (string, error) {
	if len(text) > maxText {
		return "0", fmt.Errorf("expression of %d bytes; at most %d", len(text), maxText)
	}
	p := &parser{text: text, function: function}
	p.next()
	if p.tok.kind == tokEnd && p.err == nil {
		return "", nil
	}
	v := p.expression(1)
	if p.err == nil && p.tok.kind != tokEnd {
		p.fail()
	}
	if p.err != nil {
		return "0", p.err
	}
	return v.String(), nil
}

// Operators of two values by how tightly they bind.
var binary = map[string]int{
	"?": 1, "|": 2, "||": 2, "&": 3, "&&": 3,
	"=": 4, "==": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4,
	"+": 5, "-": 5, "*": 6, "/": 6, "%": 6, ":": 8, "=~": 8, "~~": 8,
}

// unary binds tighter than * and looser than the regular expressions.
const unary = 7

type parser struct {
	text     string
	at       int // where the rest begins
	tok      token
	depth    int
	function func(string) (string, bool)
	err      error
}

// fail reports a syntax error at the current token.
func (p *parser) fail() {
	if p.err == nil {
		what := fmt.Sprintf("%q", p.tok.text)
		if p.tok.kind == tokEnd {
			what = "the end"
		}
		p.err = fmt.Errorf("syntax error: unexpected %s at column %d of $[%s]", what, p.tok.pos+1, clip(p.text))
	}
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// expression reads operators that bind at least as tightly as level.
func (p *parser) expression(level int) value {
	if p.depth++; p.depth > maxDepth {
		if p.err == nil {
			p.err = fmt.Errorf("expression with more than %d parentheses and signs within each other", maxDepth)
		}
		return value{}
	}
	defer func() { p.depth-- }()
	left := p.operand()
	for p.err == nil && p.tok.kind == tokOperator {
		op := p.tok.text
		l, ok := binary[op]
		if !ok || l < level {
			break
		}
		p.next()
		if op == "?" {
			left = p.conditional(left)
			continue
		}
		right := p.expression(l + 1)
		if p.err != nil {
			break
		}
		left = p.apply(op, left, right)
	}
	return left
}

// conditional reads b :: c of a ? b :: c.
func (p *parser) conditional(a value) value {
	b := p.expression(2)
	if p.err == nil && (p.tok.kind != tokOperator || p.tok.text != "::") {
		p.fail()
	}
	p.next()
	c := p.expression(2)
	if a.chooses() {
		return b
	}
	return c
}

func (p *parser) operand() value {
	if p.err != nil {
		return value{}
	}
	t := p.tok
	switch {
	case t.kind == tokOperator && t.text == "-":
		p.next()
		n, _ := p.expression(unary).number()
		return numeric(n.Neg(n))
	case t.kind == tokOperator && t.text == "!":
		p.next()
		return truth(!p.expression(unary).isTrue())
	case t.kind == tokOperator && t.text == "(":
		p.next()
		v := p.expression(1)
		p.closing()
		return v
	case t.kind == tokWord:
		p.next()
		if p.err == nil && p.tok.kind == tokOperator && p.tok.text == "(" && !strings.HasPrefix(t.text, `"`) {
			return p.call(t.text)
		}
		return word(t.text)
	}
	p.fail()
	return value{}
}

func (p *parser) closing() {
	if p.err == nil && (p.tok.kind != tokOperator || p.tok.text != ")") {
		p.fail()
	}
	p.next()
}

// call reads the arguments of NAME(…) and evaluates it: mathematics here, the rest is the dialplan's.
func (p *parser) call(name string) value {
	p.next()
	var args []value
	for p.err == nil && (p.tok.kind != tokOperator || p.tok.text != ")") {
		if p.tok.kind == tokOperator && p.tok.text == "," { // an empty argument
			args = append(args, value{})
			p.next()
			continue
		}
		args = append(args, p.expression(1))
		if p.tok.kind == tokOperator && p.tok.text == "," {
			p.next()
		} else {
			break
		}
	}
	p.closing()
	if p.err != nil {
		return value{}
	}
	if v, ok := mathematics(strings.ToUpper(name), args); ok {
		return v
	}
	if p.function != nil {
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = a.String()
		}
		if v, ok := p.function(name + "(" + strings.Join(words, ",") + ")"); ok {
			return word(v)
		}
	}
	p.err = fmt.Errorf("function %s in $[%s] does not exist or has no value", name, clip(p.text))
	return value{}
}
