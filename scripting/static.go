package scripting

import (
	"maps"
	"reflect"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// What those need who read a dialplan without running it: its syntax tree, and the names it may use.

// Parse reads Lua source as Load does. file is how the error, which has file and line, names it.
func Parse(file, src string) ([]ast.Stmt, error) {
	c, err := compile(file, src)
	if err != nil {
		return nil, err
	}
	return c.tree, nil
}

// Inspect calls f with every statement, expression and field of a tree (pointers to the types of package ast), outside in.
func Inspect(tree []ast.Stmt, f func(node any)) {
	walk(reflect.ValueOf(tree), func(v reflect.Value) {
		if v.Kind() == reflect.Pointer && !v.IsNil() {
			f(v.Interface())
		}
	})
}

// LuaGlobals are the globals that extensions.lua finds, each with the sorted fields of those that are tables of functions; app and
// channel have none, for they answer any name.
func (g *Generation) LuaGlobals() map[string][]string {
	c := g.newState(nil, &g.host.cfg.Log)
	defer c.close()
	c.installDialplan()
	out := map[string][]string{}
	for name, v := range c.allFields(c.l.G.Global) {
		out[name] = nil
		if c.settle(v); name == "_G" {
			continue
		}
		if t, ok := v.(*lua.LTable); ok && t.Metatable == lua.LNil {
			out[name] = slices.Sorted(maps.Keys(fields(t)))
		}
	}
	return out
}
