package logger

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Mask is a set of Asterisk's log levels.
type Mask uint8

// The levels of logger.conf. zerolog's error, fatal and panic are Error; info is Verbose when the line has a field
// "verbose", else Notice; trace is Debug from level 5 on.
const (
	Error Mask = 1 << iota
	Warning
	Notice
	Verbose
	Debug
	All = Error | Warning | Notice | Verbose | Debug
)

var levelNames = []struct {
	mask        Mask
	name, color string
}{
	{Error, "ERROR", "1;31"}, {Warning, "WARNING", "1;33"}, {Notice, "NOTICE", "1;32"}, {Verbose, "VERBOSE", "36"}, {Debug, "DEBUG", "90"},
}

func (m Mask) String() string {
	var names []string
	for _, l := range levelNames {
		if m&l.mask != 0 {
			names = append(names, l.name)
		}
	}
	return strings.Join(names, ",")
}

func (m Mask) color() string {
	for _, l := range levelNames {
		if m == l.mask {
			return l.color
		}
	}
	return "0"
}

// shows: a zero mask shows everything.
func (m Mask) shows(c Mask) bool { return m == 0 || m&c != 0 }

// File is a log file as logger.conf's [logfiles] names it.
type File struct {
	Path    string
	Mask    Mask
	Verbose int // verbose(N); 0 with Verbose in the mask: the console's level
	JSON    bool
}

// ParseLevels reads the right side of a [logfiles] line: `[json]notice,warning,verbose(3)`, `*` for all. Words that name levels
// we log under another name (dtmf, fax, security) count as notice. The second value lists the words nobody knows.
func ParseLevels(s string) (File, []string) {
	var f File
	var unknown []string
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "["); ok {
		form, levels, _ := strings.Cut(rest, "]")
		switch strings.ToLower(strings.TrimSpace(form)) {
		case "json":
			f.JSON = true
		case "default", "plain":
		default:
			unknown = append(unknown, "["+form+"]")
		}
		s = levels
	}
	for word := range strings.SplitSeq(s, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		switch {
		case word == "" || word == "none":
		case word == "*":
			f.Mask |= All
		case word == "dtmf", word == "fax", word == "security", word == "trace":
			f.Mask |= Notice
		case strings.HasPrefix(word, "verbose("):
			n, err := strconv.Atoi(strings.TrimSuffix(word[len("verbose("):], ")"))
			if err != nil {
				unknown = append(unknown, word)
			}
			f.Mask |= Verbose
			f.Verbose = n
		default:
			m := Mask(0)
			for _, l := range levelNames {
				if strings.EqualFold(l.name, word) {
					m = l.mask
				}
			}
			if m == 0 {
				unknown = append(unknown, word)
			}
			f.Mask |= m
		}
	}
	return f, unknown
}

// file is an open log file. Lines of several goroutines stay whole: one appending write each.
type file struct {
	File
	out *os.File
}

func (f *file) deep(r *Router, c Mask, depth int) bool {
	verbose := f.Verbose
	if verbose == 0 {
		verbose = r.Verbose()
	}
	return passes(c, depth, verbose, r.Debug())
}

func (f *file) write(e *event) {
	line := e.jsonLine
	if !f.JSON {
		line = e.fileLine
	}
	_, _ = f.out.Write(line()) // a full disk must not stop calls; the console has the line
}

// openFiles opens all or none. Mode 0640: a log names callers.
func openFiles(files []File) ([]*file, error) {
	var opened []*file
	for _, f := range files {
		out, err := os.OpenFile(f.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		if os.IsNotExist(err) {
			if err = os.MkdirAll(filepath.Dir(f.Path), 0o750); err == nil {
				out, err = os.OpenFile(f.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
			}
		}
		if err != nil {
			closeFiles(opened)
			return nil, fmt.Errorf("logger: %w", err)
		}
		opened = append(opened, &file{File: f, out: out})
	}
	return opened, nil
}

// closeFiles closes files that no Router has any more.
func closeFiles(files []*file) {
	for _, f := range files {
		_ = f.out.Close()
	}
}
