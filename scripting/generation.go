package scripting

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/dialplan/calendar"
	"asterism/engine/dialplan/extconf"

	lua "github.com/yuin/gopher-lua"
)

// dialplanFile is the file the dialplan in Lua begins in.
const dialplanFile = "extensions.lua"

// Generation is one loaded dialplan with its plugins. It is immutable and shared by all calls that began with it.
type Generation struct {
	host     *Host
	asterisk config.Asterisk
	snap     *config.Snapshot // nil in tests
	index    *dialplan.Index
	files    *tree         // beside extensions.lua
	main     *chunk        // extensions.lua; nil if there is only extensions.conf
	conf     *extconf.Plan // extensions.conf; nil if there is none
	options  extconf.Options
	holidays map[string]*calendar.Calendar // the .ics files beside extensions.lua

	applications map[string]*application // by lower-case name
	functions    map[string]*function
	commands     map[string]*command
	plugins      map[string]*plugin
	can          capabilities
}

// Load compiles every Lua file of etc and every plugin, reads extensions.conf, runs extensions.lua once in a scratch state, and checks
// what came of it. One of the two dialplans is enough.
// All findings are returned, each with file and line; the Generation is nil only if there is no usable dialplan.
func (h *Host) Load(etc fs.FS, snap *config.Snapshot) (*Generation, []config.Problem) {
	g := &Generation{host: h, index: &dialplan.Index{}, applications: map[string]*application{}, functions: map[string]*function{},
		commands: map[string]*command{}, plugins: map[string]*plugin{}, snap: snap}
	if snap != nil {
		g.asterisk, g.snap = snap.Asterisk, snap
	}
	roots := h.cfg.Plugins
	if own, err := fs.Sub(etc, "plugins"); err == nil {
		roots = append([]fs.FS{own}, roots...)
	}
	can, problems := readCapabilities(snap)
	g.can = can
	problems = append(problems, g.loadPlugins(roots)...)
	problems = append(problems, g.readCalendars(etc)...)
	problems = append(problems, g.checkMailboxes()...)
	files, err := readTree(etc, "", func(f string) bool { return f == "plugins" })
	if err != nil {
		return nil, append(problems, config.Problem{Pos: config.Pos{File: dialplanFile}, What: "the directory cannot be read: " + err.Error()})
	}
	var found []config.Problem
	g.conf, found = g.readConf(etc, snap)
	problems = append(problems, found...)
	if g.conf != nil {
		g.options = g.conf.Options
	}
	g.files, g.main = files, files.chunks[dialplanFile]
	if g.main == nil {
		err := files.errs[dialplanFile]
		switch {
		case err == nil && g.conf == nil:
			err = &syntaxError{config.Problem{Pos: config.Pos{File: dialplanFile}, What: "no such file, and no extensions.conf either",
				Want: `write one with a table: extensions = { ["default"] = { ["100"] = function() app.echo() end } }`}}
			return nil, append(problems, problemOf(err, dialplanFile))
		case err != nil:
			problems = append(problems, problemOf(err, dialplanFile))
			delete(files.errs, dialplanFile)
			if g.conf == nil {
				return nil, problems
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(files.errs)) {
		p := problemOf(files.errs[file], file)
		p.Warning = true // an error only for who requires it, and then the run below says so
		problems = append(problems, p)
	}
	if h.cfg.Trace != nil {
		if err := files.instrument(); err != nil {
			problems = append(problems, problemOf(err, dialplanFile))
		}
	}
	found, ok := g.buildIndex()
	problems = append(toldOnce(problems, found), found...)
	for _, ch := range files.chunks {
		ch.tree = nil
	}
	if !ok {
		return nil, problems
	}
	return g, problems
}

// toldOnce is problems without the warnings that found has as errors: of a broken file that is required.
func toldOnce(problems, found []config.Problem) []config.Problem {
	return slices.DeleteFunc(problems, func(p config.Problem) bool {
		return p.Warning && slices.ContainsFunc(found, func(o config.Problem) bool { return !o.Warning && o.Error() == p.Error() })
	})
}

// buildIndex puts both dialplans into one index.
func (g *Generation) buildIndex() (problems []config.Problem, ok bool) {
	r := &reader{where: newPositions()}
	r.builder.Now = g.host.cfg.Clock.Now
	if g.conf != nil {
		g.conf.Fill(&r.builder)
	}
	if g.main != nil {
		problems, ok := g.readTables(r)
		if !ok && g.conf == nil {
			return problems, false
		}
		if !ok {
			g.main = nil
		}
		r.problems = append(r.problems, problems...)
	}
	r.problems = append(r.problems, g.fillFeatures(&r.builder)...)
	index, found := r.builder.Build()
	for _, p := range found {
		// A circle of includes is what pbx_lua dies of, so it is an error here although look-ups would survive it.
		file := cmp.Or(p.File, dialplanFile)
		circle := strings.Contains(p.What, "in a circle") && strings.HasSuffix(file, ".lua")
		r.problems = append(r.problems, config.Problem{Pos: config.Pos{File: file, Line: p.Line}, Warning: p.Warning && !circle, What: p.What, Code: p.Code})
	}
	g.index = index
	return r.problems, true
}

// readTables runs extensions.lua in a scratch state and reads its tables; false if there is nothing to read.
func (g *Generation) readTables(r *reader) (problems []config.Problem, ok bool) {
	c, err := g.newCall(nil, &g.host.cfg.Log)
	if err != nil {
		return []config.Problem{problemOf(err, dialplanFile)}, false
	}
	defer c.close()
	for _, file := range slices.Sorted(maps.Keys(g.files.chunks)) {
		r.where.add(g.files.chunks[file])
	}
	extensions, isTable := c.l.G.Global.RawGetString("extensions").(*lua.LTable)
	if !isTable {
		return []config.Problem{{Pos: config.Pos{File: dialplanFile}, What: "no global table `extensions`",
			Want: `write extensions = { ["default"] = { … } }, without local`}}, false
	}
	r.contexts(extensions)
	switch hints := c.l.G.Global.RawGetString("hints").(type) {
	case *lua.LTable:
		r.hints(hints)
	case *lua.LNilType:
	default:
		r.problem(r.where.value("hints"), true, "hints is a %s and is ignored; write a table of contexts", hints.Type())
	}
	return nil, true
}

// reader turns the tables of extensions.lua into a dialplan.
type reader struct {
	where    *positions
	builder  dialplan.Builder
	problems []config.Problem
}

func (r *reader) problem(pos config.Pos, warning bool, format string, args ...any) {
	r.problems = append(r.problems, config.Problem{Pos: pos, Warning: warning, What: fmt.Sprintf(format, args...)})
}

func (r *reader) contexts(extensions *lua.LTable) {
	for _, k := range ordered(extensions) {
		name, ok := k.(lua.LString)
		if !ok {
			r.problem(r.where.value(k.String()), false, "extensions[%s]: the name of a context is a string, not a %s", k, k.Type())
			continue
		}
		v := extensions.RawGet(k)
		t, ok := v.(*lua.LTable)
		if !ok {
			r.problem(r.where.value(string(name)), false, "context %q is a %s; write a table of extensions", string(name), v.Type())
			continue
		}
		r.context(string(name), t)
	}
}

func (r *reader) context(name string, t *lua.LTable) {
	r.builder.Context(name, dialplan.Lua)
	for _, k := range ordered(t) {
		v := t.RawGet(k)
		pattern, ok := extensionKey(k)
		switch {
		case !ok:
			r.problem(r.where.key(name, k.String()), false, "context %q: an extension's key is a string or a number, not a %s", name, k.Type())
		case pattern == "include":
			r.includes(name, v)
		case strings.EqualFold(pattern, "include"): // passed over, as in Asterisk
			r.problem(r.where.key(name, pattern), true, "context %q: %q is ignored; write include in lower case", name, pattern)
		default:
			r.extension(name, pattern, k, v)
		}
	}
}

// ordered are a table's keys by their text: Lua keeps no order, and the same file shall have the same findings every time.
func ordered(t *lua.LTable) (keys []lua.LValue) {
	t.ForEach(func(k, _ lua.LValue) { keys = append(keys, k) })
	slices.SortFunc(keys, func(a, b lua.LValue) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// extensionKey is an extension's key as text; a number is its decimal text.
func extensionKey(k lua.LValue) (string, bool) {
	switch key := k.(type) {
	case lua.LString:
		return string(key), true
	case lua.LNumber:
		return numberText(key), true
	}
	return "", false
}

func (r *reader) extension(context, pattern string, key, v lua.LValue) {
	pos := r.where.key(context, pattern)
	e := dialplan.Entry{Context: context, Pattern: pattern, Priority: 1, Application: "Lua", Source: dialplan.Lua, File: pos.File, Line: pos.Line, Value: key}
	if fn, ok := v.(*lua.LFunction); ok && fn.Proto != nil {
		if made := strings.HasPrefix(fn.Proto.SourceName, "plugins/"); !made || pos.File == "" { // what a plugin made for the site stands where the site put it
			e.File, e.Line = fn.Proto.SourceName, fn.Proto.LineDefined
		}
		e.Data = fmt.Sprintf("function at %s:%d", e.File, e.Line)
	} else if !callable(v) {
		r.problem(pos, true, "context %q: extension %q is a %s and cannot be called", context, pattern, v.Type())
	}
	r.builder.Add(e)
}

// callable tells whether calling v can work: a function, or a table that has __call.
func callable(v lua.LValue) bool {
	if t, ok := v.(*lua.LTable); ok {
		if mt, ok := t.Metatable.(*lua.LTable); ok {
			return mt.RawGetString("__call").Type() == lua.LTFunction
		}
	}
	return v.Type() == lua.LTFunction
}

func (r *reader) includes(context string, v lua.LValue) {
	pos := r.where.key(context, "include")
	list, ok := v.(*lua.LTable)
	if !ok {
		r.problem(pos, false, "context %q: include is a %s; write a list of names of contexts", context, v.Type())
		return
	}
	for i := 1; i <= list.Len(); i++ {
		name, ok := list.RawGetInt(i).(lua.LString)
		if !ok {
			r.problem(pos, false, "context %q: include holds a %s; write names of contexts", context, list.RawGetInt(i).Type())
			continue
		}
		at := r.where.included(context, string(name))
		r.builder.Include(context, string(name), dialplan.Lua, at.File, at.Line)
	}
}

// hints registers hints[context][exten] = "device&device"; values that are no strings are passed over, as in Asterisk.
func (r *reader) hints(hints *lua.LTable) {
	for _, k := range ordered(hints) {
		context, isName := k.(lua.LString)
		t, isTable := hints.RawGet(k).(*lua.LTable)
		if !isName || !isTable {
			r.problem(r.where.hint(k.String(), ""), false, "hints[%s] is a %s; write a table of extensions", k, hints.RawGet(k).Type())
			continue
		}
		r.builder.Context(string(context), dialplan.Lua)
		for _, k := range ordered(t) {
			pos := r.where.hint(string(context), k.String())
			exten, ok := extensionKey(k)
			devices, isText := t.RawGet(k).(lua.LString)
			if !ok || !isText {
				r.problem(pos, true, "hints[%q][%s] is a %s and is ignored; write the device as text, \"PJSIP/100\"", string(context), k, t.RawGet(k).Type())
				continue
			}
			r.builder.Add(dialplan.Entry{Context: string(context), Pattern: exten, Priority: dialplan.PriorityHint, Application: "hint",
				Data: string(devices), Source: dialplan.Lua, File: pos.File, Line: pos.Line})
		}
	}
}

// Index answers what there is to dial, before a channel exists; see Find for dialled text from the wire.
func (g *Generation) Index() *dialplan.Index { return g.index }

// dividers are the characters that mean something in an application's arguments and dial strings: they part arguments, legs,
// technology, endpoint and context, or begin an expression.
const dividers = "&,/@^|()${};:\"\\"

func isDivider(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune(dividers, r) }

// Find is Index().Find for a dialled string from the wire, priority 1, mode Match, with one guard more: text that holds a character
// which means something in a dial string (& , / @ …) is found only if the pattern says that character itself. So an
// application may join EXTEN into its arguments: a caller can never add a leg, a context or an option.
func (g *Generation) Find(context, exten, cid string) (dialplan.Entry, bool) {
	return g.find(dialplan.Place{Context: context, Exten: exten, Priority: 1}, cid, dialplan.Match)
}

func (g *Generation) find(p dialplan.Place, cid string, m dialplan.Mode) (dialplan.Entry, bool) {
	e, ok := g.index.Find(p.Context, p.Exten, cid, p.Priority, m)
	if ok && !admits(e.Pattern, p.Exten) {
		return dialplan.Entry{}, false
	}
	return e, ok
}

// admits tells whether every divider in exten stands in the pattern itself.
func admits(pattern, exten string) bool {
	return !strings.ContainsFunc(exten, func(r rune) bool { return isDivider(r) && !strings.ContainsRune(pattern, r) })
}

// application finds an application by its name in any case.
func (g *Generation) application(name string) *application {
	return g.applications[strings.ToLower(name)]
}

// Summary names one application, function or command of a plugin, for `core show applications`.
type Summary struct {
	Name, Plugin, Synopsis string
	Arguments              Arguments // of an application or a function
}

// Applications lists what app.X may be, by name.
func (g *Generation) Applications() []Summary {
	return summaries(g.applications, func(a *application) Summary { return Summary{a.name, a.plugin.name, a.synopsis, a.arguments} })
}

// Functions lists what channel.FUNC() may be, by name.
func (g *Generation) Functions() []Summary {
	return summaries(g.functions, func(f *function) Summary { return Summary{f.name, f.plugin.name, f.synopsis, f.arguments} })
}

// Commands lists the plugins' commands for the command line, by name.
func (g *Generation) Commands() []Summary {
	return summaries(g.commands, func(c *command) Summary { return Summary{Name: c.name, Plugin: c.plugin.name, Synopsis: c.synopsis} })
}

func summaries[T any](m map[string]*T, f func(*T) Summary) []Summary {
	out := make([]Summary, 0, len(m))
	for _, v := range m {
		out = append(out, f(v))
	}
	slices.SortFunc(out, func(a, b Summary) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func namesOf(list []Summary) []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name
	}
	return names
}

// scriptError finds a ScriptError in err.
func scriptError(err error) *ScriptError {
	var e *ScriptError
	if errors.As(err, &e) {
		return e
	}
	return &ScriptError{Message: err.Error()}
}
