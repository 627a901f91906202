package media

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"asterism/codecs"
	"asterism/engine/media/packetio"
)

// ErrNoPorts says that every pair of the port range is in use.
var ErrNoPorts = errors.New("media: no free RTP port; widen rtpstart–rtpend in rtp.conf")

// Config is what an Engine is made from.
type Config struct {
	PortMin, PortMax int           // RTP on even, RTCP on odd ports; 0, 0: 10000–20000
	Shards           int           // 0 = one per core
	RecvBuffer       int           // SO_RCVBUF of each socket, bytes; 0 = 128 KiB
	OwnProcessors    bool          // GOMAXPROCS counts one for each shard, beside those the rest of the program needs
	Backend          string        // "" probes for the best; "io_uring", "epoll", "udp"
	StrictRTP        bool          // believe only learned sources
	Probation        int           // packets in sequence until an address not in the SDP is believed; 0 = 4
	RTCPInterval     time.Duration // 0 = 5 s
	Codecs           codecs.Settings
	Log              zerolog.Logger
}

// EngineStats counts over all ports since New.
type EngineStats struct {
	Ports       int // open now
	Spares      int // pairs of sockets that wait for a call
	PacketsIn   uint64
	PacketsOut  uint64
	Dropped     uint64 // received, and not believed or not understood
	Shedding    int    // how far Opus is made cheaper because passes are late: 0 to 2
	SendErrors  uint64 // not taken by the kernel
	KernelDrops uint64 // lost in socket buffers before we read them
}

// Engine owns shards and ports. All its methods may be called from anywhere.
type Engine struct {
	config  atomic.Pointer[Config] // replaced by Reconfigure
	log     zerolog.Logger
	backend packetio.Backend
	pairs   *pairs
	spares  *spares
	shards  []*shard
	began   time.Time

	next atomic.Uint32 // shard of the next port

	mu     sync.Mutex // guards ports, closed, gone
	ports  map[*Port]struct{}
	closed bool
	gone   EngineStats    // of ports closed since
	ended  sync.WaitGroup // a count for each open port

	studios sync.WaitGroup // of music; they end with their last listener
}

// New starts the shards.
func New(c Config) (*Engine, error) {
	if c.Shards <= 0 {
		c.Shards = runtime.GOMAXPROCS(0)
	}
	c.setDefaults()
	ranges, err := newPairs(c.PortMin, c.PortMax)
	if err != nil {
		return nil, err
	}
	backend, err := packetio.Open(c.Backend)
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	e := &Engine{log: c.Log, backend: backend, pairs: ranges, began: time.Now(), ports: map[*Port]struct{}{}}
	e.config.Store(&c)
	e.spares = newSpares(backend, ranges)
	for i := range c.Shards {
		s, err := newShard(e, i)
		if err != nil {
			e.Close()
			return nil, fmt.Errorf("media: shard %d: %w", i, err)
		}
		e.shards = append(e.shards, s)
		go s.run()
	}
	return e, nil
}

func (c *Config) setDefaults() {
	if c.Probation <= 0 {
		c.Probation = 4
	}
	if c.RecvBuffer <= 0 {
		c.RecvBuffer = defaultRecvBuffer
	}
	if c.RTCPInterval <= 0 {
		c.RTCPInterval = 5 * time.Second
	}
}

// Reconfigure takes another port range, RecvBuffer, StrictRTP, Probation and RTCPInterval into force: ports opened from now on have them, those that
// are open keep their sockets. Encoders made from now on, on any port, are set as Codecs says. Shards and Backend stay as New had them. An error leaves all as it was.
func (e *Engine) Reconfigure(c Config) error {
	c.setDefaults()
	if err := e.pairs.set(c.PortMin, c.PortMax); err != nil {
		return err
	}
	e.spares.drop()
	was := e.config.Load()
	c.Shards, c.OwnProcessors, c.Backend, c.Log = was.Shards, was.OwnProcessors, was.Backend, was.Log
	e.config.Store(&c)
	return nil
}

// Backend returns the name of the packet back end in use.
func (e *Engine) Backend() string { return e.backend.Name() }

// Close closes every port and returns when nothing of the engine runs.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	ports := make([]*Port, 0, len(e.ports))
	for p := range e.ports {
		ports = append(ports, p)
	}
	e.mu.Unlock()
	for _, p := range ports {
		p.Close()
	}
	e.ended.Wait()
	e.spares.close()
	for _, s := range e.shards {
		s.stop()
	}
	e.studios.Wait()
}

// Stats returns the engine's counters.
func (e *Engine) Stats() EngineStats {
	e.mu.Lock()
	t := e.gone
	t.Ports = len(e.ports)
	for p := range e.ports {
		p.addTo(&t)
	}
	e.mu.Unlock()
	t.Spares = e.spares.count()
	for _, s := range e.shards {
		t.Shedding = max(t.Shedding, int(s.shedding.Load()))
		t.SendErrors += s.loop.SendErrors()
	}
	return t
}

// clock is the time of all shards: monotonic ns since New.
func (e *Engine) clock() int64 { return int64(time.Since(e.began)) }

// NewPort opens a pair of sockets; ErrNoPorts when the range is exhausted.
func (e *Engine) NewPort(c PortConfig) (*Port, error) {
	io := packetio.Config{TOS: c.TOS, COS: c.COS, RecvBuffer: e.config.Load().RecvBuffer}
	if c.LocalIP.IsValid() {
		io.Addr = netip.AddrPortFrom(c.LocalIP, 0)
	}
	rtp, rtcp, err := e.open(io)
	if err != nil {
		if !errors.Is(err, ErrNoPorts) {
			err = fmt.Errorf("media: open RTP port on %v: %w", c.LocalIP, err)
		}
		return nil, err
	}
	p := newPort(e, c)
	p.rtp, p.rtcp = rtp, rtcp
	if !e.begin(e.pick(), p) {
		_, _ = rtp.Close(), rtcp.Close()
		e.pairs.release(rtp.LocalAddr().Port())
		return nil, ErrClosed
	}
	return p, nil
}

// open takes a spare pair of sockets, or opens one.
func (e *Engine) open(io packetio.Config) (rtp, rtcp *packetio.Socket, err error) {
	if p, ok := e.spares.take(io); ok {
		return p.rtp, p.rtcp, nil
	}
	rtp, rtcp, err = e.pairs.open(e.backend, io)
	if errors.Is(err, ErrNoPorts) {
		e.sync() // a port closed a moment ago is still on its shard
		rtp, rtcp, err = e.spares.openInstead(io)
	}
	return rtp, rtcp, err
}

// defaultRecvBuffer holds a second of a flooded port's packets and is small enough for thousands of ports.
const defaultRecvBuffer = 128 << 10

// NewPair makes two ports without sockets, back to back: what is written to one arrives at the other. On a closed engine
// both are closed.
func (e *Engine) NewPair(a, b PortConfig) (*Port, *Port) {
	pa, pb := newPort(e, a), newPort(e, b)
	pa.pair, pb.pair = pb, pa
	if !e.begin(e.pick(), pa, pb) {
		for _, p := range []*Port{pa, pb} {
			p.closed, p.moving = true, false
			close(p.gone)
		}
	}
	return pa, pb
}

func (e *Engine) pick() *shard { return e.shards[int(e.next.Add(1))%len(e.shards)] }

// begin gives new ports to a shard; false if the engine is closed.
func (e *Engine) begin(s *shard, ports ...*Port) bool {
	for _, p := range ports {
		p.shard, p.moving = s, true
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return false
	}
	for _, p := range ports {
		e.ports[p] = struct{}{}
	}
	e.ended.Add(len(ports)) // from now on Close waits for them, so the shard does not stop before it has them
	e.mu.Unlock()
	s.send(message{arrive: ports})
	return true
}

// portEnded is called by the shard that closed p.
func (e *Engine) portEnded(p *Port) {
	if p.rtp != nil {
		e.pairs.release(p.rtp.LocalAddr().Port())
	}
	e.mu.Lock()
	delete(e.ports, p)
	p.addTo(&e.gone)
	e.mu.Unlock()
	e.ended.Done()
}

// sync returns when every port whose Close was called before has been closed.
func (e *Engine) sync() {
	e.mu.Lock()
	var closing []*Port
	for p := range e.ports {
		if p.closing.Load() {
			closing = append(closing, p)
		}
	}
	e.mu.Unlock()
	for _, p := range closing {
		<-p.gone
	}
}
