package channel

import (
	"maps"
	"strings"
)

// What a Dial does with a leg that sends it elsewhere (a 3xx), and what it tells the legs it makes.

// maxForwards bounds chains of 3xx and Local channels (Asterisk: MAX_FORWARDS, default 20).
const maxForwards = 20

// forward follows a 3xx: a target without a technology goes to Local/target@context, so that the dialplan decides, as in Asterisk.
func (d *dial) forward(leg *dialLeg, ev LegEvent) {
	entry := &d.res.Legs[leg.result]
	if d.req.IgnoreForwards || leg.forwards >= maxForwards || strings.ContainsAny(ev.Forward, "&,") {
		entry.Status, entry.Cause = StatusBusy, UserBusy
		return
	}
	context := d.req.ForwardContext
	if context == "" {
		context, _ = d.caller.Get("FORWARD_CONTEXT")
	}
	if context == "" {
		context = d.caller.Place().Context
	}
	d.caller.log.Info().Str("leg", leg.ch.Name()).Str("forward", ev.Forward).Str("context", context).Msg("dial: forwarded")
	entry.Status = StatusNoAnswer // it neither was busy nor failed: another leg took its place
	if d.req.ForwardUntimed {
		d.timer = nil
	}
	_ = d.call(d.add(Target{"Local", ev.Forward + "@" + context}, leg.forwards+1, leg)) // an error is the caller's end, which wait sees
}

// wanted is what the technology is told of a leg.
func (d *dial) wanted(from *dialLeg) *DialLeg {
	leg := &DialLeg{Parent: d.caller, CallerID: d.caller.CallerID(), Variables: d.req.Variables}
	if d.req.CallerID != nil {
		leg.CallerID = *d.req.CallerID
	}
	if from == nil {
		return leg
	}
	if d.req.ForwardCaller != nil {
		leg.CallerID = *d.req.ForwardCaller
	}
	leg.Variables = maps.Clone(d.req.Variables)
	if leg.Variables == nil {
		leg.Variables = map[string]string{}
	}
	leg.Variables["FORWARDERNAME"] = from.ch.Name()
	return leg
}
