package scripting

import (
	"context"
	"maps"

	lua "github.com/yuin/gopher-lua"
)

// What scripts use is made once, for all calls. A state's own tables of it begin empty, and their metatables find what all share; a table
// that is walked over, taken apart or written to first gets everything of its own (settle), so that no script can tell, and nothing that
// it does reaches another call. Of the hundred functions that a sandbox has a call uses five.

// metas are metatables that all states share. Those of tables that scripts may ask for their metatable are hidden (__metatable), the
// others vanish before anybody sees them.
type metas struct {
	globals *lua.LTable            // of _G
	modules map[string]*lua.LTable // of string, table, …
	app     *lua.LTable
	channel *lua.LTable // of the table channel
	object  *lua.LTable // of channel.NAME
	handle  *lua.LTable // of what plugins call a channel
}

// callKey is where a state's context has its call.
type callKey struct{}

// guard is a state's context: the kill switch, asked before each instruction, and whose state it is, for functions that all states share.
type guard struct {
	context.Context
	done <-chan struct{}
	call *call
}

// Done is the inner context's, without its lock and look-up.
func (g *guard) Done() <-chan struct{} { return g.done }

// Value finds the call, also for the contexts of coroutines.
func (g *guard) Value(key any) any {
	if key == (callKey{}) {
		return g.call
	}
	return g.Context.Value(key)
}

// callOf is the call whose state runs.
func callOf(l *lua.LState) *call {
	if g, ok := l.Context().(*guard); ok {
		return g.call
	}
	return l.Context().Value(callKey{}).(*call)
}

// inCall makes a function for all states of one that needs the call.
func inCall(f func(*call, *lua.LState) int) *lua.LFunction {
	return goFunction(func(l *lua.LState) int { return f(callOf(l), l) })
}

// goFunction is a Lua function that no state made.
func goFunction(f lua.LGFunction) *lua.LFunction { return &lua.LFunction{IsG: true, GFunction: f} }

// table is an empty table with a metatable, and room for little: by itself a table makes room for 32 names at the first, 2 kB.
func (c *call) table(meta *lua.LTable) *lua.LTable {
	t := c.l.CreateTable(0, 1)
	t.Metatable = meta
	return t
}

// tableOf is a table of these fields.
func tableOf(fields map[string]lua.LValue) *lua.LTable {
	t := &lua.LTable{Metatable: lua.LNil}
	for name, v := range fields {
		t.RawSetString(name, v)
	}
	return t
}

func newMetas(libs *libraries, methods map[string]primitive) *metas {
	m := &metas{modules: map[string]*lua.LTable{}}
	m.globals = tableOf(map[string]lua.LValue{
		"__index": inCall(func(c *call, l *lua.LState) int {
			name, isText := l.Get(2).(lua.LString)
			v := lua.LNil
			if isText {
				v = c.lateGlobal(string(name))
			}
			if t, ok := l.Get(1).(*lua.LTable); ok && v != lua.LNil {
				t.RawSetString(string(name), v) // the next time it is found at once
			}
			l.Push(v)
			return 1
		}),
		"__newindex": inCall(func(c *call, l *lua.LState) int {
			t := l.CheckTable(1)
			if name, ok := l.Get(2).(lua.LString); ok && c.lateGlobal(string(name)) != lua.LNil {
				c.settle(t) // or nil would bring back what was there
			}
			l.RawSet(t, l.Get(2), l.Get(3))
			return 0
		}),
	})
	write := inCall(func(c *call, l *lua.LState) int {
		t := l.CheckTable(1)
		c.settle(t)
		l.RawSet(t, l.Get(2), l.Get(3))
		return 0
	})
	for name, functions := range libs.modules {
		m.modules[name] = tableOf(map[string]lua.LValue{"__index": tableOf(functions), "__newindex": write})
	}
	m.app = tableOf(map[string]lua.LValue{"__metatable": lua.LString("app"), "__index": inCall((*call).appIndex)})
	m.channel = tableOf(map[string]lua.LValue{"__metatable": lua.LString("channel"), "__index": inCall((*call).channelIndex),
		"__newindex": inCall((*call).channelNewIndex)})
	m.object = newObjectMeta()
	m.handle = newHandleMeta(methods)
	return m
}

// lateGlobal is what the sandbox has of that name, LNil if nothing.
func (c *call) lateGlobal(name string) lua.LValue {
	libs := c.gen.host.libs
	if v, ok := libs.base[name]; ok {
		return v
	}
	if v, ok := libs.loaders[name]; ok {
		return v
	}
	if libs.modules[name] != nil {
		return c.library(name)
	}
	switch {
	case name == "_G":
		return c.l.G.Global
	case name == "package":
		return c.packageTable()
	case c.dialplan:
		return c.dialplanGlobal(name)
	}
	return lua.LNil
}

// dialplanNames are what extensions see and the file they stand in does not while it is loaded.
var dialplanNames = []string{"app", "channel", "check_hangup", "autoservice_start", "autoservice_stop", "autoservice_status"}

func (c *call) dialplanGlobal(name string) lua.LValue {
	switch name {
	case "app":
		return c.table(c.metas.app)
	case "channel":
		return c.table(c.metas.channel)
	}
	if v, ok := c.gen.host.libs.service[name]; ok {
		return v
	}
	return lua.LNil
}

// library is one of the libraries' tables for this state.
func (c *call) library(name string) *lua.LTable {
	return c.table(c.metas.modules[name])
}

// settle gives a table that is still lent all that it seems to have.
func (c *call) settle(v lua.LValue) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return
	}
	meta, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return
	}
	if meta == c.metas.globals {
		c.settleGlobals(t)
		return
	}
	for name, m := range c.metas.modules {
		if m == meta {
			t.Metatable = lua.LNil
			for f, v := range c.gen.host.libs.modules[name] {
				t.RawSetString(f, v)
			}
		}
	}
}

func (c *call) settleGlobals(t *lua.LTable) {
	libs := c.gen.host.libs
	names := []string{"_G", "package"}
	for _, m := range []map[string]lua.LValue{libs.base, libs.loaders} {
		for name := range m {
			names = append(names, name)
		}
	}
	for name := range libs.modules {
		names = append(names, name)
	}
	if c.dialplan {
		names = append(names, dialplanNames...)
	}
	t.Metatable = lua.LNil
	for _, name := range names {
		if t.RawGetString(name) == lua.LNil {
			t.RawSetString(name, c.lateGlobal(name))
		}
	}
}

// settling are the functions that see a table as it is: whatever they get is settled first.
var settling = []string{"next", "pairs", "rawget", "rawset", "getmetatable", "setmetatable"}

// settlesFirst makes a function of base settle its first argument.
func settlesFirst(f *lua.LFunction) {
	inner := f.GFunction
	f.GFunction = func(l *lua.LState) int {
		if t, ok := l.Get(1).(*lua.LTable); ok && t.Metatable != lua.LNil {
			callOf(l).settle(t)
		}
		return inner(l)
	}
}

// installGlobals gives the state its globals.
func (c *call) installGlobals() {
	l, can := c.l, &c.gen.can
	c.metas = c.gen.host.metas
	// The interpreter's own have room for a hundred entries.
	l.G.Registry, l.G.Global = l.CreateTable(0, 1), l.CreateTable(0, 8)
	l.Env = l.G.Global
	l.G.Global.Metatable = c.metas.globals
	strings := c.library("string")
	l.G.Global.RawSetString("string", strings)
	meta := l.CreateTable(0, 1) // ("x"):rep(3)
	meta.RawSetString("__index", strings)
	l.SetMetatable(lua.LString(""), meta)
	if can.globals() {
		c.settle(l.G.Global)
		c.settle(l.G.Global.RawGetString("os"))
		c.openTo(l, l.G.Global)
	}
}

// installDialplan gives the state app, channel, check_hangup and autoservice_*, in the place of what the file may have called so.
func (c *call) installDialplan() {
	c.dialplan = true
	g := c.l.G.Global
	for _, name := range dialplanNames {
		if g.Metatable != c.metas.globals {
			g.RawSetString(name, c.dialplanGlobal(name))
		} else if g.RawGetString(name) != lua.LNil {
			g.RawSetString(name, lua.LNil)
		}
	}
}

// serviceFunctions are those of dialplanNames that are functions.
func serviceFunctions() map[string]lua.LValue {
	return map[string]lua.LValue{
		"check_hangup": inCall(func(c *call, l *lua.LState) int { l.Push(lua.LBool(c.ch.HungUp())); return 1 }),
		// autoservice: a port always reads, so there is nothing to start; scripts still ask
		"autoservice_start":  inCall(func(c *call, _ *lua.LState) int { c.autoserviceOff = false; return 0 }),
		"autoservice_stop":   inCall(func(c *call, _ *lua.LState) int { c.autoserviceOff = true; return 0 }),
		"autoservice_status": inCall(func(c *call, l *lua.LState) int { l.Push(lua.LBool(!c.autoserviceOff)); return 1 }),
	}
}

// loaderFunctions are the globals of extensions.lua that look beside it.
func loaderFunctions() map[string]lua.LValue {
	return map[string]lua.LValue{"require": inCall((*call).require), "dofile": inCall((*call).dofile), "loadfile": inCall((*call).loadfile),
		"loadstring": inCall((*call).loadstring), "load": inCall((*call).load), "print": inCall((*call).print)}
}

// allFields are a table's, those that are still lent too.
func (c *call) allFields(t *lua.LTable) map[string]lua.LValue {
	c.settle(t)
	return maps.Clone(fields(t))
}
