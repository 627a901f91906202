package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// ArchiveFolder is a directory that recordings may be written beneath, by the name that absolute paths have for it.
type ArchiveFolder struct {
	Path string
	Root *os.Root
}

// Archive is where recordings go: beneath its folders and nowhere else. A relative name is the first folder's.
type Archive []ArchiveFolder

// find is the folder of name, and what it is called there.
func (a Archive) find(name string) (*os.Root, string, error) {
	if !path.IsAbs(name) {
		if len(a) == 0 {
			return nil, "", fmt.Errorf("sound %q: there is no folder to record to", cut(name))
		}
		return a[0].Root, name, nil
	}
	for _, f := range a {
		if rest, ok := below(f.Path, name); ok {
			return f.Root, rest, nil
		}
	}
	return nil, "", fmt.Errorf("sound %q: recordings go beneath the folders of sounds and the spool only", cut(name))
}

// Create begins to record into name, with its extension; see the function Create.
func (a Archive) Create(name string, o RecordOptions) (*Recorder, error) {
	root, name, err := a.find(name)
	if err != nil {
		return nil, err
	}
	return Create(root, name, o)
}

// Has tells whether there is a file of that name, with its extension.
func (a Archive) Has(name string) bool {
	root, name, err := a.find(name)
	if err != nil || CheckName(name) != nil {
		return false
	}
	_, err = root.Stat(written(name))
	return err == nil
}

// Open opens a file by its name with the extension, to be copied.
func (a Archive) Open(name string) (*os.File, error) {
	root, name, err := a.find(name)
	if err == nil {
		err = CheckName(name)
	}
	if err != nil {
		return nil, err
	}
	return root.Open(written(name))
}

// Remove deletes a file by its name with the extension.
func (a Archive) Remove(name string) error {
	root, name, err := a.find(name)
	if err == nil {
		err = CheckName(name)
	}
	if err == nil {
		err = root.Remove(written(name))
	}
	return err
}

// Recover finishes what recordings of processes that died there are; see the function Recover.
func (a Archive) Recover() (names []string, err error) {
	var problems []error
	for _, f := range a {
		found, err := Recover(f.Root)
		for _, name := range found {
			names = append(names, path.Join(f.Path, name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return names, errors.Join(problems...)
}
