package scripting

import (
	"errors"
	"fmt"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// Asterisk's run loop: one extension after the other until nothing is left to do, then `h`.

// fallThrough is how long busy or congestion is indicated when an extension simply ends.
const fallThrough = 10 * time.Second

// exception is what EXCEPTION() tells in `e`.
type exception struct {
	reason string
	place  dialplan.Place
}

// ending is how an extension's function ended.
type ending int

const (
	ended  ending = iota // returned: auto fall-through
	jumped               // Goto, or another party moved the channel
	digits               // an application was interrupted by a key: collect
	over                 // hang up
	failed               // a Lua error: hang up
	killed               // the kill switch: hang up, no `h`
)

// Run takes ch through the dialplan from its place to `h`. It returns when the script is done; the caller then releases ch.
// The error is for the caller's information and has been logged: nil for every normal end, hang-ups included.
func (g *Generation) Run(ch *channel.Channel) error {
	c, err := g.newCall(ch, ch.Log())
	if err != nil {
		g.report(ch, scriptError(err))
		ch.Hangup(0)
		return err
	}
	defer c.close()
	err = c.run()
	c.timeouts.stop()
	ch.Hangup(0)
	if err != nil && scriptError(err).Killed != nil {
		return err // no Lua can run in this state any more
	}
	return errors.Join(err, c.runH())
}

// run is the loop; the error is what ended a script badly.
func (c *call) run() error {
	p := c.ch.Place()
	if p.Exten == "" {
		p.Exten = "s"
	}
	if p.Priority == 0 {
		p.Priority = 1
	}
	c.ch.SetPlace(p)
	for {
		how, key, err := c.extension()
		switch {
		case how == killed || how == failed:
			return err
		case how == jumped:
			continue
		case c.ch.HungUp() || how == over:
			return nil
		case how == digits:
			if !c.collect(key) {
				return nil
			}
		case !c.exists(c.ch.Place().Exten):
			if !c.invalid(c.ch.Place().Exten) {
				return nil
			}
		default:
			c.fallThrough()
			return nil
		}
	}
}

// lookUp asks the dialplan for this channel's caller, with the guard of Find.
func (c *call) lookUp(p dialplan.Place, m dialplan.Mode) (dialplan.Entry, bool) {
	return c.gen.find(p, c.ch.CallerID().Number, m)
}

// exists tells whether exten can be entered in the current context.
func (c *call) exists(exten string) bool {
	_, ok := c.lookUp(dialplan.Place{Context: c.ch.Place().Context, Exten: exten, Priority: 1}, dialplan.Match)
	return ok
}

// enter moves to exten of the current context.
func (c *call) enter(exten string) {
	c.ch.SetPlace(dialplan.Place{Context: c.ch.Place().Context, Exten: exten, Priority: 1})
}

// extension runs the extension at the channel's place; ended without having run anything if there is none.
func (c *call) extension() (how ending, key rune, err error) {
	p := c.ch.Place()
	e, ok := c.lookUp(p, dialplan.Match)
	if !ok {
		return ended, 0, nil
	}
	c.moved, c.redirected = false, false
	l := c.l
	l.Push(c.entryValue(e))
	l.Push(lua.LString(p.Context))
	l.Push(lua.LString(p.Exten))
	err = l.PCall(2, 0, nil)
	c.dropPeers(0)
	switch {
	case c.ctx.Err() != nil:
		return c.failed(c.failure(orCause(err, c.ctx.Err())))
	case c.redirected && !c.ch.HungUp():
		return jumped, 0, nil
	case err != nil:
		return c.raised(err)
	case c.moved || c.ch.Place() != p:
		return jumped, 0, nil
	}
	return ended, 0, nil
}

func orCause(err, cause error) error {
	if err != nil {
		return err
	}
	return cause
}

// entryValue is what this call's own tables hold for an entry of the index.
func (c *call) entryValue(e dialplan.Entry) lua.LValue {
	if extensions, ok := c.l.G.Global.RawGetString("extensions").(*lua.LTable); ok {
		if context, ok := extensions.RawGetString(e.Context).(*lua.LTable); ok {
			if v := context.RawGet(e.Value.(lua.LValue)); v != lua.LNil {
				if callable(v) {
					return v
				}
				return c.l.NewFunction(func(l *lua.LState) int {
					l.RaiseError("%s: context %q: attempt to call extension %q (a %s value)", dialplanFile, e.Context, e.Pattern, v.Type())
					return 0
				})
			}
		}
	}
	return c.l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("%s: extension %q of context %q was there when the file was loaded, but not in this call", dialplanFile, e.Pattern, e.Context)
		return 0
	})
}

// raised sorts what ended an extension's function: pbx_lua's numbers, an abort, or an error.
func (c *call) raised(err error) (ending, rune, error) {
	if n, ok := c.ending(err); ok {
		switch {
		case n == resultGoto && c.ch.HungUp():
			return over, 0, nil
		case n == resultGoto && (c.moved || c.redirected):
			return jumped, 0, nil
		case n == resultGoto:
			return ended, 0, nil // error(5, 0) without a Goto
		case n > 0 && isDigit(rune(n)):
			return digits, rune(n), nil
		}
		return over, 0, nil
	}
	return c.failed(c.failure(err))
}

// failed logs a script's error, once.
func (c *call) failed(err error) (ending, rune, error) {
	e := scriptError(err)
	c.gen.report(c.ch, e)
	if e.Killed != nil {
		return killed, 0, err
	}
	return failed, 0, err
}

// report writes the one log entry of a script that failed.
func (g *Generation) report(ch *channel.Channel, e *ScriptError) {
	if e.Killed != nil {
		ch.Log().Error().Msg("lua extension stopped: " + printable(e.Message) + "; the call ends")
	} else {
		ch.Log().Error().Msg("Error executing lua extension: " + withTrace(e))
	}
	if b := g.host.cfg.Events; b != nil {
		b.Publish(event.ScriptFailed{At: g.host.cfg.Clock.Now(), Channel: facts(ch.Info()), Message: e.Message})
	}
}

// withTrace is the message and, on lines of its own, the traceback; nothing else in it makes a line.
func withTrace(e *ScriptError) string {
	text := printable(e.Message)
	if e.Traceback != "" {
		text += "\n" + e.Traceback
	}
	return text
}

// fallThrough ends an extension that simply returned: what Dial left in DIALSTATUS is signalled first.
func (c *call) fallThrough() {
	status, ok := c.ch.Get("DIALSTATUS")
	if !ok {
		status = "UNKNOWN"
	}
	c.log.Info().Msg(printable(fmt.Sprintf("Auto fallthrough, channel '%s' status is '%s'", c.ch.Name(), status)))
	var ind channel.Indication
	switch status {
	case channel.StatusBusy:
		ind = channel.IndicateBusy
		c.ch.SetHangupCause(channel.UserBusy)
	case channel.StatusCongestion, channel.StatusUnavailable:
		ind = channel.IndicateCongestion
		c.ch.SetHangupCause(channel.Congestion)
	default:
		return
	}
	if c.ch.Indicate(ind) == nil && c.ch.State() == channel.Up { // before the answer it was the final response: nobody listens
		_ = c.pausing(func() error { return c.ch.Wait(fallThrough) })
	}
}

// collect reads the rest of an extension that began with key, and goes there. false: hang up.
func (c *call) collect(key rune) bool {
	exten := string(key)
	for len(exten) < 80 {
		if _, more := c.lookUp(dialplan.Place{Context: c.ch.Place().Context, Exten: exten, Priority: 1}, dialplan.MatchMore); !more {
			break
		}
		var d rune
		err := c.pausing(func() (err error) {
			d, err = c.ch.ReadDigit(c.timeouts.digit)
			return err
		})
		if err != nil {
			return false
		}
		if d == 0 {
			break
		}
		exten += string(d)
	}
	if c.exists(exten) {
		c.enter(exten)
		return true
	}
	return c.invalid(exten)
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
	case exten != "e" && c.exists("e"):
		c.exception = exception{"INVALID", p}
		c.enter("e")
		return true
	}
	c.log.Warn().Msg(printable(fmt.Sprintf("Channel '%s' sent to invalid extension but no invalid handler: context,exten,priority=%s,%s,%d",
		c.ch.Name(), p.Context, exten, p.Priority)))
	if c.ch.State() != channel.Up {
		c.ch.SetHangupCause(channel.Unallocated)
	}
	return false
}

// runH runs the `h` extension of the current context on the channel that is gone, with fresh time.
func (c *call) runH() error {
	if !c.exists("h") {
		return nil
	}
	c.enter("h")
	c.dog.fresh()
	for range maxHJumps {
		how, _, err := c.extension()
		if how == failed || how == killed {
			return err
		}
		if how != jumped {
			return nil
		}
	}
	return nil
}

// maxHJumps bounds how often `h` may Goto: nobody is on the line to hang up.
const maxHJumps = 100
