package channel

// Who a party talks to, shown on his phone: when a call is answered, when a transfer or a pickup has put somebody else in his place.

// ConnectedShower is a Leg that can show its party whom it talks to.
type ConnectedShower interface {
	// ShowConnected : the party talks, or is about to talk, to id. It returns at once.
	ShowConnected(id CallerID)
}

// talksTo notes whom the channel talks to, and shows it to its party unless it knows.
func (c *Channel) talksTo(id CallerID) {
	silent := false
	c.update(func() { c.connected, silent = id, c.unshown })
	if s, ok := c.leg.(ConnectedShower); ok && !silent {
		s.ShowConnected(id)
	}
}

// FarEndIs : the channel's party is somebody else than was thought, by its own word or because it was transferred. Whom it talks to is shown
// that. Of id name, number and presentation count. Safe from any goroutine.
func (c *Channel) FarEndIs(id CallerID) {
	var now CallerID
	peer := ""
	c.update(func() {
		c.callerID.Name, c.callerID.Number, c.callerID.Presentation = id.Name, id.Number, id.Presentation
		now, peer = c.callerID, c.bridgedTo
	})
	if peer == "" {
		return
	}
	if p, ok := c.core.Find(peer); ok {
		p.talksTo(now)
	}
}
