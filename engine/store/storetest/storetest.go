// Package storetest is the suite every store.Store passes.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"asterism/engine/store"
)

// Open gives a fresh, empty store whose clock is now. Expired entries must be reported to watchers within a second of
// real time, or at the next call. The suite closes it.
type Open func(t *testing.T, now func() time.Time) store.Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s *suite)
	}{
		{"values come back", values},
		{"conditions", conditions},
		{"revisions grow over delete", revisions},
		{"bad keys and values are refused", refusals},
		{"list is by prefix and in order", listing},
		{"ttl", ttl},
		{"watch", watch},
		{"a slow watcher is told", lagging},
		{"compare and set under contention", contention},
		{"a cancelled context", cancelled},
		{"closed", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{}
			s.now.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli())
			s.Store = open(t, func() time.Time { return time.UnixMilli(s.now.Load()) })
			defer s.Close()
			c.run(t, s)
		})
	}
}

type suite struct {
	store.Store
	now atomic.Int64 // Unix ms
}

func (s *suite) advance(d time.Duration) { s.now.Add(d.Milliseconds()) }

func (s *suite) put(t *testing.T, key, value string) store.Revision {
	t.Helper()
	rev, err := s.Put(t.Context(), key, []byte(value), store.Any, 0)
	if err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	return rev
}

func (s *suite) want(t *testing.T, key, value string) {
	t.Helper()
	e, err := s.Get(t.Context(), key)
	if err != nil || string(e.Value) != value || e.Key != key {
		t.Errorf("Get(%q) = %q, %q, %v; want %q", key, e.Key, e.Value, err, value)
	}
}

func (s *suite) wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func values(t *testing.T, s *suite) {
	_, err := s.Get(t.Context(), "/a/b")
	s.wantErr(t, "Get of nothing", err, store.ErrNotFound)
	for _, v := range []string{"", "x", "ü€\n", "\x00\x01", "\xff\xfe", strings.Repeat("z", store.MaxValue)} {
		s.put(t, "/a/b", v)
		s.want(t, "/a/b", v)
	}
	buf := []byte("mine")
	if _, err := s.Put(t.Context(), "/a/c", buf, store.Any, 0); err != nil {
		t.Fatal(err)
	}
	copy(buf, "gone")
	e, _ := s.Get(t.Context(), "/a/c")
	if len(e.Value) > 0 {
		e.Value[0] = 'X'
	}
	s.want(t, "/a/c", "mine")
	if err := s.Delete(t.Context(), "/a/c", store.Any); err != nil {
		t.Error(err)
	}
	s.wantErr(t, "Delete again", s.Delete(t.Context(), "/a/c", store.Any), store.ErrNotFound)
	_, err = s.Get(t.Context(), "/a/c")
	s.wantErr(t, "Get after Delete", err, store.ErrNotFound)
}

func conditions(t *testing.T, s *suite) {
	ctx := t.Context()
	_, err := s.Put(ctx, "/f/k", []byte("no"), 7, 0)
	s.wantErr(t, "Put with a revision where nothing is", err, store.ErrConflict)
	s.wantErr(t, "Delete with a revision where nothing is", s.Delete(ctx, "/f/k", 7), store.ErrConflict)
	r1, err := s.Put(ctx, "/f/k", []byte("one"), store.Absent, 0)
	if err != nil || r1 <= 0 {
		t.Fatalf("Put(Absent) = %d, %v", r1, err)
	}
	_, err = s.Put(ctx, "/f/k", []byte("no"), store.Absent, 0)
	s.wantErr(t, "Put(Absent) on a key", err, store.ErrConflict)
	r2, err := s.Put(ctx, "/f/k", []byte("two"), r1, 0)
	if err != nil || r2 <= r1 {
		t.Fatalf("Put(%d) = %d, %v", r1, r2, err)
	}
	_, err = s.Put(ctx, "/f/k", []byte("no"), r1, 0)
	s.wantErr(t, "Put with an old revision", err, store.ErrConflict)
	s.wantErr(t, "Delete with an old revision", s.Delete(ctx, "/f/k", r1), store.ErrConflict)
	s.want(t, "/f/k", "two")
	if e, _ := s.Get(ctx, "/f/k"); e.Revision != r2 {
		t.Errorf("Get says revision %d, Put said %d", e.Revision, r2)
	}
	if list, _ := s.List(ctx, "/f/"); len(list) != 1 || list[0].Revision != r2 {
		t.Errorf("List says %+v, want revision %d", list, r2)
	}
	if err := s.Delete(ctx, "/f/k", r2); err != nil {
		t.Error(err)
	}
}

func revisions(t *testing.T, s *suite) {
	last := store.Revision(0)
	for i := range 5 {
		if i == 3 { // the clock steps back
			s.advance(-time.Hour)
		}
		rev := s.put(t, "/f/k", "same")
		if rev <= last {
			t.Fatalf("revision %d after %d", rev, last)
		}
		last = rev
		if err := s.Delete(t.Context(), "/f/k", rev); err != nil {
			t.Fatal(err)
		}
	}
}

func refusals(t *testing.T, s *suite) {
	for _, key := range []string{"", "/", "a", "a/b", "/a\x00b", "/a\nb", "/a\xff", "/" + strings.Repeat("k", store.MaxKey)} {
		if _, err := s.Put(t.Context(), key, nil, store.Any, 0); err == nil {
			t.Errorf("Put accepts key %.20q", key)
		}
		if _, err := s.Get(t.Context(), key); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get accepts key %.20q: %v", key, err)
		}
	}
	if _, err := s.Put(t.Context(), "/a/b", make([]byte, store.MaxValue+1), store.Any, 0); err == nil {
		t.Error("Put accepts a huge value")
	}
	s.put(t, "/"+strings.Repeat("k", store.MaxKey-1), "longest")
	for _, key := range []string{"/f/%", "/f/_", "/f/'; DROP TABLE astdb; --", `/f/"`} { // nothing special to any of them
		s.put(t, key, key)
		s.want(t, key, key)
	}
	if list, err := s.List(t.Context(), "/f/%"); err != nil || len(list) != 1 {
		t.Errorf("List(/f/%%) = %v, %v", list, err)
	}
}

func listing(t *testing.T, s *suite) {
	keys := []string{"/a", "/a/", "/a/1", "/a/10", "/a/2", "/a/B", "/a/a", "/a/é", "/a0", "/b/1"}
	for _, i := range []int{5, 2, 9, 0, 7, 1, 8, 3, 6, 4} {
		s.put(t, keys[i], fmt.Sprint(i))
	}
	for prefix, want := range map[string][]string{
		"":      keys,
		"/":     keys,
		"/a/":   keys[1:8],
		"/a/1":  keys[2:4],
		"/a/é":  keys[7:8],
		"/zzz":  nil,
		"/a/1x": nil,
	} {
		list, err := s.List(t.Context(), prefix)
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		var got []string
		for _, e := range list {
			got = append(got, e.Key)
			if want := fmt.Sprint(slices.Index(keys, e.Key)); string(e.Value) != want {
				t.Errorf("List(%q): %q has value %q, want %q", prefix, e.Key, e.Value, want)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
}

func ttl(t *testing.T, s *suite) {
	ctx := t.Context()
	rev, err := s.Put(ctx, "/t/short", []byte("x"), store.Absent, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Get(ctx, "/t/short")
	if want := time.UnixMilli(s.now.Load()).Add(2 * time.Second); err != nil || !e.Expires.Equal(want) {
		t.Errorf("Expires = %v, %v; want %v", e.Expires, err, want)
	}
	if _, err := s.Put(ctx, "/t/kept", []byte("x"), store.Any, time.Second); err != nil {
		t.Fatal(err)
	}
	s.put(t, "/t/kept", "for ever")
	s.advance(1999 * time.Millisecond)
	s.want(t, "/t/short", "x")
	s.advance(time.Millisecond)
	_, err = s.Get(ctx, "/t/short")
	s.wantErr(t, "Get of an expired key", err, store.ErrNotFound)
	s.wantErr(t, "Delete of an expired key", s.Delete(ctx, "/t/short", store.Any), store.ErrNotFound)
	_, err = s.Put(ctx, "/t/short", []byte("y"), rev, 0)
	s.wantErr(t, "Put with the revision of an expired key", err, store.ErrConflict)
	if list, err := s.List(ctx, "/t/"); err != nil || len(list) != 1 || list[0].Key != "/t/kept" {
		t.Errorf("List = %v, %v", list, err)
	}
	if again, err := s.Put(ctx, "/t/short", []byte("y"), store.Absent, 0); err != nil || again <= rev {
		t.Errorf("Put(Absent) on an expired key = %d, %v", again, err)
	}
	s.want(t, "/t/short", "y")
}

func watch(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w, err := s.Watch(ctx, "/w/")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Watch(t.Context(), "/other/")
	if err != nil {
		t.Fatal(err)
	}
	rev := s.put(t, "/w/1", "one")
	s.put(t, "/x/1", "no")
	if err := s.Delete(ctx, "/w/1", store.Any); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(ctx, "/w/2", []byte("two"), 99, 0); err == nil {
		t.Fatal("no conflict")
	}
	if _, err := s.Put(ctx, "/w/2", []byte("two"), store.Any, time.Second); err != nil {
		t.Fatal(err)
	}
	next := func(key, value string, deleted bool) store.Change {
		t.Helper()
		timeout := time.After(5 * time.Second)
		for {
			select {
			case c := <-w.C():
				if c.Key != key || string(c.Value) != value || c.Deleted != deleted {
					t.Fatalf("change %+v; want %q = %q, deleted %v", c, key, value, deleted)
				}
				return c
			case <-timeout:
				t.Fatalf("no change of %q", key)
			}
		}
	}
	if c := next("/w/1", "one", false); c.Revision != rev {
		t.Errorf("revision %d, want %d", c.Revision, rev)
	}
	if c := next("/w/1", "", true); c.Revision <= rev {
		t.Errorf("the deletion has revision %d, not past %d", c.Revision, rev)
	}
	if c := next("/w/2", "two", false); c.Expires.IsZero() {
		t.Error("no expiry")
	}
	s.advance(time.Second)
	if _, err := s.List(ctx, ""); err != nil { // an implementation may find expired entries only now
		t.Fatal(err)
	}
	next("/w/2", "", true)

	cancel()
	if _, ok := <-w.C(); ok || w.Err() != nil {
		t.Errorf("after cancel: open %v, %v", ok, w.Err())
	}
	select {
	case c, ok := <-other.C():
		t.Errorf("a watcher of /other/ got %v, %v", c, ok)
	default:
	}
	other.Close()
	other.Close()
	if _, ok := <-other.C(); ok || other.Err() != nil {
		t.Errorf("after Close: open %v, %v", ok, other.Err())
	}
}

func lagging(t *testing.T, s *suite) {
	w, err := s.Watch(t.Context(), "/")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		s.put(t, "/l/k", fmt.Sprint(i))
	}
	n := 0
	for c := range w.C() {
		if string(c.Value) != fmt.Sprint(n) {
			t.Fatalf("change %d is %q", n, c.Value)
		}
		n++
	}
	if w.Err() != store.ErrLagged || n == 0 || n == 3000 {
		t.Errorf("after %d changes: %v, want ErrLagged", n, w.Err())
	}
}

func contention(t *testing.T, s *suite) {
	const workers, each = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for {
					e, err := s.Get(t.Context(), "/c/n")
					rev := e.Revision
					if errors.Is(err, store.ErrNotFound) {
						rev = store.Absent
					} else if err != nil {
						t.Error(err)
						return
					}
					_, err = s.Put(t.Context(), "/c/n", append(bytes.Clone(e.Value), '.'), rev, 0)
					if err == nil {
						break
					}
					if !errors.Is(err, store.ErrConflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	s.want(t, "/c/n", strings.Repeat(".", workers*each))
}

func cancelled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, "/a/b", nil, store.Any, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if _, err := s.Get(ctx, "/a/b"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
}

func closed(t *testing.T, s *suite) {
	w, err := s.Watch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	if _, ok := <-w.C(); ok || w.Err() != store.ErrClosed {
		t.Errorf("watcher: open %v, %v", ok, w.Err())
	}
	_, err = s.Get(t.Context(), "/a/b")
	s.wantErr(t, "Get", err, store.ErrClosed)
	_, err = s.Put(t.Context(), "/a/b", nil, store.Any, 0)
	s.wantErr(t, "Put", err, store.ErrClosed)
	s.wantErr(t, "Delete", s.Delete(t.Context(), "/a/b", store.Any), store.ErrClosed)
	_, err = s.List(t.Context(), "")
	s.wantErr(t, "List", err, store.ErrClosed)
	_, err = s.Watch(t.Context(), "")
	s.wantErr(t, "Watch", err, store.ErrClosed)
}
