package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"asterism/dialplans"
)

type initCommand struct {
	Example string `enum:"demo,office,minimal" default:"demo" help:"Which of the shipped configurations: demo, office or minimal."`
	Dir     string `arg:"" help:"The configuration directory to make. It must be empty or not exist." type:"path"`
}

// Help is shown by asterism init --help.
func (*initCommand) Help() string {
	return "Copies the demo configuration: phones 100 to 109 and a dialplan to play with; or, with --example office, a company of twenty people " +
		"with all that belongs to it. Every phone gets a password of its own."
}

// Run copies a folder of dialplans.
func (c *initCommand) Run(t terminal) error {
	example, err := fs.Sub(dialplans.FS, c.Example)
	if err != nil {
		return err
	}
	if err := initialize(c.Dir, example); err != nil {
		return err
	}
	data := " --data DIR"
	if filepath.Base(c.Dir) == "etc" { // the rest goes beside it
		data = ""
	}
	fmt.Fprintf(t.out, "Made %s. Start it with: %s run --etc %s%s\n", c.Dir, os.Args[0], c.Dir, data)
	return nil
}

// initialize copies from into dir with random passwords and PINs. On an error it leaves dir as it was.
func initialize(dir string, from fs.FS) (err error) {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return fmt.Errorf("init: %s is not empty; give a new directory, or remove it first", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("init: %w", err)
	}
	var made []string
	defer func() {
		if err != nil {
			for i := len(made) - 1; i >= 0; i-- {
				_ = os.Remove(made[i])
			}
		}
	}()
	passwords := map[string]string{}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			made = append(made, target)
			return os.Mkdir(target, 0o755)
		}
		text, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		filled, secrets := fill(string(text), passwords)
		mode := fs.FileMode(0o644)
		if secrets {
			mode = 0o600
		}
		made = append(made, target)
		return os.WriteFile(target, []byte(filled), mode)
	})
}

var placeholder = regexp.MustCompile(`@(?:PASSWORD|PIN)[0-9A-Za-z_]*@`)

// fill replaces every placeholder; one that occurs twice gets one password.
func fill(text string, passwords map[string]string) (filled string, secrets bool) {
	filled = placeholder.ReplaceAllStringFunc(text, func(name string) string {
		secrets = true
		if passwords[name] == "" {
			passwords[name] = password()
			if strings.HasPrefix(name, "@PIN") {
				passwords[name] = pin()
			}
		}
		return passwords[name]
	})
	return filled, secrets
}

// pin has six digits, for telephones.
func pin() string {
	digits := make([]byte, 0, 6)
	for len(digits) < cap(digits) {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails
		if b[0] < 250 {        // so each digit is as likely as the others
			digits = append(digits, '0'+b[0]%10)
		}
	}
	return string(digits)
}

// password has 80 bits, in letters that nobody mixes up when typing them into a phone: base32 has neither 0 nor 1.
func password() string { return strings.ToLower(rand.Text()[:16]) }
