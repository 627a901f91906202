// Package subst expands ${NAME}, ${NAME:offset:length}, ${FUNC(arguments)} and $[expression] in the text of a dialplan, inside out.
//
// It holds no variable and runs no function: Env answers. Text that is wrong (a brace that is never closed) is read as far as it goes, as
// Asterisk does, with a warning to Env.
package subst

import (
	"strings"

	"asterism/engine/dialplan/expr"
)

// Asterisk's bounds, in bytes.
const (
	MaxText  = 8192 // of a text that is expanded
	MaxValue = 4096 // of one variable or function in it
)

// maxDepth bounds ${${${…}}}.
const maxDepth = 100

// Env is the channel that a text is expanded for.
type Env interface {
	// Variable is a variable's value; false if it is not set.
	Variable(name string) (string, bool)
	// Function evaluates "NAME(arguments)"; false if it has no value.
	Function(call string) (string, bool)
	// Warn hears what is wrong with the text.
	Warn(what string)
}

// Expand gives text with everything in it replaced. What is longer than MaxText is cut.
func Expand(text string, env Env) string {
	if strings.IndexByte(text, '$') < 0 {
		return bounded(text, MaxText)
	}
	return expand(text, env, 0)
}

func expand(text string, env Env, depth int) string {
	if depth > maxDepth {
		env.Warn("${…} within each other more than 100 times; the innermost are empty")
		return ""
	}
	var out strings.Builder
	for text != "" && out.Len() < MaxText {
		i := opening(text)
		if i < 0 {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:i])
		inner, rest, isExpr := cut(text[i:], env)
		if opening(inner) >= 0 {
			inner = expand(inner, env, depth+1)
		}
		if isExpr {
			out.WriteString(bounded(expression(inner, env), MaxValue))
		} else {
			out.WriteString(value(inner, env))
		}
		text = rest
	}
	return bounded(out.String(), MaxText)
}

// opening is where the first ${ or $[ of text is, -1 without one.
func opening(text string) int {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '$' && (text[i+1] == '{' || text[i+1] == '[') {
			return i
		}
	}
	return -1
}

// cut takes ${…} or $[…] off the front of text: what is between the brackets, and the rest.
func cut(text string, env Env) (inner, rest string, isExpr bool) {
	open, closing := text[1], byte('}')
	if isExpr = open == '['; isExpr {
		closing = ']'
	}
	depth := 1
	for i := 2; i < len(text); i++ {
		switch text[i] {
		case open:
			depth++
		case closing:
			if depth--; depth == 0 {
				return text[2:i], text[i+1:], isExpr
			}
		}
	}
	env.Warn("Error in extension logic (missing '" + string(closing) + "'): " + bounded(text, 200))
	return text[2:], "", isExpr
}

// value is that of NAME, FUNC(args), and either with :offset:length.
func value(inner string, env Env) string {
	name, part, isFunc := split(inner)
	var v string
	if isFunc {
		v, _ = env.Function(name)
	} else {
		v, _ = env.Variable(name)
	}
	v = bounded(v, MaxValue)
	if part == nil {
		return v
	}
	return substring(v, part.offset, part.length)
}

func expression(text string, env Env) string {
	v, err := expr.Eval(text, env.Function)
	if err != nil {
		env.Warn(err.Error())
	}
	return v
}

// Call is a function that a text calls: its name and what stands in its parentheses.
type Call struct{ Name, Arguments string }

// Calls are those of text whose names stand there literally; for checks.
func Calls(text string) (calls []Call) {
	for i := opening(text); i >= 0; i = opening(text) {
		if text[i+1] == '{' {
			name := text[i+2:]
			if end := strings.IndexAny(name, "(}:$"); end > 0 && name[end] == '(' {
				calls = append(calls, Call{name[:end], enclosed(name[end+1:])})
			}
		}
		text = text[i+2:]
	}
	return calls
}

// enclosed is text up to the parenthesis that closes.
func enclosed(text string) string {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return text[:i]
			}
		}
	}
	return text
}

func bounded(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most]
}
