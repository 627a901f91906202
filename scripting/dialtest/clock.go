package dialtest

import (
	"container/heap"
	"sync"
	"time"
)

// Clock is a channel.Clock whose time moves only when told to.
type Clock struct {
	mu     sync.Mutex // guards below; a leaf
	now    time.Time
	events events
	serial int
}

// NewClock begins at a moment.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the virtual time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After delivers once when the virtual time has advanced by d.
func (c *Clock) After(d time.Duration) (<-chan time.Time, func()) {
	ch := make(chan time.Time, 1)
	stop := c.At(d, func() { ch <- c.Now() })
	return ch, stop
}

// At runs f, on the goroutine that advances the clock, when d has passed. Of two events due at once the one made first runs first.
func (c *Clock) At(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	e := &occasion{at: c.now.Add(max(d, 0)), serial: c.serial, run: f}
	heap.Push(&c.events, e)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		e.run = nil
	}
}

// Next is when something is due; false if nothing is.
func (c *Clock) Next() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.events) > 0 {
		if c.events[0].run != nil {
			return c.events[0].at, true
		}
		heap.Pop(&c.events)
	}
	return time.Time{}, false
}

// Advance jumps to the next event and runs it; false if there is none.
func (c *Clock) Advance() bool {
	if _, ok := c.Next(); !ok {
		return false
	}
	c.mu.Lock()
	e := heap.Pop(&c.events).(*occasion)
	c.now = e.at
	run := e.run
	c.mu.Unlock()
	if run != nil { // nil: stopped just now
		run()
	}
	return true
}

// Set jumps to a moment at which nothing is due yet; it never goes back.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.After(c.now) {
		c.now = now
	}
}

type occasion struct {
	at     time.Time
	serial int
	run    func() // nil: stopped
}

type events []*occasion

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].serial < h[j].serial
	}
	return h[i].at.Before(h[j].at)
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(*occasion)) }
func (h *events) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
