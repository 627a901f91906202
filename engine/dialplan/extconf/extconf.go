// Package extconf reads extensions.conf: what package config made of the file becomes extensions, includes and globals.
//
//	config.File ─Read─► Plan ─Fill─► dialplan.Builder
//
// It runs nothing and looks nothing up: an application is its name and its arguments as they stand there.
package extconf

import (
	"fmt"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/dialplan/subst"
	"asterism/engine/dialplan/timing"
)

// FileName is the file in the configuration directory.
const FileName = "extensions.conf"

// Options is [general], as far as it matters here.
type Options struct {
	NoAutoFallThrough bool // autofallthrough=no: at the end of an extension digits are waited for
	ClearGlobalVars   bool // clearglobalvars=yes: a reload forgets the globals that the file does not set
}

// Global is one line of [globals], its value expanded.
type Global struct{ Name, Value string }

// Plan is what one extensions.conf says.
type Plan struct {
	Options  Options
	Globals  []Global
	Entries  []dialplan.Entry // in the order of the file
	contexts []string
	includes []dialplan.Include
	notes    []note
}

type note struct {
	context string
	dialplan.Note
}

// Fill adds the plan to b.
func (p *Plan) Fill(b *dialplan.Builder) {
	for _, c := range p.contexts {
		b.Context(c, dialplan.Conf)
	}
	for _, e := range p.Entries {
		b.Add(e)
	}
	for _, in := range p.includes {
		b.IncludeWhen(in)
	}
	for _, n := range p.notes {
		b.Note(n.context, n.Note)
	}
}

// Read reads f. global is a global variable that was set before, for ${…} in [globals], extensions and includes; nil: there are none. Lines
// that are wrong are left out, each with a problem.
func Read(f *config.File, global func(name string) (string, bool)) (*Plan, []config.Problem) {
	r := &reader{plan: &Plan{}, globals: map[string]string{}, before: global}
	for _, s := range f.Sections {
		switch {
		case s.Template:
		case strings.EqualFold(s.Name, "general"):
			r.general(s)
		case strings.EqualFold(s.Name, "globals"):
			r.readGlobals(s)
		}
	}
	for _, s := range f.Sections {
		if !s.Template && !strings.EqualFold(s.Name, "general") && !strings.EqualFold(s.Name, "globals") {
			r.context(s)
		}
	}
	return r.plan, r.problems
}

type reader struct {
	plan     *Plan
	problems []config.Problem
	globals  map[string]string
	before   func(string) (string, bool)
	pos      config.Pos // of the line that is read

	// the context that is read
	name    string
	exten   string // of the last exten =>, for same =>
	cid     string
	hasCID  bool
	last    int // the last priority; 0 before the first
	labels  map[string]int
	skipped bool // the last exten => was wrong, and so is every same => under it
}

func (r *reader) errorf(want, format string, args ...any) {
	r.problems = append(r.problems, config.Problem{Pos: r.pos, What: fmt.Sprintf(format, args...), Want: want})
}

func (r *reader) warnf(want, format string, args ...any) {
	r.problems = append(r.problems, config.Problem{Pos: r.pos, Warning: true, What: fmt.Sprintf(format, args...), Want: want})
}

// general reads [general]. Options that speak of Asterisk's insides, or of writing the file back, have no effect and need no word.
func (r *reader) general(s *config.Section) {
	for _, o := range s.Options {
		r.pos = o.Pos
		on := yes(o.Value)
		switch strings.ToLower(o.Name) {
		case "autofallthrough":
			r.plan.Options.NoAutoFallThrough = !on
		case "clearglobalvars":
			r.plan.Options.ClearGlobalVars = on
		case "static", "writeprotect", "extenpatternmatchnew", "userscontext":
		case "overrideswitch":
			r.warnf("remove it", "overrideswitch is not supported: a switch cannot come before the extensions")
		default:
			r.warnf("remove it", "[general] has no option %q", o.Name)
		}
	}
}

func (r *reader) readGlobals(s *config.Section) {
	for _, o := range s.Options {
		r.pos = o.Pos
		value := r.expand(o.Value)
		r.globals[o.Name] = value
		r.plan.Globals = append(r.plan.Globals, Global{o.Name, value})
	}
}

// Variable, Function and Warn are the environment of ${…} where no channel is: globals only.
func (r *reader) Variable(name string) (string, bool) {
	if v, ok := r.globals[name]; ok {
		return v, true
	}
	if r.before != nil {
		return r.before(name)
	}
	return "", false
}

// Function: there is no channel to ask.
func (r *reader) Function(call string) (string, bool) {
	name, args, _ := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	if name == "GLOBAL" {
		return r.Variable(args)
	}
	r.warnf("write the value itself", "function %s cannot be asked while the file is read", call)
	return "", false
}

// Warn reports what is wrong with a ${…}.
func (r *reader) Warn(what string) { r.warnf("", "%s", what) }

func (r *reader) expand(s string) string { return subst.Expand(s, r) }

func (r *reader) context(s *config.Section) {
	r.name, r.exten, r.cid, r.hasCID, r.last, r.skipped = s.Name, "", "", false, 0, false
	r.labels = map[string]int{}
	r.plan.contexts = append(r.plan.contexts, s.Name)
	for _, o := range s.Options {
		r.pos = o.Pos
		switch strings.ToLower(o.Name) {
		case "exten":
			r.extension(o.Value)
		case "same":
			r.same(o.Value)
		case "include":
			r.include(o.Value)
		case "ignorepat":
			r.note("Ignore pattern =>", r.expand(o.Value))
		case "switch", "lswitch", "eswitch":
			r.lookElsewhere(o)
		case "autohints":
			if yes(o.Value) {
				r.warnf("write exten => NUMBER,hint,DEVICE", "autohints is not supported")
			}
		default:
			r.errorf("write exten =>, same => or include =>", "context %q: unknown directive %q", s.Name, o.Name)
		}
	}
}

func (r *reader) note(kind, text string) {
	r.plan.notes = append(r.plan.notes, note{r.name, dialplan.Note{Kind: kind, Text: text, Source: dialplan.Conf}})
}

// lookElsewhere reads switch => TECH/data. That of Lua is always there: a context of extensions.lua with the same name.
func (r *reader) lookElsewhere(o config.Option) {
	tech, _, _ := strings.Cut(o.Value, "/")
	if !strings.EqualFold(strings.TrimSpace(tech), "Lua") {
		r.warnf("remove it, or write what it should find into extensions.lua", "context %q: %s => %s is not supported and finds nothing", r.name, o.Name, o.Value)
	}
	r.note("Alt. Switch =>", o.Value)
}

// include reads context[,times,weekdays,days,months[,zone]], with | for the comma in old files.
func (r *reader) include(value string) {
	value = r.expand(value)
	name, times := value, ""
	if i := strings.IndexAny(value, ",|"); i >= 0 {
		name, times = value[:i], strings.TrimSpace(value[i+1:])
	}
	name = strings.TrimSpace(name)
	in := dialplan.Include{Context: r.name, Included: name, Written: value, Source: dialplan.Conf, File: r.pos.File, Line: r.pos.Line}
	if name == "" {
		r.errorf("write include => CONTEXT", "context %q: include without a name", r.name)
		return
	}
	if times != "" {
		when, err := timing.Parse(times)
		if err != nil {
			r.errorf("", "context %q includes %q: %v", r.name, name, err)
			return
		}
		in.When = &when
	}
	r.plan.includes = append(r.plan.includes, in)
}

// yes is Asterisk's reading of an option: what is neither true nor false is false.
func yes(v string) bool {
	on, _ := config.Bool(v)
	return on
}
