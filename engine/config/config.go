// Package config turns Asterisk's .conf files into one immutable Snapshot.
//
//	fs.FS ► Parse (sections, templates, includes) ► tables of options ► typed objects ► reference checks ► Snapshot
//	                └──────────────── []Problem, each with file and line ────────────────┘
//
// It is a leaf: bytes in, values out. It starts no goroutine and opens no socket; names are never resolved here.
// A Snapshot and everything it points to is read-only for all: it may be shared without a lock.
package config

import (
	"fmt"
	"io/fs"
	"strings"
)

// Pos is a place in a configuration file. Line counts from 1; 0 means the file as a whole.
type Pos struct {
	File string
	Line int
}

// String is "pjsip.conf:41", the form an editor can jump to.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Problem is one finding of the reader. A Warning changes nothing for the object it speaks of; the other
// problems say that something was left out: a line, a reference or a whole object.
type Problem struct {
	Pos
	Warning bool
	What    string // what was found
	Want    string // what to write instead; may be empty
	Code    string // a stable name for this kind of finding, as asterism check shows it; "": that of its file
}

// Error is "pjsip.conf:41: endpoint "alice": …; add [alice] with type=aor".
func (p Problem) Error() string {
	s := p.Pos.String() + ": " + p.What
	if p.Want != "" {
		s += "; " + p.Want
	}
	return s
}

// Failed says whether any of the problems is more than a warning.
func Failed(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// LoadOptions says how Load may reach what lies outside of its fs.FS.
type LoadOptions struct {
	ParseOptions // Exec is used only if asterisk.conf has execincludes=yes
	// AsteriskFile is the name of asterisk.conf inside the fs.FS, "" for "asterisk.conf".
	AsteriskFile string
}

// Snapshot is everything the .conf files of one directory say. It is immutable.
type Snapshot struct {
	PJSIP    PJSIP
	RTP      RTP
	Opus     Opus
	CDR      CDR
	Asterisk Asterisk
	Logger   Logger
	Manager  Manager
	ACL      map[string]AccessList // acl.conf, by section

	files map[string]*File // every *.conf at the top of the directory, by name
}

// File gives any .conf of the directory as plain sections, for plugins; nil if there was none when the
// snapshot was made. name is "voicemail.conf" or just "voicemail".
func (s *Snapshot) File(name string) *File {
	if f, ok := s.files[name]; ok {
		return f
	}
	if !strings.HasSuffix(name, ".conf") {
		return s.files[name+".conf"]
	}
	return nil
}

// Load reads all .conf files at the top of fsys. It never returns nil: what is missing has Asterisk's defaults,
// what is bad is left out and has a Problem, and everything else lives. Problems come in the order of the files.
func Load(fsys fs.FS, o LoadOptions) (*Snapshot, []Problem) {
	l := &loader{fsys: fsys, opt: o, snap: &Snapshot{files: map[string]*File{}, ACL: map[string]AccessList{}}}
	l.asterisk()
	l.readFiles()
	l.logger()
	l.rtp()
	l.codecs()
	l.cdr()
	l.acl()
	l.manager()
	l.pjsip()
	return l.snap, sortProblems(l.problems)
}
