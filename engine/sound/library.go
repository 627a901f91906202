package sound

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"strings"
	"sync"
	"time"
)

// DefaultLanguage is where a prompt is looked for when the caller's language has none.
const DefaultLanguage = "en"

// Library finds and caches sounds. It is safe from any goroutine.
type Library struct {
	roots []fs.FS

	mu    sync.Mutex // guards what follows; not held while a file is read
	cache map[place]*list.Element
	used  *list.List // of *cached, the latest first
	bytes int64
	bound int64
}

// place is a file of one root.
type place struct {
	root int
	file string
}

type cached struct {
	place   place
	modTime time.Time
	size    int64
	clip    *Clip
}

func (c *cached) bytes() int64 { return int64(len(c.clip.pcm)) * 2 }

// NewLibrary looks in roots, in that order, and keeps at most maxCacheBytes of decoded sound. A root that must not be left
// by a symbolic link is an (*os.Root).FS().
func NewLibrary(roots []fs.FS, maxCacheBytes int64) *Library {
	return &Library{roots: roots, cache: map[place]*list.Element{}, used: list.New(), bound: maxCacheBytes}
}

// Open finds the sound name (without extension: "beep", "digits/1") for the language lang ("de_CH", "" for none). The language wins
// over the root: de_CH, de, no language at all, then DefaultLanguage; each in every root before the next. Of one
// name's files the first in formats wins. The error wraps fs.ErrNotExist and says what was tried; a file
// that is there but cannot be read is an error of its own.
func (l *Library) Open(name, lang string) (*Clip, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	for p, decode := range l.places(name, lang) {
		clip, err := l.open(p, decode)
		if !errors.Is(err, fs.ErrNotExist) {
			return clip, err
		}
	}
	return nil, fmt.Errorf("sound %q: no such file in %d folders of sounds, as language %s, in any format (%s): %w",
		name, len(l.roots), strings.Join(describe(languages(lang)), ", "), extensions(), fs.ErrNotExist)
}

// Has reports whether Open would find name.
func (l *Library) Has(name, lang string) bool {
	if CheckName(name) != nil {
		return false
	}
	for p := range l.places(name, lang) {
		if info, err := fs.Stat(l.roots[p.root], p.file); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// places yields where name may lie, in the order of preference, and how to read what lies there.
func (l *Library) places(name, lang string) iter.Seq2[place, decoder] {
	return func(yield func(place, decoder) bool) {
		for _, folder := range languages(lang) {
			for root := range l.roots {
				for _, f := range formats {
					if !yield(place{root, path.Join(folder, name+"."+f.extension)}, f.decode) {
						return
					}
				}
			}
		}
	}
}

// languages are the folders to look in for lang.
func languages(lang string) (folders []string) {
	if checkElement(lang) == nil {
		for l := lang; l != ""; {
			folders = append(folders, l)
			i := strings.LastIndexByte(l, '_')
			l = l[:max(i, 0)]
		}
	}
	folders = append(folders, "")
	if lang != DefaultLanguage && !strings.HasPrefix(lang, DefaultLanguage+"_") {
		folders = append(folders, DefaultLanguage)
	}
	return folders
}

func describe(folders []string) (names []string) {
	for _, f := range folders {
		if f == "" {
			f = "(none)"
		}
		names = append(names, f)
	}
	return names
}

// The bounds of a name: elements of at most maxElement of [A-Za-z0-9_.+-] divided by '/'.
const (
	maxElement  = 64
	maxElements = 8
)

// CheckName says why name cannot be a sound's, or nil. It is what keeps "../../etc/passwd" out.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("sound: empty name")
	case strings.HasPrefix(name, "/"):
		return fmt.Errorf("sound %q: an absolute path; name it relative to the sounds folder", cut(name))
	case strings.Count(name, "/") >= maxElements:
		return fmt.Errorf("sound %q: more than %d folders", cut(name), maxElements)
	}
	for element := range strings.SplitSeq(name, "/") {
		if err := checkElement(element); err != nil {
			return fmt.Errorf("sound %q: %w", cut(name), err)
		}
	}
	return nil
}

func checkElement(s string) error {
	if s == "" || len(s) > maxElement || strings.Trim(s, ".") == "" {
		return fmt.Errorf("%q is no file name of 1 to %d characters", cut(s), maxElement)
	}
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', strings.IndexByte("_.+-", c) >= 0:
		default:
			return fmt.Errorf("%q: character %q; letters, digits and _ . + - make a name", cut(s), c)
		}
	}
	return nil
}

func cut(s string) string {
	if len(s) > 2*maxElement {
		return s[:2*maxElement] + "…"
	}
	return s
}

// open returns the clip at p from the cache, if the file is the one it was decoded from, or decodes it.
func (l *Library) open(p place, decode decoder) (*Clip, error) {
	info, err := fs.Stat(l.roots[p.root], p.file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: p.file, Err: fs.ErrNotExist}
	}
	if clip := l.cached(p, info); clip != nil {
		return clip, nil
	}
	clip, err := decodeFile(l.roots[p.root], p.file, info.Size(), decode)
	if err != nil {
		return nil, fmt.Errorf("sound: %s: %w", p.file, err)
	}
	l.keep(&cached{p, info.ModTime(), info.Size(), clip})
	return clip, nil
}

func (l *Library) cached(p place, info fs.FileInfo) *Clip {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.cache[p]
	if e == nil {
		return nil
	}
	c := e.Value.(*cached)
	if !c.modTime.Equal(info.ModTime()) || c.size != info.Size() {
		l.dropLocked(e)
		return nil
	}
	l.used.MoveToFront(e)
	return c.clip
}

// keep puts c into the cache and drops the longest unused until the bound holds. Two callers that decoded the same file
// at once keep one of their clips.
func (l *Library) keep(c *cached) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.bytes() > l.bound {
		return
	}
	if e := l.cache[c.place]; e != nil {
		l.dropLocked(e)
	}
	l.cache[c.place] = l.used.PushFront(c)
	l.bytes += c.bytes()
	for l.bytes > l.bound {
		l.dropLocked(l.used.Back())
	}
}

func (l *Library) dropLocked(e *list.Element) {
	c := l.used.Remove(e).(*cached)
	delete(l.cache, c.place)
	l.bytes -= c.bytes()
}
