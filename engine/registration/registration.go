// Package registration registers us with others, as a phone does (RFC 3261 §10.2): carriers that call us where we are.
//
//	Configure ─► Run: one client for each type=registration
//	client: wait ► REGISTER ► 401: answer ► 200: until shortly before it expires   408, 5xx: retry_interval   403: forbidden_retry_interval …
//	end of Run, or of the configuration: REGISTER with Expires: 0
//
// With line=yes the Contact carries a word of its own, kept in the store, so that a call to it is known to be the endpoint's.
package registration

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

// Stack is what the clients need of *sip.Stack.
type Stack interface {
	Transports() []*sip.Transport
	Resolve(ctx context.Context, uri *sip.URI, t *sip.Transport) (sip.Hop, error)
	Request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.ClientTx, error)
}

// Config is what Registrations stand upon; all are required.
type Config struct {
	Stack  Stack
	Store  store.Store
	Events *event.Bus
	Log    zerolog.Logger
}

// Status is how a registration stands, by Asterisk's word.
type Status string

// The statuses.
const (
	Unregistered Status = "Unregistered" // not yet, or asked to be, or being tried again
	Registered   Status = "Registered"
	Rejected     Status = "Rejected" // given up
	Stopped      Status = "Stopped"  // shutting down
)

// Registration is what listings show of one.
type Registration struct {
	Name, ServerURI, ClientURI string
	Auth                       []string // names of auth objects
	Endpoint                   string   // of line=yes
	Status                     Status
	Expires                    time.Time // of the registration; zero if there is none
	Next                       time.Time // of the next REGISTER; zero: none will be sent
	Last                       string    // what the last REGISTER came to: "200 OK", "no answer"
}

// Registrations are all there are. Its methods are safe from any goroutine.
type Registrations struct {
	cfg  Config
	ask  func(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error)
	wake chan struct{} // 1: Run looks at conf
	done chan struct{} // closed when Run has ended

	mu      sync.Mutex // guards below, and what clients show
	conf    *config.PJSIP
	clients map[string]*client
	lines   map[string]string // word of a Contact ► endpoint
}

// New makes it without any; Configure gives it some. It starts nothing before Run.
func New(cfg Config) *Registrations {
	r := &Registrations{cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{}), conf: &config.PJSIP{}, clients: map[string]*client{},
		lines: map[string]string{}}
	r.ask = r.request
	return r
}

// Configure takes over the registrations of a new generation. Those that are as they were go on undisturbed.
func (r *Registrations) Configure(conf *config.PJSIP) {
	r.mu.Lock()
	r.conf = conf
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run registers until ctx ends; then it unregisters, for which it takes politeness at most. It is to be called once.
func (r *Registrations) Run(ctx context.Context) error {
	defer close(r.done)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		r.apply(ctx, &running)
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		}
	}
}

// Ended is closed when Run has ended.
func (r *Registrations) Ended() <-chan struct{} { return r.done }

// apply stops what is gone or other than it was, and starts what is new.
func (r *Registrations) apply(ctx context.Context, running *sync.WaitGroup) {
	r.mu.Lock()
	conf := r.conf
	old := maps.Clone(r.clients)
	r.mu.Unlock()
	for name, c := range old {
		if wanted := conf.Registrations[name]; wanted != nil && c.same(wanted, conf) {
			continue
		}
		c.stop()
		r.mu.Lock()
		delete(r.clients, name)
		delete(r.lines, c.line)
		r.mu.Unlock()
	}
	for name, wanted := range conf.Registrations {
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		_, there := r.clients[name]
		r.mu.Unlock()
		if there {
			continue
		}
		c := &client{registrations: r, conf: wanted, auths: authsOf(wanted, conf), orders: make(chan bool, 1),
			ended: make(chan struct{}), callID: sip.NewCallID(), seq: sip.NewCSeq(), status: Unregistered}
		if prior := old[name]; prior != nil { // the registrar sees one client that changes its mind
			c.after = prior.ended
		}
		if wanted.Line {
			c.line = r.lineOf(ctx, name)
		}
		own, cancel := context.WithCancel(ctx)
		c.stop = cancel
		r.mu.Lock()
		r.clients[name] = c
		if c.line != "" {
			r.lines[c.line] = wanted.Endpoint
		}
		r.mu.Unlock()
		running.Go(func() { c.run(own) })
	}
}

func authsOf(wanted *config.Registration, conf *config.PJSIP) []config.Auth {
	var list []config.Auth
	for _, name := range wanted.OutboundAuth {
		if a := conf.Auths[name]; a != nil {
			list = append(list, *a)
		}
	}
	return list
}

// same compares all that a registration is made of but where it is written.
func (c *client) same(wanted *config.Registration, conf *config.PJSIP) bool {
	a, b := *c.conf, *wanted
	a.Pos, b.Pos = config.Pos{}, config.Pos{}
	mine, theirs := slices.Clone(c.auths), authsOf(wanted, conf)
	for _, list := range [][]config.Auth{mine, theirs} {
		for i := range list {
			list[i].Pos = config.Pos{}
		}
	}
	return reflect.DeepEqual(a, b) && reflect.DeepEqual(mine, theirs)
}

const (
	family       = "registration/line"
	storeTimeout = 2 * time.Second
)

// lineOf is the word of a registration's Contact. It outlives a restart, or the registrar would know us twice until the old one expires.
func (r *Registrations) lineOf(ctx context.Context, name string) string {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	key := store.Key(family, name)
	if e, err := r.cfg.Store.Get(ctx, key); err == nil && len(e.Value) >= 16 && sip.IsToken(string(e.Value)) {
		return string(e.Value)
	}
	word := rand.Text()
	if _, err := r.cfg.Store.Put(ctx, key, []byte(word), store.Any, 0); err != nil {
		r.cfg.Log.Warn().Err(err).Str("registration", name).Msg("registration: its line cannot be stored; the next start takes another one")
	}
	return word
}

// Line is the endpoint that a request to one of our Contacts comes from; false if its URI names no line.
func (r *Registrations) Line(uri *sip.URI) (endpoint string, ok bool) {
	word, ok := sip.URIParam(uri, "line")
	if !ok || word == "" {
		return "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	endpoint, ok = r.lines[word]
	return endpoint, ok
}

// Order has one, or with "*all" every one, registered or unregistered now; false if there is none of that name. It does not wait.
func (r *Registrations) Order(name string, register bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := false
	for n, c := range r.clients {
		if n != name && name != "*all" {
			continue
		}
		found = true
		select {
		case <-c.orders: // the later order counts
		default:
		}
		c.orders <- register
	}
	return found
}

// All lists them by name.
func (r *Registrations) All() []Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Registration
	for _, c := range r.clients {
		out = append(out, Registration{Name: c.conf.Name, ServerURI: c.conf.ServerURI, ClientURI: c.conf.ClientURI, Auth: c.conf.OutboundAuth,
			Endpoint: c.conf.Endpoint, Status: c.status, Expires: c.expires, Next: c.next, Last: c.last})
	}
	slices.SortFunc(out, func(a, b Registration) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// request sends one request and waits for its final response.
func (r *Registrations) request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error) {
	tx, err := r.cfg.Stack.Request(ctx, hop, req)
	if err != nil {
		return nil, err
	}
	defer tx.Terminate()
	for {
		res, err := tx.Next(ctx)
		if err != nil || res.StatusCode >= 200 {
			return res, err
		}
	}
}
