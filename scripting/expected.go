package scripting

import (
	"strconv"
	"strings"
)

// The interpreter's parser says where it stopped, not what it waited for. expected reads the tokens up to there once more, as far as
// that takes: what is open, and what stood before.

// opener is a bracket or a block that is not closed yet.
type opener struct {
	word, closer string
	line         int
	wants        string // `then` or `do`, while the condition is being read
}

// closers of what opens.
var closers = map[string]string{"(": ")", "{": "}", "[": "]", "function": "end", "do": "end", "if": "end", "repeat": "until", "while": "end", "for": "end"}

// operators are tokens after which an expression must follow.
const operators = " = == ~= <= >= < > + - * / % ^ # .. and or not return until , ( { [ "

// expected says what should stand at the given byte of src instead of word; word is "" at the end of the file. "" if it cannot tell.
func expected(src, word string, at int) string {
	s := scanner{src: src, line: 1}
	var open []opener
	var last, before token
	for {
		t, ok := s.next()
		if !ok || word != "" && t.at >= at {
			break
		}
		open = follow(open, t)
		before, last = last, t
	}
	var top opener
	if len(open) > 0 {
		top = open[len(open)-1]
	}
	value := endsValue(last.text)
	switch {
	case top.wants != "" && value:
		return "`" + top.wants + "` is expected here, for the `" + top.word + "` of line " + strconv.Itoa(top.line)
	case word == "" && top.word != "":
		return "the `" + top.word + "` of line " + strconv.Itoa(top.line) + " is not closed; `" + top.closer + "` is missing"
	case last.text == "." || last.text == ":" || last.text == "local" || last.text == "function" && (word != "(" || before.text == "local"):
		if reserved[word] {
			return "a name is expected here, and `" + word + "` is a reserved word" + map[bool]string{true: `; write ["` + word + `"]`}[last.text == "."]
		}
		return "a name is expected here"
	case strings.Contains(operators, " "+last.text+" ") && last.text != "":
		if word == "=" && last.text == "=" {
			return "a value is expected here; to compare, write == without a blank"
		}
		return "a value is expected here"
	case (top.word == "{" || top.word == "(") && value && word != "":
		if word == "=" && top.word == "{" {
			return "a key that is no plain name stands in brackets: [" + strings.TrimSpace(last.text) + "] = …"
		}
		return "a comma or `" + top.closer + "` is expected here, for the `" + top.word + "` of line " + strconv.Itoa(top.line)
	case word == "end" || word == "until" || word == "else" || word == "elseif" || word == ")" || word == "}" || word == "]":
		if top.word == "" {
			return "nothing is open that `" + word + "` could close"
		}
		return "the `" + top.word + "` of line " + strconv.Itoa(top.line) + " wants `" + top.closer + "`"
	case word == "==" && value:
		return "a comparison is no statement; to assign, write ="
	case last.text == "return" || value && word != "":
		return "a statement ends here; the next one cannot begin with this"
	}
	return ""
}

// follow keeps the stack of what is open.
func follow(open []opener, t token) []opener {
	n := len(open)
	switch t.text {
	case "then", "do":
		if n > 0 && open[n-1].wants == t.text {
			open[n-1].wants = ""
			return open
		}
		if t.text == "then" {
			return open
		}
	case "elseif":
		if n > 0 && open[n-1].word == "if" {
			open[n-1].wants = "then"
		}
		return open
	}
	if closer, ok := closers[t.text]; ok {
		o := opener{word: t.text, closer: closer, line: t.line}
		switch t.text {
		case "if":
			o.wants = "then"
		case "while", "for":
			o.wants = "do"
		}
		return append(open, o)
	}
	if n > 0 && t.text == open[n-1].closer {
		return open[:n-1]
	}
	return open
}

// endsValue tells whether an expression can end with the token.
func endsValue(text string) bool {
	switch text {
	case "":
		return false
	case ")", "}", "]", `"`, "end", "nil", "true", "false":
		return true
	}
	return wordByte(text[0]) && !reserved[text]
}
