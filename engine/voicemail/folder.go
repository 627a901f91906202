package voicemail

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// messageName is the .txt of a message.
var messageName = regexp.MustCompile(`^msg([0-9]{4,6})\.txt$`)

func message(number int) string { return fmt.Sprintf("msg%04d", number) }

// folder is what one holds at a moment.
type folder struct {
	dir     string
	numbers []int // ascending
}

// open reads a folder, which is made if it is missing. The caller has the lock.
func (s *Spool) open(dir string) (folder, error) {
	if err := s.makeFolder(dir); err != nil {
		return folder{}, err
	}
	return s.look(dir)
}

// look reads a folder; one that is missing is empty.
func (s *Spool) look(dir string) (folder, error) {
	f := folder{dir: dir}
	entries, err := s.entries(dir)
	for _, e := range entries {
		if match := messageName.FindStringSubmatch(e.Name()); match != nil {
			n, _ := strconv.Atoi(match[1]) // digits, by the expression
			f.numbers = append(f.numbers, n)
		}
	}
	slices.Sort(f.numbers)
	return f, err
}

// next is the number of a message that comes.
func (f folder) next() int {
	if len(f.numbers) == 0 {
		return 0
	}
	return f.numbers[len(f.numbers)-1] + 1
}

// Count is how many messages a folder has; 0 for one that is missing or cannot be read.
func (s *Spool) Count(b Box, folder string) int {
	dir, err := s.messages(b, folder)
	if err != nil {
		return 0
	}
	f, _ := s.look(dir) // what cannot be read counts as empty
	return len(f.numbers)
}

// messages is a folder's place beneath the root.
func (s *Spool) messages(b Box, folder string) (string, error) {
	dir, err := s.folder(b)
	if err == nil && (!name.MatchString(folder) || folder == draftFolder) {
		err = fmt.Errorf("voicemail: %q is no folder of a mailbox", folder)
	}
	return path.Join(dir, folder), err
}

// List is what a folder has, in the order of its numbers. A number may be another message's a moment later: what is to be changed is named by
// its ID.
func (s *Spool) List(b Box, folder string) ([]Message, error) {
	dir, err := s.messages(b, folder)
	if err != nil {
		return nil, err
	}
	f, err := s.look(dir)
	if err != nil {
		return nil, err
	}
	var list []Message
	for _, n := range f.numbers {
		m, err := s.message(dir, n)
		if errors.Is(err, fs.ErrNotExist) {
			continue // moved since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func (s *Spool) message(dir string, number int) (Message, error) {
	stem := path.Join(dir, message(number))
	text, err := s.read(stem + ".txt")
	m := parse(text)
	m.Number, m.Path = number, path.Join(s.path, stem)
	return m, err
}

// Copy puts the sounds of a message into a draft, of any box, in the place of what it had.
func (s *Spool) Copy(b Box, folder, id, draft string) error {
	to, err := s.draftName(draft)
	if err != nil {
		return err
	}
	if _, err := s.messages(b, folder); err != nil {
		return err
	}
	return s.change(b, func(string) error {
		list, err := s.List(b, folder)
		if err != nil {
			return err
		}
		for _, m := range list {
			if m.ID != id {
				continue
			}
			dir, _ := s.messages(b, folder) // it was looked at above
			from := path.Join(dir, message(m.Number))
			sounds, err := s.sounds(from)
			for _, extension := range sounds {
				err = errors.Join(err, missingOK(s.root.Remove(to+extension)))
				err = errors.Join(err, s.duplicate(from+extension, to+extension))
			}
			return err
		}
		return fmt.Errorf("voicemail: %s: message %s of %s: %w", b, id, folder, fs.ErrNotExist)
	})
}

// Change moves messages of a folder to others of the box, by their ID; "" removes them. Those that stay are numbered anew, without gaps.
// most is how many a folder may have, 0 any number: what finds no room stays where it is, and kept is how many that were.
func (s *Spool) Change(b Box, from string, moves map[string]string, most int) (kept int, err error) {
	for _, to := range moves {
		if to != "" && (!name.MatchString(to) || to == draftFolder) {
			return 0, fmt.Errorf("voicemail: %q is no folder of a mailbox", to)
		}
	}
	if _, err := s.messages(b, from); err != nil {
		return 0, err
	}
	err = s.change(b, func(dir string) error {
		f, err := s.open(path.Join(dir, from))
		if err != nil {
			return err
		}
		for _, n := range slices.Clone(f.numbers) {
			m, err := s.message(f.dir, n)
			if err != nil {
				return err
			}
			to, moved := moves[m.ID]
			switch {
			case !moved || to == from:
				continue
			case to == "":
				err = s.remove(f.dir, n)
			default:
				err = s.move(f.dir, n, path.Join(dir, to), most)
			}
			if errors.Is(err, ErrFull) {
				kept++
			} else if err != nil {
				return err
			}
		}
		return s.renumber(f.dir)
	})
	return kept, err
}

// Transcribe notes what a message of the box says in its .txt, whatever folder it is in by now; nothing happens if it is gone.
func (s *Spool) Transcribe(b Box, id, text string) error {
	return s.change(b, func(dir string) error {
		entries, err := s.entries(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() || e.Name() == draftFolder {
				continue
			}
			list, err := s.List(b, e.Name())
			if err != nil {
				return err
			}
			for _, m := range list {
				if m.ID != id {
					continue
				}
				m.Transcription = text
				to := path.Join(dir, e.Name(), message(m.Number)) + ".txt"
				if err := errors.Join(s.makeFolder(path.Join(dir, draftFolder)), s.write(path.Join(dir, draftFolder, m.ID+".new"), m.text())); err != nil {
					return err
				}
				return errors.Join(s.root.Rename(path.Join(dir, draftFolder, m.ID+".new"), to), s.sync(path.Join(dir, e.Name())))
			}
		}
		return nil
	})
}

// remove deletes a message: its text first, without which it is none.
func (s *Spool) remove(dir string, number int) error {
	stem := path.Join(dir, message(number))
	return errors.Join(s.root.Remove(stem+".txt"), s.removeSounds(stem))
}

// move puts a message behind those of another folder.
func (s *Spool) move(dir string, number int, to string, most int) error {
	f, err := s.open(to)
	if err != nil {
		return err
	}
	if most > 0 && len(f.numbers) >= most {
		return ErrFull
	}
	stem := path.Join(dir, message(number))
	if err := s.place(stem, stem+".txt", to, f.next()); err != nil {
		return err
	}
	return s.removeSounds(stem)
}

// renumber closes the gaps of a folder. The caller has the lock.
func (s *Spool) renumber(dir string) error {
	f, err := s.look(dir)
	if err != nil {
		return err
	}
	for want, n := range f.numbers {
		if n == want {
			continue
		}
		stem := path.Join(dir, message(n))
		if err := s.place(stem, stem+".txt", dir, want); err != nil {
			return err
		}
		if err := s.removeSounds(stem); err != nil {
			return err
		}
	}
	return s.sync(dir)
}
