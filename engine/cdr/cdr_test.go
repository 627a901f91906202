package cdr

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ASTERISM_CDR_CHILD"); dir != "" {
		writeUntilKilled(dir, os.Getenv("ASTERISM_CDR_POINT"))
	}
	goleak.VerifyTestMain(m)
}

var when = time.Date(2026, 2, 3, 4, 5, 6, 999e6, time.UTC)

func sample() Record {
	return Record{AccountCode: "acme", Src: "100", Dst: "101", DContext: "internal", CLID: `"Alice" <100>`, Channel: "PJSIP/alice-00000001",
		DstChannel: "PJSIP/bob-00000002", LastApp: "Dial", LastData: "PJSIP/bob,30", Start: when, Answer: when.Add(3 * time.Second), End: when.Add(70 * time.Second),
		Duration: 70*time.Second + 400*time.Millisecond, BillSec: 66*time.Second + 500*time.Millisecond, Disposition: Answered,
		UniqueID: "1770091506.1", UserField: "x", PeerAccount: "p", LinkedID: "1770091506.1", Sequence: 7}
}

func with(change func(*Record)) Record {
	r := sample()
	change(&r)
	return r
}

func openTest(t *testing.T, dir string, o Options) *Writer {
	t.Helper()
	if o.Linger == 0 {
		o.Linger = time.Microsecond
	}
	w, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func write(t *testing.T, w *Writer, r Record) {
	t.Helper()
	if err := w.Write(r); err != nil {
		t.Fatal(err)
	}
}

// lines are those of the file, each reduced to its second cell (Src).
func lines(t *testing.T, dir, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, directory, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, b)
	}
	var list []string
	for _, c := range cells {
		list = append(list, c[1])
	}
	return list
}

func numbered(i int) Record { return with(func(r *Record) { r.Src = strconv.Itoa(i) }) }

func wantLines(t *testing.T, dir, name string, want ...int) {
	t.Helper()
	var text []string
	for _, n := range want {
		text = append(text, strconv.Itoa(n))
	}
	if got := lines(t, dir, name); !slices.Equal(got, text) {
		t.Errorf("%s has %v, want %v", name, got, text)
	}
}

func TestWhichRecordsAreWritten(t *testing.T) {
	one := func(d Disposition) Record {
		return with(func(r *Record) { r.DstChannel, r.Disposition = "", d })
	}
	for _, c := range []struct {
		name string
		rec  Record
		opts Options
		want string
	}{
		{"answered", one(Answered), Options{Enable: true}, "ANSWERED"},
		{"disabled", one(Answered), Options{}, ""},
		{"unanswered with two channels", with(func(r *Record) { r.Disposition = Busy }), Options{Enable: true}, "BUSY"},
		{"unanswered with one channel", one(NoAnswer), Options{Enable: true}, ""},
		{"unanswered=yes", one(NoAnswer), Options{Enable: true, Unanswered: true}, "NO ANSWER"},
		{"congestion is a failure", with(func(r *Record) { r.Disposition = Congestion }), Options{Enable: true}, "FAILED"},
		{"congestion=yes", with(func(r *Record) { r.Disposition = Congestion }), Options{Enable: true, Congestion: true}, "CONGESTION"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			w := openTest(t, dir, c.opts)
			write(t, w, c.rec)
			w.Close()
			b, _ := os.ReadFile(filepath.Join(dir, directory, masterFile))
			if got := strings.Contains(string(b), `"`+c.want+`"`); got != (c.want != "") || c.want == "" && len(b) > 0 {
				t.Errorf("got %s, want %q", b, c.want)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	w := openTest(t, dir, Options{Enable: true, AccountLogs: true, Log: zerolog.New(&log)})
	for i, account := range []string{"acme", "", "../../evil", "acme", "../../evil", "other"} {
		write(t, w, with(func(r *Record) { r.Src, r.AccountCode = strconv.Itoa(i), account }))
	}
	w.SetOptions(Options{Enable: true})
	write(t, w, numbered(6))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(numbered(7)); err != ErrClosed {
		t.Errorf("Write after Close: %v", err)
	}
	wantLines(t, dir, masterFile, 0, 1, 2, 3, 4, 5, 6)
	wantLines(t, dir, "acme.csv", 0, 3)
	wantLines(t, dir, "other.csv", 5)
	entries, _ := os.ReadDir(filepath.Join(dir, directory))
	if len(entries) != 4 || strings.Count(log.String(), "evil") != 1 {
		t.Errorf("files %v, log %s", entries, log.String())
	}
}

func TestOneProcessOnly(t *testing.T) {
	dir := t.TempDir()
	openTest(t, dir, DefaultOptions())
	if _, err := Open(dir, DefaultOptions()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second Open: %v", err)
	}
}

func TestWritersShareABatch(t *testing.T) {
	dir := t.TempDir()
	w := openTest(t, dir, Options{Enable: true, Linger: 100 * time.Millisecond})
	batches := 0
	w.at = func(point string) {
		if point == "journalled" {
			batches++
		}
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { write(t, w, numbered(i)) })
	}
	wg.Wait()
	w.Close()
	if got := lines(t, dir, masterFile); len(got) != 100 || batches > 20 {
		t.Errorf("%d lines in %d batches", len(got), batches)
	}
}

// waitFor waits until the file is not empty: the append comes after Write has returned.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 5000 {
		if b, _ := os.ReadFile(path); len(b) > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("nothing was written to %s", path)
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	w := openTest(t, dir, Options{Enable: true})
	path := filepath.Join(dir, directory, masterFile)
	settle := func() { waitFor(t, path) }
	write(t, w, numbered(1))
	settle()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, w, numbered(2))
	settle()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, w, numbered(3))
	settle()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, w, numbered(4))
	w.Close()
	wantLines(t, dir, masterFile+".1", 1)
	wantLines(t, dir, masterFile, 4)
}

func TestTheDirectoryVanishes(t *testing.T) {
	dir := t.TempDir()
	w := openTest(t, dir, Options{Enable: true})
	sub := filepath.Join(dir, directory)
	if err := os.Rename(sub, sub+".away"); err != nil {
		t.Fatal(err)
	}
	write(t, w, numbered(1)) // into the journal, which is still open
	if err := os.Rename(sub+".away", sub); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantLines(t, dir, masterFile, 1)
}

// disk is a disk that fills up: writes beyond room are cut short.
type disk struct {
	mu   sync.Mutex
	room map[string]int // by base name; absent: endless
}

func (d *disk) write(f *os.File, b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	room, limited := d.room[filepath.Base(f.Name())]
	if !limited || room >= len(b) {
		if limited {
			d.room[filepath.Base(f.Name())] -= len(b)
		}
		return f.Write(b)
	}
	n, _ := f.Write(b[:room])
	d.room[filepath.Base(f.Name())] = 0
	return n, syscall.ENOSPC
}

func (d *disk) set(room map[string]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = room
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	d := &disk{}
	start := func() *Writer {
		w := &Writer{at: func(string) {}, write: d.write}
		if err := w.open(dir, Options{Enable: true, AccountLogs: true, Linger: time.Microsecond, Log: zerolog.New(&log)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		return w
	}
	w := start()
	write(t, w, numbered(1))
	waitFor(t, filepath.Join(dir, directory, "acme.csv")) // which is written last
	d.set(map[string]int{masterFile: 50})                 // the CSV file is full, the journal's reserve is not
	for i := 2; i <= 4; i++ {
		write(t, w, numbered(i))
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "journal") {
		t.Errorf("Close: %v", err)
	}
	wantLines(t, dir, masterFile, 1) // and no half line
	if n := strings.Count(log.String(), "no space"); n != 1 {
		t.Errorf("%d lines: %s", n, log.String())
	}

	w = start() // still full
	d.set(map[string]int{masterFile: 0, journalFile: 30})
	for range 3 {
		if err := w.Write(numbered(5)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Write with a full journal: %v", err)
		}
	}
	d.set(nil)
	write(t, w, numbered(6))
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantLines(t, dir, masterFile, 1, 2, 3, 4, 6)
	wantLines(t, dir, "acme.csv", 1, 2, 3, 4, 6)
	if n := strings.Count(log.String(), "are lost until"); n != 1 {
		t.Errorf("%d lines: %s", n, log.String())
	}
	w = start()
	w.Close()
	wantLines(t, dir, masterFile, 1, 2, 3, 4, 6)
}

func TestTheJournalStartsOver(t *testing.T) {
	dir := t.TempDir()
	w := openTest(t, dir, Options{Enable: true})
	const n = 4000
	var wg sync.WaitGroup
	var want []string
	for i := range n {
		want = append(want, strconv.Itoa(i))
	}
	for k := range 200 {
		wg.Go(func() {
			for i := k; i < n; i += 200 {
				write(t, w, numbered(i))
			}
		})
	}
	wg.Wait()
	w.Close()
	info, err := os.Stat(filepath.Join(dir, directory, journalFile))
	if err != nil || info.Size() > reserve {
		t.Errorf("journal: %v, %v", info.Size(), err)
	}
	w = openTest(t, dir, Options{Enable: true})
	w.Close()
	got := lines(t, dir, masterFile)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d lines, want %d", len(got), n)
	}
}

func BenchmarkWrite(b *testing.B) {
	w, err := Open(b.TempDir(), Options{Enable: true})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	r := sample()
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.Write(r); err != nil {
				b.Error(err)
			}
		}
	})
}
