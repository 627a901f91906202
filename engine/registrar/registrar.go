// Package registrar keeps where the phones of each address-of-record are (RFC 3261 §10).
//
//	REGISTER ─► Register: read the contacts ► plan (pure: limits, Call-ID and CSeq) ► take over ► store ► 200
//	                                                         │ one mutex
//	                  Run: one heap of deadlines ────────────┤ expiry ► ContactRemoved
//	                                                         └ qualify: OPTIONS ► status, RTT ► ContactStatusChanged
//	Contacts(aor) ◄─ copies                    Configure ◄─ AORs and static contacts of each generation
//
// Bindings are mirrored to the store before the 200 is sent, in Asterisk's own form (stored.go), and come back at start.
package registrar

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
	"asterism/engine/store"
)

// Stack is what the registrar needs of *sip.Stack: to send OPTIONS.
type Stack interface {
	Transports() []*sip.Transport
	Resolve(ctx context.Context, uri *sip.URI, t *sip.Transport) (sip.Hop, error)
	Request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.ClientTx, error)
}

// Clock is the time; tests bring their own.
type Clock interface {
	Now() time.Time
	After(d time.Duration) (fired <-chan time.Time, stop func())
}

// Config is what a Registrar stands upon.
type Config struct {
	Store  store.Store
	Stack  Stack // nil: nothing is qualified
	Events *event.Bus
	Log    zerolog.Logger
	Clock  Clock // nil: the real one
}

// Status is what qualify found.
type Status int

// The statuses.
const (
	NonQualified Status = iota // the AOR is not qualified (qualify_frequency=0)
	Unknown                    // no answer yet, no failure yet
	Reachable
	Unreachable
)

// String is the status as AMI's ContactStatus says it.
func (s Status) String() string {
	switch s {
	case Unknown:
		return "Unknown"
	case Reachable:
		return "Reachable"
	case Unreachable:
		return "Unreachable"
	}
	return "NonQualified"
}

// Contact is one place where an AOR can be reached.
type Contact struct {
	AOR      string
	Endpoint string // that registered it; for a static one, the first by name that uses the AOR
	URI      string // to be called; with rewrite_contact its host and port are where the REGISTER came from
	Original string // what the phone said its Contact is
	Static   bool   // of the configuration: never expires

	Received  netip.AddrPort // where the REGISTER came from
	Transport string         // its protocol: "udp", "tcp"
	Listener  string         // name of the transport object it came in by
	ViaHost   string         // sent-by of its last Via
	ViaPort   int
	Path      []string // Route to it (RFC 3327), each a name-addr
	UserAgent string
	CallID    string
	CSeq      uint32

	Registered time.Time // the last REGISTER
	Expires    time.Time // zero if Static
	Pruned     bool      // restored, but its connection died with the process that had it: Unreachable until heard of

	Status Status
	RTT    time.Duration // of the last answer to OPTIONS
}

// Registrar keeps the contacts. Its methods are safe from any goroutine.
type Registrar struct {
	cfg      Config
	ask      func(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error) // nil: nobody is asked
	wake     chan struct{}                                                                   // 1: Run looks at the heap again
	storeBad atomic.Bool                                                                     // a line was logged about it

	mu        sync.Mutex
	pjsip     *config.PJSIP
	aors      map[string]*aor
	deadlines deadlines
	asking    int        // OPTIONS under way
	waiting   []*binding // due, but maxAsking are under way
}

// aor is one address-of-record.
type aor struct {
	name string
	// turn is held from reading a REGISTER to its 200 (capacity 1), so that the store sees changes of an AOR in order.
	// It is a queue, not a lock: whoever waits gives up with the transaction.
	turn chan struct{}

	// Guarded by Registrar.mu:
	conf     *config.AOR
	bindings []*binding // registered ones in the order they came, then static ones
}

// binding is a contact with its deadlines. Guarded by Registrar.mu; uri does not change.
type binding struct {
	Contact
	aor *aor
	uri *sip.URI

	frequency time.Duration // of qualify, as last scheduled
	qualify   time.Time     // next OPTIONS; zero: none
	busy      bool          // an OPTIONS is under way or waits its turn
	gone      bool          // removed: what is under way comes too late
	index     int           // in deadlines, -1 if not there
}

// New makes a registrar without AORs; Configure gives it some. It starts nothing before Run.
func New(cfg Config) *Registrar {
	if cfg.Clock == nil {
		cfg.Clock = realClock{}
	}
	r := &Registrar{cfg: cfg, wake: make(chan struct{}, 1), aors: make(map[string]*aor), pjsip: &config.PJSIP{}}
	if cfg.Stack != nil {
		r.ask = r.request
	}
	return r
}

// Contacts are copies of the contacts of an AOR: reachable ones first, then those nobody knows about, then unreachable
// ones; among equals the one that registered last, static ones at the end.
func (r *Registrar) Contacts(name string) []Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.aors[name]
	if a == nil {
		return nil
	}
	return a.contactsLocked(r.cfg.Clock.Now())
}

// All are copies of all contacts, by AOR.
func (r *Registrar) All() []Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock.Now()
	var list []Contact
	for _, name := range sortedKeys(r.aors) {
		list = append(list, r.aors[name].contactsLocked(now)...)
	}
	return list
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
