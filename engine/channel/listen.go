package channel

import (
	"sync/atomic"
	"time"
)

// ListenRequest says what Listen waits for: whichever comes first.
type ListenRequest struct {
	Playback *Playback // that plays meanwhile; its end is one. nil: none plays
	Keys     string    // digits that end it
	Timeout  time.Duration
	// Speech in its course of Min to Max (0: no bound), which ends with a Pause; only what ends within the first Within (0: always) counts.
	Min, Max, Pause, Within time.Duration
	Silence                 time.Duration // without a break; 0: not waited for
	Noise                   time.Duration // without a break; 0: not waited for
	Threshold               int           // mean amplitude below which 20 ms are silent; 0: 256, as Asterisk's
}

// ListenResult is what came first.
type ListenResult struct {
	Why   string        // "speech", "silence", "noise", "digit", "ended", "timeout"
	Digit rune          // with "digit"; it stays queued
	Talk  time.Duration // with "speech": how long, without the pause
}

// listenRate is that of the blocks that are measured, Hz.
const listenRate = 8000

// Listen waits for what the party says, or does not say. A Timeout of 0 is none.
func (c *Channel) Listen(req ListenRequest) (ListenResult, error) {
	if err := c.gone(); err != nil {
		return ListenResult{}, err
	}
	m := c.leg.Media()
	if m == nil {
		return ListenResult{}, ErrNoMedia
	}
	if req.Threshold <= 0 {
		req.Threshold = defaultThreshold
	}
	var timer <-chan time.Time
	if req.Timeout > 0 {
		var stop func()
		timer, stop = c.core.clock.After(req.Timeout)
		defer stop()
	}
	var ended <-chan struct{}
	if req.Playback != nil {
		ended = req.Playback.done
	}
	l := &listener{req: req, heard: make(chan ListenResult, 1)}
	defer func(remove func()) { remove(); l.over.Store(true) }(m.Tap(l))
	for {
		if d := c.digits.find(req.Keys); d != 0 {
			return ListenResult{Why: "digit", Digit: d}, nil
		}
		select {
		case <-c.digits.signal:
		case res := <-l.heard:
			return res, nil
		case <-ended:
			return ListenResult{Why: "ended"}, c.gone()
		case <-timer:
			return ListenResult{Why: "timeout"}, nil
		case <-c.stopped():
			return ListenResult{}, c.gone()
		}
	}
}

// listener is a running Listen, as the media thread sees it: all but over and heard is that thread's alone.
type listener struct {
	req   ListenRequest
	heard chan ListenResult // room for one
	over  atomic.Bool

	age            time.Duration
	began          time.Duration // of the speech; meaningful while speaking
	speaking       bool
	silence, noise time.Duration // that last now
}

// Rate is that of the blocks, Hz.
func (l *listener) Rate() int { return listenRate }

// Block takes 20 ms on the media thread.
func (l *listener) Block(heard, _ []int16) {
	if l.over.Load() || len(heard) == 0 {
		return
	}
	d := time.Duration(len(heard)) * time.Second / listenRate
	if level(heard) >= l.req.Threshold {
		if !l.speaking {
			l.speaking, l.began = true, l.age
		}
		l.silence, l.noise = 0, l.noise+d
	} else {
		l.silence, l.noise = l.silence+d, 0
	}
	l.age += d
	l.judge()
}

func (l *listener) judge() {
	req := &l.req
	switch {
	case req.Silence > 0 && l.silence >= req.Silence:
		l.tell(ListenResult{Why: "silence"})
	case req.Noise > 0 && l.noise >= req.Noise:
		l.tell(ListenResult{Why: "noise"})
	}
	if req.Pause <= 0 || !l.speaking || l.silence < req.Pause {
		return
	}
	l.speaking = false
	talk := l.age - l.silence - l.began
	if talk > req.Min && (req.Max <= 0 || talk < req.Max) && (req.Within <= 0 || l.age <= req.Within) {
		l.tell(ListenResult{Why: "speech", Talk: talk})
	}
}

// tell tells the first that came; Listen takes one.
func (l *listener) tell(res ListenResult) {
	select {
	case l.heard <- res:
	default:
	}
}
