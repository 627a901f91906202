package cdr

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// ErrClosed : the writer is closed.
var ErrClosed = errors.New("cdr: closed")

// Options are cdr.conf's, with the zero value all "no". DefaultOptions has Asterisk's defaults.
type Options struct {
	Enable           bool // enable [yes]
	Unanswered       bool // unanswered [no]: also records of unanswered calls that have only one channel
	Congestion       bool // congestion [no]: CONGESTION instead of FAILED
	InitiatedSeconds bool // initiatedseconds [no]: round BillSec up at half a second

	UseGMTime     bool // usegmtime [no]
	LogUniqueID   bool // loguniqueid [no]
	LogUserField  bool // loguserfield [no]
	AccountLogs   bool // accountlogs [yes]: also one file per account code
	NewCDRColumns bool // newcdrcolumns [no]: peeraccount, linkedid, sequence

	// Linger is how long a record waits for others to share its fsync, at most 100 ms. 0, the best: not at all. A record goes out at
	// once, and those that come while its fsync runs share the next one.
	Linger time.Duration
	Log    zerolog.Logger
}

// DefaultOptions are Asterisk's without a cdr.conf.
func DefaultOptions() Options { return Options{Enable: true, AccountLogs: true} }

const (
	maxBatch    = 256         // records that share an fsync
	rewindAt    = 1 << 20     // the journal starts over when it is longer and nothing is pending
	retryEvery  = time.Second // how often CSV files that could not be written are tried again
	directory   = "cdr-csv"
	masterFile  = "Master.csv"
	journalFile = ".journal"
)

// Writer writes records. Its methods are safe from any goroutine. It has one goroutine, which Close ends.
type Writer struct {
	dir     string
	log     zerolog.Logger
	linger  time.Duration
	options atomic.Pointer[Options]

	requests chan request // unbuffered: what was sent is answered
	quit     chan struct{}
	quitOnce sync.Once
	done     chan struct{}

	// Owned by run:
	journal  *journal
	pending  []*batch        // oldest first
	complain bool            // one line was logged about CSV files that cannot be written
	noted    map[string]bool // account codes that are no file name, said once

	// Tests come in here: to die at a point, to let the disk fill up.
	at    func(point string)
	write func(f *os.File, b []byte) (int, error)
}

type request struct {
	record Record
	result chan<- error
}

// Open opens logDir/cdr-csv, creating what is missing, appends to the CSV files what an earlier process journalled and
// did not get there, and starts the writer.
//
// It fails if the journal cannot be opened, or belongs to a running process. CSV files that cannot be written do not
// make it fail: their lines wait in the journal.
func Open(logDir string, o Options) (*Writer, error) {
	w := &Writer{at: func(string) {}, write: (*os.File).Write}
	if err := w.open(logDir, o); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Writer) open(logDir string, o Options) (err error) {
	w.dir = filepath.Join(logDir, directory)
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return fmt.Errorf("cdr: %w", err)
	}
	if w.journal, w.pending, err = openJournal(filepath.Join(w.dir, journalFile)); err != nil {
		return fmt.Errorf("cdr: journal: %w", err)
	}
	w.journal.write = w.write
	w.linger = min(o.Linger, 100*time.Millisecond)
	w.log = o.Log
	w.noted = make(map[string]bool)
	w.requests, w.quit, w.done = make(chan request, maxBatch), make(chan struct{}), make(chan struct{})
	w.options.Store(&o)
	if len(w.pending) > 0 {
		w.log.Warn().Int("batches", len(w.pending)).Msg("cdr: finishing what the last process journalled")
	}
	w.flush()
	go w.run()
	return nil
}

// SetOptions takes over a reloaded cdr.conf for the records written from now on. Linger and Log stay.
func (w *Writer) SetOptions(o Options) { w.options.Store(&o) }

// Write records one call. When it returns nil, the record will be in Master.csv exactly once, whatever happens to the
// process; it usually is there a few milliseconds later. It blocks for the fsync.
//
// An error (disk full) means the record was not taken. It is logged once by the writer, so that the caller need not.
func (w *Writer) Write(r Record) error {
	if !wanted(&r, w.options.Load()) {
		return nil
	}
	result := make(chan error, 1)
	select {
	case w.requests <- request{r, result}:
	case <-w.quit:
		return ErrClosed
	}
	select {
	case err := <-result:
		return err
	case <-w.done:
	}
	select { // the writer may have taken it as its last
	case err := <-result:
		return err
	default:
		return ErrClosed
	}
}

// wanted applies the options that concern a whole record.
func wanted(r *Record, o *Options) bool {
	if r.Disposition == Congestion && !o.Congestion {
		r.Disposition = Failed
	}
	switch {
	case !o.Enable:
		return false
	case o.Unanswered:
		return true
	default:
		return r.Disposition >= Answered || r.Channel != "" && r.DstChannel != ""
	}
}

// Close finishes what Write has taken and releases the files. It is idempotent.
func (w *Writer) Close() error {
	w.quitOnce.Do(func() { close(w.quit) })
	<-w.done
	if err := w.journal.close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("cdr: journal: %w", err)
	}
	if len(w.pending) > 0 {
		return fmt.Errorf("cdr: %d batches could not be appended to the CSV files; they stay in the journal", len(w.pending))
	}
	return nil
}

func (w *Writer) run() {
	defer close(w.done)
	failing := false
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		select {
		case first := <-w.requests:
			failing = w.take(first, failing)
		case <-retry.C:
			w.flush()
		case <-w.quit:
			for len(w.requests) > 0 {
				failing = w.take(<-w.requests, failing)
			}
			w.flush()
			return
		}
	}
}

// take commits a record with those that wait beside it, and tells their writers. failing says whether the last one could not be written;
// the result is the same of this one.
func (w *Writer) take(first request, failing bool) bool {
	requests := w.collect(first)
	err := w.commit(requests)
	if err != nil && !failing {
		w.log.Error().Err(err).Msg("cdr: records are lost until the journal can be written again")
	} else if err == nil && failing {
		w.log.Info().Msg("cdr: the journal can be written again")
	}
	for _, r := range requests {
		r.result <- err
	}
	w.flush()
	return err != nil
}

// collect takes the records that wait, for linger also those that come, to share the fsync.
func (w *Writer) collect(first request) []request {
	list := []request{first}
	if w.linger == 0 {
		for len(list) < maxBatch && len(w.requests) > 0 {
			list = append(list, <-w.requests)
		}
		return list
	}
	timer := time.NewTimer(w.linger)
	defer timer.Stop()
	for len(list) < maxBatch {
		select {
		case r := <-w.requests:
			list = append(list, r)
		case <-timer.C:
			return list
		}
	}
	return list
}

// commit journals the records as one batch. The intent to append it goes along, so that one fsync does for both.
func (w *Writer) commit(requests []request) error {
	b := &batch{chunks: w.chunks(requests)}
	frames := []*frame{{Batch: b.chunks}}
	if len(w.pending) == 0 { // else the files will have grown until it is this batch's turn
		if ends, err := w.ends(b); err == nil {
			b.intent = ends
			frames = append(frames, &frame{Intent: w.journal.n + 1, Files: ends})
		}
	}
	w.at("before journal")
	if err := w.journal.append(true, frames...); err != nil {
		return fmt.Errorf("cdr: journal: %w", err)
	}
	w.at("journalled")
	b.n = frames[0].N
	w.pending = append(w.pending, b)
	return nil
}

// chunks renders the records, the master file's lines first.
func (w *Writer) chunks(requests []request) []chunk {
	o := w.options.Load()
	master := make([]byte, 0, 256*len(requests))
	accounts := make(map[string][]byte)
	for _, r := range requests {
		start := len(master)
		master = appendLine(master, r.record, o)
		if !o.AccountLogs || r.record.AccountCode == "" {
			continue
		}
		if name := accountFile(r.record.AccountCode); name != "" {
			accounts[name] = append(accounts[name], master[start:]...)
		} else {
			w.noteAccount(r.record.AccountCode)
		}
	}
	list := []chunk{{masterFile, string(master)}}
	for _, name := range slices.Sorted(maps.Keys(accounts)) {
		list = append(list, chunk{name, string(accounts[name])})
	}
	return list
}

func (w *Writer) noteAccount(code string) {
	if len(w.noted) < 1000 && !w.noted[code] {
		w.noted[code] = true
		w.log.Warn().Str("accountcode", code).
			Msg("cdr: the account code is no file name of [A-Za-z0-9_.-]; its records are in Master.csv only")
	}
}

// flush appends pending batches to the CSV files, oldest first, until one fails.
func (w *Writer) flush() {
	for len(w.pending) > 0 {
		if err := w.apply(w.pending[0]); err != nil {
			if !w.complain {
				w.complain = true
				w.log.Error().Err(err).Msg("cdr: records wait in the journal; will try again every second")
			}
			return
		}
		w.pending = w.pending[1:]
	}
	if w.complain {
		w.complain = false
		w.log.Info().Msg("cdr: the records that waited in the journal are written")
	}
	if w.journal.end > rewindAt {
		w.journal.rewind()
	}
}
