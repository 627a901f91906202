package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// loader collects a snapshot and its problems. Each step of Load reads one file's meaning.
type loader struct {
	fsys     fs.FS
	opt      LoadOptions
	snap     *Snapshot
	problems []Problem
	seen     map[problemKey]*repeated
}

// problemKey is a problem without the object it was found in.
type problemKey struct {
	pos  Pos
	what string
}

// repeated is a problem that several objects have because they inherit one line. It is said once.
type repeated struct {
	index int // in loader.problems
	first object
	more  int
}

// object names what a problem was found in: endpoint "alice".
type object struct{ kind, name string }

func (o object) String() string {
	if o.name == "" {
		return o.kind
	}
	return fmt.Sprintf("%s %q", o.kind, o.name)
}

// report adds a problem of an object. A line of a template is reported once, however many objects inherit it.
func (l *loader) report(o object, pos Pos, c *complaint) {
	key := problemKey{pos, o.kind + c.what}
	if r, again := l.seen[key]; again {
		r.more++
		l.problems[r.index].What = fmt.Sprintf("%s and %d more: %s", r.first, r.more, c.what)
		return
	}
	if l.seen == nil {
		l.seen = map[problemKey]*repeated{}
	}
	l.seen[key] = &repeated{index: len(l.problems), first: o}
	l.problems = append(l.problems, Problem{Pos: pos, Warning: c.warning, What: o.String() + ": " + c.what, Want: c.want})
}

// typed are the files that Load understands itself: their problems are its own.
var typed = []string{"acl.conf", "cdr.conf", "codecs.conf", "logger.conf", "manager.conf", "pjsip.conf", "pjsip_wizard.conf", "rtp.conf"}

// readFiles parses every .conf at the top of the directory, so that a snapshot stays what it is when a file changes.
// asterisk.conf was read before: it says whether #exec is allowed.
func (l *loader) readFiles() {
	o := l.opt.ParseOptions
	if !l.snap.Asterisk.ExecIncludes {
		o.Exec = nil
	}
	names, _ := fs.Glob(l.fsys, "*.conf") // the pattern is good; an unreadable directory has no files
	for _, name := range names {
		if name == l.asteriskName() {
			continue
		}
		f, problems := Parse(l.fsys, name, o)
		if f != nil {
			f.Problems = problems
			l.snap.files[name] = f
		}
		if slices.Contains(typed, name) {
			l.problems = append(l.problems, problems...)
		}
	}
}

func (l *loader) asteriskName() string { return cmp.Or(l.opt.AsteriskFile, "asterisk.conf") }

// sortProblems puts them in the order a reader walks through the files.
func sortProblems(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return problems
}
