package channel

import "time"

// BridgeOptions are a bridge's features; they come with transfers and recording.
type BridgeOptions struct{}

// BridgeResult is how a bridge ended.
type BridgeResult struct {
	PeerHungUp bool          // the peer left first; the caller may go on (Dial's g)
	Duration   time.Duration // both were joined
}

// Bridge lets two answered channels hear each other until one of them hangs up. It does not hang up the other one. When the channel itself
// is gone, the error is its *HangupError.
func (c *Channel) Bridge(peer *Channel, _ BridgeOptions) (BridgeResult, error) {
	if c.HungUp() {
		return BridgeResult{}, c.gone()
	}
	c.StopTone()
	mine, theirs := c.leg.Media(), peer.leg.Media()
	if mine == nil || theirs == nil {
		return BridgeResult{}, ErrNoMedia
	}
	leave, err := mine.Join(theirs)
	if err != nil {
		return BridgeResult{}, err
	}
	began := c.core.clock.Now()
	bridge, mineID, theirsID := c.core.bridgeID(), c.CallerID(), peer.CallerID()
	c.update(func() { c.bridgeID, c.bridgedTo, c.connected = bridge, peer.name, theirsID })
	peer.update(func() { peer.bridgeID, peer.bridgedTo, peer.connected = bridge, c.name, mineID })
	c.core.observer.Bridged(c, peer)
	select {
	case <-c.ctx.Done():
	case <-peer.ctx.Done():
	}
	leave()
	c.update(func() { c.bridgeID, c.bridgedTo = "", "" })
	peer.update(func() { peer.bridgeID, peer.bridgedTo = "", "" })
	c.core.observer.Unbridged(c, peer)
	res := BridgeResult{Duration: c.core.clock.Now().Sub(began)}
	if c.HungUp() {
		return res, c.gone()
	}
	res.PeerHungUp = true
	c.SetHangupCause(peer.HangupCause())
	return res, nil
}
