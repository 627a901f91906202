package sound

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// DefaultLanguage is where a prompt is looked for in the end: ours are English.
const DefaultLanguage = "en"

// defaultRate is what Open chooses files for, Hz: the telephone's wide band.
const defaultRate = 16000

// Folder is a directory by the name that absolute paths have for it.
type Folder struct {
	Path string // "/var/spool/asterisk"
	FS   fs.FS
}

// Config says where a Library looks. A file system whose files others may write (the spool) must not be left by a symbolic link: it is
// an (*os.Root).FS().
type Config struct {
	Roots         []fs.FS  // searched for relative names, in this order
	Folders       []Folder // absolute names open beneath these alone
	SearchCustom  bool     // sounds_search_custom_dir of asterisk.conf: the name is tried as custom/NAME first
	Language      string   // defaultlanguage: where a prompt is looked for when the caller's language has none; "": DefaultLanguage
	OldPrefix     bool     // languageprefix=no: the language's folder stands in the prompt's, digits/de/1; before it, too, as ours have it
	MaxCacheBytes int64    // of decoded sound and the packets it was encoded to
}

// Library finds and caches sounds. It is safe from any goroutine.
type Library struct {
	cfg Config

	mu    sync.Mutex // guards what follows; not held while a file is read
	cache map[copyKey]*list.Element
	used  *list.List // of *cached, the latest first
	bytes int64
}

// place is a file; shelf counts the roots, then the folders.
type place struct {
	shelf int
	file  string
}

// copyKey is a file's sound at one rate, Hz; 0 is the file's own.
type copyKey struct {
	place
	rate int
}

type cached struct {
	key     copyKey
	modTime time.Time
	size    int64
	clip    *Clip
	packets int64 // bytes that the clip was encoded to
}

func (c *cached) bytes() int64 { return int64(len(c.clip.pcm))*2 + c.packets }

// New makes a library that looks where c says.
func New(c Config) *Library {
	return &Library{cfg: c, cache: map[copyKey]*list.Element{}, used: list.New()}
}

// NewLibrary looks in roots, in that order, and keeps at most maxCacheBytes of decoded sound.
func NewLibrary(roots []fs.FS, maxCacheBytes int64) *Library {
	return New(Config{Roots: roots, MaxCacheBytes: maxCacheBytes})
}

// Open is OpenAt for whom the rate does not matter: wide-band comes first, and the clip has the file's own rate.
func (l *Library) Open(name, lang string) (*Clip, error) { return l.find(name, lang, defaultRate, 0) }

// OpenAt finds the sound name (without extension: "beep", "digits/1", "/var/spool/asterisk/monitor/x") for the language lang
// ("de_CH", "" for none). The language wins over the root: de_CH, de, no language at all, then the default one, then English; each
// in every root before the next. An absolute name has the language's folder before its last element. Of one name's
// files that which suits rate (Hz, the channel's PCM) best wins: see byCost. The clip has that rate: it is converted once and
// cached, so playing it costs no resampling, and clips of one rate follow each other without a gap (Sequence). The error wraps
// fs.ErrNotExist and says what was tried; a file that is there but cannot be read is an error of its own.
func (l *Library) OpenAt(name, lang string, rate int) (*Clip, error) {
	return l.find(name, lang, rate, rate)
}

// OpenDefault is OpenAt in no language.
func (l *Library) OpenDefault(name string, rate int) (*Clip, error) { return l.OpenAt(name, "", rate) }

// find chooses among formats for rate and converts to convert, if that is not 0.
func (l *Library) find(name, lang string, rate, convert int) (*Clip, error) {
	shelves, err := l.shelves(name)
	if err != nil {
		return nil, err
	}
	for p, decode := range l.places(shelves, lang, rate) {
		clip, err := l.open(copyKey{p, convert}, decode)
		if !errors.Is(err, fs.ErrNotExist) {
			return clip, err
		}
	}
	return nil, fmt.Errorf("sound %q: no such file in %d folders of sounds, as language %s, in any format (%s): %w",
		name, len(shelves), describe(l.languages(lang)), extensions(), fs.ErrNotExist)
}

// Has reports whether Open would find name.
func (l *Library) Has(name, lang string) bool {
	shelves, err := l.shelves(name)
	if err != nil {
		return false
	}
	for p := range l.places(shelves, lang, defaultRate) {
		if info, err := fs.Stat(l.fs(p.shelf), p.file); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// Names are those of all prompts beneath the roots, without language and extension, sorted.
func (l *Library) Names() []string {
	seen := map[string]bool{}
	for _, root := range l.cfg.Roots {
		_ = fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.Contains(" "+extensions()+" ", " "+strings.TrimPrefix(path.Ext(file), ".")+" ") {
				return nil // what cannot be read is not offered
			}
			name := strings.TrimSuffix(file, path.Ext(file))
			if language, rest, ok := strings.Cut(name, "/"); ok && languageFolder.MatchString(language) {
				name = rest
			}
			seen[name] = true
			return nil
		})
	}
	return slices.Sorted(maps.Keys(seen))
}

var languageFolder = regexp.MustCompile(`^[a-z]{2,3}(_[A-Za-z0-9]+)*$`)

// shelf is a file system in which a sound may lie, under a name.
type shelf struct {
	index    int
	name     string
	absolute bool // it is opened as it is called, not as custom/…
	inside   bool // the language goes before the name's last element
}

// path is the sound's without its extension.
func (s shelf) path(language string) string {
	if s.inside {
		return path.Join(path.Dir(s.name), language, path.Base(s.name))
	}
	return path.Join(language, s.name)
}

// shelves are those that may have name, or why none may.
func (l *Library) shelves(name string) (shelves []shelf, err error) {
	if path.IsAbs(name) {
		for i, f := range l.cfg.Folders {
			if rest, ok := below(f.Path, name); ok {
				if err := CheckName(rest); err != nil {
					return nil, err
				}
				shelves = append(shelves, shelf{len(l.cfg.Roots) + i, rest, true, true})
			}
		}
		if shelves == nil {
			return nil, fmt.Errorf("sound %q: absolute paths are opened beneath the folders of sounds and the spool only", cut(name))
		}
		return shelves, nil
	}
	if err := CheckName(name); err != nil {
		return nil, err
	}
	for i := range l.cfg.Roots {
		if l.cfg.OldPrefix {
			shelves = append(shelves, shelf{i, name, false, true})
		}
		shelves = append(shelves, shelf{i, name, false, false})
	}
	return shelves, nil
}

func (l *Library) fs(shelf int) fs.FS {
	if n := len(l.cfg.Roots); shelf >= n {
		return l.cfg.Folders[shelf-n].FS
	}
	return l.cfg.Roots[shelf]
}

// places yields where the sound may lie, in the order of preference, and how to read what lies there.
func (l *Library) places(shelves []shelf, lang string, rate int) iter.Seq2[place, decoder] {
	formats := byCost(rate)
	return func(yield func(place, decoder) bool) {
		for _, prefix := range l.prefixes() {
			for _, language := range l.languages(lang) {
				for _, s := range shelves {
					if s.absolute && prefix != "" {
						continue
					}
					s.name = path.Join(prefix, s.name)
					name := s.path(language)
					if !folder(l.fs(s.index), path.Dir(name)) {
						continue // saves asking for each extension
					}
					for _, f := range formats {
						if !yield(place{s.index, name + "." + f.extension}, f.decode) {
							return
						}
					}
				}
			}
		}
	}
}

// prefixes are tried one after the other, each in all languages.
func (l *Library) prefixes() []string {
	if l.cfg.SearchCustom {
		return []string{"custom", ""}
	}
	return []string{""}
}

// folder is whether to look in name: not if there is nothing of the kind; if it must not be read, opening will say so.
func folder(f fs.FS, name string) bool {
	info, err := fs.Stat(f, name)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	return info.IsDir()
}

// open returns the clip of key from the cache, if the file is the one it was decoded from, or decodes it.
func (l *Library) open(key copyKey, decode decoder) (*Clip, error) {
	p := key.place
	info, err := fs.Stat(l.fs(p.shelf), p.file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: p.file, Err: fs.ErrNotExist}
	}
	if clip := l.cached(key, info); clip != nil {
		return clip, nil
	}
	clip, err := decodeFile(l.fs(p.shelf), p.file, info.Size(), decode)
	if err != nil {
		return nil, fmt.Errorf("sound: %s: %w", p.file, err)
	}
	if key.rate != 0 {
		clip = clip.at(key.rate)
	}
	l.keep(&cached{key: key, modTime: info.ModTime(), size: info.Size(), clip: clip})
	return clip, nil
}

func (l *Library) cached(key copyKey, info fs.FileInfo) *Clip {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.cache[key]
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
	if c.bytes() > l.cfg.MaxCacheBytes {
		return
	}
	if e := l.cache[c.key]; e != nil {
		l.dropLocked(e)
	}
	c.clip.charge = func(clip *Clip, bytes int64) bool { return l.charge(c.key, clip, bytes) }
	l.cache[c.key] = l.used.PushFront(c)
	l.bytes += c.bytes()
	l.boundLocked()
}

// charge counts the packets of a clip as part of it; false when the clip is no longer in the cache, or would not fit.
func (l *Library) charge(key copyKey, clip *Clip, bytes int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.cache[key]
	if e == nil {
		return false
	}
	c := e.Value.(*cached)
	if c.clip != clip || c.bytes()+bytes > l.cfg.MaxCacheBytes {
		return false
	}
	c.packets += bytes
	l.bytes += bytes
	l.used.MoveToFront(e)
	l.boundLocked()
	return true
}

func (l *Library) boundLocked() {
	for l.bytes > l.cfg.MaxCacheBytes {
		l.dropLocked(l.used.Back())
	}
}

func (l *Library) dropLocked(e *list.Element) {
	c := l.used.Remove(e).(*cached)
	delete(l.cache, c.key)
	l.bytes -= c.bytes()
}
