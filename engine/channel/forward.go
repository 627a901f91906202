package channel

import (
	"maps"
	"slices"
	"strings"
)

// What a Dial does with a leg that sends it elsewhere (a 3xx), and what it tells the legs it makes.

// maxForwards bounds chains of 3xx and Local channels (Asterisk: MAX_FORWARDS, default 20).
const maxForwards = 20

// throughVariable lists where 3xx have sent a call on its way to a channel: exten@context, "," between. It is inherited. A place that is in
// it already is a loop. A bound on the depth alone would not do: two phones that forward to a number at which both ring make each
// round twice the one before (for SIP proxies see RFC 5393).
const throughVariable = "FORWARDED_THROUGH"

// tollguardVariable says who is to blame for a call that goes where its caller did not send it: kind,endpoint,number. It is inherited.
// Plugin tollguard reads it before such a call may leave the house.
const tollguardVariable = "TOLLGUARD"

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
	to := ev.Forward + "@" + context
	through, _ := d.caller.Get(throughVariable)
	way := append(splitWay(through), leg.through...)
	if slices.Contains(way, to) {
		d.caller.log.Warn().Str("leg", leg.ch.Name()).Str("forward", ev.Forward).Str("context", context).Msg("dial: forwarded in a circle")
		entry.Status, entry.Cause = StatusBusy, UserBusy
		return
	}
	leg.through = append(slices.Clip(leg.through), to)
	d.caller.log.Info().Str("leg", leg.ch.Name()).Str("forward", ev.Forward).Str("context", context).Msg("dial: forwarded")
	if d.caller.State() != Up {
		_ = d.caller.Indicate(IndicateForwarded) // that the caller is gone, wait sees
	}
	entry.Status = StatusNoAnswer // it neither was busy nor failed: another leg took its place
	if d.req.ForwardUntimed {
		d.timer = nil
	}
	_ = d.call(d.add(Target{"Local", to}, leg.forwards+1, leg)) // an error is the caller's end, which wait sees
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
	if leg.CallerID.RDNIS == "" {
		leg.CallerID.RDNIS = from.ch.CallerID().Number
	}
	if d.req.ForwardCaller != nil {
		leg.CallerID = *d.req.ForwardCaller
	}
	leg.Variables = maps.Clone(d.req.Variables)
	if leg.Variables == nil {
		leg.Variables = map[string]string{}
	}
	leg.Variables["FORWARDERNAME"] = from.ch.Name()
	if n := len(from.through); n > 0 {
		number, _, _ := strings.Cut(from.through[n-1], "@")
		leg.Variables["__"+tollguardVariable] = "forward," + from.ch.Endpoint() + "," + number
	}
	through, _ := d.caller.Get(throughVariable)
	leg.Variables["__"+throughVariable] = strings.Join(append(splitWay(through), from.through...), ",")
	return leg
}

// splitWay is the list in throughVariable.
func splitWay(through string) []string {
	return strings.FieldsFunc(through, func(r rune) bool { return r == ',' })
}
