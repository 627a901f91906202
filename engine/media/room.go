package media

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"asterism/codecs"
)

// Room is a conference of ports: each member hears all others, mixed by one clock on one shard.
//
//	packets ─► member's jitter buffer, concealment ─► loudness ─► who talks ─► sum ─┬─ minus himself ─► soft clip ─► encode ─► his Out
//	                                                          announcements ─► sum ─┘
//	                            who says nothing hears what all such members hear: one encoding for each codec
//
// Noise of those who do not talk is left out of the sum, faded in and out. Methods may be called from anywhere.
type Room struct {
	engine *Engine
	shard  *shard // for ever
	config RoomConfig
	late   atomic.Int64 // ns, the worst lateness of a tick; see Lateness

	// All below is the shard's.
	rate    int // of the mix, Hz
	members []*Member
	timer   timer
	running bool
	next    int64 // shard time at which the next block is complete
	sum     []int32
	mixed   []int16   // of one outlet
	tail    []int32   // how those who have just left fade away, for the next block
	block   uint64    // of the clock, for packets of several blocks
	choirs  []*outlet // of those who say nothing, one for each key in use
	playing *announcement
	waiting []*announcement // for the end of it
	taps    []*roomTap
	closed  bool
}

// RoomConfig says how a room mixes.
type RoomConfig struct {
	// Rate of the mix, Hz: 8000, 16000 or 48000. 0: what the best codec of the members needs.
	Rate int
	// MaxRate is what it is chosen below, Hz; 0: 48000.
	MaxRate int
	// Threshold is the loudness from which a member talks, as the root mean square of a block in 16-bit PCM; 0: 160, some -46 dBFS.
	Threshold int
	// Hang is how long a member still talks after his last loud block; 0: 400 ms.
	Hang time.Duration
}

// MemberConfig is how one joins. The callbacks run on the shard: they must not block.
type MemberConfig struct {
	Muted  bool // is not heard
	Deaf   bool // hears nothing
	Listen int  // dB, what he hears louder
	Talk   int  // dB, what he says louder
	Level  bool // he is made as loud as others are: automatic gain
	// Threshold and Hang are those of RoomConfig for him alone; 0: the room's.
	Threshold int
	Hang      time.Duration
	OnTalks   func(talks bool)
}

// Member is one port's place in a room.
type Member struct {
	room   *Room
	port   *Port
	onTalk func(bool)

	// All below is the shard's.
	in         *listener
	pcm        []int16 // what he says in this block
	muted      bool
	deaf       bool
	level      bool
	leveller   leveller
	limit      int64 // a sample's mean square from which he talks
	hang       int64 // ns
	talkGain   int32 // 1/256
	listenGain int32
	loudUntil  int64 // he talks until then
	talks      bool
	sounds     bool    // he was in the last sum as loud as he is
	inSum      bool    // his block is in this sum
	fresh      bool    // he has heard nothing yet: it begins softly
	own        *outlet // while he hears what nobody else does
	codec      codecs.Codec
	key        trackKey // what he takes; of generation
	generation uint32
	known      bool
	frame      Frame
}

const (
	roomBlock = int64(20 * time.Millisecond)
	unity     = 256
	maxGain   = 20 // dB either way
)

// NewRoom makes an empty room; it runs while it has members. The caller closes it.
func (e *Engine) NewRoom(c RoomConfig) *Room {
	if c.Threshold == 0 {
		c.Threshold = 160
	}
	if c.Hang == 0 {
		c.Hang = 400 * time.Millisecond
	}
	r := &Room{engine: e, shard: e.pick(), config: c}
	r.timer.fire = r.tick
	r.setRate(max(c.Rate, 8000)) // no member yet: nobody else looks
	return r
}

// Lateness is the longest a block came after its time since the last call.
func (r *Room) Lateness() time.Duration { return time.Duration(r.late.Swap(0)) }

// Join brings p in: it leaves its bridge or echo, and whatever plays to it alone goes before the mix. It returns when that is in
// force; ErrClosed if p is closed. It must not be called from a callback of the media.
func (r *Room) Join(p *Port, c MemberConfig) (*Member, error) {
	if c.Threshold == 0 {
		c.Threshold = r.config.Threshold
	}
	if c.Hang == 0 {
		c.Hang = r.config.Hang
	}
	m := &Member{room: r, port: p, onTalk: c.OnTalks, muted: c.Muted, deaf: c.Deaf, talkGain: gain(c.Talk), listenGain: gain(c.Listen),
		level: c.Level, limit: int64(c.Threshold) * int64(c.Threshold), hang: int64(c.Hang), fresh: true}
	result := make(chan error, 1)
	p.post(func(s *shard) { m.arrive(s, result) })
	return m, <-result
}

// arrive runs wherever the port is, until that is the room's shard.
func (m *Member) arrive(s *shard, result chan error) {
	p, r := m.port, m.room
	if p.closed || (s == r.shard && r.closed) {
		result <- ErrClosed
		return
	}
	if p.member != nil {
		p.member.leave()
	}
	if p.link != nil {
		p.link.cut(s)
	}
	if s != r.shard {
		s.move(p.company(), r.shard)
		p.post(func(s *shard) { m.arrive(s, result) })
		return
	}
	p.member = m
	m.frame.Source = s.newSource()
	m.in = newListener(r.rate, true)
	m.pcm = make([]int16, len(r.sum))
	r.members = append(r.members, m)
	r.retune()
	p.route()
	if !r.running {
		r.running = true
		r.next = (s.now+playGrid-1)/playGrid*playGrid + roomBlock
		s.set(&r.timer, r.next)
	}
	result <- nil
}

// WriteFrame takes what the member's phone sends (Sink). Digits are not for the room: they go to the port's OnDigit.
func (m *Member) WriteFrame(f *Frame) error {
	m.in.put(f, f.Format.Name == telephoneEvent || len(f.Payload) == 0, m.port.at.now)
	return nil
}

// Leave takes the member out. It returns at once, and is idempotent.
func (m *Member) Leave() { m.do(m.leave) }

// do runs f on the shard while the member is one.
func (m *Member) do(f func()) {
	m.port.post(func(*shard) {
		if m.port.member == m {
			f()
		}
	})
}

// leave runs on the shard.
func (m *Member) leave() {
	p, r := m.port, m.room
	m.fadeAway()
	p.member = nil
	r.members = slices.DeleteFunc(slices.Clone(r.members), func(x *Member) bool { return x == m })
	if m.talks && m.onTalk != nil {
		m.onTalk(false)
	}
	p.route()
	r.retune()
}

// fadeAway lets the others hear a last block of him, which goes into silence.
func (m *Member) fadeAway() {
	r := m.room
	if !m.sounds || len(m.pcm) != len(r.tail) {
		return
	}
	m.in.block(m.pcm, r.next-roomBlock)
	if m.level {
		m.leveller.adjust(m.pcm, 0, false)
	}
	if m.talkGain != unity {
		amplify(m.pcm, m.talkGain)
	}
	fade(m.pcm, false)
	for i, v := range m.pcm {
		r.tail[i] += int32(v)
	}
}

// Mute says whether the member is left out of the mix.
func (m *Member) Mute(on bool) { m.do(func() { m.muted = on }) }

// Deafen says whether the member hears silence.
func (m *Member) Deafen(on bool) { m.do(func() { m.deaf = on }) }

// SetGain makes what he hears and what he says louder, in dB.
func (m *Member) SetGain(listen, talk int) {
	m.do(func() { m.listenGain, m.talkGain = gain(listen), gain(talk) })
}

func gain(db int) int32 {
	db = max(min(db, maxGain), -maxGain)
	return int32(math.Round(unity * math.Pow(10, float64(db)/20)))
}

// Close takes all members out and returns at once.
func (r *Room) Close() {
	r.shard.do(func() {
		r.closed = true
		for len(r.members) > 0 {
			r.members[0].leave()
		}
		r.silence()
	})
}
