package media

import "sync/atomic"

// Feed carries PCM from one shard to another: a tap's block function writes it, a playback or an overlay reads it. It begins to be read
// when feedAhead is there, is silence when nothing is, and never grows older than feedMost. One writer, one reader, no lock.
type Feed struct {
	rate    int
	ring    []int16
	head    atomic.Int64 // samples written
	tail    atomic.Int64 // samples read
	flowing bool         // the reader's
}

const (
	feedAhead  = 40  // ms
	feedMost   = 120 // ms
	feedLength = 400 // ms
)

// NewFeed makes one of rate Hz.
func NewFeed(rate int) *Feed {
	return &Feed{rate: rate, ring: make([]int16, rate*feedLength/1000)}
}

// Rate is that of the PCM, Hz.
func (f *Feed) Rate() int { return f.rate }

// Write adds pcm, which is left out if nobody reads.
func (f *Feed) Write(pcm []int16) {
	head := f.head.Load()
	if int(head-f.tail.Load())+len(pcm) > len(f.ring) {
		return
	}
	for at := int(head) % len(f.ring); len(pcm) > 0; at = 0 {
		n := copy(f.ring[at:], pcm)
		pcm = pcm[n:]
		head += int64(n)
	}
	f.head.Store(head)
}

// Read fills pcm (Source). It never ends.
func (f *Feed) Read(pcm []int16) (int, error) {
	tail := f.tail.Load()
	have := int(f.head.Load() - tail)
	if have > f.rate*feedMost/1000 {
		tail += int64(have - f.rate*feedAhead/1000)
		have = f.rate * feedAhead / 1000
	}
	if !f.flowing && have < f.rate*feedAhead/1000 || have < len(pcm) {
		f.flowing = false
		clear(pcm)
		f.tail.Store(tail)
		return len(pcm), nil
	}
	f.flowing = true
	for n := 0; n < len(pcm); {
		k := copy(pcm[n:], f.ring[int(tail)%len(f.ring):])
		n += k
		tail += int64(k)
	}
	f.tail.Store(tail)
	return len(pcm), nil
}
