package channel

import (
	"strings"
	"time"
)

// BridgeOptions are what a bridge watches for. The zero value: nothing but the hang-up.
type BridgeOptions struct {
	Limit time.Duration // the bridge ends after so long; 0 is never
	// Mine and Theirs are the codes that this channel's and the peer's party may press, and what each means. The digits of a party with
	// codes reach the other one when they can be no code any more, or after Pause.
	Mine, Theirs map[string]string
	Pause        time.Duration // between two digits of a code; 0: one second
}

// BridgeResult is how a bridge ended: by the peer's hang-up, the limit, or a code.
type BridgeResult struct {
	PeerHungUp bool // the peer left first; the caller may go on (Dial's g)
	PeerMoved  bool // the peer left because it was redirected: it is up, and whoever owns it has to see to it
	TimedOut   bool
	Code       string        // what the code that was pressed means
	ByPeer     bool          // it was the peer who pressed it
	Duration   time.Duration // both were joined
}

// Bridge lets two answered channels hear each other until one of them hangs up, or what opts say; who is put on hold hears music. It hangs nobody up; the two may be joined
// again. When the channel itself is gone, the error is its *HangupError.
func (c *Channel) Bridge(peer *Channel, opts BridgeOptions) (BridgeResult, error) {
	if err := c.gone(); err != nil {
		return BridgeResult{}, err
	}
	c.StopTone()
	c.StopMusic()
	mine, theirs := c.leg.Media(), peer.leg.Media()
	if mine == nil || theirs == nil {
		return BridgeResult{}, ErrNoMedia
	}
	c.FlushDigits()
	peer.FlushDigits()
	leave, err := mine.Join(theirs, KeptDigits{len(opts.Mine) > 0, len(opts.Theirs) > 0})
	if err != nil {
		return BridgeResult{}, err
	}
	began := c.core.clock.Now()
	bridge, mineID, theirsID := c.core.bridgeID(), c.CallerID(), peer.CallerID()
	c.update(func() { c.bridgeID, c.bridgedTo = bridge, peer.name })
	known := false // whom we called was told who calls
	peer.update(func() {
		peer.bridgeID, peer.bridgedTo, peer.connected = bridge, c.name, mineID
		known, peer.calledFor = peer.calledFor == c.name, ""
	})
	c.talksTo(theirsID)
	if !known {
		peer.talksTo(mineID)
	}
	c.core.observer.Bridged(c, peer)
	mineHolds, theirsHold := holdMusic{party: peer, holder: c}, holdMusic{party: c, holder: peer}
	c.bridged.Store(true)
	peer.bridged.Store(true)
	res := c.watch(peer, opts, func() { mineHolds.follow(); theirsHold.follow() })
	mineHolds.end()
	theirsHold.end()
	c.bridged.Store(false)
	peer.bridged.Store(false)
	leave()
	c.update(func() { c.bridgeID, c.bridgedTo = "", "" })
	peer.update(func() { peer.bridgeID, peer.bridgedTo = "", "" })
	c.core.observer.Unbridged(c, peer)
	res.Duration = c.core.clock.Now().Sub(began)
	if err := c.gone(); err != nil {
		res.PeerHungUp = false
		return res, err
	}
	if res.PeerHungUp {
		res.PeerMoved = peer.Interrupted() != nil
		c.SetHangupCause(peer.HangupCause())
	}
	return res, nil
}

// watch waits for the bridge's end; holds is called at once, and whenever one of the two was put on hold or taken back.
func (c *Channel) watch(peer *Channel, opts BridgeOptions, holds func()) BridgeResult {
	if opts.Pause == 0 {
		opts.Pause = time.Second
	}
	var limit <-chan time.Time
	if opts.Limit > 0 {
		var stop func()
		limit, stop = c.core.clock.After(opts.Limit)
		defer stop()
	}
	mine, theirs := codes{from: c, to: peer, known: opts.Mine}, codes{from: peer, to: c, known: opts.Theirs}
	var pause <-chan time.Time
	stopPause := func() {}
	defer func() { stopPause() }()
	holds()
	for {
		select {
		case <-c.holding:
			holds()
		case <-peer.holding:
			holds()
		case <-c.stopped():
			return BridgeResult{}
		case <-peer.stopped():
			return BridgeResult{PeerHungUp: true}
		case <-limit:
			return BridgeResult{TimedOut: true}
		case <-pause:
			if code := mine.end(); code != "" {
				return BridgeResult{Code: code}
			}
			if code := theirs.end(); code != "" {
				return BridgeResult{Code: code, ByPeer: true}
			}
		case <-mine.signal():
			if code := mine.take(); code != "" {
				return BridgeResult{Code: code}
			}
		case <-theirs.signal():
			if code := theirs.take(); code != "" {
				return BridgeResult{Code: code, ByPeer: true}
			}
		}
		stopPause()
		pause, stopPause = nil, func() {}
		if mine.typed+theirs.typed != "" {
			pause, stopPause = c.core.clock.After(opts.Pause)
		}
	}
}

// codes collects what one party of a bridge presses.
type codes struct {
	from, to *Channel
	known    map[string]string
	typed    string
}

// signal wakes when from has pressed something; nil, which never does, for a party without codes.
func (k *codes) signal() <-chan struct{} {
	if len(k.known) == 0 {
		return nil
	}
	return k.from.digits.signal
}

// take reads what is queued: the meaning of a code that is complete and cannot become a longer one, else "". What can be no code is sent on.
func (k *codes) take() string {
	for d := k.from.digits.pop(); d != 0; d = k.from.digits.pop() {
		k.typed += string(d)
		for k.typed != "" && !k.begins() {
			k.pass(1)
		}
		if what := k.known[k.typed]; what != "" && !k.longer() {
			return what
		}
	}
	return ""
}

// end is the pause after what was typed: it is a code, or it is sent on.
func (k *codes) end() string {
	if what := k.known[k.typed]; what != "" {
		return what
	}
	k.pass(len(k.typed))
	return ""
}

func (k *codes) begins() bool { return k.known[k.typed] != "" || k.longer() }

func (k *codes) longer() bool {
	for code := range k.known {
		if len(code) > len(k.typed) && strings.HasPrefix(code, k.typed) {
			return true
		}
	}
	return false
}

// pass sends the first n digits typed to the other party.
func (k *codes) pass(n int) {
	if m := k.to.leg.Media(); m != nil {
		for _, d := range k.typed[:n] {
			m.SendDigit(d, passedDigit)
		}
	}
	k.typed = k.typed[n:]
}

// passedDigit is how long a digit is that was held back while it could be part of a code.
const passedDigit = 100 * time.Millisecond
