package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
)

// Globals are the dialplan's global variables; they outlive generations.
type Globals interface {
	Global(name string) (string, bool)
	SetGlobal(name, value string)
}

// Variable reads a variable of a channel, or a global one for channel ""; false when there is no such channel.
func (e *Engine) Variable(name, variable string) (string, bool) {
	if name == "" {
		value, _ := e.cfg.Globals.Global(variable)
		return value, true
	}
	ch, ok := e.core.Find(name)
	if !ok {
		return "", false
	}
	value, _ := ch.Get(variable)
	return value, true
}

// SetVariable writes one, with the same meaning of "" and false.
func (e *Engine) SetVariable(name, variable, value string) bool {
	if name == "" {
		e.cfg.Globals.SetGlobal(variable, value)
		return true
	}
	ch, ok := e.core.Find(name)
	if ok {
		ch.Set(variable, value)
	}
	return ok
}

// place turns what a person named into a place, priority labels included; it must exist.
func (e *Engine) place(p dialplan.Named, cid string) (dialplan.Place, error) {
	index := e.Dialplan()
	if n, err := strconv.Atoi(p.Priority); err == nil {
		if _, ok := index.Find(p.Context, p.Exten, cid, n, dialplan.Match); !ok {
			return dialplan.Place{}, fmt.Errorf("no extension %s@%s with priority %d", p.Exten, p.Context, n)
		}
		return dialplan.Place{Context: p.Context, Exten: p.Exten, Priority: n}, nil
	}
	entry, ok := index.FindLabel(p.Context, p.Exten, cid, p.Priority)
	if !ok {
		return dialplan.Place{}, fmt.Errorf("no label %s in %s@%s", p.Priority, p.Exten, p.Context)
	}
	return dialplan.Place{Context: p.Context, Exten: p.Exten, Priority: entry.Priority}, nil
}

// Originate calls o.Channel and, once it answers, lets it run the dialplan. It returns when that is decided.
func (e *Engine) Originate(ctx context.Context, o channel.Origination) (channel.Originated, error) {
	tech, resource, ok := strings.Cut(o.Channel, "/")
	if !ok || resource == "" {
		return channel.Originated{}, fmt.Errorf("engine: originate: %q: want TECHNOLOGY/RESOURCE", o.Channel)
	}
	id := config.ParseCallerID(o.CallerID)
	to, err := e.place(o.Place, id.Number)
	if err != nil {
		return channel.Originated{}, fmt.Errorf("engine: originate: %w", err)
	}
	if e.stopping.Load() || e.full() {
		return channel.Originated{Reason: 8}, errors.New("engine: originate: no more calls are taken")
	}
	variables := make(map[string]string, len(o.Variables))
	for _, v := range o.Variables {
		variables[v[0]] = v[1]
	}
	ch, err := e.core.Originate(ctx, channel.OriginateRequest{Target: channel.Target{Tech: tech, Resource: resource},
		CallerID: channel.CallerID{Name: id.Name, Number: id.Number}, AccountCode: o.Account, Variables: variables, Timeout: o.Timeout})
	if err != nil {
		return channel.Originated{Reason: reason(err)}, err
	}
	ch.SetPlace(to)
	result := channel.Originated{Channel: ch.Name(), UniqueID: ch.UniqueID(), Reason: 4}
	e.core.Start(ch)
	return result, nil
}

// reason is Asterisk's number of why an originated call came to nothing.
func reason(err error) int {
	var failed *channel.OriginateError
	if !errors.As(err, &failed) {
		return 0
	}
	switch failed.Cause {
	case channel.UserBusy:
		return 5
	case channel.NoAnswer, channel.NoUserResponse:
		return 1
	case channel.Congestion, channel.SwitchCongestion:
		return 8
	}
	return 0
}
