// Package event tells the rest of the program what has happened.
//
// Events are facts in the past tense: small structs of plain fields (facts.go). Nothing is commanded by an event; a
// command is a method call with an error.
//
//	Publish(ChannelAnswered{…}) ──► per subscriber: filter ► queue of 1,024 (full: the oldest goes) ──► C() or a callback
package event

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// QueueSize is the number of events that wait for a slow subscriber before the oldest are dropped.
const QueueSize = 1024

// Bus hands each published event to every subscriber whose filter wants it. Its methods are safe from any goroutine.
// It starts no goroutine of its own; On starts one per callback.
type Bus struct {
	log zerolog.Logger

	subscribers atomic.Pointer[[]*Subscription] // copied on change, so that Publish takes no lock of the bus

	mu     sync.Mutex // serialises changes of subscribers
	closed bool
}

// NewBus returns a bus without subscribers. It logs to log the first event each subscriber loses.
func NewBus(log zerolog.Logger) *Bus {
	b := &Bus{log: log}
	b.subscribers.Store(&[]*Subscription{})
	return b
}

// Filter says whether a subscriber wants e. It runs in the publisher's goroutine: it must be quick and must not block.
type Filter func(e any) bool

// Is is the Filter that wants the events of type T, for instance event.Is[event.ChannelAnswered].
func Is[T any](e any) bool {
	_, ok := e.(T)
	return ok
}

// Publish gives e to every subscriber that wants it. It never blocks. The event is shared by all: a value, not a
// pointer, and not changed afterwards. A nil bus publishes to nobody.
func (b *Bus) Publish(e any) {
	if b == nil {
		return
	}
	for _, s := range *b.subscribers.Load() {
		if s.wants(e) && s.put(e) {
			b.log.Warn().Str("subscriber", s.name).Int("queue", QueueSize).
				Msg("event: subscriber is too slow; the oldest events are dropped from now on without another line")
		}
	}
}

// Wanted tells whether some subscriber may want events like e, so that what is costly to gather need not be gathered for nobody. Filters
// are asked with e, which may be a zero event: one that looks deeper must take it.
func (b *Bus) Wanted(e any) bool {
	return b != nil && slices.ContainsFunc(*b.subscribers.Load(), func(s *Subscription) bool { return s.wants(e) })
}

// Subscribe opens a queue named name (for the log) for the events that any of filters wants; no filter means all.
// The caller owns the subscription and must Close it.
func (b *Bus) Subscribe(name string, filters ...Filter) *Subscription {
	s := &Subscription{name: name, filters: filters, bus: b, queue: make(chan any, QueueSize)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.closed = true
		close(s.queue)
		return s
	}
	list := append(slices.Clone(*b.subscribers.Load()), s)
	b.subscribers.Store(&list)
	return s
}

// On calls f for every event of type T, one at a time and in order, on a goroutine of its own. stop ends that: when it
// returns, f does not run and will not run again. stop must not be called from f.
func On[T any](b *Bus, name string, f func(T)) (stop func()) {
	s := b.Subscribe(name, Is[T])
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range s.C() {
			if s.stopped.Load() { // what still waits at stop is dropped, so that stop is quick
				return
			}
			f(e.(T))
		}
	}()
	return func() {
		s.stopped.Store(true)
		s.Close()
		<-done
	}
}

// Close closes every subscription. Events published later go nowhere.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closed = true
	list := *b.subscribers.Swap(&[]*Subscription{})
	b.mu.Unlock()
	for _, s := range list {
		s.close()
	}
}

func (b *Bus) remove(s *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*b.subscribers.Load()), func(o *Subscription) bool { return o == s })
	b.subscribers.Store(&list)
}

// Subscription is one subscriber's bounded queue.
type Subscription struct {
	name    string
	filters []Filter
	bus     *Bus
	stopped atomic.Bool
	dropped atomic.Uint64

	queue chan any

	mu     sync.Mutex // makes "drop the oldest, add the newest" one step, and keeps close apart from it
	closed bool
}

// C is the queue. It is closed by Close, after what is still in it.
func (s *Subscription) C() <-chan any { return s.queue }

// Dropped counts the events this subscriber has lost because it was slow.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription. It is idempotent and returns at once.
func (s *Subscription) Close() {
	s.bus.remove(s)
	s.close()
}

func (s *Subscription) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}
}

func (s *Subscription) wants(e any) bool {
	if len(s.filters) == 0 {
		return true
	}
	return slices.ContainsFunc(s.filters, func(f Filter) bool { return f(e) })
}

// put queues e and says whether this was the subscriber's first loss. No send here can block: putters are serialised by
// mu, so after one element was taken out there is room.
func (s *Subscription) put(e any) (firstLoss bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed {
		select {
		case s.queue <- e:
			return firstLoss
		default:
		}
		select {
		case <-s.queue:
			firstLoss = s.dropped.Add(1) == 1
		default: // the subscriber has just made room itself
		}
	}
	return firstLoss
}
