package extconf

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"asterism/engine/config"
	"asterism/engine/dialplan"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// divider is the line between a file and what becomes of it.
const divider = "\n-----\n"

// TestGolden reads each testdata/*.conf: the file, a line of dashes, its globals, contexts and problems.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want, _ := strings.Cut(string(data), divider)
			in = strings.TrimSuffix(in, "\n")
			got := read(in + "\n")
			if *update {
				if err := os.WriteFile(file, []byte(in+divider+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// read shows what becomes of a file.
func read(text string) string {
	f, problems := config.Parse(fstest.MapFS{FileName: {Data: []byte(text)}}, FileName, config.ParseOptions{})
	plan, more := Read(f, nil)
	problems = append(problems, more...)
	var b dialplan.Builder
	plan.Fill(&b)
	index, found := b.Build()
	var out strings.Builder
	for _, g := range plan.Globals {
		fmt.Fprintf(&out, "%s=%s\n", g.Name, g.Value)
	}
	for _, v := range index.Contexts() {
		out.WriteString("\n" + v.String())
	}
	out.WriteString("\n")
	for _, p := range problems {
		out.WriteString(kind(p.Warning) + p.Error() + "\n")
	}
	for _, p := range found {
		out.WriteString(kind(p.Warning) + p.Error() + "\n")
	}
	return out.String()
}

func kind(warning bool) string {
	if warning {
		return "warning "
	}
	return "error "
}

func TestOptions(t *testing.T) {
	f, _ := config.Parse(fstest.MapFS{FileName: {Data: []byte("[general]\nautofallthrough=no\nclearglobalvars=yes\n")}}, FileName, config.ParseOptions{})
	plan, problems := Read(f, nil)
	if want := (Options{NoAutoFallThrough: true, ClearGlobalVars: true}); plan.Options != want || len(problems) > 0 {
		t.Errorf("%+v %v", plan.Options, problems)
	}
}

// FuzzRead: nothing panics, each line gives at most one priority, and every entry has a place in the file.
func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.conf")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, _ := config.Parse(fstest.MapFS{FileName: {Data: []byte(text)}}, FileName, config.ParseOptions{})
		if file == nil {
			return
		}
		options := 0
		for _, s := range file.Sections {
			options += len(s.Options)
		}
		plan, _ := Read(file, nil)
		if len(plan.Entries) > options {
			t.Errorf("%d priorities of %d lines", len(plan.Entries), options)
		}
		for _, e := range plan.Entries {
			if e.Line < 1 || e.Priority < 1 && e.Priority != dialplan.PriorityHint {
				t.Errorf("%+v", e)
			}
		}
		var b dialplan.Builder
		plan.Fill(&b)
		b.Build()
	})
}
