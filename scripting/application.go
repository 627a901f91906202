package scripting

import (
	"errors"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// RunApplication runs one application on ch, as a manager asks for it, and hangs up: there is no extension and no `h`, unless somebody
// redirects the channel into the dialplan meanwhile. The error is as Run's.
func (g *Generation) RunApplication(ch *channel.Channel, name, data string) error {
	c, err := g.newCall(ch, ch.Log())
	if err != nil {
		g.report(ch, nil, scriptError(err))
		ch.Hangup(0)
		return err
	}
	defer c.close()
	c.l.Push(c.l.NewFunction(func(l *lua.LState) int { c.execute(l, name, data); return 0 }))
	err = c.l.PCall(0, 0, nil)
	switch {
	case c.ctx.Err() != nil:
		_, _, err = c.failed(c.failure(orCause(err, c.ctx.Err())))
	case err != nil:
		_, _, err = c.raised(err)
	}
	if err == nil && !ch.HungUp() && errors.Is(ch.Resume(), channel.ErrRedirected) {
		if err = c.run(); err == nil {
			c.timeouts.stop()
			ch.Hangup(0)
			return c.afterHangup()
		}
	}
	c.timeouts.stop()
	ch.Hangup(0)
	return err
}
