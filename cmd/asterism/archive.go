package main

import (
	"os"
	"path/filepath"

	"asterism/engine/sound"

	"github.com/rs/zerolog"
)

// archive is where calls are recorded: a relative name goes to the site's sounds, if that folder can be written; the spool is always there.
// What recordings of a process that died left behind is finished in the background; release waits for that.
func (p places) archive(spool *os.Root, log zerolog.Logger) (archive sound.Archive, release func(), err error) {
	release = func() {}
	own := filepath.Join(p.dirs.Data, "sounds")
	if err := os.MkdirAll(own, 0o750); err != nil {
		log.Info().Err(err).Msg("prompts cannot be recorded: Record takes names beneath the spool only")
	} else {
		root, err := os.OpenRoot(own)
		if err != nil {
			return nil, release, err
		}
		release = closing(log, "sounds", root.Close)
		archive = append(archive, sound.ArchiveFolder{Path: own, Root: root})
	}
	archive = append(archive, sound.ArchiveFolder{Path: p.dirs.Spool, Root: spool})
	done := make(chan struct{})
	go func() {
		defer close(done)
		names, err := archive.Recover()
		for _, name := range names {
			log.Warn().Str("file", name).Msg("recording of a process that died: recovered")
		}
		if err != nil {
			log.Error().Err(err).Msg("recordings not recovered")
		}
	}()
	was := release
	return archive, func() { <-done; was() }, nil
}
