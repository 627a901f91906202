package channel

import (
	"errors"
	"strings"
	"time"
)

// Target is one destination of a Dial: "PJSIP" and "alice".
type Target struct{ Tech, Resource string }

func (t Target) String() string { return t.Tech + "/" + t.Resource }

// The statuses of a Dial and of its legs, as DIALSTATUS has them.
const (
	StatusAnswer      = "ANSWER"
	StatusBusy        = "BUSY"
	StatusCongestion  = "CONGESTION"
	StatusUnavailable = "CHANUNAVAIL"
	StatusNoAnswer    = "NOANSWER"
	StatusCancel      = "CANCEL"
)

// DialRequest asks for a party. Timeout 0 waits for ever.
type DialRequest struct {
	Targets        []Target
	Timeout        time.Duration
	CallerID       *CallerID // shown instead of the caller's own
	Variables      map[string]string
	FakeRinging    bool   // Dial's r: the caller hears ringing whatever the legs say, and no early media
	IgnoreForwards bool   // Dial's i: a leg that forwards counts as busy
	ForwardContext string // where a 3xx is looked up; "": FORWARD_CONTEXT of the caller, else its current context
	OnEvent        func(DialEvent)
}

// DialEvent tells a script what happens while legs ring.
type DialEvent struct {
	Target  Target
	Channel string
	Kind    LegEventKind
	Cause   Cause
}

// DialLegResult is what became of one leg. Status is empty for a leg that was still running at the end.
type DialLegResult struct {
	Target  Target
	Channel string
	Cause   Cause
	Status  string
	Created bool
	Forward string
}

// DialResult is the end of a Dial. Peer answered and is not bridged yet; the caller of Dial owns it and must Bridge or Release it.
// RingTime and ProgressTime are negative when it never came to that.
type DialResult struct {
	Peer                   *Channel
	Target                 Target // of Peer
	Legs                   []DialLegResult
	TimedOut               bool
	RingTime, ProgressTime time.Duration
	Cause                  Cause
}

// maxForwards bounds chains of 3xx and Local channels (Asterisk: MAX_FORWARDS, default 20).
const maxForwards = 20

// dialLeg is one channel that rings for a Dial.
type dialLeg struct {
	target   Target
	ch       *Channel
	forwards int
	result   int // index into DialResult.Legs
}

type legReport struct {
	leg *dialLeg
	ev  LegEvent
}

// dial is one running Dial.
type dial struct {
	caller   *Channel
	req      DialRequest
	res      DialResult
	began    time.Time
	running  map[*dialLeg]bool
	reports  chan legReport
	done     chan struct{} // closed when nobody reads reports any more
	ringing  bool
	early    func() // ends the early media
	earlyLeg *dialLeg
}

// Dial rings all targets at once and returns when one answered, all failed, the time is up, or the caller hung up (then with
// *HangupError; all legs are cancelled). Legs that lose are cancelled with "answered elsewhere".
func (c *Channel) Dial(req DialRequest) (DialResult, error) {
	if err := c.gone(); err != nil {
		return DialResult{RingTime: -1, ProgressTime: -1}, err
	}
	d := &dial{caller: c, req: req, began: c.core.clock.Now(), running: map[*dialLeg]bool{}, reports: make(chan legReport, 16), done: make(chan struct{})}
	d.res.RingTime, d.res.ProgressTime = -1, -1
	defer close(d.done)
	for _, t := range req.Targets {
		d.add(t, 0)
	}
	if req.FakeRinging && len(d.running) > 0 {
		d.ring()
	}
	err := d.wait()
	if d.early != nil {
		d.early()
	}
	c.StopTone()
	d.cancelOthers(err)
	c.SetHangupCause(d.res.Cause)
	return d.res, err
}

// add makes and calls the channels of one target.
func (d *dial) add(t Target, forwards int) {
	tech, ok := d.caller.core.techs[t.Tech]
	if !ok {
		tech, ok = d.caller.core.techFold(t.Tech)
	}
	if !ok {
		d.failed(t, ChanNotImplemented)
		d.caller.log.Warn().Str("target", t.String()).Msg("dial: no such technology")
		return
	}
	id := d.caller.CallerID()
	if d.req.CallerID != nil {
		id = *d.req.CallerID
	}
	channels, err := tech.Request(d.caller.ctx, t.Resource, &DialLeg{Parent: d.caller, CallerID: id, Variables: d.req.Variables})
	if err != nil || len(channels) == 0 {
		cause := SubscriberAbsent
		var unavailable *UnavailableError
		if errors.As(err, &unavailable) && unavailable.Cause != 0 {
			cause = unavailable.Cause
		}
		d.failed(t, cause)
		d.caller.log.Info().Str("target", t.String()).Int("cause", int(cause)).AnErr("reason", err).Msg("dial: cannot be reached")
		return
	}
	for _, ch := range channels {
		leg := &dialLeg{target: t, ch: ch, forwards: forwards, result: len(d.res.Legs)}
		d.res.Legs = append(d.res.Legs, DialLegResult{Target: t, Channel: ch.Name(), Created: true})
		d.running[leg] = true
		d.caller.core.observer.DialBegan(d.caller, ch, t)
		ch.leg.(Caller).Call(func(ev LegEvent) {
			select {
			case d.reports <- legReport{leg, ev}:
			case <-d.done: // nobody waits any more; the channel's own context tells the rest
			}
		})
	}
}

func (d *dial) failed(t Target, cause Cause) {
	d.res.Legs = append(d.res.Legs, DialLegResult{Target: t, Cause: cause, Status: statusOf(cause)})
	d.res.Cause = cause
}

// wait is the life of the Dial.
func (d *dial) wait() error {
	var timer <-chan time.Time
	if d.req.Timeout > 0 {
		var stop func()
		timer, stop = d.caller.core.clock.After(d.req.Timeout)
		defer stop()
	}
	for len(d.running) > 0 {
		select {
		case r := <-d.reports:
			if d.report(r) {
				return nil
			}
		case <-timer:
			d.res.TimedOut = true
			d.res.Cause = NoAnswer
			return nil
		case <-d.caller.stopped():
			return d.caller.gone()
		}
	}
	return nil
}

// report takes one leg's news; true means that the Dial has its answer.
func (d *dial) report(r legReport) bool {
	if !d.running[r.leg] {
		return false
	}
	if d.req.OnEvent != nil {
		d.req.OnEvent(DialEvent{r.leg.target, r.leg.ch.Name(), r.ev.Kind, r.ev.Cause})
	}
	switch r.ev.Kind {
	case LegRinging:
		r.leg.ch.SetState(Ringing)
		if d.res.RingTime < 0 {
			d.res.RingTime = d.since()
		}
		d.ring()
	case LegProgress:
		if d.res.ProgressTime < 0 {
			d.res.ProgressTime = d.since()
		}
		d.progress(r.leg)
	case LegAnswered:
		delete(d.running, r.leg)
		d.res.Legs[r.leg.result].Status = StatusAnswer
		d.res.Peer, d.res.Target = r.leg.ch, r.leg.target
		r.leg.ch.MarkAnswered()
		d.caller.core.observer.DialEnded(d.caller, r.leg.ch, StatusAnswer)
		return true
	case LegEnded:
		d.legEnded(r.leg, r.ev)
	}
	return false
}

func (d *dial) since() time.Duration { return d.caller.core.clock.Now().Sub(d.began) }

// ring lets the caller hear ringing, once.
func (d *dial) ring() {
	if d.ringing || d.early != nil {
		return
	}
	d.ringing = true
	if err := d.caller.Indicate(IndicateRinging); err != nil && !d.caller.HungUp() {
		d.caller.log.Debug().Err(err).Msg("dial: ringing not passed on")
	}
}

// progress passes one leg's early media to the caller: only with a single destination and without r, as Asterisk.
func (d *dial) progress(leg *dialLeg) {
	if d.req.FakeRinging || len(d.req.Targets) > 1 || d.early != nil || len(d.running) > 1 {
		d.ring()
		return
	}
	if err := d.caller.Indicate(IndicateProgress); err != nil {
		return
	}
	mine, theirs := d.caller.leg.Media(), leg.ch.leg.Media()
	if mine == nil || theirs == nil {
		return
	}
	d.caller.StopTone()
	leave, err := mine.Join(theirs)
	if err != nil {
		d.caller.log.Warn().Err(err).Msg("dial: early media not joined")
		return
	}
	d.early, d.earlyLeg = leave, leg
}

func (d *dial) legEnded(leg *dialLeg, ev LegEvent) {
	delete(d.running, leg)
	if d.early != nil && d.earlyLeg == leg {
		d.early()
		d.early = nil
	}
	entry := &d.res.Legs[leg.result]
	entry.Cause, entry.Status, entry.Forward = ev.Cause, statusOf(ev.Cause), ev.Forward
	if ev.Forward != "" {
		d.forward(leg, ev)
		entry = &d.res.Legs[leg.result]
	}
	if entry.Cause != RedirectedToNew && (entry.Status != StatusUnavailable || d.res.Cause == 0) { // who took over says how it ended
		d.res.Cause = entry.Cause
	}
	d.caller.core.observer.DialEnded(d.caller, leg.ch, entry.Status)
	leg.ch.Release()
}

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
	d.add(Target{"Local", ev.Forward + "@" + context}, leg.forwards+1)
}

// cancelOthers ends the legs that still run.
func (d *dial) cancelOthers(err error) {
	cause, status := AnsweredElsewhere, StatusNoAnswer
	if d.res.Peer == nil {
		cause = NormalClearing
		if err != nil {
			status = StatusCancel
		}
	}
	for leg := range d.running {
		d.res.Legs[leg.result].Status = ""
		leg.ch.Hangup(cause)
		d.caller.core.observer.DialEnded(d.caller, leg.ch, status)
		leg.ch.Release()
	}
}

// statusOf sorts a leg's end as Asterisk does: busy, congestion, neither, or unavailable.
func statusOf(cause Cause) string {
	switch cause {
	case UserBusy:
		return StatusBusy
	case Congestion:
		return StatusCongestion
	case NormalClearing, NoAnswer:
		return StatusNoAnswer
	}
	return StatusUnavailable
}

// techFold finds a technology whatever its letters' case: "sip" sites write "pjsip/alice" too.
func (k *Core) techFold(name string) (Tech, bool) {
	for n, t := range k.techs {
		if strings.EqualFold(n, name) {
			return t, true
		}
	}
	return nil, false
}
