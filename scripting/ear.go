package scripting

import (
	"errors"
	"slices"
	"time"

	"asterism/engine/channel"
	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// ear is what listens to events within a call, or a job of a plugin's own state: pbx.events.listen(names…). Events are kept from then on,
// up to event.QueueSize of them, the oldest go first; the script takes them one by one with next([ms]), when it likes. It is closed when
// its state ends.
type ear struct{ sub *event.Subscription }

// maxEars bounds those of a state.
const maxEars = 16

func (c *call) eventsListen(l *lua.LState) int {
	names, known := map[string]bool{}, factNames()
	for i := 1; i <= max(l.GetTop(), 1); i++ {
		name := l.CheckString(i)
		if isFactName(name) && !slices.Contains(known, name) {
			l.ArgError(i, "there is no such event"+orNearest(name, known)+"; those of one's own begin with a small letter")
		}
		names[name] = true
	}
	switch {
	case c.gen.host.cfg.Events == nil || c.log == nil:
		l.RaiseError("there are no events here")
	case len(c.ears) >= maxEars:
		l.RaiseError("pbx.events.listen: %d listeners are open in this script; close() those it no longer needs", maxEars)
	}
	e := &ear{c.gen.host.cfg.Events.Subscribe("script", func(e any) bool { return isWanted(names, e) })}
	c.ears = append(c.ears, e)
	l.Push(&lua.LUserData{Value: e, Metatable: c.earMethods(), Env: c.l.Env})
	return 1
}

// earMethods is the metatable of what pbx.events.listen returns.
func (c *call) earMethods() *lua.LTable {
	if c.earMeta != nil {
		return c.earMeta
	}
	methods := c.l.CreateTable(0, 2)
	for name, f := range map[string]func(*lua.LState, *ear) int{"next": c.nextEvent, "close": c.closeEar} {
		methods.RawSetString(name, c.l.NewFunction(func(l *lua.LState) int {
			if ud, ok := l.Get(1).(*lua.LUserData); ok {
				if e, ok := ud.Value.(*ear); ok {
					return f(l, e)
				}
			}
			l.ArgError(1, "what pbx.events.listen returned expected; write e:"+name+"(), not e."+name+"()")
			return 0
		}))
	}
	c.earMeta = c.l.CreateTable(0, 2)
	c.earMeta.RawSetString("__index", methods)
	c.earMeta.RawSetString("__metatable", lua.LString("listener"))
	return c.earMeta
}

// nextEvent is e:next([ms]): the event's table, or nil when ms have passed or e is closed.
func (c *call) nextEvent(l *lua.LState, e *ear) int {
	wait := milliseconds(l, 2, -1)
	var fact any
	var ok bool
	if c.ch != nil {
		c.waiting(l, func() (err error) { fact, ok, err = channel.Receive(c.ch, e.sub.C(), wait); return err })
	} else if err := c.pausing(func() (err error) { fact, ok, err = c.receive(e.sub.C(), wait); return err }); err != nil {
		l.RaiseError("%s", err.Error())
	}
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(factTable(l, fact))
	return 1
}

// receive is channel.Receive for a plugin's own state.
func (c *call) receive(from <-chan any, wait time.Duration) (v any, ok bool, err error) {
	if wait < 0 || wait > time.Hour {
		wait = time.Hour
	}
	select {
	case v, ok = <-from:
		return v, ok, nil
	default:
	}
	due, stop := c.gen.host.cfg.Clock.After(wait)
	defer stop()
	select {
	case v, ok = <-from:
		return v, ok, nil
	case <-due:
		return nil, false, nil
	case <-c.ctx.Done():
		return nil, false, errors.New("stopped while it waited for an event")
	}
}

func (c *call) closeEar(_ *lua.LState, e *ear) int {
	e.sub.Close()
	c.ears = slices.DeleteFunc(c.ears, func(o *ear) bool { return o == e })
	return 0
}

func (c *call) dropEars() {
	for _, e := range c.ears {
		e.sub.Close()
	}
	c.ears = nil
}
