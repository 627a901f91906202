package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"asterism/engine"
	"asterism/engine/config"
	"asterism/engine/manage"
	"asterism/plugins"
	"asterism/scripting"

	"github.com/rs/zerolog"
)

type checkCommand struct {
	Dir string `arg:"" optional:"" help:"The configuration directory; without it /etc/asterism or /etc/asterisk." type:"path"`
}

// Help is shown by asterism check --help.
func (*checkCommand) Help() string {
	return "Reads every .conf and .lua file of the directory and the plugins. Each finding is one line, file:line: what, expected. " +
		"Exit status 1 if any of them is an error, 0 if there are only warnings."
}

// Run checks and prints.
func (c *checkCommand) Run(t terminal) error {
	p, err := findPlaces("", c.Dir, "")
	if err != nil {
		return err
	}
	problems := check(p)
	errors, warnings := 0, 0
	for _, problem := range problems {
		if problem.Warning {
			warnings++
		} else {
			errors++
		}
		fmt.Fprintln(t.out, manage.ProblemLine(problem))
	}
	if errors > 0 {
		fmt.Fprintf(t.out, "%s: %d errors, %d warnings\n", p.dirs.Etc, errors, warnings)
		return exitStatus(1)
	}
	fmt.Fprintf(t.out, "%s: good (%d warnings)\n", p.dirs.Etc, warnings)
	return nil
}

// check does what a reload does before it swaps.
func check(p places) []config.Problem {
	problems := append(slices.Clip(p.problems), engine.Lacking(p.snapshot)...)
	host := scripting.New(scripting.Config{Plugins: []fs.FS{plugins.FS}, Log: zerolog.Nop()})
	defer host.Close()
	generation, more := host.Load(os.DirFS(p.dirs.Etc), p.snapshot)
	problems = append(problems, more...)
	if generation == nil {
		return problems
	}
	for _, e := range p.snapshot.PJSIP.Endpoints {
		if e.Context != "" && !generation.Index().Has(e.Context) {
			problems = append(problems, config.Problem{Pos: e.Pos, Warning: true, What: fmt.Sprintf("endpoint %q: context %q is not in the dialplan: its calls get 404", e.Name, e.Context),
				Want: "name a context of extensions.lua"})
		}
	}
	return problems
}
