package channel

import (
	"sync"
	"time"

	"asterism/engine/media"
)

// Playback is a sound that plays while the owner of the channel does other things.
type Playback struct {
	c    *Channel
	done chan struct{}
	stop func()
}

// StartPlay begins to play src, instead of what plays, and returns at once. The owner must call Stop in the end.
func (c *Channel) StartPlay(src media.Source) (*Playback, error) {
	if err := c.gone(); err != nil {
		return nil, err
	}
	m := c.leg.Media()
	if m == nil {
		return nil, ErrNoMedia
	}
	c.StopTone()
	c.StopMusic()
	p := &Playback{c: c, done: make(chan struct{})}
	var once sync.Once
	p.stop = m.Play(src, func() { once.Do(func() { close(p.done) }) })
	return p, nil
}

// Wait returns the first queued digit that is one of keys, or, once there is none, 0 and whether the sound has ended; or 0 and false when
// timeout has passed (negative: never). The digit stays queued.
func (p *Playback) Wait(keys string, timeout time.Duration) (digit rune, ended bool, err error) {
	var timer <-chan time.Time
	if timeout >= 0 {
		var stop func()
		timer, stop = p.c.core.clock.After(timeout)
		defer stop()
	}
	for {
		if d := p.c.digits.find(keys); d != 0 {
			return d, false, nil
		}
		select {
		case <-p.done:
			return 0, true, p.c.gone()
		case <-p.c.digits.signal:
		case <-timer:
			return 0, false, nil
		case <-p.c.stopped():
			return 0, true, p.c.gone()
		}
	}
}

// Stop ends the sound: no packet of it is sent from a millisecond later on. Idempotent, safe from any goroutine.
func (p *Playback) Stop() { p.stop() }

// Play plays src to its end, or until a digit of interrupt is pressed; that digit is returned and stays queued for ReadDigit. A digit typed
// ahead stops it before it starts. 0 means: played to its end.
func (c *Channel) Play(src media.Source, interrupt string) (rune, error) {
	p, err := c.StartPlay(src)
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	digit, _, err := p.Wait(interrupt, -1)
	return digit, err
}

// PlayRate is the rate of a source that plays to this channel without being resampled, Hz.
func (c *Channel) PlayRate() int {
	if m := c.leg.Media(); m != nil {
		return m.PlayRate()
	}
	return 8000
}
