package scripting

import (
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestTablesAreSmall: a table with two fields takes a kilobyte, not three.
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
	runtime.ReadMemStats(&before)
	l.Push(l.NewFunctionFromProto(ch.proto))
	l.Call(0, 0)
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / 1000; n > 1500 {
		t.Errorf("%d bytes a table", n)
	}
}

// TestCodeIsSmall: a function that was compiled keeps no room for a thousand instructions.
func TestCodeIsSmall(t *testing.T) {
	ch, err := compile("x.lua", "return function() return function(a, b) return a + b end end")
	if err != nil {
		t.Fatal(err)
	}
	for p, depth := ch.proto, 0; ; p, depth = p.FunctionPrototypes[0], depth+1 {
		if cap(p.Code) > 16 || cap(p.DbgSourcePositions) > 16 {
			t.Errorf("function %d: room for %d instructions and %d lines", depth, cap(p.Code), cap(p.DbgSourcePositions))
		}
		if len(p.FunctionPrototypes) == 0 {
			break
		}
	}
}
