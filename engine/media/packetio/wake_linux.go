//go:build linux && (amd64 || arm64)

package packetio

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// waker is the eventfd by which other goroutines end a loop's wait, for epoll and io_uring alike.
type waker struct {
	wakeMu sync.Mutex // guards wakeFD against Close
	wakeFD int
	woken  atomic.Bool // written and not yet taken
	own    bool        // the thread has a processor of its own: OwnProcessor
}

// OwnProcessor is called by the loop's goroutine.
func (w *waker) OwnProcessor() { w.own = true }

// raw says how a system call that waits for d is to be made: unknown to the scheduler, or so that it gives the processor to others
// meanwhile. The garbage collector and the scheduler end a raw one by a signal; it says EINTR then.
func (w *waker) raw(d time.Duration) bool { return w.own && d >= 0 && d <= OwnWait }

// Wake ends the present wait of Poll or Gather, or the next one.
func (w *waker) Wake() {
	if w.woken.Swap(true) {
		return // Poll has not yet seen the last one
	}
	w.wakeMu.Lock()
	defer w.wakeMu.Unlock()
	if w.wakeFD < 0 {
		return
	}
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], 1)
	_, _ = unix.Write(w.wakeFD, b[:])
}

// Gather waits for d, or until it is woken.
func (w *waker) Gather(d time.Duration) { waitReadable(w.wakeFD, d, w.raw(d)) }

// takeWake is for Poll, which returns after it. In this order: a Wake between the two is told by that return. The other way round its
// signal would be eaten while woken says it is still to come, and no later Wake would write again.
func (w *waker) takeWake() {
	var b [8]byte
	_, _ = unix.Read(w.wakeFD, b[:])
	w.woken.Store(false)
}
