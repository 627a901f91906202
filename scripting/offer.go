package scripting

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Arguments says what an application takes, for those who read a dialplan without running it. A plugin writes it beside `run`:
//
//	takes = "targets!, seconds, options", options = "cgr", ignored = "LS"
//
// and for a function beside get and set: takes = "item!", items = "name num all". Words that are acted on: targets (Tech/resource joined by
// &), prompts (names joined by &), options (letters, each with an argument in parentheses or without), seconds, ms, max, attempts (numbers),
// key (family/key), cause (of a hang-up), item (one of items), assignment (NAME=value), place (the last one: [[context,]exten,]priority), branches
// (condition?place:place). What ends in ! has to be there.
type Arguments struct {
	Takes            string // a word for each argument, in order, commas between; "" if nothing is known
	Options, Ignored string // the letters that are acted on, and those that are accepted only
	Items            string // what an item may be, in any case, blanks between
}

// readArguments reads them from the table beside `run`.
func readArguments(t *lua.LTable) Arguments {
	text := func(name string) string { return lua.LVAsString(t.RawGetString(name)) }
	return Arguments{Takes: text("takes"), Options: text("options"), Ignored: text("ignored"), Items: text("items")}
}

// offer is what a plugin's table brings.
type offer struct {
	apps  []*application
	funcs []*function
	cmds  []*command
	odd   []string // what is no part of a plugin
}

// readOffer reads a plugin's table; bad is what is wrong with it.
func readOffer(p *plugin, table *lua.LTable) (o offer, bad string) {
	section(table, "applications", func(name string, v lua.LValue) {
		a := &application{name: name, plugin: p}
		if t, ok := v.(*lua.LTable); ok {
			a.raw, a.synopsis = described(t)
			a.arguments = readArguments(t)
			v = t.RawGetString("run")
		}
		if v.Type() != lua.LTFunction {
			bad = fmt.Sprintf("applications.%s is a %s; write a function, or a table with run", name, v.Type())
		}
		o.apps = append(o.apps, a)
	})
	section(table, "functions", func(name string, v lua.LValue) {
		f := &function{name: name, plugin: p}
		if t, ok := v.(*lua.LTable); ok {
			f.raw, f.synopsis = described(t)
			f.arguments = readArguments(t)
			if v = t.RawGetString("get"); v == lua.LNil {
				v = t.RawGetString("set")
			}
		}
		if v.Type() != lua.LTFunction {
			bad = fmt.Sprintf("functions.%s is a %s; write a function, or a table with get and set", name, v.Type())
		}
		o.funcs = append(o.funcs, f)
	})
	if bad == "" {
		o.cmds, bad = readOwn(p, table)
	}
	if bad == "" {
		p.features, bad = readFeatures(p, table)
	}
	if v := table.RawGetString("module"); bad == "" && v != lua.LNil {
		bad = checkModule(p.name, v)
		p.module = bad == ""
	}
	o.odd = oddParts(table)
	return o, bad
}

// checkModule says what is wrong with what a plugin offers others as pbx.NAME.
func checkModule(name string, v lua.LValue) (bad string) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Sprintf("module is a %s; write a table of functions", v.Type())
	}
	for f, v := range fields(t) {
		if v.Type() != lua.LTFunction {
			return fmt.Sprintf("module.%s is a %s; write a function", f, v.Type())
		}
	}
	if api := newHostAPI(); api.groups[name] || api.functions[name] != nil || api.values[name] != nil {
		return fmt.Sprintf("module: pbx.%s is there already; give the plugin another name", name)
	}
	return ""
}

func described(t *lua.LTable) (raw bool, synopsis string) {
	return lua.LVAsBool(t.RawGetString("raw")), lua.LVAsString(t.RawGetString("synopsis"))
}

// take adds an offer to the generation; a name that is taken stays with who had it first.
func (g *Generation) take(o offer) (warnings []string) {
	warnings = append(warnings, o.odd...)
	for _, a := range o.apps {
		key := strings.ToLower(a.name)
		if first := g.applications[key]; first != nil {
			warnings = append(warnings, fmt.Sprintf("application %s is that of plugin %s already; this one is not used", a.name, first.plugin.name))
			continue
		}
		g.applications[key] = a
	}
	for _, f := range o.funcs {
		if first := g.functions[f.name]; first != nil {
			warnings = append(warnings, fmt.Sprintf("function %s is that of plugin %s already; this one is not used", f.name, first.plugin.name))
			continue
		}
		g.functions[f.name] = f
	}
	for _, cmd := range o.cmds {
		key := strings.ToLower(cmd.name)
		if first := g.commands[key]; first != nil {
			warnings = append(warnings, fmt.Sprintf("command %q is that of plugin %s already; this one is not used", cmd.name, first.plugin.name))
			continue
		}
		g.commands[key] = cmd
	}
	return warnings
}

// section walks over one table of a plugin, by name.
func section(table *lua.LTable, name string, f func(string, lua.LValue)) {
	t, ok := table.RawGetString(name).(*lua.LTable)
	if !ok {
		return
	}
	entries := fields(t)
	for _, k := range slices.Sorted(maps.Keys(entries)) {
		f(k, entries[k])
	}
}
