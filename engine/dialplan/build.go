package dialplan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"asterism/engine/dialplan/timing"
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
	CodeApplication = "A101" // an application that nobody has
	CodeFunction    = "A102" // a function that nobody has

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

// Include says that one context also offers what another one offers.
type Include struct {
	Context, Included string
	Written           string        // for listings, with the times as they were written; "": Included
	When              *timing.Range // the times at which it counts; nil: always
	Source            Source
	File              string // for reports
	Line              int
}

// Note is a line of a context that listings show and look-ups pass over: "Ignore pattern =>", "Alt. Switch =>".
type Note struct {
	Kind, Text string
	Source     Source
}

// Builder gathers one generation's dialplan. The zero value is ready; it has one user.
type Builder struct {
	// Now is the clock that includes with times are held against; nil: they count always.
	Now func() time.Time

	contexts map[string]Source
	names    []string
	entries  []Entry
	includes []Include
	notes    map[string][]Note
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

// Has tells whether the context has that extension and priority yet, from any source.
func (b *Builder) Has(context, pattern string, priority int) bool {
	return slices.ContainsFunc(b.entries, func(e Entry) bool {
		return e.Context == context && e.Priority == priority && canonical(e.Pattern) == canonical(pattern)
	})
}

// Hint says that exten in context stands for devices ("PJSIP/100&Custom:x").
func (b *Builder) Hint(context, exten, devices string, s Source) {
	b.Add(Entry{Context: context, Pattern: exten, Priority: PriorityHint, Application: "hint", Data: devices, Source: s})
}

// Include says that context also offers what included offers. file and line are for reports.
func (b *Builder) Include(context, included string, s Source, file string, line int) {
	b.IncludeWhen(Include{Context: context, Included: included, Source: s, File: file, Line: line})
}

// IncludeWhen is Include with all there is to say.
func (b *Builder) IncludeWhen(in Include) {
	b.Context(in.Context, in.Source)
	b.includes = append(b.includes, in)
}

// Note adds a line for listings.
func (b *Builder) Note(context string, n Note) {
	b.Context(context, n.Source)
	if b.notes == nil {
		b.notes = map[string][]Note{}
	}
	b.notes[context] = append(b.notes[context], n)
}

// Build makes the index. Broken patterns, doubled priorities and includes that name no context are left out, each with a
// Problem; includes that go round in a circle are reported and harmless.
func (b *Builder) Build() (*Index, []Problem) {
	x := &Index{contexts: make(map[string]*context, len(b.names)), now: b.Now}
	names := slices.Sorted(slices.Values(b.names))
	for i, n := range names {
		c := &context{id: i, name: n, source: b.contexts[n], notes: b.notes[n]}
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
		l := &x.contexts[in.Context].layers[in.Source]
		written := in.Written
		if written == "" {
			written = in.Included
		}
		shown := IncludeView{in.Included, written, in.Source.Registrar()}
		if slices.Contains(l.listed, shown) {
			continue // said twice; asking twice would change nothing
		}
		l.listed = append(l.listed, shown)
		to := x.contexts[in.Included]
		if to == nil {
			problems = append(problems, Problem{in.File, in.Line, true,
				fmt.Sprintf("context %q includes %q: no such context", in.Context, in.Included), CodeInclude})
			continue
		}
		if in.Source == Lua && to.source == Conf && to.layers[Lua].empty() {
			problems = append(problems, Problem{in.File, in.Line, true,
				fmt.Sprintf("context %q includes %q, which has no extension in Lua: those of extensions.conf are not seen from there", in.Context, in.Included), CodeInclude})
		}
		l.includes = append(l.includes, included{to, in.When})
	}
	return problems
}

func (l *layer) empty() bool { return len(l.literals)+len(l.patterns)+len(l.listed) == 0 }
