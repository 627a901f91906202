package voicemail

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Deposit puts a copy of a sound that was recorded elsewhere into a folder of a box, as its last message. extension, with its dot, says
// what the sound is. m is all of the message but its ID; most is Deliver's. When it returns the message is on disk.
func (s *Spool) Deposit(sound io.Reader, extension string, to Box, folder string, most int, m Message) (Message, error) {
	if rest, ok := strings.CutPrefix(extension, "."); !ok || !name.MatchString(rest) || strings.Contains(rest, ".") || rest == "txt" || rest == "new" {
		return m, fmt.Errorf("voicemail: %q is no extension of a sound", extension)
	}
	draft, err := s.Draft(to, m)
	if err != nil {
		return m, err
	}
	duration := m.Duration
	if err = s.fill(draft, extension, sound); err == nil {
		m, err = s.Deliver(draft, to, folder, most, func(m *Message) { m.Duration = duration })
	}
	return m, errors.Join(err, s.Discard(draft))
}

// fill writes the sound of a draft.
func (s *Spool) fill(draft, extension string, sound io.Reader) error {
	stem, err := s.draftName(draft)
	if err != nil {
		return err
	}
	out, err := s.root.OpenFile(stem+extension, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, sound)
	return errors.Join(err, out.Sync(), out.Close())
}
