package media

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/media/packetio"
)

// Music is a source that any number of ports listen to at once, all hearing the same moment of it:
//
//	Source ─ 10 ms ─► studio (a goroutine while somebody listens) ─► a track for each codec: resample ► encode ─► frames
//	                                                                      Port.PlayMusic: timer ─► the frame of now ─┘─► Out
//
// Each codec is encoded once, however many listen. While nobody does, the source stands still. The studio works musicLead ahead, on no
// shard, so neither a slow source nor a coder delays a packet.
type Music struct {
	name   string
	source Source

	mu        sync.Mutex // guards what follows; a leaf
	engine    *Engine    // of the first listener
	tracks    map[trackKey]*track
	listeners int
	open      bool // the studio runs

	wake chan struct{} // a track is new, or nobody listens; room for one

	// All below is the studio's.
	began   bool
	block   int64 // number of the next 10 ms, counted as the engine's clock does
	last    [musicRing / 2][]int16
	ended   bool
	encodes atomic.Uint64 // for tests: packets made
}

const (
	musicBlock = int64(10 * time.Millisecond)
	musicLead  = 30 // blocks
	musicRing  = 64 // frames of a track that are kept; twice the lead, in the shortest packets
)

// NewMusic makes music of src, whose Read may block. It starts nothing; name is for those who look.
func NewMusic(name string, src Source) *Music {
	return &Music{name: name, source: src, tracks: map[trackKey]*track{}, wake: make(chan struct{}, 1)}
}

// Name is what NewMusic was given.
func (m *Music) Name() string { return m.name }

// Listeners is how many ports listen now.
func (m *Music) Listeners() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listeners
}

// trackKey is what makes packets alike.
type trackKey struct {
	format  codecs.Format
	options codecs.EncoderOptions
	ptime   time.Duration
}

// track is the music in one codec.
type track struct {
	key   trackKey
	codec codecs.Codec
	users int // guarded by Music.mu
	ring  [musicRing]atomic.Pointer[musicFrame]

	// All below is the studio's.
	encoder   codecs.Encoder
	resampler *resample.Resampler
	synced    bool
	frame     int64 // number of the next packet, counted in ptime
	pcm       []int16
	have      int
	payload   [packetio.MaxDatagram]byte
}

// musicFrame is a packet of a track. It is never changed.
type musicFrame struct {
	number  int64
	payload []byte
}

// at is the packet of a moment; nil if there is none.
func (t *track) at(number int64) *musicFrame {
	f := t.ring[uint64(number)%musicRing].Load()
	if f == nil || f.number != number {
		return nil
	}
	return f
}

// join begins to listen; the track is left again by leave.
func (m *Music) join(e *Engine, c codecs.Codec, key trackKey) *track {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tracks[key]
	if t == nil {
		t = &track{key: key, codec: c}
		m.tracks[key] = t
		m.wakeUp()
	}
	t.users++
	m.listeners++
	if !m.open {
		m.open, m.engine = true, e
		e.studios.Go(m.run)
	}
	return t
}

func (m *Music) leave(t *track) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listeners--
	if t.users--; t.users == 0 {
		delete(m.tracks, t.key)
	}
	if m.listeners == 0 {
		m.wakeUp()
	}
}

// wakeUp tells the studio that something has changed.
func (m *Music) wakeUp() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// run is the studio. It ends when nobody listens any more; Engine.Close waits for it.
func (m *Music) run() {
	tick := time.NewTicker(musicLead / 3 * time.Duration(musicBlock))
	defer tick.Stop()
	for m.advance(m.engine.clock()) {
		select {
		case <-tick.C:
		case <-m.wake:
		}
	}
}

// advance makes what is due at the engine's time now; false when nobody listens.
func (m *Music) advance(now int64) bool {
	m.mu.Lock()
	if m.listeners == 0 {
		m.open, m.began = false, false
		m.mu.Unlock()
		return false
	}
	tracks := make([]*track, 0, len(m.tracks))
	for _, t := range m.tracks {
		tracks = append(tracks, t)
	}
	m.mu.Unlock()
	current := now / musicBlock
	if !m.began || m.block < current { // it was away: the music goes on where it stood
		m.began, m.block = true, current
		for _, t := range tracks {
			t.synced = false
		}
	}
	for _, t := range tracks { // what was read already, for those that are new
		if !t.synced {
			m.begin(t, current)
		}
	}
	for ; m.block < current+musicLead; m.block++ {
		pcm := m.read()
		for _, t := range tracks {
			m.feed(t, m.block, pcm)
		}
	}
	return true
}

// read takes the next 10 ms of the source; silence when it has none.
func (m *Music) read() []int16 {
	slot := &m.last[uint64(m.block)%uint64(len(m.last))]
	if *slot == nil {
		*slot = make([]int16, m.source.Rate()/100)
	}
	pcm := *slot
	n := 0
	for n < len(pcm) && !m.ended {
		got, err := m.source.Read(pcm[n:])
		n += got
		if err != nil {
			m.ended = true
			if !errors.Is(err, io.EOF) {
				m.engine.log.Error().Err(err).Str("class", m.name).Msg("media: music ends")
			}
		}
		if got == 0 {
			break
		}
	}
	clear(pcm[n:])
	return pcm
}

// begin makes a track's coder and gives it the blocks from current on.
func (m *Music) begin(t *track, current int64) {
	t.synced, t.have, t.frame = true, 0, -1
	enc, err := t.codec.NewEncoder(t.key.options)
	if err != nil {
		m.engine.log.Warn().Err(err).Str("codec", t.codec.Name).Msg("media: music is silent")
		return
	}
	t.encoder, t.resampler = enc, nil
	most := m.source.Rate() / 100
	if rate := t.codec.SampleRate; rate != m.source.Rate() {
		t.resampler = resample.New(m.source.Rate(), rate)
		most = t.resampler.Most(most)
	}
	t.pcm = make([]int16, t.samples()+most)
	for b := current; b < m.block; b++ {
		m.feed(t, b, m.last[uint64(b)%uint64(len(m.last))])
	}
}

// samples of a packet, at the rate the coder takes.
func (t *track) samples() int {
	return int(t.key.ptime * time.Duration(t.codec.SampleRate) / time.Second)
}

// feed gives a track 10 ms, which begin with a packet, and publishes the packet that is full.
func (m *Music) feed(t *track, block int64, pcm []int16) {
	if t.encoder == nil {
		return
	}
	if t.frame < 0 {
		blocks := int64(t.key.ptime) / musicBlock
		if block%blocks != 0 {
			return
		}
		t.frame = block / blocks
	}
	if t.resampler == nil {
		t.have += copy(t.pcm[t.have:], pcm)
	} else {
		t.have += t.resampler.Process(t.pcm[t.have:], pcm)
	}
	n := t.samples()
	if t.have < n {
		return
	}
	size, err := t.encoder.Encode(t.payload[:], t.pcm[:n])
	t.have = copy(t.pcm, t.pcm[n:t.have])
	m.encodes.Add(1)
	if err == nil && size > 0 {
		t.ring[uint64(t.frame)%musicRing].Store(&musicFrame{t.frame, append([]byte(nil), t.payload[:size]...)})
	}
	t.frame++
}

// PlayMusic replaces a running playback by m, until stop or another playback. done is as in Play.
// Budget: 150 ns and 0 allocs a packet beside Out, whatever the codec (BenchmarkMusicListener, TestMusicAllocs).
func (p *Port) PlayMusic(m *Music, done func()) (stop func()) {
	pb := &playback{port: p, done: done}
	pb.listen = &listening{music: m}
	pb.timer.fire = pb.tickMusic
	return p.begin(pb)
}

// listening is a playback's place in a track.
type listening struct {
	music *Music
	track *track // nil while there is no codec
}

// tickMusic sends the packet of now.
func (b *playback) tickMusic(s *shard) {
	o := &b.port.outgoing
	if !b.prepared || b.generation != o.generation {
		if b.tune(o); b.next > s.now {
			s.set(&b.timer, b.next)
			return
		}
	}
	f := &b.frame
	f.Seq++
	f.Timestamp += uint32(b.ptime * time.Duration(b.codec.Format.Rate) / time.Second)
	var frame *musicFrame
	if t := b.listen.track; t != nil {
		frame = t.at(b.next / int64(b.ptime))
	}
	if frame == nil || o.port.digits.active {
		o.Skip(f)
	} else {
		f.Format, f.Payload = b.codec.Format, frame.payload
		f.Samples = int(b.ptime * time.Duration(b.codec.Format.Rate) / time.Second)
		_ = o.write(f)
	}
	b.next += int64(b.ptime)
	if b.next < s.now-catchUp {
		b.next = (s.now/int64(b.ptime) + 1) * int64(b.ptime)
	}
	s.set(&b.timer, b.next)
}

// tune chooses the track; again whenever the stream changes.
func (b *playback) tune(o *Out) {
	b.prepared, b.generation = true, o.generation
	b.untune()
	b.codec, b.ptime = playCodec(o)
	if b.codec.NewEncoder != nil {
		b.listen.track = b.listen.music.join(o.port.engine, b.codec, trackKey{b.codec.Format, o.EncoderOptions(b.codec.Format), b.ptime})
	}
	b.next = (b.next + int64(b.ptime) - 1) / int64(b.ptime) * int64(b.ptime)
}

// untune leaves the track.
func (b *playback) untune() {
	if b.listen != nil && b.listen.track != nil {
		b.listen.music.leave(b.listen.track)
		b.listen.track = nil
	}
}
