// Package logger carries log lines from zerolog to the console, the files of logger.conf and the remote consoles.
//
//	zerolog ─ JSON line ─► Router ─┬─ files          written at once
//	                               ├─ console        a queue of its own: a stopped terminal drops lines, never a call
//	                               └─ taps           one per remote console, the same way
//
// A line is made once per form that somebody wants. Control bytes of foreign origin never reach a sink raw.
package logger

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Router is an io.Writer for zerolog. Safe from any goroutine. Close ends what it started.
type Router struct {
	verbose, debug atomic.Int32
	lost           atomic.Uint64

	mu      sync.RWMutex // guards the rest; writers of lines hold it for reading, so a replaced file is idle
	console *queue
	files   []*file
	taps    map[*Tap]struct{}
	setup   Setup
	closed  bool
}

// Setup is what a Router starts with.
type Setup struct {
	Console io.Writer // nil: no console
	JSON    bool      // the console's form
	Color   bool
	Mask    Mask // what the console shows; 0: everything that verbose and debug let pass
	Verbose int  // verbose lines up to this level are shown (Asterisk: 3 shows Executing lines)
	Debug   int
	Files   []File
}

// New starts a Router. A file that cannot be opened is an error, and nothing is left open.
func New(s Setup) (*Router, error) {
	r := &Router{taps: map[*Tap]struct{}{}, setup: s}
	r.verbose.Store(int32(s.Verbose))
	r.debug.Store(int32(s.Debug))
	files, err := openFiles(s.Files)
	if err != nil {
		return nil, err
	}
	r.files = files
	if s.Console != nil {
		r.console = newQueue(s.Console, consoleQueue, &r.lost)
	}
	r.applyLevel()
	return r, nil
}

// consoleQueue bounds the lines that wait for the console; the newest are dropped and counted (Lost).
const consoleQueue = 4096

// Lost counts the lines that a slow console missed.
func (r *Router) Lost() uint64 { return r.lost.Load() }

// Verbose and Debug are the levels of the console of the PBX itself and of the files without a level of their own.
func (r *Router) Verbose() int { return int(r.verbose.Load()) }

// Debug is 0 when debug lines are off.
func (r *Router) Debug() int { return int(r.debug.Load()) }

// SetVerbose returns the level before.
func (r *Router) SetVerbose(n int) int { return int(r.verbose.Swap(int32(n))) }

// SetDebug returns the level before. Debug lines are not even made while it is 0 and no file or console wants them.
func (r *Router) SetDebug(n int) int {
	old := r.debug.Swap(int32(n))
	r.applyLevel()
	return int(old)
}

// applyLevel tells zerolog what is worth making a line of. zerolog's level is process-wide: one Router per process sets it.
func (r *Router) applyLevel() {
	r.mu.RLock()
	debug := r.Debug()
	for t := range r.taps {
		debug = max(debug, t.Debug())
	}
	r.mu.RUnlock()
	switch {
	case debug >= 5:
		zerolog.SetGlobalLevel(zerolog.TraceLevel)
	case debug >= 1:
		zerolog.SetGlobalLevel(zerolog.DebugLevel)
	default:
		zerolog.SetGlobalLevel(zerolog.InfoLevel)
	}
}

// Reload replaces the log files (log rotation, a changed logger.conf). On an error the old ones stay.
func (r *Router) Reload(files []File) error {
	opened, err := openFiles(files)
	if err != nil {
		return err
	}
	r.mu.Lock()
	old := r.files
	r.files = opened
	r.mu.Unlock()
	closeFiles(old)
	return nil
}

// Rotated opens the same files anew: the old names may have been moved away.
func (r *Router) Rotated() error {
	r.mu.RLock()
	files := make([]File, len(r.files))
	for i, f := range r.files {
		files[i] = f.File
	}
	r.mu.RUnlock()
	return r.Reload(files)
}

// Files lists the log files in use.
func (r *Router) Files() []File {
	r.mu.RLock()
	defer r.mu.RUnlock()
	files := make([]File, len(r.files))
	for i, f := range r.files {
		files[i] = f.File
	}
	return files
}

// Write takes a line without a level as a notice.
func (r *Router) Write(p []byte) (int, error) { return r.WriteLevel(zerolog.NoLevel, p) }

// WriteLevel takes one JSON line of zerolog. p is borrowed.
func (r *Router) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	class, depth := classify(level, p)
	e := event{json: p, class: class}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return len(p), nil
	}
	if r.console != nil && r.setup.Mask.shows(class) && r.deep(class, depth) {
		if r.setup.JSON {
			r.console.put(e.jsonLine())
		} else {
			r.console.put(e.consoleLine(r.setup.Color))
		}
	}
	for _, f := range r.files {
		if f.Mask.shows(class) && f.deep(r, class, depth) {
			f.write(&e)
		}
	}
	for t := range r.taps {
		if t.deep(class, depth) {
			t.lines.put(e.consoleLine(t.color))
		}
	}
	return len(p), nil
}

// deep tells whether a line of that class and depth passes the Router's own levels.
func (r *Router) deep(c Mask, depth int) bool { return passes(c, depth, r.Verbose(), r.Debug()) }

func passes(c Mask, depth, verbose, debug int) bool {
	switch c {
	case Verbose:
		return depth <= verbose
	case Debug:
		return depth <= debug
	}
	return true
}

// Tell shows text on the console between the log lines, and nowhere else: what it says may be for the eyes of that terminal only.
func (r *Router) Tell(text string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.console != nil && !r.closed {
		r.console.put([]byte(text))
	}
}

// Close writes out what waits and closes the files. Taps end. A second Close does nothing.
func (r *Router) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	taps, files := r.taps, r.files
	r.taps, r.files = map[*Tap]struct{}{}, nil
	r.mu.Unlock()
	for t := range taps {
		t.lines.close()
	}
	if r.console != nil {
		r.console.close()
	}
	closeFiles(files)
}

// Tap is a remote console's share of the log.
type Tap struct {
	router         *Router
	verbose, debug atomic.Int32
	color          bool
	lines          *queue
}

// Tap sends lines to w, one Write each, from a goroutine of its own until Close. w may be slow: lines are dropped then.
func (r *Router) Tap(w io.Writer, verbose int, color bool) *Tap {
	t := &Tap{router: r, color: color, lines: newQueue(w, tapQueue, &r.lost)}
	t.verbose.Store(int32(verbose))
	r.mu.Lock()
	if r.closed {
		defer t.lines.close()
	} else {
		r.taps[t] = struct{}{}
	}
	r.mu.Unlock()
	return t
}

const tapQueue = 512

// Verbose is this console's level.
func (t *Tap) Verbose() int { return int(t.verbose.Load()) }

// Debug is this console's level.
func (t *Tap) Debug() int { return int(t.debug.Load()) }

// SetVerbose returns the level before.
func (t *Tap) SetVerbose(n int) int { return int(t.verbose.Swap(int32(n))) }

// SetDebug returns the level before.
func (t *Tap) SetDebug(n int) int {
	old := t.debug.Swap(int32(n))
	t.router.applyLevel()
	return int(old)
}

func (t *Tap) deep(c Mask, depth int) bool { return passes(c, depth, t.Verbose(), t.Debug()) }

// Close ends the tap and waits for its goroutine. w must fail or return by then.
func (t *Tap) Close() {
	t.router.mu.Lock()
	delete(t.router.taps, t)
	t.router.mu.Unlock()
	t.lines.close()
	t.router.applyLevel()
}

// queue is a bounded line queue with one writer goroutine, which close ends and waits for.
type queue struct {
	lines chan []byte
	lost  *atomic.Uint64
	once  sync.Once
	stop  chan struct{}
	done  chan struct{}
}

func newQueue(w io.Writer, size int, lost *atomic.Uint64) *queue {
	q := &queue{lines: make(chan []byte, size), lost: lost, stop: make(chan struct{}), done: make(chan struct{})}
	go q.run(w)
	return q
}

func (q *queue) put(line []byte) {
	select {
	case q.lines <- line:
	default:
		q.lost.Add(1)
	}
}

func (q *queue) run(w io.Writer) {
	defer close(q.done)
	for {
		select {
		case line := <-q.lines:
			_, _ = w.Write(line) // a console that is gone is no reason to stop anything
		case <-q.stop:
			for {
				select {
				case line := <-q.lines:
					_, _ = w.Write(line)
				default:
					return
				}
			}
		}
	}
}

// close waits for what is queued, at most a second: a terminal that is stopped must not keep the process.
func (q *queue) close() {
	q.once.Do(func() { close(q.stop) })
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}

var verboseKey = []byte(`"verbose":`)

// classify gives a line its Asterisk class and, for verbose and debug lines, their depth. In a JSON line the bytes of
// verboseKey can only be a key: inside a string the quotes would be escaped.
func classify(level zerolog.Level, p []byte) (Mask, int) {
	switch {
	case level >= zerolog.ErrorLevel && level <= zerolog.PanicLevel:
		return Error, 0
	case level == zerolog.WarnLevel:
		return Warning, 0
	case level == zerolog.DebugLevel:
		return Debug, 1
	case level == zerolog.TraceLevel:
		return Debug, 5
	}
	if i := bytes.Index(p, verboseKey); i >= 0 {
		depth := 0
		for _, c := range p[i+len(verboseKey):] {
			if c < '0' || c > '9' || depth > 100 {
				break
			}
			depth = depth*10 + int(c-'0')
		}
		return Verbose, depth
	}
	return Notice, 0
}
