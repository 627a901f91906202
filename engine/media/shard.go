package media

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"asterism/engine/media/packetio"
)

// shard is the one goroutine, on a thread of its own, that runs the media of its ports: it alone touches their sockets, sinks,
// streams and timers. Everybody else leaves commands with a port and wakes the shard.
type shard struct {
	engine   *Engine
	index    int
	loop     packetio.Loop
	now      int64 // ns since the engine began, read once in a pass
	timers   timers
	pace     pace
	late     []lateFrame // of this pass
	shed     shed
	shedding atomic.Int32 // shed.level, for everybody
	onward   int          // packets of this pass that somebody hears
	own      bool         // the thread has a processor of its own
	busy     int64        // shard time at which the shard last had a port with a stream

	packet  rtp.Packet                 // parsed into, one at a time
	out     [packetio.MaxDatagram]byte // marshalled into
	sources uint64                     // last Frame.Source given out

	mailMu sync.Mutex // guards mail, stopping
	mail   []message
	// stopping is set when all ports are closed: whatever comes later runs at its sender's, see Port.post.
	stopping bool

	reading []message     // mail being read, kept for its space
	done    chan struct{} // closed when run has returned
}

// message says that a port has commands, or that ports have come from another shard, or is a command itself.
type message struct {
	port   *Port
	arrive []*Port
	do     func()
}

func newShard(e *Engine, index int) (*shard, error) {
	loop, err := e.backend.NewLoop()
	if err != nil {
		return nil, err
	}
	own := e.config.Load().OwnProcessors
	if own {
		loop.OwnProcessor()
	}
	return &shard{engine: e, index: index, loop: loop, own: own, sources: uint64(index) << 48, done: make(chan struct{})}, nil
}

// send puts m into the mailbox; false when the shard has stopped. The mailbox has no bound of its own: each message stands
// for a call of the engine's interface, and those are limited where calls are.
func (s *shard) send(m message) bool {
	s.mailMu.Lock()
	if s.stopping {
		s.mailMu.Unlock()
		return false
	}
	s.mail = append(s.mail, m)
	s.mailMu.Unlock()
	s.loop.Wake()
	return true
}

// run passes until stop: wait, hand over what came, obey commands, do what the clock owes, send all together. Started by New
// and waited for by Engine.Close.
func (s *shard) run() {
	defer close(s.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tell := func() { s.now = s.engine.clock() }
	for {
		if d := s.gather(); d > 0 {
			s.loop.Gather(d)
		}
		n, err := s.loop.Poll(s.wait(), tell)
		s.pace.pass(s.now, n, s.onward)
		s.onward = 0
		if err != nil {
			// The descriptors are ours, so this is a broken kernel promise; do not spin on it.
			s.engine.log.Error().Err(err).Int("shard", s.index).Msg("media: poll")
			time.Sleep(10 * time.Millisecond)
		}
		s.runLate()
		stop := s.readMail()
		for t := s.timers.due(s.now); t != nil; t = s.timers.due(s.now) {
			t.fire(s)
		}
		s.runLate()
		s.loop.Flush()
		s.measure()
		if stop {
			return
		}
	}
}

// gather is how long packets may come together before the next pass: until pace says, or until the clock owes something.
func (s *shard) gather() time.Duration {
	if s.pace.gather == 0 {
		return 0
	}
	until := s.now + s.pace.gather
	if len(s.timers) > 0 {
		until = min(until, s.timers[0].at)
	}
	return time.Duration(until - s.engine.clock())
}

// lingers is how long after the last call a shard still keeps its processor.
const lingers = int64(10 * time.Second)

// wait is how long nothing is owed; < 0 for ever. As long as calls come it is no longer than the loop may keep its processor: each
// time it gives it away and takes it back, the scheduler's monitor wakes up and looks around fifty times.
func (s *shard) wait() time.Duration {
	d := time.Duration(-1)
	if len(s.timers) > 0 {
		s.busy = s.now
		d = time.Duration(max(0, s.timers[0].at-s.engine.clock()))
	}
	if s.own && s.now-s.busy < lingers && (d < 0 || d > packetio.OwnWait) {
		return packetio.OwnWait
	}
	return d
}

func (s *shard) readMail() (stop bool) {
	s.mailMu.Lock()
	s.reading, s.mail = s.mail, s.reading[:0]
	stop = s.stopping
	s.mailMu.Unlock()
	for i, m := range s.reading {
		s.reading[i] = message{}
		for _, p := range m.arrive {
			s.attach(p)
		}
		for _, p := range m.arrive { // only now: a command may concern them all
			p.obey(s)
		}
		if m.port != nil {
			m.port.obey(s)
		}
		if m.do != nil {
			m.do()
		}
	}
	return stop
}

// do runs f on the shard; after the end, when all ports are closed, where it is.
func (s *shard) do(f func()) {
	if !s.send(message{do: f}) {
		f()
	}
}

// stop ends run; the engine has closed all ports before.
func (s *shard) stop() {
	s.mailMu.Lock()
	s.stopping = true
	s.mailMu.Unlock()
	s.loop.Wake()
	<-s.done
	_ = s.loop.Close()
}

// newSource returns a value of Frame.Source nobody else has.
func (s *shard) newSource() uint64 {
	s.sources++
	return s.sources
}

// set arms a timer of a port of this shard.
func (s *shard) set(t *timer, at int64) { s.timers.set(t, at) }

// move gives ports, a whole component, to another shard. It runs between the packets of two passes or from a command, never
// while a handler of one of the ports runs.
func (s *shard) move(ports []*Port, to *shard) {
	for _, p := range ports {
		if p.member != nil { // a room stays where it is
			p.member.leave()
		}
		for _, t := range p.timers() {
			if t.place != 0 {
				s.timers.stop(t)
				t.place = -1 // to be set again on arrival
			}
		}
		for _, sock := range p.sockets() {
			s.loop.Remove(sock)
		}
		p.mu.Lock()
		p.shard, p.moving = to, true
		p.mu.Unlock()
	}
	// The other shard cannot have stopped: that happens after every port has closed, and these have not.
	to.send(message{arrive: ports})
}

// attach takes a port in, newly made or moved.
func (s *shard) attach(p *Port) {
	p.at = s
	if p.rtp != nil && !p.closed {
		if err := s.loop.Add(p.rtp, (*rtpEnd)(p)); err != nil {
			s.engine.log.Error().Err(err).Msg("media: add RTP socket")
		}
		if err := s.loop.Add(p.rtcp, (*rtcpEnd)(p)); err != nil {
			s.engine.log.Error().Err(err).Msg("media: add RTCP socket")
		}
	}
	for _, t := range p.timers() {
		if t.place == -1 {
			t.place = 0
			s.timers.set(t, t.at)
		}
	}
	p.mu.Lock()
	p.moving = false
	p.mu.Unlock()
}
