package sip

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/rs/zerolog"
)

// Errors a caller branches on.
var (
	ErrTimeout   = errors.New("sip: no answer in time")           // Timer B or F fired (RFC 3261 §17.1)
	ErrTransport = errors.New("sip: transport failed")            // the message could not be sent, or the connection or transport closed
	ErrAnswered  = errors.New("sip: request is answered already") // Respond after a final response
	ErrClosed    = errors.New("sip: closed")                      // the stack was closed, or the transaction has no more to tell
)

// Config of a Stack. Handlers must be set before the first Listen; a nil OnRequest answers 503.
type Config struct {
	// UserAgent goes into User-Agent and Server; keep versions out of it (scanners read them). "" sends none.
	UserAgent string
	Log       zerolog.Logger
	// TraceWriter gets what SetTrace shows; nil means Log at info level.
	TraceWriter io.Writer
	// OnRequest is called for every new request that opened a server transaction, except ACK and a CANCEL that matched, on
	// a goroutine of its own.
	OnRequest func(*ServerTx)
	// OnACK is called for an ACK to a 2xx. It runs on the transport's reader, so that an ACK is always told before the BYE
	// that follows it: it must not block.
	OnACK func(t *Transport, req *Request)
	// OnResponse is called for a 2xx to INVITE that matches no client transaction any more: a retransmission, or
	// another fork (RFC 6026 §8.1). It runs on the transport's reader: it must not block.
	OnResponse func(t *Transport, res *Response)
	Limits     Limits
	// T1 is the round-trip estimate, 500 ms by default. sipgo keeps its timers in variables of the process, so the first
	// Stack of a process sets it for all.
	T1 time.Duration
	// Resolver looks up host names; nil means net.DefaultResolver.
	Resolver Resolver
	// DisableTCPSwitch keeps requests beyond 1300 bytes on UDP (Asterisk's disable_tcp_switch).
	DisableTCPSwitch bool
}

// Resolver is what Resolve needs of net.Resolver.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

var _ Resolver = (*net.Resolver)(nil)

// Limits bounds what strangers may cost us. Zero fields take the defaults named.
type Limits struct {
	MessageSize      int           // bytes of one message; 65535
	Headers          int           // header fields of one message; 256
	HeaderTimeout    time.Duration // from the first byte of a message on a stream to the end of its header; 10 s
	MessageTimeout   time.Duration // from the first byte to the last; also until a new connection's first message; 30 s
	IdleTimeout      time.Duration // a connection without any traffic; 70 min (a registration lasts an hour)
	Conns            int           // connections of one listener; 4096
	ConnsPerSource   int           // connections of one address (IPv6: /64); 128
	Pending          int           // unanswered server transactions; 16384
	PendingPerSource int           // of one address (IPv6: /64); 2048
	Remembered       int           // answered transactions kept for retransmissions; 16384
	RejectsPerSecond int           // answers to malformed requests of one address; 10
}

// TransportConfig is one listener, a transport section of pjsip.conf.
type TransportConfig struct {
	Name                     string
	Protocol                 string         // "udp" or "tcp"
	Bind                     netip.AddrPort // port 0 takes a free one
	TOS, COS                 int            // IP_TOS byte or traffic class; SO_PRIORITY
	ExternalSignalingAddress netip.Addr     // put into Via and Contact towards addresses outside LocalNets
	ExternalSignalingPort    int            // 0: the listener's own
	LocalNets                []netip.Prefix
}

// Stack owns the listeners, their transactions and all goroutines of this package.
type Stack struct {
	cfg          Config
	log          zerolog.Logger
	slog         *slog.Logger
	limits       Limits
	t1           time.Duration
	parser       *gosip.Parser
	branchPrefix string // of every branch we make: strangers' responses do not have it
	rejects      *limiter
	alive        context.Context // until Close; ends the sweeper
	end          context.CancelFunc
	running      sync.WaitGroup // sweeper, handlers, client transactions
	tracing      atomic.Bool
	trace        tracer
	lastID       atomic.Uint64
	stats        counters
	panicOnce    sync.Once

	mu         sync.Mutex
	closed     bool
	transports []*Transport
	servers    map[string]serverEntry
	old        []oldEntry // answered entries of servers, oldest first
	pending    int
	pendingOf  map[netip.Addr]int
	nextScan   time.Time
	clients    map[string]clientEntry
	oldClients []*oldClient
	noSRV      map[string]time.Time         // names without SRV records, "udp.example.com", and until when not to ask again
	silent     map[netip.AddrPort]time.Time // who did not answer, and until when others are preferred
	noTCP      map[netip.AddrPort]time.Time // peers that refused the TCP of RFC 3261 §18.1.1, and until when not to ask again
}

// timersOnce: sipgo has one set of timers a process.
var timersOnce sync.Once

// New returns a Stack that listens to nothing yet. Close it.
func New(cfg Config) *Stack {
	t1 := cmp.Or(cfg.T1, 500*time.Millisecond)
	timersOnce.Do(func() { gosip.SetTimers(t1, 8*t1, 10*t1) })
	if gosip.T1 != t1 {
		cfg.Log.Warn().Dur("t1", gosip.T1).Msg("sip: timer T1 was set by an earlier stack of this process")
		t1 = gosip.T1
	}
	s := &Stack{
		cfg: cfg, log: cfg.Log, slog: newSlog(cfg.Log), limits: cfg.Limits.withDefaults(), t1: t1, parser: newParser(),
		branchPrefix: magicCookie + randomHex(4), servers: map[string]serverEntry{}, pendingOf: map[netip.Addr]int{},
		clients: map[string]clientEntry{}, noTCP: map[netip.AddrPort]time.Time{}, noSRV: map[string]time.Time{}, silent: map[netip.AddrPort]time.Time{},
	}
	s.rejects = newLimiter(s.limits.RejectsPerSecond)
	s.alive, s.end = context.WithCancel(context.Background())
	s.running.Go(s.sweep)
	return s
}

func (l Limits) withDefaults() Limits {
	return Limits{
		MessageSize: cmp.Or(l.MessageSize, 65535), Headers: cmp.Or(l.Headers, 256),
		HeaderTimeout: cmp.Or(l.HeaderTimeout, 10*time.Second), MessageTimeout: cmp.Or(l.MessageTimeout, 30*time.Second),
		IdleTimeout: cmp.Or(l.IdleTimeout, 70*time.Minute),
		Conns:       cmp.Or(l.Conns, 4096), ConnsPerSource: cmp.Or(l.ConnsPerSource, 128),
		Pending: cmp.Or(l.Pending, 16384), PendingPerSource: cmp.Or(l.PendingPerSource, 2048),
		Remembered: cmp.Or(l.Remembered, 16384), RejectsPerSecond: cmp.Or(l.RejectsPerSecond, 10),
	}
}

func (s *Stack) resolver() Resolver {
	if s.cfg.Resolver != nil {
		return s.cfg.Resolver
	}
	return net.DefaultResolver
}

// Transports returns the open listeners in the order of their Listen.
func (s *Stack) Transports() []*Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.transports)
}

func (s *Stack) forget(t *Transport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.transports = slices.DeleteFunc(s.transports, func(o *Transport) bool { return o == t })
}

// Close closes all listeners and connections, ends all transactions with ErrTransport and waits for everything of ours to
// return: handlers too, so it must not be called from one.
func (s *Stack) Close() {
	s.mu.Lock()
	s.closed = true
	transports := slices.Clone(s.transports)
	s.mu.Unlock()
	for _, t := range transports {
		_ = t.Close() // it only waits
	}
	s.failAll(func(*link) bool { return true })
	s.end()
	s.running.Wait()
}

// failAll ends the transactions whose link matches: its transport or connection is gone.
func (s *Stack) failAll(match func(*link) bool) {
	var servers []*ServerTx
	var clients []*ClientTx
	s.mu.Lock()
	for _, e := range s.servers {
		if tx, ok := e.(*ServerTx); ok && match(tx.link) {
			servers = append(servers, tx)
		}
	}
	for _, e := range s.clients {
		if tx, ok := e.(*ClientTx); ok && match(tx.link) {
			clients = append(clients, tx)
		}
	}
	s.mu.Unlock()
	for _, tx := range servers {
		tx.finish(ErrTransport)
	}
	for _, tx := range clients {
		tx.finish(ErrTransport)
	}
}

// spawn runs f on a goroutine Close waits for; false once closing.
func (s *Stack) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(f)
	return true
}

// recovered is deferred around the handling of each message: one that makes us panic is dropped and counted, and the first
// is logged with its stack. It is the last defence, not the first.
func (s *Stack) recovered(doing string) {
	if r := recover(); r != nil {
		s.panicked(doing, r, debug.Stack())
	}
}

func (s *Stack) panicked(doing string, r any, stack []byte) {
	s.stats.panics.Add(1)
	s.panicOnce.Do(func() {
		s.log.Error().Interface("panic", r).Bytes("stack", stack).Msg("sip: panic while " + doing + "; further ones are only counted")
	})
}

// identify names us in a response, as far as the configuration wants, and lists the methods where a client needs them.
func (s *Stack) identify(res *Response) {
	if s.cfg.UserAgent != "" && !HasHeader(res, "Server") {
		res.AppendHeader(NewHeader("Server", s.cfg.UserAgent))
	}
	if (res.StatusCode == StatusMethodNotAllowed || res.StatusCode == StatusNotImplemented) && !HasHeader(res, "Allow") {
		res.AppendHeader(NewHeader("Allow", Allow))
	}
}

type counters struct {
	received, sent, malformed, garbage, strays, refused, retransmissions, panics atomic.Uint64
}

// Stats counts since New. A panic is a bug of ours.
type Stats struct {
	Received, Sent                      uint64 // messages
	Malformed, Garbage, Strays          uint64 // refused by the guard; not SIP at all; responses to nothing of ours
	Refused                             uint64 // connections and requests beyond Limits
	Retransmissions                     uint64 // requests seen again
	Panics                              uint64
	Pending, Remembered, Clients, Conns int // now: unanswered requests, answered ones, our own requests, connections
}

// Stats returns the counters.
func (s *Stack) Stats() Stats {
	c := &s.stats
	st := Stats{Received: c.received.Load(), Sent: c.sent.Load(), Malformed: c.malformed.Load(), Garbage: c.garbage.Load(),
		Strays: c.strays.Load(), Refused: c.refused.Load(), Retransmissions: c.retransmissions.Load(), Panics: c.panics.Load()}
	s.mu.Lock()
	st.Pending, st.Remembered, st.Clients = s.pending, len(s.old), len(s.clients)
	transports := slices.Clone(s.transports)
	s.mu.Unlock()
	for _, t := range transports {
		t.mu.Lock()
		st.Conns += len(t.conns)
		t.mu.Unlock()
	}
	return st
}

// Hop is where the next message goes: the listener to send from and the address to send to. On TCP an open connection with
// that remote address is used, else one is made.
type Hop struct {
	Transport *Transport
	Addr      netip.AddrPort
}
