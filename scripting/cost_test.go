package scripting

import (
	"runtime"
	"testing"

	"github.com/rs/zerolog"
)

// What a call's state may hold, in bytes, and what making it and one application may allocate. Time is the benchmarks' business.
const (
	maxStateHeap   = 20 << 10
	maxStateAllocs = 150
	maxNoOpAllocs  = 25
)

func TestCostOfAState(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates for itself")
	}
	b := newBench(t, func(c *Config) { c.Log = zerolog.Nop() })
	g := b.load(dialplanFile, benchDialplan)
	ch := b.channel("default", "noop")
	const n = 200
	calls := make([]*call, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // the second one empties the pools
	runtime.ReadMemStats(&before)
	for i := range calls {
		var err error
		if calls[i], err = g.newCall(ch, ch.Log()); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for _, c := range calls {
		c.close()
	}
	held := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n
	t.Logf("%d bytes a state", held)
	if held > maxStateHeap {
		t.Errorf("a state holds %d bytes; at most %d", held, maxStateHeap)
	}
	if got := testing.AllocsPerRun(50, func() {
		c, err := g.newCall(ch, ch.Log())
		if err != nil {
			t.Fatal(err)
		}
		c.close()
	}); got > maxStateAllocs {
		t.Errorf("making a state allocates %.0f times; at most %d", got, maxStateAllocs)
	}
	c, err := g.newCall(ch, ch.Log())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	e, _ := c.lookUp(ch.Place(), 0)
	if got := testing.AllocsPerRun(100, func() {
		c.l.Push(c.entryValue(e))
		if err := c.l.PCall(0, 0, nil); err != nil {
			t.Fatal(err)
		}
	}); got > maxNoOpAllocs {
		t.Errorf("app.NoOp allocates %.0f times; at most %d", got, maxNoOpAllocs)
	}
}
