package scripting

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// featureContext is the context whose extensions are the plugins' feature codes, but for those that name another one; a dialplan includes it
// where they may be dialled.
const featureContext = "features"

// feature is a code that a plugin answers when a caller dials it.
type feature struct {
	name, synopsis string
	plugin         *plugin
	context        string
	code           string // as the plugin has it; an option of that name in NAME.conf takes its place, and "" turns it off
	pos            config.Pos
	number         string // whether a number may follow: one of followings
}

// followings are what may stand behind a code: nothing, a number or nothing, a number.
var followings = []string{"", "optional", "required"}

var keysOnly = regexp.MustCompile(`^[0-9A-D*#]*$`)

// readFeatures reads a plugin's features; bad is what is wrong with them.
func readFeatures(p *plugin, table *lua.LTable) (list []*feature, bad string) {
	section(table, "features", func(name string, v lua.LValue) {
		t, ok := v.(*lua.LTable)
		if !ok {
			bad = fmt.Sprintf("features.%s is a %s; write a table with code and run", name, v.Type())
			return
		}
		f := &feature{name: name, plugin: p, code: lua.LVAsString(t.RawGetString("code")), number: lua.LVAsString(t.RawGetString("number")),
			context: cmp.Or(lua.LVAsString(t.RawGetString("context")), featureContext)}
		_, f.synopsis = described(t)
		f.pos = config.Pos{File: path.Join(p.tree.name, p.init)}
		run, isFunction := t.RawGetString("run").(*lua.LFunction)
		if isFunction && run.Proto != nil {
			f.pos = config.Pos{File: run.Proto.SourceName, Line: run.Proto.LineDefined}
		}
		switch {
		case !isFunction:
			bad = fmt.Sprintf("features.%s has no function run", name)
		case t.RawGetString("code").Type() != lua.LTString || !keysOnly.MatchString(f.code):
			bad = fmt.Sprintf("features.%s: code is %q; write keys of a telephone in a string, code = \"*72\"", name, f.code)
		case !slices.Contains(followings, f.number):
			bad = fmt.Sprintf("features.%s: number is %q; write \"optional\", \"required\" or nothing", name, f.number)
		}
		list = append(list, f)
	})
	return list, bad
}

// inForce is the code that NAME.conf leaves a feature with.
func (f *feature) inForce() string {
	return lua.LVAsString(f.plugin.values[f.name])
}

// patterns are the extensions that a code makes.
func (f *feature) patterns() []string {
	code := f.inForce()
	switch {
	case code == "":
		return nil
	case f.number == "":
		return []string{code}
	case f.number == "optional":
		return []string{code, "_" + code + "."}
	}
	return []string{"_" + code + "."}
}

// fillFeatures puts the codes of all plugins into their context. What the site's own files have there stays: dialplans are read before.
// A code of a site's plugin takes the place of a shipped one's.
func (g *Generation) fillFeatures(b *dialplan.Builder) (problems []config.Problem) {
	taken := map[string]*feature{}
	byRank := func(a, b *plugin) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name)) }
	for _, p := range slices.SortedFunc(maps.Values(g.plugins), byRank) {
		for _, f := range p.features {
			for _, pattern := range f.patterns() {
				place := f.context + "\x00" + pattern
				if first := taken[place]; first != nil && first.plugin.rank < p.rank {
					continue
				} else if first != nil {
					problems = append(problems, config.Problem{Pos: f.pos, Warning: true, What: fmt.Sprintf(
						"plugin %s: the code %s of feature %s is that of %s.%s already; this one is not used", p.name, f.inForce(), f.name, first.plugin.name, first.name),
						Want: fmt.Sprintf("write another one in [general] of %s.conf: %s = *99", p.name, f.name)})
					continue
				}
				taken[place] = f
				if !b.Has(f.context, pattern, 1) {
					b.Add(dialplan.Entry{Context: f.context, Pattern: pattern, Priority: 1, Application: "Feature", Data: p.name + "." + f.name, Source: dialplan.Lua,
						File: f.pos.File, Line: f.pos.Line, Value: f})
				}
			}
		}
	}
	return problems
}

// dialled is a feature within the call that dialled its code: run(chan, number), number being "" without one. What run returns means
// what it means of an application.
func (c *call) dialled(l *lua.LState, f *feature, exten string) int {
	features, _ := c.plugin(l, f.plugin).table.RawGetString("features").(*lua.LTable)
	var run lua.LValue = lua.LNil
	if features != nil {
		if t, ok := features.RawGetString(f.name).(*lua.LTable); ok {
			run = t.RawGetString("run")
		}
	}
	if run.Type() != lua.LTFunction {
		l.RaiseError("plugin %s: no function for feature %s in this call", f.plugin.name, f.name)
	}
	number := strings.TrimPrefix(exten, f.inForce())
	c.announce("Feature", f.plugin.name+"."+f.name)
	if n := c.runFor(l, run, lua.LString(number)); n != 0 {
		l.Error(lua.LNumber(n), 0)
	}
	return 0
}
