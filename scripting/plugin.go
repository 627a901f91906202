package scripting

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"asterism/engine/config"

	lua "github.com/yuin/gopher-lua"
)

// plugin is one folder or file of plugins, compiled.
type plugin struct {
	name   string
	tree   *tree  // its files; the entry is init
	init   string // "init.lua", or "NAME.lua" for a plugin that is one file
	manual string // README.md, or the comment at the top of init
	rank   int    // of the root it is from: 0 is the strongest, the site's own

	values       map[string]lua.LValue // its options, from NAME.conf
	settings     []map[string]any      // all sections of NAME.conf, for pbx.config.sections
	listens      map[string]bool       // names of events
	timers       []*timer
	tasks        map[string]bool
	features     []*feature
	require      *lua.LFunction
	globals      *lua.LTable // the metatable of its globals
	needsService bool        // events, timers, tasks, commands, save or restore
	module       bool        // others call it as pbx.NAME
}

// application is what app.NAME runs.
type application struct {
	name, synopsis string
	plugin         *plugin
	raw            bool // wants its data in one string
	arguments      Arguments
}

// function is what channel.NAME() asks.
type function struct {
	name, synopsis string
	plugin         *plugin
	raw            bool // wants what stands in the parentheses in one string
	arguments      Arguments
}

type command struct {
	name, synopsis string
	plugin         *plugin
}

// pluginState is a plugin within one call's state; table is nil while it is being loaded.
type pluginState struct {
	env, loaded, table *lua.LTable
}

// loadPlugins compiles all plugins of roots, the strongest first, and reads what they offer. A broken one is reported and left out; a
// weaker one of the same name then stays.
func (g *Generation) loadPlugins(roots []fs.FS) (problems []config.Problem) {
	done := map[string]bool{}
	for i, root := range roots {
		entries, err := fs.ReadDir(root, ".")
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				problems = append(problems, config.Problem{Pos: config.Pos{File: "plugins"}, What: "cannot be read: " + err.Error()})
			}
			continue
		}
		for _, e := range entries {
			name := strings.TrimSuffix(e.Name(), ".lua")
			if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test") || strings.HasSuffix(name, ".d") || done[name] || !e.IsDir() && path.Ext(e.Name()) != ".lua" {
				continue
			}
			found, err := g.loadPlugin(root, i, e, name, &problems)
			if err != nil {
				problems = append(problems, problemOf(err, "plugins/"+name))
			}
			last := i == len(roots)-1 // before that, a shipped one of that name may take a broken one's place
			done[name] = done[name] || found && (err == nil || last)
		}
	}
	return problems
}

// loadPlugin compiles and registers one; found is false for a folder that is no plugin.
func (g *Generation) loadPlugin(root fs.FS, rank int, e fs.DirEntry, name string, problems *[]config.Problem) (found bool, err error) {
	p, found, err := openPlugin(root, e, name)
	if err != nil || !found {
		return found, err
	}
	p.rank = rank
	warnings, err := g.register(p)
	*problems = append(*problems, warnings...)
	return true, err
}

// openPlugin compiles a plugin; found is false for a folder that is none (no init.lua, no Lua file).
func openPlugin(root fs.FS, e fs.DirEntry, name string) (p *plugin, found bool, err error) {
	p = &plugin{name: name, init: "init.lua"}
	p.prepare()
	if !e.IsDir() {
		p.init = name + ".lua"
		p.tree = &tree{name: "plugins", chunks: map[string]*chunk{}, errs: map[string]error{}}
		p.tree.add(root, p.init)
	} else {
		sub, err := fs.Sub(root, name)
		if err != nil {
			return nil, false, err
		}
		p.tree, err = readTree(sub, path.Join("plugins", name), func(f string) bool { return strings.HasSuffix(f, "_test.lua") || strings.HasSuffix(f, ".d.lua") })
		if err != nil {
			return nil, false, err
		}
	}
	for _, file := range slices.Sorted(maps.Keys(p.tree.errs)) {
		return nil, true, p.tree.errs[file]
	}
	p.manual = readManual(root, p, e.IsDir())
	for _, ch := range p.tree.chunks {
		ch.tree = nil // only the positions of a dialplan are asked for
	}
	return p, p.tree.chunks[p.init] != nil, nil
}

// register runs a plugin once in a scratch state and notes the names of what it offers. Nothing is noted of a plugin that fails.
func (g *Generation) register(p *plugin) (warnings []config.Problem, err error) {
	c := g.newState(nil, &g.host.cfg.Log)
	defer c.close()
	var table *lua.LTable
	c.l.Push(c.l.NewFunction(func(l *lua.LState) int {
		table = c.plugin(l, p).table
		return 0
	}))
	if err := c.l.PCall(0, 0, nil); err != nil {
		return nil, c.failure(err)
	}
	pos := config.Pos{File: path.Join(p.tree.name, p.init)}
	o, bad := readOffer(p, table)
	if bad != "" {
		return nil, &syntaxError{config.Problem{Pos: pos, What: bad}}
	}
	g.plugins[p.name] = p
	more, err := g.readOptions(p, table)
	warnings = append(warnings, more...)
	if err != nil {
		return warnings, err
	}
	for _, what := range g.take(o) {
		warnings = append(warnings, config.Problem{Pos: pos, Warning: true, What: "plugin " + p.name + ": " + what})
	}
	return warnings, nil
}

// pluginModule is what plugin NAME offers as pbx.NAME; nil if there is none.
func (c *call) pluginModule(l *lua.LState, name string) lua.LValue {
	p := c.gen.plugins[name]
	if p == nil || !p.module {
		return nil
	}
	return c.plugin(l, p).table.RawGetString("module")
}

// plugin is p in this call's state, loaded at its first use.
func (c *call) plugin(l *lua.LState, p *plugin) *pluginState {
	if s := c.plugins[p.name]; s != nil && s.table != nil {
		return s
	}
	s := &pluginState{env: l.CreateTable(0, 8), loaded: l.CreateTable(0, 8)}
	s.env.Metatable = p.globals
	if c.plugins == nil {
		c.plugins = map[string]*pluginState{}
	}
	c.plugins[p.name] = s
	fn := l.NewFunctionFromProto(p.tree.chunks[p.init].proto)
	fn.Env = s.env
	l.Push(fn)
	l.Call(0, 1)
	table, ok := l.Get(-1).(*lua.LTable)
	l.Pop(1)
	if !ok {
		l.Error(lua.LString(path.Join(p.tree.name, p.init)+": the plugin returns no table; end it with `return M`"), 0)
	}
	s.table = table
	return s
}

// pluginGlobal is what plugins see as a global: the sandbox as it came, whatever extensions.lua made of its own globals, and what the
// site has opened. nil: there is none of that name.
func (c *call) pluginGlobal(p *plugin, name string) lua.LValue {
	if v := c.opened().RawGetString(name); v != lua.LNil {
		return v
	}
	libs := c.gen.host.libs
	switch {
	case name == "require":
		return p.require
	case name == "print":
		return libs.loaders[name]
	case libs.base[name] != nil:
		return libs.base[name]
	case libs.modules[name] == nil:
		return nil
	}
	if c.lent[name] == nil {
		if c.lent == nil {
			c.lent = map[string]*lua.LTable{}
		}
		c.lent[name] = c.library(name)
	}
	return c.lent[name]
}

// opened is what the site has opened to plugins.
func (c *call) opened() *lua.LTable {
	if c.base == nil {
		c.base = c.l.CreateTable(0, 0)
		if c.gen.can.globals() {
			c.base.RawSetString("os", tableOf(c.gen.host.libs.modules["os"]))
			c.openTo(c.l, c.base)
		}
	}
	return c.base
}

// prepare makes what the states of all calls share of a plugin: its own require, and the metatable of its globals. They find what is
// asked for when it is first asked for: a call needs little. A plugin that reads or sets an unknown global has a bug, so both raise.
func (p *plugin) prepare() {
	p.require = inCall(func(c *call, l *lua.LState) int { return c.pluginRequire(l, p) })
	p.globals = tableOf(map[string]lua.LValue{
		"__metatable": lua.LString("plugin"),
		"__index": inCall(func(c *call, l *lua.LState) int {
			name := l.Get(2).String()
			v := c.pluginGlobal(p, name)
			if v == nil {
				l.RaiseError("unknown global '%s' in a plugin", name)
			}
			l.CheckTable(1).RawSetString(name, v) // the next time it is found at once
			l.Push(v)
			return 1
		}),
		"__newindex": goFunction(func(l *lua.LState) int {
			l.RaiseError("plugin %s: assignment to global '%s'; write `local`", p.name, l.Get(2).String())
			return 0
		}),
	})
}

// pluginRequire is require within p.
func (c *call) pluginRequire(l *lua.LState, p *plugin) int {
	s, name := c.plugins[p.name], l.CheckString(1)
	if v := s.loaded.RawGetString(name); v != lua.LNil && v != requiring {
		l.Push(v)
		return 1
	}
	if name == "pbx" {
		v := c.hostModule(l, p.name)
		s.loaded.RawSetString(name, v)
		l.Push(v)
		return 1
	}
	file, ok := p.tree.find(strings.TrimPrefix(name, p.name+"."))
	if !ok {
		l.RaiseError("plugin %s: module '%s' not found beside its init.lua", p.name, name)
	}
	f := l.NewFunctionFromProto(p.tree.chunks[file].proto)
	f.Env = s.env
	return c.runModule(l, s.loaded, name, f)
}

// applicationFunction is the Lua function behind an application, in this state.
func (c *call) applicationFunction(l *lua.LState, a *application) *lua.LFunction {
	apps, _ := c.plugin(l, a.plugin).table.RawGetString("applications").(*lua.LTable)
	var v lua.LValue = lua.LNil
	if apps != nil {
		v = apps.RawGetString(a.name)
	}
	if t, ok := v.(*lua.LTable); ok {
		v = t.RawGetString("run")
	}
	fn, ok := v.(*lua.LFunction)
	if !ok {
		l.RaiseError("plugin %s: no function for application %s in this call", a.plugin.name, a.name)
	}
	return fn
}

// functionPair is how to read and to write a dialplan function; either may be nil.
func (c *call) functionPair(l *lua.LState, f *function) (get, set *lua.LFunction) {
	funcs, _ := c.plugin(l, f.plugin).table.RawGetString("functions").(*lua.LTable)
	if funcs == nil {
		return nil, nil
	}
	switch v := funcs.RawGetString(f.name).(type) {
	case *lua.LFunction:
		return v, nil
	case *lua.LTable:
		get, _ = v.RawGetString("get").(*lua.LFunction)
		set, _ = v.RawGetString("set").(*lua.LFunction)
	}
	return get, set
}

var placeInMessage = regexp.MustCompile(`^([^\s:]+\.lua):(?:(\d+):)?\s*`)

// problemOf makes a Problem of an error, with the file and line its message begins with.
func problemOf(err error, fallback string) config.Problem {
	var se *syntaxError
	if errors.As(err, &se) {
		return se.Problem
	}
	text := err.Error()
	if m := placeInMessage.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[2])
		return config.Problem{Pos: config.Pos{File: m[1], Line: line}, What: text[len(m[0]):]}
	}
	return config.Problem{Pos: config.Pos{File: fallback}, What: text}
}
