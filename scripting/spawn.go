package scripting

import (
	"errors"
	"slices"
	"strings"
	"time"

	"asterism/engine/event"

	lua "github.com/yuin/gopher-lua"
)

// pbx.spawn, pbx.after, pbx.cancel and pbx.events: how a call hands work to its plugin's own state, and tells of what happened.

// taskOf reads the name and the data of a task, and finds the service that will do it.
func (c *call) taskOf(l *lua.LState, plugin string, name, data int) (*service, task) {
	p := c.gen.plugins[plugin]
	if p == nil {
		l.RaiseError("pbx.spawn and pbx.after are for plugins: they run the plugin's tasks")
	}
	t := task{name: l.CheckString(name)}
	if !p.tasks[t.name] {
		l.ArgError(name, "plugin "+plugin+" has no task '"+t.name+"'")
	}
	var err error
	if t.data, err = toPlain(l.Get(data)); err != nil {
		l.ArgError(data, err.Error())
	}
	s := c.gen.host.service(plugin)
	if s == nil {
		l.RaiseError("plugin %s: its own state is not running", plugin)
	}
	return s, t
}

// pbxSpawn is pbx.spawn(task [, data]).
func (c *call) pbxSpawn(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		s, t := c.taskOf(l, plugin, 1, 2)
		s.post(t)
		return 0
	}
}

// pbxAfter is pbx.after(ms, task [, data]): an id for pbx.cancel.
func (c *call) pbxAfter(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		d := milliseconds(l, 1, 0)
		s, t := c.taskOf(l, plugin, 2, 3)
		id, err := s.postLater(t, d)
		if err != nil {
			l.RaiseError("pbx.after: %s", err.Error())
		}
		l.Push(lua.LNumber(id))
		return 1
	}
}

// pbxCancel is pbx.cancel(id): whether the task was still to come.
func (c *call) pbxCancel(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		s := c.gen.host.service(plugin)
		l.Push(lua.LBool(s != nil && s.cancel(l.CheckInt64(1))))
		return 1
	}
}

// pbxSleep is pbx.sleep(ms), in the plugin's own state: its other jobs wait.
func (c *call) pbxSleep(l *lua.LState) int {
	d := milliseconds(l, 1, 0)
	if c.ch != nil {
		c.waiting(l, func() error { return c.ch.Wait(max(d, 0)) })
		return 0
	}
	due, stop := c.gen.host.cfg.Clock.After(min(max(d, 0), time.Hour))
	defer stop()
	if err := c.pausing(func() error {
		select {
		case <-due:
			return nil
		case <-c.ctx.Done():
			return errors.New("stopped within pbx.sleep")
		}
	}); err != nil {
		l.RaiseError("%s", err.Error())
	}
	return 0
}

// maxEventSize bounds the fields of an event, in bytes.
const maxEventSize = 16 << 10

// eventsEmit is pbx.events.emit(name, fields): a UserEvent for all who listen, in this process.
func (c *call) eventsEmit(l *lua.LState) int {
	name := l.CheckString(1)
	if name == "" || isFactName(name) {
		l.ArgError(1, "the name of an event of one's own begins with a small letter")
	}
	c.publishUserEvent(name, textFields(l, 2))
	return 0
}

// eventsUser is pbx.events.user(name, fields): the application UserEvent.
func (c *call) eventsUser(l *lua.LState) int {
	name := strings.ToValidUTF8(l.CheckString(1), "\ufffd")
	if name == "" || len(name) > maxEventName || strings.ContainsAny(name, "\r\n") {
		l.ArgError(1, "a name of one line and at most 255 bytes expected")
	}
	c.publishUserEvent(name, textFields(l, 2))
	return 0
}

// maxEventName bounds the name of a UserEvent, in bytes.
const maxEventName = 255

// textFields reads a table of names and texts.
func textFields(l *lua.LState, i int) (out []event.Field) {
	size := 0
	t := l.OptTable(i, nil)
	if t == nil {
		return nil
	}
	t.ForEach(func(k, v lua.LValue) {
		name, ok := k.(lua.LString)
		if !ok || v.Type() == lua.LTTable || v.Type() == lua.LTFunction || v.Type() == lua.LTUserData {
			l.ArgError(i, "a table of names with text, numbers or booleans expected")
		}
		text := v.String()
		if n, ok := v.(lua.LNumber); ok {
			text = numberText(n)
		}
		if size += len(name) + len(text); size > maxEventSize {
			l.ArgError(i, "an event of more than 16 KiB")
		}
		out = append(out, event.Field{Key: string(name), Value: strings.ToValidUTF8(text, "\ufffd")})
	})
	slices.SortFunc(out, func(a, b event.Field) int { return strings.Compare(a.Key, b.Key) })
	return out
}

func (c *call) publishUserEvent(name string, values []event.Field) {
	b := c.gen.host.cfg.Events
	if b == nil {
		return
	}
	e := event.UserEvent{At: c.gen.host.cfg.Clock.Now(), Name: name, Fields: values}
	if c.ch != nil {
		e.Channel = facts(c.ch.Info())
	}
	b.Publish(e)
}

// configSections is pbx.config_sections(): every section of the plugin's NAME.conf, as {name=, options={}}, in the file's order.
func (c *call) configSections(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		t := l.CreateTable(4, 0)
		if p := c.gen.plugins[plugin]; p != nil {
			for _, s := range p.settings {
				t.Append(toLua(l, s, lua.LNil))
			}
		}
		l.Push(t)
		return 1
	}
}
