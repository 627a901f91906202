package scripting

import (
	"strconv"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// Originator calls parties that nobody dials; the engine does. BeginOriginate does not wait for the answer: an error is what is wrong with
// the request itself.
type Originator interface {
	BeginOriginate(o channel.Origination) error
}

// originateTimeout is how long an originated call rings without a timeout_ms.
const originateTimeout = 30 * time.Second

// pbxOriginate is pbx.originate{…}: true, or nil and why not. The call begins; nobody waits for its answer.
func (c *call) pbxOriginate(l *lua.LState) int {
	t := l.CheckTable(1)
	text := func(name string) string { return lua.LVAsString(t.RawGetString(name)) }
	o := channel.Origination{Channel: text("channel"), Place: dialplan.Named{Context: text("context"), Exten: text("exten"), Priority: "1"},
		Application: text("application"), Data: text("data"), CallerID: text("callerid"), Account: text("account"), Timeout: originateTimeout}
	if n, ok := t.RawGetString("priority").(lua.LNumber); ok {
		o.Place.Priority = strconv.Itoa(int(n))
	}
	if ms, ok := t.RawGetString("timeout_ms").(lua.LNumber); ok {
		o.Timeout = max(toDuration(float64(ms)), time.Millisecond)
	}
	if variables, ok := t.RawGetString("variables").(*lua.LTable); ok {
		variables.ForEach(func(k, v lua.LValue) {
			o.Variables = append(o.Variables, [2]string{lua.LVAsString(k), lua.LVAsString(v)})
		})
	}
	to := c.gen.host.cfg.Originate
	if to == nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, "calls cannot be made here")
	}
	return pushDone(l, c.pausing(func() error { return to.BeginOriginate(o) }))
}
