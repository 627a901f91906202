package store

import (
	"errors"
	"fmt"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// damagedError : the file is a database, but SQLite's own check found a fault in it.
type damagedError struct{ verdict string }

func (e *damagedError) Error() string { return "quick_check: " + e.verdict }

// damaged says whether err means that the file's content is no sound database. Whatever else went wrong (locked, no
// permission, disk full) may pass, and then the file must stay where it is.
func damaged(err error) bool {
	var broken *damagedError
	if errors.As(err, &broken) {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff // without the extension
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// moveAside renames the database and what belongs to it to a name that is free.
func moveAside(path string, now time.Time) (string, error) {
	aside := path + ".corrupt-" + now.Format("20060102T150405")
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s.corrupt-%s-%d", path, now.Format("20060102T150405"), i)
	}
	if err := os.Rename(path, aside); err != nil {
		return "", err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return aside, nil
}
