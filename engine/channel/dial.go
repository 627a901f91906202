package channel

import (
	"cmp"
	"errors"
	"slices"
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
	Targets []Target
	// Delays are how long after the others each target rings, in the order of Targets; what is missing is none. When all that ring have
	// ended, the next ones ring at once.
	Delays         []time.Duration
	Timeout        time.Duration
	CallerID       *CallerID // shown instead of the caller's own
	Variables      map[string]string
	Ringback       Ringback
	IgnoreForwards bool      // Dial's i: a leg that forwards counts as busy
	Unshown        bool      // Dial's I: neither side is shown whom it talks to
	ForwardContext string    // where a 3xx is looked up; "": FORWARD_CONTEXT of the caller, else its current context
	ForwardCaller  *CallerID // shown to where a 3xx points, instead of the caller's
	ForwardUntimed bool      // Dial's z: a forward takes the timeout away
	// ProgressTimeout ends the Dial when nobody rings, sends early media or answers within it; 0 is never.
	ProgressTimeout time.Duration
	// Cancel is the cause told to the legs that did not answer; 0: AnsweredElsewhere when another one did, else NormalClearing.
	Cancel Cause
	// Digits are those of the caller that end the Dial; the first one is DialResult.Digit.
	Digits string
	// Before runs for each leg when all are made and none is called (Dial's b). It may hang the leg up.
	Before  func(leg *Channel) error
	OnEvent func(DialEvent)
}

// Ringback is what the caller hears while legs ring.
type Ringback int

// The ways of ringback: what the legs signal; ringing at once until a leg sends early media (Dial's R); ringing at once and nothing else
// (r); nothing, because the script plays something (m).
const (
	RingbackReal Ringback = iota
	RingbackUntilMedia
	RingbackFake
	RingbackNone
)

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
	Digit                  rune // of DialRequest.Digits, which the caller pressed; 0: none
	RingTime, ProgressTime time.Duration
	Cause                  Cause
}

// dialLeg is one channel that rings for a Dial.
type dialLeg struct {
	target   Target
	ch       *Channel
	forwards int
	through  []string // exten@context of each of these forwards
	result   int      // index into DialResult.Legs
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
	done     chan struct{}  // closed when nobody reads reports any more
	each     func(*Channel) // of a Page: takes who answers, and the others go on ringing
	quit     chan struct{}  // of a Page: closed when it is over; nil otherwise
	ringing  bool
	early    func() // ends the early media
	earlyLeg *dialLeg
	timer    <-chan time.Time
	progress <-chan time.Time // of ProgressTimeout
	later    []delayed        // still to be called, the next one first
	next     <-chan time.Time // when that is due
	stopNext func()
}

// delayed is a target that rings after the others.
type delayed struct {
	target Target
	after  time.Duration // from the begin of the Dial
}

// Dial rings all targets at once and returns when one answered, all failed, the time is up, or the caller hung up (then with
// *HangupError; all legs are cancelled). Legs that lose are cancelled with "answered elsewhere".
func (c *Channel) Dial(req DialRequest) (DialResult, error) {
	if err := c.gone(); err != nil {
		return DialResult{RingTime: -1, ProgressTime: -1}, err
	}
	d := &dial{caller: c, req: req, began: c.core.clock.Now(), running: map[*dialLeg]bool{}, reports: make(chan legReport, 16), done: make(chan struct{})}
	d.res.RingTime, d.res.ProgressTime = -1, -1
	c.update(func() { c.unshown = req.Unshown })
	defer close(d.done)
	var made []*dialLeg
	for i, t := range req.Targets {
		if i < len(req.Delays) && req.Delays[i] > 0 {
			d.later = append(d.later, delayed{t, req.Delays[i]})
			continue
		}
		made = append(made, d.add(t, 0, nil)...)
	}
	slices.SortStableFunc(d.later, func(a, b delayed) int { return cmp.Compare(a.after, b.after) })
	d.stopNext = func() {}
	defer func() { d.stopNext() }()
	err := d.call(made)
	if len(d.running)+len(d.later) > 0 && (req.Ringback == RingbackFake || req.Ringback == RingbackUntilMedia) {
		d.ring()
	}
	if err == nil {
		err = d.wait()
	}
	if d.early != nil {
		d.early()
	}
	c.StopTone()
	d.cancelOthers(err)
	c.SetHangupCause(d.res.Cause)
	return d.res, err
}

// add makes the channels of one target; from is the leg that was forwarded there, nil for the first ones.
func (d *dial) add(t Target, forwards int, from *dialLeg) (made []*dialLeg) {
	tech, ok := d.caller.core.techs[t.Tech]
	if !ok {
		tech, ok = d.caller.core.techFold(t.Tech)
	}
	if !ok {
		d.failed(t, ChanNotImplemented)
		d.caller.log.Warn().Str("target", t.String()).Msg("dial: no such technology")
		return nil
	}
	channels, err := tech.Request(d.caller.ctx, t.Resource, d.wanted(from))
	if err != nil || len(channels) == 0 {
		cause := SubscriberAbsent
		var unavailable *UnavailableError
		if errors.As(err, &unavailable) && unavailable.Cause != 0 {
			cause = unavailable.Cause
		}
		d.failed(t, cause)
		d.caller.log.Info().Str("target", t.String()).Int("cause", int(cause)).AnErr("reason", err).Msg("dial: cannot be reached")
		return nil
	}
	for _, ch := range channels {
		ch.update(func() { ch.unshown = d.req.Unshown })
		leg := &dialLeg{target: t, ch: ch, forwards: forwards, result: len(d.res.Legs)}
		if from != nil {
			leg.through = from.through
		}
		d.res.Legs = append(d.res.Legs, DialLegResult{Target: t, Channel: ch.Name(), Created: true})
		d.running[leg] = true
		made = append(made, leg)
	}
	return made
}

// call sends the calls of legs on their way, each after Before. An error is the caller's end.
func (d *dial) call(legs []*dialLeg) error {
	for _, leg := range legs {
		d.caller.core.observer.DialBegan(d.caller, leg.ch, leg.target)
	}
	if d.req.Before != nil {
		for _, leg := range legs {
			if err := d.req.Before(leg.ch); err != nil {
				return err
			}
		}
	}
	for _, leg := range legs {
		if leg.ch.HungUp() { // by Before
			d.legEnded(leg, LegEvent{Kind: LegEnded, Cause: leg.ch.HangupCause()})
			continue
		}
		leg.ch.leg.(Caller).Call(func(ev LegEvent) {
			select {
			case d.reports <- legReport{leg, ev}:
			case <-d.done: // nobody waits any more; the channel's own context tells the rest
			}
		})
	}
	return nil
}

func (d *dial) failed(t Target, cause Cause) {
	d.res.Legs = append(d.res.Legs, DialLegResult{Target: t, Cause: cause, Status: statusOf(cause)})
	d.res.Cause = cause
}

// wait is the life of the Dial.
func (d *dial) wait() error {
	for _, limit := range []struct {
		timer *<-chan time.Time
		after time.Duration
	}{{&d.timer, d.req.Timeout}, {&d.progress, d.req.ProgressTimeout}} {
		if limit.after > 0 {
			timer, stop := d.caller.core.clock.After(limit.after)
			defer stop()
			*limit.timer = timer
		}
	}
	var digits <-chan struct{}
	if d.req.Digits != "" {
		digits = d.caller.digits.signal
	}
	d.schedule()
	for len(d.running) > 0 || len(d.later) > 0 {
		if len(d.running) == 0 {
			if err := d.callNext(); err != nil {
				return err
			}
			continue
		}
		select {
		case r := <-d.reports:
			if d.report(r) {
				return nil
			}
		case <-d.next:
			if err := d.callNext(); err != nil {
				return err
			}
		case <-digits:
			if key := d.caller.digits.find(d.req.Digits); key != 0 {
				d.caller.digits.take(key)
				d.res.Digit = key
				return nil
			}
		case <-d.timer:
			return d.timedOut()
		case <-d.progress:
			return d.timedOut()
		case <-d.quit:
			return nil
		case <-d.caller.stopped():
			return d.caller.gone()
		}
	}
	return nil
}

// schedule sets the clock for the next of later.
func (d *dial) schedule() {
	d.stopNext()
	d.next, d.stopNext = nil, func() {}
	if len(d.later) > 0 {
		d.next, d.stopNext = d.caller.core.clock.After(max(d.later[0].after-d.since(), 0))
	}
}

// callNext calls the next of later, and all that are due with it. An error is the caller's end.
func (d *dial) callNext() error {
	if err := d.caller.gone(); err != nil {
		return err
	}
	var made []*dialLeg
	for due := d.later[0].after; len(d.later) > 0 && d.later[0].after <= due; d.later = d.later[1:] {
		made = append(made, d.add(d.later[0].target, 0, nil)...)
	}
	d.schedule()
	return d.call(made)
}

func (d *dial) timedOut() error {
	d.res.TimedOut = true
	d.res.Cause = NoAnswer
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
	if r.ev.Kind != LegEnded {
		d.progress = nil
	}
	switch r.ev.Kind {
	case LegRinging:
		r.leg.ch.SetState(Ringing)
		if d.res.RingTime < 0 {
			d.res.RingTime = d.since()
		}
		if len(d.running) == 1 && d.caller.State() != Up {
			d.caller.talksTo(r.leg.ch.CallerID())
		}
		d.ring()
	case LegProgress:
		if d.res.ProgressTime < 0 {
			d.res.ProgressTime = d.since()
		}
		d.earlyMedia(r.leg)
	case LegForwarded:
		if d.caller.State() != Up && d.req.Ringback != RingbackNone {
			_ = d.caller.Indicate(IndicateForwarded) // that the caller is gone, wait sees
		}
	case LegAnswered:
		delete(d.running, r.leg)
		d.res.Legs[r.leg.result].Status = StatusAnswer
		r.leg.ch.MarkAnswered()
		d.caller.noteLegCause(LegCause{Channel: r.leg.ch.Name(), Detail: r.ev.Detail})
		d.caller.core.observer.DialEnded(d.caller, r.leg.ch, StatusAnswer)
		if d.each != nil {
			d.each(r.leg.ch)
			return false
		}
		d.res.Peer, d.res.Target = r.leg.ch, r.leg.target
		d.caller.talksTo(r.leg.ch.CallerID())
		return true
	case LegEnded:
		d.legEnded(r.leg, r.ev)
	}
	return false
}

func (d *dial) since() time.Duration { return d.caller.core.clock.Now().Sub(d.began) }

// ring lets the caller hear ringing, once.
func (d *dial) ring() {
	if d.ringing || d.early != nil || d.req.Ringback == RingbackNone {
		return
	}
	d.ringing = true
	if err := d.caller.Indicate(IndicateRinging); err != nil && !d.caller.HungUp() {
		d.caller.log.Debug().Err(err).Msg("dial: ringing not passed on")
	}
}

// earlyMedia passes one leg's early media to the caller: only with a single destination and without r or m, as Asterisk.
func (d *dial) earlyMedia(leg *dialLeg) {
	if d.req.Ringback >= RingbackFake || len(d.req.Targets) > 1 || d.early != nil || len(d.running) > 1 {
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
	leave, err := mine.Join(theirs, KeptDigits{Mine: d.req.Digits != ""})
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
	d.caller.noteLegCause(LegCause{Channel: leg.ch.Name(), Cause: ev.Cause, Detail: ev.Detail})
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

// cancelOthers ends the legs that still run.
func (d *dial) cancelOthers(err error) {
	cause, status := AnsweredElsewhere, StatusNoAnswer
	if d.res.Peer == nil {
		cause = NormalClearing
		if err != nil || d.res.Digit != 0 {
			status = StatusCancel
		}
	}
	if d.req.Cancel != 0 {
		cause = d.req.Cancel
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
