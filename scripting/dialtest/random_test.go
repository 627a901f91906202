package dialtest_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"asterism/dialplans"
	"asterism/engine/sound"
	"asterism/plugins"
	"asterism/scripting/dialtest"
	"asterism/sounds"
)

// TestRandomCalls makes calls to random numbers of the demo, with random keys and hang-ups on phones that do anything: no channel stays,
// and no goroutine. -short makes fewer.
func TestRandomCalls(t *testing.T) {
	calls := 10000
	if testing.Short() {
		calls = 500
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	etc, err := fs.Sub(dialplans.FS, "demo")
	if err != nil {
		t.Fatal(err)
	}
	const seed = 4
	before := runtime.NumGoroutine()
	w, err := dialtest.NewWorld(dialtest.Setting{Etc: etc, Plugins: []fs.FS{plugins.FS}, Sounds: sound.NewLibrary([]fs.FS{sounds.FS}, 64<<20),
		Now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, seed))
	type open struct {
		id  int
		who string
	}
	var last []open
	for n := range calls {
		who := fmt.Sprint(100 + r.IntN(10))
		behaviours := []dialtest.Behaviour{{}, {Answer: true, AnswerAfter: time.Duration(r.IntN(30)) * time.Second},
			{Answer: true, TalkFor: time.Duration(1+r.IntN(20)) * time.Second}, {Cause: 17}, {Cause: 1 + r.IntN(126), CauseAfter: time.Duration(r.IntN(9)) * time.Second},
			{Unregistered: true}, {Forward: fmt.Sprint(100 + r.IntN(10))}, {Forward: fmt.Sprint(600 + r.IntN(8))}}
		if err := w.Phone(fmt.Sprint(100+r.IntN(10)), behaviours[r.IntN(len(behaviours))]); err != nil {
			t.Fatal(err)
		}
		to := fmt.Sprint([]int{100 + r.IntN(10), 600 + r.IntN(8), r.IntN(1000)}[r.IntN(3)])
		id, err := w.Call(dialtest.Calling{From: who, To: to})
		if err != nil {
			t.Fatal(err)
		}
		for range r.IntN(6) {
			if err := w.Jump(w.Time().Add(time.Duration(r.IntN(8000)) * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if w.Over(id) {
				break
			}
			if r.IntN(3) == 0 {
				_ = w.Hangup(id, who) // the call may be over
			} else {
				_ = w.Press(id, who, string("0123456789*#"[r.IntN(12)]))
			}
		}
		last = append(last, open{id, who})
		if r.IntN(20) > 0 || len(last) > 3 { // one in twenty goes on beside the next ones
			for _, o := range last {
				if !w.Over(o.id) {
					_ = w.Hangup(o.id, o.who)
				}
			}
			last = nil
		}
		if w.Over(id) && w.Failure(id) != nil {
			t.Fatalf("call %d to %s: %v", n, to, w.Failure(id))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range 100 { // timers that were just stopped may still be ending
		if runtime.NumGoroutine() <= before {
			break
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines before, %d after %d calls", before, n, calls)
	}
}
