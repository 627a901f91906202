package scripting

import (
	"context"
	"errors"
	"sync"
	"time"
)

// The reasons for which the kill switch ends a state.
var (
	errBudget = errors.New("ran too long without calling a primitive that waits (an endless loop?)")
	errGrace  = errors.New("the script went on too long after the hang-up")
	errMemory = errors.New("took too much memory")
)

// brief is how long a primitive must take to count as waiting: a loop of pcall(app.wait, 1) on a dead channel is still a loop.
const brief = time.Millisecond

// watchdog cancels a state's context when its Lua does not come to an end. Time spent waiting in primitives does not count.
type watchdog struct {
	budget, grace time.Duration
	kill          context.CancelCauseFunc
	stopHangup    func() bool

	mu       sync.Mutex // guards below; a leaf
	closed   bool
	run      *time.Timer
	after    *time.Timer
	deadline time.Time
	entered  time.Time
	depth    int
	memory   heap // when a long stretch of Lua was first looked at
}

// start arms the watchdog. hungUp is the channel's context.
func (w *watchdog) start(hungUp context.Context) {
	w.mu.Lock()
	w.deadline = time.Now().Add(w.budget)
	w.run = time.AfterFunc(min(w.budget, lookEvery), w.look)
	w.mu.Unlock()
	if hungUp != nil {
		w.stopHangup = context.AfterFunc(hungUp, w.fresh)
	}
}

// fresh gives the script grace from now on: at the hang-up, and again when `h` begins.
func (w *watchdog) fresh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if w.after == nil {
		w.after = time.AfterFunc(w.grace, func() { w.kill(errGrace) })
	} else {
		w.after.Reset(w.grace)
	}
}

// enter and leave stand around everything that may wait.
func (w *watchdog) enter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.depth++; w.depth == 1 && !w.closed {
		w.run.Stop()
		w.memory = heap{}
		w.entered = time.Now()
	}
}

func (w *watchdog) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.depth--; w.depth > 0 || w.closed {
		return
	}
	now := time.Now()
	if waited := now.Sub(w.entered); waited >= brief {
		w.deadline = now.Add(w.budget)
	}
	w.run.Reset(min(w.deadline.Sub(now), lookEvery))
}

// look acts when Lua has run for a while without a pause: is its time over, has it taken too much memory?
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.depth > 0 {
		return
	}
	left := time.Until(w.deadline)
	switch {
	case left <= 0:
		w.kill(errBudget)
		return
	case w.memory == heap{}:
		w.memory = readHeap()
	case w.memory.hasGrown():
		w.kill(errMemory)
		return
	}
	w.run.Reset(min(left, lookEvery))
}

// renew makes the time since enter count as waiting, however short it was: another job begins.
func (w *watchdog) renew() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.entered = time.Time{}
}

// stop ends it; no timer of it runs afterwards.
func (w *watchdog) stop() {
	if w.stopHangup != nil {
		w.stopHangup()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.run.Stop()
	if w.after != nil {
		w.after.Stop()
	}
}
