// Package media moves the voice of calls: it owns sockets, ports and the clock of everything that is played.
package media

import (
	"errors"
	"time"

	"github.com/rs/zerolog"
)

// ErrNoPorts says that every pair of the port range is in use.
var ErrNoPorts = errors.New("media: no free RTP port; widen rtpstart–rtpend in rtp.conf")

// Config is what an Engine is made from.
type Config struct {
	PortMin, PortMax int           // RTP on even, RTCP on odd ports; 0, 0: 10000–20000
	Shards           int           // 0 = one per core
	Backend          string        // "" probes; "epoll", "udp"
	StrictRTP        bool          // believe only learned sources
	Probation        int           // packets in sequence until an address not in the SDP is believed; 0 = 4
	RTCPInterval     time.Duration // 0 = 5 s
	Log              zerolog.Logger
}

// EngineStats counts over all ports since New.
type EngineStats struct {
	Ports       int // open now
	PacketsIn   uint64
	PacketsOut  uint64
	Dropped     uint64 // received, and not believed or not understood
	SendErrors  uint64 // not taken by the kernel
	KernelDrops uint64 // lost in socket buffers before we read them
}

// Engine owns shards and ports. All its methods may be called from anywhere.
type Engine struct{}

// New starts the shards.
func New(c Config) (*Engine, error) { return &Engine{}, nil }

// Close closes every port and returns when nothing of the engine runs.
func (e *Engine) Close() {}

// Stats returns the engine's counters.
func (e *Engine) Stats() EngineStats { return EngineStats{} }

// NewPort opens a pair of sockets; ErrNoPorts when the range is exhausted.
func (e *Engine) NewPort(c PortConfig) (*Port, error) { return &Port{}, nil }

// NewPair makes two ports without sockets, back to back: what is written to one arrives at the other.
func (e *Engine) NewPair(a, b PortConfig) (*Port, *Port) { return &Port{}, &Port{} }
