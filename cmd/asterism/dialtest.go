package main

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"asterism/plugins"
	"asterism/scripting/dialtest"
)

type testCommand struct {
	Dir     string `arg:"" optional:"" help:"The configuration directory; without it /etc/asterism or /etc/asterisk." type:"path"`
	Pattern string `name:"run" help:"Only the tests whose name matches." placeholder:"PATTERN"`
	Verbose bool   `short:"v" help:"Tell the story of every test, not only of those that fail."`
	JUnit   string `name:"junit" help:"Write the results as JUnit XML." placeholder:"FILE" type:"path"`
	Seed    uint64 `help:"What math.random begins with; the same seed gives the same result." default:"1"`
}

// Help is shown by asterism test --help.
func (*testCommand) Help() string {
	return "Runs the *_test.lua files beside the dialplan on simulated phones, in simulated time. The phones are the endpoints of pjsip.conf. " +
		"Exit status 1 if a test fails."
}

// Run tests and prints.
func (c *testCommand) Run(t terminal) error {
	p, err := findPlaces("", c.Dir, "")
	if err != nil {
		return err
	}
	o := dialtest.Options{Verbose: c.Verbose, Out: t.out, Setting: dialtest.Setting{Etc: os.DirFS(p.dirs.Etc), Plugins: []fs.FS{plugins.FS},
		Sounds: p.prompts(os.DirFS(p.dirs.Spool)), Seed: c.Seed}}
	if c.Pattern != "" {
		if o.Run, err = regexp.Compile(c.Pattern); err != nil {
			return fmt.Errorf("--run: %w", err)
		}
	}
	report, err := dialtest.Run(o)
	if err != nil {
		return fmt.Errorf("%s: %w", p.dirs.Etc, err)
	}
	if c.JUnit != "" {
		if err := writeJUnit(c.JUnit, report); err != nil {
			return err
		}
	}
	fmt.Fprint(t.out, report.Summary())
	if report.Failed() > 0 {
		return exitStatus(1)
	}
	return nil
}

func writeJUnit(file string, report *dialtest.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := report.JUnit(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
