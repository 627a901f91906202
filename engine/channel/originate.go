package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"asterism/engine/dialplan"
)

// OriginateRequest asks for a channel that nobody dials: a manager, a call file or a script does.
type OriginateRequest struct {
	Target      Target
	CallerID    CallerID // what the called party sees
	AccountCode string
	Variables   map[string]string // names may carry inheritance marks
	Timeout     time.Duration
}

// OriginateError says why nobody answered; Cause is Timeout's NoAnswer, or what the called party said.
type OriginateError struct{ Cause Cause }

func (e *OriginateError) Error() string { return "channel: not answered: " + e.Cause.String() }

// Originate calls a destination and returns its channel once it has answered; of several contacts the first, the others are cancelled.
// The caller owns the channel: it runs it with Start, or releases it. *OriginateError when nobody answered, ctx's error when it ended.
func (k *Core) Originate(ctx context.Context, req OriginateRequest) (*Channel, error) {
	tech, ok := k.techFold(req.Target.Tech)
	if !ok {
		return nil, fmt.Errorf("channel: %s: no such technology", req.Target)
	}
	legs, err := tech.Request(ctx, req.Target.Resource, &DialLeg{CallerID: req.CallerID, Variables: req.Variables})
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
		if req.AccountCode != "" {
			ch.SetAccountCode(req.AccountCode)
		}
		leg := &dialLeg{target: req.Target, ch: ch}
		running[leg] = true
		ch.leg.(Caller).Call(func(ev LegEvent) {
			select {
			case reports <- legReport{leg, ev}:
			case <-done:
			}
		})
	}
	timer, stop := k.clock.After(req.Timeout)
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

// Origination is what a person asks Engine.Originate for: Channel ("PJSIP/alice") is called and, once it answers, runs the dialplan at
// Place or, if Application is not empty, that application alone.
type Origination struct {
	Channel           string
	Place             dialplan.Named
	Application, Data string
	CallerID          string // "Name" <number>, what the called party sees; "" for none
	Account           string
	Timeout           time.Duration
	Variables         [][2]string // name, with its inheritance marks, and value
}

// Originated is what became of it. Reason is Asterisk's number: 0 failure, 1 no answer, 4 answered, 5 busy, 8 congestion.
type Originated struct {
	Channel, UniqueID string
	Reason            int
}
