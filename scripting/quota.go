package scripting

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"asterism/engine/store"
)

// quota bounds what scripts keep in the store, by family (the key's first word): a loop must not fill the disk. It counts what the
// scripts of this process write, from what was there; what expires or was deleted is found when a family seems to be full.
type quota struct {
	mu       sync.Mutex // guards below; a leaf
	families map[string]*usage
}

type usage struct {
	sizes map[string]int // by key
	bytes int
}

// familyOf is "/family/key" ► "family".
func familyOf(key string) string {
	family, _, _ := strings.Cut(strings.TrimPrefix(key, "/"), "/")
	return family
}

// take makes room for size bytes under key, or says that there is none.
func (q *quota) take(ctx context.Context, s store.Store, can *capabilities, key string, size int) error {
	family := familyOf(key)
	if q.fits(can, family, key, size) {
		return nil
	}
	entries, err := s.List(ctx, "/"+family+"/")
	if err != nil {
		return err
	}
	u := &usage{sizes: map[string]int{}}
	for _, e := range entries {
		n := len(e.Key) + len(e.Value)
		u.sizes[e.Key], u.bytes = n, u.bytes+n
	}
	q.mu.Lock()
	if q.families == nil {
		q.families = map[string]*usage{}
	}
	q.families[family] = u
	q.mu.Unlock()
	if q.fits(can, family, key, size) {
		return nil
	}
	if len(u.sizes) >= can.storeKeys {
		return fmt.Errorf("store: family %s has %d keys already; store_keys in [sandbox] of %s allows %d", family, len(u.sizes), capabilityFile, can.storeKeys)
	}
	return fmt.Errorf("store: family %s would hold more than %d bytes; see store_bytes in [sandbox] of %s", family, can.storeSize, capabilityFile)
}

// fits notes the entry if the family's count allows it; false also when nothing is known of the family yet.
func (q *quota) fits(can *capabilities, family, key string, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.families[family]
	if u == nil {
		return false
	}
	old, was := u.sizes[key]
	n := len(key) + size
	if !was && len(u.sizes) >= can.storeKeys || u.bytes-old+n > can.storeSize {
		return false
	}
	u.sizes[key], u.bytes = n, u.bytes-old+n
	return true
}

// logSpan is the time in which log_lines may be written.
const logSpan = 10 * time.Second

// mayLog counts a line that the script writes to the log; false: it has written too many just now.
func (c *call) mayLog() bool {
	now := c.gen.host.cfg.Clock.Now()
	if now.Sub(c.logged.since) > logSpan {
		c.logged.since, c.logged.lines = now, 0
	}
	c.logged.lines++
	limit := c.gen.can.logLines
	if c.logged.lines == limit+1 {
		c.log.Warn().Msgf("the script writes more than %d lines in %s: the rest is left out (log_lines in [sandbox] of %s)", limit, logSpan, capabilityFile)
	}
	return c.logged.lines <= limit
}
