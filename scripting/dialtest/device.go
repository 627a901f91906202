package dialtest

import (
	"fmt"
	"strings"
	"sync"
)

// devices are the states of the phones, and Custom: ones that the dialplan set (scripting.Devices).
type devices struct {
	w      *World
	mu     sync.Mutex // guards custom; a leaf
	custom map[string]string
}

// DeviceState is UNKNOWN for a Custom: device that was never set, INVALID for a phone that pjsip.conf does not have.
func (d *devices) DeviceState(device string) string {
	if strings.HasPrefix(device, "Custom:") {
		d.mu.Lock()
		defer d.mu.Unlock()
		if s, ok := d.custom[device]; ok {
			return s
		}
		return "UNKNOWN"
	}
	name := strings.TrimPrefix(device, "PJSIP/")
	if _, err := d.w.endpoint(name); err != nil {
		return "INVALID"
	}
	return d.w.Device(name)
}

// SetDeviceState takes Custom: devices only.
func (d *devices) SetDeviceState(device, state string) error {
	if !strings.HasPrefix(device, "Custom:") {
		return fmt.Errorf("device %q: only Custom: devices have a state that can be set", device)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.custom[device] = state
	return nil
}

// ExtensionState is the first state of the devices that is more than NOT_INUSE, the rest aside.
func (d *devices) ExtensionState(names string) string {
	state := ""
	for name := range strings.SplitSeq(names, "&") {
		if s := d.DeviceState(name); state == "" || state == "NOT_INUSE" {
			state = s
		}
	}
	return state
}
