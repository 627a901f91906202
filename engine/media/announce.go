package media

import (
	"errors"
	"io"
	"slices"
	"sync"

	"asterism/codecs/resample"
)

// announcement is a sound that everybody in the room hears.
type announcement struct {
	source    Source
	done      func()
	once      sync.Once
	resampler *resample.Resampler
	raw, pcm  []int16 // of the source; at the room's rate
	have      int
	ended     bool
}

// mostAnnouncements wait for those before them; one that finds so many is left out.
const mostAnnouncements = 32

// Play lets everybody hear src, after what plays already. done, which may be nil, is called once: at the end, on stop, or when the room
// closes or empties, or too much waits; on the shard, so it must not block. stop may be called at any time, by anybody.
func (r *Room) Play(src Source, done func()) (stop func()) {
	a := &announcement{source: src, done: done}
	r.shard.do(func() {
		switch {
		case r.closed, len(r.members) == 0, len(r.waiting) == mostAnnouncements:
			a.finish()
		case r.playing == nil:
			a.tune(r.rate)
			r.playing = a
		default:
			r.waiting = append(r.waiting, a)
		}
	})
	return func() {
		r.shard.do(func() {
			r.waiting = slices.DeleteFunc(r.waiting, func(x *announcement) bool { return x == a })
			if r.playing == a {
				r.advance()
			}
			a.finish()
		})
	}
}

// advance ends what plays and begins what waits.
func (r *Room) advance() {
	if r.playing != nil {
		r.playing.finish()
		r.playing = nil
	}
	if len(r.waiting) > 0 {
		r.playing = r.waiting[0]
		r.waiting = slices.Delete(r.waiting, 0, 1)
		r.playing.tune(r.rate)
	}
}

// silence ends what plays, and what waits to.
func (r *Room) silence() {
	for _, a := range r.waiting {
		a.finish()
	}
	r.waiting = nil
	r.advance()
}

func (a *announcement) finish() {
	a.once.Do(func() {
		if a.done != nil {
			a.done()
		}
	})
}

func (a *announcement) tune(rate int) {
	from := a.source.Rate()
	a.raw = make([]int16, max(from/100, 1))
	a.resampler, a.have = nil, 0
	most := len(a.raw)
	if from != rate {
		a.resampler = resample.New(from, rate)
		most = a.resampler.Most(len(a.raw))
	}
	a.pcm = make([]int16, rate/50+most)
}

// announce adds a block of the announcement to the sum.
func (r *Room) announce() {
	a := r.playing
	if a == nil {
		return
	}
	n := len(r.sum)
	for a.have < n && !a.ended {
		got, err := a.source.Read(a.raw)
		if err != nil {
			a.ended = true
			if !errors.Is(err, io.EOF) {
				r.engine.log.Warn().Err(err).Msg("media: an announcement ends early")
			}
		} else if got == 0 {
			break
		}
		if a.resampler == nil {
			a.have += copy(a.pcm[a.have:], a.raw[:got])
		} else {
			a.have += a.resampler.Process(a.pcm[a.have:], a.raw[:got])
		}
	}
	n = min(n, a.have)
	for i, v := range a.pcm[:n] {
		r.sum[i] += int32(v)
	}
	a.have = copy(a.pcm, a.pcm[n:a.have])
	if a.ended && a.have == 0 {
		r.advance()
	}
}
