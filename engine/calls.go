package engine

import (
	"context"
	"sync"
)

// callGroup counts the goroutines that run channels and lets many wait for none; unlike a WaitGroup it may be added to while waited for.
type callGroup struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   []chan struct{} // closed when n is zero
}

func (g *callGroup) add() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.n++
	return true
}

func (g *callGroup) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}

func (g *callGroup) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.n == 0 {
		for _, c := range g.idle {
			close(c)
		}
		g.idle = nil
	}
}

// wait returns when nothing runs, or ctx ends.
func (g *callGroup) wait(ctx context.Context) {
	g.mu.Lock()
	if g.n == 0 {
		g.mu.Unlock()
		return
	}
	c := make(chan struct{})
	g.idle = append(g.idle, c)
	g.mu.Unlock()
	select {
	case <-c:
	case <-ctx.Done():
	}
}

// close lets nothing new in.
func (g *callGroup) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
}
