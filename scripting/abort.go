package scripting

import (
	"context"
	"errors"
	"fmt"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// A script leaves early in one of two currencies. Plugins and primitives raise an *abort as a userdata value; app.X, in
// extensions.lua, raises the bare numbers pbx_lua does, because published scripts catch those with pcall.

// abort is why a script has to end. In Lua: e.kind ("hangup", "goto", "redirect", "timeout"), e.cause, tostring(e).
type abort struct {
	kind  string
	cause channel.Cause
}

func (a *abort) String() string {
	if a.kind == "hangup" {
		return fmt.Sprintf("hangup: %d %s", int(a.cause), a.cause)
	}
	return a.kind
}

// The numbers an application ends a script with. Any other is the character code of a digit.
const (
	resultHangup     = -1
	resultError      = -2 // `e`, if there is one
	resultGoto       = 5
	resultIncomplete = 12 // more digits of this extension are wanted
)

// raise turns a primitive's error into the Lua error it is; it does not return unless err is nil.
func (c *call) raise(l *lua.LState, err error) {
	if err == nil {
		return
	}
	var hangup *channel.HangupError
	switch {
	case errors.As(err, &hangup):
		l.Error(c.abortValue(&abort{"hangup", hangup.Cause}), 0)
	case errors.Is(err, channel.ErrRedirected):
		l.Error(c.abortValue(&abort{kind: "redirect"}), 0)
	case errors.Is(err, channel.ErrAbsoluteTimeout):
		l.Error(c.abortValue(&abort{kind: "timeout"}), 0)
	case errors.Is(err, context.Canceled) && c.ch.HungUp():
		l.Error(c.abortValue(&abort{"hangup", c.ch.HangupCause()}), 0)
	}
	l.RaiseError("%s", err.Error())
}

func (c *call) abortValue(a *abort) lua.LValue {
	if c.abortMeta == nil {
		c.abortMeta = c.l.CreateTable(0, 2)
		c.abortMeta.RawSetString("__tostring", c.l.NewFunction(func(l *lua.LState) int {
			l.Push(lua.LString(l.CheckUserData(1).Value.(*abort).String()))
			return 1
		}))
		c.abortMeta.RawSetString("__index", c.l.NewFunction(func(l *lua.LState) int {
			a := l.CheckUserData(1).Value.(*abort)
			switch l.CheckString(2) {
			case "kind":
				l.Push(lua.LString(a.kind))
			case "cause":
				l.Push(lua.LNumber(a.cause))
			default:
				l.Push(lua.LNil)
			}
			return 1
		}))
	}
	return &lua.LUserData{Value: a, Metatable: c.abortMeta, Env: c.l.Env}
}

// abortOf finds the abort in a Lua error value.
func abortOf(v lua.LValue) (*abort, bool) {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return nil, false
	}
	a, ok := ud.Value.(*abort)
	return a, ok
}

// rethrow passes on what a plugin's function ended with, in pbx_lua's currency, and keeps the traceback of a real error, which the
// outer protected call could not see any more.
func (c *call) rethrow(l *lua.LState, err error) {
	var e *lua.ApiError
	if !errors.As(err, &e) {
		l.RaiseError("%s", err.Error())
	}
	if a, ok := abortOf(e.Object); ok {
		if a.kind == "goto" {
			l.Error(lua.LNumber(resultGoto), 0)
		}
		l.Error(lua.LNumber(resultHangup), 0)
	}
	c.keepTrace(e)
	l.Error(e.Object, 0)
}

// keepTrace remembers where an error that will be raised again really happened.
func (c *call) keepTrace(e *lua.ApiError) {
	if c.trace.of != e.Object {
		c.trace.of, c.trace.text = e.Object, e.StackTrace
	}
}

// traceOf is the best traceback known for e.
func (c *call) traceOf(e *lua.ApiError) string {
	if c.trace.text != "" && c.trace.of == e.Object {
		return c.trace.text
	}
	return e.StackTrace
}
