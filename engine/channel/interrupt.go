package channel

import (
	"context"
	"errors"

	"asterism/engine/dialplan"
)

// ErrRedirected is what a primitive returns when another party moved the channel to a new place: the script ends without `h`.
var ErrRedirected = errors.New("channel: redirected")

// ErrAbsoluteTimeout is what a primitive returns once the time of TIMEOUT(absolute) is over: the script goes on in `T`.
var ErrAbsoluteTimeout = errors.New("channel: absolute timeout")

// Interrupt makes the primitive that runs, and every later one, return err until the owner calls Resume. Only the first interruption
// counts, and a hang-up comes before all. Safe from anywhere.
func (c *Channel) Interrupt(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupt(err)
}

func (c *Channel) interrupt(err error) { c.cancelTurn(err) }

// Redirect moves the channel to another place of the dialplan, from anywhere: its primitives return ErrRedirected, and its owner goes on
// at p after Resume. The last of several redirections counts.
func (c *Channel) Redirect(p dialplan.Place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redirected = &p
	c.interrupt(ErrRedirected)
}

// Interrupted is why primitives return at once although the channel is up: what Interrupt was given, nil if nothing happened.
func (c *Channel) Interrupted() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interruptedLocked()
}

func (c *Channel) interruptedLocked() error {
	if c.ctx.Err() != nil {
		return nil
	}
	return context.Cause(c.turn)
}

// Resume ends an interruption and returns why there was one; a redirected channel is at its new place then. Its owner calls it.
func (c *Channel) Resume() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.interruptedLocked()
	if err == nil {
		return nil
	}
	if p := c.redirected; p != nil {
		c.redirected, err = nil, ErrRedirected
		c.setPlaceLocked(*p)
	}
	c.turn, c.cancelTurn = context.WithCancelCause(c.ctx)
	return err
}

// stopped is closed when the primitive that runs has to return: at the hang-up, or by an interruption.
func (c *Channel) stopped() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turn.Done()
}

// gone is the error every primitive returns after the end or an interruption; nil if there is no reason to return.
func (c *Channel) gone() error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return context.Cause(c.turn)
}
