package channel

import (
	"slices"
	"strings"
	"sync"
	"time"

	"asterism/engine/media"
)

// Answer answers an incoming call and waits for what the technology needs (the 200 is on its way). Harmless when up.
func (c *Channel) Answer() error {
	if err := c.gone(); err != nil {
		return err
	}
	if c.State() == Up {
		return nil
	}
	if err := c.leg.Answer(c.ctx); err != nil {
		if c.HungUp() {
			return c.gone()
		}
		return err
	}
	c.MarkAnswered()
	return nil
}

// MarkAnswered notes that the leg is up; technologies call it for channels that were dialled.
func (c *Channel) MarkAnswered() {
	c.mu.Lock()
	first := c.answered.IsZero()
	if first {
		c.answered = c.core.clock.Now()
	}
	c.state = Up
	c.mu.Unlock()
	if first {
		c.core.observer.ChannelAnswered(c)
	}
}

// SetState is for technologies: Ringing when a dialled phone rings.
func (c *Channel) SetState(s State) {
	changed := false
	c.update(func() {
		if c.state != Up && c.state != s {
			c.state, changed = s, true
		}
	})
	if changed {
		c.core.observer.StateChanged(c)
	}
}

// Wait lets d pass; digits that arrive are kept.
func (c *Channel) Wait(d time.Duration) error {
	if err := c.gone(); err != nil {
		return err
	}
	timer, stop := c.core.clock.After(d)
	defer stop()
	select {
	case <-timer:
		return nil
	case <-c.stopped():
		return c.gone()
	}
}

// WaitFor returns when done is closed, or d has passed.
func (c *Channel) WaitFor(done <-chan struct{}, d time.Duration) error {
	if err := c.gone(); err != nil {
		return err
	}
	timer, stop := c.core.clock.After(d)
	defer stop()
	select {
	case <-done:
		return nil
	case <-timer:
		return nil
	case <-c.stopped():
		return c.gone()
	}
}

// Receive takes the next value of from, which another goroutine sends; false when d has passed (negative: never) or from was closed.
func Receive[T any](c *Channel, from <-chan T, d time.Duration) (v T, ok bool, err error) {
	if err := c.gone(); err != nil {
		return v, false, err
	}
	select {
	case v, ok = <-from: // also when no time is given
		return v, ok, nil
	default:
	}
	var timer <-chan time.Time
	if d >= 0 {
		var stop func()
		timer, stop = c.core.clock.After(d)
		defer stop()
	}
	select {
	case v, ok = <-from:
		return v, ok, nil
	case <-timer:
		return v, false, nil
	case <-c.stopped():
		return v, false, c.gone()
	}
}

// Echo sends the party's sound and digits back until a digit of stop is pressed.
func (c *Channel) Echo(stop string) (rune, error) {
	if err := c.gone(); err != nil {
		return 0, err
	}
	m := c.leg.Media()
	if m == nil {
		return 0, ErrNoMedia
	}
	c.StopTone()
	c.StopMusic()
	m.Echo(true)
	defer m.Echo(false)
	for {
		d, err := c.ReadDigit(-1)
		if err != nil {
			return 0, err
		}
		if strings.ContainsRune(stop, d) {
			return d, nil
		}
	}
}

// SendDigits sends DTMF to the party: 0–9 * # A–D (a–d too), f is a flash, w waits half a second, W a second; gap between digits, dur
// each (Asterisk: 250 and 100 ms). Another character is skipped with a log line. Unlike its siblings it may be called from anywhere.
func (c *Channel) SendDigits(digits string, gap, dur time.Duration) error {
	if err := c.gone(); err != nil {
		return err
	}
	for _, d := range digits {
		pause := dur + gap
		switch d {
		case 'w':
			pause = 500 * time.Millisecond
		case 'W':
			pause = time.Second
		default:
			key, ok := dtmfKey(d)
			if !ok {
				c.log.Warn().Str("digit", string(d)).Msg("no DTMF digit, skipped")
				continue
			}
			m := c.leg.Media()
			if m == nil {
				return ErrNoMedia
			}
			m.SendDigit(key, dur)
		}
		if err := c.Wait(pause); err != nil {
			return err
		}
	}
	return nil
}

// SetJitterBuffer evens out what the party sends before a bridge or an echo passes it on; nil passes it on as it comes.
func (c *Channel) SetJitterBuffer(b *media.JitterBuffer) error {
	m := c.leg.Media()
	if m == nil {
		return ErrNoMedia
	}
	m.SetJitterBuffer(b)
	return nil
}

// SetVolume makes what the party says, and what it is told, louder or softer, until the channel ends.
func (c *Channel) SetVolume(v media.Volume) error {
	m := c.leg.Media()
	if m == nil {
		return ErrNoMedia
	}
	m.SetVolume(v)
	return nil
}

// Volume is how loud the channel is; a channel without sound is as it comes.
func (c *Channel) Volume() media.Volume {
	if m := c.leg.Media(); m != nil {
		return m.Volume()
	}
	return media.Volume{}
}

// dtmfKey is the key that a character of a script stands for; '!' is the flash of RFC 4733.
func dtmfKey(d rune) (rune, bool) {
	switch {
	case '0' <= d && d <= '9', 'A' <= d && d <= 'D', d == '*', d == '#':
		return d, true
	case 'a' <= d && d <= 'd':
		return d - 'a' + 'A', true
	case d == 'f', d == 'F', d == '!':
		return '!', true
	}
	return 0, false
}

// ReadDigit takes the next digit; 0 when timeout has passed without one. A negative timeout waits for ever, zero only looks.
func (c *Channel) ReadDigit(timeout time.Duration) (rune, error) {
	if err := c.gone(); err != nil {
		return 0, err
	}
	var timer <-chan time.Time
	if timeout >= 0 {
		var stop func()
		timer, stop = c.core.clock.After(timeout)
		defer stop()
	}
	for {
		if d := c.digits.pop(); d != 0 {
			return d, nil
		}
		if timeout == 0 {
			return 0, nil
		}
		select {
		case <-c.digits.signal:
		case <-timer:
			return 0, nil
		case <-c.stopped():
			return 0, c.gone()
		}
	}
}

// TakeDigit removes the first queued digit d, if there is one.
func (c *Channel) TakeDigit(d rune) { c.digits.take(d) }

// FlushDigits forgets digits typed ahead.
func (c *Channel) FlushDigits() { c.digits.flush() }

// Digit is called by the technology for each digit the party presses while not bridged, as soon as it is down. A full queue drops it.
func (c *Channel) Digit(d rune) {
	if !c.digits.push(d) {
		c.log.Warn().Str("digit", string(d)).Int("bound", maxDigits).Msg("digit queue full, digit dropped")
	}
}

// DigitEnded is called by the technology when a key was let go, after dur. Of one that Digit did not tell it says nothing.
func (c *Channel) DigitEnded(d rune, dur time.Duration) {
	if c.digits.lift(d) {
		c.core.observer.DigitReceived(c, d, dur)
	}
}

const maxDigits = 64

// digitQueue holds digits that nobody has read yet; signal has room for one wake-up of the one reader.
type digitQueue struct {
	mu     sync.Mutex
	queue  []rune
	down   rune // the last one; 0 once it was let go
	signal chan struct{}
}

func (q *digitQueue) push(d rune) bool {
	q.mu.Lock()
	full := len(q.queue) >= maxDigits
	if !full {
		q.queue = append(q.queue, d)
		q.down = d
	}
	q.mu.Unlock()
	select {
	case q.signal <- struct{}{}:
	default:
	}
	return !full
}

// lift reports whether d is the key that is down, and lets it go.
func (q *digitQueue) lift(d rune) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down != d {
		return false
	}
	q.down = 0
	return true
}

// find is the first queued digit that is one of set; 0 when none is.
func (q *digitQueue) find(set string) rune {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range q.queue {
		if strings.ContainsRune(set, d) {
			return d
		}
	}
	return 0
}

func (q *digitQueue) take(d rune) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.queue, d); i >= 0 {
		q.queue = slices.Delete(q.queue, i, i+1)
	}
}

func (q *digitQueue) pop() rune {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) == 0 {
		return 0
	}
	d := q.queue[0]
	q.queue = q.queue[1:]
	return d
}

func (q *digitQueue) flush() {
	q.mu.Lock()
	q.queue = nil
	q.mu.Unlock()
}
