package media

import (
	"math"
	"slices"
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/media/packetio"
)

// tick mixes the block that is complete and sends it to everybody.
// Budget: 1 µs a silent and 3 µs a talking member of G.711 beside jitter buffer and system calls, 0 allocations (BenchmarkRoom).
func (r *Room) tick(s *shard) {
	if late := s.now - r.next; late > r.late.Load() {
		r.late.Store(late)
	}
	if len(r.members) == 0 {
		r.silence()
		r.running = false
		return
	}
	r.tuneMembers()
	r.hear(r.next - roomBlock)
	r.announce()
	if len(r.taps) > 0 {
		mixInto(r.mixed, r.sum, nil, unity)
		for _, t := range r.taps {
			t.hear(r.mixed)
		}
	}
	r.block++
	for _, c := range r.choirs {
		c.users, c.done = 0, false
	}
	for _, m := range r.members {
		m.tell()
	}
	if slices.ContainsFunc(r.choirs, func(c *outlet) bool { return c.users == 0 }) {
		r.choirs = slices.DeleteFunc(r.choirs, func(c *outlet) bool { return c.users == 0 })
	}
	r.next += roomBlock
	if r.next < s.now-catchUp {
		r.next = (s.now+playGrid-1)/playGrid*playGrid + roomBlock
	}
	s.set(&r.timer, r.next)
}

// tuneMembers looks for new codecs.
func (r *Room) tuneMembers() {
	changed := false
	for _, m := range r.members {
		if o := &m.port.outgoing; !m.known || m.generation != o.generation {
			m.known, m.generation = true, o.generation
			codec, ptime := playCodec(o)
			if ptime%time.Duration(roomBlock) != 0 {
				ptime = time.Duration(roomBlock)
			}
			m.codec, m.key = codec, trackKey{codec.Format, o.EncoderOptions(codec.Format), ptime}
			m.own, changed = nil, true
		}
	}
	if changed {
		r.retune()
	}
}

// retune chooses the rate by the members there are.
func (r *Room) retune() {
	if r.config.Rate != 0 {
		return
	}
	best := r.rate // it does not fall while somebody is there: a change can be heard
	if len(r.members) == 0 {
		best = 8000
	}
	for _, m := range r.members {
		if m.known {
			best = max(best, m.codec.SampleRate)
		}
	}
	switch {
	case best > 16000:
		best = 48000
	case best > 8000:
		best = 16000
	}
	if r.config.MaxRate > 0 {
		best = min(best, max(r.config.MaxRate, 8000))
	}
	if best != r.rate {
		r.setRate(best)
	}
}

func (r *Room) setRate(rate int) {
	r.rate = rate
	n := rate / 50
	r.sum, r.mixed, r.tail = make([]int32, n), make([]int16, n), make([]int32, n)
	r.choirs = nil
	for _, t := range r.taps {
		t.tune(rate)
	}
	for _, m := range r.members {
		m.in.retune(rate)
		m.pcm, m.own = make([]int16, n), nil
	}
	if r.playing != nil {
		r.playing.tune(rate)
	}
}

// hear takes everybody's block and sums up those who talk.
func (r *Room) hear(begin int64) {
	copy(r.sum, r.tail) // of those who have left
	clear(r.tail)
	for _, m := range r.members {
		m.in.block(m.pcm, begin)
		power := int64(0)
		for _, v := range m.pcm {
			power += int64(v) * int64(v)
		}
		loud := power >= m.limit*int64(len(m.pcm))
		if loud && !m.muted {
			m.loudUntil = r.next + m.hang
		}
		talks := !m.muted && r.next < m.loudUntil
		if talks != m.talks {
			m.talks = talks
			if m.onTalk != nil {
				m.onTalk(talks)
			}
		}
		if m.inSum = talks || m.sounds; !m.inSum {
			continue
		}
		if m.level {
			m.leveller.adjust(m.pcm, power, loud)
		}
		if m.talkGain != unity {
			amplify(m.pcm, m.talkGain)
		}
		if talks != m.sounds {
			fade(m.pcm, talks)
			m.sounds = talks
		}
		for i, v := range m.pcm {
			r.sum[i] += int32(v)
		}
	}
}

func amplify(pcm []int16, gain int32) {
	for i, v := range pcm {
		pcm[i] = soften(int32(v) * gain / unity)
	}
}

// fade lets a block come out of, or go into, silence.
func fade(pcm []int16, in bool) {
	n := len(pcm)
	for i, v := range pcm {
		k := i
		if !in {
			k = n - 1 - i
		}
		pcm[i] = int16(int(v) * k / n)
	}
}

// knee is where soft clipping begins: below it samples are what they were.
const knee = 24576

// soften bends what is louder than knee so that it stays below full scale, without an edge.
func soften(v int32) int16 {
	const room = math.MaxInt16 - knee
	switch {
	case v > knee:
		over := int64(v - knee)
		return int16(knee + over*room/(over+room))
	case v < -knee:
		over := int64(-v - knee)
		return int16(-knee - over*room/(over+room))
	}
	return int16(v)
}

// mixInto makes a member's block: the sum without his own part, louder by gain.
func mixInto(dst []int16, sum []int32, own []int16, gain int32) {
	dst = dst[:len(sum)]
	switch {
	case own == nil && gain == unity:
		for i, v := range sum {
			dst[i] = soften(v)
		}
	case own == nil:
		for i, v := range sum {
			dst[i] = soften(int32(int64(v) * int64(gain) / unity))
		}
	case gain == unity:
		own = own[:len(sum)]
		for i, v := range sum {
			dst[i] = soften(v - int32(own[i]))
		}
	default:
		own = own[:len(sum)]
		for i, v := range sum {
			dst[i] = soften(int32(int64(v-int32(own[i])) * int64(gain) / unity))
		}
	}
}

// tell sends the member his packet, if one is due.
func (m *Member) tell() {
	r, o := m.room, &m.port.outgoing
	blocks := uint64(m.key.ptime / time.Duration(roomBlock))
	f := &m.frame
	due := r.block%blocks == 0
	if due {
		f.Seq++
		f.Samples = int(m.key.ptime * time.Duration(m.codec.Format.Rate) / time.Second)
		f.Timestamp += uint32(f.Samples)
	}
	var out *outlet
	if m.inSum || m.deaf || m.listenGain != unity || m.fresh {
		if m.own == nil {
			m.own = newOutlet(r, m.codec, m.key)
		}
		out = m.own
		out.done = false
	} else {
		out = r.choir(m.codec, m.key)
		out.users++
	}
	if !out.done {
		out.done = true
		switch {
		case m.deaf:
			clear(r.mixed)
		case out == m.own && m.inSum:
			mixInto(r.mixed, r.sum, m.pcm, m.listenGain)
		case out == m.own:
			mixInto(r.mixed, r.sum, nil, m.listenGain)
		default:
			mixInto(r.mixed, r.sum, nil, unity)
		}
		if m.fresh { // up to his first packet
			fade(r.mixed, true)
		}
		out.feed(r.mixed, due)
	}
	if !due {
		return
	}
	if m.fresh {
		m.fresh, m.own = false, nil
	}
	if out.size == 0 {
		o.Skip(f)
		return
	}
	f.Format, f.Payload = m.codec.Format, out.payload[:out.size]
	_ = o.WriteFrame(f)
}

// choir is the outlet of those who hear the whole mix in one codec.
func (r *Room) choir(c codecs.Codec, key trackKey) *outlet {
	for _, o := range r.choirs {
		if o.key == key {
			return o
		}
	}
	o := newOutlet(r, c, key)
	r.choirs = append(r.choirs, o)
	return o
}

// outlet makes packets of blocks.
type outlet struct {
	key       trackKey
	users     int  // members that heard it in this block
	done      bool // fed with this block
	encoder   codecs.Encoder
	resampler *resample.Resampler
	need      int // samples of a packet, at the coder's rate
	pcm       []int16
	have      int
	payload   [packetio.MaxDatagram]byte
	size      int // of the packet; 0: none
}

func newOutlet(r *Room, c codecs.Codec, key trackKey) *outlet {
	o := &outlet{key: key}
	if c.NewEncoder == nil {
		return o
	}
	options, rate := key.options, c.SampleRate
	if c.Offers(r.rate) {
		options.SampleRate, rate = r.rate, r.rate
	}
	enc, err := c.NewEncoder(options)
	if err != nil {
		r.engine.log.Warn().Err(err).Str("codec", c.Name).Msg("media: a member of a room hears nothing")
		return o
	}
	o.encoder = enc
	o.need = int(key.ptime * time.Duration(rate) / time.Second)
	most := r.rate / 50
	if rate != r.rate {
		o.resampler = resample.New(r.rate, rate)
		most = o.resampler.Most(most)
		o.have = 1 // a resampler may give a sample less now and one more then
	}
	o.pcm = make([]int16, o.need+2*most)
	return o
}

// feed takes a block, and makes the packet when it is due.
func (o *outlet) feed(pcm []int16, due bool) {
	if o.encoder == nil {
		return
	}
	if o.have > o.need { // a packet was passed over while the codec changed
		o.have = 0
	}
	if o.resampler == nil {
		o.have += copy(o.pcm[o.have:], pcm)
	} else {
		o.have += o.resampler.Process(o.pcm[o.have:], pcm)
	}
	if !due {
		return
	}
	if lack := o.need - o.have; lack > 0 { // it began amid a packet
		copy(o.pcm[lack:], o.pcm[:o.have])
		clear(o.pcm[:lack])
		o.have = o.need
	}
	o.size = 0
	if n, err := o.encoder.Encode(o.payload[:], o.pcm[:o.need]); err == nil {
		o.size = n
	}
	o.have = copy(o.pcm, o.pcm[o.need:o.have])
}
