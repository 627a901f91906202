// Package voicemail keeps recorded messages as Asterisk does, so that its tools and spools work both ways:
//
//	voicemail/CONTEXT/BOX/unavail.wav busy.wav temp.wav greet.wav     greetings
//	                      tmp/ID.wav ID.txt                           a draft: being recorded, or heard again by the caller
//	                      INBOX/msg0000.wav msg0000.txt               messages, numbered without gaps; Old, Work … likewise
//
// The .txt makes a message: it is renamed into place after the sound, both on disk, and moves before the sound is removed elsewhere. A
// sound without one is left over from a process that died, and its number is taken by the next. So a kill at any moment leaves whole messages
// only, and none is lost that Deliver has returned. Who changes a mailbox holds a lock (flock) on its directory, across processes.
package voicemail

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// ErrFull is Deliver's when the folder has as many messages as it may.
var ErrFull = errors.New("voicemail: the folder is full")

const draftFolder = "tmp"

// name is what contexts, mailboxes, folders and drafts may be called: never a way out of the spool.
var name = regexp.MustCompile(`^[A-Za-z0-9_+-][A-Za-z0-9_.+-]{0,59}$`)

// Box names a mailbox.
type Box struct{ Context, Name string }

// Spool is the folder of all mailboxes. Its methods may be called from any goroutine; they write to disk.
type Spool struct {
	root *os.Root
	path string
}

// New is the spool "voicemail" beneath root, which stays the caller's; dir is root's absolute path, with which names begin. It makes nothing.
func New(root *os.Root, dir string) *Spool { return &Spool{root, dir} }

// folder is where the box lies beneath the root.
func (s *Spool) folder(b Box) (string, error) {
	if !name.MatchString(b.Context) || !name.MatchString(b.Name) {
		return "", fmt.Errorf("voicemail: %q@%q: a mailbox's name and context are letters, digits and _ . + -", b.Name, b.Context)
	}
	return path.Join("voicemail", b.Context, b.Name), nil
}

// Path is the directory of the box, absolute; greetings go there.
func (s *Spool) Path(b Box) (string, error) {
	dir, err := s.folder(b)
	return path.Join(s.path, dir), err
}

// change runs f with the box's lock; its directory is made.
func (s *Spool) change(b Box, f func(dir string) error) error {
	dir, err := s.folder(b)
	if err != nil {
		return err
	}
	if err := s.makeFolder(dir); err != nil {
		return err
	}
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close() // which unlocks
	for {
		if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err == nil {
			return f(dir)
		} else if !errors.Is(err, syscall.EINTR) {
			return &fs.PathError{Op: "lock", Path: dir, Err: err}
		}
	}
}

// Draft begins a message: its text is on disk, the sound is to be recorded to the path that is returned, which lacks the extension. m.ID is
// made here.
func (s *Spool) Draft(b Box, m Message) (draft string, err error) {
	err = s.change(b, func(dir string) error {
		var unique [4]byte
		_, _ = rand.Read(unique[:]) // it never fails
		m.ID = fmt.Sprintf("%d-%s", m.Time.Unix(), hex.EncodeToString(unique[:]))
		dir = path.Join(dir, draftFolder)
		draft = path.Join(s.path, dir, m.ID)
		return errors.Join(s.makeFolder(dir), s.write(path.Join(dir, m.ID+".txt"), m.text()))
	})
	return draft, err
}

// draftName is the draft beneath the root, or why it can be none.
func (s *Spool) draftName(draft string) (string, error) {
	rest, ok := strings.CutPrefix(draft, path.Join(s.path, "voicemail")+"/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 4 || parts[2] != draftFolder || slices.ContainsFunc(parts, func(p string) bool { return !name.MatchString(p) }) {
		return "", fmt.Errorf("voicemail: %q is no draft of ours", draft)
	}
	return path.Join("voicemail", rest), nil
}

// Deliver puts a copy of a draft whose sound is recorded into a folder of a box, any box, as its last message. edit changes what Draft was
// told, such as the duration. When it returns the message is on disk. most is how many the folder may have, 0 any number: beyond, ErrFull.
func (s *Spool) Deliver(draft string, to Box, folder string, most int, edit func(*Message)) (m Message, err error) {
	from, err := s.draftName(draft)
	if err != nil {
		return m, err
	}
	if !name.MatchString(folder) || folder == draftFolder {
		return m, fmt.Errorf("voicemail: %q is no folder of a mailbox", folder)
	}
	text, err := s.read(from + ".txt")
	if err != nil {
		return m, err
	}
	m = parse(text)
	edit(&m)
	err = s.change(to, func(dir string) error {
		f, err := s.open(path.Join(dir, folder))
		if err != nil {
			return err
		}
		if most > 0 && len(f.numbers) >= most {
			return ErrFull
		}
		temporary := path.Join(dir, draftFolder, m.ID+".new")
		if err := errors.Join(s.makeFolder(path.Join(dir, draftFolder)), s.write(temporary, m.text())); err != nil {
			return err
		}
		m.Number = f.next()
		m.Path = path.Join(s.path, f.dir, message(m.Number))
		return s.place(from, temporary, f.dir, m.Number)
	})
	return m, err
}

// Discard removes a draft; nothing happens if there is none.
func (s *Spool) Discard(draft string) error {
	from, err := s.draftName(draft)
	if err != nil {
		return err
	}
	// The text last: a draft without sound is nothing, a sound without text would be nobody's.
	return errors.Join(s.removeSounds(from), missingOK(s.root.Remove(from+".txt")))
}

// place makes message number of folder dir out of the sounds of from and the text file text, which moves. The caller has the lock.
func (s *Spool) place(from, text, dir string, number int) error {
	to := path.Join(dir, message(number))
	if err := s.removeSounds(to); err != nil { // left over by a process that died
		return err
	}
	sounds, err := s.sounds(from)
	if err != nil {
		return err
	}
	if len(sounds) == 0 {
		return fmt.Errorf("voicemail: %s: nothing was recorded: %w", from, fs.ErrNotExist)
	}
	for _, extension := range sounds {
		if err := s.duplicate(from+extension, to+extension); err != nil {
			return err
		}
	}
	if err := s.sync(dir); err != nil { // before the text names them
		return err
	}
	if err := s.root.Rename(text, to+".txt"); err != nil {
		return err
	}
	return s.sync(dir)
}

// duplicate gives a file a second name, or copies it where the file system has no links.
func (s *Spool) duplicate(from, to string) error {
	if err := s.root.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := s.root.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := s.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// sounds are the extensions that files of the name have, beside .txt and what we are not done with.
func (s *Spool) sounds(stem string) (extensions []string, err error) {
	dir, base := path.Split(stem)
	entries, err := s.entries(path.Clean(dir))
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), base+"."); ok && rest != "txt" && rest != "new" && !strings.Contains(rest, ".") {
			extensions = append(extensions, "."+rest)
		}
	}
	return extensions, err
}

func (s *Spool) removeSounds(stem string) error {
	sounds, err := s.sounds(stem)
	for _, extension := range sounds {
		err = errors.Join(err, missingOK(s.root.Remove(stem+extension)))
	}
	return err
}

func (s *Spool) entries(dir string) ([]fs.DirEntry, error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, missingOK(err)
	}
	defer d.Close()
	return d.ReadDir(-1)
}

func (s *Spool) read(file string) ([]byte, error) {
	f, err := s.root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxText))
}

// write makes a file that is on disk when it returns, but for its name.
func (s *Spool) write(file string, data []byte) error {
	f, err := s.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// makeFolder makes dir with those above it, durably.
func (s *Spool) makeFolder(dir string) error {
	if _, err := s.root.Stat(dir); err == nil {
		return nil
	}
	if err := s.root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for dir != "." {
		dir = path.Dir(dir)
		if err := s.sync(dir); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spool) sync(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func missingOK(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
