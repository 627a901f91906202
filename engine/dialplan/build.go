package dialplan

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth bounds a chain of includes, as in Asterisk.
const maxDepth = 512

// Problem is something Build found wrong and works around.
type Problem struct {
	File    string
	Line    int
	Warning bool // the rest of the dialplan does what it says
	What    string
	Code    string // a stable name for this kind of finding, as asterism check shows it
}

// The codes of Problems.
const (
	CodePattern = "A201" // an extension that is no number, name or pattern
	CodeInclude = "A203" // an include that leads nowhere
	CodeCircle  = "A204" // includes that go round
	CodeDoubled = "A205" // an extension that stands there already
)

// Error says where and what; front-ends turn a Problem into their own report.
func (p Problem) Error() string {
	if p.File == "" {
		return p.What
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
}

type include struct {
	from, to string
	source   Source
	file     string
	line     int
}

// Builder gathers one generation's dialplan. The zero value is ready; it has one user.
type Builder struct {
	contexts map[string]Source
	names    []string
	entries  []Entry
	includes []include
}

// Context makes a context, which may stay empty.
func (b *Builder) Context(name string, s Source) {
	if _, ok := b.contexts[name]; ok {
		return
	}
	if b.contexts == nil {
		b.contexts = map[string]Source{}
	}
	b.contexts[name] = s
	b.names = append(b.names, name)
}

// Add puts one priority of one extension into its context, which is made if need be.
func (b *Builder) Add(e Entry) {
	b.Context(e.Context, e.Source)
	b.entries = append(b.entries, e)
}

// Hint says that exten in context stands for devices ("PJSIP/100&Custom:x").
func (b *Builder) Hint(context, exten, devices string, s Source) {
	b.Add(Entry{Context: context, Pattern: exten, Priority: PriorityHint, Application: "hint", Data: devices, Source: s})
}

// Include says that context also offers what included offers. file and line are for reports.
func (b *Builder) Include(context, included string, s Source, file string, line int) {
	b.Context(context, s)
	b.includes = append(b.includes, include{context, included, s, file, line})
}

// Build makes the index. Broken patterns, doubled priorities and includes that name no context are left out, each with a
// Problem; includes that go round in a circle are reported and harmless.
func (b *Builder) Build() (*Index, []Problem) {
	x := &Index{contexts: make(map[string]*context, len(b.names))}
	names := slices.Sorted(slices.Values(b.names))
	for i, n := range names {
		c := &context{id: i, name: n, source: b.contexts[n]}
		x.contexts[n] = c
		x.order = append(x.order, c)
	}
	problems := b.addEntries(x)
	problems = append(problems, b.addIncludes(x)...)
	return x, append(problems, x.findCircles(b.includes)...)
}

func (b *Builder) addEntries(x *Index) (problems []Problem) {
	type key struct {
		context  string
		source   Source
		pattern  string
		cid      string
		matchCID bool
	}
	made := map[key]*extension{}
	for _, e := range b.entries {
		if err := checkEntry(&e); err != nil {
			problems = append(problems, Problem{e.File, e.Line, false, fmt.Sprintf("context %q: %v", e.Context, err), CodePattern})
			continue
		}
		if !e.MatchCID {
			e.CID = ""
		}
		k := key{e.Context, e.Source, canonical(e.Pattern), canonical(e.CID), e.MatchCID}
		ext := made[k]
		if ext == nil {
			ext = &extension{key: e.Pattern, cid: e.CID, matchCID: e.MatchCID}
			l := &x.contexts[e.Context].layers[e.Source]
			if IsPattern(e.Pattern) {
				l.patterns = append(l.patterns, ext)
			} else {
				ext.key = undash(e.Pattern)
				l.literals = append(l.literals, ext)
			}
			made[k] = ext
		}
		at, twice := slices.BinarySearchFunc(ext.entries, e.Priority, func(o Entry, p int) int { return o.Priority - p })
		if twice {
			problems = append(problems, Problem{e.File, e.Line, true, doubled(&ext.entries[at], &e), CodeDoubled})
			continue
		}
		ext.entries = slices.Insert(ext.entries, at, e)
	}
	for _, c := range x.order {
		for i := range c.layers {
			slices.SortStableFunc(c.layers[i].literals, compareExtensions)
			slices.SortStableFunc(c.layers[i].patterns, compareExtensions)
		}
	}
	return problems
}

func checkEntry(e *Entry) error {
	if e.Priority < 1 && e.Priority != PriorityHint {
		return fmt.Errorf("extension %q: priority %d; priorities begin with 1", e.Pattern, e.Priority)
	}
	if err := Check(e.Pattern); err != nil {
		return err
	}
	if e.MatchCID && e.CID != "" {
		if err := Check(e.CID); err != nil {
			return fmt.Errorf("extension %q: caller: %w", e.Pattern, err)
		}
	}
	return nil
}

func doubled(first, e *Entry) string {
	where := ""
	if first.File != "" {
		where = fmt.Sprintf(" at %s:%d", first.File, first.Line)
	}
	return fmt.Sprintf("context %q: extension %q priority %d stands there already%s; the first one stays", e.Context, e.Pattern, e.Priority, where)
}

// canonical spells keys that Compare calls equal alike.
func canonical(key string) string {
	if !IsPattern(key) {
		return undash(key)
	}
	var s strings.Builder
	s.WriteByte('_')
	for p := key[1:]; ; {
		t, rest := next(p)
		s.WriteByte(byte(t.kind))
		if t.kind == kindEnd {
			return s.String()
		}
		s.Write(t.set[:])
		p = rest
	}
}

func (b *Builder) addIncludes(x *Index) (problems []Problem) {
	for _, in := range b.includes {
		l := &x.contexts[in.from].layers[in.source]
		if slices.Contains(l.includeNames, in.to) {
			continue // said twice; asking twice would change nothing
		}
		l.includeNames = append(l.includeNames, in.to)
		to := x.contexts[in.to]
		if to == nil {
			problems = append(problems, Problem{in.file, in.line, true,
				fmt.Sprintf("context %q includes %q: no such context", in.from, in.to), CodeInclude})
			continue
		}
		if in.source == Lua && to.source == Conf && to.layers[Lua].empty() {
			problems = append(problems, Problem{in.file, in.line, true,
				fmt.Sprintf("context %q includes %q, which has no extension in Lua: those of extensions.conf are not seen from there", in.from, in.to), CodeInclude})
		}
		l.includes = append(l.includes, to)
	}
	return problems
}

func (l *layer) empty() bool { return len(l.literals)+len(l.patterns)+len(l.includeNames) == 0 }
