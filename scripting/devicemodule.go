package scripting

import (
	"errors"
	"slices"

	"asterism/engine/dialplan"
	"asterism/engine/dialplan/subst"

	lua "github.com/yuin/gopher-lua"
)

var errNoDevices = errors.New("no device states here")

// pbxDeviceState is pbx.device_state(device [, state]): the state; or true when a Custom: device was given another one, nil and why not.
func (c *call) pbxDeviceState(l *lua.LState) int {
	d, name := c.gen.host.cfg.Devices, l.CheckString(1)
	switch {
	case l.GetTop() >= 2 && d == nil:
		return pushDone(l, errNoDevices)
	case l.GetTop() >= 2:
		state := l.CheckString(2)
		return pushDone(l, c.pausing(func() error { return d.SetDeviceState(name, state) }))
	case d == nil:
		return pushString(l, "UNKNOWN")
	}
	var state string
	_ = c.pausing(func() error { state = d.DeviceState(name); return nil })
	return pushString(l, state)
}

// pbxContextExists is pbx.context_exists(context).
func (c *call) pbxContextExists(l *lua.LState) int {
	name := l.CheckString(1)
	l.Push(lua.LBool(slices.ContainsFunc(c.gen.index.Contexts(), func(v dialplan.ContextView) bool { return v.Name == name })))
	return 1
}

// pbxHint is pbx.hint(context, exten): the devices of the extension's hint and what they make of it; nil if it has none.
func (c *call) pbxHint(l *lua.LState) int {
	e, ok := c.gen.find(dialplan.Place{Context: l.CheckString(1), Exten: l.CheckString(2), Priority: dialplan.PriorityHint}, "", dialplan.Match)
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	devices := c.hintDevices(e, l.CheckString(2))
	state := "UNKNOWN"
	if d := c.gen.host.cfg.Devices; d != nil {
		_ = c.pausing(func() error { state = d.ExtensionState(devices); return nil })
	}
	return pushString(l, devices) + pushString(l, state)
}

// hintDevices are the devices of a hint that was found for exten: that of a pattern names them by ${EXTEN}.
func (c *call) hintDevices(e dialplan.Entry, exten string) string {
	return c.gen.hintDevices(e, exten)
}

func (g *Generation) hintDevices(e dialplan.Entry, exten string) string {
	return subst.Expand(e.Data, hintEnvironment{g.host, e.Context, exten})
}

// Hint is the devices of the hint of an extension, "PJSIP/101&Custom:lamp", for a number from the wire (see Find). Only a pattern's devices
// depend on what was asked for.
func (g *Generation) Hint(context, exten string) (devices string, ok bool) {
	e, ok := g.find(dialplan.Place{Context: context, Exten: exten, Priority: dialplan.PriorityHint}, "", dialplan.Match)
	if !ok {
		return "", false
	}
	return g.hintDevices(e, exten), true
}

// hintEnvironment is what ${…} sees in a hint: no channel, but the extension that is asked for and global variables.
type hintEnvironment struct {
	host           *Host
	context, exten string
}

// Variable is EXTEN, CONTEXT or a global variable.
func (e hintEnvironment) Variable(name string) (string, bool) {
	switch name {
	case "EXTEN":
		return e.exten, true
	case "CONTEXT":
		return e.context, true
	}
	return e.host.Global(name)
}

// Function has none.
func (e hintEnvironment) Function(string) (string, bool) { return "", false }

// Warn logs what is wrong with the text.
func (e hintEnvironment) Warn(what string) {
	e.host.cfg.Log.Warn().Msg(printable("hint: " + what))
}
