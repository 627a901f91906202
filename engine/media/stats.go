package media

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// PortStats is what a port has counted. Packet counts and LastPacket are of this moment; what RTCP works with is a second old
// at most, and exact after Close.
type PortStats struct {
	LocalSSRC, RemoteSSRC uint32
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64 // payload only, as RTCP counts them
	Lost                  int64  // of what the peer sent; negative with duplicates (RFC 3550 A.3)
	Jitter                time.Duration
	RemoteLost            int64         // of what we sent, as the peer reported last
	RemoteJitter          time.Duration // as the peer reported last
	RTT                   time.Duration // 0 = not known
	Rating, RemoteRating  float64       // R of the E-model, of what we and of what the peer hears; 0 = not known
	LastPacket            time.Time     // last believed RTP packet; zero: none
	Source                netip.AddrPort
	DigitsIn, DigitsOut   uint64
	WrongSource           uint64 // dropped: not from a believed address
	Dropped               uint64 // dropped for any other reason
	Bye                   bool   // the peer's RTCP said goodbye
}

// MOS is the mean opinion score of what we hear, RemoteMOS of what the peer hears; 0 = not known.
func (s PortStats) MOS() float64 { return mos(s.Rating) }

// RemoteMOS is what the peer hears.
func (s PortStats) RemoteMOS() float64 { return mos(s.RemoteRating) }

func mos(r float64) float64 {
	if r == 0 {
		return 0
	}
	return opinion(r)
}

// counters are written by the shard and read by anybody.
type counters struct {
	localSSRC   atomic.Uint32
	packetsIn   atomic.Uint64
	packetsOut  atomic.Uint64
	bytesOut    atomic.Uint64
	dropped     atomic.Uint64
	wrongSource atomic.Uint64
	lastPacket  atomic.Int64 // shard time; 0 = none

	mu        sync.Mutex // guards published; taken once a second by the shard, never for a packet
	published PortStats
}

// publish copies out what only the shard knows.
func (p *Port) publish() {
	st := &p.stats
	s := PortStats{
		RemoteSSRC: st.ssrc, BytesIn: st.bytes, Lost: st.lostBefore + st.lost(), Jitter: st.jitterTime(),
		RemoteLost: p.reports.remoteLost, RemoteJitter: p.reports.remoteJitter, RTT: p.reports.rtt, Bye: p.reports.bye,
		Source: p.learn.source, DigitsIn: p.events.count, DigitsOut: p.digits.count,
	}
	s.Rating, s.RemoteRating = p.quality()
	p.count.mu.Lock()
	p.count.published = s
	p.count.mu.Unlock()
}

// Stats returns the port's counters, also after Close.
func (p *Port) Stats() PortStats {
	c := &p.count
	c.mu.Lock()
	s := c.published
	c.mu.Unlock()
	s.LocalSSRC = c.localSSRC.Load()
	s.PacketsIn, s.PacketsOut = c.packetsIn.Load(), c.packetsOut.Load()
	s.BytesOut = c.bytesOut.Load()
	s.Dropped, s.WrongSource = c.dropped.Load(), c.wrongSource.Load()
	if at := c.lastPacket.Load(); at != 0 {
		s.LastPacket = p.engine.began.Add(time.Duration(at))
	}
	return s
}

func (p *Port) addTo(t *EngineStats) {
	t.PacketsIn += p.count.packetsIn.Load()
	t.PacketsOut += p.count.packetsOut.Load()
	t.Dropped += p.count.dropped.Load() + p.count.wrongSource.Load()
	for _, sock := range p.sockets() {
		t.KernelDrops += uint64(sock.KernelDrops())
	}
}
