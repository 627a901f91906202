// Package moh holds the classes of hold music: musiconhold.conf says which there are, folders and lists which sounds they play.
//
//	musiconhold.conf ─► Classes ─Music("default")─► *media.Music, which all its listeners share ◄─ playlist ◄─ files, decoded as they play
//
// A class outlives reloads as long as nothing about it changes; who listens to one that did goes on hearing the old one.
package moh

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"asterism/engine/config"
	"asterism/engine/media"
	"asterism/engine/sound"

	"github.com/rs/zerolog"
)

// Default is the class that is played where no other is named.
const Default = "default"

// rate is that of all classes, Hz: the telephone's wide band.
const rate = 16000

// Config says where a Classes looks.
type Config struct {
	// Data are the data directories that a relative directory= is looked for in, the site's own first.
	Data    []string
	BuiltIn fs.FS // where it is looked for in the end
	Log     zerolog.Logger
	// Sound opens an entry of mode=playlist by its name, as Playback would; nil: only absolute names are played.
	Sound func(name string, rate int) (*sound.Clip, error)
}

// Class is one section of musiconhold.conf.
type Class struct {
	Name, Mode, Directory, Sort string
	Entries                     []string
	LoopLast                    bool
}

// same tells whether two play the same.
func (c Class) same(d Class) bool {
	return c.Name == d.Name && c.Mode == d.Mode && c.Directory == d.Directory && c.Sort == d.Sort && c.LoopLast == d.LoopLast && slices.Equal(c.Entries, d.Entries)
}

// Classes are the classes in force. All methods are safe from any goroutine.
type Classes struct {
	cfg Config

	mu      sync.Mutex // guards classes; a leaf
	classes map[string]*playing
}

type playing struct {
	class Class
	music *media.Music
	list  *playlist
}

// New has the class default, which plays the folder "moh" of the data directory, or what is built in.
func New(cfg Config) *Classes {
	c := &Classes{cfg: cfg, classes: map[string]*playing{}}
	c.Configure(nil)
	return c
}

// Load reads musiconhold.conf (nil: there is none). A class that cannot be played is left out, with a warning: the others go on, and so do
// calls without it.
func Load(f *config.File) (classes []Class, problems []config.Problem) {
	if f != nil {
		problems = slices.Clone(f.Problems)
		for _, s := range f.Sections {
			if s.Template || strings.EqualFold(s.Name, "general") {
				continue
			}
			class, found, ok := read(s)
			problems = append(problems, found...)
			if ok {
				classes = append(classes, class)
			}
		}
	}
	if !slices.ContainsFunc(classes, func(c Class) bool { return c.Name == Default }) {
		classes = append(classes, Class{Name: Default, Mode: "files", Directory: "moh", Sort: "alpha"})
	}
	return classes, problems
}

// read takes one section; false if it is none that can be played.
func read(s *config.Section) (c Class, problems []config.Problem, ok bool) {
	c = Class{Name: s.Name, Mode: "files", Sort: "alpha"}
	say := func(pos config.Pos, want, what string, a ...any) {
		problems = append(problems, config.Problem{Pos: pos, Warning: true, What: fmt.Sprintf("class %q: %s", s.Name, fmt.Sprintf(what, a...)), Want: want})
	}
	ok = true
	for _, o := range s.Options {
		switch name := strings.ToLower(o.Name); name {
		case "mode":
			c.Mode = strings.ToLower(o.Value)
			if c.Mode != "files" && c.Mode != "playlist" {
				ok = false
				say(o.Pos, "convert the music to files and write mode=files, or mode=playlist", "mode=%s: no program is run for music; the class is left out", o.Value)
			}
		case "directory":
			c.Directory = o.Value
		case "entry":
			c.Entries = append(c.Entries, o.Value)
		case "sort":
			c.Sort = strings.ToLower(o.Value)
			if !slices.Contains([]string{"alpha", "random", "randstart"}, c.Sort) {
				say(o.Pos, "write alpha, random or randstart", "sort=%s: alpha is taken", o.Value)
				c.Sort = "alpha"
			}
		case "random":
			if truth(o.Value) {
				c.Sort = "random"
			}
		case "loop_last":
			c.LoopLast = truth(o.Value)
		case "announcement", "digit":
			say(o.Pos, "take the line out", "%s is without effect: all listeners hear the same music", name)
		case "application", "format", "answeredonly", "kill_escalation_delay", "kill_method":
		default:
			say(o.Pos, "take the line out", "option %q is unknown", o.Name)
		}
	}
	switch {
	case c.Mode == "files" && c.Directory == "":
		ok = false
		say(s.Pos, "add directory=moh", "no directory; the class is left out")
	case c.Mode == "playlist" && len(c.Entries) == 0:
		ok = false
		say(s.Pos, "add entry=/path/to/music", "no entry; the class is left out")
	}
	return c, problems, ok
}

func truth(v string) bool {
	return slices.Contains([]string{"yes", "true", "y", "t", "1", "on"}, strings.ToLower(v))
}

// Configure puts what Load read into force; nil: the default class alone.
func (c *Classes) Configure(classes []Class) {
	if classes == nil {
		classes, _ = Load(nil)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.classes
	c.classes = map[string]*playing{}
	for _, class := range classes {
		key := strings.ToLower(class.Name)
		if p := was[key]; p != nil && p.class.same(class) {
			c.classes[key] = p
			continue
		}
		list := &playlist{class: class, cfg: c.cfg}
		c.classes[key] = &playing{class, media.NewMusic(class.Name, list), list}
	}
}

// Music is a class's; false if there is no such class.
func (c *Classes) Music(name string) (*media.Music, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.classes[strings.ToLower(name)]
	if p == nil {
		return nil, false
	}
	return p.music, true
}

// Shown is a class for those who look.
type Shown struct {
	Class
	Files     []string // as they would be played
	Problem   string   // why there are none
	Listeners int
}

// Show lists the classes by name.
func (c *Classes) Show() []Shown {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.classes))
	c.mu.Unlock()
	out := make([]Shown, 0, len(all))
	for _, p := range all {
		s := Shown{Class: p.class, Listeners: p.music.Listeners()}
		files, err := p.list.find()
		for _, f := range files {
			s.Files = append(s.Files, f.shown)
		}
		if err != nil {
			s.Problem = err.Error()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Shown) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// folders are where the class's directory may be, with the name it has for those who look.
func (c Config) folders(directory string) (folders []fs.FS, names []string) {
	if filepath.IsAbs(directory) {
		return []fs.FS{os.DirFS(directory)}, []string{directory}
	}
	for _, data := range c.Data {
		path := filepath.Join(data, directory)
		folders, names = append(folders, os.DirFS(path)), append(names, path)
	}
	if c.BuiltIn != nil && fs.ValidPath(directory) {
		if sub, err := fs.Sub(c.BuiltIn, directory); err == nil {
			folders, names = append(folders, sub), append(names, "built-in "+directory)
		}
	}
	return folders, names
}
