package dialplan

// Shadow is an extension that no dialled string reaches from a context, because another one that is asked before accepts all it does.
type Shadow struct {
	From   string // the context that is dialled in: the extension's own, or one that includes it
	Hidden Entry  // its first priority
	By     Entry
}

// Shadows finds the extensions that cannot be reached from some context. An extension that replaces one of the same name in an included
// context is no finding: that is what it is there for.
func (x *Index) Shadows() []Shadow {
	if x == nil {
		return nil
	}
	var out []Shadow
	for _, c := range x.order {
		w := shadowWalk{from: c.name, seen: map[int]bool{}, keys: map[string]bool{}}
		w.context(c, 1)
		out = append(out, w.found...)
	}
	return out
}

// shadowWalk goes through a context as question does, and notes what was asked before.
type shadowWalk struct {
	from  string
	seen  map[int]bool
	asked []askedPattern
	keys  map[string]bool // canonical ones that were asked for any caller
	found []Shadow
}

type askedPattern struct {
	*extension
	tokens []token
}

func (w *shadowWalk) context(c *context, depth int) {
	if depth > maxDepth || w.seen[2*c.id] {
		return
	}
	w.seen[2*c.id] = true
	w.extensions(&c.layers[Conf])
	w.lua(c, depth)
	for _, in := range c.layers[Conf].includes {
		if in.when == nil { // what counts at times only hides nothing for good
			w.context(in.context, depth+1)
		}
	}
}

func (w *shadowWalk) lua(c *context, depth int) {
	if depth > maxDepth || w.seen[2*c.id+1] {
		return
	}
	w.seen[2*c.id+1] = true
	w.extensions(&c.layers[Lua])
	for _, in := range c.layers[Lua].includes {
		w.lua(in.context, depth+1)
	}
}

func (w *shadowWalk) extensions(l *layer) {
	for e := range l.extensions {
		first, ok := e.first()
		key := canonical(e.key)
		if !ok || w.keys[key] {
			continue
		}
		if !e.matchCID {
			w.keys[key] = true
		}
		tokens := tokensOf(e.key)
		for _, by := range w.asked {
			if (!by.matchCID || e.matchCID && by.cid == e.cid) && covers(by.tokens, tokens) {
				entry, _ := by.first()
				w.found = append(w.found, Shadow{w.from, first, entry})
				break
			}
		}
		if IsPattern(e.key) { // a literal hides nothing but its like
			w.asked = append(w.asked, askedPattern{e, tokens})
		}
	}
}

// first is priority 1, which is where a call enters.
func (x *extension) first() (Entry, bool) {
	for _, e := range x.entries {
		if e.Priority == 1 {
			return e, true
		}
	}
	return Entry{}, false
}

// covers reports whether a accepts everything that b does.
func covers(a, b []token) bool {
	for i := range a {
		if i == len(b) {
			return false // b is broken
		}
		ta, tb := &a[i], &b[i]
		switch {
		case ta.kind == kindBroken || tb.kind == kindBroken:
			return false
		case ta.kind == kindEarly: // nothing or more
			return true
		case ta.kind == kindAnything: // one or more
			return tb.kind == kindOne || tb.kind == kindAnything
		case ta.kind == kindEnd || tb.kind != kindOne:
			return ta.kind == tb.kind
		}
		for j := range ta.set {
			if tb.set[j]&^ta.set[j] != 0 {
				return false
			}
		}
	}
	return true
}

// tokensOf takes a key apart, up to what ends it; a literal's characters stand for themselves.
func tokensOf(key string) (out []token) {
	if !IsPattern(key) {
		key = undash(key)
		for i := range len(key) {
			out = append(out, token{set: span(key[i], key[i])})
		}
		return append(out, token{kind: kindEnd})
	}
	for p := key[1:]; ; {
		var t token
		t, p = next(p)
		out = append(out, t)
		if t.kind != kindOne {
			return out
		}
	}
}
