package engine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// watchBox is a directory under watch, and the reports about it.
type watchBox struct {
	t       *testing.T
	dir     string
	reports chan []string
}

// newWatchBox fills a directory and watches it: debounce 30 ms, and a poll so rare that only events count unless the
// test asks for more.
func newWatchBox(t *testing.T, poll time.Duration, files ...string) *watchBox {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &watchBox{t: t, dir: filepath.Join(dir, "etc"), reports: make(chan []string, 16)}
	b.mkdir(".")
	for _, f := range files {
		b.write(f, "old "+f)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	w := &watcher{dirs: []string{b.dir}, debounce: 30 * time.Millisecond, poll: poll,
		changed: func(p []string) { b.reports <- p }, started: func() { close(ready) }}
	go func() { done <- w.run(ctx) }()
	<-ready
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, ignore)
	})
	return b
}

func (b *watchBox) path(name string) string { return filepath.Join(b.dir, name) }

func (b *watchBox) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *watchBox) mkdir(name string) { b.t.Helper(); b.must(os.MkdirAll(b.path(name), 0o755)) }

func (b *watchBox) write(name, text string) {
	b.t.Helper()
	b.must(os.WriteFile(b.path(name), []byte(text), 0o644))
}

func (b *watchBox) rename(from, to string) {
	b.t.Helper()
	b.must(os.Rename(b.path(from), b.path(to)))
}

// expect waits for exactly one report with these names.
func (b *watchBox) expect(names ...string) {
	b.t.Helper()
	select {
	case got := <-b.reports:
		for i := range got {
			got[i], _ = filepath.Rel(b.dir, got[i])
		}
		if !slices.Equal(got, names) {
			b.t.Fatalf("reported %v, want %v", got, names)
		}
	case <-time.After(10 * time.Second):
		b.t.Fatalf("no report, want %v", names)
	}
}

// expectAll takes reports until every name was in one of them and nothing else was, for changes in several steps.
func (b *watchBox) expectAll(names ...string) {
	b.t.Helper()
	missing := slices.Clone(names)
	for len(missing) > 0 {
		select {
		case got := <-b.reports:
			for _, p := range got {
				p, _ = filepath.Rel(b.dir, p)
				if !slices.Contains(names, p) {
					b.t.Fatalf("reported %q, want only %v", p, names)
				}
				missing = slices.DeleteFunc(missing, func(n string) bool { return n == p })
			}
		case <-time.After(10 * time.Second):
			b.t.Fatalf("no report of %v", missing)
		}
	}
}

// quiet proves that nothing was to report: a file written now is reported alone.
func (b *watchBox) quiet() {
	b.t.Helper()
	b.write("sentinel", time.Now().String())
	b.expect("sentinel")
}

const never = time.Hour

func TestWatchEditors(t *testing.T) {
	tests := []struct {
		name string
		save func(b *watchBox)
		want []string
	}{
		{"in place", func(b *watchBox) { b.write("a.lua", "new") }, []string{"a.lua"}},
		{"same length, same tick", func(b *watchBox) { b.write("a.lua", "OLD a.lua") }, []string{"a.lua"}},
		{"truncate, then write later", func(b *watchBox) {
			f, err := os.OpenFile(b.path("a.lua"), os.O_WRONLY|os.O_TRUNC, 0)
			b.must(err)
			time.Sleep(50 * time.Millisecond) // longer than the debounce: this is what the test is about
			_, err = f.WriteString("new")
			b.must(err)
			b.must(f.Close())
		}, []string{"a.lua"}},
		{"vim: back up by renaming, then write", func(b *watchBox) {
			b.write("4913", "")
			b.must(os.Remove(b.path("4913")))
			b.write(".a.lua.swp", "swap")
			b.rename("a.lua", "a.lua~")
			b.write("a.lua", "new")
			b.must(os.Remove(b.path("a.lua~")))
			b.must(os.Remove(b.path(".a.lua.swp")))
		}, []string{"a.lua"}},
		{"emacs: lock, autosave, write", func(b *watchBox) {
			b.must(os.Symlink("me@host.1", b.path(".#a.lua")))
			b.write("#a.lua#", "autosave")
			b.write("a.lua", "new")
			b.must(os.Remove(b.path("#a.lua#")))
			b.must(os.Remove(b.path(".#a.lua")))
		}, []string{"a.lua"}},
		{"gedit: hidden file renamed over it", func(b *watchBox) {
			b.write(".goutputstream-X1", "new")
			b.rename(".goutputstream-X1", "a.lua")
		}, []string{"a.lua"}},
		{"jetbrains: safe write", func(b *watchBox) {
			b.write("a.lua___jb_tmp___", "new")
			b.rename("a.lua", "a.lua___jb_old___")
			b.rename("a.lua___jb_tmp___", "a.lua")
			b.must(os.Remove(b.path("a.lua___jb_old___")))
		}, []string{"a.lua"}},
		{"temporary file renamed over it", func(b *watchBox) {
			b.write("a.lua.tmp", "new")
			b.rename("a.lua.tmp", "a.lua")
		}, []string{"a.lua"}},
		{"sed -i", func(b *watchBox) {
			out, err := exec.Command("sed", "-i", "s/old/new/", b.path("a.lua")).CombinedOutput()
			if err != nil {
				b.t.Fatalf("%v: %s", err, out)
			}
		}, []string{"a.lua"}},
		{"delete", func(b *watchBox) { b.must(os.Remove(b.path("a.lua"))) }, []string{"a.lua"}},
		{"emptied for good", func(b *watchBox) { b.write("a.lua", "") }, []string{"a.lua"}},
		{"rename", func(b *watchBox) { b.rename("a.lua", "b.lua") }, []string{"a.lua", "b.lua"}},
		{"two at once", func(b *watchBox) { b.write("a.lua", "new"); b.write("b.lua", "new") }, []string{"a.lua", "b.lua"}},
		{"file in a sub-folder", func(b *watchBox) { b.write("plugins/dial/init.lua", "new") }, []string{"plugins/dial/init.lua"}},
		{"new sub-folder, renamed into place", func(b *watchBox) {
			b.must(os.MkdirAll(filepath.Join(b.dir, "..", "made/deep"), 0o755))
			b.must(os.WriteFile(filepath.Join(b.dir, "..", "made/deep/x.lua"), []byte("x"), 0o644))
			b.rename("../made", "plugins/made")
		}, []string{"plugins/made/deep/x.lua"}},
		{"folder away", func(b *watchBox) { b.must(os.RemoveAll(b.path("plugins"))) }, []string{"plugins/dial/init.lua"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newWatchBox(t, never, "a.lua")
			b.mkdir("plugins/dial")
			b.write("plugins/dial/init.lua", "old")
			b.expect("plugins/dial/init.lua")
			tt.save(b)
			b.expect(tt.want...)
			b.quiet()
			b.write("after.lua", "watched still")
			b.expect("after.lua")
		})
	}
}

func TestWatchQuiet(t *testing.T) {
	b := newWatchBox(t, never, "a.lua")
	b.must(os.Chtimes(b.path("a.lua"), time.Now(), time.Now()))
	b.quiet()
	b.write("a.lua", "old a.lua")
	b.quiet()
	b.write("a.lua", "other")
	b.write("a.lua", "old a.lua")
	b.quiet()
	for _, n := range []string{".x.swp", "a.lua~", ".#a.lua", "#a.lua#", "4913", "x.tmp", ".hidden"} {
		b.write(n, "dropping")
	}
	b.mkdir(".git/objects")
	b.write(".git/objects/1", "x")
	b.quiet()
}

func TestWatchNewFolderLater(t *testing.T) {
	b := newWatchBox(t, never)
	b.mkdir("plugins")
	b.write("plugins/one.lua", "x")
	b.expect("plugins/one.lua")
	b.write("plugins/two.lua", "x")
	b.expect("plugins/two.lua")
	b.write("plugins/two.lua", "y")
	b.expect("plugins/two.lua")
}

func TestWatchSymlinks(t *testing.T) {
	b := newWatchBox(t, never)
	outside := t.TempDir()
	b.must(os.MkdirAll(filepath.Join(outside, "lib"), 0o755))
	b.must(os.WriteFile(filepath.Join(outside, "lib/x.lua"), []byte("1"), 0o644))
	b.must(os.WriteFile(filepath.Join(outside, "y.conf"), []byte("1"), 0o644))
	b.must(os.Symlink(filepath.Join(outside, "lib"), b.path("lib")))
	b.must(os.Symlink(filepath.Join(outside, "y.conf"), b.path("y.conf")))
	b.must(os.Symlink(b.dir, b.path("ring")))
	b.expect("lib/x.lua", "y.conf")
	b.must(os.WriteFile(filepath.Join(outside, "lib/x.lua"), []byte("2"), 0o644))
	b.expect("lib/x.lua")
	b.must(os.WriteFile(filepath.Join(outside, "y.conf"), []byte("2"), 0o644))
	b.expect("y.conf")
}

// TestWatchSwappedFolder: Kubernetes keeps files behind ..data and swaps that symlink.
func TestWatchSwappedFolder(t *testing.T) {
	b := newWatchBox(t, never)
	b.mkdir("..1")
	b.mkdir("..2")
	b.write("..1/a.conf", "1")
	b.write("..2/a.conf", "2")
	b.must(os.Symlink("..1", b.path("..data")))
	b.must(os.Symlink("..data/a.conf", b.path("a.conf")))
	b.expect("a.conf")
	b.must(os.Symlink("..2", b.path("..data_tmp")))
	b.rename("..data_tmp", "..data")
	b.expect("a.conf")
}

func TestWatchFolderComesBack(t *testing.T) {
	for name, poll := range map[string]time.Duration{"by events": never, "by polling": 50 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			b := newWatchBox(t, poll, "a.lua")
			b.must(os.RemoveAll(b.dir))
			b.expect("a.lua")
			b.mkdir(".")
			b.write("a.lua", "back")
			b.expectAll("a.lua")
			b.write("b.lua", "and watched")
			b.expect("b.lua")
			b.must(os.Rename(b.dir, b.dir+".old"))
			b.expect("a.lua", "b.lua")
			b.mkdir(".")
			b.write("a.lua", "another folder of that name")
			b.expectAll("a.lua")
			b.write("a.lua", "and watched")
			b.expect("a.lua")
		})
	}
}

// TestWatchPollAlone: on a network file system no event comes.
func TestWatchPollAlone(t *testing.T) {
	b := newWatchBox(t, never)
	seen := make(chan []string, 4)
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{dirs: []string{b.dir}, debounce: 10 * time.Millisecond, poll: 20 * time.Millisecond, changed: func(p []string) { seen <- p }}
	w.watched, w.touched = map[string]os.FileInfo{}, map[string]bool{}
	done := make(chan struct{})
	w.known = w.walk()
	b.write("a.lua", "1")
	go func() { defer close(done); _ = w.loop(ctx, nil, nil) }()
	defer func() { cancel(); <-done }()
	for _, text := range []string{"", "2", "3"} { // same length within one tick too
		if text != "" {
			b.write("a.lua", text)
		}
		select {
		case p := <-seen:
			if len(p) != 1 || !strings.HasSuffix(p[0], "a.lua") {
				t.Fatalf("reported %v", p)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no report")
		}
	}
}

// TestWatchOverflow: when the kernel lost events, files are read again although they look the same.
func TestWatchOverflow(t *testing.T) {
	b := newWatchBox(t, never, "a.lua")
	w := &watcher{dirs: []string{b.dir}, debounce: time.Millisecond, poll: never}
	var got []string
	w.changed = func(p []string) { got = p }
	w.watched, w.touched = map[string]os.FileInfo{}, map[string]bool{}
	long := time.Now().Add(-time.Hour)
	b.must(os.Chtimes(b.path("a.lua"), long, long))
	w.known = w.walk()
	b.write("a.lua", "OLD a.lua")
	b.must(os.Chtimes(b.path("a.lua"), long, long)) // same size and time: nothing to see from outside
	w.settle()
	if got != nil {
		t.Fatalf("reported %v without having looked", got)
	}
	w.all = true
	w.settle()
	if len(got) != 1 {
		t.Fatalf("reported %v, want a.lua", got)
	}
}

func TestWatchBusy(t *testing.T) {
	b := newWatchBox(t, never, "a.lua")
	stop := time.Now().Add(10 * time.Second)
	for i := 0; len(b.reports) == 0; i++ { // somebody who never stops writing must not keep us from reloading
		if time.Now().After(stop) {
			t.Fatal("no report while writes go on")
		}
		b.write("a.lua", strings.Repeat("x", i%100+1))
	}
}

func TestWatchNothing(t *testing.T) {
	if err := Watch(context.Background(), nil, time.Second, nil); err == nil {
		t.Error("no directory is no error")
	}
}

func TestWatchEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Watch(ctx, []string{t.TempDir()}, time.Millisecond, func([]string) {}); err != nil {
		t.Error(err)
	}
}
