package extconf

import (
	"strconv"
	"strings"

	"asterism/engine/dialplan"
)

// extension reads NAME[/CALLER],PRIORITY[+OFFSET][(LABEL)],APPLICATION(ARGUMENTS).
func (r *reader) extension(value string) {
	name, rest := field(value)
	name, rest = strings.TrimSpace(name), strings.TrimSpace(rest)
	r.skipped = true
	if name == "" || rest == "" {
		r.errorf("write exten => 100,1,NoOp()", "context %q: %q is no extension with a priority and an application", r.name, clip(value))
		return
	}
	name = r.expand(name)
	r.cid, r.hasCID = "", false
	if i := strings.IndexByte(name, '/'); i >= 0 {
		r.cid, r.hasCID = strings.TrimSpace(name[i+1:]), true
		name = strings.TrimSpace(name[:i])
	}
	if name != r.exten {
		r.labels = map[string]int{}
	}
	r.exten = name
	r.skipped = false
	if name == "_." || name == "_!" {
		r.warnf("write _X"+name[1:], "context %q: the pattern %s matches h, i, t and every other name too", r.name, name)
	}
	r.step(rest)
}

// same reads PRIORITY,APPLICATION(ARGUMENTS) for the extension above.
func (r *reader) same(value string) {
	switch {
	case r.skipped:
	case r.exten == "":
		r.errorf("write exten => NAME,1,… first", "context %q: same => without an extension above it", r.name)
	default:
		r.step(value)
	}
}

// step reads PRIORITY,APPLICATION(ARGUMENTS).
func (r *reader) step(text string) {
	prio, call, _ := strings.Cut(text, ",")
	n, label, ok := r.priority(strings.TrimSpace(prio))
	if !ok {
		return
	}
	call = strings.TrimSpace(call)
	if call == "" {
		r.errorf("write exten => "+r.exten+",1,NoOp()", "context %q: extension %q has no application after the priority", r.name, r.exten)
		return
	}
	e := dialplan.Entry{Context: r.name, Pattern: r.exten, CID: r.cid, MatchCID: r.hasCID, Priority: n, Label: label, Source: dialplan.Conf,
		File: r.pos.File, Line: r.pos.Line}
	if n == dialplan.PriorityHint {
		e.Application, e.Data = "hint", call
	} else {
		r.last = n
		if label != "" {
			if _, twice := r.labels[label]; twice {
				r.warnf("give one of them another name", "context %q: extension %q has the label %q already", r.name, r.exten, label)
			} else {
				r.labels[label] = n
			}
		}
		e.Application, e.Data = r.call(call)
	}
	r.plan.Entries = append(r.plan.Entries, e)
}

// priority reads a number, n (next), s (same), hint or a label, with +OFFSET and (LABEL).
func (r *reader) priority(text string) (n int, label string, ok bool) {
	text, label, has := strings.Cut(text, "(")
	if has {
		label, _, has = strings.Cut(label, ")")
		if label = strings.TrimSpace(label); !has || label == "" {
			r.warnf("write n(label)", "context %q: extension %q: the label is not closed or empty", r.name, r.exten)
		}
	}
	text, offset, hasOffset := strings.Cut(strings.TrimSpace(text), "+")
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "hint":
		return dialplan.PriorityHint, "", true
	case "n", "next":
		if r.last == 0 {
			r.errorf("write exten => "+r.exten+",1,…", "context %q: extension %q begins with priority n", r.name, r.exten)
			return 0, "", false
		}
		n = r.last + 1
	case "s", "same":
		if n = r.last; n == 0 {
			r.errorf("write exten => "+r.exten+",1,…", "context %q: extension %q begins with priority s", r.name, r.exten)
			return 0, "", false
		}
	default:
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			if n = r.labels[text]; n == 0 {
				r.errorf("write a number, n, s, hint or a label from above", "context %q: extension %q: priority %q", r.name, r.exten, clip(text))
				return 0, "", false
			}
		}
	}
	if hasOffset {
		add, err := strconv.Atoi(strings.TrimSpace(offset))
		if err != nil {
			r.errorf("write n+2", "context %q: extension %q: priority offset %q is no number", r.name, r.exten, clip(offset))
			return 0, "", false
		}
		n += add
	}
	if n < 1 {
		r.errorf("priorities begin with 1", "context %q: extension %q: priority %d", r.name, r.exten, n)
		return 0, "", false
	}
	return n, label, true
}

// call takes APPLICATION(ARGUMENTS) apart. A missing parenthesis at the end is tolerated, as in Asterisk.
func (r *reader) call(text string) (application, data string) {
	application, data, has := strings.Cut(text, "(")
	application = strings.TrimSpace(application)
	if !has {
		if name, args, old := strings.Cut(application, ","); old {
			r.warnf("write "+name+"("+clip(args)+")", "context %q: extension %q: the application %q is unknown", r.name, r.exten, clip(application))
		}
		return application, ""
	}
	end := strings.LastIndexByte(data, ')')
	if end < 0 {
		r.warnf("add it", "context %q: extension %q: %s has no closing parenthesis", r.name, r.exten, application)
		return application, data
	}
	return application, data[:end]
}

// field takes the text up to the first comma that is neither in brackets nor in quotes.
func field(s string) (first, rest string) {
	brackets, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			brackets++
		case c == ']' || c == '}':
			brackets--
		case c == ',' && brackets <= 0:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
