package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	watchPoll     = 2 * time.Second // the walk that finds what inotify does not tell: network file systems, lost watches
	watchMaxFiles = 20_000
	watchMaxDepth = 16
	watchMaxHash  = 16 << 20 // bytes; of a larger file only size and time are compared
	watchRacy     = time.Second
)

// Watch reports files below dirs that were created, changed, renamed or deleted, until ctx ends; then it returns nil.
//
// It looks at directories, never at files, since editors replace files: sub-folders, later ones and symlinked ones
// too. A directory that goes away is awaited. Editor droppings (see dropping) and changes that leave the content as it
// was are not reported. A report waits until nothing has happened for debounce, at most four times that while things go
// on, and twice longer once a file has vanished or become empty: mostly its new content is on the way.
//
// changed gets the paths sorted, each below the dir it was found in. It runs on the goroutine of Watch, so reports never
// overlap. Watch starts no goroutine that outlives it.
func Watch(ctx context.Context, dirs []string, debounce time.Duration, changed func(paths []string)) error {
	if len(dirs) == 0 {
		return errors.New("engine: watch: no directory")
	}
	w := &watcher{dirs: dirs, debounce: debounce, poll: watchPoll, changed: changed}
	return w.run(ctx)
}

// watcher compares a walk with the one before. Events only say when to walk, and what must be read again although its
// size and time are the same.
type watcher struct {
	dirs     []string
	debounce time.Duration
	poll     time.Duration
	changed  func([]string)
	started  func() // for tests: called once the first walk is done; may be nil

	notify  *fsnotify.Watcher      // nil where the system has none to give: then only poll works
	watched map[string]fs.FileInfo // directories under notify, by real path, as they were then
	content map[string]bool        // those of them whose files matter
	parents map[string][]string    // real parent of each of dirs ► base names to look at, for a dir that comes back

	known   map[string]fileStamp // what was reported last
	touched map[string]bool      // real paths that events named since then
	all     bool                 // events were lost: read every file again
	held    time.Time            // since when a report waits because something vanished; zero: it does not
}

// fileStamp is what makes a file the same file as before.
type fileStamp struct {
	size  int64
	mtime time.Time
	read  time.Time // when sum was taken
	sum   [sha256.Size]byte
}

// same compares content. Files too large to be hashed have an empty sum and are compared by time.
func (s fileStamp) same(o fileStamp) bool {
	return s.size == o.size && s.sum == o.sum && (s.size <= watchMaxHash || s.mtime.Equal(o.mtime))
}

func (w *watcher) run(ctx context.Context) error {
	w.watched, w.touched = map[string]fs.FileInfo{}, map[string]bool{}
	var events chan fsnotify.Event
	var failures chan error
	// Without inotify (no instances left, odd systems) the poll alone still works.
	if n, err := fsnotify.NewWatcher(); err == nil {
		w.notify, events, failures = n, n.Events, n.Errors
		defer n.Close()
	}
	w.known = w.walk()
	if w.started != nil {
		w.started()
	}
	return w.loop(ctx, events, failures)
}

// loop waits for events and the poll, and reports. A nil channel never has anything.
func (w *watcher) loop(ctx context.Context, events <-chan fsnotify.Event, failures <-chan error) error {
	poll := time.NewTicker(w.poll)
	defer poll.Stop()
	settle := time.NewTimer(time.Hour)
	settle.Stop()
	defer settle.Stop()
	var first time.Time // of the burst being waited for; zero: none
	wake := func(after time.Duration) {
		now := time.Now()
		if first.IsZero() {
			first = now
		}
		settle.Reset(max(0, min(after, first.Add(4*w.debounce).Sub(now))))
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-events:
			if !ok {
				events = nil
			} else if w.relevant(e) {
				wake(w.debounce)
			}
		case err, ok := <-failures:
			if !ok {
				failures = nil
			} else if errors.Is(err, fsnotify.ErrEventOverflow) {
				w.all = true
				wake(w.debounce)
			}
		case <-poll.C:
			if first.IsZero() && w.stale() {
				wake(w.debounce)
			}
		case <-settle.C:
			first = time.Time{}
			if again := w.settle(); again > 0 {
				settle.Reset(again)
			}
		}
	}
}

// relevant notes what an event names, and says whether to look.
func (w *watcher) relevant(e fsnotify.Event) bool {
	if w.content[e.Name] {
		return true // a directory of ours itself went or moved
	}
	dir, base := filepath.Dir(e.Name), filepath.Base(e.Name)
	if !w.content[dir] {
		return slices.Contains(w.parents[dir], base)
	}
	if dropping(base) && !strings.HasPrefix(base, "..") { // ..data is how Kubernetes swaps a whole directory
		return false
	}
	w.touched[e.Name] = true
	return true
}

// dropping says whether a name is an editor's, a tool's or a version control's own business.
func dropping(name string) bool {
	switch {
	case strings.HasPrefix(name, "."): // .x.swp, .#x, .git, .goutputstream-…
		return true
	case strings.HasSuffix(name, "~"), strings.HasSuffix(name, ".swp"), strings.HasSuffix(name, ".tmp"):
		return true
	case strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"): // Emacs
		return true
	case strings.HasSuffix(name, "___jb_tmp___"), strings.HasSuffix(name, "___jb_old___"): // JetBrains
		return true
	case len(name) == 9 && strings.HasPrefix(name, "sed"): // sed -i
		return filepath.Ext(name) == ""
	}
	return name == "4913" // Vim tries whether it can create files
}

// settle reports what differs from the last report. It gives a time to wait before it is called again, or 0.
func (w *watcher) settle() time.Duration {
	now := w.walk()
	var paths []string
	vanished := false
	for path, was := range w.known {
		is, there := now[path]
		if !there || is.size == 0 && was.size > 0 {
			vanished = true
		}
		if !there || !is.same(was) {
			paths = append(paths, path)
		}
	}
	for path := range now {
		if _, was := w.known[path]; !was {
			paths = append(paths, path)
		}
	}
	if vanished {
		if w.held.IsZero() {
			w.held = time.Now()
		}
		if rest := 2*w.debounce - time.Since(w.held); rest > 0 {
			return rest
		}
	}
	w.held, w.all, w.known = time.Time{}, false, now
	clear(w.touched)
	if len(paths) > 0 {
		slices.Sort(paths)
		w.changed(paths)
	}
	return 0
}

// stale walks without reading and says whether anything looks different. It also renews lost watches.
func (w *watcher) stale() bool {
	seen, stale := 0, false
	w.each(func(path, _ string, info fs.FileInfo) {
		was, ok := w.known[path]
		seen++
		racy := was.read.Sub(was.mtime) < watchRacy && time.Since(was.read) > watchRacy
		if !ok || was.size != info.Size() || !was.mtime.Equal(info.ModTime()) || racy {
			stale = true
		}
	})
	return stale || seen != len(w.known)
}

// walk stamps every file. Those that look as they did and were named by no event are not read again, unless they were
// read so soon after they were written that a second write could hide in the same tick of the clock.
func (w *watcher) walk() map[string]fileStamp {
	now := map[string]fileStamp{}
	w.each(func(path, real string, info fs.FileInfo) {
		s := fileStamp{size: info.Size(), mtime: info.ModTime()}
		was, ok := w.known[path]
		racy := was.read.Sub(was.mtime) < watchRacy
		if ok && !w.all && !racy && !w.touched[real] && was.size == s.size && was.mtime.Equal(s.mtime) {
			now[path] = was
			return
		}
		s.read = time.Now()
		s.sum = sumFile(path, s.size)
		now[path] = s
	})
	return now
}

// sumFile hashes a file. One that cannot be read, or is too large, has the zero sum.
func sumFile(path string, size int64) (sum [sha256.Size]byte) {
	if size > watchMaxHash {
		return sum
	}
	f, err := os.Open(path)
	if err != nil {
		return sum
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, watchMaxHash)); err != nil {
		return sum
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// each calls visit for every regular file below dirs with the path as asked for and the real one, and puts every
// directory on its way under notify before it reads it, so that nothing slips through in between.
func (w *watcher) each(visit func(path, real string, info fs.FileInfo)) {
	t := &traversal{watcher: w, visit: visit, seen: map[string]bool{}, wanted: map[string]bool{}, listed: map[string]bool{}}
	w.content, w.parents = map[string]bool{}, map[string][]string{}
	if w.notify != nil {
		for _, path := range w.notify.WatchList() {
			t.listed[path] = true
		}
	}
	for _, dir := range w.dirs {
		dir = filepath.Clean(dir)
		if parent, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil {
			w.parents[parent] = append(w.parents[parent], filepath.Base(dir))
			t.watch(parent)
		}
		t.enter(dir, 0)
	}
	for real := range w.watched {
		if !t.wanted[real] {
			delete(w.watched, real)
			_ = w.notify.Remove(real) // it may have gone by itself
		}
	}
}

// traversal is one walk.
type traversal struct {
	*watcher
	visit  func(path, real string, info fs.FileInfo)
	seen   map[string]bool // real directories: symlinks may make a ring
	wanted map[string]bool // directories that stay under notify
	listed map[string]bool // what notify says it has
	files  int
}

func (t *traversal) enter(dir string, depth int) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || t.seen[real] || depth > watchMaxDepth {
		return
	}
	t.seen[real] = true
	t.content[real] = true
	t.watch(real)
	entries, _ := os.ReadDir(real) // what was read before an error still counts
	for _, e := range entries {
		if dropping(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil: // a symlink to nowhere, or gone already
		case info.IsDir():
			t.enter(path, depth+1)
		case info.Mode().IsRegular() && t.files < watchMaxFiles:
			t.files++
			t.visit(path, t.target(path, filepath.Join(real, e.Name()), e), info)
		}
	}
}

// target gives the real path of a file. Where it is a symlink to somewhere else, that directory is watched too.
func (t *traversal) target(path, real string, e fs.DirEntry) string {
	if e.Type()&fs.ModeSymlink == 0 {
		return real
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return real
	}
	t.content[filepath.Dir(target)] = true
	t.watch(filepath.Dir(target))
	return target
}

// watch puts a directory under notify unless it is already, and it is still the same directory. Where the system has
// no watches left, the poll finds the changes.
func (t *traversal) watch(real string) {
	if t.notify == nil || t.wanted[real] {
		return
	}
	info, err := os.Stat(real)
	if err != nil {
		return
	}
	t.wanted[real] = true
	if was := t.watched[real]; was != nil && t.listed[real] && os.SameFile(was, info) {
		return
	}
	if t.listed[real] {
		_ = t.notify.Remove(real) // its watch is on a directory that was moved away
	}
	if t.notify.Add(real) == nil {
		t.watched[real] = info
	}
}
