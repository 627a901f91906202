package scripting

import (
	"fmt"
	"strings"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// What a script learns and changes of a call's records and signalling: CDR(), HANGUPCAUSE(), PJSIP_HEADER().

// cdrField is chan:cdr(name [, form]): a field of the call detail record; form "u" and "f" as in CDR(). nil if there is none.
func cdrField(_ *call, l *lua.LState, ch *channel.Channel) int {
	form := l.OptString(3, "")
	if v, ok := ch.Records().Field(ch, l.CheckString(2), strings.Contains(form, "u"), strings.Contains(form, "f")); ok {
		return pushString(l, v)
	}
	l.Push(lua.LNil)
	return 1
}

// setCDRField is chan:set_cdr(name, value): true, or nil and why not.
func setCDRField(_ *call, l *lua.LState, ch *channel.Channel) int {
	return pushDone(l, ch.Records().SetField(ch, l.CheckString(2), settable(l, 3, "set_cdr")))
}

// pushDone pushes true, or nil and the error.
func pushDone(l *lua.LState, err error) int {
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LTrue)
	return 1
}

// legCauses is chan:leg_causes(): a list of {channel=, cause=, text=, detail=}, a leg that was dialled each.
func legCauses(_ *call, l *lua.LState, ch *channel.Channel) int {
	list := l.CreateTable(4, 0)
	for _, leg := range ch.LegCauses() {
		t := l.CreateTable(0, 4)
		t.RawSetString("channel", lua.LString(leg.Channel))
		t.RawSetString("cause", lua.LNumber(leg.Cause))
		t.RawSetString("text", lua.LString(leg.Cause.String()))
		t.RawSetString("detail", lua.LString(leg.Detail))
		list.Append(t)
	}
	l.Push(list)
	return 1
}

// header is chan:header(name [, n]): the n-th header of that name that came with the call.
func header(_ *call, l *lua.LState, ch *channel.Channel) int {
	h, err := ch.Headers()
	if err == nil {
		if v, ok := h.Header(l.CheckString(2), l.OptInt(3, 1)); ok {
			return pushString(l, v)
		}
		err = fmt.Errorf("there is no header %q", l.CheckString(2))
	}
	l.Push(lua.LNil)
	return 1 + pushString(l, err.Error())
}

// headerNames is chan:header_names(prefix).
func headerNames(_ *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CreateTable(8, 0)
	if h, err := ch.Headers(); err == nil {
		for _, name := range h.HeaderNames(l.OptString(2, "")) {
			t.Append(lua.LString(name))
		}
	}
	l.Push(t)
	return 1
}

// setHeader is chan:set_header("add" | "update", name, value [, n]): true, or nil and why not.
func setHeader(_ *call, l *lua.LState, ch *channel.Channel) int {
	how, name, value := l.CheckString(2), l.CheckString(3), settable(l, 4, "set_header")
	h, err := ch.Headers()
	switch {
	case err != nil:
	case how == "add":
		err = h.AddHeader(name, value)
	case how == "update":
		err = h.UpdateHeader(name, l.OptInt(5, 1), value)
	default:
		l.ArgError(2, "want add or update")
	}
	return pushDone(l, err)
}

// removeHeaders is chan:remove_headers(name): how many added ones were taken off; nil and why not.
func removeHeaders(_ *call, l *lua.LState, ch *channel.Channel) int {
	h, err := ch.Headers()
	n := 0
	if err == nil {
		n, err = h.RemoveHeaders(l.CheckString(2))
	}
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LNumber(n))
	return 1
}
