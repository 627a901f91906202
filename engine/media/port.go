package media

import (
	"net/netip"
	"time"
)

// PortConfig is what a port is opened with. The callbacks run on the shard and must not block; a port method called from
// them is fine, except Stats.
type PortConfig struct {
	LocalIP   netip.Addr // to bind; unspecified allowed
	TOS       int        // IP_TOS byte (EF = 184)
	COS       int        // SO_PRIORITY, 0–7
	Symmetric bool       // send to where packets come from, once learned

	Timeout     time.Duration // silence after which OnTimeout is called; 0 = never
	HoldTimeout time.Duration // the same while the stream is held
	Keepalive   time.Duration // send comfort noise when nothing was sent for so long; 0 = never

	CNAME     string // RTCP SDES; empty: random
	OnDigit   func(Digit)
	OnTimeout func()
	OnSource  func(netip.AddrPort) // a source was learned
}

// PortStats is what a port has counted.
type PortStats struct {
	LocalSSRC, RemoteSSRC uint32
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64 // payload only, as RTCP counts them
	Lost                  int64  // of what the peer sent; negative with duplicates (RFC 3550 A.3)
	Jitter                time.Duration
	RemoteLost            int64         // of what we sent, as the peer reported last
	RemoteJitter          time.Duration // as the peer reported last
	RTT                   time.Duration // 0 = not known
	LastPacket            time.Time     // last accepted RTP packet; zero: none
	Source                netip.AddrPort
	DigitsIn, DigitsOut   uint64
	WrongSource           uint64 // dropped: not from a believed address
	Dropped               uint64 // dropped for any other reason
}

// Port is the media end of one leg: an RTP and an RTCP socket, what is received on them and the one stream sent from them.
type Port struct{}

// LocalAddr returns the address of the RTP socket; RTCP is on the next port. Invalid for a port of NewPair.
func (p *Port) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

// SetStream puts an agreed stream in force. A changed Remote opens source learning again.
func (p *Port) SetStream(s Stream) {}

// Stats returns the port's counters, also after Close.
func (p *Port) Stats() PortStats { return PortStats{} }

// Close frees the sockets and the port numbers. It is idempotent and returns at once.
func (p *Port) Close() {}

// Play replaces a running playback by src. done is called once: at the end, on stop, replacement or Close.
func (p *Port) Play(src Source, done func()) (stop func()) { return func() {} }

// Echo sends back what is received, voice and digits.
func (p *Port) Echo(on bool) {}

// SendDigit sends a key as RFC 4733 event of this duration, after those sent before.
func (p *Port) SendDigit(d rune, dur time.Duration) {}
