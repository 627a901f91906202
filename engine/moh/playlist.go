package moh

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"asterism/engine/sound"
)

// playlist is a class's music: one file after the other, for ever. Its Read is called by one goroutine at a time, the studio of its
// media.Music. What cannot be played is left out, with a line in the log; a list of nothing is silence, looked at again
// every so often.
type playlist struct {
	class Class
	cfg   Config

	files   []file // as they were found when the list began
	next    int
	played  int // 1 + index of the last that could be opened
	playing *sound.Stream
	idle    int  // samples of silence until the list is looked at again
	logged  bool // that there is nothing to play
}

// file is one of the list. open gives it from its beginning.
type file struct {
	shown string
	open  func() (*sound.Stream, error)
}

// retry is how long an empty list is silent before it is looked at again.
const retry = 5 * time.Second

// Rate is that of all classes, Hz.
func (*playlist) Rate() int { return rate }

// Read fills pcm with the next samples. It never ends.
func (p *playlist) Read(pcm []int16) (int, error) {
	if p.idle > 0 {
		n := min(p.idle, len(pcm))
		p.idle -= n
		clear(pcm[:n])
		return n, nil
	}
	if p.playing == nil && !p.begin() {
		p.idle = int(retry.Seconds()) * rate
		return 0, nil
	}
	n, err := p.playing.Read(pcm)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		p.cfg.Log.Warn().Err(err).Str("class", p.class.Name).Msg("music on hold: file ends early")
	}
	_ = p.playing.Close()
	p.playing = nil
	if !p.begin() {
		p.idle = int(retry.Seconds()) * rate
		return n, nil
	}
	m, err := p.playing.Read(pcm[n:])
	if err != nil { // an empty file: the next Read takes the one after it
		m = 0
	}
	return n + m, nil
}

// begin opens the next file that can be opened; false if none can.
func (p *playlist) begin() bool {
	for tries := 0; tries <= len(p.files); tries++ {
		switch {
		case p.next < len(p.files):
		case p.class.LoopLast && p.played > 0:
			p.next = p.played - 1
		case !p.order():
			return false
		}
		f := p.files[p.next]
		p.next++
		s, err := f.open()
		if err == nil {
			p.playing, p.logged, p.played = s, false, p.next
			return true
		}
		p.cfg.Log.Warn().Err(err).Str("class", p.class.Name).Str("file", f.shown).Msg("music on hold: file left out")
	}
	return false
}

// order looks at the list anew and says in which order it is played; false if it is empty.
func (p *playlist) order() bool {
	files, err := p.find()
	if len(files) == 0 {
		if !p.logged {
			p.logged = true
			p.cfg.Log.Warn().Err(err).Str("class", p.class.Name).Msg("music on hold: nothing to play, silence")
		}
		return false
	}
	first := p.files == nil
	p.files, p.next, p.played = files, 0, 0
	switch {
	case p.class.Sort == "random":
		rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	case p.class.Sort == "randstart" && first:
		p.next = rand.IntN(len(files))
	}
	return true
}

// find lists the class's files, sorted.
func (p *playlist) find() ([]file, error) {
	if p.class.Mode == "playlist" {
		return p.entries(), nil
	}
	var problems []error
	folders, names := p.cfg.folders(p.class.Directory)
	for i, folder := range folders {
		found, err := sound.List(folder, ".", rate)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
		var files []file
		for _, name := range found {
			files = append(files, file{names[i] + "/" + name, func() (*sound.Stream, error) { return sound.OpenStream(folder, name, rate) }})
		}
		if len(files) > 0 {
			return files, nil
		}
	}
	return nil, errors.Join(append(problems, fmt.Errorf("no sound files in %s", strings.Join(names, ", ")))...)
}

// entries are those of mode=playlist: absolute names with or without extension, or names that Playback would take.
func (p *playlist) entries() (files []file) {
	for _, entry := range p.class.Entries {
		files = append(files, file{entry, func() (*sound.Stream, error) {
			switch {
			case strings.Contains(entry, "://"):
				return nil, fmt.Errorf("%s: music is not fetched from the net; copy it to a file", entry)
			case filepath.IsAbs(entry):
				return openAbsolute(entry)
			case p.cfg.Sound == nil:
				return nil, fmt.Errorf("%s: %w", entry, fs.ErrNotExist)
			}
			clip, err := p.cfg.Sound(entry, rate)
			if err != nil {
				return nil, err
			}
			return clip.Stream(), nil
		}})
	}
	return files
}

// openAbsolute opens the file of that name, or of that name with one of sound's extensions.
func openAbsolute(entry string) (*sound.Stream, error) {
	dir, base := filepath.Split(entry)
	root := os.DirFS(dir)
	if info, err := fs.Stat(root, base); err == nil && info.Mode().IsRegular() {
		return sound.OpenStream(root, base, rate)
	}
	found, err := sound.List(root, ".", rate)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(name string) bool { return strings.TrimSuffix(name, filepath.Ext(name)) == base })
	if i < 0 {
		return nil, fmt.Errorf("%s: %w", entry, fs.ErrNotExist)
	}
	return sound.OpenStream(root, found[i], rate)
}
