package engine

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/dialplan"
	"asterism/engine/media"
	"asterism/engine/moh"
	"asterism/engine/registrar"
	"asterism/engine/registration"
)

// The views below are what the command line shows (engine/manage declares them as an interface). All hand out copies.

// Channels lists the channels, oldest first.
func (e *Engine) Channels() []channel.Info {
	live := e.core.Channels()
	out := make([]channel.Info, len(live))
	for i, ch := range live {
		out[i] = ch.Info()
	}
	return out
}

// HangupChannel asks the channel of that name to hang up; false when there is none. It does not wait.
func (e *Engine) HangupChannel(name string, cause channel.Cause) bool {
	ch, ok := e.core.Find(name)
	if ok {
		ch.Hangup(cause)
	}
	return ok
}

// Channel finds a live channel by its name.
func (e *Engine) Channel(name string) (*channel.Channel, bool) { return e.core.Find(name) }

// CallsProcessed counts the calls begun since the start.
func (e *Engine) CallsProcessed() uint64 { return e.core.Calls() }

// Contacts lists the registered and the static contacts.
func (e *Engine) Contacts() []registrar.Contact { return e.registrar.All() }

// Registrations lists ours with others.
func (e *Engine) Registrations() []registration.Registration { return e.registrations.All() }

// OrderRegistration has a registration of ours, or with "*all" every one, sent or taken back now; false if there is none of that name.
func (e *Engine) OrderRegistration(name string, register bool) bool {
	return e.registrations.Order(name, register)
}

// Monitors lists what is recorded of a channel; false when there is no such channel.
func (e *Engine) Monitors(name string) ([]*channel.Monitor, bool) {
	ch, ok := e.core.Find(name)
	if !ok {
		return nil, false
	}
	return ch.Monitors(), true
}

// StopMonitor ends a recording of a channel, the oldest for id ""; whether there was one.
func (e *Engine) StopMonitor(name, id string) bool {
	ch, ok := e.core.Find(name)
	return ok && ch.StopMonitor(id)
}

// MusicClasses lists the classes of hold music.
func (e *Engine) MusicClasses() []moh.Shown { return e.music.Show() }

// DeviceState is what a device, or the devices of a hint, are doing: NOT_INUSE.
func (e *Engine) DeviceState(devices string) string { return string(e.devices.All(devices)) }

// SetDeviceState gives a Custom: device a state.
func (e *Engine) SetDeviceState(name, state string) error { return e.devices.Set(name, state) }

// ExtensionState is what the devices of a hint make of its extension.
func (e *Engine) ExtensionState(devices string) string {
	return string(device.Extension(e.devices.All(devices)))
}

// hints are those of the current generation that are no patterns.
func (e *Engine) hints() (list []device.Hint) {
	script := e.current.Load().script
	index := script.Index()
	if index == nil {
		return nil
	}
	for _, h := range index.Hints() {
		if strings.HasPrefix(h.Pattern, "_") {
			continue
		}
		if devices, ok := script.Hint(h.Context, h.Pattern); ok {
			list = append(list, device.Hint{Context: h.Context, Exten: h.Pattern, Devices: devices})
		}
	}
	return list
}

// SetTrace switches the SIP trace.
func (e *Engine) SetTrace(on bool, filter string) { e.stack.SetTrace(on, filter) }

// MediaStats counts packets over all calls since the start.
func (e *Engine) MediaStats() media.EngineStats { return e.media.Stats() }

// MediaBackend names how packets are read and written.
func (e *Engine) MediaBackend() string { return e.media.Backend() }

// Dialplan is the current generation's.
func (e *Engine) Dialplan() *dialplan.Index { return e.current.Load().script.Index() }

// Applications names what the dialplan may call.
func (e *Engine) Applications() []string { return e.current.Load().script.Applications() }

// Functions names the dialplan functions.
func (e *Engine) Functions() []string { return e.current.Load().script.Functions() }

// Commands lists the plugins' own commands.
func (e *Engine) Commands() []string { return e.current.Load().script.Commands() }

// Describe gives the help text of an application, a function or a command.
func (e *Engine) Describe(kind, name string) (string, bool) {
	return e.current.Load().script.Describe(kind, name)
}

// RunCommand runs a plugin's command.
func (e *Engine) RunCommand(ctx context.Context, words []string, out io.Writer) error {
	return e.current.Load().script.RunCommand(ctx, words, out)
}

// Failures are the errors that scripts ended with, the latest last.
func (e *Engine) Failures() []string { return e.current.Load().script.Failures() }

// Started is when Start was called.
func (e *Engine) Started() time.Time { return e.started }

// Reloaded is when the current generation came into force.
func (e *Engine) Reloaded() time.Time { return e.current.Load().at }

// Booted is closed once calls are taken.
func (e *Engine) Booted() <-chan struct{} { return e.booted }

// Config is the current generation's configuration; not to be changed.
func (e *Engine) Config() *config.Snapshot { return e.current.Load().snap }

// Problems are those of the last load or reload.
func (e *Engine) Problems() []config.Problem {
	if p := e.problems.Load(); p != nil {
		return *p
	}
	return nil
}

// noScript is the dialplan of a generation whose extensions.lua or extensions.conf cannot be used: it has no extension.
type noScript struct{}

var errNoScript = errors.New("engine: no dialplan: extensions.lua or extensions.conf has errors, see 'dialplan show errors'")

func (noScript) Run(*channel.Channel) error                            { return errNoScript }
func (noScript) RunApplication(*channel.Channel, string, string) error { return errNoScript }
func (noScript) InForce()                                              {}
func (noScript) Index() *dialplan.Index                                { return nil }
func (noScript) Find(string, string, string) (dialplan.Entry, bool)    { return dialplan.Entry{}, false }
func (noScript) Hint(string, string) (string, bool)                    { return "", false }
func (noScript) Applications() []string                                { return nil }
func (noScript) Functions() []string                                   { return nil }
func (noScript) Commands() []string                                    { return nil }
func (noScript) Describe(string, string) (string, bool)                { return "", false }
func (noScript) Failures() []string                                    { return nil }
func (noScript) RunCommand(context.Context, []string, io.Writer) error { return errNoScript }
