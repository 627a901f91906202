package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"asterism/engine/channel"
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
	p, err := e.Dialplan().Place(to, ch.CallerID().Number)
	if err == nil {
		ch.Redirect(p)
	}
	return err
}

// BeginOriginate is Originate that does not wait for the answer: how it ends is a line in the log. What is wrong with o is said at once.
func (e *Engine) BeginOriginate(o channel.Origination) error {
	to, err := e.origination(o)
	if err != nil {
		return err
	}
	if e.stopping.Load() {
		return errors.New("engine: originate: no more calls are taken")
	}
	e.wg.Go(func() {
		if _, err := e.originate(e.life, o, to); err != nil {
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

// Originate calls o.Channel and, once it answers, lets it run the dialplan, or one application. It returns when that is decided.
func (e *Engine) Originate(ctx context.Context, o channel.Origination) (channel.Originated, error) {
	to, err := e.origination(o)
	if err != nil {
		return channel.Originated{}, err
	}
	return e.originate(ctx, o, to)
}

// origination looks at what a person asks for: where the channel will be.
func (e *Engine) origination(o channel.Origination) (to dialplan.Place, err error) {
	if tech, resource, ok := strings.Cut(o.Channel, "/"); !ok || tech == "" || resource == "" {
		return to, fmt.Errorf("engine: originate: %q: want TECHNOLOGY/RESOURCE", o.Channel)
	}
	if o.Application != "" {
		if _, ok := e.current.Load().script.Describe("application", o.Application); !ok {
			return to, fmt.Errorf("engine: originate: no application %s", o.Application)
		}
		return dialplan.Place{Context: "default", Exten: "s", Priority: 1}, nil // where a redirection begins
	}
	if to, err = e.Dialplan().Place(o.Place, o.CallerID.Number); err != nil {
		return to, fmt.Errorf("engine: originate: %w", err)
	}
	return to, nil
}

func (e *Engine) originate(ctx context.Context, o channel.Origination, to dialplan.Place) (channel.Originated, error) {
	if e.stopping.Load() || e.full() {
		return channel.Originated{Reason: channel.ReasonCongestion}, errors.New("engine: originate: no more calls are taken")
	}
	ch, result, err := e.core.Originate(ctx, o, to)
	if err != nil {
		if _, ok := e.Dialplan().Find(o.Place.Context, channel.FailedExten, o.CallerID.Number, 1, dialplan.Match); ok && o.Application == "" && ctx.Err() == nil {
			e.core.Start(e.core.Failed(o, result))
		}
		return result, err
	}
	if o.Application != "" {
		e.RunApplication(ch, o.Application, o.Data)
	} else {
		e.core.Start(ch)
	}
	return result, nil
}

// RunApplication runs one application for a channel that nobody runs, and ends it then. It does not wait.
func (e *Engine) RunApplication(ch *channel.Channel, application, data string) {
	e.runBy(ch, func(s Script) error { return s.RunApplication(ch, application, data) })
}
