package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// Options of OpenSQLite.
type Options struct {
	Log        zerolog.Logger
	Now        func() time.Time // nil is time.Now
	SweepEvery time.Duration    // how often expired entries are removed; 0 is one second
}

// SQLite is the Store in Asterisk's astdb file: the table astdb(key, value) stays as Asterisk's tools read and write
// it; two more columns of ours beside them hold revision and expiry:
//
//	key VARCHAR(256) | value VARCHAR(256) | revision INTEGER, µs of the change | expires INTEGER, Unix ms or NULL
//
// A trigger gives rows written by other programs a revision, too. Such a write is seen by Get and List at once; Watch
// does not report it. Values that are no text (invalid UTF-8, NUL) are kept as BLOB.
//
// One connection writes, so that a condition and its write are one step; others read beside it (WAL). With
// synchronous=NORMAL a Put survives the death of the process, and the file stays sound, but a power failure may lose the
// last ones.
type SQLite struct {
	now      func() time.Time
	log      zerolog.Logger
	watchers watchers

	db               *sql.DB // readers
	get, list        *sql.Stmt
	writer           *sql.DB // one connection
	put, del, expire *sql.Stmt
	salvaged         string

	mu       sync.Mutex // one writer at a time: keeps Watch in the order of the writes
	revision Revision
	first    int64 // no entry expires before, Unix ms; 0: none does

	closed      atomic.Bool
	quit, swept chan struct{}
}

var _ Store = (*SQLite)(nil)

const schema = `
CREATE TABLE IF NOT EXISTS astdb (key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key));
`

// Other programs insert without our columns: revision 1 is the mark for "give it one".
var columns = map[string]string{
	"revision": `ALTER TABLE astdb ADD COLUMN revision INTEGER NOT NULL DEFAULT 1`,
	"expires":  `ALTER TABLE astdb ADD COLUMN expires INTEGER`,
}

const microseconds = `CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)`

const triggers = `
CREATE TRIGGER IF NOT EXISTS astdb_inserted AFTER INSERT ON astdb WHEN new.revision = 1 BEGIN
	UPDATE astdb SET revision = ` + microseconds + ` WHERE key = new.key;
END;
CREATE TRIGGER IF NOT EXISTS astdb_updated AFTER UPDATE OF value ON astdb WHEN new.revision = old.revision BEGIN
	UPDATE astdb SET revision = max(old.revision + 1, ` + microseconds + `) WHERE key = new.key;
END;
`

// The conditions are part of each statement: an expired row counts as absent.
const (
	sqlGet  = `SELECT value, revision, expires FROM astdb WHERE key = ? AND (expires IS NULL OR expires > ?)`
	sqlList = `SELECT key, value, revision, expires FROM astdb
		WHERE key >= ?1 AND (?2 IS NULL OR key < ?2) AND (expires IS NULL OR expires > ?3) ORDER BY key`
	// ?1 key ?2 value ?3 revision ?4 expires ?5 now ?6 condition
	sqlPut = `INSERT INTO astdb (key, value, revision, expires)
		SELECT ?1, ?2, ?3, ?4 WHERE ?6 <= 0
			OR EXISTS (SELECT 1 FROM astdb WHERE key = ?1 AND revision = ?6 AND (expires IS NULL OR expires > ?5))
		ON CONFLICT (key) DO UPDATE
			SET value = excluded.value, revision = max(excluded.revision, astdb.revision + 1), expires = excluded.expires
			WHERE ?6 != -1 OR astdb.expires <= ?5
		RETURNING revision`
	sqlDelete = `DELETE FROM astdb WHERE key = ?1 AND (expires IS NULL OR expires > ?2) AND (?3 = 0 OR revision = ?3)`
	// No index on expires: it would cost every Put a page more to write. The table is read through only when the first
	// expiry known of has passed (SQLite.first).
	sqlExpire = `DELETE FROM astdb WHERE expires <= ? RETURNING key`
	sqlFirst  = `SELECT coalesce(min(expires), 0) FROM astdb`
)

// OpenSQLite opens or creates the file at path, and starts the goroutine that removes expired entries; Close ends it.
//
// A damaged file is moved aside with its write-ahead log (path.corrupt-TIME), said in the log as an error and by
// Salvaged, and an empty store takes its place: better a PBX whose phones register anew than none. Any other failure (no
// permission, disk full, locked) is returned and leaves the file alone.
func OpenSQLite(path string, o Options) (*SQLite, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SweepEvery <= 0 {
		o.SweepEvery = time.Second
	}
	s := &SQLite{now: o.Now, log: o.Log, quit: make(chan struct{}), swept: make(chan struct{})}
	err := s.open(path)
	if damaged(err) {
		aside, moveErr := moveAside(path, s.now())
		if moveErr != nil {
			return nil, fmt.Errorf("store: %s is damaged (%w) and cannot be moved aside: %w", path, err, moveErr)
		}
		s.salvaged = aside
		s.log.Error().Err(err).Str("file", path).Str("moved_to", aside).
			Msg("store: the database is damaged; it was moved aside and an empty one takes its place")
		err = s.open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	go s.sweep(o.SweepEvery)
	return s, nil
}

// Salvaged is where a damaged file was moved to by OpenSQLite, else "".
func (s *SQLite) Salvaged() string { return s.salvaged }

func (s *SQLite) open(path string) (err error) {
	defer func() {
		if err != nil {
			s.closeDB()
		}
	}()
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate"
	if s.writer, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	s.writer.SetMaxOpenConns(1)
	if err = prepareFile(s.writer); err != nil {
		return err
	}
	if err = s.writer.QueryRow(`SELECT coalesce(max(revision), 0) FROM astdb`).Scan(&s.revision); err != nil {
		return err
	}
	if err = s.writer.QueryRow(sqlFirst).Scan(&s.first); err != nil {
		return err
	}
	if s.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(4)
	for _, p := range []struct {
		stmt **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.get, s.db, sqlGet}, {&s.list, s.db, sqlList},
		{&s.put, s.writer, sqlPut}, {&s.del, s.writer, sqlDelete}, {&s.expire, s.writer, sqlExpire},
	} {
		if *p.stmt, err = p.db.Prepare(p.text); err != nil {
			return err
		}
	}
	return nil
}

// prepareFile checks the file and brings the table into being, adding our columns to a table of Asterisk's.
func prepareFile(db *sql.DB) error {
	var verdict string
	if err := db.QueryRow(`PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return &damagedError{verdict}
	}
	if _, err := db.Exec(schema); err != nil {
		return err
	}
	for name, add := range columns {
		var n int
		if err := db.QueryRow(`SELECT count(*) FROM pragma_table_info('astdb') WHERE name = ?`, name).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if _, err := db.Exec(add); err != nil {
			return err
		}
	}
	if _, err := db.Exec(triggers); err != nil {
		return err
	}
	// Rows that were there before our columns.
	_, err := db.Exec(`UPDATE astdb SET revision = ` + microseconds + ` WHERE revision = 1`)
	return err
}

// Get implements Store.
func (s *SQLite) Get(ctx context.Context, key string) (Entry, error) {
	if err := check(key, nil); err != nil {
		return Entry{}, err
	}
	e := Entry{Key: key}
	var expires sql.NullInt64
	err := s.get.QueryRowContext(ctx, key, s.now().UnixMilli()).Scan(&e.Value, &e.Revision, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return Entry{}, ErrNotFound
	}
	if err != nil {
		return Entry{}, s.wrap("get", key, err)
	}
	e.Expires = fromMilli(expires)
	return e, nil
}

// Put implements Store.
func (s *SQLite) Put(ctx context.Context, key string, value []byte, revision Revision, ttl time.Duration) (Revision, error) {
	if err := cmp.Or(check(key, value), ctx.Err()); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	e := Entry{Key: key, Value: value}
	var expires any
	if ttl > 0 {
		e.Expires = now.Add(ttl)
		expires = e.Expires.UnixMilli()
	}
	next := s.nextLocked(now)
	// A started write is not broken off: it takes microseconds, and watching ctx meanwhile would take as many.
	err := s.put.QueryRow(key, asColumn(value), next, expires, now.UnixMilli(), revision).Scan(&e.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrConflict
	}
	if err != nil {
		return 0, s.wrap("put", key, err)
	}
	s.revision = max(s.revision, e.Revision)
	if ms := e.Expires.UnixMilli(); ttl > 0 && (s.first == 0 || ms < s.first) {
		s.first = ms
	}
	s.watchers.notify(Change{Entry: e})
	return e.Revision, nil
}

// Delete implements Store.
func (s *SQLite) Delete(ctx context.Context, key string, revision Revision) error {
	if err := cmp.Or(check(key, nil), ctx.Err()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	res, err := s.del.Exec(key, now.UnixMilli(), revision)
	if err != nil {
		return s.wrap("delete", key, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return s.wrap("delete", key, err)
	}
	if n == 0 {
		if revision == Any {
			return ErrNotFound
		}
		return ErrConflict
	}
	s.watchers.notify(Change{Entry: Entry{Key: key, Revision: s.nextLocked(now)}, Deleted: true})
	return nil
}

// List implements Store.
func (s *SQLite) List(ctx context.Context, prefix string) (list []Entry, err error) {
	var end any
	if e := prefixEnd(prefix); e != "" {
		end = e
	}
	rows, err := s.list.QueryContext(ctx, prefix, end, s.now().UnixMilli())
	if err != nil {
		return nil, s.wrap("list", prefix, err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var expires sql.NullInt64
		if err := rows.Scan(&e.Key, &e.Value, &e.Revision, &expires); err != nil {
			return nil, s.wrap("list", prefix, err)
		}
		e.Expires = fromMilli(expires)
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, s.wrap("list", prefix, err)
	}
	return list, nil
}

// Watch implements Store.
func (s *SQLite) Watch(ctx context.Context, prefix string) (*Watcher, error) {
	return s.watchers.add(ctx, prefix)
}

// Close implements Store. It is idempotent.
func (s *SQLite) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	close(s.quit)
	<-s.swept
	s.watchers.close()
	return s.closeDB()
}

func (s *SQLite) closeDB() error {
	var errs []error
	for _, db := range []*sql.DB{s.db, s.writer} { // the writer last: it checkpoints the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// sweep removes expired entries until Close. Get and List do not need it; the file and the watchers do.
func (s *SQLite) sweep(every time.Duration) {
	defer close(s.swept)
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		err := s.removeExpired()
		if err != nil && !failing {
			s.log.Error().Err(err).Msg("store: expired entries cannot be removed; will try again")
		}
		failing = err != nil
	}
}

func (s *SQLite) removeExpired() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.first == 0 || s.first > now.UnixMilli() {
		return nil
	}
	gone, err := s.expireLocked(now)
	s.watchers.notify(gone...)
	if err != nil {
		return err
	}
	if err := s.writer.QueryRow(sqlFirst).Scan(&s.first); err != nil {
		return s.wrap("expire", "", err)
	}
	return nil
}

func (s *SQLite) expireLocked(now time.Time) (gone []Change, err error) {
	rows, err := s.expire.Query(now.UnixMilli())
	if err != nil {
		return gone, s.wrap("expire", "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return gone, s.wrap("expire", "", err)
		}
		gone = append(gone, Change{Entry: Entry{Key: key, Revision: s.nextLocked(now)}, Deleted: true})
	}
	if err := rows.Err(); err != nil {
		return gone, s.wrap("expire", "", err)
	}
	return gone, nil
}

// nextLocked makes revisions of the clock, so that they grow over Delete and restarts without being counted anywhere.
func (s *SQLite) nextLocked(now time.Time) Revision {
	s.revision = max(s.revision+1, Revision(now.UnixMicro()))
	return s.revision
}

func (s *SQLite) wrap(what, key string, err error) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return fmt.Errorf("store: %s %s: %w", what, key, err)
}

func asColumn(value []byte) any {
	for _, b := range value {
		if b == 0 {
			return value
		}
	}
	if utf8.Valid(value) {
		return string(value)
	}
	return value
}

func fromMilli(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}

// prefixEnd is the least string greater than all with that prefix, "" if there is none.
func prefixEnd(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}
