package scripting

import (
	"fmt"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
)

// maxCollected bounds an extension that is keyed in, in digits.
const maxCollected = 255

// collect reads the rest of an extension that began with exten, and goes there; first is how long to wait for the first key. false: hang up.
func (c *call) collect(exten string, first time.Duration) bool {
	typed, wait := len(exten), first
	for len(exten) < maxCollected {
		if _, more := c.lookUp(dialplan.Place{Context: c.ch.Place().Context, Exten: exten, Priority: 1}, dialplan.MatchMore); !more {
			break
		}
		var d rune
		err := c.pausing(func() (err error) {
			d, err = c.ch.ReadDigit(wait)
			return err
		})
		if err != nil {
			return false
		}
		if d == 0 {
			break
		}
		exten += string(d)
		wait = c.timeouts.digit
	}
	switch {
	case exten == "" || len(exten) == typed && exten == c.ch.Place().Exten: // nothing, or nothing more after Incomplete()
		return c.silent()
	case c.exists(exten):
		c.enter(exten)
		return true
	}
	return c.invalid(exten)
}

// silent goes to `t`, else `e`, when nothing was keyed in; false: there is none, hang up.
func (c *call) silent() bool {
	if c.exists("t") {
		c.enter("t")
		return true
	}
	if c.except("RESPONSETIMEOUT", c.ch.Place()) {
		return true
	}
	c.log.Warn().Msg(printable(fmt.Sprintf("Timeout, but no rule 't' or 'e' in context '%s'", c.ch.Place().Context)))
	return false
}

// invalid goes to `i`, else `e`, of the current context; false: there is none, hang up.
func (c *call) invalid(exten string) bool {
	p := c.ch.Place()
	switch {
	case exten != "i" && c.exists("i"):
		c.log.Info().Msg(printable(fmt.Sprintf("Channel '%s' sent to invalid extension: context,exten,priority=%s,%s,%d", c.ch.Name(), p.Context, exten, p.Priority)))
		c.ch.Set("INVALID_EXTEN", exten)
		c.enter("i")
		return true
	case exten != "e" && c.except("INVALID", p):
		return true
	}
	c.log.Warn().Msg(printable(fmt.Sprintf("Channel '%s' sent to invalid extension but no invalid handler: context,exten,priority=%s,%s,%d",
		c.ch.Name(), p.Context, exten, p.Priority)))
	if c.ch.State() != channel.Up {
		c.ch.SetHangupCause(channel.Unallocated)
	}
	return false
}
