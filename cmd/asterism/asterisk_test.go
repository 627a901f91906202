package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseAsterisk(t *testing.T) {
	for _, tt := range []struct {
		args string // blanks between, _ for a blank inside
		want asteriskFlags
		err  string
	}{
		{"-f -g -q -m -n -C /x/asterisk.conf", asteriskFlags{foreground: true, dump: true, quiet: true, mute: true, noColor: true, conf: "/x/asterisk.conf"}, ""},
		{"-C conf -rx core_show_uptime", asteriskFlags{conf: "conf", remote: true, execute: true, command: "core show uptime"}, ""},
		{"-rxcore_show_uptime", asteriskFlags{remote: true, execute: true, command: "core show uptime"}, ""},
		{"-x core_show_uptime", asteriskFlags{remote: true, execute: true, command: "core show uptime"}, ""},
		{"-rvvv", asteriskFlags{remote: true, verbose: 3}, ""},
		{"-fvvvg -ddc", asteriskFlags{foreground: true, verbose: 3, dump: true, debug: 2, console: true}, ""},
		{"-Cconf -U pbx -Gpbx", asteriskFlags{conf: "conf", user: "pbx", group: "pbx"}, ""},
		{"-s /run/a.ctl -r", asteriskFlags{socket: "/run/a.ctl", remote: true}, ""},
		{"-pT -M 10", asteriskFlags{idle: []string{"-p", "-T", "-M"}}, ""},
		{"-V", asteriskFlags{version: true}, ""},
		{"-rx", asteriskFlags{}, "-x needs a value"},
		{"-Z", asteriskFlags{}, "unknown flag -Z"},
		{"core show", asteriskFlags{}, `"core" is no flag`},
		{"-f --verbose", asteriskFlags{}, `"--verbose" is no flag`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			args := strings.Fields(tt.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "_", " ")
			}
			got, err := parseAsterisk(args)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want an error with %q", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestIsAsterisk(t *testing.T) {
	for _, tt := range []struct {
		line string
		want bool
	}{
		{"asterism", false}, {"asterism run -v", false}, {"asterism -h", false}, {"asterism --help", false}, {"asterism -rx x", true},
		{"asterism -V", true}, {"asterism -V -h", true}, {"asterisk", true}, {"asterisk --help", true}, {"rasterisk", true},
	} {
		words := strings.Fields(tt.line)
		if got := isAsterisk(words[0], words[1:]); got != tt.want {
			t.Errorf("%s: %v", tt.line, got)
		}
	}
}

func TestCompleterGivesTheRest(t *testing.T) {
	asked := ""
	c := completer(func(line string) []string { asked = line; return []string{"channel", "channels"} })
	rest, typed := c.Do([]rune("core show chan and more"), 14)
	if asked != "core show chan" || typed != 4 || len(rest) != 2 || string(rest[0]) != "nel " || string(rest[1]) != "nels " {
		t.Errorf("asked %q, %q, %d", asked, rest, typed)
	}
}
