package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What ten thousand calls that are over may leave behind: in the heap, MB (maps keep their room, and calls on their way count), and in
// open files (sockets are kept ready for the next calls). A call that left 1 kB, or a socket, would show.
const leftHeap, leftFiles, leftGoroutines = 8, 200, 60

// forgotten is when the last transaction of a call is: 64·T1 (RFC 3261 §17.2.2), and a little.
const forgotten = 34 * time.Second

// TestShortCallsLeaveNothing: ten thousand bridged calls later the PBX's live heap, open files and goroutines are what they were.
func TestShortCallsLeaveNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	binary := filepath.Join(t.TempDir(), "asterism")
	if out, err := exec.Command("go", "build", "-o", binary, "asterism/cmd/asterism").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := speak(); err != nil {
		t.Fatal(err)
	}
	sip, uas := free(t), free(t)
	b, stop, err := start(home, sip, uas, []string{fmt.Sprintf("SIP_PORT=%d", sip), fmt.Sprintf("UAS_PORT=%d", uas), "ASTERISM_BIN=" + binary,
		"GODEBUG=gctrace=1"}) // the collector then says in the PBX's output what lives
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	b.uas.invited = func(string) (string, *stream) { return (&stream{conn: b.uas.conn}).sdp("ulaw"), nil } // nobody talks
	few := func() { b.short(t, 400) }                                                                      // enough for the collector to run
	few()
	heap, files := liveHeap(t, b), openFiles(t, b)
	b.short(t, 10_000)
	time.Sleep(forgotten)
	few()
	heapNow, filesNow := liveHeap(t, b), openFiles(t, b)
	if heapNow > heap+leftHeap {
		t.Errorf("%d MB live after 10000 calls, %d before", heapNow, heap)
	}
	if filesNow > files+leftFiles {
		t.Errorf("%d open files after 10000 calls, %d before", filesNow, files)
	}
	time.Sleep(time.Second)
	pid, _ := strconv.Atoi(b.pid)
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil { // it then tells of its goroutines, and ends
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); syscall.Kill(pid, 0) == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	_, dump, _ := strings.Cut(output(t, b), "SIGQUIT: quit")
	n := strings.Count(dump, "\ngoroutine ")
	if n == 0 || n > leftGoroutines {
		t.Errorf("%d goroutines without a call\n%s", n, dump)
	}
	t.Logf("before: %d MB, %d files; after: %d MB, %d files, %d goroutines", heap, files, heapNow, filesNow, n)
}

// short makes n calls that are bridged and hung up at once, some at a time.
func (b *bench) short(t *testing.T, n int) {
	t.Helper()
	var workers sync.WaitGroup
	var next, bad atomic.Int64
	var last atomic.Pointer[error]
	sdp := (&stream{conn: b.uac.conn}).sdp("ulaw")
	for range 16 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				c, err := b.uac.invite(i, "3000", sdp)
				if err == nil {
					err = c.bye()
				}
				if err != nil {
					bad.Add(1)
					last.Store(&err)
				}
			}
		})
	}
	workers.Wait()
	if bad.Load() > 0 {
		t.Fatalf("%d of %d calls failed: %v", bad.Load(), n, *last.Load())
	}
}

// output is what the PBX has written to its terminal.
func output(t *testing.T, b *bench) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(b.conf), "..", "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// collected is a line of the collector's trace: heap at its begin, at its end, and live, in MB.
var collected = regexp.MustCompile(`(?m)^gc \d+ .* (\d+)->(\d+)->(\d+) MB`)

// liveHeap is what lived when the collector last ran.
func liveHeap(t *testing.T, b *bench) int {
	t.Helper()
	all := collected.FindAllStringSubmatch(output(t, b), -1)
	if len(all) == 0 {
		t.Fatal("the collector has not run")
	}
	n, _ := strconv.Atoi(all[len(all)-1][3])
	return n
}

func openFiles(t *testing.T, b *bench) int {
	t.Helper()
	list, err := os.ReadDir("/proc/" + b.pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
