package scripting

import (
	"maps"
	"slices"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// channelHandle is this call's channel as plugins see it.
func (c *call) channelHandle() lua.LValue {
	if c.handle == nil {
		c.handle = c.handleOf(c.ch)
	}
	return c.handle
}

func (c *call) handleOf(ch *channel.Channel) *lua.LUserData {
	return &lua.LUserData{Value: ch, Metatable: c.metas.handle, Env: c.l.Env}
}

// newHandleMeta is the metatable of channels, with all their methods.
func newHandleMeta(methods map[string]primitive) *lua.LTable {
	known := tableOf(nil)
	for name, m := range methods {
		known.RawSetString(name, inCall(func(c *call, l *lua.LState) int { return m(c, l, channelArgument(l, 1)) }))
	}
	known.Metatable = tableOf(map[string]lua.LValue{"__index": goFunction(func(l *lua.LState) int {
		name := l.CheckString(2)
		l.RaiseError("a channel has no method '%s'%s", name, orNear(name, slices.Sorted(maps.Keys(methods))))
		return 0
	})})
	return tableOf(map[string]lua.LValue{
		"__metatable": lua.LString("channel"),
		"__index":     known,
		"__tostring": goFunction(func(l *lua.LState) int {
			l.Push(lua.LString(channelArgument(l, 1).Name()))
			return 1
		}),
	})
}

func channelArgument(l *lua.LState, i int) *channel.Channel {
	if ud, ok := l.Get(i).(*lua.LUserData); ok {
		if ch, ok := ud.Value.(*channel.Channel); ok && ch != nil {
			return ch
		}
	}
	l.ArgError(i, "channel expected; write chan:method(), not chan.method()")
	return nil
}

// waiting runs a primitive that may block, and raises its error.
func (c *call) waiting(l *lua.LState, f func() error) {
	if err := c.pausing(f); err != nil {
		c.raise(l, err)
	}
}

// pausing runs f without counting its time as Lua's.
func (c *call) pausing(f func() error) error {
	c.dog.enter()
	defer c.dog.leave()
	return f()
}

func milliseconds(l *lua.LState, i int, missing time.Duration) time.Duration {
	switch v := l.Get(i).(type) {
	case *lua.LNilType:
		return missing
	case lua.LNumber:
		return toDuration(float64(v))
	}
	l.ArgError(i, "number of milliseconds expected")
	return 0
}

// toDuration reads milliseconds, within what a timer can take.
func toDuration(ms float64) time.Duration {
	const year = 365 * 24 * 3600 * 1000
	return time.Duration(min(max(ms, -1), year) * float64(time.Millisecond))
}

func pushString(l *lua.LState, s string) int { l.Push(lua.LString(s)); return 1 }

// pushEpoch pushes seconds since 1970, nil for a moment that has not come.
func pushEpoch(l *lua.LState, t time.Time) int {
	if t.IsZero() {
		l.Push(lua.LNil)
	} else {
		l.Push(lua.LNumber(float64(t.UnixMilli()) / 1000))
	}
	return 1
}

func callerTable(l *lua.LState, id channel.CallerID) int {
	t := l.CreateTable(0, 4)
	t.RawSetString("name", lua.LString(id.Name))
	t.RawSetString("number", lua.LString(id.Number))
	t.RawSetString("presentation", lua.LString(id.Presentation))
	t.RawSetString("ani", lua.LString(id.ANI))
	t.RawSetString("rdnis", lua.LString(id.RDNIS))
	t.RawSetString("reason", lua.LString(id.Reason))
	t.RawSetString("tag", lua.LString(id.Tag))
	t.RawSetString("all", lua.LString(id.String()))
	l.Push(t)
	return 1
}

func callerID(_ *call, l *lua.LState, ch *channel.Channel) int { return callerTable(l, ch.CallerID()) }

func connected(_ *call, l *lua.LState, ch *channel.Channel) int {
	return callerTable(l, ch.Connected())
}

// callerOf reads {name=, number=, presentation=}; a missing field keeps what id has.
func callerOf(t *lua.LTable, id channel.CallerID) channel.CallerID {
	for field, to := range map[string]*string{"name": &id.Name, "number": &id.Number, "presentation": &id.Presentation, "ani": &id.ANI, "rdnis": &id.RDNIS,
		"reason": &id.Reason, "tag": &id.Tag} {
		if v := t.RawGetString(field); v != lua.LNil {
			*to = lua.LVAsString(v)
		}
	}
	return id
}

func setCallerID(_ *call, l *lua.LState, ch *channel.Channel) int {
	ch.SetCallerID(callerOf(l.CheckTable(2), ch.CallerID()))
	return 0
}

func property(_ *call, l *lua.LState, ch *channel.Channel) int {
	if v, ok := ch.Leg().Property(l.CheckString(2)); ok {
		return pushString(l, v)
	}
	l.Push(lua.LNil)
	return 1
}

// getVariable reads any variable or function for the call's own channel; of a peer, its own variables.
func getVariable(c *call, l *lua.LState, ch *channel.Channel) int {
	var v string
	var ok bool
	if ch == c.ch {
		v, ok = c.getValue(l, l.CheckString(2))
	} else {
		v, ok = ch.Get(l.CheckString(2))
	}
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, v)
}

func setVariable(c *call, l *lua.LState, ch *channel.Channel) int {
	name, value := l.CheckString(2), settable(l, 3, "set")
	if ch == c.ch {
		c.setValue(l, name, value)
	} else {
		ch.Set(name, value)
	}
	return 0
}

func variables(_ *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CreateTable(0, 8)
	for name, v := range maps.All(ch.Variables()) {
		t.RawSetString(name, lua.LString(v))
	}
	l.Push(t)
	return 1
}

var indications = map[string]channel.Indication{
	"proceeding": channel.IndicateProceeding, "ringing": channel.IndicateRinging, "progress": channel.IndicateProgress,
	"busy": channel.IndicateBusy, "congestion": channel.IndicateCongestion,
	"forwarded": channel.IndicateForwarded,
}

func indicate(c *call, l *lua.LState, ch *channel.Channel) int {
	ind, ok := indications[l.CheckString(2)]
	if !ok {
		l.ArgError(2, "want proceeding, ringing, progress, busy, congestion or forwarded")
	}
	c.waiting(l, func() error { return ch.Indicate(ind) })
	return 0
}

// wait lets milliseconds pass; without a number it waits until the channel hangs up.
func wait(c *call, l *lua.LState, ch *channel.Channel) int {
	d := milliseconds(l, 2, -1)
	c.waiting(l, func() error {
		if d >= 0 {
			return ch.Wait(d)
		}
		<-ch.Context().Done()
		return ch.Wait(0)
	})
	return 0
}

// causeArgument reads a hang-up cause: a number or a name. Missing is 0: whatever was set before.
func causeArgument(l *lua.LState, i int) channel.Cause {
	switch v := l.Get(i).(type) {
	case *lua.LNilType:
		return 0
	case lua.LNumber:
		return channel.Cause(v)
	case lua.LString:
		cause, err := channel.ParseCause(string(v))
		if err != nil {
			l.ArgError(i, err.Error())
		}
		return cause
	}
	l.ArgError(i, "hang-up cause expected")
	return 0
}

// hangup ends the channel and returns; whatever waits next on it raises.
func hangup(c *call, l *lua.LState, ch *channel.Channel) int {
	ch.Hangup(causeArgument(l, 2))
	for i, p := range c.peers {
		if p == ch {
			c.peers = append(c.peers[:i], c.peers[i+1:]...)
			c.release(ch)
			break
		}
	}
	return 0
}

// transfer sends the far end elsewhere and waits for its report.
func transfer(c *call, l *lua.LState, ch *channel.Channel) int {
	target := l.CheckString(2)
	var result channel.Transferred
	err := c.pausing(func() (err error) {
		result, err = ch.Transfer(target)
		return err
	})
	if err != nil {
		return c.outcome(l, ch, err)
	}
	l.Push(lua.LBool(result.OK))
	l.Push(lua.LNumber(result.Protocol))
	return 2
}

// goTo moves the channel in the dialplan and ends the application that called it.
func goTo(c *call, l *lua.LState, ch *channel.Channel) int {
	if ch != c.ch {
		l.ArgError(1, "only the script's own channel can be moved")
	}
	p := dialplan.Place{Context: l.CheckString(2), Exten: l.CheckString(3), Priority: l.OptInt(4, 1)}
	ch.SetPlace(p)
	c.moved = true
	l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	return 0
}
