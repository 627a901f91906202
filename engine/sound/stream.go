package sound

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"asterism/codecs/opus"
)

// Stream is a sound that is decoded while it is read. It satisfies media.Source but for its Read, which reads a file: it is not for
// the media thread.
type Stream struct {
	rate int
	read func([]int16) (int, error)
	file io.Closer // nil if it is all in memory
}

// OpenStream opens one file, by its name with the extension, as mono PCM at rate Hz. Ogg Opus is decoded as it is read; others
// at once. Close must be called.
func OpenStream(root fs.FS, name string, rate int) (*Stream, error) {
	i := slices.IndexFunc(formats, func(f format) bool { return f.extension == strings.TrimPrefix(path.Ext(name), ".") })
	if i < 0 {
		return nil, fmt.Errorf("sound: %s: no format of sound has this extension (%s)", name, extensions())
	}
	info, err := fs.Stat(root, name)
	if err != nil {
		return nil, fmt.Errorf("sound: %w", err)
	}
	if e := formats[i].extension; (e == "opus" || e == "ogg") && slices.Contains([]int{8000, 12000, 16000, 24000, 48000}, rate) {
		f, err := root.Open(name)
		if err != nil {
			return nil, fmt.Errorf("sound: %w", err)
		}
		s, err := opus.OpenOgg(f, rate)
		if err != nil {
			_ = f.Close() // read only: nothing is lost
			return nil, fmt.Errorf("sound: %s: %w", name, err)
		}
		return &Stream{rate, s.Read, f}, nil
	}
	clip, err := decodeFile(root, name, info.Size(), formats[i].decode)
	if err != nil {
		return nil, fmt.Errorf("sound: %s: %w", name, err)
	}
	return clip.at(rate).Stream(), nil
}

// Stream is a playback of the clip.
func (c *Clip) Stream() *Stream { return &Stream{c.rate, c.Reader().Read, nil} }

// Rate is what OpenStream was asked for, Hz.
func (s *Stream) Rate() int { return s.rate }

// Read fills pcm with the next samples; io.EOF, with 0 samples, at the end.
func (s *Stream) Read(pcm []int16) (int, error) { return s.read(pcm) }

// Close frees the file.
func (s *Stream) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// List names the sound files of a folder, sorted: of those that differ in their extension only, the one that suits rate (Hz) best.
func List(root fs.FS, folder string, rate int) ([]string, error) {
	entries, err := fs.ReadDir(root, folder)
	if err != nil {
		return nil, fmt.Errorf("sound: %w", err)
	}
	order := map[string]int{}
	for i, f := range byCost(rate) {
		order["."+f.extension] = i + 1
	}
	best := map[string]string{}
	for _, e := range entries {
		ext := path.Ext(e.Name())
		stem := strings.TrimSuffix(e.Name(), ext)
		if e.IsDir() || stem == "" || order[ext] == 0 {
			continue
		}
		if was, ok := best[stem]; !ok || order[ext] < order[path.Ext(was)] {
			best[stem] = e.Name()
		}
	}
	var names []string
	for _, name := range best {
		names = append(names, path.Join(folder, name))
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(a, b) })
	return names, nil
}
