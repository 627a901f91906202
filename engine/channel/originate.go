package channel

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"asterism/engine/dialplan"
)

// Origination asks for a channel that nobody dials: a manager, a call file or a script does. Channel ("PJSIP/alice") is called and, once it
// answers, runs the dialplan at Place or, if Application is not empty, that application alone.
type Origination struct {
	Channel           string
	Place             dialplan.Named
	Application, Data string
	CallerID          CallerID // what the called party sees
	Account           string
	Timeout           time.Duration
	Variables         [][2]string // name, with its inheritance marks, and value
}

// Originated is what became of it.
type Originated struct {
	Channel, UniqueID string
	Reason            Reason
}

// Reason is Asterisk's number of how an originated call began, or why not: that of what was last heard of it.
type Reason int

// The Reasons.
const (
	ReasonFailure    Reason = 0
	ReasonNoAnswer   Reason = 3
	ReasonAnswered   Reason = 4
	ReasonBusy       Reason = 5
	ReasonCongestion Reason = 8
)

// reason is that of a cause.
func reason(c Cause) Reason {
	switch c {
	case UserBusy:
		return ReasonBusy
	case NoAnswer, NoUserResponse:
		return ReasonNoAnswer
	case Congestion, SwitchCongestion:
		return ReasonCongestion
	}
	return ReasonFailure
}

// OriginateError says why nobody answered; Cause is Timeout's NoAnswer, or what the called party said.
type OriginateError struct{ Cause Cause }

func (e *OriginateError) Error() string { return "channel: not answered: " + e.Cause.String() }

// Originate calls o.Channel and returns its channel, at the place to, once it has answered; of several contacts the first, the others are
// cancelled. The caller owns the channel: it runs it with Start, or releases it. *OriginateError when nobody answered, ctx's error when
// it ended; Originated has the reason.
func (k *Core) Originate(ctx context.Context, o Origination, to dialplan.Place) (*Channel, Originated, error) {
	ch, err := k.callOut(ctx, o)
	if err != nil {
		var failed *OriginateError
		if errors.As(err, &failed) {
			return nil, Originated{Reason: reason(failed.Cause)}, err
		}
		return nil, Originated{}, err
	}
	ch.SetPlace(to)
	return ch, Originated{Channel: ch.Name(), UniqueID: ch.UniqueID(), Reason: ReasonAnswered}, nil
}

// callOut is the channel that answered.
func (k *Core) callOut(ctx context.Context, o Origination) (*Channel, error) {
	name, resource, _ := strings.Cut(o.Channel, "/")
	tech, ok := k.techFold(name)
	if !ok {
		return nil, fmt.Errorf("channel: %s: no such technology", o.Channel)
	}
	variables := make(map[string]string, len(o.Variables))
	for _, v := range o.Variables {
		variables[v[0]] = v[1]
	}
	legs, err := tech.Request(ctx, resource, &DialLeg{CallerID: o.CallerID, Variables: variables})
	if err != nil || len(legs) == 0 {
		cause := SubscriberAbsent
		var unavailable *UnavailableError
		if errors.As(err, &unavailable) && unavailable.Cause != 0 {
			cause = unavailable.Cause
		}
		return nil, &OriginateError{cause}
	}
	reports, done := make(chan legReport, 16), make(chan struct{})
	defer close(done)
	running := map[*dialLeg]bool{}
	defer func() {
		for leg := range running {
			leg.ch.Hangup(NormalClearing)
			leg.ch.Release()
		}
	}()
	for _, ch := range legs {
		if o.Account != "" {
			ch.SetAccountCode(o.Account)
		}
		leg := &dialLeg{target: Target{name, resource}, ch: ch}
		running[leg] = true
		ch.leg.(Caller).Call(func(ev LegEvent) {
			select {
			case reports <- legReport{leg, ev}:
			case <-done:
			}
		})
	}
	timer, stop := k.clock.After(o.Timeout)
	defer stop()
	cause := NoAnswer
	for len(running) > 0 {
		select {
		case r := <-reports:
			switch r.ev.Kind {
			case LegRinging:
				r.leg.ch.SetState(Ringing)
			case LegAnswered:
				delete(running, r.leg)
				r.leg.ch.MarkAnswered()
				return r.leg.ch, nil
			case LegEnded:
				delete(running, r.leg)
				r.leg.ch.Release()
				cause = r.ev.Cause
			}
		case <-timer:
			return nil, &OriginateError{NoAnswer}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, &OriginateError{cause}
}

// FailedExten is the extension that runs when nobody answered an originated call, if its context has one.
const FailedExten = "failed"

// Failed makes the channel that runs FailedExten: one without a far end, with the call's variables and REASON.
func (k *Core) Failed(o Origination, r Originated) *Channel {
	name := "OutgoingSpoolFailed"
	if _, taken := k.Find(name); taken {
		name = "" // one with a number
	}
	variables := map[string]string{"REASON": strconv.Itoa(int(r.Reason))}
	for _, v := range o.Variables {
		variables[v[0]] = v[1]
	}
	return k.New(Config{Tech: "OutgoingSpoolFailed", Endpoint: FailedExten, Name: name, Leg: noLeg{}, State: Down, CallerID: o.CallerID, DNID: FailedExten,
		AccountCode: o.Account, Variables: variables, Place: dialplan.Place{Context: o.Place.Context, Exten: FailedExten, Priority: 1}})
}

// noLeg is that of a channel that nobody is at the other end of.
type noLeg struct{}

func (noLeg) Answer(context.Context) error   { return nil }
func (noLeg) Indicate(Indication) error      { return nil }
func (noLeg) Hangup(Cause)                   {}
func (noLeg) Media() Media                   { return nil }
func (noLeg) Property(string) (string, bool) { return "", false }
