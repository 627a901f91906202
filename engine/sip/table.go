package sip

import (
	"net/netip"
	"time"
)

// serverEntry is what the table knows of a request's transaction: the transaction itself, or what is left of it.
type serverEntry interface {
	retransmitted()
	acked(ack *Request) bool                    // false: the ACK is not this transaction's
	cancelled(req *Request) (*ServerTx, string) // the transaction to cancel, if it can be; the To tag
}

// answered is what is left of a server transaction after its final response: enough to repeat it. It stays for 64*T1
// (Timers J, L and I fold into one), or until too many newer ones push it out; then a retransmission counts as new.
type answered struct {
	link  *link
	final []byte // nil: retransmissions are absorbed (INVITE)
	ack   bool   // the ACK is the transaction's: its response was not a 2xx
	tag   string
	until time.Time
}

func (a *answered) retransmitted() {
	a.link.t.stack.stats.retransmissions.Add(1)
	if a.final != nil {
		_ = a.link.write(a.final) // it is for the peer to ask again
	}
}

func (a *answered) acked(*Request) bool                    { return a.ack }
func (a *answered) cancelled(*Request) (*ServerTx, string) { return nil, a.tag }

// openServerTx returns what is known of key, or a new transaction counted among the pending ones, or neither when there are
// too many of them: the request is dropped, the client sends it again.
func (s *Stack) openServerTx(key string, source netip.Addr, make func() *ServerTx) (*ServerTx, serverEntry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.servers[key]; ok {
		return nil, old
	}
	source = sourceKey(source)
	if s.closed || s.pending >= s.limits.Pending || s.pendingOf[source] >= s.limits.PendingPerSource {
		s.stats.refused.Add(1)
		return nil, nil
	}
	tx := make()
	s.servers[key] = tx
	s.pending++
	s.pendingOf[source]++
	tx.pending = true
	if c := tx.link.stream; c != nil {
		c.unanswered.Add(1)
	}
	return tx, nil
}

func (s *Stack) serverTx(key string) serverEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.servers[key]; ok {
		return e
	}
	return nil
}

// unpend: the transaction has its final response.
func (s *Stack) unpend(tx *ServerTx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unpendLocked(tx)
}

func (s *Stack) unpendLocked(tx *ServerTx) {
	if !tx.pending {
		return
	}
	tx.pending = false
	s.pending--
	if c := tx.link.stream; c != nil {
		c.unanswered.Add(-1)
	}
	source := sourceKey(tx.Source.Addr())
	if s.pendingOf[source]--; s.pendingOf[source] <= 0 {
		delete(s.pendingOf, source)
	}
}

// remember puts an answered entry in the transaction's place. final is what retransmissions of other than INVITE get.
func (s *Stack) remember(tx *ServerTx, final []byte) {
	tx.mu.Lock()
	status := tx.status
	tx.mu.Unlock()
	a := &answered{link: tx.link, ack: status >= 300, tag: tx.LocalTag(), until: time.Now().Add(64 * s.t1)}
	if tx.Request.Method != INVITE {
		a.final, a.ack = final, false
	} else if challenges(status) {
		a.final = final
	}
	tx.link.forget()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unpendLocked(tx)
	if s.servers[tx.key] != serverEntry(tx) {
		return
	}
	if tx.link.stream != nil && tx.Request.Method != INVITE { // nothing is retransmitted on a stream
		delete(s.servers, tx.key)
		return
	}
	s.servers[tx.key] = a
	s.old = append(s.old, oldEntry{tx.key, a})
	for len(s.old) > s.limits.Remembered {
		s.dropOldestLocked()
	}
}

type oldEntry struct {
	key string
	a   *answered
}

func (s *Stack) dropOldestLocked() {
	e := s.old[0]
	s.old[0] = oldEntry{}
	s.old = s.old[1:]
	if s.servers[e.key] == serverEntry(e.a) {
		delete(s.servers, e.key)
	}
}

func (s *Stack) removeServerTx(tx *ServerTx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unpendLocked(tx)
	if s.servers[tx.key] == serverEntry(tx) {
		delete(s.servers, tx.key)
	}
}

// sweep runs until the stack closes: it forgets what is old enough and ends non-INVITE transactions nobody answers, whose
// client has given up at Timer F.
func (s *Stack) sweep() {
	tick := time.NewTicker(max(s.t1, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.alive.Done():
			return
		case now := <-tick.C:
			for _, tx := range s.expire(now) {
				tx.finish(ErrTimeout)
			}
		}
	}
}

func (s *Stack) expire(now time.Time) (late []*ServerTx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.old) > 0 && now.After(s.old[0].a.until) {
		s.dropOldestLocked()
	}
	for len(s.oldClients) > 0 && now.After(s.oldClients[0].until) {
		s.dropOldestClientLocked()
	}
	if s.pending == 0 || now.Before(s.nextScan) {
		return nil
	}
	s.nextScan = now.Add(4 * s.t1) // the scan walks the whole table
	for _, e := range s.servers {
		if tx, ok := e.(*ServerTx); ok && tx.pending && tx.Request.Method != INVITE && now.Sub(tx.opened) > 64*s.t1 {
			late = append(late, tx)
		}
	}
	return late
}
