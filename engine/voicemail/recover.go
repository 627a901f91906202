package voicemail

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Found is a message in its place.
type Found struct {
	Box     Box
	Folder  string
	Message Message
}

// Recover delivers, in every mailbox, the drafts that a process which died before the moment started left behind with something recorded,
// unless they were delivered already; the others of its drafts are removed. length tells how long the sound of a path is. It returns
// the messages, and goes on after an error. The recordings themselves are to be whole before (sound.Recover).
func (s *Spool) Recover(started time.Time, length func(path string) time.Duration) (messages []Found, err error) {
	drafts, err := fs.Glob(s.root.FS(), "voicemail/*/*/"+draftFolder+"/*.txt")
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, file := range drafts {
		stem := strings.TrimSuffix(file, ".txt")
		parts := strings.Split(stem, "/")
		draft := path.Join(s.path, stem)
		text, err := s.read(file)
		m := parse(text)
		if err == nil && len(text) == 0 && s.before(file, started) { // it died before it had written anything
			problems = append(problems, s.Discard(draft))
			continue
		}
		if err != nil || m.ID != parts[4] || m.Time.Unix() >= started.Unix() {
			continue // of somebody else, or of a call that is going on
		}
		if found, err := s.recoverDraft(Box{parts[1], parts[2]}, draft, m, length(draft)); err != nil {
			problems = append(problems, fmt.Errorf("voicemail: %s: %w", draft, err))
		} else if found != nil {
			messages = append(messages, *found)
		}
	}
	return messages, errors.Join(append(problems, s.sweep(started))...)
}

// sweep removes sounds that were recorded in a draft's place before the moment started and have no text: greetings and comments that nobody kept.
func (s *Spool) sweep(started time.Time) error {
	strays, err := fs.Glob(s.root.FS(), "voicemail/*/*/"+draftFolder+"/*")
	for _, file := range strays {
		stem := strings.TrimSuffix(file, path.Ext(file))
		_, textErr := s.root.Stat(stem + ".txt")
		if s.before(file, started) && errors.Is(textErr, fs.ErrNotExist) && !strings.HasPrefix(path.Base(file), ".") {
			err = errors.Join(err, missingOK(s.root.Remove(file)))
		}
	}
	return err
}

// before is whether a file was last written before a moment.
func (s *Spool) before(file string, moment time.Time) bool {
	info, err := s.root.Stat(file)
	return err == nil && info.ModTime().Before(moment)
}

// recoverDraft delivers one, or removes it; nil if it was nothing, or is delivered already.
func (s *Spool) recoverDraft(b Box, draft string, m Message, length time.Duration) (*Found, error) {
	if length <= 0 || s.has(b, m.ID) {
		return nil, s.Discard(draft)
	}
	folder := "INBOX"
	if m.Flag == "Urgent" {
		folder = "Urgent"
	}
	m, err := s.Deliver(draft, b, folder, 0, func(m *Message) { m.Duration = length })
	if err != nil {
		return nil, err
	}
	return &Found{b, folder, m}, s.Discard(draft)
}

// has is whether a message of that ID is in any folder of the box.
func (s *Spool) has(b Box, id string) bool {
	dir, err := s.folder(b)
	if err != nil {
		return false
	}
	entries, _ := s.entries(dir) // a box that cannot be read has none that we know of
	for _, e := range entries {
		if !e.IsDir() || e.Name() == draftFolder {
			continue
		}
		list, _ := s.List(b, e.Name())
		for _, m := range list {
			if m.ID == id {
				return true
			}
		}
	}
	return false
}
