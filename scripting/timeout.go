package scripting

import (
	"strconv"
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// TIMEOUT() and EXCEPTION(): what the run loop waits for, and what led it to `e`.

// stop ends the timer of TIMEOUT(absolute).
func (t *timeouts) stop() {
	if t.stopAbsolute != nil {
		t.stopAbsolute()
		t.stopAbsolute = nil
	}
}

// timeout is chan:timeout("digit" | "response" | "absolute"), in seconds; absolute 0 if none is set.
func timeout(c *call, l *lua.LState, _ *channel.Channel) int {
	var d time.Duration
	switch name := l.CheckString(2); name {
	case "digit":
		d = c.timeouts.digit
	case "response":
		d = c.timeouts.response
	case "absolute":
		if at := c.timeouts.absolute; !at.IsZero() {
			d = max(at.Sub(c.gen.host.cfg.Clock.Now()), 0)
		}
	default:
		l.ArgError(2, "want digit, response or absolute")
	}
	l.Push(lua.LNumber(d.Seconds()))
	return 1
}

// setTimeout is chan:set_timeout(name, seconds). absolute sends the call to `T` after that long, and hangs it up without one; 0 takes it
// back.
func setTimeout(c *call, l *lua.LState, ch *channel.Channel) int {
	d := toDuration(float64(l.CheckNumber(3)) * 1000)
	switch l.CheckString(2) {
	case "digit":
		c.timeouts.digit = max(d, 0)
	case "response":
		c.timeouts.response = max(d, 0)
	case "absolute":
		c.setAbsolute(ch, d)
	default:
		l.ArgError(2, "want digit, response or absolute")
	}
	return 0
}

// setAbsolute starts the timer that ends the call. Its goroutine ends with the call, at the latest in close.
func (c *call) setAbsolute(ch *channel.Channel, d time.Duration) {
	c.timeouts.stop()
	c.timeouts.absolute = time.Time{}
	if d <= 0 {
		return
	}
	c.timeouts.absolute = c.gen.host.cfg.Clock.Now().Add(d)
	timer, stopTimer := c.gen.host.cfg.Clock.After(d)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer stopTimer()
		select {
		case <-timer:
			ch.Log().Info().Msg("absolute timeout")
			ch.Interrupt(channel.ErrAbsoluteTimeout)
		case <-ch.Context().Done():
		case <-quit:
		}
	}()
	c.timeouts.stopAbsolute = func() { close(quit); <-done }
}

// getException is chan:exception("reason" | "context" | "exten" | "priority"): what led to `e`.
func getException(c *call, l *lua.LState, _ *channel.Channel) int {
	e := c.exception
	switch l.OptString(2, "reason") {
	case "context":
		return pushString(l, e.place.Context)
	case "exten":
		return pushString(l, e.place.Exten)
	case "priority":
		return pushString(l, strconv.Itoa(e.place.Priority))
	}
	return pushString(l, e.reason)
}

// raiseException is chan:raise(reason): go to `e` if there is one; returns false if not.
func raiseException(c *call, l *lua.LState, ch *channel.Channel) int {
	if p := ch.Place(); p.Exten == "e" || !c.except(l.CheckString(2), p) {
		l.Push(lua.LFalse)
		return 1
	}
	c.moved = true
	l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	return 0
}
