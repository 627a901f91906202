package dialtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
)

// BeginOriginate calls a phone for a script (scripting.Originator); once it answers it runs the dialplan, or one application.
func (w *World) BeginOriginate(o channel.Origination) error {
	tech, resource, ok := strings.Cut(o.Channel, "/")
	if !ok || resource == "" {
		return fmt.Errorf("originate: %q: want TECHNOLOGY/RESOURCE", o.Channel)
	}
	priority, err := strconv.Atoi(o.Place.Priority)
	if err != nil {
		return fmt.Errorf("originate: priority %q is no number", o.Place.Priority)
	}
	id := config.ParseCallerID(o.CallerID)
	req := channel.OriginateRequest{Target: channel.Target{Tech: tech, Resource: resource}, CallerID: channel.CallerID{Name: id.Name, Number: id.Number},
		AccountCode: o.Account, Timeout: o.Timeout, Variables: map[string]string{}}
	for _, v := range o.Variables {
		req.Variables[v[0]] = v[1]
	}
	w.count(1)
	go func() { // Close waits for it
		defer w.count(-1)
		ch, err := w.core.Originate(context.Background(), req)
		if err != nil {
			return
		}
		if o.Application != "" {
			if err := w.gen.RunApplication(ch, o.Application, o.Data); err != nil {
				w.tell(ch, Event{What: errored, Text: err.Error()})
			}
			ch.Release()
			return
		}
		ch.SetPlace(dialplan.Place{Context: o.Place.Context, Exten: o.Place.Exten, Priority: priority})
		w.start(ch)
	}()
	return nil
}

// count is how many scripts and calls Close has to wait for, more or less.
func (w *World) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running += n
}
