// Command asterism is a PBX that understands Asterisk's configuration, scripted in Lua. It only reads flags, catches signals and
// puts the parts together; what a PBX is stands in package engine.
//
//	asterism run|init|check|test|version    its own commands
//	asterisk -f -C asterisk.conf …     Asterisk's flags, under that name or when the first argument is one of them
//	asterism -rx "core show channels"
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

func main() { os.Exit(realMain(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// commands are asterism's own.
type commands struct {
	Run     runCommand     `cmd:"" help:"Start the PBX and stay in the foreground. Ctrl-C ends it."`
	Init    initCommand    `cmd:"" help:"Make a configuration that runs, with random phone passwords."`
	Check   checkCommand   `cmd:"" help:"Check a configuration and its dialplan without starting anything."`
	Test    testCommand    `cmd:"" help:"Run the tests of a dialplan on simulated phones."`
	Version versionCommand `cmd:"" help:"Show the version."`
}

const about = `A PBX that reads Asterisk's configuration and runs its dialplan in Lua.

Asterisk's own flags work too: asterism -f -C FILE starts a PBX, asterism -r is the console of a running one,
asterism -rx "COMMAND" asks it one thing. asterism -V -h lists them all.`

// exitStatus is an error that has been told already.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func realMain(args []string, in io.Reader, out, errOut io.Writer) int {
	t := terminal{in, out, errOut}
	name := filepath.Base(args[0])
	var err error
	if isAsterisk(name, args[1:]) {
		err = asterisk(t, name, args[1:])
	} else {
		err = asterism(t, args[1:])
	}
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(errOut, "%s: %v\n", name, err)
	return 1
}

func asterism(t terminal, args []string) error {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	exited := exitStatus(-1)
	parser, err := kong.New(&commands{}, kong.Name("asterism"), kong.Description(about), kong.Writers(t.out, t.err),
		kong.Exit(func(code int) { exited = exitStatus(code); panic(exited) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return err
	}
	if args[0] == "test" { // -run, as Go's and other tools' users type it
		args = slices.Clone(args)
		for i, a := range args {
			if a == "-run" || strings.HasPrefix(a, "-run=") {
				args[i] = "-" + a
			}
		}
	}
	k, err := parse(parser, args)
	switch {
	case exited == 0:
		return nil
	case exited > 0:
		return exited
	case err != nil:
		var wrong *kong.ParseError
		if errors.As(err, &wrong) && wrong.Context != nil && wrong.Context.Command() != "" {
			return fmt.Errorf("%w; see asterism %s --help", err, strings.Fields(wrong.Context.Command())[0])
		}
		return fmt.Errorf("%w; see asterism --help", err)
	}
	return k.Run(t)
}

// parse keeps kong's way of ending the process after --help inside: tests run many commands in one.
func parse(parser *kong.Kong, args []string) (k *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			status, ok := r.(exitStatus)
			if !ok {
				panic(r)
			}
			err = status
		}
	}()
	return parser.Parse(args)
}
