package sound

import (
	"slices"
	"sync/atomic"
)

// A clip keeps what its listeners' encoders made of it, one track for each kind of packet, so that only the first listener to get
// that far pays for it:
//
//	Player.Packet() ─┬─ known ──────────────────────────────────────────────► Out
//	                 └─ nil: Player.Read() ► encoder ─┬─────────────────────► Out
//	                                                  └─ Player.Keep() ► track, when the playback ends
//
// Only whole clips played alone, as they are, have packets: what is paused, faster or louder, or begins amid a packet, is encoded.

// track is what a clip was encoded to.
type track struct {
	packets atomic.Pointer[packets]
	writing atomic.Bool // somebody is making a longer one
}

// packets are the first ones of a clip. They are never changed; a longer row may share their memory.
type packets struct {
	data []byte
	ends []int // of each in data
}

func (p *packets) at(i int) []byte {
	begin := 0
	if i > 0 {
		begin = p.ends[i-1]
	}
	return p.data[begin:p.ends[i]:p.ends[i]]
}

// track returns the clip's track of a key, nil if the clip keeps none.
func (c *Clip) track(key any) *track {
	if c.charge == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tracks[key]
	if t == nil {
		if c.tracks == nil {
			c.tracks = map[any]*track{}
		}
		t = &track{}
		t.packets.Store(&packets{})
		c.tracks[key] = t
	}
	return t
}

// reading is a player's place in a track. It belongs to the media thread.
type reading struct {
	clip    *Clip
	track   *track // nil: none
	samples int64  // of a packet
	known   *packets
	made    packets // by this playback; empty if it makes none
	makes   bool
	next    int64 // the packet that Keep may be given; -1: none
}

// Tune says what packets the next are: alike for everybody who names an equal key (which is comparable), of so many samples at the
// clip's rate. A key of nil ends it, and what was kept so far is there for others.
func (p *Player) Tune(key any, samples int) {
	r := &p.reading
	if r.makes {
		r.publish()
	}
	*r = reading{next: -1}
	if key == nil || len(p.clips) != 1 || samples <= 0 {
		return
	}
	if r.clip, r.track = p.clips[0], p.clips[0].track(key); r.track != nil {
		r.samples, r.known = int64(samples), r.track.packets.Load()
	}
}

func (r *reading) publish() {
	if by := len(r.made.data) - len(r.known.data); by > 0 && r.clip.charge(r.clip, int64(by)) {
		made := r.made
		r.track.packets.Store(&made)
	}
	r.track.writing.Store(false)
}

// plain says that the clip is heard as it is.
func (p *Player) plain() bool {
	return !p.paused.Load() && p.speed.Load() == unit && p.gain.Load() == unit
}

// Packet returns the next packet and moves behind it; nil if it is not known. It is borrowed and must not be changed.
func (p *Player) Packet() []byte {
	r := &p.reading
	r.next = -1
	if r.track == nil || !p.plain() {
		return nil
	}
	at := p.pos.Load()
	i := at / r.samples
	if at%r.samples != 0 || at >= p.total {
		return nil
	}
	if i < int64(len(r.known.ends)) {
		if p.pos.CompareAndSwap(at, min(at+r.samples, p.total)) {
			p.stretch.reset()
			return r.known.at(int(i))
		}
		return nil
	}
	r.next = i
	return nil
}

// Keep is told what the samples read since Packet were encoded to.
func (p *Player) Keep(payload []byte) {
	r := &p.reading
	if r.next < 0 || !p.plain() || p.pos.Load() != min((r.next+1)*r.samples, p.total) {
		return
	}
	if !r.makes {
		if r.next != int64(len(r.known.ends)) || !r.track.writing.CompareAndSwap(false, true) {
			return
		}
		r.makes = true
		r.known = r.track.packets.Load()
		count := int((p.total + r.samples - 1) / r.samples)
		r.made = packets{append(make([]byte, 0, min(count*len(payload), mostAhead)), r.known.data...), slices.Grow(slices.Clone(r.known.ends), count-len(r.known.ends))}
	}
	if r.next == int64(len(r.made.ends)) {
		r.made.data = append(r.made.data, payload...)
		r.made.ends = append(r.made.ends, len(r.made.data))
	}
}

// mostAhead is the space made for packets at once, bytes: a minute of µ-law. Longer clips grow as they are heard.
const mostAhead = 60 * 8000

// Before fills pcm with what comes before the place of the playback, and says how much of it there was.
func (p *Player) Before(pcm []int16) int {
	at := max(p.pos.Load()-int64(len(pcm)), 0)
	return p.copyAt(pcm[:min(p.pos.Load(), int64(len(pcm)))], at)
}
