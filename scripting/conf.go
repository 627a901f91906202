package scripting

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/dialplan/extconf"
	"asterism/engine/dialplan/subst"

	lua "github.com/yuin/gopher-lua"
)

// readConf reads extensions.conf; nil if there is none. Its own problems are among those returned, and a warning for every application
// and function that nobody has.
func (g *Generation) readConf(etc fs.FS, snap *config.Snapshot) (*extconf.Plan, []config.Problem) {
	file, problems := confFile(etc, snap)
	if file == nil {
		return nil, problems
	}
	plan, more := extconf.Read(file, g.host.Global)
	problems = append(slices.Clone(problems), more...)
	applications := make([]string, 0, len(g.applications))
	for _, a := range g.applications {
		applications = append(applications, a.name)
	}
	slices.Sort(applications)
	functions := slices.Sorted(maps.Keys(g.functions))
	for _, e := range plan.Entries {
		if e.Priority < 1 {
			continue
		}
		pos := config.Pos{File: e.File, Line: e.Line}
		if g.application(e.Application) == nil {
			problems = append(problems, config.Problem{Pos: pos, Warning: true, Code: dialplan.CodeApplication, Want: config.DidYouMean(e.Application, applications),
				What: fmt.Sprintf("context %q: extension %q: no application %q; a call that comes here is hung up", e.Context, e.Pattern, e.Application)})
		}
		for _, f := range subst.Calls(e.Data) {
			if name := f.Name; g.functions[name] == nil {
				problems = append(problems, config.Problem{Pos: pos, Warning: true, Code: dialplan.CodeFunction, Want: config.DidYouMean(name, functions),
					What: fmt.Sprintf("context %q: extension %q: no function %s(); it gives nothing", e.Context, e.Pattern, name)})
			}
		}
	}
	return plan, problems
}

// confFile is extensions.conf as the configuration has read it, or read now when there is no configuration.
func confFile(etc fs.FS, snap *config.Snapshot) (*config.File, []config.Problem) {
	if snap != nil {
		if f := snap.File(extconf.FileName); f != nil {
			return f, f.Problems
		}
		return nil, nil
	}
	if _, err := fs.Stat(etc, extconf.FileName); err != nil {
		return nil, nil
	}
	return config.Parse(etc, extconf.FileName, config.ParseOptions{})
}

// InForce is told when the generation begins to take calls: its [globals] then hold for all, and the plugins' own states are its.
func (g *Generation) InForce() {
	defer g.activate()
	if g.conf == nil {
		return
	}
	if g.conf.Options.ClearGlobalVars {
		g.host.clearGlobals()
	}
	for _, v := range g.conf.Globals {
		g.host.SetGlobal(v.Name, v.Value)
	}
}

// environment is what ${…} sees in a call. It lives as long as one expansion.
type environment struct {
	c *call
	l *lua.LState
}

// Variable is a variable of the channel.
func (e environment) Variable(name string) (string, bool) { return e.c.variable(name) }

// Function evaluates one of the plugins' functions.
func (e environment) Function(call string) (string, bool) {
	if !strings.HasSuffix(call, ")") {
		call += ")" // Asterisk reads a function that is not closed to the end
	}
	return e.c.callFunction(e.l, call)
}

// Warn logs what is wrong with the text.
func (e environment) Warn(what string) { e.c.log.Warn().Msg(printable(what)) }

// expand replaces ${…} and $[…] in text.
func (c *call) expand(l *lua.LState, text string) string {
	return subst.Expand(text, environment{c, l})
}

// priorities is chan:priorities(): the lines of the extension that runs, ascending; an extension in Lua has none.
func priorities(c *call, l *lua.LState, ch *channel.Channel) int {
	p := ch.Place()
	list := l.CreateTable(8, 0)
	for _, e := range c.gen.index.Priorities(p.Context, p.Exten, ch.CallerID().Number, p.Priority) {
		if e.Source != dialplan.Conf {
			continue
		}
		t := l.CreateTable(0, 3)
		t.RawSetString("priority", lua.LNumber(e.Priority))
		t.RawSetString("application", lua.LString(e.Application))
		t.RawSetString("data", lua.LString(e.Data))
		list.Append(t)
	}
	l.Push(list)
	return 1
}

// execute is chan:execute(application, arguments): how it ended, as a number for the caller to return; or nil and why not.
func execute(c *call, l *lua.LState, ch *channel.Channel) int {
	name := l.CheckString(2)
	a := c.gen.application(name)
	if a == nil || ch != c.ch {
		l.Push(lua.LNil)
		return 1 + pushString(l, fmt.Sprintf("no application %q", name))
	}
	l.Push(lua.LNumber(c.perform(l, a, l.OptString(3, ""))))
	return 1
}

// expand is chan:expand(text).
func expand(c *call, l *lua.LState, ch *channel.Channel) int {
	if ch != c.ch {
		l.ArgError(1, "only the script's own channel can be asked")
	}
	return pushString(l, c.expand(l, l.CheckString(2)))
}
