package voicemail

import (
	"context"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Counts are what a message waiting lamp tells (RFC 3842).
type Counts struct {
	New    int // in INBOX and Urgent
	Old    int // in Old
	Urgent int // in Urgent: those of New that are
}

// ParseBox reads "100@office"; the context default need not be said.
func ParseBox(text string) Box {
	name, context, _ := strings.Cut(strings.TrimSpace(text), "@")
	if context == "" {
		context = "default"
	}
	return Box{context, name}
}

func (b Box) String() string { return b.Name + "@" + b.Context }

// waitingFolders are those that lamps tell of.
var waitingFolders = []string{"INBOX", "Urgent", "Old"}

// Counts reads how many messages wait in a box now; one that is missing has none.
func (s *Spool) Counts(b Box) Counts {
	urgent := s.Count(b, "Urgent")
	return Counts{New: s.Count(b, "INBOX") + urgent, Old: s.Count(b, "Old"), Urgent: urgent}
}

const (
	watchSettle = 50 * time.Millisecond // one message is several files
	watchPoll   = 30 * time.Second      // the walk that finds what the system does not tell: network file systems, watches that ran out
)

// Watch calls changed, on its own goroutine, for every box that has messages, and then for each whose counts have become other ones, whoever
// did it: this process, another, or a hand in the spool. It returns when ctx ends.
func (s *Spool) Watch(ctx context.Context, changed func(Box, Counts)) error {
	if err := s.makeFolder("voicemail"); err != nil {
		return err
	}
	w := &watcher{spool: s, changed: changed, known: map[Box]Counts{}, dirty: map[string]bool{}}
	var events chan fsnotify.Event
	var failures chan error
	if n, err := fsnotify.NewWatcher(); err == nil { // without it the poll alone works
		w.notify, events, failures = n, n.Events, n.Errors
		defer n.Close()
	}
	w.walk()
	poll, settle := time.NewTicker(watchPoll), time.NewTimer(time.Hour)
	defer poll.Stop()
	defer settle.Stop()
	settle.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-events:
			if waiting := len(w.dirty) > 0; w.touched(e.Name) && !waiting {
				settle.Reset(watchSettle)
			}
		case <-failures: // events were lost
			poll.Reset(watchSettle)
		case <-settle.C:
			w.report()
		case <-poll.C:
			poll.Reset(watchPoll)
			w.walk()
		}
	}
}

// watcher knows what it has told of each box.
type watcher struct {
	spool   *Spool
	changed func(Box, Counts)
	notify  *fsnotify.Watcher // nil where the system has none to give
	known   map[Box]Counts
	dirty   map[string]bool // directories to be looked at again: voicemail, voicemail/CONTEXT, voicemail/CONTEXT/BOX
}

// touched notes where something has happened, unless it is of no interest.
func (w *watcher) touched(name string) bool {
	rest, err := filepath.Rel(w.spool.path, name)
	parts := strings.Split(filepath.ToSlash(rest), "/") // voicemail CONTEXT BOX FOLDER FILE
	if err != nil || len(parts) == 5 && path.Ext(parts[4]) != ".txt" || len(parts) == 4 && !slices.Contains(waitingFolders, parts[3]) {
		return false
	}
	w.dirty[path.Join(parts[:min(len(parts), 3)]...)] = true
	return true
}

func (w *watcher) walk() {
	for b := range w.known { // it may be gone
		w.dirty[path.Join("voicemail", b.Context, b.Name)] = true
	}
	w.dirty["voicemail"] = true
	w.report()
}

// report looks at what is dirty, and tells.
func (w *watcher) report() {
	for dir := range w.dirty {
		w.look(dir)
	}
	clear(w.dirty)
}

// look watches a directory with those within, and tells of boxes that have changed. What happens after it has been counted is an event again.
func (w *watcher) look(dir string) {
	if w.notify != nil {
		_ = w.notify.Add(path.Join(w.spool.path, dir)) // what cannot be watched is left to the poll
	}
	parts := strings.Split(dir, "/")
	switch len(parts) {
	case 1, 2:
		entries, _ := w.spool.entries(dir) // what cannot be read has no boxes
		for _, e := range entries {
			if e.IsDir() || e.Type() == fs.ModeSymlink {
				w.look(path.Join(dir, e.Name()))
			}
		}
	case 3:
		for _, folder := range waitingFolders {
			if w.notify != nil {
				_ = w.notify.Add(path.Join(w.spool.path, dir, folder))
			}
		}
		b := Box{parts[1], parts[2]}
		if now := w.spool.Counts(b); w.known[b] != now {
			w.known[b] = now
			w.changed(b, now)
		}
	}
}
