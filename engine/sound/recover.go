package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"syscall"
)

const partSuffix = ".part"

// partName is what Create calls an unfinished file; the first group is the name to be.
var partName = regexp.MustCompile(`^\.(.+)\.[0-9a-f]{8}\.part$`)

// Recover finishes, everywhere beneath root, the recordings of processes that died: it cuts off half a block, makes the header right
// and gives the file its name, or NAME-recovered when a file has that already. What holds no sound is removed. Recordings that
// are going on, of this process or another, are let alone. It returns the names of those recovered, and
// goes on after an error.
func Recover(root *os.Root) (names []string, err error) {
	var problems []error
	walk := func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, err)
			return nil // what cannot be read does not keep the rest from being recovered
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		recovered, err := recoverPart(root, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("sound: %s: %w", name, err))
		}
		if recovered != "" {
			names = append(names, recovered)
		}
		return nil
	}
	problems = append(problems, fs.WalkDir(root.FS(), ".", walk))
	return names, errors.Join(problems...)
}

// recoverPart finishes one file; "" if it is none of ours, alive, or empty.
func recoverPart(root *os.Root, part string) (string, error) {
	match := partName.FindStringSubmatch(path.Base(part))
	if match == nil || checkElement(match[1]) != nil {
		return "", nil
	}
	c, err := containerOf(match[1])
	if err != nil {
		return "", nil // a part file, but not of a recording
	}
	f, err := root.OpenFile(part, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // finished since
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := lock(f); errors.Is(err, syscall.EWOULDBLOCK) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	if !there(root, part, f) {
		return "", nil // finished before it was locked
	}
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if c.header != nil {
		if was, _, _, err := scanWAV(f, info.Size()); err == nil && was.channels == 2 {
			if c, err = c.stereo(); err != nil {
				return "", err
			}
		}
	}
	data := c.whole(info.Size())
	if data <= 0 {
		return "", root.Remove(part)
	}
	if err := c.finish(f, data); err != nil {
		return "", err
	}
	name, err := settle(root, part, path.Join(path.Dir(part), match[1]))
	if err != nil {
		return "", err
	}
	return name, syncFolder(root, path.Dir(part))
}

// settle gives part the name, or the first like it that is free. A link, unlike a renaming, never replaces a file.
func settle(root *os.Root, part, name string) (string, error) {
	mine, err := root.Lstat(part)
	if err != nil {
		return "", err
	}
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	for i := 1; ; i++ {
		err := root.Link(part, name)
		if err == nil {
			return name, root.Remove(part)
		}
		now, missing := root.Lstat(name)
		switch {
		case missing == nil && os.SameFile(mine, now): // linked, and died before the part was removed
			return name, root.Remove(part)
		case errors.Is(missing, fs.ErrNotExist): // a file system without links
			return name, root.Rename(part, name)
		case !errors.Is(err, fs.ErrExist):
			return "", err
		}
		name = stem + "-recovered" + extension
		if i > 1 {
			name = fmt.Sprintf("%s-recovered-%d%s", stem, i, extension)
		}
	}
}
