package scripting

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"asterism/engine/channel"
	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// maxShownData bounds the arguments in an Executing line, in bytes (Asterisk: 8192).
const maxShownData = 8192

// appIndex makes app.NAME, when it is first asked for.
func (c *call) appIndex(l *lua.LState) int {
	app, name := l.CheckTable(1), l.CheckString(2)
	f := goFunction(func(l *lua.LState) int {
		c.execute(l, name, joinArguments(l, 1))
		return 0
	})
	app.RawSetString(name, f) // the next app.NAME finds it at once
	l.Push(f)
	return 1
}

// joinArguments makes one string of the arguments from index first on, as pbx_lua does: commas between, nil is nothing but keeps
// its comma, no quoting.
func joinArguments(l *lua.LState, first int) string {
	top := l.GetTop()
	if top == first {
		if s, ok := l.Get(first).(lua.LString); ok {
			return string(s)
		}
	}
	var b strings.Builder
	for i := first; i <= top; i++ {
		if i > first {
			b.WriteByte(',')
		}
		switch v := l.Get(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(numberText(v))
		case *lua.LNilType:
		default:
			l.RaiseError("bad argument #%d (attempt to concatenate a %s value)", i-first+1, v.Type())
		}
	}
	return b.String()
}

// splitArguments is how applications and functions take their one string apart: at commas outside of parentheses, brackets and double
// quotes. An empty argument is nil.
func splitArguments(data string) []lua.LValue {
	var out []lua.LValue
	for _, s := range SplitArguments(data) {
		if s == "" {
			out = append(out, lua.LNil)
		} else {
			out = append(out, lua.LString(s))
		}
	}
	return out
}

// SplitArguments is splitArguments for those who only read a dialplan; an empty argument is "".
func SplitArguments(data string) (out []string) {
	if data == "" {
		return nil
	}
	depth, quoted, from := 0, false, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(' || c == '[' || c == '{':
			depth++
		case (c == ')' || c == ']' || c == '}') && depth > 0:
			depth--
		case c == ',' && depth == 0:
			out = append(out, data[from:i])
			from = i + 1
		}
	}
	return append(out, data[min(from, len(data)):])
}

// execute runs an application for extensions.lua. It returns if the script goes on, and raises otherwise.
func (c *call) execute(l *lua.LState, name, data string) {
	a := c.gen.application(name)
	if a == nil {
		l.RaiseError("application '%s' not found%s", printable(name), orNear(name, namesOf(c.gen.Applications())))
	}
	c.announce(a.name, data)
	if n := c.perform(l, a, data); n != 0 {
		l.Error(lua.LNumber(n), 0)
	}
}

// announce tells log, views and events which application runs.
func (c *call) announce(name, data string) {
	shown := data
	if len(shown) > maxShownData {
		shown = strings.ToValidUTF8(shown[:maxShownData], "")
	}
	if !utf8.ValidString(shown) {
		shown = strings.ToValidUTF8(shown, "\ufffd")
	}
	if e := c.log.Info(); e.Enabled() {
		p := c.ch.Place()
		e.Msg(printable(fmt.Sprintf(`Executing [%s@%s:%d] %s("%s", "%s")`, p.Exten, p.Context, p.Priority, name, c.ch.Name(), shown)))
	}
	c.ch.SetApplication(name, data)
	c.step(name + "(" + shown[:min(len(shown), maxShownText)] + ")")
	if t := c.gen.host.cfg.Trace; t != nil {
		t.Application(c.ch, name, data)
	}
	if b := c.gen.host.cfg.Events; b != nil {
		b.Publish(event.ExtensionEntered{At: c.gen.host.cfg.Clock.Now(), Channel: facts(c.ch.Info()), Application: name, Data: data})
	}
}

// perform runs an application in the channel's own state: 0 the script goes on, resultHangup, resultGoto, or a digit's character code.
func (c *call) perform(l *lua.LState, a *application, data string) int {
	fn := c.applicationFunction(l, a)
	args := []lua.LValue{lua.LString(data)}
	if !a.raw {
		args = splitArguments(data)
	}
	return c.runFor(l, fn, args...)
}

// runFor runs a plugin's function for the channel, with perform's result; what it leaves behind is hung up and stopped.
func (c *call) runFor(l *lua.LState, fn lua.LValue, args ...lua.LValue) int {
	place, peers, playings, conferences, pages, spies := c.ch.Place(), len(c.peers), len(c.playings), len(c.conferences), len(c.pages), len(c.spies)
	c.moved = false
	l.Push(fn)
	l.Push(c.channelHandle())
	for _, v := range args {
		l.Push(v)
	}
	err := l.PCall(1+len(args), 1, nil)
	c.dropPeers(peers)
	c.dropPlayings(playings)
	c.endPages(pages)
	if spies == 0 {
		c.endSpies()
	}
	if conferences == 0 {
		c.leaveConferences()
	}
	if err != nil {
		if n, ok := c.ending(err); ok {
			return n
		}
		c.rethrow(l, err)
	}
	result := l.Get(-1)
	l.Pop(1)
	if c.moved || c.ch.Place() != place {
		return resultGoto
	}
	return resultOf(result)
}

// ending sorts an application's abort into pbx_lua's numbers.
func (c *call) ending(err error) (int, bool) {
	var e *lua.ApiError
	if !errors.As(err, &e) {
		return 0, false
	}
	if a, ok := abortOf(e.Object); ok {
		if a.kind == "goto" {
			return resultGoto, true
		}
		return resultHangup, true
	}
	if n, ok := e.Object.(lua.LNumber); ok && n != 0 {
		return int(n), true
	}
	return 0, false
}

// resultOf reads what an application's function returned: nothing, -1, or the digit that ended it.
func resultOf(v lua.LValue) int {
	switch r := v.(type) {
	case lua.LNumber:
		return int(r)
	case lua.LString:
		if len(r) == 1 && isDigit(rune(r[0])) {
			return int(r[0])
		}
	}
	return 0
}

// isDigit tells whether an application's result is a key that may begin an extension.
func isDigit(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'D' || r == '*' || r == '#'
}

// facts is a channel's Info in the words of events.
func facts(i channel.Info) event.Channel {
	return event.Channel{
		Name: i.Name, UniqueID: i.UniqueID, LinkedID: i.LinkedID, CallID: i.CallID, Endpoint: i.Endpoint,
		State: int(i.State), StateName: i.State.String(), AccountCode: i.AccountCode, Language: i.Language,
		CallerName: i.CallerID.Name, CallerNumber: i.CallerID.Number, ConnectedName: i.Connected.Name, ConnectedNumber: i.Connected.Number,
		Context: i.Place.Context, Exten: i.Place.Exten, Priority: i.Place.Priority,
	}
}
