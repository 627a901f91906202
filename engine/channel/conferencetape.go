package channel

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Tape is a file that a media thread records to; *sound.Tape is one.
type Tape interface {
	Rate() int // Hz
	Write(pcm []int16)
	Close(trim time.Duration) error
	Failed() <-chan struct{}
	Lost() time.Duration
}

// TapeRequest says what is to be recorded where. A relative file is one of the site's folder of recordings.
type TapeRequest struct {
	File           string
	Append, Stereo bool
}

// RecordConfig says how a conference is recorded, by whoever begins it.
type RecordConfig struct {
	File     string // with its extension; "": confbridge-NAME-TIME.wav
	Fresh    bool   // what is recorded again goes to another file; else to the end of the last one
	Timeless bool   // File is the name as it is; else the time of its beginning goes before its extension
	Tracks   string // "mono" or "stereo": also a file for each member, of what he says, or that and what he hears; "": none
}

// ConferenceRecording is a recording of a conference that goes on.
type ConferenceRecording struct {
	file   string
	began  time.Time
	tracks string
	muted  atomic.Bool
	stop   chan struct{}
	once   sync.Once
	open   bool // members' tracks may begin; guarded by Conference.mu
}

// Errors of recording a conference.
var (
	ErrRecording    = errors.New("channel: the conference is being recorded already")
	ErrNotRecording = errors.New("channel: the conference is not being recorded")
	ErrNoTapes      = errors.New("channel: no place to record to is configured")
)

// Record begins to record the mix; file, if it is not "", is in place of the configured one, as tracks is. It may wait for the disk. The file
// is in its place, durably, when the recording has ended: by StopRecord, with the conference, or because the disk fails.
func (conf *Conference) Record(file, tracks string) (name string, err error) {
	k := conf.core
	if k.openTape == nil {
		return "", ErrNoTapes
	}
	if tracks == "" {
		tracks = conf.how.Record.Tracks
	}
	r := &ConferenceRecording{began: k.clock.Now(), tracks: tracks, stop: make(chan struct{})}
	conf.mu.Lock()
	switch {
	case conf.ended:
		err = errConferenceEnded
	case conf.recording != nil:
		err = ErrRecording
	}
	request := TapeRequest{File: conf.taken, Append: true}
	if file != "" || conf.taken == "" || conf.how.Record.Fresh {
		request.File, request.Append = conf.recordName(file, r.began), !conf.how.Record.Fresh
	}
	if err != nil {
		conf.mu.Unlock()
		return "", err
	}
	r.file = request.File
	conf.recording, conf.taken = r, r.file
	conf.mu.Unlock()

	tape, err := k.openTape(request)
	if err != nil {
		conf.recorded(r)
		return "", err
	}
	silence := make([]int16, tape.Rate()/50)
	remove := conf.room.Tap(tape.Rate(), func(mix []int16) {
		if r.muted.Load() {
			mix = silence
		}
		tape.Write(mix)
	})
	conf.mu.Lock()
	r.open = true
	conf.mu.Unlock()
	k.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceRecorded, Conference: conf.name, File: r.file})
	for _, p := range conf.some("all") {
		conf.track(p)
	}
	k.monitors.Go(func() { conf.awaitRecord(r, tape, remove) })
	return r.file, nil
}

// awaitRecord ends a recording when it is time.
func (conf *Conference) awaitRecord(r *ConferenceRecording, tape Tape, remove func()) {
	select {
	case <-r.stop:
	case <-conf.done:
	case <-tape.Failed():
	}
	remove()
	conf.mu.Lock()
	r.open = false
	conf.mu.Unlock()
	for _, p := range conf.some("all") {
		conf.untrack(p)
	}
	conf.core.closeTape(tape, r.file)
	conf.recorded(r)
	conf.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceRecordStopped, Conference: conf.name, File: r.file})
}

// closeTape puts a file into its place and tells what went wrong.
func (k *Core) closeTape(t Tape, file string) {
	if err := t.Close(0); err != nil {
		k.log.Error().Err(err).Str("file", file).Msg("recording of the conference ends early")
	}
	if lost := t.Lost(); lost > 0 {
		k.log.Warn().Str("file", file).Dur("lost", lost).Msg("recording of the conference has a hole: the disk is too slow")
	}
}

// recorded notes that r is over.
func (conf *Conference) recorded(r *ConferenceRecording) {
	conf.mu.Lock()
	if conf.recording == r {
		conf.recording = nil
	}
	conf.mu.Unlock()
}

// recordName is the name of a new file.
func (conf *Conference) recordName(file string, now time.Time) string {
	if file == "" {
		file = conf.how.Record.File
	}
	if file == "" {
		return fmt.Sprintf("confbridge-%s-%d.wav", fileWord(conf.name), now.Unix())
	}
	if conf.how.Record.Timeless {
		return file
	}
	ext := path.Ext(file)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, ext), now.Unix(), ext)
}

// fileWord is text as a part of a file's name.
func fileWord(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\\\x00", r) || r < ' ' {
			return '-'
		}
		return r
	}, text)
}

// StopRecord ends the recording; what is left goes to disk after that.
func (conf *Conference) StopRecord() error {
	conf.mu.Lock()
	r := conf.recording
	conf.mu.Unlock()
	if r == nil {
		return ErrNotRecording
	}
	r.once.Do(func() { close(r.stop) })
	return nil
}

// MuteRecord puts silence in the place of the mix, and of the tracks, or lets it be recorded again.
func (conf *Conference) MuteRecord(on bool) error {
	conf.mu.Lock()
	r := conf.recording
	var tracks []*Monitor
	for _, m := range conf.members {
		if m.track != nil {
			tracks = append(tracks, m.track)
		}
	}
	conf.mu.Unlock()
	if r == nil {
		return ErrNotRecording
	}
	r.muted.Store(on)
	for _, t := range tracks {
		t.Mute(true, true, on)
	}
	return nil
}

// track begins to record a member by himself, if that is wanted.
func (conf *Conference) track(p *Participant) {
	conf.mu.Lock()
	r := conf.recording
	if r == nil || !r.open || r.tracks == "" || p.seat == nil || p.track != nil || p.tracked == r || p.gone {
		conf.mu.Unlock()
		return
	}
	p.tracked = r
	conf.mu.Unlock()
	k := conf.core
	ext := path.Ext(r.file)
	file := fmt.Sprintf("%s-%08dms-%s%s", strings.TrimSuffix(r.file, ext), k.clock.Now().Sub(r.began).Milliseconds(), fileWord(p.ch.name), ext)
	stereo := r.tracks == "stereo"
	tape, err := k.openTape(TapeRequest{File: file, Stereo: stereo})
	if err != nil {
		k.log.Error().Err(err).Str("file", file).Msg("a member of the conference is not recorded")
		return
	}
	both := make([]int16, tape.Rate()/25)
	m, err := p.ch.StartMonitor(MonitorRequest{File: file, Rate: tape.Rate(), Failed: tape.Failed(), End: func() { k.closeTape(tape, file) },
		Block: func(heard, said []int16) {
			if !stereo {
				tape.Write(heard)
				return
			}
			for i := range heard {
				both[2*i], both[2*i+1] = heard[i], said[i]
			}
			tape.Write(both[:2*len(heard)])
		}})
	if err != nil { // he has just hung up
		k.closeTape(tape, file)
		return
	}
	m.Mute(true, true, r.muted.Load())
	conf.mu.Lock()
	p.track = m
	over := p.gone || !r.open
	conf.mu.Unlock()
	if over {
		conf.untrack(p)
	}
}

// untrack ends it.
func (conf *Conference) untrack(p *Participant) {
	conf.mu.Lock()
	m := p.track
	p.track = nil
	conf.mu.Unlock()
	if m != nil {
		m.Stop()
	}
}
