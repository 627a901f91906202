package scripting

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

type task struct {
	name string
	data any // plain
}

type later struct {
	task
	at time.Time
}

// drain runs what was queued.
func (s *service) drain() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.c == nil {
			s.mu.Unlock()
			return
		}
		t := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		s.runTask(t)
		if s.stops() || s.next.Load() != nil {
			s.poke()
			return
		}
	}
}

func (s *service) stops() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

func (s *service) runTask(t task) {
	_ = s.job("task "+t.name, func(l *lua.LState) {
		l.Push(s.function(l, "tasks", t.name))
		l.Push(toLua(l, t.data, lua.LNil))
		l.Call(1, 0)
	})
}

// post queues a task; the oldest goes when the queue is full.
func (s *service) post(t task) {
	s.mu.Lock()
	if len(s.queue) >= maxTasks {
		s.queue = s.queue[1:]
		if s.lost++; s.lost == 1 {
			s.host.cfg.Log.Warn().Str("plugin", s.name).Msg("more tasks than the plugin can do; the oldest are dropped from now on without another line")
		}
	}
	s.queue = append(s.queue, t)
	s.mu.Unlock()
	s.poke()
}

// postLater runs a task after d; the id cancels it.
func (s *service) postLater(t task, d time.Duration) (id int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.later) >= maxLater {
		return 0, fmt.Errorf("more than %d tasks wait for their time already", maxLater)
	}
	s.ids++
	s.later[s.ids] = later{t, s.host.cfg.Clock.Now().Add(max(d, 0))}
	s.poke()
	return s.ids, nil
}

func (s *service) cancel(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, was := s.later[id]
	delete(s.later, id)
	return was
}
