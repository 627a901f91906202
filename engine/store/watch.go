package store

import (
	"context"
	"strings"
	"sync"
)

// watchQueue is how many changes wait for a slow watcher before it is ended with ErrLagged.
const watchQueue = 1024

// Watcher delivers changes. Its owner reads C until it is closed, then asks Err why.
type Watcher struct {
	prefix string
	queue  chan Change
	stop   func()

	mu     sync.Mutex
	closed bool
	err    error
}

// C delivers the changes. It is closed when the watch ends.
func (w *Watcher) C() <-chan Change { return w.queue }

// Err says why C was closed: nil after Close or the end of ctx, ErrLagged, ErrClosed.
func (w *Watcher) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close ends the watch. It is idempotent.
func (w *Watcher) Close() { w.stop() }

// put queues c without blocking and says whether the watcher lives on.
func (w *Watcher) put(c Change) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	select {
	case w.queue <- c:
		return true
	default:
		w.closed, w.err = true, ErrLagged
		close(w.queue)
		return false
	}
}

func (w *Watcher) end(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed, w.err = true, err
		close(w.queue)
	}
}

// watchers is the set both implementations share. Its zero value is ready.
type watchers struct {
	mu     sync.Mutex
	set    map[*Watcher]struct{}
	closed bool
}

func (ws *watchers) add(ctx context.Context, prefix string) (*Watcher, error) {
	w := &Watcher{prefix: prefix, queue: make(chan Change, watchQueue)}
	ws.mu.Lock()
	if ws.closed {
		ws.mu.Unlock()
		return nil, ErrClosed
	}
	if ws.set == nil {
		ws.set = make(map[*Watcher]struct{})
	}
	ws.set[w] = struct{}{}
	ws.mu.Unlock()

	cancel := context.AfterFunc(ctx, func() { ws.remove(w) })
	w.stop = func() { cancel(); ws.remove(w) }
	return w, nil
}

func (ws *watchers) remove(w *Watcher) {
	ws.mu.Lock()
	delete(ws.set, w)
	ws.mu.Unlock()
	w.end(nil)
}

// notify reports changes that were made under the caller's own lock, so that watchers see them in order.
func (ws *watchers) notify(changes ...Change) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.set {
		for _, c := range changes {
			if !strings.HasPrefix(c.Key, w.prefix) {
				continue
			}
			c.Value = append([]byte(nil), c.Value...) // each receiver owns its copy
			if !w.put(c) {
				delete(ws.set, w)
				break
			}
		}
	}
}

func (ws *watchers) close() {
	ws.mu.Lock()
	set := ws.set
	ws.set, ws.closed = nil, true
	ws.mu.Unlock()
	for w := range set {
		w.end(ErrClosed)
	}
}
