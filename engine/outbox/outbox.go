// Package outbox keeps what is to be done after a message was left until it is done, whatever happens to the process meanwhile: the recording is
// transcribed, and letters are sent.
//
//	Put ─► outbox/ID.json, outbox/ID.wav on disk ─► Run: transcribe once ─► tell ─► send each letter ─► both removed
//	                                                       later again, for days ◄─┴─► outbox/failed/
//
// The .json makes a job; a sound without one is left over, and removed at the start. A letter may be sent twice if the process dies right after
// the server has taken it, and is never lost.
package outbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	folder   = "outbox"
	failed   = "failed" // within folder: what was given up, for a person to look at
	workers  = 4
	maxJob   = 1 << 20            // bytes of a job's .json
	giveUp   = 4 * 24 * time.Hour // RFC 5321 §4.5.4.1
	firstTry = 30 * time.Second   // after the first failure; twice as long after each further one
	lastTry  = time.Hour
)

// Transcription stands in a letter's subject and body for what the recording was found to say.
const Transcription = "${VM_TRANSCRIPTION}"

// Job is what is to be done for one message.
type Job struct {
	Mailbox    string // "100@default"
	Message    string // its ID
	Sound      string // the extension of the recording, with the dot; "" without one
	Transcribe bool   // before the letters go
	Letters    []Letter

	Text  string // what the recording says, once that is known
	At    time.Time
	Tries int
	Next  time.Time // not before

	id string
}

// Outbox is the queue. Its methods may be called from any goroutine; they write to disk.
type Outbox struct {
	root *os.Root
	dir  string // of root, absolute
	log  zerolog.Logger
	wake chan struct{}

	mu   sync.Mutex // guards below; a leaf
	busy map[string]bool
}

// New is the outbox beneath root, which stays the caller's; dir is root's absolute path. It makes nothing.
func New(root *os.Root, dir string, log zerolog.Logger) *Outbox {
	return &Outbox{root: root, dir: dir, log: log, wake: make(chan struct{}, 1), busy: map[string]bool{}}
}

// Put queues a job, which is on disk when it returns. sound is the absolute path of the recording beneath the root, of which a copy is kept; "" for
// none.
func (o *Outbox) Put(j Job, sound string) error {
	var unique [8]byte
	_, _ = rand.Read(unique[:]) // it never fails
	j.At, j.id = time.Now(), fmt.Sprintf("%d-%s", time.Now().Unix(), hex.EncodeToString(unique[:]))
	if err := o.root.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	if sound != "" {
		from, ok := strings.CutPrefix(sound, o.dir+"/")
		if !ok {
			return fmt.Errorf("outbox: %s is not beneath %s", sound, o.dir)
		}
		j.Sound = path.Ext(from)
		if err := o.copy(from, path.Join(folder, j.id+j.Sound)); err != nil {
			return err
		}
	}
	if err := o.write(j); err != nil {
		return err
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return nil
}

// copy gives a file a second name, or copies it where the file system has no links.
func (o *Outbox) copy(from, to string) error {
	if err := o.root.Link(from, to); err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := o.root.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := o.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// write puts a job on disk, in the place of what it was.
func (o *Outbox) write(j Job) error {
	b, err := json.MarshalIndent(j, "", " ")
	if err != nil {
		return err
	}
	name := path.Join(folder, j.id+".json")
	f, err := o.root.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(o.root.Rename(name+".new", name), o.sync())
}

func (o *Outbox) sync() error {
	d, err := o.root.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// read is a job; a file that is none of ours, or not whole, is an error.
func (o *Outbox) read(id string) (j Job, err error) {
	name := path.Join(folder, id+".json")
	if info, err := o.root.Stat(name); err != nil || info.Size() > maxJob {
		return j, errors.Join(err, fmt.Errorf("outbox: %s: too large", name))
	}
	b, err := o.root.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &j)
	}
	j.id = id
	if strings.Trim(j.Sound, ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		err = fmt.Errorf("outbox: %s: %q is no extension", name, j.Sound)
		j.Sound = ""
	}
	return j, err
}

func (o *Outbox) soundOf(j Job) string { return path.Join(folder, j.id+j.Sound) }

// done removes a job; its .json first, without which it is none.
func (o *Outbox) done(j Job) error {
	err := o.root.Remove(path.Join(folder, j.id+".json"))
	if j.Sound != "" {
		err = errors.Join(err, o.root.Remove(o.soundOf(j)))
	}
	return err
}

// fail puts a job away for good.
func (o *Outbox) fail(j Job) error {
	if err := o.root.MkdirAll(path.Join(folder, failed), 0o750); err != nil {
		return err
	}
	err := o.root.Rename(path.Join(folder, j.id+".json"), path.Join(folder, failed, j.id+".json"))
	if j.Sound != "" {
		err = errors.Join(err, o.root.Rename(o.soundOf(j), path.Join(folder, failed, j.id+j.Sound)))
	}
	return err
}

// Run does what is queued, until ctx ends; it waits for what it has begun. settings are asked anew for each job; transcribed, which may be nil, is told
// what a recording says.
func (o *Outbox) Run(ctx context.Context, settings func() Settings, transcribed func(Job)) {
	o.sweep()
	var begun sync.WaitGroup
	defer begun.Wait()
	slots := make(chan struct{}, workers)
	for {
		jobs, next := o.due(time.Now())
		for _, j := range jobs {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			begun.Go(func() {
				defer func() { <-slots; o.free(j.id) }()
				o.work(ctx, j, settings(), transcribed)
			})
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-o.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// sweep removes what a process that died was about to make a job of.
func (o *Outbox) sweep() {
	names, _ := fs.Glob(o.root.FS(), folder+"/*") // nothing, if it is not there
	for _, name := range names {
		info, err := o.root.Stat(name)
		job := strings.TrimSuffix(name, path.Ext(name)) + ".json"
		if err != nil || info.IsDir() || slices.Contains(names, job) || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		_ = o.root.Remove(name) // it takes place, no more
	}
}

// due are the jobs whose time has come, which are now somebody's, and how long to wait for the next.
func (o *Outbox) due(now time.Time) (jobs []Job, next time.Duration) {
	names, _ := fs.Glob(o.root.FS(), folder+"/*.json")
	slices.Sort(names)
	next = lastTry
	for _, name := range names {
		id := strings.TrimSuffix(path.Base(name), ".json")
		if o.isBusy(id) {
			continue
		}
		j, err := o.read(id)
		if err != nil {
			o.log.Error().Err(err).Msg("outbox: a job cannot be read and is put away")
			_ = o.fail(j) // it is looked at again otherwise
			continue
		}
		if wait := j.Next.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		o.mu.Lock()
		o.busy[id] = true
		o.mu.Unlock()
		jobs = append(jobs, j)
	}
	return jobs, next
}

func (o *Outbox) isBusy(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.busy[id]
}

// free says that nobody works on a job any more.
func (o *Outbox) free(id string) {
	o.mu.Lock()
	delete(o.busy, id)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// work does what is left of a job.
func (o *Outbox) work(ctx context.Context, j Job, s Settings, transcribed func(Job)) {
	log := o.log.With().Str("mailbox", j.Mailbox).Str("message", j.Message).Logger()
	if j.Transcribe {
		text, err := o.transcribe(ctx, j, s)
		if ctx.Err() != nil {
			return // at the next start
		}
		if err != nil {
			log.Warn().Err(err).Msg("voicemail: not transcribed")
		}
		j.Text, j.Transcribe = text, false
		if text != "" && transcribed != nil {
			transcribed(j)
		}
		if err := o.write(j); err != nil {
			log.Error().Err(err).Msg("outbox")
			return
		}
	}
	for len(j.Letters) > 0 {
		err := o.send(ctx, j, j.Letters[0], s)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			o.later(log, j, err)
			return
		}
		if j.Letters = j.Letters[1:]; len(j.Letters) > 0 {
			if err := o.write(j); err != nil {
				log.Error().Err(err).Msg("outbox")
			}
		}
	}
	if err := o.done(j); err != nil {
		log.Error().Err(err).Msg("outbox")
	}
}

// later says when a letter that could not be sent is tried again, or that it is not.
func (o *Outbox) later(log zerolog.Logger, j Job, why error) {
	wait := min(firstTry<<min(j.Tries, 10), lastTry)
	j.Tries++
	j.Next = time.Now().Add(wait)
	if err := (*refusedError)(nil); errors.As(why, &err) || time.Since(j.At) > giveUp {
		log.Error().Err(why).Strs("to", j.Letters[0].To).Str("kept", path.Join(o.dir, folder, failed, j.id+".json")).Msg("voicemail: a letter was given up")
		if err := o.fail(j); err != nil {
			log.Error().Err(err).Msg("outbox")
		}
		return
	}
	log.Warn().Err(why).Strs("to", j.Letters[0].To).Dur("again_in", wait).Msg("voicemail: a letter was not sent")
	if err := o.write(j); err != nil {
		log.Error().Err(err).Msg("outbox")
	}
}
