package endpoint

import (
	"container/list"
	"time"
)

// table is a map of bounded size. It forgets what was not used for a while, and when it is full what was not used for
// the longest time. It is not safe for concurrent use.
type table[K comparable, V any] struct {
	size int
	keep time.Duration
	m    map[K]*list.Element // of *row[K, V]
	used *list.List          // the last used first
}

type row[K comparable, V any] struct {
	key   K
	value V
	used  time.Time
}

func newTable[K comparable, V any](size int, keep time.Duration) *table[K, V] {
	return &table[K, V]{size: size, keep: keep, m: make(map[K]*list.Element), used: list.New()}
}

// get returns the value, to be changed in place, or nil. It counts as a use.
func (t *table[K, V]) get(key K, now time.Time) *V {
	el := t.m[key]
	if el == nil {
		return nil
	}
	r := el.Value.(*row[K, V])
	if now.Sub(r.used) > t.keep {
		t.drop(el)
		return nil
	}
	r.used = now
	t.used.MoveToFront(el)
	return &r.value
}

// put sets the value and returns it, to be changed in place.
func (t *table[K, V]) put(key K, value V, now time.Time) *V {
	if v := t.get(key, now); v != nil {
		*v = value
		return v
	}
	for last := t.used.Back(); last != nil; last = t.used.Back() {
		if t.used.Len() < t.size && now.Sub(last.Value.(*row[K, V]).used) <= t.keep {
			break
		}
		t.drop(last)
	}
	r := &row[K, V]{key, value, now}
	t.m[key] = t.used.PushFront(r)
	return &r.value
}

func (t *table[K, V]) remove(key K) {
	if el := t.m[key]; el != nil {
		t.drop(el)
	}
}

func (t *table[K, V]) drop(el *list.Element) {
	t.used.Remove(el)
	delete(t.m, el.Value.(*row[K, V]).key)
}

func (t *table[K, V]) len() int { return t.used.Len() }
