package endpoint

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// The limits of guessing (svcrack tries as fast as it may).
const (
	maxWrong    = 10               // wrong answers of one address within guessWindow before it is refused
	guessWindow = 60 * time.Second // and for how long it is refused
	calmWrong   = 10               // wrong answers for one account, forgotten at 10 a minute, before it is slowed down
	forgetEvery = 6 * time.Second
	mostWrong   = 60 // remembered for one account, so that it is quick again after minutes
	delayStep   = 100 * time.Millisecond
	maxDelay    = 3 * time.Second // well below the 32 s a client waits for an answer (RFC 3261 §17.1.2.2, timer F)
	maxWaiting  = 1024            // requests that are held back at once
	goodFor     = 24 * time.Hour

	maxAddresses = 16384
	maxAccounts  = 16384
	maxGood      = 65536
)

// guesses counts wrong answers, by address and by account, in bounded memory.
//
// An address is refused after maxWrong of them; others are not touched, so nobody can lock an owner out from elsewhere.
// An account guessed at from many addresses is answered ever later, right or wrong alike, existing or not. Both spare an
// address from where that very account has been entered before, until it is wrong there once: an office behind one
// address survives a neighbour's phone with an old password.
//
// Only answers to a nonce that was given to that address are counted, so a forged source address counts for nothing.
type guesses struct {
	now  func() time.Time
	seed maphash.Seed

	mu        sync.Mutex
	waiting   int
	addresses *table[netip.Addr, address]
	accounts  *table[uint64, account]
	good      *table[uint64, struct{}] // (address, account)
}

// address is one that answered wrong: when it did so last.
type address struct {
	wrong   [maxWrong]time.Time // a ring
	next    int
	pending int       // answers that are being checked
	until   time.Time // refused
}

func (a *address) recent(now time.Time) (n int) {
	for _, t := range a.wrong {
		if !t.IsZero() && now.Sub(t) < guessWindow {
			n++
		}
	}
	return n
}

// account is one that wrong answers were given for. Wrong counted at Since; it shrinks by one every forgetEvery.
type account struct {
	wrong int
	since time.Time
}

func (a *account) forget(now time.Time) {
	n := int(now.Sub(a.since) / forgetEvery)
	a.wrong = max(0, a.wrong-n)
	a.since = a.since.Add(time.Duration(n) * forgetEvery)
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{
		now: now, seed: maphash.MakeSeed(),
		addresses: newTable[netip.Addr, address](maxAddresses, 2*guessWindow),
		accounts:  newTable[uint64, account](maxAccounts, (mostWrong+1)*forgetEvery),
		good:      newTable[uint64, struct{}](maxGood, goodFor),
	}
}

// blocked says whether the address is refused at the moment, before an answer is even asked for.
func (g *guesses) blocked(from netip.Addr, name string) bool {
	from = network(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a := g.addresses.get(from, now)
	return a != nil && now.Before(a.until) && g.good.get(g.pair(from, name), now) == nil
}

// delay says for how long an answer for the account is to be held back, and reserves one of maxWaiting places for it if
// that is more than 0; ok is false if there is none. The place is given back by waited.
func (g *guesses) delay(from netip.Addr, name string) (d time.Duration, ok bool) {
	from = network(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a := g.accounts.get(g.hash(name), now)
	if a == nil || g.good.get(g.pair(from, name), now) != nil {
		return 0, true
	}
	a.forget(now)
	if a.wrong <= calmWrong {
		return 0, true
	}
	if g.waiting >= maxWaiting {
		return 0, false
	}
	g.waiting++
	return min(time.Duration(a.wrong-calmWrong)*delayStep, maxDelay), true
}

func (g *guesses) waited() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
}

// permit says what may happen to an answer.
type permit int

const (
	check   permit = iota // check it, then tell end
	refuse                // the address is refused
	tooMany               // as many answers are being checked as may yet be wrong: ask again
)

// begin decides about checking one answer. Answers that are being checked count as wrong until they are known to be
// right, so that many at once are not more than one after the other.
func (g *guesses) begin(from netip.Addr, name string) permit {
	from = network(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a := g.addresses.get(from, now)
	if a == nil {
		a = g.addresses.put(from, address{}, now)
	}
	if now.Before(a.until) {
		pair := g.pair(from, name)
		if g.good.get(pair, now) == nil {
			return refuse
		}
		g.good.remove(pair) // end brings it back if the answer is right
	} else if a.recent(now)+a.pending >= maxWrong {
		return tooMany
	}
	a.pending++
	return check
}

// end tells how the answer begin let through turned out. It says whether the address is refused from now on.
func (g *guesses) end(from netip.Addr, name string, right, wrong bool) (blocked bool) {
	from = network(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a := g.addresses.get(from, now)
	if a == nil { // pushed out of the table meanwhile
		a = g.addresses.put(from, address{pending: 1}, now)
	}
	a.pending = max(0, a.pending-1)
	switch {
	case right:
		g.good.put(g.pair(from, name), struct{}{}, now)
	case wrong:
		g.good.remove(g.pair(from, name))
		a.wrong[a.next] = now
		a.next = (a.next + 1) % maxWrong
		if !now.Before(a.until) && a.recent(now) >= maxWrong {
			a.until = now.Add(guessWindow)
			blocked = true
		}
		g.countAccount(name, now)
	}
	if a.pending == 0 && a.recent(now) == 0 && !now.Before(a.until) {
		// Nothing to remember. Else a flood from forged addresses would push those who guess out of the table.
		g.addresses.remove(from)
	}
	return blocked
}

func (g *guesses) countAccount(name string, now time.Time) {
	key := g.hash(name)
	a := g.accounts.get(key, now)
	if a == nil {
		a = g.accounts.put(key, account{since: now}, now)
	}
	a.forget(now)
	a.wrong = min(a.wrong+1, mostWrong)
}

func (g *guesses) hash(name string) uint64 { return maphash.String(g.seed, name) }

func (g *guesses) pair(from netip.Addr, name string) uint64 {
	return maphash.Comparable(g.seed, struct {
		from netip.Addr
		name string
	}{from, name})
}

// network is what counts as one address: of IPv6, whose users have 2^64 each, the /64.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.Addr()
	}
	return a
}
