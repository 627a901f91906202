package luatest

import (
	"fmt"
	"strings"
	"sync"
)

// devices are faked states: those the test gave, and Custom: ones that were set.
type devices struct {
	mu     sync.Mutex // guards states; a leaf
	states map[string]string
}

// DeviceState is UNKNOWN for what nobody told of.
func (d *devices) DeviceState(device string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.states[device]; ok {
		return s
	}
	return "UNKNOWN"
}

// SetDeviceState takes Custom: devices only.
func (d *devices) SetDeviceState(device, state string) error {
	if !strings.HasPrefix(device, "Custom:") {
		return fmt.Errorf("device %q: only Custom: devices have a state that can be set", device)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.states[device] = state
	return nil
}

// ExtensionState is that of the first device.
func (d *devices) ExtensionState(names string) string {
	first, _, _ := strings.Cut(names, "&")
	return d.DeviceState(first)
}
