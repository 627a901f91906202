package scripting

import (
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestTablesAreSmall: a table with two fields takes a kilobyte at most.
func TestTablesAreSmall(t *testing.T) {
	ch, err := compile("x.lua", `
kept = {}
for i = 1, 1000 do
  local t = {}
  t.a, t.b = i, i
  kept[i] = t
end
local list = {}
for i = 1, 100 do list[i] = i end
assert(#list == 100 and next({}) == nil and #{} == 0 and kept[7].b == 7)`)
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	defer l.Close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l.Push(l.NewFunctionFromProto(ch.proto))
	l.Call(0, 0)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(l)
	if n := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / 1000; n > 1024 || n < 100 {
		t.Errorf("%d bytes a table", n)
	}
}
