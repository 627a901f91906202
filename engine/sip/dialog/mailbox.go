package dialog

import "sync"

// mailbox is what a dialog has still to do, in order. put never blocks: callers are readers of sockets, media shards and the dialog's own
// handler.
//
// Its bound holds for what strangers can cause: beyond mailboxSize their messages are refused, and SIP repeats them. Our own commands and
// a BYE always get in, because a hang-up that is lost is a call that stays for ever.
type mailbox struct {
	wake chan struct{} // holds a token while something may be queued

	mu     sync.Mutex
	queue  []func()
	closed bool
}

type delivery int

const (
	delivered delivery = iota
	full
	gone // the dialog is over
)

func newMailbox() mailbox { return mailbox{wake: make(chan struct{}, 1)} }

func (m *mailbox) put(f func(), bounded bool) delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return gone
	case bounded && len(m.queue) >= mailboxSize:
		return full
	}
	m.queue = append(m.queue, f)
	m.signalLocked()
	return delivered
}

// take is for the owner, after wake: one piece of work at a time, so that a flood starves no timer.
func (m *mailbox) take() func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) == 0 {
		return nil
	}
	f := m.queue[0]
	m.queue[0] = nil
	if m.queue = m.queue[1:]; len(m.queue) > 0 {
		m.signalLocked()
	}
	return f
}

func (m *mailbox) signalLocked() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// close lets nothing more in and returns what is left.
func (m *mailbox) close() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	left := m.queue
	m.queue = nil
	return left
}
