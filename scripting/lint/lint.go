// Package lint reads a dialplan without running it and says what would go wrong: names that nobody has, places that do not exist, options
// that mean nothing.
//
//	*.lua ─syntax tree─► walk: scopes, constants ─► calls of app.X, channel.F ─► findings
//	dialplan.Index, pjsip.conf, sounds ────────────► what is named there  ──────┘     └► less those a comment suppresses
//
// Only what is certain is a finding: an argument that is put together at run time is looked at as far as it is constant. A comment
// `-- asterism: ignore A101` at the end of the line, or on the line above, keeps a finding away; in a .conf file it begins with ;.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/scripting"
)

// Severity of a finding: what Asterisk would do anyway, or what goes wrong.
type Severity string

// An Error ends the call or the load, or rings nobody; a Warning does something else than it seems to say.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong. Line and Column begin with 1; 0 is the file as a whole.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Text     string   `json:"text"`
	Fix      string   `json:"fix,omitempty"` // what to write instead
}

// String is the line that editors and CI read: extensions.lua:12:5: A101: text; fix. A warning has that word after the code.
func (f Finding) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: ", f.File, max(f.Line, 1), max(f.Column, 1), f.Code)
	if f.Severity == Warning {
		s += "warning: "
	}
	s += f.Text
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// Sounds tells which prompts there are; *sound.Library does.
type Sounds interface {
	Has(name, lang string) bool
	// Names are those of all prompts, in any language.
	Names() []string
}

// Input is what is looked at. Generation may be nil when the dialplan cannot be loaded; then only Problems are told. Sounds may be nil:
// no prompt is missed then.
type Input struct {
	Etc        fs.FS
	Snapshot   *config.Snapshot
	Generation *scripting.Generation
	Sounds     Sounds
	Problems   []config.Problem // what reading the configuration and loading the dialplan said
}

// Check gives all findings, by file and line.
func Check(in Input) []Finding {
	c := &checker{in: in, files: map[string][]string{}}
	if in.Generation != nil {
		c.index = in.Generation.Index()
	}
	c.partial = slices.ContainsFunc(in.Problems, func(p config.Problem) bool {
		return !p.Warning && path.Ext(p.File) == ".lua" && !strings.HasPrefix(p.File, "plugins/")
	})
	for _, p := range in.Problems {
		c.problem(p)
	}
	if in.Generation != nil {
		c.names()
		c.lua()
		c.conf()
		c.unreachable()
		c.endpoints()
	}
	return c.result()
}

// checker gathers the findings of one directory.
type checker struct {
	in    Input
	index *dialplan.Index
	found []Finding
	// partial: extensions.lua did not load, so that a place that is not there may be one of its.
	partial bool
	files   map[string][]string // lines

	applications map[string]scripting.Summary // by lower-case name
	functions    map[string]scripting.Summary
	globals      map[string][]string
	own          map[string]bool // globals that the site's own files set
	recorded     []string        // names of prompts
	broken       map[string]bool // words of plugins that do not load
}

func (c *checker) add(code string, severity Severity, pos config.Pos, column int, fix, format string, args ...any) {
	c.found = append(c.found, Finding{code, severity, pos.File, pos.Line, column, fmt.Sprintf(format, args...), fix})
}

// problem makes a finding of what somebody else found.
func (c *checker) problem(p config.Problem) {
	severity := Error
	if p.Warning {
		severity = Warning
	}
	code := p.Code
	switch {
	case c.index != nil && (code == codeApplication || code == codeFunction):
		return // conf finds them itself, with the column
	case code == codeInclude && c.partial:
		return
	case code == codeInclude && c.index != nil:
		c.include(p)
		return
	case code != "":
	case path.Ext(p.File) == ".lua" || strings.HasPrefix(p.File, "plugins"):
		code = codeLoad
		if strings.Contains(p.What, "syntax error") || strings.Contains(p.What, "column") || strings.Contains(p.What, "for <goto>") {
			code = codeSyntax
		}
	default:
		code = codeConf
	}
	column := 0
	if m := columnInText.FindStringSubmatch(p.What); m != nil {
		fmt.Sscan(m[1], &column)
		p.What = strings.TrimSuffix(p.What, m[0])
	} else if p.Line > 0 {
		column = c.columnIn(p)
	}
	c.add(code, severity, p.Pos, column, p.Want, "%s", p.What)
}

var (
	quotedWord = regexp.MustCompile(`"([^"]+)"|'([^']+)'|\[(\w+)\]`)
	plainWord  = regexp.MustCompile(`\w+`)
)

// columnIn is where p's line has what p's text speaks of: the last word in quotes that stands there, else the first that is as long as a
// name, else where the line begins.
func (c *checker) columnIn(p config.Problem) int {
	for _, m := range slices.Backward(quotedWord.FindAllStringSubmatch(p.What, -1)) {
		word := m[1] + m[2] + m[3]
		if n := c.columnOf(p.File, p.Line, word); n > 0 && plainWord.MatchString(word) {
			return n
		}
	}
	for _, word := range plainWord.FindAllString(p.What, -1) {
		if n := c.columnOf(p.File, p.Line, word); n > 0 && len(word) > 3 {
			return n
		}
	}
	if lines := c.lines(p.File); p.Line <= len(lines) {
		text := lines[p.Line-1]
		return len(text) - len(strings.TrimLeft(text, " \t")) + 1
	}
	return 1
}

var included = regexp.MustCompile(`^context ".*" includes "(.*)": no such context$`)

// include points at an include that leads nowhere.
func (c *checker) include(p config.Problem) {
	column, fix := 1, p.Want
	if m := included.FindStringSubmatch(p.What); m != nil {
		column, fix = c.column(p.File, p.Line, m[1]), meant(m[1], c.contexts(), "add the context, or take the include away")
	}
	c.add(codeInclude, Warning, p.Pos, column, fix, "%s", p.What)
}

func (c *checker) contexts() []string {
	var names []string
	for _, v := range c.index.Contexts() {
		names = append(names, v.Name)
	}
	return names
}

var columnInText = regexp.MustCompile(` \(column (\d+)\)$`)

func (c *checker) names() {
	c.applications, c.functions, c.own = map[string]scripting.Summary{}, map[string]scripting.Summary{}, map[string]bool{}
	for _, a := range c.in.Generation.Applications() {
		c.applications[strings.ToLower(a.Name)] = a
	}
	for _, f := range c.in.Generation.Functions() {
		c.functions[f.Name] = f
	}
	c.globals = c.in.Generation.LuaGlobals()
	c.broken = map[string]bool{}
	for _, p := range c.in.Problems {
		if rest, ok := strings.CutPrefix(p.File, "plugins/"); ok && !p.Warning {
			c.wordsOf(strings.TrimSuffix(strings.Split(rest, "/")[0], ".lua"))
		}
	}
}

// wordsOf notes what a plugin that does not load might have brought, so that one error is not told once for each use.
func (c *checker) wordsOf(plugin string) {
	_ = fs.WalkDir(c.in.Etc, "plugins", func(file string, d fs.DirEntry, err error) error {
		if err == nil && (file == path.Join("plugins", plugin+".lua") || path.Ext(file) == ".lua" && strings.HasPrefix(file, path.Join("plugins", plugin)+"/")) {
			for _, word := range plainWord.FindAllString(strings.Join(c.lines(file), "\n"), -1) {
				c.broken[strings.ToLower(word)] = true
			}
		}
		return nil
	})
}

// mayBeBroken tells whether an application or function may be one of a plugin that does not load.
func (c *checker) mayBeBroken(name string) bool { return c.broken[strings.ToLower(name)] }

// lines is a file's text; nil if it cannot be read.
func (c *checker) lines(file string) []string {
	if lines, ok := c.files[file]; ok {
		return lines
	}
	text, err := fs.ReadFile(c.in.Etc, file)
	if err != nil {
		c.files[file] = nil
		return nil
	}
	c.files[file] = strings.Split(string(text), "\n")
	return c.files[file]
}

// column is where one of words, the first that does, stands on a line of file, as a word of its own if it can be; else 1.
func (c *checker) column(file string, line int, words ...string) int {
	for _, word := range words {
		if n := c.columnOf(file, line, word); n > 0 {
			return n
		}
	}
	return 1
}

func (c *checker) columnOf(file string, line int, word string) int {
	lines := c.lines(file)
	if line < 1 || line > len(lines) || word == "" {
		return 0
	}
	text := lines[line-1]
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			break
		}
		at := from + i
		if !wordAt(text, at-1) && !wordAt(text, at+len(word)) {
			return at + 1
		}
		from = at + 1
	}
	return strings.Index(text, word) + 1
}

func wordAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] == '_' || s[i] >= '0' && s[i] <= '9' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= 'a' && s[i] <= 'z')
}

var suppression = regexp.MustCompile(`(?:--|;).*?asterism:\s*ignore\s+([A-Z]\d{3}(?:[\s,]+[A-Z]\d{3})*)`)

// suppressed tells whether a comment on the finding's line, or a line of comment alone above it, names its code.
func (c *checker) suppressed(f Finding) bool {
	lines := c.lines(f.File)
	for back := 0; back < 2; back++ {
		n := f.Line - 1 - back
		if n < 0 || n >= len(lines) {
			continue
		}
		text := strings.TrimSpace(lines[n])
		if back == 1 && !strings.HasPrefix(text, "--") && !strings.HasPrefix(text, ";") {
			continue
		}
		if m := suppression.FindStringSubmatch(text); m != nil && strings.Contains(m[1], f.Code) {
			return true
		}
	}
	return false
}

func (c *checker) result() []Finding {
	out := slices.DeleteFunc(c.found, c.suppressed)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(out)
}
