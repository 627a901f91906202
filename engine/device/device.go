// Package device says what the devices that hints and DEVICE_STATE() name are doing.
//
//	PJSIP/alice ─► its channels, else its contacts          Custom:lamp ─► the store, where scripts put it
//	several (a hint: PJSIP/alice&Custom:lamp) ─► Combine ─► the state of the extension
//
// States are looked at when asked for. Watcher remembers what they were, and tells of changes:
//
//	channels, contacts ► facts ─┬─► devices to look at again ─► other than they were? ─► DeviceStateChanged, ExtensionStateChanged
//	Custom: in the store ───────┘
package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/registrar"
	"asterism/engine/store"
)

// State is one of Asterisk's device states, by its word.
type State string

// The states.
const (
	Unknown     State = "UNKNOWN"
	NotInUse    State = "NOT_INUSE"
	InUse       State = "INUSE"
	Busy        State = "BUSY"
	Invalid     State = "INVALID"
	Unavailable State = "UNAVAILABLE"
	Ringing     State = "RINGING"
	RingInUse   State = "RINGINUSE"
	OnHold      State = "ONHOLD"
)

// order is how much a state says when several are combined: the later one wins.
var order = []State{Invalid, Unknown, Unavailable, NotInUse, OnHold, Ringing, InUse, Busy, RingInUse}

// Combine is the state of several devices, or of several channels of one: the most telling one, and RingInUse where some ring and others
// are in use. Unknown of none.
func Combine(states ...State) State {
	if len(states) == 0 {
		return Unknown
	}
	out := Invalid
	ringing, used := false, false
	for _, s := range states {
		ringing = ringing || s == Ringing
		used = used || s == InUse || s == OnHold || s == Busy
		if slices.Index(order, s) > slices.Index(order, out) {
			out = s
		}
	}
	if ringing && used {
		return RingInUse
	}
	return out
}

// Extension is what a combined state of a hint's devices means for its extension.
func Extension(s State) State {
	switch s {
	case Unknown:
		return NotInUse
	case Invalid:
		return Unavailable
	}
	return s
}

// Sources are what states are made of.
type Sources struct {
	Channels func() []*channel.Channel
	Contacts func(aor string) []registrar.Contact
	Config   func() *config.PJSIP
	Store    store.Store
}

const (
	custom     = "Custom:"
	technology = "PJSIP/"
	family     = "/CustomDevstate/" // where Asterisk keeps them in its database
	patient    = 5 * time.Second
)

// Of is the state of one device: "PJSIP/alice", "Custom:lamp".
func (s *Sources) Of(device string) State { return s.look().of(device) }

// All is the state of the devices of a hint, "PJSIP/alice&Custom:lamp"; what stands after a comma is presence, and not looked at.
func (s *Sources) All(devices string) State { return s.look().all(devices) }

// Names are the devices of a hint, each by the one name that events use for it.
func Names(devices string) (names []string) {
	devices, _, _ = strings.Cut(devices, ",")
	for d := range strings.SplitSeq(devices, "&") {
		if d = canonical(d); d != "" {
			names = append(names, d)
		}
	}
	return names
}

// canonical writes the kind of a device, which is compared without case, as Asterisk does.
func canonical(device string) string {
	device = strings.TrimSpace(device)
	for _, kind := range []string{custom, technology} {
		if len(device) > len(kind) && strings.EqualFold(device[:len(kind)], kind) {
			return kind + device[len(kind):]
		}
	}
	return device
}

// glance is one look at all channels, for the states of many devices.
type glance struct {
	*Sources
	channels map[string][]*channel.Channel // of PJSIP, by endpoint; nil: not looked at yet
}

func (s *Sources) look() *glance { return &glance{Sources: s} }

func (g *glance) of(device string) State {
	device = canonical(device)
	if name, ok := strings.CutPrefix(device, custom); ok {
		return g.custom(name)
	}
	name, ok := strings.CutPrefix(device, technology)
	if !ok {
		return Invalid
	}
	e := g.Config().Endpoints[name]
	if e == nil {
		return Invalid
	}
	return g.endpoint(e)
}

func (g *glance) all(devices string) State {
	var states []State
	for _, d := range Names(devices) {
		states = append(states, g.of(d))
	}
	return Combine(states...)
}

// calls are the channels of an endpoint.
func (g *glance) calls(endpoint string) []*channel.Channel {
	if g.channels == nil {
		g.channels = map[string][]*channel.Channel{}
		for _, ch := range g.Channels() {
			if ch.Tech() == "PJSIP" {
				g.channels[ch.Endpoint()] = append(g.channels[ch.Endpoint()], ch)
			}
		}
	}
	return g.channels[endpoint]
}

func (g *glance) endpoint(e *config.Endpoint) State {
	var states []State
	for _, ch := range g.calls(e.Name) {
		if !ch.HungUp() {
			states = append(states, ofChannel(ch))
		}
	}
	switch {
	case e.DeviceStateBusyAt > 0 && len(states) >= e.DeviceStateBusyAt:
		return Busy
	case len(states) > 0:
		return Combine(states...)
	}
	for _, aor := range e.AORs {
		for _, c := range g.Contacts(aor) {
			if c.Status != registrar.Unreachable {
				return NotInUse
			}
		}
	}
	return Unavailable
}

func ofChannel(ch *channel.Channel) State {
	switch ch.State() {
	case channel.Down:
		return NotInUse
	case channel.Ringing:
		return Ringing
	case channel.Busy:
		return Busy
	case channel.Up:
		if held, _ := ch.Leg().Property("rtp,hold"); held == "1" {
			return OnHold
		}
	}
	return InUse
}

func (s *Sources) custom(name string) State {
	if s.Store == nil {
		return Unknown
	}
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	e, err := s.Store.Get(ctx, family+name)
	if err != nil {
		return Unknown // not set, or nobody can tell
	}
	return State(e.Value)
}

// Set gives a Custom: device a state.
func (s *Sources) Set(device, state string) error {
	name, ok := strings.CutPrefix(device, custom)
	if !ok || name == "" {
		return fmt.Errorf("device %q: only Custom: devices have a state that can be set", device)
	}
	state = strings.ToUpper(strings.TrimSpace(state))
	if !slices.Contains(order, State(state)) {
		return fmt.Errorf("device %q: state %q: want one of %v", device, state, order)
	}
	if s.Store == nil {
		return errors.New("device: no store is configured")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	_, err := s.Store.Put(ctx, family+name, []byte(state), store.Any, 0)
	return err
}
