package dialplan

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"asterism/engine/dialplan/timing"
)

// Source is the front-end an extension or include came from; it decides which is asked first within a context.
type Source uint8

const (
	// Conf: extensions.conf, the command line, everything that fills Asterisk's contexts proper.
	Conf Source = iota
	// Lua: extensions.lua. Asked after Conf's extensions and before Conf's includes; its includes see Lua layers only.
	Lua
)

// Registrar is the name Asterisk gives the module behind s.
func (s Source) Registrar() string {
	if s == Lua {
		return "pbx_lua"
	}
	return "pbx_config"
}

// Entry is one priority of one extension.
type Entry struct {
	Context string // where it stands, which is not the including context
	Pattern string // its key: a literal or a pattern
	// CID is the caller-number pattern of Asterisk's exten/cid form, meaningful if MatchCID; "" then means "no number".
	CID      string
	MatchCID bool
	Priority int    // 1…, or PriorityHint
	Label    string // "" if it has none
	// Application and Data are for listings (and for Hint: Data is the devices); how to run it is in Value.
	Application, Data string
	Source            Source
	File              string
	Line              int
	Value             any // the front-end's own
}

// extension is the priorities of one pattern and caller pattern, ascending.
type extension struct {
	key      string // the pattern; '-' removed from a literal
	cid      string
	matchCID bool
	entries  []Entry
}

func compareExtensions(a, b *extension) int {
	if c := Compare(a.key, b.key); c != 0 {
		return c
	}
	switch { // with a caller pattern before the same extension without
	case a.matchCID != b.matchCID && a.matchCID:
		return -1
	case a.matchCID != b.matchCID:
		return 1
	}
	return Compare(a.cid, b.cid)
}

// layer is what one Source put into a context: literals and patterns, each in match order, and includes in the order given.
type layer struct {
	literals, patterns []*extension
	includes           []included
	listed             []IncludeView // as written, missing contexts included
}

// included is a context and when it counts; nil: always.
type included struct {
	*context
	when *timing.Range
}

type context struct {
	id     int
	name   string
	source Source // of whoever named it first
	layers [2]layer
	notes  []Note
}

// Index is the dialplan of one generation. It is immutable and safe from any goroutine.
type Index struct {
	contexts map[string]*context
	order    []*context // by name
	now      func() time.Time
}

// question is one look-up.
type question struct {
	exten, key, cid string // key: exten without '-'
	mode            Mode
	wanted          func(*Entry) bool
	now             func() time.Time
	found           *extension
	seen            []uint64 // bits 2*id (context) and 2*id+1 (Lua layer): each is asked once, so includes cost linear time
}

// Find looks up exten in context, its layers and its includes, depth first, and returns the first extension in match
// order that matches in mode m, accepts the caller number cid, and has priority prio. A matching extension without that
// priority is passed over, as in Asterisk. In MatchMore an extension that ends in '!' ends the search of its
// context and of what that includes.
func (x *Index) Find(context, exten, cid string, prio int, m Mode) (Entry, bool) {
	return x.find(context, exten, cid, m, func(e *Entry) bool { return e.Priority == prio })
}

// FindLabel returns the entry of exten in context (as Find in mode Match) that carries label.
func (x *Index) FindLabel(context, exten, cid, label string) (Entry, bool) {
	return x.find(context, exten, cid, Match, func(e *Entry) bool { return label != "" && e.Label == label && e.Priority > 0 })
}

// Hint returns the hint of exten in context: Data says which devices.
func (x *Index) Hint(context, exten string) (Entry, bool) {
	return x.Find(context, exten, "", PriorityHint, Match)
}

// Hints returns every hint, by context and then in match order.
func (x *Index) Hints() (hints []Entry) {
	for _, c := range x.order {
		for i := range c.layers {
			for e := range c.layers[i].extensions {
				if p := e.entries[0]; p.Priority == PriorityHint {
					hints = append(hints, p)
				}
			}
		}
	}
	return hints
}

// Has reports whether there is a context of that name.
func (x *Index) Has(context string) bool { return x != nil && x.contexts[context] != nil }

func (x *Index) find(name, exten, cid string, m Mode, wanted func(*Entry) bool) (Entry, bool) {
	e, _ := x.ask(name, exten, cid, m, wanted)
	if e == nil {
		return Entry{}, false
	}
	return *e, true
}

// ask is find, with the extension that has the entry.
func (x *Index) ask(name, exten, cid string, m Mode, wanted func(*Entry) bool) (*Entry, *extension) {
	if x == nil || x.contexts[name] == nil {
		return nil, nil
	}
	q := question{exten: exten, key: undash(exten), cid: cid, mode: m, wanted: wanted, now: x.now}
	q.seen = make([]uint64, (2*len(x.order)+63)/64)
	e, _ := q.context(x.contexts[name], 1)
	return e, q.found
}

// context asks c: conf's extensions, the Lua layer, conf's includes. final tells the caller only that c itself has decided.
func (q *question) context(c *context, depth int) (e *Entry, final bool) {
	if depth > maxDepth || !q.visit(2*c.id) {
		return nil, false
	}
	if e, final = q.extensions(&c.layers[Conf]); e != nil || final {
		return e, final
	}
	if e, final = q.lua(c, depth); e != nil || final {
		return e, final
	}
	for _, in := range c.layers[Conf].includes {
		if in.when != nil && q.now != nil && !in.when.Contains(q.now()) {
			continue
		}
		if e, _ = q.context(in.context, depth+1); e != nil {
			return e, false
		}
	}
	return nil, false
}

// lua asks c's Lua layer and, through its includes, those of other contexts.
func (q *question) lua(c *context, depth int) (e *Entry, final bool) {
	if depth > maxDepth || !q.visit(2*c.id+1) {
		return nil, false
	}
	if e, final = q.extensions(&c.layers[Lua]); e != nil || final {
		return e, final
	}
	for _, in := range c.layers[Lua].includes {
		if e, _ = q.lua(in.context, depth+1); e != nil {
			return e, false
		}
	}
	return nil, false
}

// visit marks bit n and reports whether it was unmarked.
func (q *question) visit(n int) bool {
	bit := uint64(1) << (n % 64)
	if q.seen[n/64]&bit != 0 {
		return false
	}
	q.seen[n/64] |= bit
	return true
}

// extensions asks one layer. final: an early match ends a MatchMore search.
func (q *question) extensions(l *layer) (e *Entry, final bool) {
	first := sort.Search(len(l.literals), func(i int) bool { return l.literals[i].key >= q.key })
	for _, x := range l.literals[first:] {
		if !strings.HasPrefix(x.key, q.key) || q.mode == Match && x.key != q.key {
			break
		}
		if matchLiteral(x.key, q.key, q.mode) == yes {
			if e = q.choose(x); e != nil {
				return e, false
			}
		}
	}
	for _, x := range l.patterns {
		switch o := match(x.key, q.exten, q.mode); {
		case o == no:
		case o == early && q.mode == MatchMore:
			if x.accepts(q.cid) {
				return nil, true
			}
		default:
			if e = q.choose(x); e != nil {
				return e, false
			}
		}
	}
	return nil, false
}

func (q *question) choose(x *extension) *Entry {
	if !x.accepts(q.cid) {
		return nil
	}
	if i := slices.IndexFunc(x.entries, func(e Entry) bool { return q.wanted(&e) }); i >= 0 {
		q.found = x
		return &x.entries[i]
	}
	return nil
}

// accepts reports whether a call from the number cid may use x. An empty caller pattern wants a caller without number.
func (x *extension) accepts(cid string) bool {
	if !x.matchCID {
		return true
	}
	if x.cid == "" || cid == "" {
		return x.cid == cid
	}
	return Matches(x.cid, cid, Match)
}

// extensions yields literals, then patterns: the match order.
func (l *layer) extensions(yield func(*extension) bool) {
	for _, list := range [2][]*extension{l.literals, l.patterns} {
		for _, x := range list {
			if !yield(x) {
				return
			}
		}
	}
}

// Priorities returns all priorities of the extension that Find(context, exten, cid, prio, Match) finds, ascending, without its hint: what
// While and If look through for their other end.
func (x *Index) Priorities(context, exten, cid string, prio int) []Entry {
	_, of := x.ask(context, exten, cid, Match, func(e *Entry) bool { return e.Priority == prio })
	if of == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(of.entries), func(e Entry) bool { return e.Priority < 1 })
}

// Place turns what a person named into a place, priority labels included; the caller cid must find it.
func (x *Index) Place(p Named, cid string) (Place, error) {
	if n, err := strconv.Atoi(p.Priority); err == nil {
		if _, ok := x.Find(p.Context, p.Exten, cid, n, Match); !ok {
			return Place{}, fmt.Errorf("no extension %s@%s with priority %d", p.Exten, p.Context, n)
		}
		return Place{Context: p.Context, Exten: p.Exten, Priority: n}, nil
	}
	entry, ok := x.FindLabel(p.Context, p.Exten, cid, p.Priority)
	if !ok {
		return Place{}, fmt.Errorf("no label %s in %s@%s", p.Priority, p.Exten, p.Context)
	}
	return Place{Context: p.Context, Exten: p.Exten, Priority: entry.Priority}, nil
}
