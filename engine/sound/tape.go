package sound

import (
	"sync/atomic"
	"time"
)

// Tape hands PCM from a media thread to a Recorder, which writes to disk, on a goroutine of its own:
//
//	Write (media thread: no lock, no allocation) ─► ring of tapeLength ─► every tapeEvery ─► Recorder
//
// A disk that is slower for so long that the ring is full loses what comes then; it is counted. A disk that fails ends the
// recording, not the call: what was written until then is kept (ErrCut).
type Tape struct {
	rec        *Recorder
	ring       []int16
	head, tail atomic.Int64 // samples written to the ring and taken from it
	lost       atomic.Int64
	wake       chan struct{} // the ring is half full; room for one
	failed     chan struct{} // closed when the disk has failed
	end        chan struct{} // closed by Close
	done       chan struct{} // closed when the goroutine has returned
	err        error         // of the disk; read it after done
	broken     bool
}

const (
	tapeLength = 4 * time.Second
	tapeEvery  = 100 * time.Millisecond
)

// NewTape begins to write to r, which belongs to the tape from now on. Close or Discard must be called.
func NewTape(r *Recorder) *Tape {
	t := newTape(r)
	go t.run()
	return t
}

func newTape(r *Recorder) *Tape {
	return &Tape{rec: r, ring: make([]int16, int(tapeLength.Seconds())*r.rate*r.channels()), wake: make(chan struct{}, 1), failed: make(chan struct{}), end: make(chan struct{}), done: make(chan struct{})}
}

// Rate is that of the PCM, Hz, which is the one the Recorder was created for.
func (t *Tape) Rate() int { return t.rec.rate }

// Name is the file's, beneath its root.
func (t *Tape) Name() string { return t.rec.name }

// Write takes pcm, whole or not at all. It never blocks and is for one goroutine at a time; after Close it does nothing.
func (t *Tape) Write(pcm []int16) {
	head := t.head.Load()
	if int(head-t.tail.Load())+len(pcm) > len(t.ring) {
		t.lost.Add(int64(len(pcm)))
		return
	}
	for len(pcm) > 0 {
		n := copy(t.ring[int(head)%len(t.ring):], pcm)
		pcm = pcm[n:]
		head += int64(n)
	}
	t.head.Store(head)
	if int(head-t.tail.Load()) > len(t.ring)/2 { // the goroutine is late
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// Failed is closed when the disk has failed: what is written from then on is lost.
func (t *Tape) Failed() <-chan struct{} { return t.failed }

// Lost is how much sound found no room, because the disk was too slow.
func (t *Tape) Lost() time.Duration {
	return time.Duration(float64(t.lost.Load()) / float64(t.rec.rate*t.rec.channels()) * float64(time.Second))
}

// Duration is how much was written to disk. It may be called when Close has returned.
func (t *Tape) Duration() time.Duration { return t.rec.Duration() }

func (t *Tape) run() {
	defer close(t.done)
	tick := time.NewTicker(tapeEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.drain()
		case <-t.wake:
			t.drain()
		case <-t.end:
			t.drain()
			return
		}
	}
}

// drain writes what the ring holds.
func (t *Tape) drain() {
	head := t.head.Load()
	for tail := t.tail.Load(); tail < head; {
		from := int(tail) % len(t.ring)
		n := min(len(t.ring)-from, int(head-tail))
		if !t.broken {
			if err := t.rec.Write(t.ring[from : from+n]); err != nil {
				t.err, t.broken = err, true
				close(t.failed)
			}
		}
		tail += int64(n)
		t.tail.Store(tail)
	}
}

// Close writes what is left, without the last trim of it, and puts the file in its place, durably; see Recorder.Close. It waits for the
// disk, and is called once, or Discard.
func (t *Tape) Close(trim time.Duration) error {
	close(t.end)
	<-t.done
	t.rec.Trim(trim)
	return t.rec.Close()
}

// Discard ends the recording without a trace.
func (t *Tape) Discard() error {
	close(t.end)
	<-t.done
	return t.rec.Discard()
}
