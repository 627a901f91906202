package lint

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/dialplan/subst"
)

// conf looks at the applications of extensions.conf and at hints, which the index holds as text.
func (c *checker) conf() {
	for _, v := range c.index.Contexts() {
		for _, x := range v.Extensions {
			c.unbegun(v, x.Entries)
			for _, e := range x.Entries {
				p := place{pos: config.Pos{File: e.File, Line: e.Line}, context: e.Context, exten: e.Pattern, name: e.Application}
				switch {
				case e.Priority == dialplan.PriorityHint:
					c.hint(p, e.Data)
				case e.Source == dialplan.Conf && e.Application != "":
					if dialplan.IsPattern(e.Pattern) {
						p.exten = unknown
					}
					c.expressions(p, e.Data)
					c.application(p, e.Application, folded(e.Data))
				}
			}
		}
	}
}

// unbegun looks for an extension of extensions.conf that no call can begin: one without priority 1.
func (c *checker) unbegun(context dialplan.ContextView, entries []dialplan.Entry) {
	var first *dialplan.Entry
	for i, e := range entries {
		if e.Source != dialplan.Conf || e.Priority == 1 {
			return
		}
		if e.Priority > 1 && first == nil {
			first = &entries[i]
		}
	}
	if first != nil && !begunElsewhere(context, first.Pattern) {
		c.add(codeUnbegun, Warning, config.Pos{File: first.File, Line: first.Line}, c.column(first.File, first.Line, first.Pattern), "let its first line have priority 1",
			"extension %q of context %q begins with priority %d: nobody can dial it", first.Pattern, first.Context, first.Priority)
	}
}

// begunElsewhere tells whether the first priority of what pattern goes on with may be another extension's: exten => bob,1 and _b.,2.
func begunElsewhere(context dialplan.ContextView, pattern string) bool {
	return slices.ContainsFunc(context.Extensions, func(x dialplan.ExtensionView) bool {
		name, _, _ := strings.Cut(x.Pattern, "/")
		both := dialplan.IsPattern(pattern) && dialplan.IsPattern(name)
		return (both || dialplan.Matches(pattern, name, dialplan.Match) || dialplan.Matches(name, pattern, dialplan.Match)) &&
			slices.ContainsFunc(x.Entries, func(e dialplan.Entry) bool { return e.Priority == 1 })
	})
}

// folded is a text of extensions.conf with everything that is put in at run time unknown.
func folded(text string) string {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '$' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '['):
			if depth == 0 {
				b.WriteString(unknown)
			}
			depth++
			i++
		case depth > 0 && (text[i] == '{' || text[i] == '['):
			depth++
		case depth > 0 && (text[i] == '}' || text[i] == ']'):
			depth--
		case depth == 0:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// unclosed is where the outermost ${ or $[ without its end begins, and the end that it wants.
func unclosed(text string) (from, want string) {
	type opening struct {
		at  int
		end byte
	}
	var open []opening
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\':
			i++
		case ch == '$' && i+1 < len(text) && text[i+1] == '{':
			open = append(open, opening{i, '}'})
			i++
		case ch == '$' && i+1 < len(text) && text[i+1] == '[':
			open = append(open, opening{i, ']'})
			i++
		case len(open) > 0 && ch == '[' && open[len(open)-1].end == ']': // a set in a regular expression
			open = append(open, opening{-1, ']'})
		case len(open) > 0 && ch == open[len(open)-1].end:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 || open[0].at < 0 {
		return "", ""
	}
	return text[open[0].at:], string(open[0].end)
}

// expressions looks at the functions in ${FUNC(…)}.
func (c *checker) expressions(p place, text string) {
	if open, want := unclosed(text); open != "" {
		c.add(codeConf, Warning, p.pos, c.column(p.pos.File, p.pos.Line, open), "add "+want, "%q is not closed", open)
	}
	for _, f := range subst.Calls(text) {
		c.dialplanFunction(place{pos: p.pos, name: f.Name}, f.Name, folded(f.Arguments))
	}
}

// hint looks at the devices a hint stands for.
func (c *checker) hint(p place, devices string) {
	for device := range strings.SplitSeq(devices, "&") {
		if resource, ok := strings.CutPrefix(strings.TrimSpace(device), "PJSIP/"); ok && !strings.ContainsAny(resource, "${") {
			c.endpoint(p, resource, "hint "+p.exten+": ")
		}
	}
}

// unreachable names each hidden extension once, with the contexts it is hidden from.
func (c *checker) unreachable() {
	type pair struct{ hidden, by config.Pos }
	type seen struct {
		dialplan.Shadow
		from []string
	}
	found := map[pair]*seen{}
	var order []pair
	for _, s := range c.index.Shadows() {
		k := pair{config.Pos{File: s.Hidden.File, Line: s.Hidden.Line}, config.Pos{File: s.By.File, Line: s.By.Line}}
		if found[k] == nil {
			found[k] = &seen{Shadow: s}
			order = append(order, k)
		}
		found[k].from = append(found[k].from, s.From)
	}
	for _, k := range order {
		s := found[k]
		fix := "make " + s.By.Pattern + " narrower"
		if s.By.Context != s.Hidden.Context {
			fix += ", or put it into a context that is included last"
		}
		c.add(codeUnreachable, Warning, k.hidden, c.column(k.hidden.File, k.hidden.Line, s.Hidden.Pattern), fix,
			"extension %q of context %q is never reached from %s: %q at %s:%d accepts all it does and comes first",
			s.Hidden.Pattern, s.Hidden.Context, strings.Join(quoted(s.from), ", "), s.By.Pattern, s.By.File, s.By.Line)
	}
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return out
}

// endpoints looks at the contexts that calls begin in.
func (c *checker) endpoints() {
	if c.in.Snapshot == nil || c.partial {
		return
	}
	names := c.contexts()
	for _, e := range slices.SortedFunc(maps.Values(c.in.Snapshot.PJSIP.Endpoints), func(a, b *config.Endpoint) int { return cmp.Compare(a.Name, b.Name) }) {
		if e.Context != "" && !c.index.Has(e.Context) {
			c.add(codeContext, Warning, e.Pos, 1, meant(e.Context, names, "name a context of the dialplan"),
				"endpoint %q: context %q is not in the dialplan: its calls get 404", e.Name, e.Context)
		}
	}
}
