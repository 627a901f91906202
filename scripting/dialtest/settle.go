package dialtest

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/metrics"
	"time"
)

// settleLimit is how long, in real time, goroutines may go on without coming to wait: longer than the kill switch of a script takes.
const settleLimit = 60 * time.Second

var errRestless = errors.New("dialtest: the simulated calls do not come to rest")

// settler waits until every goroutine of the process waits for something: then virtual time may jump. Testing's synctest does that within
// tests; here the runtime is asked, so that the same works in the binary and scripts keep their kill switch, which goes by real time.
type settler struct {
	samples []metrics.Sample
	buf     []byte
}

func newSettler() *settler {
	return &settler{buf: make([]byte, 64<<10), samples: []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}, {Name: "/sched/goroutines/running:goroutines"},
		{Name: "/sched/goroutines/not-in-go:goroutines"}, {Name: "/sched/gomaxprocs:threads"}}}
}

// settle returns when all wait. On one processor two calm looks are enough: while we run nobody else does, and the queues of those who
// want to are exact. Only a goroutine that comes back from a system call is in no queue for a moment: where one was in such a call, and
// on several processors, every goroutine is looked at.
func (s *settler) settle() error {
	var began time.Time
	looks, outside := 0, false
	for i := 0; ; i++ {
		runtime.Gosched()
		calm := s.calm()
		outside = outside || s.value(2) > 0
		switch {
		case !calm:
			looks = 0
		case s.value(3) == 1 && !outside:
			if looks++; looks == 2 {
				return nil
			}
			continue
		case s.quiet():
			return nil
		}
		if i < 100 {
			continue
		}
		if i == 100 {
			began = time.Now()
		} else if time.Since(began) > settleLimit {
			return errRestless
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// calm is a cheap first look: nobody but us runs or wants to. It may be wrong.
func (s *settler) calm() bool {
	metrics.Read(s.samples)
	return s.value(0) == 0 && s.value(1) <= 1
}

// value is that of a sample at the last look.
func (s *settler) value(i int) uint64 {
	if v := s.samples[i].Value; v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}

// waiting are the states of goroutines that only another one, or a timer, wakes.
var waiting = map[string]bool{"chan receive": true, "chan send": true, "select": true, "select (no cases)": true, "chan receive (nil chan)": true,
	"chan send (nil chan)": true, "sync.WaitGroup.Wait": true, "sync.Cond.Wait": true, "IO wait": true, "sleep": true, "finalizer wait": true,
	"cleanup wait": true, "trace reader (blocked)": true}

// quiet looks at every goroutine while the world stands still; the first one is ourselves.
func (s *settler) quiet() bool {
	n := runtime.Stack(s.buf, true)
	for n == len(s.buf) {
		s.buf = make([]byte, 2*len(s.buf))
		n = runtime.Stack(s.buf, true)
	}
	text := s.buf[:n]
	for first := true; len(text) > 0; first = false {
		block := text
		if i := bytes.Index(text, []byte("\n\n")); i >= 0 {
			block, text = text[:i], text[i+2:]
		} else {
			text = nil
		}
		if first {
			continue
		}
		open := bytes.IndexByte(block, '[')
		shut := bytes.IndexByte(block, ']')
		if open < 0 || shut < open {
			continue
		}
		state, _, _ := bytes.Cut(block[open+1:shut], []byte(","))
		if !waiting[string(state)] && !(string(state) == "syscall" && bytes.Contains(block, []byte("os/signal."))) {
			return false
		}
	}
	return true
}
