// Package sounds holds the prompts and the hold music (moh) that are built into the program, laid out as Asterisk's sounds folder: en/beep.opus.
// README.md says whose they are.
package sounds

import (
	"embed"
	"io/fs"
)

//go:embed en moh
var embedded embed.FS

// FS is the last root of a sound.Library: a site's own files of the same name come before.
var FS = prompts{embedded}

// prompts adds the names that embedding refuses, because on some systems they would be the same file's as another's.
type prompts struct{ embed.FS }

var twins = map[string]string{"en/vm-old.opus": "en/vm-Old.opus"}

// Open opens a prompt or a folder.
func (p prompts) Open(name string) (fs.File, error) {
	if twin, ok := twins[name]; ok {
		name = twin
	}
	return p.FS.Open(name)
}

// ReadFile is Open and read in one.
func (p prompts) ReadFile(name string) ([]byte, error) {
	if twin, ok := twins[name]; ok {
		name = twin
	}
	return p.FS.ReadFile(name)
}
