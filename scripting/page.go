package scripting

import (
	"errors"
	"slices"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// page is chan:page{targets=, application=, data=, timeout_ms=, before=, …}: rings parties while the script goes on; each that answers runs the
// application on his own. How many ring; it raises what before raises. What rings still ends with the application that has begun it.
func page(c *call, l *lua.LState, ch *channel.Channel) int {
	t, calls := l.CheckTable(2), c.gen.host.cfg.Calls
	if calls == nil {
		l.RaiseError("%s", errNoCalls)
	}
	application, data := lua.LVAsString(t.RawGetString("application")), lua.LVAsString(t.RawGetString("data"))
	if _, ok := c.gen.Describe("application", application); !ok {
		l.ArgError(2, "application: there is none of that name")
	}
	req := dialRequest(l, t, ch)
	rings := 0
	var failed error
	f, _ := t.RawGetString("before").(*lua.LFunction)
	req.Before = func(leg *channel.Channel) error {
		if f != nil {
			c.peers = append(c.peers, leg)
			err := c.before(l, f, leg)
			c.peers = slices.DeleteFunc(c.peers, func(p *channel.Channel) bool { return p == leg })
			if owner := c.callees[leg]; owner != nil {
				delete(c.callees, leg)
				owner.close()
			}
			if err != nil && !leg.HungUp() {
				failed = err
				return err
			}
		}
		if !leg.HungUp() {
			rings++
		}
		return nil
	}
	var stop func()
	err := c.pausing(func() (err error) {
		stop, err = ch.Page(req, func(peer *channel.Channel) { calls.RunApplication(peer, application, data) })
		return err
	})
	if err != nil {
		var e *lua.ApiError
		if failed != nil && errors.As(failed, &e) && !ch.HungUp() {
			c.keepTrace(e)
			l.Error(e.Object, 0)
		}
		c.raise(l, err)
	}
	c.pages = append(c.pages, stop)
	l.Push(lua.LNumber(rings))
	return 1
}

// endPages cancels what rings still of the pages after the first n.
func (c *call) endPages(n int) {
	for _, stop := range c.pages[min(n, len(c.pages)):] {
		stop()
	}
	c.pages = c.pages[:min(n, len(c.pages))]
}
