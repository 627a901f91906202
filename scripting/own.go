package scripting

import (
	"fmt"
	"maps"
	"math"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"asterism/engine/config"
	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// What a plugin's table says of its own state (service.go) and of its options.

// parts are all that a plugin's table may hold.
var parts = []string{"name", "applications", "functions", "commands", "events", "timers", "tasks", "features", "options", "save", "restore", "module"}

// oddParts names what is no part of a plugin: mostly a typing mistake, which would be missed in silence.
func oddParts(table *lua.LTable) (odd []string) {
	for _, name := range slices.Sorted(maps.Keys(fields(table))) {
		if slices.Contains(parts, name) {
			continue
		}
		what := fmt.Sprintf("%q is no part of a plugin and has no effect", name)
		if near := config.DidYouMean(name, parts); near != "" {
			what += "; " + near
		}
		odd = append(odd, what)
	}
	return odd
}

// readOwn reads commands, events, timers, tasks, save and restore; bad is what is wrong with them.
func readOwn(p *plugin, table *lua.LTable) (cmds []*command, bad string) {
	complain := func(format string, args ...any) {
		if bad == "" {
			bad = fmt.Sprintf(format, args...)
		}
	}
	run := func(part, name string, v lua.LValue) *lua.LTable {
		t, _ := v.(*lua.LTable)
		if t != nil {
			v = t.RawGetString("run")
		}
		if v.Type() != lua.LTFunction {
			complain("%s[%q] is a %s; write a function, or a table with run", part, name, v.Type())
		}
		return t
	}
	p.listens, p.tasks, p.timers = map[string]bool{}, map[string]bool{}, nil
	section(table, "commands", func(name string, v lua.LValue) {
		cmd := &command{name: strings.Join(strings.Fields(name), " "), plugin: p}
		if t := run("commands", name, v); t != nil {
			_, cmd.synopsis = described(t)
		}
		if cmd.name != name || name == "" {
			complain("commands[%q]: write words with one blank between", name)
		}
		cmds = append(cmds, cmd)
	})
	known := factNames()
	section(table, "events", func(name string, v lua.LValue) {
		run("events", name, v)
		if isFactName(name) && !slices.Contains(known, name) {
			complain("events.%s: there is no such event%s; a plugin's own events begin with a small letter", name, orNearest(name, known))
		}
		p.listens[name] = true
	})
	section(table, "tasks", func(name string, v lua.LValue) {
		run("tasks", name, v)
		p.tasks[name] = true
	})
	section(table, "timers", func(name string, v lua.LValue) {
		t := run("timers", name, v)
		if t == nil {
			complain("timers.%s: write a table with run and one of every_ms, at, cron", name)
			return
		}
		timer, err := readTimer(name, t)
		if err != nil {
			complain("timers.%s: %s", name, err)
		}
		p.timers = append(p.timers, timer)
	})
	for _, name := range []string{"save", "restore"} {
		switch v := table.RawGetString(name); v.Type() {
		case lua.LTNil:
		case lua.LTFunction:
			p.needsService = true
		default:
			complain("%s is a %s; write a function", name, v.Type())
		}
	}
	p.needsService = p.needsService || len(p.listens)+len(p.tasks)+len(p.timers)+len(cmds) > 0
	return cmds, bad
}

// leastEvery keeps a timer from being a loop.
const leastEvery = 100 * time.Millisecond

func readTimer(name string, t *lua.LTable) (*timer, error) {
	out, given := &timer{name: name}, 0
	var err error
	if v, ok := t.RawGetString("every_ms").(lua.LNumber); ok {
		given++
		if out.every = toDuration(float64(v)); out.every < leastEvery {
			return nil, fmt.Errorf("every_ms = %s; write at least %d", numberText(v), leastEvery.Milliseconds())
		}
	}
	if v, ok := t.RawGetString("at").(lua.LString); ok {
		given++
		out.schedule, err = parseDaily(string(v))
	}
	if v, ok := t.RawGetString("cron").(lua.LString); ok {
		given++
		out.schedule, err = parseCron(string(v))
	}
	if given != 1 {
		return nil, fmt.Errorf("write one of every_ms = milliseconds, at = \"hh:mm\", cron = \"minute hour day month weekday\"")
	}
	return out, err
}

// isFactName: names of the PBX's own events begin with a capital letter.
func isFactName(name string) bool { return name != "" && unicode.IsUpper(rune(name[0])) }

func factNames() []string {
	var names []string
	for _, f := range event.Facts() {
		names = append(names, reflect.TypeOf(f).Name())
	}
	return names
}

// orNear is orNearest for names that scripts write, of which there are many: it says nothing rather than something far-fetched.
func orNear(name string, known []string) string {
	if near := config.Nearest(name, known, max(1, min(2, len(name)/3))); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func orNearest(name string, known []string) string {
	if near := config.DidYouMean(name, known); near != "" {
		return " (" + near + ")"
	}
	return ""
}

// option is one entry of a plugin's options: name = { type, default, min =, max =, "one", "of" … }.
type option struct {
	kind     string // "string", "integer", "number", "boolean", "choice", or "keys" of a feature
	standard lua.LValue
	min, max float64
	choices  []string
}

var optionKinds = []string{"string", "integer", "number", "boolean", "choice"}

// readOptions checks [general] of the plugin's NAME.conf against its options.
func (g *Generation) readOptions(p *plugin, table *lua.LTable) (problems []config.Problem, err error) {
	options := map[string]option{}
	pos := config.Pos{File: path.Join(p.tree.name, p.init)}
	var bad string
	section(table, "options", func(name string, v lua.LValue) {
		o, what := readOption(v)
		if what != "" && bad == "" {
			bad = "options." + name + ": " + what
		}
		options[name] = o
	})
	for _, f := range p.features {
		if _, twice := options[f.name]; twice {
			bad = "features." + f.name + " and options." + f.name + " are one name; an option of that name has the code"
		}
		options[f.name] = option{kind: "keys", standard: lua.LString(f.code)}
	}
	if bad != "" {
		return nil, &syntaxError{config.Problem{Pos: pos, What: bad}}
	}
	p.values = map[string]lua.LValue{}
	for name, o := range options {
		p.values[name] = o.standard
	}
	if g.snap == nil {
		return nil, nil
	}
	file := g.snap.File(p.name + ".conf")
	if file == nil {
		return nil, nil
	}
	if len(options) > 0 {
		problems = append(problems, file.Problems...)
	}
	for _, sec := range file.Sections {
		if sec.Template {
			continue
		}
		general := strings.EqualFold(sec.Name, "general")
		values := map[string]any{}
		for _, opt := range sec.Options {
			values[opt.Name] = opt.Value
			if !general || len(options) == 0 {
				continue
			}
			o, known := options[strings.ToLower(opt.Name)]
			if !known {
				names := slices.Sorted(maps.Keys(options))
				problems = append(problems, config.Problem{Pos: opt.Pos, Warning: true, What: fmt.Sprintf("option %q is unknown to plugin %s%s", opt.Name, p.name, orNearest(opt.Name, names))})
				continue
			}
			v, want := o.parse(opt.Value)
			if want != "" {
				problems = append(problems, config.Problem{Pos: opt.Pos, What: fmt.Sprintf("%s: %q", opt.Name, opt.Value), Want: "write " + want})
				continue
			}
			p.values[strings.ToLower(opt.Name)] = v
		}
		p.settings = append(p.settings, map[string]any{"name": sec.Name, "options": values})
	}
	return problems, nil
}

func readOption(v lua.LValue) (o option, bad string) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return o, fmt.Sprintf("is a %s; write { type, default }", v.Type())
	}
	o = option{kind: lua.LVAsString(t.RawGetInt(1)), standard: t.RawGetInt(2), min: math.Inf(-1), max: math.Inf(1)}
	if v, ok := t.RawGetString("min").(lua.LNumber); ok {
		o.min = float64(v)
	}
	if v, ok := t.RawGetString("max").(lua.LNumber); ok {
		o.max = float64(v)
	}
	if !slices.Contains(optionKinds, o.kind) {
		return o, fmt.Sprintf("%q is no type; write one of %s", o.kind, strings.Join(optionKinds, ", "))
	}
	for i := 3; i <= t.Len(); i++ {
		o.choices = append(o.choices, lua.LVAsString(t.RawGetInt(i)))
	}
	if o.standard != lua.LNil {
		v, want := o.parse(o.standard.String())
		if want != "" {
			return o, fmt.Sprintf("the default %s is not %s", o.standard, want)
		}
		o.standard = v
	}
	return o, ""
}

// parse reads a value as it stands in a file; want is what should be there instead.
func (o option) parse(text string) (v lua.LValue, want string) {
	switch o.kind {
	case "boolean":
		if b, ok := config.Bool(text); ok {
			return lua.LBool(b), ""
		}
		return nil, "yes or no"
	case "integer", "number":
		n, err := strconv.ParseFloat(text, 64)
		whole := o.kind == "number" || n == math.Trunc(n) && math.Abs(n) < 1<<53
		if err != nil || math.IsNaN(n) || n < o.min || n > o.max || !whole {
			return nil, "a" + map[string]string{"integer": " whole number", "number": " number"}[o.kind] + o.span()
		}
		return lua.LNumber(n), ""
	case "keys":
		if !keysOnly.MatchString(text) {
			return nil, "keys of a telephone (0-9 * # A-D), or nothing to turn it off"
		}
	case "choice":
		if !slices.Contains(o.choices, text) {
			return nil, "one of " + strings.Join(o.choices, ", ")
		}
	}
	return lua.LString(text), ""
}

func (o option) span() string {
	switch {
	case !math.IsInf(o.min, 0) && !math.IsInf(o.max, 0):
		return fmt.Sprintf(" from %g to %g", o.min, o.max)
	case !math.IsInf(o.min, 0):
		return fmt.Sprintf(" of at least %g", o.min)
	case !math.IsInf(o.max, 0):
		return fmt.Sprintf(" of at most %g", o.max)
	}
	return ""
}

// configTable is pbx.config in a state: the options by name, and sections().
func (c *call) configTable(l *lua.LState, plugin string) lua.LValue {
	p := c.gen.plugins[plugin]
	t := l.CreateTable(0, 4)
	meta := l.CreateTable(0, 1)
	meta.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("plugin %s has no option '%s'", plugin, l.Get(2).String())
		return 0
	}))
	if p == nil || p.values == nil {
		meta.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
			l.RaiseError("pbx.config can be read inside functions only, not while the plugin's file runs; and only in plugins")
			return 0
		}))
	} else {
		for name, v := range p.values {
			t.RawSetString(name, v)
		}
	}
	t.Metatable = meta
	return t
}
