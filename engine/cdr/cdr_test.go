package cdr

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
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

func TestLine(t *testing.T) {
	for _, c := range []struct {
		name string
		rec  Record
		opts Options
		want string
	}{
		{"answered", sample(), Options{UseGMTime: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06","2026-02-03 04:05:09","2026-02-03 04:06:16",70,66,"ANSWERED","DOCUMENTATION"`},
		{"all columns", with(func(r *Record) { r.AMAFlags = Billing }), Options{UseGMTime: true, LogUniqueID: true, LogUserField: true, NewCDRColumns: true, InitiatedSeconds: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06","2026-02-03 04:05:09","2026-02-03 04:06:16",70,67,"ANSWERED","BILLING","1770091506.1","x","p","1770091506.1",7`},
		{"not answered", with(func(r *Record) { r.Answer, r.BillSec, r.Disposition = time.Time{}, 0, NoAnswer }), Options{UseGMTime: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06",,"2026-02-03 04:06:16",70,0,"NO ANSWER","DOCUMENTATION"`},
		{"empty", Record{Duration: -1}, Options{}, `"","","","","","","","","",,,,0,0,"NO ANSWER","DOCUMENTATION"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(appendLine(nil, c.rec, &c.opts)); got != c.want+"\n" {
				t.Errorf("got\n%s, want\n%s", got, c.want)
			}
		})
	}
	local := string(appendLine(nil, sample(), &Options{}))
	if want := when.Local().Format(`"2006-01-02 15:04:05"`); !strings.Contains(local, want) {
		t.Errorf("%s has no local time %s", local, want)
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{
		"":                          `"",`,
		`a"b""c`:                    `"a""b""""c",`,
		"a,b;c":                     `"a,b;c",`,
		"=1+1":                      `"'=1+1",`,
		"@SUM(A1)":                  `"'@SUM(A1)",`,
		"+cmd|' /C calc'!A0":        `"'+cmd|' /C calc'!A0",`,
		"-2+3+cmd":                  `"'-2+3+cmd",`,
		"\t=1":                      `"' =1",`,
		"+4930123456":               `"+4930123456",`, // E.164, what most trunks send
		"-1":                        `"-1",`,
		"line\r\n\"forged\",line":   `"line  ""forged"",line",`,
		"\x1b[2J\u009b\x00\x7f":     `" [2J   ",`,
		"bad\xff\xfeutf8 ü":         `"bad??utf8 ü",`,
		strings.Repeat("ü", 600):    `"` + strings.Repeat("ü", 512) + `",`,
		`<script>alert(1)</script>`: `"<script>alert(1)</script>",`,
	} {
		if got := string(appendText(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// Whatever is in a record, it is one line of the right number of cells, without control bytes, and no cell is a formula.
func FuzzLine(f *testing.F) {
	f.Add("100", `"A" <1>`, "=x", "a\nb", int64(5))
	f.Add("\"", "\xff", "+1", "@", int64(-1))
	f.Fuzz(func(t *testing.T, src, clid, data, field string, n int64) {
		r := with(func(r *Record) {
			r.Src, r.CLID, r.LastData, r.UserField, r.Duration, r.Sequence = src, clid, data, field, time.Duration(n), int(n)
		})
		line := appendLine(nil, r, &Options{LogUniqueID: true, LogUserField: true, NewCDRColumns: true})
		if bytes.Count(line, []byte{'\n'}) != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("%q: not one line", line)
		}
		reader := csv.NewReader(bytes.NewReader(line))
		cells, err := reader.Read()
		if err != nil || len(cells) != 21 {
			t.Fatalf("%q: %d cells, %v", line, len(cells), err)
		}
		for i, cell := range cells {
			if cell != strings.ToValidUTF8(cell, "") || strings.ContainsFunc(cell, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
				t.Fatalf("cell %d %q is not clean", i, cell)
			}
			if cell != "" && strings.ContainsRune("=@", rune(cell[0])) {
				t.Fatalf("cell %d %q is a formula", i, cell)
			}
		}
		if plain := strings.ToValidUTF8(src, "?") == src && len(src) < 100 && !strings.ContainsFunc(src, func(r rune) bool { return r < ' ' || r >= 0x7f }); plain && !formula(src) && cells[1] != src {
			t.Fatalf("src %q came out as %q", src, cells[1])
		}
	})
}

func TestAccountFile(t *testing.T) {
	for code, want := range map[string]string{
		"acme": "acme.csv", "a.b-c_1": "a.b-c_1.csv", "": "", "../x": "", "a/b": "", ".journal": "", "Master": "", "master": "", "a b": "", "ü": "", "a\x00": "",
		strings.Repeat("a", 64): strings.Repeat("a", 64) + ".csv", strings.Repeat("a", 65): "",
	} {
		if got := accountFile(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
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

// The points a child can be killed at, and what is between them.
var points = []string{"before journal", "journalled", "intended", "torn", "appended", "done"}

// Children write numbered records, each telling us the numbers whose Write has returned, and die at every point there
// is, or anywhere. Afterwards each of those numbers is in the books once, any other at most once.
func TestKillMinus9(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make(map[string]bool)
	next := 0
	rounds := append(slices.Clone(points), "", "", "")
	for i, point := range append(rounds, points...) {
		if i%3 == 2 { // a rotation now and then
			path := filepath.Join(dir, directory, masterFile)
			_ = os.Rename(path, fmt.Sprintf("%s.%d", path, i))
		}
		for _, n := range killOne(t, dir, point, &next) {
			acknowledged[n] = true
		}
	}
	w := openTest(t, dir, Options{Enable: true, AccountLogs: true})
	w.Close()
	for _, name := range []string{masterFile, "acme.csv"} {
		count := make(map[string]int)
		files, err := filepath.Glob(filepath.Join(dir, directory, name+"*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, n := range lines(t, dir, filepath.Base(f)) {
				count[n]++
			}
		}
		for n := range maps.Keys(acknowledged) {
			if count[n] != 1 {
				t.Errorf("%s: record %s is there %d times", name, n, count[n])
			}
		}
		for n, times := range count {
			if times > 1 {
				t.Errorf("%s: record %s is there %d times", name, n, times)
			}
		}
	}
	if len(acknowledged) < len(points) {
		t.Errorf("only %d records", len(acknowledged))
	}
}

// killOne runs a child from number *next on, until it dies at point, or, if that is "", is killed at some moment.
func killOne(t *testing.T, dir, point string, next *int) (acknowledged []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "ASTERISM_CDR_CHILD="+dir, "ASTERISM_CDR_POINT="+point, fmt.Sprintf("ASTERISM_CDR_NEXT=%d", *next))
	*next += 100000
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if point == "" {
		timer := time.AfterFunc(time.Duration(50+rand.IntN(150))*time.Millisecond, func() { _ = child.Process.Kill() })
		defer timer.Stop()
	}
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		acknowledged = append(acknowledged, scan.Text())
	}
	err = child.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child at %q: %v", point, err)
	}
	return acknowledged
}

func writeUntilKilled(dir, point string) {
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	passes := rand.IntN(5) // survive that many
	var mu sync.Mutex
	at := func(p string) {
		mu.Lock()
		defer mu.Unlock()
		if p == point {
			if passes--; passes < 0 {
				die()
			}
		}
	}
	w := &Writer{at: at, write: (*os.File).Write}
	if point == "torn" {
		w.write = func(f *os.File, b []byte) (int, error) { // in two halves
			if filepath.Base(f.Name()) == journalFile && rand.IntN(2) == 0 {
				return f.Write(b)
			}
			n, err := f.Write(b[:len(b)/2])
			if err != nil {
				return n, err
			}
			at("torn")
			m, err := f.Write(b[n:])
			return n + m, err
		}
	}
	if err := w.open(dir, Options{Enable: true, AccountLogs: true, Linger: time.Millisecond}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	next, _ := strconv.Atoi(os.Getenv("ASTERISM_CDR_NEXT"))
	for k := range 4 {
		go func() {
			for i := next + k; ; i += 4 {
				if err := w.Write(numbered(i)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				_, _ = io.WriteString(os.Stdout, strconv.Itoa(i)+"\n")
			}
		}()
	}
	select {}
}

// A journal of any bytes is read without failing, and what is pending in it is of frames that are whole.
func FuzzJournal(f *testing.F) {
	var b bytes.Buffer
	sum, _ := writeFrame(&b, &frame{N: 5, Batch: []chunk{{masterFile, "x\n"}}}, 0)
	sum, _ = writeFrame(&b, &frame{N: 6, Intent: 5, Files: []position{{File: masterFile, Size: 3}}}, sum)
	f.Add(b.Bytes(), 0)
	_, _ = writeFrame(&b, &frame{N: 7, Done: 5}, sum)
	f.Add(b.Bytes(), 20)
	f.Add([]byte("00000000 {}\n\x00\x00"), 3)
	f.Fuzz(func(t *testing.T, content []byte, cut int) {
		if cut > 0 && cut < len(content) {
			content = content[:cut]
		}
		j := &journal{}
		pending, err := j.read(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if len(pending) > bytes.Count(content, []byte{'\n'}) || j.end > int64(len(content)) {
			t.Fatalf("%d pending, end %d, of %d bytes", len(pending), j.end, len(content))
		}
		// What is appended now is found after what was pending, whatever lies behind it.
		var line bytes.Buffer
		if _, err := writeFrame(&line, &frame{N: j.n + 1, Batch: []chunk{{"a.csv", "line\n"}}}, j.sum); err != nil {
			t.Fatal(err)
		}
		whole := slices.Concat(content[:j.end], line.Bytes(), content[min(len(content), int(j.end)+line.Len()):])
		again, err := (&journal{}).read(bytes.NewReader(whole))
		if err != nil || len(again) != len(pending)+1 || again[len(pending)].chunks[0].Data != "line\n" {
			t.Fatalf("had %d pending and appended one; there are %d, %v", len(pending), len(again), err)
		}
	})
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
