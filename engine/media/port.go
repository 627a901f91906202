package media

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"asterism/codecs"
	"asterism/engine/media/packetio"
)

// PortConfig is what a port is opened with. The callbacks run on the shard: they must not block, and every port method may
// be called from them.
type PortConfig struct {
	Kind      Kind
	LocalIP   netip.Addr // to bind; unspecified allowed
	TOS       int        // IP_TOS byte (EF = 184)
	COS       int        // SO_PRIORITY, 0–7
	Symmetric bool       // send to where packets come from, once learned

	Timeout     time.Duration // silence, RTP and RTCP, after which OnTimeout is called; 0 = never
	HoldTimeout time.Duration // the same while the stream is held or we receive nothing
	Keepalive   time.Duration // send comfort noise when nothing was sent for so long; 0 = never

	CNAME     string               // RTCP SDES; empty: random (RFC 7022)
	OnPress   func(rune)           // a key goes down: at its first packet
	OnDigit   func(Digit)          // it is over: at its release
	SendInfo  func(Digit)          // sends a key by signalling, for Stream.Digits = DigitsInfo
	OnTimeout func()               // once in a silence
	OnSource  func(netip.AddrPort) // a source was learned
}

// Port is the media end of one leg: an RTP and an RTCP socket, what is received on them and the one stream sent from them.
type Port struct {
	engine    *Engine
	config    PortConfig
	rtp, rtcp *packetio.Socket // nil in a pair
	pair      *Port            // the other half; nil with sockets
	closing   atomic.Bool
	gone      chan struct{} // closed when the shard has closed the port
	count     counters
	playRate  atomic.Int32 // see PlayRate; 0 = not known
	volumeSet atomic.Pointer[Volume]

	mu       sync.Mutex // guards queue, notified, moving, shard
	queue    []func(*shard)
	notified bool // the shard has a message about queue
	moving   bool // on the way to shard
	shard    *shard

	// All below is the shard's.
	at       *shard
	closed   bool
	stream   Stream
	agreed   bool          // SetStream was called
	formats  []incoming    // what may be received, voice first: a few, so a search is quicker than a table is to fetch
	unknown  incoming      // stands for what may not
	voice    codecs.Format // of the last packet of voice
	learn    learner
	control  controlSource
	stats    reception
	reports  reports
	pictures pictureRequests
	events   eventReceiver
	eventEnd timer
	frame    Frame // the one being received
	busy     bool  // receiving: a frame that comes round in a circle of pairs is dropped
	source   uint64

	sink     Sink
	dejitter *dejitter // nil: none
	link     *Link
	member   *Member // of a room
	echo     bool

	outgoing  Out
	digits    digitSender
	playback  *playback
	hearings  []*hearing   // one for each rate of its taps; nil without taps
	volume    *volume      // nil: as it comes
	overlays  *overlays    // nil: none
	keys      *keyListener // nil: the peer's keys are not in its voice
	said      Frame        // the one its taps are about to hear
	upkeep    timer
	lastHeard int64 // shard time of the last believed packet, or of SetStream
	timedOut  bool
}

func newPort(e *Engine, c PortConfig) *Port {
	p := &Port{engine: e, config: c, gone: make(chan struct{}), sink: Discard}
	if p.config.CNAME == "" {
		p.config.CNAME = randomCNAME()
	}
	p.learn = learner{strict: e.config.Load().StrictRTP, symmetric: c.Symmetric, probation: e.config.Load().Probation}
	p.outgoing.begin(p)
	p.count.localSSRC.Store(p.outgoing.ssrc)
	p.upkeep.fire = p.keepUp
	p.eventEnd.fire = p.eventStopped
	p.digits.timer.fire = p.sendDigit
	return p
}

// LocalAddr returns the address of the RTP socket; RTCP is on the next port. Invalid for a port of NewPair.
func (p *Port) LocalAddr() netip.AddrPort {
	if p.rtp == nil {
		return netip.AddrPort{}
	}
	return p.rtp.LocalAddr()
}

// Out returns the port's sending side. It is used on the shard only, by sinks of a linked port.
func (p *Port) Out() *Out { return &p.outgoing }

// post leaves a command with the port. Commands are obeyed in order by whatever shard has the port, also after Close (they
// look at p.closed themselves), so that nobody waits for an answer that never comes.
func (p *Port) post(f func(s *shard)) {
	p.mu.Lock()
	p.queue = append(p.queue, f)
	s, tell := p.shard, !p.notified
	p.notified = true
	p.mu.Unlock()
	if tell && !s.send(message{port: p}) {
		p.obey(s) // all shards have stopped and the port is closed: only answers are left
	}
}

// obey runs the port's commands while the port is here.
func (p *Port) obey(s *shard) {
	for {
		p.mu.Lock()
		if to := p.shard; to != s {
			p.mu.Unlock()
			if !to.send(message{port: p}) {
				p.obey(to)
			}
			return
		}
		if p.moving { // it has not arrived: attach will obey
			p.mu.Unlock()
			return
		}
		if len(p.queue) == 0 {
			p.queue, p.notified = nil, false
			p.mu.Unlock()
			return
		}
		f := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()
		f(s)
	}
}

// home is the shard that has p, or that p is on its way to.
func (p *Port) home() (s *shard, moving bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shard, p.moving
}

// Close frees the sockets and the port numbers. It is idempotent and returns at once.
func (p *Port) Close() {
	if p.closing.Swap(true) {
		return
	}
	p.post(func(s *shard) {
		if !p.closed {
			p.shut(s)
		}
	})
}

// shut runs on the shard.
func (p *Port) shut(s *shard) {
	if p.link != nil {
		p.link.cut(s)
	}
	if p.member != nil {
		p.member.leave()
	}
	if p.playback != nil {
		p.playback.end(s)
	}
	p.sendBye(s)
	p.closed = true
	p.publish()
	for _, t := range p.timers() {
		s.timers.stop(t)
	}
	for _, sock := range p.sockets() {
		s.loop.Remove(sock)
		if err := sock.Close(); err != nil {
			s.engine.log.Warn().Err(err).Stringer("addr", sock.LocalAddr()).Msg("media: close socket")
		}
	}
	if p.pair != nil {
		p.pair.pair, p.pair = nil, nil
	}
	p.sink, p.hearings, p.dejitter, p.overlays = Discard, nil, nil, nil
	p.engine.portEnded(p)
	close(p.gone)
}

func (p *Port) sockets() []*packetio.Socket {
	if p.rtp == nil {
		return nil
	}
	return []*packetio.Socket{p.rtp, p.rtcp}
}

func (p *Port) timers() []*timer {
	t := []*timer{&p.upkeep, &p.eventEnd, &p.digits.timer}
	if p.playback != nil {
		t = append(t, &p.playback.timer)
	}
	if p.keys != nil {
		t = append(t, &p.keys.stopped)
	}
	if p.dejitter != nil {
		t = append(t, &p.dejitter.timer)
	}
	for _, h := range p.hearings {
		t = append(t, &h.timer)
	}
	if p.overlays != nil {
		t = append(t, &p.overlays.timer)
	}
	return t
}

// Echo sends back what is received, voice and digits, while the port is not bridged.
func (p *Port) Echo(on bool) {
	p.post(func(*shard) {
		p.echo = on
		p.route()
	})
}

// route chooses where received frames go.
func (p *Port) route() {
	switch {
	case p.closed:
		p.sink = Discard
	case p.link != nil:
		p.sink = p.link.sinkOf(p)
	case p.member != nil:
		p.sink = p.member
	case p.echo:
		p.sink = &p.outgoing
	default:
		p.sink = Discard
	}
}
