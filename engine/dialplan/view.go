package dialplan

import (
	"fmt"
	"slices"
	"strings"
)

// ContextView is a copy of one context for `dialplan show`.
type ContextView struct {
	Name       string
	Registrar  string
	Extensions []ExtensionView // conf's in match order, then Lua's
	Includes   []IncludeView
	Notes      []Note
}

// ExtensionView is one extension: its priorities ascending, the hint first.
type ExtensionView struct {
	Pattern string // "_1XX", or "_1XX/2000" with a caller pattern
	Entries []Entry
}

// IncludeView is one include: Written has its times too.
type IncludeView struct{ Name, Written, Registrar string }

// Contexts returns every context by name.
func (x *Index) Contexts() []ContextView {
	if x == nil {
		return nil
	}
	views := make([]ContextView, 0, len(x.order))
	for _, c := range x.order {
		v := ContextView{Name: c.name, Registrar: c.source.Registrar(), Notes: slices.Clone(c.notes)}
		for s := range c.layers {
			for e := range c.layers[s].extensions {
				v.Extensions = append(v.Extensions, e.view())
			}
			v.Includes = append(v.Includes, c.layers[s].listed...)
		}
		views = append(views, v)
	}
	return views
}

func (x *extension) view() ExtensionView {
	pattern := x.entries[0].Pattern
	if x.matchCID {
		pattern += "/" + x.entries[0].CID
	}
	return ExtensionView{pattern, slices.Clone(x.entries)}
}

// Match returns v with only the extensions that the dialled string matches, for `dialplan show 100@internal`.
func (v ContextView) Match(dialled string) ContextView {
	v.Extensions = slices.DeleteFunc(slices.Clone(v.Extensions), func(e ExtensionView) bool {
		return e.Entries[0].Pattern != dialled && !Matches(e.Entries[0].Pattern, dialled, Match)
	})
	return v
}

// String lists the context as Asterisk's `dialplan show` does.
func (v ContextView) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "[ Context '%s' created by '%s' ]\n", printable(v.Name), v.Registrar)
	for _, x := range v.Extensions {
		left := fmt.Sprintf("'%s' =>", x.Pattern)
		for _, e := range x.Entries {
			if e.Label != "" && e.Priority != x.Entries[0].Priority {
				left = fmt.Sprintf("   [%s]", e.Label)
			}
			line(&s, left, e.text(), e.where())
			left = ""
		}
	}
	for _, in := range v.Includes {
		line(&s, "Include =>", "'"+in.Written+"'", in.Registrar)
	}
	for _, n := range v.Notes {
		line(&s, n.Kind, "'"+n.Text+"'", n.Source.Registrar())
	}
	return s.String()
}

func line(s *strings.Builder, left, text, where string) {
	fmt.Fprintf(s, "  %-17s %-45s [%s]\n", printable(left), printable(text), printable(where))
}

// text is the entry's priority and application, as "1. Dial(PJSIP/100)".
func (e *Entry) text() string {
	switch {
	case e.Priority == PriorityHint:
		return "hint: " + e.Data
	case e.Application == "":
		return fmt.Sprintf("%d.", e.Priority)
	}
	return fmt.Sprintf("%d. %s(%s)", e.Priority, e.Application, e.Data)
}

func (e *Entry) where() string {
	if e.File == "" {
		return e.Source.Registrar()
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

// printable keeps control characters from the file away from the administrator's terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
