package cdr

import (
	"bufio"
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
	"sync"
	"syscall"
	"testing"
	"time"
)

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
