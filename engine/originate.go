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
	Globals() map[string]string // a copy
}

// Globals copies the global variables.
func (e *Engine) Globals() map[string]string { return e.cfg.Globals.Globals() }

// Redirect moves a channel that runs the dialplan to another place of it, which must exist. It does not wait.
func (e *Engine) Redirect(name string, to dialplan.Named) error {
	ch, ok := e.core.Find(name)
	switch {
	case !ok:
		return fmt.Errorf("no channel %s", name)
	case ch.Place().Exten == "":
		return fmt.Errorf("%s runs no dialplan of its own", name)
	}
	p, err := e.place(to, ch.CallerID().Number)
	if err == nil {
		ch.Redirect(p)
	}
	return err
}

// BeginOriginate is Originate that does not wait for the answer: how it ends is a line in the log. What is wrong with o is said at once.
func (e *Engine) BeginOriginate(o channel.Origination) error {
	req, to, err := e.origination(o)
	if err != nil {
		return err
	}
	if e.stopping.Load() {
		return errors.New("engine: originate: no more calls are taken")
	}
	e.wg.Go(func() {
		if _, err := e.originate(e.life, o, req, to); err != nil {
			e.log.Info().Err(err).Str("channel", o.Channel).Msg("originate: not answered")
		}
	})
	return nil
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

// Originate calls o.Channel and, once it answers, lets it run the dialplan, or one application. It returns when that is decided.
func (e *Engine) Originate(ctx context.Context, o channel.Origination) (channel.Originated, error) {
	req, to, err := e.origination(o)
	if err != nil {
		return channel.Originated{}, err
	}
	return e.originate(ctx, o, req, to)
}

// origination reads what a person asks for.
func (e *Engine) origination(o channel.Origination) (req channel.OriginateRequest, to dialplan.Place, err error) {
	tech, resource, ok := strings.Cut(o.Channel, "/")
	if !ok || resource == "" {
		return req, to, fmt.Errorf("engine: originate: %q: want TECHNOLOGY/RESOURCE", o.Channel)
	}
	id := config.ParseCallerID(o.CallerID)
	if o.Application != "" {
		if _, ok := e.current.Load().script.Describe("application", o.Application); !ok {
			return req, to, fmt.Errorf("engine: originate: no application %s", o.Application)
		}
		to = dialplan.Place{Context: "default", Exten: "s", Priority: 1} // where a redirection begins
	} else if to, err = e.place(o.Place, id.Number); err != nil {
		return req, to, fmt.Errorf("engine: originate: %w", err)
	}
	variables := make(map[string]string, len(o.Variables))
	for _, v := range o.Variables {
		variables[v[0]] = v[1]
	}
	return channel.OriginateRequest{Target: channel.Target{Tech: tech, Resource: resource}, CallerID: channel.CallerID{Name: id.Name, Number: id.Number},
		AccountCode: o.Account, Variables: variables, Timeout: o.Timeout}, to, nil
}

func (e *Engine) originate(ctx context.Context, o channel.Origination, req channel.OriginateRequest, to dialplan.Place) (channel.Originated, error) {
	if e.stopping.Load() || e.full() {
		return channel.Originated{Reason: 8}, errors.New("engine: originate: no more calls are taken")
	}
	ch, err := e.core.Originate(ctx, req)
	if err != nil {
		return channel.Originated{Reason: reason(err)}, err
	}
	ch.SetPlace(to)
	result := channel.Originated{Channel: ch.Name(), UniqueID: ch.UniqueID(), Reason: 4}
	if o.Application != "" {
		e.runBy(ch, func(s Script) error { return s.RunApplication(ch, o.Application, o.Data) })
	} else {
		e.core.Start(ch)
	}
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
