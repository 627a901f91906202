package scripting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// A plugin that has events, timers, tasks, commands, save or restore gets a state of its own, in which these run one at a time, and a
// goroutine that owns it. The goroutine lives as long as some generation in force has the plugin; a new generation replaces the state
// in between two jobs:
//
//	event queue (1,024) ─┐
//	tasks (1,024) ───────┤►  one job at a time in the plugin's state      replace: save() ► new state ► restore(saved)
//	timers, commands ────┘
//
// So nothing published or spawned meanwhile is lost. What save returned outlives the plugin's absence, not the process.
type service struct {
	host *Host
	name string

	sub     *event.Subscription             // nil without an event bus
	wanted  atomic.Pointer[map[string]bool] // names of events the state listens to
	next    atomic.Pointer[replacement]     // what is to be put in force
	wake    chan struct{}                   // something was posted; room for one
	orders  chan order                      // commands; the asker waits
	quit    chan struct{}
	done    chan struct{}
	commits atomic.Uint64 // replacements done; for tests

	mu      sync.Mutex // guards below; a leaf
	queue   []task
	lost    int               // tasks dropped from a full queue
	later   map[int64]later   // by id: tasks of pbx.after
	ids     int64             // the last id given
	kill    func(cause error) // ends the Lua that runs
	closing bool

	// of the goroutine
	gen    *Generation
	plugin *plugin
	c      *call
	timers []*timer
	kills  int // states the kill switch has ended
}

// replacement is a plugin of a new generation; plugin is nil when it has gone.
type replacement struct {
	gen    *Generation
	plugin *plugin
}

// timer is one entry of a plugin's timers.
type timer struct {
	name     string
	every    time.Duration
	schedule *schedule
	next     time.Time // zero: never again
}

// Bounds of a service.
const (
	maxTasks  = event.QueueSize
	maxLater  = 1024
	maxOutput = 1 << 20 // bytes of one command
	maxKills  = 5       // states; then the plugin's own state stays off until a new generation
	stopGrace = 2 * time.Second
)

var errStopping = errors.New("the PBX stops")

// activate puts the generation in force for the plugins' own states: events, timers, tasks and commands are its from now on. It does not
// wait for a job that runs.
func (g *Generation) activate() {
	h := g.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	for name, p := range g.plugins {
		if !p.needsService {
			continue
		}
		s := h.services[name]
		if s == nil {
			s = newService(h, name)
			h.services[name] = s
		}
		s.replace(&replacement{g, p})
	}
	for name, s := range h.services {
		if p := g.plugins[name]; p == nil || !p.needsService {
			s.replace(&replacement{g, nil})
		}
	}
}

func newService(h *Host, name string) *service {
	s := &service{host: h, name: name, wake: make(chan struct{}, 1), orders: make(chan order), quit: make(chan struct{}), done: make(chan struct{}),
		later: map[int64]later{}}
	s.wanted.Store(&map[string]bool{})
	if h.cfg.Events != nil {
		s.sub = h.cfg.Events.Subscribe("plugin "+name, func(e any) bool {
			return isWanted(*s.wanted.Load(), e)
		})
	}
	go s.run() // ended and waited for by Host.Close
	return s
}

func (s *service) replace(r *replacement) {
	s.next.Store(r)
	s.poke()
}

func (s *service) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run owns the state. It ends with quit, after save.
func (s *service) run() {
	defer close(s.done)
	var events <-chan any
	if s.sub != nil {
		events = s.sub.C()
		defer s.sub.Close()
	}
	for {
		if r := s.next.Swap(nil); r != nil {
			s.become(r)
		}
		due, stop := s.clock()
		select {
		case <-s.quit:
			stop()
			s.saveState()
			s.endState()
			return
		case o := <-s.orders:
			if r := s.next.Swap(nil); r != nil {
				s.become(r)
			}
			o.done <- s.obey(o)
		case e, ok := <-events:
			if !ok {
				events = nil
				break
			}
			s.hear(e)
		case <-s.wake:
			s.drain()
		case <-due:
			s.fire()
		}
		stop()
	}
}

// become puts r in force: save, end, begin, restore.
func (s *service) become(r *replacement) {
	s.saveState()
	s.endState()
	before := map[string]*timer{}
	for _, t := range s.timers {
		before[t.name] = t
	}
	s.gen, s.plugin, s.timers, s.kills = r.gen, r.plugin, nil, 0
	s.wanted.Store(&map[string]bool{})
	if r.plugin != nil {
		s.begin()
		now := s.host.cfg.Clock.Now()
		for _, spec := range r.plugin.timers {
			t := *spec
			if old := before[t.name]; old != nil && old.every == t.every && t.every > 0 && old.next.After(now) {
				t.next = old.next // a reload does not put a period off
			} else {
				t.next = t.after(now)
			}
			s.timers = append(s.timers, &t)
		}
	}
	s.commits.Add(1)
}

// begin makes the state.
func (s *service) begin() {
	log := s.host.cfg.Log.With().Str("plugin", s.name).Logger()
	s.c = s.gen.newState(nil, &log)
	s.mu.Lock()
	s.kill = s.c.kill
	if s.closing {
		s.kill(errStopping)
	}
	s.mu.Unlock()
	s.c.dog.enter() // at rest
	s.wanted.Store(&s.plugin.listens)
	saved, was := s.host.savedState(s.name)
	_ = s.job("restore", func(l *lua.LState) {
		table := s.c.plugin(l, s.plugin).table
		if f, ok := table.RawGetString("restore").(*lua.LFunction); ok {
			l.Push(f)
			if was {
				l.Push(toLua(l, saved, lua.LNil))
				l.Call(1, 0)
			} else {
				l.Call(0, 0)
			}
		}
	})
}

func (s *service) saveState() {
	if s.c == nil {
		return
	}
	_ = s.job("save", func(l *lua.LState) {
		f, ok := s.c.plugin(l, s.plugin).table.RawGetString("save").(*lua.LFunction)
		if !ok {
			return
		}
		l.Push(f)
		l.Call(0, 1)
		data, err := toPlain(l.Get(-1))
		if err != nil {
			l.RaiseError("save: %s", err.Error())
		}
		s.host.saveState(s.name, data)
	})
}

func (s *service) endState() {
	if s.c != nil {
		s.mu.Lock()
		s.kill = nil
		s.mu.Unlock()
		s.c.close()
		s.c = nil
	}
}

// job runs f in the state, with fresh time for the kill switch. An error is logged here; one asker wants it, too.
func (s *service) job(what string, f func(l *lua.LState)) error {
	if s.c == nil {
		return fmt.Errorf("plugin %s: its own state is off", s.name)
	}
	c := s.c
	c.dog.renew()
	c.dog.leave()
	c.l.Push(c.l.NewFunction(func(l *lua.LState) int {
		f(l)
		return 0
	}))
	err := c.l.PCall(0, 0, nil)
	c.dog.enter()
	if err == nil && c.ctx.Err() == nil {
		return nil
	}
	if errors.Is(context.Cause(c.ctx), errStopping) {
		return errStopping
	}
	failure := scriptError(c.failure(orCause(err, context.Cause(c.ctx))))
	s.gen.reportService(s.name, what, failure)
	if c.ctx.Err() != nil {
		s.revive(what)
	}
	return failure
}

// revive makes a new state for one that the kill switch has ended.
func (s *service) revive(what string) {
	s.endState()
	if s.kills++; s.kills >= maxKills || what == "restore" || what == "save" {
		s.wanted.Store(&map[string]bool{})
		s.timers = nil
		s.host.cfg.Log.Error().Str("plugin", s.name).Msg("the plugin's own state stays off until its files change: it had to be stopped too often")
		return
	}
	s.begin()
}

// hear gives the state an event.
func (s *service) hear(e any) {
	names := []string{factName(e)}
	if _, own := e.(event.UserEvent); own {
		names = append(names, "UserEvent")
	}
	for _, name := range names {
		if s.plugin == nil || !s.plugin.listens[name] {
			continue
		}
		_ = s.job("event "+name, func(l *lua.LState) {
			l.Push(s.function(l, "events", name))
			l.Push(factTable(l, e))
			l.Call(1, 0)
		})
	}
}

// function is what section of the plugin's table has under name, in this state.
func (s *service) function(l *lua.LState, section, name string) lua.LValue {
	table, _ := s.c.plugin(l, s.plugin).table.RawGetString(section).(*lua.LTable)
	var v lua.LValue = lua.LNil
	if table != nil {
		v = table.RawGetString(name)
	}
	if t, ok := v.(*lua.LTable); ok {
		v = t.RawGetString("run")
	}
	if v.Type() != lua.LTFunction {
		l.RaiseError("plugin %s: %s has no function '%s'", s.name, section, name)
	}
	return v
}

// after is when the timer fires next.
func (t *timer) after(now time.Time) time.Time {
	if t.schedule != nil {
		return t.schedule.next(now)
	}
	return now.Add(t.every)
}

// longestSleep bounds a wait for the wall clock, which may be set.
const longestSleep = time.Hour

// clock delivers when the next timer is due.
func (s *service) clock() (<-chan time.Time, func()) {
	var first time.Time
	sooner := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, t := range s.timers {
		sooner(t.next)
	}
	s.mu.Lock()
	for _, t := range s.later {
		sooner(t.at)
	}
	s.mu.Unlock()
	if first.IsZero() {
		return nil, func() {}
	}
	return s.host.cfg.Clock.After(min(max(first.Sub(s.host.cfg.Clock.Now()), 0), longestSleep))
}

// fire runs the timers that are due.
func (s *service) fire() {
	now := s.host.cfg.Clock.Now()
	for _, t := range s.timers {
		if t.next.IsZero() || t.next.After(now) {
			continue
		}
		if t.every > 0 { // keep the beat; what was missed is not made up for
			t.next = t.next.Add(t.every * (1 + now.Sub(t.next)/t.every))
		} else {
			t.next = t.after(now)
		}
		_ = s.job("timer "+t.name, func(l *lua.LState) {
			l.Push(s.function(l, "timers", t.name))
			l.Call(0, 0)
		})
	}
	var due []later
	s.mu.Lock()
	for _, id := range slices.Sorted(maps.Keys(s.later)) {
		if t := s.later[id]; !t.at.After(now) {
			due = append(due, t)
			delete(s.later, id)
		}
	}
	s.mu.Unlock()
	slices.SortStableFunc(due, func(a, b later) int { return a.at.Compare(b.at) })
	for _, t := range due {
		s.runTask(t.task)
	}
}

func (h *Host) service(name string) *service {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.services[name]
}

func (h *Host) savedState(name string) (any, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.saved[name]
	return v, ok
}

func (h *Host) saveState(name string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saved[name] = data
}

// Close ends the plugins' own states: each saves, a job that runs gets stopGrace to end; so do commands. Calls that run must have ended.
func (h *Host) Close() {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.closed = true
	h.stopCalling()
	defer h.stopCommands()
	services := slices.Collect(maps.Values(h.services))
	h.mu.Unlock()
	for _, s := range services {
		close(s.quit)
	}
	deadline := time.NewTimer(stopGrace)
	defer deadline.Stop()
	for _, s := range services {
		select {
		case <-s.done:
			continue
		case <-deadline.C:
			deadline.Reset(0)
		}
		s.mu.Lock()
		s.closing = true
		if s.kill != nil {
			s.kill(errStopping)
		}
		s.mu.Unlock()
		<-s.done
	}
}
