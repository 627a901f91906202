package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// Bounds of one Parse. Templates multiply what a file says, so its size alone is no bound.
const (
	maxLine         = 8191    // bytes, as Asterisk's own buffer
	maxFileSize     = 8 << 20 // bytes
	maxFiles        = 1000    // opened by one Parse, includes counted each time
	maxDepth        = 10      // of #include, as in Asterisk
	maxCommentDepth = 128     // of ;-- --;
	maxValue        = 64 << 10
	maxOptions      = 200_000
	maxProblems     = 1000
)

// ParseOptions says what a file may reach beside its own fs.FS. The zero value reaches nothing.
type ParseOptions struct {
	Dir      string                               // host path of the fs.FS, so that absolute includes below it are understood; may be ""
	Absolute fs.FS                                // the host's root, for includes by absolute path; nil: they are refused
	Exec     func(command string) ([]byte, error) // runs #exec and gives its output; nil: #exec is refused
}

// Parse reads one file of Asterisk's format with all it includes: templates are applied, comments are gone.
// The File is nil only if name itself cannot be read. A line or a section that is wrong is left out.
func Parse(fsys fs.FS, name string, o ParseOptions) (*File, []Problem) {
	p := &parser{fsys: fsys, opt: o, file: &File{Name: name}}
	if !p.read(fsys, name, name, Pos{File: name}) {
		return nil, p.problems
	}
	return p.file, p.problems
}

// parser holds the state that goes through includes. cur is where options go; a section that was refused still
// collects them, but is not in file.
type parser struct {
	fsys     fs.FS
	opt      ParseOptions
	file     *File
	cur      *Section
	problems []Problem

	stack   []string // names of the files being read, outermost first
	opened  int
	options int // created so far, inherited ones too
}

func (p *parser) report(warning bool, pos Pos, what, want string) {
	switch {
	case len(p.problems) < maxProblems:
		p.problems = append(p.problems, Problem{Pos: pos, Warning: warning, What: what, Want: want})
	case len(p.problems) == maxProblems:
		p.problems = append(p.problems, Problem{Pos: pos, What: "too many problems", Want: "the rest is not shown"})
	}
}

func (p *parser) errorf(pos Pos, want, format string, args ...any) {
	p.report(false, pos, fmt.Sprintf(format, args...), want)
}

func (p *parser) warnf(pos Pos, want, format string, args ...any) {
	p.report(true, pos, fmt.Sprintf(format, args...), want)
}

// text reads the lines of one file. Comments cannot reach over its end.
func (p *parser) text(name string, data []byte) {
	var c comments
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	for line := 1; len(data) > 0; line++ {
		var raw []byte
		raw, data, _ = bytes.Cut(data, []byte("\n"))
		pos := Pos{name, line}
		if len(raw) > maxLine {
			p.warnf(pos, fmt.Sprintf("keep lines under %d bytes; += adds to a value", maxLine+1), "line of %d bytes is skipped", len(raw))
			continue
		}
		text, ok := c.strip(string(raw), line)
		if !ok {
			p.errorf(pos, "", "comments are nested more than %d deep", maxCommentDepth)
		}
		if text = strip(text); text != "" {
			p.line(text, pos)
		}
	}
	if len(c.open) > 0 {
		p.errorf(Pos{name, c.open[len(c.open)-1]}, "end it with --;", "comment ;-- is not closed before the end of the file")
	}
}

// strip removes blanks and control bytes from both ends, as Asterisk does: never part of a UTF-8 letter.
func strip(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

func (p *parser) line(text string, pos Pos) {
	switch text[0] {
	case '[':
		p.section(text, pos)
	case '#':
		p.directive(text, pos)
	default:
		p.option(text, pos)
	}
}

// section reads "[name]" or "[name](!,template,+filter)". Whatever is wrong with it, the options under it
// never fall to the section before.
func (p *parser) section(text string, pos Pos) {
	name, rest, ok := strings.Cut(text[1:], "]")
	name = strip(name)
	s := &Section{Name: name, Pos: pos}
	p.cur = s
	switch {
	case !ok:
		p.errorf(pos, "write [name]", "section without a closing ]")
		return
	case name == "":
		p.errorf(pos, "write [name]", "section without a name")
		return
	}
	if tail := strip(rest); strings.HasPrefix(tail, "(") && !strings.HasPrefix(rest, "(") {
		p.warnf(pos, fmt.Sprintf("write [%s]%s", name, tail), "%q is ignored because of the blank before it", tail)
		rest = ""
	}
	var list string
	if strings.HasPrefix(rest, "(") {
		if list, _, ok = strings.Cut(rest[1:], ")"); !ok {
			p.errorf(pos, "write "+text+")", "section %q: list without a closing )", name)
			return
		}
	}
	appended := false
	for _, item := range strings.Split(list, ",") {
		switch item = strip(item); {
		case item == "":
		case item == "!":
			p.cur.Template = true
		case item[0] == '+':
			target := p.find(name, item[1:], pos)
			if target == nil {
				p.errorf(pos, "define the section first; a template needs (+TEMPLATES=include)", "section %q: nothing to add to", name)
				p.cur = &Section{Name: name, Pos: pos}
				return
			}
			target.Template = target.Template || p.cur.Template
			target.Options = append(target.Options, p.cur.Options...)
			p.cur, appended = target, true
		default:
			if !p.inherit(item, pos) {
				p.cur = &Section{Name: name, Pos: pos}
				return
			}
		}
	}
	if !appended {
		p.file.Sections = append(p.file.Sections, p.cur)
	}
}

// inherit copies what the first section called base says so far into the current one.
func (p *parser) inherit(base string, pos Pos) bool {
	for _, s := range p.file.Sections {
		if !strings.EqualFold(s.Name, base) {
			continue
		}
		if !p.room(len(s.Options), pos) {
			return false
		}
		p.cur.Options = append(p.cur.Options, s.Options...)
		return true
	}
	p.errorf(pos, fmt.Sprintf("define [%s](!) above it", base), "section %q: no template or section %q to inherit from", p.cur.Name, base)
	return false
}

// room books n options; beyond the bound the section is refused.
func (p *parser) room(n int, pos Pos) bool {
	if p.options+n > maxOptions {
		p.errorf(pos, "inherit less", "the file has more than %d options", maxOptions)
		return false
	}
	p.options += n
	return true
}

// find gives the section that a (+) speaks of: the first of that name, or the first that also has, for each
// "name=value" of filter, an option both regular expressions match. TEMPLATES=include|restrict lets templates in.
func (p *parser) find(name, filter string, pos Pos) *Section {
	type pair struct{ name, value *regexp.Regexp }
	var pairs []pair
	include, restrict := false, false
	for _, expr := range strings.Split(filter, "&") {
		if expr = strip(expr); expr == "" {
			continue
		}
		n, v, ok := strings.Cut(expr, "=")
		n, v = strip(n), strip(v)
		if n == "TEMPLATES" {
			include = include || strings.EqualFold(v, "include")
			restrict = restrict || strings.EqualFold(v, "restrict")
			continue
		}
		nameRE, err := regexp.CompilePOSIX(n)
		valueRE, err2 := regexp.CompilePOSIX(v)
		if !ok || err != nil || err2 != nil {
			p.errorf(pos, "write (+option=value&option=value), both as regular expressions", "section %q: bad filter %q", name, expr)
			return nil
		}
		pairs = append(pairs, pair{nameRE, valueRE})
	}
next:
	for _, s := range p.file.Sections {
		if !strings.EqualFold(s.Name, name) || s.Template && !include && !restrict || !s.Template && restrict {
			continue
		}
		for _, want := range pairs {
			if !anyOption(s, func(o Option) bool { return want.name.MatchString(o.Name) && want.value.MatchString(o.Value) }) {
				continue next
			}
		}
		return s
	}
	return nil
}

func anyOption(s *Section, fits func(Option) bool) bool {
	for _, o := range s.Options {
		if fits(o) {
			return true
		}
	}
	return false
}

// option reads "name = value", "name => value" or "name += value". A backslash makes a name of what would
// else begin a section or a directive.
func (p *parser) option(text string, pos Pos) {
	if p.cur == nil {
		p.errorf(pos, "put [general] or the section it belongs to above it", "%q stands before the first section", word(text))
		p.cur = &Section{Pos: pos} // said once; nobody sees these options
		return
	}
	skip := 0
	if text[0] == '\\' {
		if text = text[1:]; text == "" || text[0] <= ' ' {
			p.errorf(pos, `write \# or \[ at the start of a name`, "backslash with nothing to protect")
			return
		}
		skip = 1
	}
	eq := strings.IndexByte(text[skip:], '=')
	if eq < 0 {
		p.warnf(pos, "write name = value", "line %q … has no =", word(text))
		return
	}
	eq += skip
	name, value := text[:eq], text[eq+1:]
	add := len(name) > skip && name[len(name)-1] == '+'
	o := Option{Pos: pos}
	if add {
		name = name[:len(name)-1]
	} else if strings.HasPrefix(value, ">") {
		o.Arrow, value = true, value[1:]
	}
	if o.Name = strip(name); o.Name == "" {
		p.warnf(pos, "write name = value", "value without a name")
		return
	}
	if add && p.extend(o.Name, value, pos) {
		return
	}
	o.Value = strip(value)
	if p.room(1, pos) {
		p.cur.Options = append(p.cur.Options, o)
	}
}

// extend adds value to the last option of that name, with nothing between, and says whether there was one.
func (p *parser) extend(name, value string, pos Pos) bool {
	for i := len(p.cur.Options) - 1; i >= 0; i-- {
		o := &p.cur.Options[i]
		if !strings.EqualFold(o.Name, name) {
			continue
		}
		if len(o.Value)+len(value) > maxValue {
			p.errorf(pos, "", "value of %q is longer than %d bytes", name, maxValue)
			return true
		}
		o.Value = strip(o.Value + value)
		return true
	}
	return false
}

// word is the first word of a line; the rest may be a secret and is not quoted.
func word(s string) string {
	if i := strings.IndexAny(s, " \t="); i > 0 {
		s = s[:i]
	}
	return clip(s)
}

// clip shortens what a message quotes.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
