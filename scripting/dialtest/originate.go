package dialtest

import (
	"context"
	"fmt"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/scripting"
)

// Originator is what scripts of a simulation begin calls with, as the engine does. Core and Generation are asked at each use; Start runs a
// script for a channel on a goroutine that its owner waits for.
type Originator struct {
	Core       func() *channel.Core
	Generation func() *scripting.Generation
	Start      func(ch *channel.Channel, script func() error)
}

// Originate calls a simulated phone, which then runs the dialplan or an application.
func (c Originator) Originate(ctx context.Context, o channel.Origination) (channel.Originated, error) {
	g, to := c.Generation(), dialplan.Place{Context: "default", Exten: "s", Priority: 1}
	if o.Application == "" {
		var err error
		if to, err = g.Index().Place(o.Place, o.CallerID.Number); err != nil {
			return channel.Originated{}, err
		}
	}
	ch, result, err := c.Core().Originate(ctx, o, to)
	if _, ok := g.Index().Find(o.Place.Context, channel.FailedExten, o.CallerID.Number, 1, dialplan.Match); ok && err != nil && o.Application == "" && ctx.Err() == nil {
		failed := c.Core().Failed(o, result)
		c.Start(failed, func() error { return g.Run(failed) })
	}
	if err == nil {
		c.Start(ch, func() error {
			if o.Application != "" {
				return g.RunApplication(ch, o.Application, o.Data)
			}
			return g.Run(ch)
		})
	}
	return result, err
}

// Redirect moves a channel that runs the dialplan.
func (c Originator) Redirect(name string, to dialplan.Named) error {
	ch, ok := c.Core().Find(name)
	if !ok {
		return fmt.Errorf("no channel %s", name)
	}
	p, err := c.Generation().Index().Place(to, ch.CallerID().Number)
	if err == nil {
		ch.Redirect(p)
	}
	return err
}

// RunApplication runs one application for a channel.
func (c Originator) RunApplication(ch *channel.Channel, application, data string) {
	c.Start(ch, func() error { return c.Generation().RunApplication(ch, application, data) })
}

// Channels are those that are up or on their way.
func (c Originator) Channels() (list []channel.Info) {
	for _, ch := range c.Core().Channels() {
		list = append(list, ch.Info())
	}
	return list
}

// Channel finds a live channel.
func (c Originator) Channel(name string) (*channel.Channel, bool) { return c.Core().Find(name) }
