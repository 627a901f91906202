package media

import (
	"slices"

	"asterism/codecs/resample"
)

// roomTap hears the mix at a rate of its own.
type roomTap struct {
	rate      int // of the blocks f gets, Hz
	f         func(mix []int16)
	resampler *resample.Resampler // nil: the room has that rate
	pcm       []int16
	have      int
}

// Tap lets f hear the whole mix, announcements too, in blocks of 20 ms at rate Hz, whatever the room's is, until remove is called. f runs on
// the shard and must not block; the block is borrowed. While nobody is in the room there are no blocks.
func (r *Room) Tap(rate int, f func(mix []int16)) (remove func()) {
	t := &roomTap{rate: max(rate, 1000), f: f}
	r.shard.do(func() {
		t.tune(r.rate)
		r.taps = append(slices.Clip(r.taps), t)
	})
	return func() {
		r.shard.do(func() {
			r.taps = slices.DeleteFunc(slices.Clone(r.taps), func(x *roomTap) bool { return x == t })
		})
	}
}

// tune makes the tap ready for a room of a rate.
func (t *roomTap) tune(rate int) {
	t.resampler = nil
	if rate == t.rate {
		t.pcm, t.have = nil, 0
		return
	}
	t.resampler = resample.New(rate, t.rate)
	block := t.rate / 50
	t.pcm, t.have = make([]int16, block+2+t.resampler.Most(rate/50)), 0
}

// hear takes a block of the room.
func (t *roomTap) hear(mix []int16) {
	if t.resampler == nil {
		t.f(mix)
		return
	}
	t.have += t.resampler.Process(t.pcm[t.have:], mix)
	block := t.rate / 50
	if lack := block + 1 - t.have; t.have < block { // its delay, once; and a sample more, for it may give one less now and one more then
		copy(t.pcm[lack:], t.pcm[:t.have])
		clear(t.pcm[:lack])
		t.have += lack
	}
	t.f(t.pcm[:block])
	t.have = copy(t.pcm, t.pcm[block:t.have])
}
