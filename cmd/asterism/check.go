package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"asterism/engine"
	"asterism/engine/config"
	"asterism/engine/manage/logger"
	"asterism/plugins"
	"asterism/scripting"
	"asterism/scripting/lint"

	"github.com/rs/zerolog"
)

type checkCommand struct {
	Dir    string `arg:"" optional:"" help:"The configuration directory; without it /etc/asterism or /etc/asterisk." type:"path"`
	Etc    string `help:"The same as an option." type:"path" placeholder:"DIR"`
	JSON   bool   `help:"Print the findings as JSON." name:"json"`
	Strict bool   `help:"Warnings, too, make the exit status 1."`
}

// Help is shown by asterism check --help.
func (*checkCommand) Help() string {
	return "Reads every .conf and .lua file of the directory and the plugins, and looks for what would go wrong in a call. Each finding is one " +
		"line, file:line:column: code: what; what to write instead. A comment '-- asterism: ignore CODE' on the line or the one above keeps " +
		"it away. Exit status 1 if any finding is an error, 0 if there are only warnings."
}

// Run checks and prints.
func (c *checkCommand) Run(t terminal) error {
	dir := c.Etc
	if c.Dir != "" {
		dir = c.Dir
	}
	p, err := findPlaces("", dir, "")
	if err != nil {
		return err
	}
	findings := check(p)
	errors := 0
	for _, f := range findings {
		if f.Severity == lint.Error {
			errors++
		}
	}
	warnings := len(findings) - errors
	if c.JSON {
		out := json.NewEncoder(t.out)
		out.SetIndent("", "  ")
		if err := out.Encode(map[string]any{"directory": p.dirs.Etc, "errors": errors, "warnings": warnings, "findings": append([]lint.Finding{}, findings...)}); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintln(t.out, logger.Escape(f.String()))
		}
		if errors > 0 {
			fmt.Fprintf(t.out, "%s: %d errors, %d warnings\n", p.dirs.Etc, errors, warnings)
		} else {
			fmt.Fprintf(t.out, "%s: good (%d warnings)\n", p.dirs.Etc, warnings)
		}
	}
	if errors > 0 || c.Strict && warnings > 0 {
		return exitStatus(1)
	}
	return nil
}

// check does what a reload does before it swaps, and reads the dialplan.
func check(p places) []lint.Finding {
	problems := append(slices.Clip(p.problems), engine.Lacking(p.snapshot)...)
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Log: zerolog.Nop()})
	defer host.Close()
	etc := os.DirFS(p.dirs.Etc)
	generation, more := host.Load(etc, p.snapshot)
	return lint.Check(lint.Input{Etc: etc, Snapshot: p.snapshot, Generation: generation, Sounds: p.prompts(os.DirFS(p.dirs.Spool)), Problems: append(problems, more...)})
}

// broken are the problems of Lua files that do not load.
func broken(problems []config.Problem) []config.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p config.Problem) bool { return p.Warning || !strings.HasSuffix(p.File, ".lua") })
}

// doubts are the findings that a reload tells: errors of a dialplan that runs all the same. They never refuse it.
// What the load has told of a line is not told again.
func doubts(etc fs.FS, snap *config.Snapshot, g *scripting.Generation, sounds lint.Sounds, told []config.Problem) []config.Problem {
	var out []config.Problem
	for _, f := range lint.Check(lint.Input{Etc: etc, Snapshot: snap, Generation: g, Sounds: sounds, Problems: broken(told)}) {
		known := slices.ContainsFunc(told, func(p config.Problem) bool {
			return p.File == f.File && p.Line == f.Line && (p.Code == f.Code || !p.Warning)
		})
		if f.Severity == lint.Error && !known {
			out = append(out, config.Problem{Pos: config.Pos{File: f.File, Line: f.Line}, Warning: true, What: f.Code + ": " + f.Text, Want: f.Fix, Code: f.Code})
		}
	}
	return out
}
