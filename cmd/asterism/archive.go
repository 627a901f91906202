package main

import (
	"os"
	"path/filepath"
	"time"

	"asterism/engine/channel"
	"asterism/engine/sound"
	"asterism/engine/voicemail"

	"github.com/rs/zerolog"
)

// archive is where calls are recorded: a relative name goes to the site's sounds, if that folder can be written; the spool is always there.
// What recordings of a process that died left behind, and messages that it was taking, is finished in the background; recovered, which are the
// messages, and release wait for that.
func (p places) archive(spool *os.Root, mailboxes *voicemail.Spool, prompts *sound.Library, log zerolog.Logger) (archive sound.Archive, recovered func() []voicemail.Found, release func(), err error) {
	release = func() {}
	own := filepath.Join(p.dirs.Data, "sounds")
	if err := os.MkdirAll(own, 0o750); err != nil {
		log.Info().Err(err).Msg("prompts cannot be recorded: Record takes names beneath the spool only")
	} else {
		root, err := os.OpenRoot(own)
		if err != nil {
			return nil, nil, release, err
		}
		release = closing(log, "sounds", root.Close)
		archive = append(archive, sound.ArchiveFolder{Path: own, Root: root})
	}
	archive = append(archive, sound.ArchiveFolder{Path: p.dirs.Spool, Root: spool})
	done, started := make(chan struct{}), time.Now()
	var found []voicemail.Found
	go func() {
		defer close(done)
		names, err := archive.Recover()
		for _, name := range names {
			log.Warn().Str("file", name).Msg("recording of a process that died: recovered")
		}
		if err != nil {
			log.Error().Err(err).Msg("recordings not recovered")
		}
		found, err = mailboxes.Recover(started, func(path string) time.Duration {
			clip, err := prompts.OpenDefault(path, 8000)
			if err != nil {
				return 0 // nothing was recorded
			}
			return clip.Duration()
		})
		for _, m := range found {
			log.Warn().Str("file", m.Message.Path).Msg("message that was being left when a process died: delivered")
		}
		if err != nil {
			log.Error().Err(err).Msg("messages not recovered")
		}
	}()
	was := release
	return archive, func() []voicemail.Found { <-done; return found }, func() { <-done; was() }, nil
}

// tapes begin recordings of conferences, beneath the spool's monitor folder unless their names are absolute.
func tapes(archive sound.Archive, spool string) func(channel.TapeRequest) (channel.Tape, error) {
	return func(r channel.TapeRequest) (channel.Tape, error) {
		rate, err := sound.RateOf(r.File)
		if err != nil {
			return nil, err
		}
		if !filepath.IsAbs(r.File) {
			r.File = filepath.Join(spool, "monitor", r.File)
		}
		rec, err := archive.Create(r.File, sound.RecordOptions{Rate: rate, Append: r.Append, Stereo: r.Stereo})
		if err != nil {
			return nil, err
		}
		return sound.NewTape(rec), nil
	}
}
