package scripting

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// Gosub: the stack of a channel, and subroutines that come back to whoever called them, be it a priority of extensions.conf, a line of
// Lua, or an application (Dial's U and b, hang-up handlers).

const (
	maxFrames = 1000 // Gosubs within each other
	maxInner  = 16   // of which so many called from Lua or an application: each stands on the Go stack
)

// caller is who waits for a subroutine's Return.
type caller int

const (
	byPriority    caller = iota // nobody: Return goes on at frame.back
	byLua                       // app.Gosub, on the Go stack
	byApplication               // an application or the hang-up, on the Go stack
)

// frame is one Gosub that has not returned.
type frame struct {
	back   dialplan.Place
	caller caller
	args   int                // how many ARGn it has set
	locals map[string]*string // what its variables hid; nil: nothing
}

// target is a parsed [[context,]exten,]priority[(arg,arg…)].
type target struct {
	place dialplan.Place
	args  []string
}

// locate reads where Goto, Gosub and their like shall go: [[context,]exten,]priority; a label stands for a priority, +n and -n count
// from the current one. The error says what is wrong with the text; the place need not exist.
func (c *call) locate(ch *channel.Channel, text string) (dialplan.Place, error) {
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	p, prio := ch.Place(), parts[0]
	switch {
	case len(parts) == 2:
		p.Exten, prio = orText(parts[0], p.Exten), parts[1]
	case len(parts) > 2:
		p.Context, p.Exten, prio = orText(parts[0], p.Context), orText(parts[1], p.Exten), parts[2]
	}
	sign := 0
	number := prio
	switch {
	case strings.HasPrefix(prio, "+"):
		sign, number = 1, prio[1:]
	case strings.HasPrefix(prio, "-"):
		sign, number = -1, prio[1:]
	}
	n, err := strconv.Atoi(number)
	switch {
	case err != nil:
		e, ok := c.gen.index.FindLabel(p.Context, p.Exten, ch.CallerID().Number, number)
		if !ok {
			return p, fmt.Errorf("priority %q is neither a number nor a label of %s,%s", prio, p.Context, p.Exten)
		}
		p.Priority = e.Priority
	case sign != 0:
		p.Priority += sign * n
	default:
		p.Priority = n
	}
	if p.Priority < 1 {
		return p, fmt.Errorf("priority %q leads to %d; priorities begin with 1", prio, p.Priority)
	}
	return p, nil
}

func orText(s, missing string) string {
	if s == "" {
		return missing
	}
	return s
}

// subTarget reads the argument of Gosub.
func (c *call) subTarget(ch *channel.Channel, text string) (target, error) {
	where, args, has := strings.Cut(text, "(")
	p, err := c.locate(ch, where)
	if err != nil {
		return target{}, err
	}
	t := target{place: p}
	if has {
		if i := strings.LastIndexByte(args, ')'); i >= 0 {
			args = args[:i]
		}
		for _, v := range splitArguments(args) {
			t.args = append(t.args, lua.LVAsString(v))
		}
	}
	if _, ok := c.lookUp(p, dialplan.Match); !ok {
		return t, fmt.Errorf("attempt to reach a non-existent destination for gosub: (Context:%s, Extension:%s, Priority:%d)", p.Context, p.Exten, p.Priority)
	}
	if len(c.frames) >= maxFrames {
		return t, fmt.Errorf("more than %d Gosubs within each other; one of them never returns", maxFrames)
	}
	return t, nil
}

// push begins a subroutine: a frame, its arguments, and the channel at its place.
func (c *call) push(t target, by caller) {
	back := c.ch.Place()
	back.Priority++

	most := 0 // of the callers' arguments, which must not shine through
	for _, f := range c.frames {
		most = max(most, f.args)
	}
	c.frames = append(c.frames, frame{back: back, caller: by, args: len(t.args)})
	c.setLocal("ARGC", strconv.Itoa(len(t.args)))
	for i := range max(most, len(t.args)) {
		v := ""
		if i < len(t.args) {
			v = t.args[i]
		}
		c.setLocal("ARG"+strconv.Itoa(i+1), v)
	}
	c.ch.SetPlace(t.place)
}

// setLocal sets a variable that Return gives its old value back. There must be a frame.
func (c *call) setLocal(name, value string) {
	f := &c.frames[len(c.frames)-1]
	name = strings.TrimLeft(name, "_")
	if _, ours := f.locals[name]; !ours {
		var hidden *string
		if v, ok := c.ch.Get(name); ok {
			hidden = &v
		}
		if f.locals == nil {
			f.locals = map[string]*string{}
		}
		f.locals[name] = hidden
	}
	c.ch.Set(name, value)
}

// pop takes the newest frame off and gives the variables it hid back.
func (c *call) pop() frame {
	f := c.frames[len(c.frames)-1]
	c.frames = c.frames[:len(c.frames)-1]
	for name, hidden := range f.locals {
		if hidden == nil {
			c.ch.Unset(name)
		} else {
			c.ch.Set(name, *hidden)
		}
	}
	return f
}

// runBy is who waits for the newest subroutine that somebody waits for.
func (c *call) runBy() caller {
	for i := len(c.frames) - 1; i >= 0; i-- {
		if by := c.frames[i].caller; by != byPriority {
			return by
		}
	}
	return byPriority
}

// errAbnormal is a subroutine's end without Return.
var errAbnormal = errors.New("the subroutine ended without Return")

// subroutine runs t to its Return and puts the channel back to where it was. errAbnormal: it ended in another way; the error of a Lua
// script that failed has been logged. Called from Lua, the call then goes on from where the subroutine left it; an application goes on
// itself, with everything as it was.
func (c *call) subroutine(t target, by caller) (value string, err error) {
	before, nested := c.ch.Place(), 0
	for _, f := range c.frames {
		if f.caller != byPriority {
			nested++
		}
	}
	if nested >= maxInner {
		return "", fmt.Errorf("more than %d subroutines called from Lua or by applications within each other", maxInner)
	}
	c.push(t, by)
	depth := len(c.frames)
	how, err := c.loop(depth)
	switch {
	case how == returned:
		c.ch.SetPlace(before)
		c.moved = false
		value, _ = c.ch.Get("GOSUB_RETVAL")
		return value, nil
	case by == byApplication:
		for len(c.frames) >= depth {
			c.pop()
		}
		c.ch.SetPlace(before)
		c.moved = false
	default:
		if len(c.frames) >= depth {
			c.frames[depth-1].caller = byPriority // nobody waits any more
		}
		c.moved = how == jumped
	}
	return "", orCause(err, errAbnormal)
}

// gosub is chan:gosub("context,exten,priority(arg,arg)"): runs a subroutine and returns when it does Return: true and its value. On a
// dialled peer it runs in a state of the peer's own. What ends otherwise is false and why; a caller who hangs up raises.
func gosub(c *call, l *lua.LState, ch *channel.Channel) int { return c.runSub(l, ch, byApplication) }

func (c *call) runSub(l *lua.LState, ch *channel.Channel, by caller) int {
	owner, err := c.callOf(ch)
	if err != nil {
		l.RaiseError("gosub: %s", err.Error())
	}
	t, err := owner.subTarget(ch, l.CheckString(2))
	if err != nil {
		c.log.Error().Msg(printable("Gosub: " + err.Error()))
		l.Push(lua.LFalse)
		return 1 + pushString(l, err.Error())
	}
	var value string
	run := func() error { value, err = owner.subroutine(t, by); return nil }
	if owner == c {
		_ = run()
		c.leave(l, err, by)
	} else {
		_ = c.pausing(run) // its Lua has a kill switch of its own
	}
	if err != nil {
		l.Push(lua.LFalse)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LTrue)
	return 1 + pushString(l, value)
}

// leave raises what a subroutine of this channel left behind when it did not return: the call is over, or goes on elsewhere.
func (c *call) leave(l *lua.LState, err error, by caller) {
	var e *ScriptError
	switch {
	case err == nil:
	case c.leaving():
		l.Error(c.abortValue(&abort{"hangup", c.ch.HangupCause()}), 0)
	case c.ch.Interrupted() != nil:
		c.raise(l, c.ch.Interrupted())
	case by == byApplication:
	case errors.As(err, &e) || errors.Is(err, errAbnormal) && !c.moved:
		l.Error(lua.LNumber(resultHangup), 0)
	case errors.Is(err, errAbnormal):
		l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	}
}

// gosubApplication is chan:gosub_application(text): what the application Gosub does. From extensions.conf it moves the call, and Return
// goes on behind it; from Lua it returns when the subroutine does. false and why if there is no such place.
func gosubApplication(c *call, l *lua.LState, ch *channel.Channel) int {
	if c.inLua || ch != c.ch {
		return c.runSub(l, ch, byLua)
	}
	t, err := c.subTarget(ch, l.CheckString(2))
	if err != nil {
		c.log.Error().Msg(printable("Gosub: " + err.Error()))
		l.Push(lua.LFalse)
		return 1 + pushString(l, err.Error())
	}
	c.push(t, byPriority)
	c.moved = true
	l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	return 0
}

// gosubReturn is chan:gosub_return(value): leaves the newest subroutine. false if there is none.
func gosubReturn(c *call, l *lua.LState, ch *channel.Channel) int {
	value := l.OptString(2, "")
	if ch != c.ch || len(c.frames) == 0 {
		l.Push(lua.LFalse)
		return 1
	}
	f := c.pop()
	c.ch.Set("GOSUB_RETVAL", value)
	c.ch.SetPlace(f.back)
	c.moved, c.returning = true, f.caller != byPriority
	l.Error(c.abortValue(&abort{kind: "goto"}), 0)
	return 0
}

// gosubPop is chan:gosub_pop(): forgets the newest subroutine. false if there is none.
func gosubPop(c *call, l *lua.LState, ch *channel.Channel) int {
	ok := ch == c.ch && len(c.frames) > 0
	if ok {
		c.pop()
	}
	l.Push(lua.LBool(ok))
	return 1
}

// gosubLocal is chan:gosub_local(name [, value]): a variable of the newest subroutine. nil if it has none of that name; false if there
// is no subroutine.
func gosubLocal(c *call, l *lua.LState, ch *channel.Channel) int {
	name := l.CheckString(2)
	switch {
	case ch != c.ch || len(c.frames) == 0:
		l.Push(lua.LFalse)
	case l.GetTop() >= 3:
		c.setLocal(name, settable(l, 3, "gosub_local"))
		l.Push(lua.LTrue)
	default:
		v, ok := ch.Get(name)
		if _, ours := c.frames[len(c.frames)-1].locals[name]; !ours || !ok {
			l.Push(lua.LNil)
			break
		}
		l.Push(lua.LString(v))
	}
	return 1
}

// locate is chan:locate("context,exten,priority"): the three of them, or nil and why not.
func locate(c *call, l *lua.LState, ch *channel.Channel) int {
	p, err := c.locate(ch, l.CheckString(2))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	l.Push(lua.LString(p.Context))
	l.Push(lua.LString(p.Exten))
	l.Push(lua.LNumber(p.Priority))
	return 3
}

// gosubPeek is chan:gosub_peek(level, name): a variable of the subroutine that many levels up, as it is seen there.
func gosubPeek(c *call, l *lua.LState, ch *channel.Channel) int {
	level, name := l.CheckInt(2), l.CheckString(3)
	if ch != c.ch || level < 0 || level >= len(c.frames) {
		l.Push(lua.LNil)
		return 1
	}
	v, ok := ch.Get(name)
	for i := len(c.frames) - 1; i >= len(c.frames)-level; i-- { // what each frame above hid
		if hidden, ours := c.frames[i].locals[name]; ours {
			if ok = hidden != nil; ok {
				v = *hidden
			}
		}
	}
	if _, ours := c.frames[len(c.frames)-1-level].locals[name]; !ours || !ok {
		l.Push(lua.LNil)
		return 1
	}
	return pushString(l, v)
}

// gosubCaller is chan:gosub_caller(level): where the subroutine that many levels up, from 1 on, was called.
func gosubCaller(c *call, l *lua.LState, ch *channel.Channel) int {
	level := l.CheckInt(2)
	if ch != c.ch || level < 1 || level > len(c.frames) {
		l.Push(lua.LNil)
		return 1
	}
	p := c.frames[len(c.frames)-level].back
	t := l.CreateTable(0, 3)
	t.RawSetString("context", lua.LString(p.Context))
	t.RawSetString("exten", lua.LString(p.Exten))
	t.RawSetString("priority", lua.LNumber(p.Priority))
	l.Push(t)
	return 1
}
