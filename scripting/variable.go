package scripting

import (
	"errors"
	"strconv"
	"strings"

	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// channelIndex is channel.NAME: an object with get, set, name, value.
func (c *call) channelIndex(l *lua.LState) int {
	l.Push(c.object(l.CheckString(2)))
	return 1
}

// channelNewIndex is channel.NAME = value.
func (c *call) channelNewIndex(l *lua.LState) int {
	c.setValue(l, l.CheckString(2), settable(l, 3, "__newindex"))
	return 0
}

// newObjectMeta is the metatable of channel.NAME and channel.FUNC(args).
func newObjectMeta() *lua.LTable {
	get, set := inCall((*call).objectGet), inCall((*call).objectSet)
	return tableOf(map[string]lua.LValue{
		"__metatable": lua.LString("channel"),
		"__index": goFunction(func(l *lua.LState) int {
			t := l.CheckTable(1)
			switch l.Get(2) {
			case lua.LString("get"):
				l.Push(get)
			case lua.LString("set"):
				l.Push(set)
			case lua.LString("name"):
				l.Push(t.RawGetInt(objectsName))
			case lua.LString("value"):
				l.Push(t.RawGetInt(objectsValue))
			default:
				l.Push(lua.LNil)
			}
			return 1
		}),
		"__call": inCall(func(c *call, l *lua.LState) int {
			l.Push(c.object(c.objectName(l, "calling") + "(" + joinArguments(l, 2) + ")"))
			return 1
		}),
	})
}

// The fields of an object stand in its array, where its metatable finds them: a table of names costs three times as much to make.
const objectsName, objectsValue = 1, 2

// object is what channel.NAME yields. value is a snapshot, and only variables have it.
func (c *call) object(name string) *lua.LTable {
	t := c.l.CreateTable(2, 0)
	t.RawSetInt(objectsName, lua.LString(name))
	if !strings.HasSuffix(name, ")") {
		if v, ok := c.variable(name); ok {
			t.RawSetInt(objectsValue, lua.LString(v))
		}
	}
	t.Metatable = c.metas.object
	return t
}

// objectName is the name of the object a method was called on.
func (c *call) objectName(l *lua.LState, doing string) string {
	if t, ok := l.Get(1).(*lua.LTable); ok && t.Metatable == c.metas.object {
		if name, ok := t.RawGetInt(objectsName).(lua.LString); ok {
			return string(name)
		}
	}
	l.RaiseError("User probably used '.' instead of ':' for %s a channel variable", doing)
	return ""
}

func (c *call) objectGet(l *lua.LState) int {
	v, ok := c.getValue(l, c.objectName(l, "retrieving"))
	if ok {
		l.Push(lua.LString(v))
	} else {
		l.Push(lua.LNil)
	}
	return 1
}

func (c *call) objectSet(l *lua.LState) int {
	name := c.objectName(l, "setting")
	c.setValue(l, name, settable(l, 2, "set"))
	return 0
}

// settable is the string or number to be assigned; a variable can be emptied but not removed.
func settable(l *lua.LState, i int, where string) string {
	switch v := l.Get(i).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return numberText(v)
	default:
		l.RaiseError("bad argument #%d to '%s' (string expected, got %s)", i, where, v.Type())
		return ""
	}
}

// getValue reads a variable, or a function if the name ends in a parenthesis.
func (c *call) getValue(l *lua.LState, name string) (string, bool) {
	if strings.HasSuffix(name, ")") {
		return c.callFunction(l, name)
	}
	return c.variable(name)
}

// variable looks a name up as Asterisk does: built-ins, the channel's, globals.
func (c *call) variable(name string) (string, bool) {
	if v, ok := c.builtin(name); ok {
		return v, true
	}
	if c.ch != nil {
		if v, ok := c.ch.Get(name); ok {
			return v, true
		}
	}
	return c.gen.host.Global(name)
}

// builtin answers the variables of the process and of the dialplan; the channel answers its own.
func (c *call) builtin(name string) (string, bool) {
	a := &c.gen.asterisk
	switch name {
	case "EPOCH":
		return strconv.FormatInt(c.gen.host.cfg.Clock.Now().Unix(), 10), true
	case "SYSTEMNAME":
		return a.SystemName, true
	case "ENTITYID":
		return a.EntityID, true
	case "HINT":
		if c.ch != nil {
			p := c.ch.Place()
			if e, ok := c.gen.index.Hint(p.Context, p.Exten); ok {
				return c.hintDevices(e, p.Exten), true
			}
			return "", false
		}
	case "ASTETCDIR":
		return a.Directories.Etc, true
	case "ASTVARLIBDIR":
		return a.Directories.VarLib, true
	case "ASTDBDIR":
		return a.Directories.DB, true
	case "ASTDATADIR":
		return a.Directories.Data, true
	case "ASTSPOOLDIR":
		return a.Directories.Spool, true
	case "ASTRUNDIR":
		return a.Directories.Run, true
	case "ASTLOGDIR":
		return a.Directories.Log, true
	}
	return "", false
}

// setValue sets a variable (with Asterisk's inheritance marks), or a function if the name ends in a parenthesis.
func (c *call) setValue(l *lua.LState, name, value string) {
	if strings.HasSuffix(name, ")") {
		c.setFunction(l, name, value)
		return
	}
	c.ch.Set(name, value)
	if b := c.gen.host.cfg.Events; b.Wanted(event.VariableSet{}) {
		b.Publish(event.VariableSet{At: c.gen.host.cfg.Clock.Now(), Channel: facts(c.ch.Info()), Name: strings.TrimLeft(name, "_"), Value: value})
	}
}

// function finds what FUNC(args) means; unknown ones are logged, as Asterisk does, and yield nothing.
func (c *call) function(expr string) (*function, []lua.LValue, bool) {
	name, args, _ := strings.Cut(strings.TrimSuffix(expr, ")"), "(")
	f := c.gen.functions[name]
	if f == nil {
		c.log.Error().Msgf("Function %s not registered%s", printable(name), orNear(name, namesOf(c.gen.Functions())))
		return nil, nil, false
	}
	if f.raw {
		return f, []lua.LValue{lua.LString(args)}, true
	}
	return f, splitArguments(args), true
}

// callFunction evaluates FUNC(args); false if it has no value or failed.
func (c *call) callFunction(l *lua.LState, expr string) (string, bool) {
	f, args, ok := c.function(expr)
	if !ok {
		return "", false
	}
	get, _ := c.functionPair(l, f)
	if get == nil {
		c.log.Error().Msgf("Function %s cannot be read", f.name)
		return "", false
	}
	v, ok := c.invoke(l, f.name, get, append([]lua.LValue{c.channelHandle()}, args...))
	if !ok {
		return "", false
	}
	switch r := v.(type) {
	case lua.LString:
		return string(r), true
	case lua.LNumber:
		return numberText(r), true
	case lua.LBool:
		if r {
			return "1", true
		}
		return "0", true
	}
	return "", false
}

func (c *call) setFunction(l *lua.LState, expr, value string) {
	f, args, ok := c.function(expr)
	if !ok {
		return
	}
	_, set := c.functionPair(l, f)
	if set == nil {
		c.log.Error().Msgf("Function %s cannot be written to", f.name)
		return
	}
	c.invoke(l, f.name, set, append([]lua.LValue{c.channelHandle(), lua.LString(value)}, args...))
}

// invoke calls a plugin's dialplan function. Its own failure is logged and counts as "no value"; a hang-up goes on up.
func (c *call) invoke(l *lua.LState, name string, fn *lua.LFunction, args []lua.LValue) (lua.LValue, bool) {
	l.Push(fn)
	for _, v := range args {
		l.Push(v)
	}
	err := l.PCall(len(args), 1, nil)
	if err == nil {
		v := l.Get(-1)
		l.Pop(1)
		return v, true
	}
	var e *lua.ApiError
	if errors.As(err, &e) {
		if _, ok := abortOf(e.Object); ok {
			l.Error(e.Object, 0)
		}
	}
	if c.ctx.Err() != nil {
		l.RaiseError("%s", c.ctx.Err().Error())
	}
	f := c.failure(err).(*ScriptError)
	c.log.Error().Str(detailField, f.Traceback).Msgf("Function %s failed: %s", printable(name), printable(f.Message))
	return nil, false
}
