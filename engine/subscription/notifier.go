// Package subscription tells phones what they subscribed to: the notifier of RFC 6665.
//
//	SUBSCRIBE ─► Subscribe, Deliver: event package ► resource ► store ► 200 ──┐
//	facts: devices, mailboxes, a reload ─► who has subscribed to them? ───────┼─► Run: one NOTIFY at a time for each: what is its state now? ► send
//	deadlines: expiry, Retry-After ───────────────────────────────────────────┤                               481, time-out: forgotten
//	mailboxes, contacts that come ─► endpoints with mailboxes= ─► a lamp each ┘
//
// The event packages are dialog (RFC 4235), presence (RFC 3863) and message-summary (RFC 3842). Subscriptions are mirrored to the store before
// the 200 goes out and come back at the next start, in the same dialogs.
package subscription

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/event"
	"asterism/engine/registrar"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

// Stack is what the notifier needs of *sip.Stack.
type Stack interface {
	Transports() []*sip.Transport
	Resolve(ctx context.Context, uri *sip.URI, t *sip.Transport) (sip.Hop, error)
	Request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.ClientTx, error)
	Send(ctx context.Context, hop sip.Hop, req *sip.Request) error
}

// Config is what a Notifier stands upon; all are required. The functions may be called from any goroutine.
type Config struct {
	Stack  Stack
	Store  store.Store
	Events *event.Bus
	Log    zerolog.Logger

	PJSIP    func() *config.PJSIP
	Hint     func(context, exten string) (devices string, ok bool) // of a number from the wire
	State    func(devices string) device.State                     // of the extension that stands for them
	Waiting  func(mailbox string) (fresh, old, urgent int)
	Contacts func(aor string) []registrar.Contact
	// Route says where a contact of an endpoint is reached: Request-URI, Route headers and the first hop.
	Route func(ctx context.Context, e *config.Endpoint, c registrar.Contact) (uri sip.URI, routes []string, hop sip.Hop, err error)
}

const (
	maxAll         = 16384 // subscriptions
	maxOfEndpoint  = 512   // of one endpoint: a console with all keys lit, twice
	maxUnderWay    = 256   // NOTIFYs without an answer; more wait
	standardExpiry = time.Hour
	maxExpiry      = 24 * time.Hour
	maxRetryAfter  = 5 * time.Minute
)

// Notifier has the subscriptions. Its methods are safe from any goroutine.
type Notifier struct {
	cfg      Config
	ask      func(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error)
	wake     chan struct{} // 1: Run looks at what is ready and due
	storeBad atomic.Bool   // a line was logged about it

	mu            sync.Mutex // guards below, and the fields of subscriptions and lamps
	subscriptions map[string]*subscription
	topics        map[string]map[*subscription]bool // by the device or mailbox they depend on
	endpoints     map[string]int                    // how many each has
	deadlines     deadlines
	lamps         map[string]*lamp
	ready         []*task
	underWay      int

	// Below belongs to Run.
	conf  *config.PJSIP                 // that users was made of
	users map[string][]*config.Endpoint // with mailboxes, by AOR
}

// task is something that is told by NOTIFYs, one at a time.
type task struct {
	queued, busy, again bool
	run                 func(ctx context.Context)
	done                func() // called with mu held when nothing more is to be told now
}

// subscription is one; all but the first group may change.
type subscription struct {
	task
	kind    *kind
	event   string // the Event header's value, with its id
	media   string // the type of the bodies
	exten   string // what was asked for: an extension, an AOR
	context string // of the extension
	// turn is held while the store is written (capacity 1), so that it sees changes in order.
	turn chan struct{}

	endpoint  string
	userAgent string
	dialog    *dialog.Plain
	topic     topic
	expires   time.Time
	notBefore time.Time // the subscriber's Retry-After
	firstSeq  uint32    // version 0 of the documents
	reserved  uint32    // up to here CSeq may go without the store being told
	told      state
	force     bool   // a NOTIFY is due although nothing has changed
	ending    string // why it ends; the next NOTIFY is the last one
	gone      bool
	index     int // in deadlines, -1 if not there
}

// New makes a notifier without subscriptions; Run brings the stored ones back.
func New(cfg Config) *Notifier {
	n := &Notifier{cfg: cfg, wake: make(chan struct{}, 1), subscriptions: map[string]*subscription{}, topics: map[string]map[*subscription]bool{},
		endpoints: map[string]int{}, lamps: map[string]*lamp{}}
	n.ask = n.request
	return n
}

// Run tells subscribers of changes until ctx ends; it waits for what it started. It is to be called once.
func (n *Notifier) Run(ctx context.Context) error {
	facts := n.cfg.Events.Subscribe("subscriptions", matters)
	defer facts.Close()
	n.restore(ctx)
	if !n.cfg.PJSIP().Global.MWIDisableInitial {
		n.lightAll()
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	for {
		next := n.work(ctx, &sending)
		var due <-chan time.Time
		stop := func() bool { return false }
		if !next.IsZero() {
			timer := time.NewTimer(max(0, time.Until(next)))
			due, stop = timer.C, timer.Stop
		}
		select {
		case <-ctx.Done():
			stop()
			return nil
		case e, ok := <-facts.C():
			if !ok {
				stop()
				return nil
			}
			n.hear(e)
		case <-n.wake:
		case <-due:
		}
		stop()
	}
}

// work ends what has expired, starts what is ready, and says when something will be due.
func (n *Notifier) work(ctx context.Context, sending *sync.WaitGroup) (next time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for len(n.deadlines) > 0 && !n.deadlines[0].due().After(now) {
		s := n.deadlines[0]
		s.notBefore = time.Time{}
		if !s.expires.After(now) {
			n.endLocked(s, "timeout")
		} else {
			n.fixLocked(s)
			n.pushLocked(&s.task)
		}
	}
	for n.underWay < maxUnderWay && len(n.ready) > 0 && ctx.Err() == nil {
		t := n.ready[0]
		n.ready = n.ready[1:]
		t.queued, t.busy = false, true
		n.underWay++
		sending.Go(func() { n.perform(ctx, t) })
	}
	if len(n.deadlines) > 0 {
		next = n.deadlines[0].due()
	}
	return next
}

// perform runs a task, and puts it in line again if that was asked for meanwhile.
func (n *Notifier) perform(ctx context.Context, t *task) {
	t.run(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.underWay--
	t.busy = false
	if t.again {
		t.again = false
		n.pushLocked(t)
	} else if t.done != nil {
		t.done()
	}
	n.poke()
}

// pushLocked puts a task in line.
func (n *Notifier) pushLocked(t *task) {
	switch {
	case t.busy:
		t.again = true
	case !t.queued:
		t.queued = true
		n.ready = append(n.ready, t)
		n.poke()
	}
}

func (n *Notifier) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// matters is what may change what somebody subscribed to.
func matters(e any) bool {
	switch e.(type) {
	case event.DeviceStateChanged, event.MailboxChanged, event.ConfigReloaded, event.ContactAdded, event.ContactRefreshed, event.ContactRemoved,
		event.ContactStatusChanged:
		return true
	}
	return false
}

func (n *Notifier) hear(e any) {
	switch e := e.(type) {
	case event.DeviceStateChanged:
		n.changed(e.Device)
	case event.MailboxChanged:
		n.changed(e.Mailbox)
		n.lightMailbox(e.Mailbox)
	case event.ContactAdded:
		n.lightContact(e.Contact)
	case event.ContactRefreshed:
		n.lightContact(e.Contact)
	case event.ContactStatusChanged:
		if e.Was == registrar.Unreachable.String() {
			n.lightContact(e.Contact)
		}
	case event.ContactRemoved:
		n.forget(e.Contact)
	case event.ConfigReloaded:
		n.reloaded()
		n.lightAll()
	}
}

// changed has everybody looked at who subscribed to a device or mailbox.
func (n *Notifier) changed(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for s := range n.topics[key] {
		n.pushLocked(&s.task)
	}
}

// reloaded looks every subscription's resource up again: what is gone ends, and other devices of a hint are other states.
func (n *Notifier) reloaded() {
	conf := n.cfg.PJSIP()
	n.mu.Lock()
	all := make([]*subscription, 0, len(n.subscriptions))
	for _, s := range n.subscriptions {
		all = append(all, s)
	}
	n.mu.Unlock()
	for _, s := range all {
		topic, ok := n.lookUp(conf, s)
		n.mu.Lock()
		switch {
		case s.gone || s.ending != "":
		case !ok:
			n.endLocked(s, "noresource")
		default:
			n.unlinkLocked(s)
			s.topic = topic
			n.linkLocked(s)
			n.pushLocked(&s.task)
		}
		n.mu.Unlock()
	}
}

// addLocked makes a subscription known.
func (n *Notifier) addLocked(s *subscription) {
	s.index = -1
	s.run = func(ctx context.Context) { n.tell(ctx, s) }
	n.subscriptions[s.dialog.Key()] = s
	n.endpoints[s.endpoint]++
	n.linkLocked(s)
	n.fixLocked(s)
}

func (n *Notifier) linkLocked(s *subscription) {
	for _, key := range s.topic.keys {
		if n.topics[key] == nil {
			n.topics[key] = map[*subscription]bool{}
		}
		n.topics[key][s] = true
	}
}

func (n *Notifier) unlinkLocked(s *subscription) {
	for _, key := range s.topic.keys {
		delete(n.topics[key], s)
		if len(n.topics[key]) == 0 {
			delete(n.topics, key)
		}
	}
}

// endLocked has the subscriber told that it is over, once.
func (n *Notifier) endLocked(s *subscription, reason string) {
	if s.ending != "" || s.gone {
		return
	}
	s.ending, s.force = reason, true
	if s.index >= 0 {
		heap.Remove(&n.deadlines, s.index)
	}
	n.pushLocked(&s.task)
}

// removeLocked forgets a subscription.
func (n *Notifier) removeLocked(s *subscription) {
	if s.gone {
		return
	}
	s.gone = true
	delete(n.subscriptions, s.dialog.Key())
	if n.endpoints[s.endpoint]--; n.endpoints[s.endpoint] == 0 {
		delete(n.endpoints, s.endpoint)
	}
	n.unlinkLocked(s)
	if s.index >= 0 {
		heap.Remove(&n.deadlines, s.index)
	}
}

// Subscription is what listings show of one.
type Subscription struct {
	Event, Resource, Context string // Context is an extension's
	Endpoint, Subscriber     string // Subscriber is the From of its SUBSCRIBE
	CallID, UserAgent        string
	State                    string
	Expires                  time.Time
}

// All lists the subscriptions, by endpoint, event and resource.
func (n *Notifier) All() []Subscription {
	n.mu.Lock()
	out := make([]Subscription, 0, len(n.subscriptions))
	for _, s := range n.subscriptions {
		if s.ending != "" {
			continue
		}
		out = append(out, Subscription{Event: s.kind.event, Resource: s.exten, Context: s.context, Endpoint: s.endpoint, Subscriber: s.dialog.Remote(),
			CallID: s.dialog.Save().CallID, UserAgent: s.userAgent, State: s.told.String(), Expires: s.expires})
	}
	n.mu.Unlock()
	slices.SortFunc(out, func(a, b Subscription) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Event, b.Event), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.CallID, b.CallID))
	})
	return out
}
