package scripting

import (
	"errors"
	"fmt"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// Asterisk's run loop: one priority after the other until nothing is left to do, then `h` and the hang-up handlers.

// fallThrough is how long busy or congestion is indicated when an extension simply ends.
const fallThrough = 10 * time.Second

// exception is what EXCEPTION() tells in `e`.
type exception struct {
	reason string
	place  dialplan.Place
}

// ending is how one priority, or a whole run of them, ended.
type ending int

const (
	ended      ending = iota // the application or function returned: the next priority
	missing                  // there is no such priority
	jumped                   // Goto, or another party moved the channel
	digits                   // an application was interrupted by a key: collect
	incomplete               // Incomplete(): collect more of this extension
	over                     // hang up
	erred                    // an application's own failure: `e`, else hang up
	failed                   // a Lua error: hang up
	killed                   // the kill switch: hang up, no `h`
	returned                 // Return left the subroutine that the loop was begun for
)

// Run takes ch through the dialplan from its place to `h`. It returns when the script is done; the caller then releases ch.
// The error is for the caller's information and has been logged: nil for every normal end, hang-ups included.
func (g *Generation) Run(ch *channel.Channel) error {
	c, err := g.newCall(ch, ch.Log())
	if err != nil {
		g.report(ch, nil, scriptError(err))
		ch.Hangup(0)
		return err
	}
	defer c.close()
	if !(ch.HungUp() && ch.Place().Exten == "h") { // a callee who is sent to `h` alone
		err = c.run()
	}
	c.timeouts.stop()
	ch.Hangup(0)
	if err != nil && scriptError(err).Killed != nil {
		return err // no Lua can run in this state any more
	}
	return errors.Join(err, c.afterHangup())
}

// run is the call's main loop; the error is what ended a script badly.
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
		_, err := c.loop(0)
		if c.ch.HungUp() || err != nil {
			return err
		}
		switch reason := c.ch.Resume(); {
		case reason == nil:
			return nil
		case errors.Is(reason, channel.ErrAbsoluteTimeout) && !c.timeUp():
			return nil
		}
	}
}

// timeUp goes to `T`, else `e`, of the current context when TIMEOUT(absolute) is over; false: there is none, hang up.
func (c *call) timeUp() bool {
	c.timeouts.stop()
	c.timeouts.absolute = time.Time{}
	if c.exists("T") {
		c.enter("T")
		return true
	}
	return c.except("ABSOLUTETIMEOUT", c.ch.Place())
}

// loop runs priorities from the channel's place on. depth is how many frames the Gosub stack holds for a subroutine that is run from Go:
// its Return ends the loop with returned. 0 is the call itself. The loop also ends when the channel is hung up or interrupted.
func (c *call) loop(depth int) (ending, error) {
	for {
		how, key, err := c.priority()
		switch {
		case how == killed || how == failed:
			return how, err
		case len(c.frames) < depth:
			if c.returning {
				c.returning = false
				return returned, nil
			}
			return jumped, nil // StackPop: whoever called cannot go on any more
		case c.leaving() || how == over || c.ch.Interrupted() != nil:
			return over, nil
		case how == ended:
			p := c.ch.Place()
			p.Priority++
			c.ch.SetPlace(p)
		case how != jumped && !c.onward(how, key):
			return over, nil
		}
	}
}

// leaving tells that a hang-up ends the script; it does not end `h` and the hang-up handlers.
func (c *call) leaving() bool { return c.ch.HungUp() && !c.dead }

// onward finds the next place when there is no next priority or a key was pressed; false: there is none, hang up.
func (c *call) onward(how ending, key rune) bool {
	p := c.ch.Place()
	switch {
	case c.dead || c.runBy() == byApplication:
		return false // nobody is there to be asked for another place
	case how == digits:
		return c.collect(string(key), c.timeouts.digit)
	case how == incomplete:
		if _, more := c.lookUp(dialplan.Place{Context: p.Context, Exten: p.Exten, Priority: 1}, dialplan.MatchMore); !more {
			return c.invalid(p.Exten)
		}
		return c.collect(p.Exten, c.timeouts.digit)
	case how == erred:
		return p.Exten != "e" && c.except("ERROR", p)
	case !c.exists(p.Exten):
		return c.invalid(p.Exten)
	case c.gen.options.NoAutoFallThrough && len(c.frames) == 0:
		return c.collect("", c.timeouts.response)
	}
	c.fallThrough()
	return false
}

// lookUp asks the dialplan for this channel's caller, with the guard of Find.
func (c *call) lookUp(p dialplan.Place, m dialplan.Mode) (dialplan.Entry, bool) {
	cid := ""
	if c.ch != nil { // a plugin's own state has none
		cid = c.ch.CallerID().Number
	}
	return c.gen.find(p, cid, m)
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

// except goes to `e` of the current context with what EXCEPTION() will say; false if there is none.
func (c *call) except(reason string, at dialplan.Place) bool {
	if !c.exists("e") {
		return false
	}
	c.exception = exception{reason, at}
	c.enter("e")
	return true
}

// priority runs what stands at the channel's place.
func (c *call) priority() (how ending, key rune, err error) {
	p := c.ch.Place()
	e, ok := c.lookUp(p, dialplan.Match)
	if !ok {
		return missing, 0, nil
	}
	if t := c.gen.host.cfg.Trace; t != nil {
		t.Entered(c.ch, e)
	}
	inLua := c.inLua
	c.moved, c.inLua = false, e.Source == dialplan.Lua
	defer func() { c.inLua = inLua }()
	c.step(fmt.Sprintf("%s,%s,%d", p.Context, p.Exten, p.Priority))
	peers, conferences := len(c.peers), len(c.conferences)
	if f, ok := e.Value.(*feature); ok {
		c.l.Push(c.l.NewFunction(func(l *lua.LState) int { return c.dialled(l, f, p.Exten) }))
		err = c.l.PCall(0, 0, nil)
	} else if l := c.l; c.inLua {
		l.Push(c.entryValue(e))
		l.Push(lua.LString(p.Context))
		l.Push(lua.LString(p.Exten))
		err = l.PCall(2, 0, nil)
	} else {
		l.Push(l.NewFunction(func(l *lua.LState) int { return c.confCall(l, p, e) }))
		err = l.PCall(0, 0, nil)
	}
	c.dropPeers(peers)
	c.endPages(0)
	c.endSpies()
	if conferences == 0 {
		c.leaveConferences()
	}
	switch {
	case c.ctx.Err() != nil:
		return c.failed(c.failure(orCause(err, c.ctx.Err())))
	case c.ch.Interrupted() != nil:
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

// confCall runs one line of extensions.conf: its data is expanded, then the application gets it.
func (c *call) confCall(l *lua.LState, p dialplan.Place, e dialplan.Entry) int {
	a := c.gen.application(e.Application)
	if a == nil {
		c.log.Warn().Msg(printable(fmt.Sprintf("No application '%s' for extension (%s, %s, %d)", e.Application, p.Context, p.Exten, p.Priority)))
		l.Error(lua.LNumber(resultHangup), 0)
	}
	data := c.expand(l, e.Data)
	c.announce(a.name, data)
	if n := c.perform(l, a, data); n != 0 {
		l.Error(lua.LNumber(n), 0)
	}
	return 0
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
		case c.leaving():
			return over, 0, nil
		case n == resultGoto && c.moved:
			return jumped, 0, nil
		case n == resultGoto:
			return ended, 0, nil // error(5, 0) without a Goto
		case n == resultIncomplete:
			return incomplete, 0, nil
		case n == resultError:
			return erred, 0, nil
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
	c.gen.report(c.ch, c, e)
	if e.Killed != nil {
		return killed, 0, err
	}
	return failed, 0, err
}

// fallThrough ends an extension that simply returned: what Dial left in DIALSTATUS is signalled first.
func (c *call) fallThrough() {
	if n := len(c.frames); n > 0 {
		c.log.Warn().Msg(printable(fmt.Sprintf("the subroutine ended without Return at %s; write Return() on every way out", shown(c.ch.Place()))))
	}
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

// afterHangup runs what is left to do on the channel that is gone, with fresh time: `h` of the current context, then the hang-up handlers.
func (c *call) afterHangup() error {
	c.dead, c.frames = true, nil // `h` and the handlers begin with an empty Gosub stack
	var err error
	if c.exists("h") {
		c.dog.fresh()
		c.enter("h")
		err = c.runH()
	}
	if err != nil && scriptError(err).Killed != nil {
		return err
	}
	c.runHandlers()
	return err
}

// runH runs the priorities of `h`; whatever would need a caller ends it. An endless loop is ended by the kill switch.
func (c *call) runH() error {
	for {
		how, _, err := c.priority()
		switch how {
		case ended:
			p := c.ch.Place()
			p.Priority++
			c.ch.SetPlace(p)
		case jumped:
		default:
			return err
		}
	}
}

// shown is a place as logs write it.
func shown(p dialplan.Place) string { return fmt.Sprintf("%s,%s,%d", p.Context, p.Exten, p.Priority) }
