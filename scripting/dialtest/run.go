package dialtest

import (
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Options say which tests run and how.
type Options struct {
	Setting
	Run     *regexp.Regexp // names of tests; nil: all
	Verbose bool           // the story of every test, not only of those that fail
	Out     io.Writer
}

// Result is what became of one test.
type Result struct {
	File, Name string
	Line       int
	Failures   []string
	Story      string
	Took       time.Duration // of real time
	Simulated  time.Duration
}

// Report is what became of all.
type Report struct {
	Results []Result
	Cover   *Coverage
}

// Failed counts the tests that failed.
func (r *Report) Failed() (n int) {
	for _, one := range r.Results {
		if len(one.Failures) > 0 {
			n++
		}
	}
	return n
}

// Run runs the *_test.lua files beside the dialplan of o.Etc, one test after the other, and prints as it goes.
func Run(o Options) (*Report, error) {
	files, err := fs.Glob(o.Etc, "*_test.lua")
	if err != nil {
		return nil, err
	}
	report := &Report{Cover: NewCoverage()}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what happens at one moment happens in the same order every time
	o.Cover = report.Cover
	for _, file := range files {
		tests, err := load(o.Etc, file, nil)
		if err != nil {
			return nil, err
		}
		for i := range tests {
			if o.Run == nil || o.Run.MatchString(tests[i].name) {
				r := runTest(o, file, i)
				report.Results = append(report.Results, r)
				o.print(r)
			}
		}
	}
	if len(report.Results) == 0 {
		return nil, errNoTests
	}
	return report, nil
}

func (o Options) print(r Result) {
	word := "ok  "
	if len(r.Failures) > 0 {
		word = "FAIL"
	}
	if word == "FAIL" || o.Verbose {
		fmt.Fprintf(o.Out, "%s %s: %s (%s of calls in %s)\n", word, r.File, r.Name, r.Simulated.Round(time.Millisecond), r.Took.Round(time.Millisecond))
	}
	for _, f := range r.Failures {
		fmt.Fprintf(o.Out, "     %s\n", strings.ReplaceAll(f, "\n", "\n     "))
	}
	if (word == "FAIL" || o.Verbose) && r.Story != "" {
		fmt.Fprintf(o.Out, "     what happened:\n%s", r.Story)
	}
}

// test is one test() of a file, in a state of its own.
type test struct {
	name  string
	line  int
	state *lua.LState
	body  *lua.LFunction
}

// load runs a test file and collects its tests. The state is the caller's to close if one is given.
func load(etc fs.FS, file string, l *lua.LState) (tests []test, err error) {
	src, err := fs.ReadFile(etc, file)
	if err != nil {
		return nil, err
	}
	if l == nil {
		l = lua.NewState(lua.Options{SkipOpenLibs: true})
		defer l.Close()
	}
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	for _, name := range []string{"dofile", "loadfile", "print"} {
		l.SetGlobal(name, lua.LNil)
	}
	l.SetGlobal("require", l.NewFunction(func(l *lua.LState) int {
		name := strings.ReplaceAll(l.CheckString(1), ".", "/") + ".lua"
		text, err := fs.ReadFile(etc, name)
		if err != nil {
			l.RaiseError("no %s beside the tests", name)
		}
		fn, err := l.Load(strings.NewReader(string(text)), name)
		if err != nil {
			l.RaiseError("%s", err.Error())
		}
		l.Push(fn)
		l.Call(0, 1)
		return 1
	}))
	l.SetGlobal("test", l.NewFunction(func(l *lua.LState) int {
		body := l.CheckFunction(2)
		tests = append(tests, test{l.CheckString(1), body.Proto.LineDefined, l, body})
		return 0
	}))
	fn, err := l.Load(strings.NewReader(string(src)), path.Base(file))
	if err != nil {
		return nil, err
	}
	l.Push(fn)
	if err := l.PCall(0, 0, nil); err != nil {
		return nil, err
	}
	return tests, nil
}

// runTest runs the i-th test of a file in a world of its own.
func runTest(o Options, file string, i int) Result {
	began := time.Now()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	tests, err := load(o.Etc, file, l)
	if err != nil {
		return Result{File: file, Failures: []string{err.Error()}}
	}
	one := tests[i]
	r := Result{File: file, Name: one.name, Line: one.line}
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.Local) // a Monday morning: the same every day
	}
	s := &script{setting: o.Setting}
	l.Push(one.body)
	l.Push(s.table(l))
	if err := l.PCall(1, 0, nil); err != nil && !strings.Contains(err.Error(), abandon) {
		first, _, _ := strings.Cut(err.Error(), "\nstack traceback")
		s.failures = append(s.failures, first)
	}
	s.finish()
	if s.world != nil {
		r.Story, r.Simulated = Timeline(s.world.Events(0)), s.world.Now()
	}
	r.Failures, r.Took = s.failures, time.Since(began)
	return r
}

// Summary is the last lines: how many, how long, and the coverage.
func (r *Report) Summary() string {
	var took, simulated time.Duration
	for _, one := range r.Results {
		took += one.Took
		simulated += one.Simulated
	}
	word := "ok"
	if r.Failed() > 0 {
		word = "FAIL"
	}
	return fmt.Sprintf("%s: %d tests, %d failed; %s of calls in %s\n%s", word, len(r.Results), r.Failed(), simulated.Round(time.Second), took.Round(time.Millisecond), r.Cover)
}

// JUnit writes the report as CI servers read it.
func (r *Report) JUnit(w io.Writer) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		File    string   `xml:"file,attr"`
		Line    int      `xml:"line,attr"`
		Time    float64  `xml:"time,attr"`
		Failure *failure `xml:"failure"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	out := suite{Name: "dialplan", Tests: len(r.Results), Failures: r.Failed()}
	for _, one := range r.Results {
		c := testcase{Class: strings.TrimSuffix(one.File, ".lua"), Name: one.Name, File: one.File, Line: one.Line, Time: one.Took.Seconds()}
		if len(one.Failures) > 0 {
			c.Failure = &failure{one.Failures[0], strings.Join(slices.Concat(one.Failures, []string{one.Story}), "\n")}
		}
		out.Cases = append(out.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	return e.Encode(out)
}
