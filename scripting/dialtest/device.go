package dialtest

import (
	"fmt"
	"strings"
	"sync"

	"asterism/engine/device"
)

// devices are the states of the phones, and Custom: ones that the dialplan set (scripting.Devices).
type devices struct {
	w      *World
	mu     sync.Mutex // guards custom; a leaf
	custom map[string]string
}

// DeviceState is UNKNOWN for a Custom: device that was never set, INVALID for a phone that pjsip.conf does not have.
func (d *devices) DeviceState(name string) string {
	if strings.HasPrefix(name, "Custom:") {
		d.mu.Lock()
		defer d.mu.Unlock()
		if s, ok := d.custom[name]; ok {
			return s
		}
		return "UNKNOWN"
	}
	name = strings.TrimPrefix(name, "PJSIP/")
	if _, err := d.w.endpoint(name); err != nil {
		return "INVALID"
	}
	return d.w.Device(name)
}

// deviceState is what a test asks: the state of a phone by its name or as PJSIP/name, and of a Custom: device.
func (w *World) deviceState(name string) string {
	if strings.HasPrefix(name, "Custom:") {
		return w.devices.DeviceState(name)
	}
	return w.Device(strings.TrimPrefix(name, "PJSIP/"))
}

// SetDeviceState takes Custom: devices only.
func (d *devices) SetDeviceState(name, state string) error {
	if !strings.HasPrefix(name, "Custom:") {
		return fmt.Errorf("device %q: only Custom: devices have a state that can be set", name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.custom[name] = state
	return nil
}

// ExtensionState is what the devices of a hint make of its extension, as the engine has it.
func (d *devices) ExtensionState(names string) string {
	var states []device.State
	for name := range strings.SplitSeq(names, "&") {
		states = append(states, device.State(d.DeviceState(strings.TrimSpace(name))))
	}
	return string(device.Extension(device.Combine(states...)))
}

// Device is the state of a phone as Asterisk names it.
func (w *World) Device(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.phones[name].Unregistered {
		return "UNAVAILABLE"
	}
	ringing, up := false, false
	for _, l := range w.legs {
		l.mu.Lock()
		if l.who == name && !l.over {
			ringing, up = ringing || l.ringing, up || !l.ringing && (l.up || l.caller)
		}
		l.mu.Unlock()
	}
	switch {
	case ringing && up:
		return "RINGINUSE"
	case ringing:
		return "RINGING"
	case up:
		return "INUSE"
	}
	return "NOT_INUSE"
}
