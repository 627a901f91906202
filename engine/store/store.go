// Package store keeps small values under keys, durably.
//
// The interface promises only what both a file and a cluster's key-value service can keep: one key at a time, with
// compare-and-set by revision, expiry, prefix listing and watching; no transaction over several keys.
//
// Keys are Asterisk's astdb keys, "/family/key" (see Key), so that what is stored by "DB(cfim/100)" in a dialplan is
// found by Asterisk's own tools.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Revision tells two values of one key apart. It grows with every change of the key, also over Delete and restarts.
// The values 0 and -1 are conditions, never revisions.
type Revision int64

// Conditions for Put and Delete beside a known revision.
const (
	Any    Revision = 0  // whatever is there
	Absent Revision = -1 // only if the key does not exist
)

// Limits of keys and values, in bytes. A key of Asterisk's astdb has at most 256.
const (
	MaxKey   = 256
	MaxValue = 1 << 20
)

var (
	// ErrNotFound : the key does not exist, or has expired.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict : the key has another revision than the condition says. Nothing was changed.
	ErrConflict = errors.New("store: revision conflict")
	// ErrClosed : the store is closed.
	ErrClosed = errors.New("store: closed")
	// ErrLagged : the watcher did not read fast enough and lost changes; List and Watch again.
	ErrLagged = errors.New("store: watcher lagged behind")
)

// Entry is one key's value. Value is the receiver's own copy.
type Entry struct {
	Key      string
	Value    []byte
	Revision Revision
	Expires  time.Time // zero: never
}

// Change is what a Watcher reports: the new entry, or with Deleted the key that went (deleted or expired; Value is nil).
type Change struct {
	Entry
	Deleted bool
}

// Store keeps values under keys. All methods are safe from any goroutine.
type Store interface {
	// Get returns the entry of key, or ErrNotFound.
	Get(ctx context.Context, key string) (Entry, error)
	// Put sets key to value if its present revision is revision (or Any, Absent), else returns ErrConflict. A ttl > 0
	// makes the entry vanish after it; 0 keeps it for ever, also if it had a ttl before. It returns the new revision.
	// When Put returns nil, the value survives the death of the process.
	Put(ctx context.Context, key string, value []byte, revision Revision, ttl time.Duration) (Revision, error)
	// Delete removes key under the same condition. A key that is not there is ErrNotFound (ErrConflict if a revision
	// was given).
	Delete(ctx context.Context, key string, revision Revision) error
	// List returns all entries whose key begins with prefix, ordered by key (bytewise). "" lists everything.
	List(ctx context.Context, prefix string) ([]Entry, error)
	// Watch reports every change under prefix made through this store from now on, in order, until ctx ends, the
	// watcher is closed or the store is.
	Watch(ctx context.Context, prefix string) (*Watcher, error)
	// Close releases the store; every watcher ends.
	Close() error
}

// Key is the astdb key of key in family: "/family/key".
func Key(family, key string) string { return "/" + family + "/" + key }

// check refuses keys Asterisk's tools could not show, and values past the bound.
func check(key string, value []byte) error {
	switch {
	case !strings.HasPrefix(key, "/") || len(key) < 2:
		return fmt.Errorf("store: key %.40q: must be /family/key", key)
	case len(key) > MaxKey:
		return fmt.Errorf("store: key %.40q…: %d bytes; at most %d", key, len(key), MaxKey)
	case !utf8.ValidString(key) || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("store: key %.40q: control character or invalid UTF-8", key)
	case len(value) > MaxValue:
		return fmt.Errorf("store: key %.40q: value of %d bytes; at most %d", key, len(value), MaxValue)
	}
	return nil
}
