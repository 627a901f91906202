package channel

import (
	"errors"
	"sync/atomic"
	"time"

	"asterism/engine/media"
)

// SpyMode says who hears a spy.
type SpyMode int

// Nobody; the party that is spied upon; it and whoever hears it.
const (
	SpyListens SpyMode = iota
	SpyWhispers
	SpyBarges
)

// SpyRequest says how a spy begins.
type SpyRequest struct {
	Mode      SpyMode
	HeardOnly bool // what the party says, not what it is told
	Deaf      bool // nothing of either
	Volume    float64
}

// Spy is one channel that listens to another, in bridges and out of them. It belongs to the owner of the first.
type Spy struct {
	spy, target *Channel
	req         SpyRequest
	rate        int
	factor      atomic.Int64 // of the sound, in 1/256
	hears       *media.Feed  // by the spy
	mixed       []int16
	play        *Playback
	removes     []func()
	stopTalk    []func() // ends what SetMode has begun
}

// Errors of spying.
var ErrSpySelf = errors.New("channel: a channel cannot spy upon itself")

// StartSpy lets c hear target instead of what plays to it, until End, which must be called. Sound that is played to c later takes its place.
func (c *Channel) StartSpy(target *Channel, req SpyRequest) (*Spy, error) {
	if err := c.gone(); err != nil {
		return nil, err
	}
	if c == target {
		return nil, ErrSpySelf
	}
	theirs := target.leg.Media()
	if theirs == nil || target.HungUp() {
		return nil, ErrNoMedia
	}
	s := &Spy{spy: c, target: target, req: req, rate: c.PlayRate()}
	s.SetVolume(req.Volume)
	s.hears, s.mixed = media.NewFeed(s.rate), make([]int16, s.rate/50)
	play, err := c.StartPlay(s.hears)
	if err != nil {
		return nil, err
	}
	s.play = play
	if !req.Deaf {
		s.removes = append(s.removes, theirs.Tap(spyTap{s}))
	}
	s.SetMode(req.Mode)
	return s, nil
}

// spyTap is what the spy hears, on the media thread of its target.
type spyTap struct{ *Spy }

func (t spyTap) Rate() int { return t.rate }

func (t spyTap) Block(heard, said []int16) {
	factor := t.factor.Load()
	for i, v := range heard {
		sum := int64(v)
		if !t.req.HeardOnly {
			sum += int64(said[i])
		}
		t.mixed[i] = int16(min(max(sum*factor/256, -32768), 32767))
	}
	t.hears.Write(t.mixed)
}

// talk is what a spy says, on its own media thread.
type talk struct {
	rate  int
	feeds []*media.Feed
}

func (t talk) Rate() int { return t.rate }

func (t talk) Block(heard, _ []int16) {
	for _, f := range t.feeds {
		f.Write(heard)
	}
}

// SetMode changes who hears the spy.
func (s *Spy) SetMode(m SpyMode) {
	for _, stop := range s.stopTalk {
		stop()
	}
	s.stopTalk = nil
	mine, theirs := s.spy.leg.Media(), s.target.leg.Media()
	if m == SpyListens || mine == nil || theirs == nil {
		return
	}
	t := talk{rate: s.rate}
	for way := SpyWhispers; way <= m; way++ {
		f := media.NewFeed(s.rate)
		t.feeds = append(t.feeds, f)
		s.stopTalk = append(s.stopTalk, theirs.Overlay(f, way == SpyBarges))
	}
	s.stopTalk = append(s.stopTalk, mine.Tap(&t))
}

// SetVolume makes what the spy hears so many times as loud; below 0 it is divided by that, 0 is as it comes.
func (s *Spy) SetVolume(level float64) {
	factor := 1.0
	switch {
	case level > 0:
		factor = level
	case level < 0:
		factor = -1 / level
	}
	s.factor.Store(int64(factor * 256))
}

// Next waits for a key of the spy, or for the end of who is spied upon (gone), so long at most; negative: for ever. 0 and false is the
// end of the time.
func (s *Spy) Next(timeout time.Duration) (key rune, gone bool, err error) {
	c := s.spy
	if err := c.gone(); err != nil {
		return 0, false, err
	}
	var timer <-chan time.Time
	if timeout >= 0 {
		var stop func()
		timer, stop = c.core.clock.After(timeout)
		defer stop()
	}
	for {
		if d := c.digits.pop(); d != 0 {
			return d, false, nil
		}
		select {
		case <-c.digits.signal:
		case <-s.target.ctx.Done():
			return 0, true, nil
		case <-timer:
			return 0, false, nil
		case <-c.stopped():
			return 0, false, c.gone()
		}
	}
}

// End is idempotent.
func (s *Spy) End() {
	s.SetMode(SpyListens)
	for _, remove := range s.removes {
		remove()
	}
	s.removes = nil
	s.play.Stop()
}
