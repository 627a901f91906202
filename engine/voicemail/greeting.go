package voicemail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
)

// Greeting is the path of a greeting, or of the recorded name, without its extension; "" if the box has none.
func (s *Spool) Greeting(b Box, which string) string {
	dir, err := s.folder(b)
	if err != nil || !name.MatchString(which) {
		return ""
	}
	stem := path.Join(dir, which)
	if sounds, err := s.sounds(stem); err != nil || len(sounds) == 0 {
		return ""
	}
	return path.Join(s.path, stem)
}

// Greet makes what was recorded in a draft, which stays, a greeting of the box in the place of the one it had.
func (s *Spool) Greet(b Box, which, draft string) error {
	from, err := s.draftName(draft)
	if err != nil {
		return err
	}
	if !name.MatchString(which) {
		return fmt.Errorf("voicemail: %q is no greeting", which)
	}
	return s.change(b, func(dir string) error {
		sounds, err := s.sounds(from)
		if err != nil {
			return err
		}
		if len(sounds) == 0 {
			return fmt.Errorf("voicemail: %s: nothing was recorded", draft)
		}
		to := path.Join(dir, which)
		if err := s.removeSounds(to); err != nil {
			return err
		}
		for _, extension := range sounds {
			if err := s.duplicate(from+extension, to+extension); err != nil {
				return err
			}
		}
		return s.sync(dir)
	})
}

// Erase removes a greeting; nothing happens if there is none.
func (s *Spool) Erase(b Box, which string) error {
	if !name.MatchString(which) {
		return fmt.Errorf("voicemail: %q is no greeting", which)
	}
	return s.change(b, func(dir string) error {
		return errors.Join(s.removeSounds(path.Join(dir, which)), s.sync(dir))
	})
}

// secretFile holds a mailbox's own password where voicemail.conf has passwordlocation=spooldir.
const secretFile = "secret.conf"

// Secret is the password that the mailbox's directory has; "" if it has none.
func (s *Spool) Secret(b Box) string {
	dir, err := s.folder(b)
	if err != nil {
		return ""
	}
	text, _ := s.read(path.Join(dir, secretFile)) // what cannot be read is none
	for in := bufio.NewScanner(bytes.NewReader(text)); in.Scan(); {
		if option, value, found := strings.Cut(in.Text(), "="); found && strings.TrimSpace(option) == "password" {
			return strings.TrimSpace(strings.TrimPrefix(value, ">"))
		}
	}
	return ""
}

// SetSecret replaces it, on disk when it returns.
func (s *Spool) SetSecret(b Box, password string) error {
	return s.change(b, func(dir string) error {
		to := path.Join(dir, secretFile)
		if err := s.write(to+".new", []byte("[general]\npassword="+oneLine(password)+"\n")); err != nil {
			return err
		}
		return errors.Join(s.root.Rename(to+".new", to), s.sync(dir))
	})
}
