package luatest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
)

// BeginOriginate calls a phone for a plugin (scripting.Originator), which then runs the dialplan or one application.
func (w *world) BeginOriginate(o channel.Origination) error {
	tech, resource, ok := strings.Cut(o.Channel, "/")
	if !ok {
		return fmt.Errorf("originate: %q: want TECHNOLOGY/RESOURCE", o.Channel)
	}
	priority, err := strconv.Atoi(o.Place.Priority)
	if err != nil {
		return err
	}
	id := config.ParseCallerID(o.CallerID)
	req := channel.OriginateRequest{Target: channel.Target{Tech: tech, Resource: resource}, CallerID: channel.CallerID{Name: id.Name, Number: id.Number},
		Timeout: o.Timeout, Variables: map[string]string{}}
	for _, v := range o.Variables {
		req.Variables[v[0]] = v[1]
	}
	go func() { // ends with the phone's answer, refusal or timeout, on the test's clock
		ch, err := w.core.Originate(context.Background(), req)
		if err != nil {
			return
		}
		if o.Application != "" {
			_ = w.gen.RunApplication(ch, o.Application, o.Data) // what went wrong is in the log
			ch.Release()
			return
		}
		ch.SetPlace(dialplan.Place{Context: o.Place.Context, Exten: o.Place.Exten, Priority: priority})
		w.start(ch)
	}()
	return nil
}
