package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// asteriskFlags is Asterisk's command line.
type asteriskFlags struct {
	conf, socket           string // -C, -s
	remote, version, help  bool   // -r, -V, -h
	command                string // -x
	execute                bool
	foreground, alwaysFork bool // -f, -F
	console                bool // -c
	quiet, mute, noColor   bool // -q, -m, -n
	dump                   bool // -g
	verbose, debug         int  // -v…, -d…
	user, group            string
	idle                   []string // flags that mean nothing here
}

// isAsterisk tells whether a command line is Asterisk's: by the program's name, or by a first argument of one dash.
// asterism -h alone is our own help.
func isAsterisk(name string, args []string) bool {
	if name == "asterisk" || name == "rasterisk" {
		return true
	}
	return len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0][1] != '-' && (args[0] != "-h" || len(args) > 1)
}

// parseAsterisk reads flags as getopt does: letters may be glued, a value may be glued to its letter or be the next word.
func parseAsterisk(args []string) (asteriskFlags, error) {
	var f asteriskFlags
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--help" || word == "--version" {
			f.help, f.version = word == "--help", word == "--version"
			continue
		}
		if len(word) < 2 || word[0] != '-' || word[1] == '-' {
			return f, fmt.Errorf("%q is no flag of Asterisk's; see asterisk -h", word)
		}
		for j := 1; j < len(word); j++ {
			letter := word[j]
			value := ""
			if strings.IndexByte("CxsUGeLM", letter) >= 0 {
				switch {
				case j+1 < len(word):
					value = word[j+1:]
				case i+1 < len(args):
					i++
					value = args[i]
				default:
					return f, fmt.Errorf("-%c needs a value; see asterisk -h", letter)
				}
				j = len(word)
			}
			if !f.set(letter, value) {
				return f, fmt.Errorf("unknown flag -%c; see asterisk -h", letter)
			}
		}
	}
	return f, nil
}

func (f *asteriskFlags) set(letter byte, value string) bool {
	switch letter {
	case 'C':
		f.conf = value
	case 's':
		f.socket = value
	case 'x':
		f.command, f.execute, f.remote = value, true, true
	case 'r', 'R':
		f.remote = true
	case 'f':
		f.foreground = true
	case 'F':
		f.alwaysFork = true
	case 'c':
		f.console = true
	case 'q':
		f.quiet = true
	case 'm':
		f.mute = true
	case 'n':
		f.noColor = true
	case 'g':
		f.dump = true
	case 'v':
		f.verbose++
	case 'd':
		f.debug++
	case 'U':
		f.user = value
	case 'G':
		f.group = value
	case 'V':
		f.version = true
	case 'h':
		f.help = true
	case 'B', 'I', 'L', 'M', 'T', 'W', 'X', 'e', 'i', 'p', 't':
		f.idle = append(f.idle, "-"+string(letter))
	default:
		return false
	}
	return true
}

const asteriskUsage = `Usage: asterisk [FLAGS]          start a PBX (it stays in the foreground)
       asterisk -r [-v…] [-x COMMAND]   talk to a running one
  -C FILE     read this asterisk.conf; without it /etc/asterism or /etc/asterisk
  -c          give a console on this terminal
  -f          do not fork: always so here, a service manager does that better
  -g          dump core if the program crashes
  -n          no colours      -q  no banner      -m  only warnings and errors on the terminal
  -v, -d      more verbose, more debug lines; may be repeated
  -U USER -G GROUP   run as them
  -r          connect to a running PBX; quit leaves it running
  -x COMMAND  run one command there, print the answer and end (implies -r)
  -s SOCKET   its control socket, if asterisk.conf does not say
  -V          show the version and end
  -h          this text
Accepted without effect: -B -F -I -L -M -T -W -X -e -i -p -t
`

func asterisk(t terminal, name string, args []string) error {
	f, err := parseAsterisk(args)
	if err != nil {
		return err
	}
	if name == "rasterisk" {
		f.remote = true
	}
	switch {
	case f.help:
		_, err := io.WriteString(t.out, asteriskUsage)
		return err
	case f.version:
		return (&versionCommand{}).Run(t)
	case f.remote && f.execute:
		return execute(t, f)
	case f.remote:
		return interactive(t, f)
	}
	if len(f.idle) > 0 {
		fmt.Fprintf(t.err, "%s: without effect here: %s\n", name, strings.Join(f.idle, " "))
	}
	if !f.quiet && !f.foreground && !f.console {
		fmt.Fprintf(t.err, "%s: staying in the foreground; a service manager or & puts it into the background\n", name)
	}
	if f.foreground && f.alwaysFork {
		return errors.New("-f and -F contradict each other")
	}
	if f.conf != "" { // a console can do without the file, a start that names it cannot
		if _, err := os.Stat(f.conf); err != nil {
			return fmt.Errorf("-C: %w", err)
		}
	}
	places, err := findPlaces(f.conf, "", "")
	if err != nil {
		return err
	}
	conf := places.snapshot.Asterisk
	return run(t, runOptions{
		places: places, grace: 5 * time.Second, console: f.console || conf.Console, quiet: f.quiet || conf.Quiet,
		color: !f.noColor && !conf.NoColor, mute: f.mute, verbose: max(f.verbose, conf.Verbose), debug: max(f.debug, conf.Debug),
		user: f.user, group: f.group, dump: f.dump,
	})
}
