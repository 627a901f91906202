package channel

// LegCause is how a leg that this channel dialled ended, or that it was answered: HANGUPCAUSE().
type LegCause struct {
	Channel string
	Cause   Cause
	Detail  string // in the technology's words: "SIP 486 Busy Here"; "" if it said nothing
}

// maxLegCauses bounds what is remembered of a channel that dials without end; the oldest go.
const maxLegCauses = 100

// LegCauses are those of all legs since ClearLegCauses, oldest first.
func (c *Channel) LegCauses() []LegCause {
	return locked(c, func() []LegCause { return append([]LegCause(nil), c.legCauses...) })
}

// ClearLegCauses forgets them.
func (c *Channel) ClearLegCauses() { c.update(func() { c.legCauses = nil }) }

func (c *Channel) noteLegCause(l LegCause) {
	c.update(func() {
		if len(c.legCauses) >= maxLegCauses {
			c.legCauses = c.legCauses[1:]
		}
		c.legCauses = append(c.legCauses, l)
	})
}
