package lint

import (
	"slices"
	"strings"

	"asterism/engine/dialplan"
	"asterism/scripting"
)

// branches is GotoIf's condition?place:place.
func (c *checker) branches(p place, of, data string) {
	_, places, ok := cutTopLevel(data, '?')
	if !ok {
		if !strings.Contains(data, unknown) {
			c.report(p, data, codeArgument, Warning, "write condition?place:place", "%s: %q has no '?'", of, data)
		}
		return
	}
	yes, no, _ := cutTopLevel(places, ':')
	for _, where := range []string{yes, no} {
		if where != "" {
			c.target(p, where)
		}
	}
}

// cutTopLevel cuts at the first sep that stands in no brackets.
func cutTopLevel(s string, sep byte) (before, after string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.IndexByte("([{", s[i]) >= 0:
			depth++
		case strings.IndexByte(")]}", s[i]) >= 0:
			depth--
		case s[i] == sep && depth <= 0:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// target is [[context,]exten,]priority[(arguments)].
func (c *checker) target(p place, data string) {
	data, _, _ = strings.Cut(data, "(")
	parts := scripting.SplitArguments(data)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	contexts := c.around(p.context)
	switch len(parts) {
	case 1:
		if p.exten != "" && !strings.Contains(data, unknown) {
			c.destination(p, contexts, p.exten, parts[0])
		}
	case 2:
		c.destination(p, contexts, parts[0], parts[1])
	case 3:
		c.destination(p, []string{parts[0]}, parts[1], parts[2])
	}
}

// around are the contexts a call may be in while an extension of context runs: it, and all that include it.
func (c *checker) around(context string) []string {
	if context == "" || strings.Contains(context, unknown) {
		return nil
	}
	out := []string{context}
	for i := 0; i < len(out); i++ {
		for _, v := range c.index.Contexts() {
			if !slices.Contains(out, v.Name) && slices.ContainsFunc(v.Includes, func(in dialplan.IncludeView) bool { return in.Name == out[i] }) {
				out = append(out, v.Name)
			}
		}
	}
	return out
}

// destination looks for exten and priority, or label, in one of contexts.
func (c *checker) destination(p place, contexts []string, exten, priority string) {
	if c.partial || len(contexts) == 0 || strings.Contains(contexts[0], unknown) {
		return
	}
	context := contexts[0]
	if len(contexts) == 1 && !c.index.Has(context) {
		c.report(p, context, codePlace, Error, meant(context, c.contexts(), "add the context, or name another"), "there is no context %q", context)
		return
	}
	if strings.Contains(exten, unknown) || exten == "" {
		return
	}
	for _, context := range contexts {
		first, ok := c.index.Find(context, exten, "", 1, dialplan.Match)
		if !ok && !c.anyCaller(context, exten) {
			continue
		}
		if c.hasPriority(context, exten, priority) {
			return
		}
		fix := "add it, or name another"
		if first.Source == dialplan.Lua {
			fix = "an extension in Lua has priority 1 alone"
		}
		c.report(p, priority, codePlace, Error, fix, "extension %q of context %q has no priority or label %q", exten, context, priority)
		return
	}
	c.report(p, exten, codePlace, Error, "add it, or name another", "context %q has no extension %q", context, exten)
}

// anyCaller: the extension is there for some callers only.
func (c *checker) anyCaller(context, exten string) bool {
	for _, v := range c.index.Contexts() {
		if v.Name == context && len(v.Match(exten).Extensions) > 0 {
			return true
		}
	}
	return false
}

func (c *checker) hasPriority(context, exten, priority string) bool {
	if priority == "" || strings.Contains(priority, unknown) || strings.ContainsAny(priority[:1], "+-") || priority == "n" {
		return true
	}
	n := 0
	for _, d := range priority {
		if d < '0' || d > '9' {
			_, ok := c.index.FindLabel(context, exten, "", priority)
			return ok || c.anyCaller(context, exten) && !c.plain(context, exten)
		}
		n = min(n*10+int(d-'0'), 1<<20)
	}
	_, ok := c.index.Find(context, exten, "", n, dialplan.Match)
	return ok || !c.plain(context, exten)
}

// plain: the extension is there for every caller.
func (c *checker) plain(context, exten string) bool {
	_, ok := c.index.Find(context, exten, "", 1, dialplan.Match)
	return ok
}
