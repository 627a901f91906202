package scripting

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// Calls begins calls and reaches those of others; the engine does.
type Calls interface {
	// Originate calls o.Channel and, once it answers, runs it at o.Place or through one application. It returns when that is decided.
	Originate(ctx context.Context, o channel.Origination) (channel.Originated, error)
	// Redirect moves a channel that runs the dialplan to a place of it. It does not wait.
	Redirect(channel string, to dialplan.Named) error
	// RunApplication runs one application for a channel that nobody runs, and ends it then. It does not wait.
	RunApplication(ch *channel.Channel, application, data string)
	Channels() []channel.Info
	// Channel finds a live channel by its name.
	Channel(name string) (*channel.Channel, bool)
}

var errNoCalls = errors.New("no calls can be begun here")

// Bounds of a call that a script begins.
const (
	ringsFor       = 30 * time.Second // without timeout_ms
	longestRinging = 24 * time.Hour
)

// originated are the words of a Reason, as DIALSTATUS has them.
var originated = map[channel.Reason]string{channel.ReasonAnswered: channel.StatusAnswer, channel.ReasonBusy: channel.StatusBusy,
	channel.ReasonNoAnswer: channel.StatusNoAnswer, channel.ReasonCongestion: channel.StatusCongestion, channel.ReasonFailure: channel.StatusUnavailable}

// pbxOriginate is pbx.originate{channel=, …}: calls somebody who, once he answers, runs the dialplan or one application: true at once, or
// nil and what is wrong with it. With wait=true it waits until that is decided and gives the result; with `done`, the name of a task of
// the plugin, the task gets it.
func (c *call) pbxOriginate(plugin string) lua.LGFunction {
	return func(l *lua.LState) int {
		t, calls := l.CheckTable(1), c.gen.host.cfg.Calls
		o, err := c.origination(t)
		if err == nil && calls == nil {
			err = errNoCalls
		}
		switch done := t.RawGetString("done"); {
		case err != nil:
			return pushDone(l, err)
		case done != lua.LNil:
			c.callOut(calls, o, c.reportTo(l, plugin, t))
		case !lua.LVAsBool(t.RawGetString("wait")):
			c.callOut(calls, o, func(map[string]any) {})
		default:
			var result map[string]any
			_ = c.pausing(func() error { result = carryOut(c.lasting(), calls, o); return nil })
			if c.ch != nil && c.ch.HungUp() && !c.dead {
				c.raise(l, context.Cause(c.ch.Context()))
			}
			l.Push(toLua(l, result, lua.LNil))
			return 1
		}
		return pushDone(l, nil)
	}
}

// callOut carries o out on a goroutine that Close ends and waits for.
func (c *call) callOut(calls Calls, o channel.Origination, after func(map[string]any)) {
	h := c.gen.host
	h.commands.Go(func() { after(carryOut(h.calling, calls, o)) })
}

// reportTo is who tells the plugin's task `done` of the result, with `tag` beside it.
func (c *call) reportTo(l *lua.LState, plugin string, t *lua.LTable) func(map[string]any) {
	p, name := c.gen.plugins[plugin], lua.LVAsString(t.RawGetString("done"))
	if p == nil || !p.tasks[name] {
		l.ArgError(1, "done: there is no task '"+name+"' in this plugin")
	}
	tag, err := toPlain(t.RawGetString("tag"))
	if err != nil {
		l.ArgError(1, "tag: "+err.Error())
	}
	s := c.gen.host.service(plugin)
	if s == nil {
		l.RaiseError("plugin %s: its own state is not running", plugin)
	}
	return func(result map[string]any) {
		if tag != nil {
			result["tag"] = tag
		}
		s.post(task{name, result})
	}
}

// origination reads the table of pbx.originate.
func (c *call) origination(t *lua.LTable) (o channel.Origination, err error) {
	text := func(name, missing string) string {
		if v := t.RawGetString(name); v != lua.LNil {
			return lua.LVAsString(v)
		}
		return missing
	}
	o = channel.Origination{Channel: text("channel", ""), Application: text("application", ""), Data: text("data", ""), Account: text("account", ""), Timeout: ringsFor}
	switch id := t.RawGetString("callerid").(type) {
	case *lua.LTable:
		o.CallerID = callerOf(id, channel.CallerID{})
	case lua.LString:
		shown := config.ParseCallerID(string(id))
		o.CallerID = channel.CallerID{Name: shown.Name, Number: shown.Number}
	}
	if vars, ok := t.RawGetString("variables").(*lua.LTable); ok {
		values := fields(vars)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			o.Variables = append(o.Variables, [2]string{name, lua.LVAsString(values[name])})
		}
	}
	if ms, ok := t.RawGetString("timeout_ms").(lua.LNumber); ok {
		if o.Timeout = toDuration(float64(ms)); o.Timeout <= 0 || o.Timeout > longestRinging {
			return o, fmt.Errorf("timeout_ms is %s; write a number above 0 and up to a day", numberText(ms))
		}
	}
	if tech, resource, ok := strings.Cut(o.Channel, "/"); !ok || tech == "" || resource == "" {
		return o, fmt.Errorf("channel is %q; write Tech/resource", o.Channel)
	}
	if o.Application != "" {
		if c.gen.application(o.Application) == nil {
			return o, fmt.Errorf("no application %s", o.Application)
		}
		return o, nil
	}
	o.Place = dialplan.Named{Context: text("context", "default"), Exten: text("exten", "s"), Priority: text("priority", "1")}
	_, err = c.gen.index.Place(o.Place, o.CallerID.Number)
	return o, err
}

// carryOut calls out: what pbx.originate returns.
func carryOut(ctx context.Context, calls Calls, o channel.Origination) map[string]any {
	result, err := calls.Originate(ctx, o)
	out := map[string]any{"answered": err == nil, "status": originated[result.Reason]}
	if err != nil {
		out["why"] = err.Error()
		return out
	}
	out["channel"], out["uniqueid"] = result.Channel, result.UniqueID
	return out
}

// pbxRedirect is pbx.redirect(channel, context, exten [, priority]): true, or nil and why not.
func (c *call) pbxRedirect(l *lua.LState) int {
	name, to := l.CheckString(1), dialplan.Named{Context: l.CheckString(2), Exten: l.CheckString(3), Priority: l.OptString(4, "1")}
	if c.gen.host.cfg.Calls == nil {
		return pushDone(l, errNoCalls)
	}
	return pushDone(l, c.gen.host.cfg.Calls.Redirect(name, to))
}
