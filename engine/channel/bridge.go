package channel

import "time"

// BridgeOptions are a bridge's features; they come with transfers and recording.
type BridgeOptions struct{}

// BridgeResult is how a bridge ended.
type BridgeResult struct {
	PeerHungUp bool          // the peer left first; the caller may go on (Dial's g)
	PeerMoved  bool          // the peer left because it was redirected: it is up, and whoever owns it has to see to it
	Duration   time.Duration // both were joined
}

// Bridge lets two answered channels hear each other until one of them hangs up. It does not hang up the other one. When the channel itself
// is gone, the error is its *HangupError.
func (c *Channel) Bridge(peer *Channel, _ BridgeOptions) (BridgeResult, error) {
	if err := c.gone(); err != nil {
		return BridgeResult{}, err
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
	case <-c.stopped():
	case <-peer.stopped():
	}
	leave()
	c.update(func() { c.bridgeID, c.bridgedTo = "", "" })
	peer.update(func() { peer.bridgeID, peer.bridgedTo = "", "" })
	c.core.observer.Unbridged(c, peer)
	res := BridgeResult{Duration: c.core.clock.Now().Sub(began)}
	if err := c.gone(); err != nil {
		return res, err
	}
	res.PeerHungUp = true
	res.PeerMoved = peer.Interrupted() != nil
	c.SetHangupCause(peer.HangupCause())
	return res, nil
}
