package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Memory is a Store for tests: nothing survives it. Expired entries vanish for Get and List at once, for watchers when
// the store is next written or listed; it has no goroutine.
type Memory struct {
	now      func() time.Time
	watchers watchers

	mu       sync.Mutex
	entries  map[string]Entry
	revision Revision
	first    time.Time // no entry expires before; zero: none does
	closed   bool
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store. now is its clock; nil is time.Now.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, entries: make(map[string]Entry)}
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key string) (Entry, error) {
	if err := m.begin(ctx, key, nil); err != nil {
		return Entry{}, err
	}
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if !ok {
		return Entry{}, ErrNotFound
	}
	return copied(e), nil
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, key string, value []byte, revision Revision, ttl time.Duration) (Revision, error) {
	if err := m.begin(ctx, key, value); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	old, ok := m.entries[key]
	if !allowed(revision, old, ok) {
		return 0, ErrConflict
	}
	m.revision++
	e := copied(Entry{Key: key, Value: value, Revision: m.revision})
	if ttl > 0 {
		e.Expires = m.now().Add(ttl)
		m.expiresAt(e.Expires)
	}
	m.entries[key] = e
	m.watchers.notify(Change{Entry: e})
	return e.Revision, nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, key string, revision Revision) error {
	if err := m.begin(ctx, key, nil); err != nil {
		return err
	}
	defer m.mu.Unlock()
	old, ok := m.entries[key]
	switch {
	case !ok && revision == Any:
		return ErrNotFound
	case !ok || !allowed(revision, old, ok):
		return ErrConflict
	}
	m.remove(key)
	return nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, prefix string) ([]Entry, error) {
	if err := m.begin(ctx, "/-", nil); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var list []Entry
	for key, e := range m.entries {
		if strings.HasPrefix(key, prefix) {
			list = append(list, copied(e))
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	return list, nil
}

// Watch implements Store.
func (m *Memory) Watch(ctx context.Context, prefix string) (*Watcher, error) {
	return m.watchers.add(ctx, prefix)
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.watchers.close()
	return nil
}

// begin checks the arguments, locks, and drops what has expired. It leaves m.mu locked only if it returns nil.
func (m *Memory) begin(ctx context.Context, key string, value []byte) error {
	if err := check(key, value); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	now := m.now()
	if m.first.IsZero() || m.first.After(now) {
		return nil
	}
	m.first = time.Time{}
	for key, e := range m.entries {
		switch {
		case e.Expires.IsZero():
		case !e.Expires.After(now):
			m.remove(key)
		default:
			m.expiresAt(e.Expires)
		}
	}
	return nil
}

func (m *Memory) expiresAt(t time.Time) {
	if m.first.IsZero() || t.Before(m.first) {
		m.first = t
	}
}

func (m *Memory) remove(key string) {
	m.revision++
	delete(m.entries, key)
	m.watchers.notify(Change{Entry: Entry{Key: key, Revision: m.revision}, Deleted: true})
}

// allowed says whether the condition want holds for the present entry (which exists if ok).
func allowed(want Revision, present Entry, ok bool) bool {
	switch want {
	case Any:
		return true
	case Absent:
		return !ok
	default:
		return ok && present.Revision == want
	}
}

func copied(e Entry) Entry {
	e.Value = append([]byte{}, e.Value...)
	return e
}
