package media

import (
	"slices"
	"time"
)

// Tap hears a port on its shard, in blocks of 20 ms of 16-bit mono PCM at Rate Hz. heard is what the peer says: in order, through
// an adaptive jitter buffer, lost packets concealed, pauses as silence. said is what is sent to the peer, whatever it comes from
// (another leg, a playback, tones); telephone-events are in neither. Blocks of the two go together in time, and there is one for
// each 20 ms, sound or none. The blocks are borrowed until return. Block must not block; it may call every method of Port.
type Tap interface {
	Rate() int
	Block(heard, said []int16)
}

// Tap lets t hear the port until remove is called or the port is closed, through bridges, changes of codec and of source. There
// may be several. remove may be called at any time by anybody; it returns at once, and a block that has begun is finished. A port
// without taps does nothing for them, one with taps decodes what it otherwise only relays.
func (p *Port) Tap(t Tap) (remove func()) {
	p.post(func(s *shard) {
		if !p.closed {
			p.hearingAt(s, max(t.Rate(), 1000)).add(t)
		}
	})
	return func() {
		p.post(func(s *shard) {
			for _, h := range p.hearings {
				h.drop(s, t)
			}
		})
	}
}

const tapBlock = int64(20 * time.Millisecond)

// hearing is what all taps of one rate share: two streams made PCM by one clock.
type hearing struct {
	port        *Port
	rate        int
	taps        []Tap
	heard, said *listener
	in, out     []int16 // a block
	timer       timer
	next        int64 // shard time at which the next block is complete
}

// hearingAt returns the port's hearing of a rate, made when there is none.
func (p *Port) hearingAt(s *shard, rate int) *hearing {
	for _, h := range p.hearings {
		if h.rate == rate {
			return h
		}
	}
	n := rate / 50
	h := &hearing{port: p, rate: rate, heard: newListener(rate, true), said: newListener(rate, false), in: make([]int16, n), out: make([]int16, n)}
	h.timer.fire = h.tick
	h.next = (s.now+playGrid-1)/playGrid*playGrid + tapBlock
	p.hearings = append(slices.Clip(p.hearings), h)
	s.set(&h.timer, h.next)
	return h
}

func (h *hearing) add(t Tap) { h.taps = append(slices.Clip(h.taps), t) }

// drop takes t off, and the hearing with its last one. Lists are copied: a block may be on its way through the old ones.
func (h *hearing) drop(s *shard, t Tap) {
	i := slices.Index(h.taps, t)
	if i < 0 {
		return
	}
	h.taps = slices.Delete(slices.Clone(h.taps), i, i+1)
	if len(h.taps) > 0 {
		return
	}
	s.timers.stop(&h.timer)
	p := h.port
	p.hearings = slices.DeleteFunc(slices.Clone(p.hearings), func(x *hearing) bool { return x == h })
}

// tick makes the block that is complete.
func (h *hearing) tick(s *shard) {
	begin := h.next - tapBlock
	h.heard.block(h.in, begin)
	h.said.block(h.out, begin)
	h.next += tapBlock
	if h.next < s.now-int64(time.Second) { // the machine slept
		h.next = (s.now+playGrid-1)/playGrid*playGrid + tapBlock
	}
	s.set(&h.timer, h.next)
	for _, t := range h.taps {
		t.Block(h.in, h.out)
	}
}

// overhear lets the port's taps hear a frame that came in.
func (p *Port) overhear(f *Frame, other bool) {
	for _, h := range p.hearings {
		h.heard.put(f, other, p.at.now)
	}
}

// overhearSaid lets them hear a packet that goes out, with the numbers it goes out with.
func (p *Port) overhearSaid(f *Frame, seq uint16, ts uint32) {
	g := &p.said
	*g = *f
	g.Seq, g.Timestamp, g.Source = seq, ts, uint64(p.outgoing.ssrc)
	other := f.Format.Rate == 0 || f.Format.Name == telephoneEvent
	for _, h := range p.hearings {
		h.said.put(g, other, p.at.now)
	}
}
