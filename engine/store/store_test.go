package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"asterism/engine/store"
	"asterism/engine/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("ASTERISM_STORE_CHILD"); path != "" {
		putUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store { return store.NewMemory(now) })
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return open(t, filepath.Join(t.TempDir(), "astdb.sqlite3"), store.Options{Now: now, SweepEvery: 5 * time.Millisecond})
	})
}

func open(t testing.TB, path string, o store.Options) *store.SQLite {
	t.Helper()
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Hour
	}
	s, err := store.OpenSQLite(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// plain is another program at the same file, as `sqlite3` or Asterisk's tools are.
func plain(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestAsteriskReadsAndWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "astdb.sqlite3")
	s := open(t, path, store.Options{})
	ours, err := s.Put(t.Context(), store.Key("cfim", "100"), []byte("200"), store.Any, 0)
	if err != nil {
		t.Fatal(err)
	}
	db := plain(t, path)
	var value, kind string
	if err := db.QueryRow(`SELECT value, typeof(value) FROM astdb WHERE key='/cfim/100'`).Scan(&value, &kind); err != nil || value != "200" || kind != "text" {
		t.Errorf("their SELECT: %q %q %v", value, kind, err)
	}
	revision := ours
	for _, theirs := range []string{ // the statements of Asterisk's db.c and of an admin
		`INSERT OR REPLACE INTO astdb (key, value) VALUES ('/cfim/100', '300')`,
		`UPDATE astdb SET value='400' WHERE key='/cfim/100'`,
		`UPDATE astdb SET value='500' WHERE key='/cfim/100'`,
	} {
		if _, err := db.Exec(theirs); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(t.Context(), "/cfim/100", []byte("no"), revision, 0); err != store.ErrConflict {
			t.Errorf("after %s: Put at the revision before: %v", theirs, err)
		}
		e, err := s.Get(t.Context(), "/cfim/100")
		if err != nil || e.Revision == revision || e.Revision == 1 {
			t.Errorf("after %s: %+v, %v", theirs, e, err)
		}
		revision = e.Revision
	}
	rev, err := s.Put(t.Context(), "/cfim/100", []byte("600"), revision, 0)
	if err != nil || rev <= revision {
		t.Errorf("Put on theirs: %d after %d, %v", rev, revision, err)
	}
	if _, err := db.Exec(`DELETE FROM astdb WHERE key='/cfim/100'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "/cfim/100"); err != store.ErrNotFound {
		t.Errorf("after their DELETE: %v", err)
	}
}

func TestAFileOfAsterisks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "astdb.sqlite3")
	db := plain(t, path)
	for _, q := range []string{
		`CREATE TABLE IF NOT EXISTS astdb(key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key))`,
		`INSERT INTO astdb VALUES ('/DND/100', 'YES'), ('/DND/101', 'NO')`,
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // a second opening finds its columns
		s := open(t, path, store.Options{})
		list, err := s.List(t.Context(), "/DND/")
		if err != nil || len(list) != 2 || string(list[0].Value) != "YES" || list[0].Revision <= 1 {
			t.Fatalf("List = %+v, %v", list, err)
		}
		if _, err := s.Put(t.Context(), "/DND/101", []byte("NO"), list[1].Revision, 0); err != nil {
			t.Error(err)
		}
		s.Close()
	}
}

func TestDamage(t *testing.T) {
	good := func(t *testing.T, path string) {
		s := open(t, path, store.Options{})
		for i := range 500 {
			if _, err := s.Put(t.Context(), fmt.Sprintf("/f/%d", i), bytes.Repeat([]byte("x"), 200), store.Any, 0); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	}
	for name, harm := range map[string]func(b []byte) []byte{
		"no database":    func([]byte) []byte { return bytes.Repeat([]byte("not a database\n"), 100) },
		"a page of junk": func(b []byte) []byte { copy(b[8192:12288], bytes.Repeat([]byte{0xa5}, 4096)); return b },
		"cut off":        func(b []byte) []byte { return b[:len(b)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "astdb.sqlite3")
			good(t, path)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			broken := harm(b)
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			s := open(t, path, store.Options{Log: zerolog.New(&log)})
			if s.Salvaged() == "" || !strings.Contains(log.String(), s.Salvaged()) {
				t.Fatalf("Salvaged = %q, log %s", s.Salvaged(), log.String())
			}
			if kept, err := os.ReadFile(s.Salvaged()); err != nil || !bytes.Equal(kept, broken) {
				t.Errorf("the damaged file was not kept as it was: %v", err)
			}
			if _, err := s.Put(t.Context(), "/f/1", nil, store.Absent, 0); err != nil {
				t.Errorf("the new store: %v", err)
			}
		})
	}
}

func TestOtherFailuresLeaveTheFileAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "astdb.sqlite3")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if s, err := store.OpenSQLite(path, store.Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("OpenSQLite of a directory: %v, %v", s, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files: %v", files)
	}
}

// A child puts counters until it is killed; every Put that returned must be there.
func TestKillMinus9(t *testing.T) {
	path := filepath.Join(t.TempDir(), "astdb.sqlite3")
	for round := range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "ASTERISM_STORE_CHILD="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		last := readLines(t, out, 50*(round+1), func() { _ = child.Process.Signal(syscall.SIGKILL) })
		_ = child.Wait()
		s := open(t, path, store.Options{})
		if s.Salvaged() != "" {
			t.Fatal("damaged by kill -9")
		}
		e, err := s.Get(context.Background(), "/kill/n")
		var got int
		if _, scanErr := fmt.Sscan(string(e.Value), &got); err != nil || scanErr != nil || got < last {
			t.Fatalf("round %d: have %q (%v), %d was acknowledged", round, e.Value, err, last)
		}
		s.Close()
	}
}

// readLines reads numbers; after n of them it calls then and reads on to the end. It returns the last.
func readLines(t *testing.T, out interface{ Read([]byte) (int, error) }, n int, then func()) (last int) {
	t.Helper()
	for i := 0; ; i++ {
		if i == n {
			then()
		}
		var v int
		if _, err := fmt.Fscanln(out, &v); err != nil {
			return last
		}
		last = v
	}
}

func putUntilKilled(path string) {
	s, err := store.OpenSQLite(path, store.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 1; ; i++ {
		if _, err := s.Put(context.Background(), "/kill/n", fmt.Append(nil, i), store.Any, 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(i)
	}
}

func BenchmarkSQLitePut(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "astdb.sqlite3"), store.Options{})
	value := bytes.Repeat([]byte("x"), 300)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.Put(b.Context(), fmt.Sprintf("/registrar/contact/%d", i%1000), value, store.Any, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSQLiteGet(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "astdb.sqlite3"), store.Options{})
	if _, err := s.Put(b.Context(), "/registrar/contact/1", bytes.Repeat([]byte("x"), 300), store.Any, time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(b.Context(), "/registrar/contact/1"); err != nil {
			b.Fatal(err)
		}
	}
}
