package sip

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

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
	// UserAgent goes into User-Agent and Server; keep versions out of it (SECURITY: no fingerprints). "" sends none.
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

// Hop is where the next message goes: the listener to send from and the address to send to. On TCP an open connection with
// that remote address is used, else one is made.
type Hop struct {
	Transport *Transport
	Addr      netip.AddrPort
}
