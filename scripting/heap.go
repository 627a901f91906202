package scripting

import (
	"runtime/metrics"
	"time"
)

// The interpreter has no account of a state's memory, and `s = s .. s` is one instruction. So the watchdog looks at the process's heap
// while a state's Lua runs without a pause: few scripts ever do so for longer than lookEvery.
const (
	lookEvery = 2 * time.Millisecond
	maxGrowth = 128 << 20 // bytes
)

// heap is the process's, in bytes.
type heap struct {
	objects uint64 // in use, garbage that was not yet collected among them
	goal    uint64 // where the collector means to have finished: garbage alone takes the heap no further
}

func readHeap() heap {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(samples)
	return heap{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}

// hasGrown tells whether the heap holds maxGrowth more than at before, and more than garbage explains.
func (before heap) hasGrown() bool {
	return readHeap().objects > max(before.objects, before.goal)+maxGrowth
}
