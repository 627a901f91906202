package scripting

import (
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// maxShared bounds pbx.shared, in bytes: it is memory, not a database.
const maxShared = 16 << 20

// shared is what all states of the process share in memory: plain data under keys, each with a revision. A restart forgets it.
type shared struct {
	mu       sync.Mutex // guards below; a leaf
	entries  map[string]sharedEntry
	size     int
	revision int64
}

// sharedEntry's value is never changed, only replaced.
type sharedEntry struct {
	value    any
	revision int64
	expires  time.Time // zero: never
}

func (e sharedEntry) gone(now time.Time) bool { return !e.expires.IsZero() && !now.Before(e.expires) }

func (s *shared) get(key string, now time.Time) (sharedEntry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.look(key, now)
}

func (s *shared) look(key string, now time.Time) (sharedEntry, bool) {
	e, ok := s.entries[key]
	if ok && e.gone(now) {
		s.drop(key, e)
		return sharedEntry{}, false
	}
	return e, ok
}

func (s *shared) drop(key string, e sharedEntry) {
	delete(s.entries, key)
	s.size -= len(key) + plainSize(e.value)
}

// change replaces a key's value by what f makes of the entry, as one step; keep false deletes it. full: there is no room.
func (s *shared) change(key string, now time.Time, f func(old sharedEntry, was bool) (value any, ttl time.Duration, keep, write bool)) (revision int64, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, was := s.look(key, now)
	value, ttl, keep, write := f(old, was)
	if !write {
		return 0, false
	}
	if !keep {
		if was {
			s.drop(key, old)
		}
		return 0, false
	}
	more := len(key) + plainSize(value)
	if s.size+more > maxShared {
		for k, e := range s.entries {
			if e.gone(now) {
				s.drop(k, e)
			}
		}
		old, was = s.look(key, now)
		freed := 0
		if was {
			freed = len(key) + plainSize(old.value)
		}
		if s.size+more-freed > maxShared {
			return 0, true
		}
	}
	if was {
		s.drop(key, old)
	}
	if s.entries == nil {
		s.entries = map[string]sharedEntry{}
	}
	s.revision++
	e := sharedEntry{value: value, revision: s.revision}
	if ttl > 0 {
		e.expires = now.Add(ttl)
	}
	s.entries[key] = e
	s.size += more
	return s.revision, false
}

// sharedGet is pbx.shared:get(key): the value and its revision, or nil.
func (c *call) sharedGet(l *lua.LState) int {
	e, ok := c.gen.host.shared.get(l.CheckString(2), c.gen.host.cfg.Clock.Now())
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(toLua(l, e.value, lua.LNil))
	l.Push(lua.LNumber(e.revision))
	return 2
}

// putHow reads put's last argument: milliseconds to live, or {ttl_ms=, revision=, absent=}.
type putHow struct {
	ttl         time.Duration
	revision    int64
	conditional bool // only at revision
	absent      bool
}

func putCondition(l *lua.LState, i int) (h putHow) {
	t, ok := l.Get(i).(*lua.LTable)
	if !ok {
		h.ttl = max(milliseconds(l, i, 0), 0)
		return h
	}
	if ms, ok := t.RawGetString("ttl_ms").(lua.LNumber); ok {
		h.ttl = max(toDuration(float64(ms)), 0)
	}
	if n, ok := t.RawGetString("revision").(lua.LNumber); ok {
		h.revision, h.conditional = int64(n), true
	}
	h.absent = lua.LVAsBool(t.RawGetString("absent"))
	return h
}

// conflict is what put answers when its condition does not hold.
func conflict(l *lua.LState) int {
	l.Push(lua.LNil)
	return 1 + pushString(l, "conflict")
}

// sharedPut is pbx.shared:put(key, value [, ttl_ms or how]): the revision, or nil and "conflict".
func (c *call) sharedPut(l *lua.LState) int {
	key, how := l.CheckString(2), putCondition(l, 4)
	value, err := toPlain(l.Get(3))
	if err != nil {
		l.ArgError(3, err.Error())
	}
	refused := false
	revision, full := c.gen.host.shared.change(key, c.gen.host.cfg.Clock.Now(), func(old sharedEntry, was bool) (any, time.Duration, bool, bool) {
		refused = how.conditional && (!was || old.revision != how.revision) || how.absent && was
		return value, how.ttl, value != nil, !refused
	})
	if refused {
		return conflict(l)
	}
	return sharedRevision(l, revision, full)
}

func sharedRevision(l *lua.LState, revision int64, full bool) int {
	if full {
		l.RaiseError("pbx.shared: more than %d MiB; delete what is not needed, or give it a ttl_ms", maxShared>>20)
	}
	l.Push(lua.LNumber(revision))
	return 1
}

// sharedSwap is pbx.shared:swap(key, old, new): true if the value was old and is now new. nil is "absent".
func (c *call) sharedSwap(l *lua.LState) int {
	key := l.CheckString(2)
	before, err := toPlain(l.Get(3))
	if err != nil {
		l.ArgError(3, err.Error())
	}
	value, err := toPlain(l.Get(4))
	if err != nil {
		l.ArgError(4, err.Error())
	}
	swapped := false
	_, full := c.gen.host.shared.change(key, c.gen.host.cfg.Clock.Now(), func(old sharedEntry, was bool) (any, time.Duration, bool, bool) {
		swapped = equalPlain(old.value, before)
		return value, 0, value != nil, swapped
	})
	if full {
		return sharedRevision(l, 0, full)
	}
	l.Push(lua.LBool(swapped))
	return 1
}

// sharedAdd is pbx.shared:add(key, n [, ttl_ms]): the number that is there now; an absent one counts as 0.
func (c *call) sharedAdd(l *lua.LState) int {
	key, n, ttl := l.CheckString(2), float64(l.OptNumber(3, 1)), milliseconds(l, 4, 0)
	sum, number := n, true
	_, full := c.gen.host.shared.change(key, c.gen.host.cfg.Clock.Now(), func(old sharedEntry, was bool) (any, time.Duration, bool, bool) {
		if was {
			var before float64
			before, number = old.value.(float64)
			sum += before
			if ttl == 0 && !old.expires.IsZero() { // a count keeps the end it had
				ttl = old.expires.Sub(c.gen.host.cfg.Clock.Now())
			}
		}
		return sum, max(ttl, 0), true, number
	})
	if !number {
		l.RaiseError("pbx.shared:add: the value of %q is no number", key)
	}
	if full {
		return sharedRevision(l, 0, full)
	}
	l.Push(lua.LNumber(sum))
	return 1
}

// sharedDelete is pbx.shared:delete(key): whether there was one.
func (c *call) sharedDelete(l *lua.LState) int {
	found := false
	c.gen.host.shared.change(l.CheckString(2), c.gen.host.cfg.Clock.Now(), func(_ sharedEntry, was bool) (any, time.Duration, bool, bool) {
		found = was
		return nil, 0, false, true
	})
	l.Push(lua.LBool(found))
	return 1
}

// sharedList is pbx.shared:list(prefix): a table from key to value.
func (c *call) sharedList(l *lua.LState) int {
	s, prefix, now := &c.gen.host.shared, l.OptString(2, ""), c.gen.host.cfg.Clock.Now()
	found := map[string]any{}
	s.mu.Lock()
	for k, e := range s.entries {
		if strings.HasPrefix(k, prefix) && !e.gone(now) {
			found[k] = e.value
		}
	}
	s.mu.Unlock()
	l.Push(toLua(l, found, lua.LNil))
	return 1
}
