package dialtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/sound"
)

type clip = sound.Clip

// phones is the technology "PJSIP": the endpoints of pjsip.conf.
type phones struct{ w *World }

func (*phones) Name() string { return "PJSIP" }

// Request makes the channel of one phone. Unlike a real one it has one contact.
func (t *phones) Request(_ context.Context, resource string, d *channel.DialLeg) ([]*channel.Channel, error) {
	name, _, _ := strings.Cut(resource, "/")
	user := ""
	if before, at, ok := strings.Cut(name, "@"); ok {
		user, name = before, at
	}
	e := t.w.snap.PJSIP.Endpoints[name]
	if e == nil {
		return nil, &channel.UnavailableError{Cause: channel.SubscriberAbsent, Reason: fmt.Sprintf("pjsip: no endpoint %q", name)}
	}
	t.w.mu.Lock()
	b := t.w.phones[name]
	t.w.mu.Unlock()
	if b.Unregistered {
		return nil, &channel.UnavailableError{Cause: channel.SubscriberAbsent, Reason: "pjsip: " + name + " has no reachable contact"}
	}
	l := t.w.newLeg(name)
	l.conduct, l.display = conduct{b}, d.CallerID
	variables := map[string]string{}
	for _, v := range e.SetVar {
		variables[v.Name] = v.Value
	}
	for n, v := range d.Variables {
		variables[n] = v
	}
	id := channel.CallerID{Name: e.CallerID.Name, Number: e.CallerID.Number}
	if user == "" {
		user = name
	}
	if id.Number == "" {
		id.Number = user
	}
	l.ch = t.w.core.New(channel.Config{Tech: "PJSIP", Endpoint: name, Leg: l, State: channel.Down, Parent: d.Parent, Variables: variables,
		AccountCode: e.AccountCode, Language: e.Language, ToneZone: e.ToneZone, CallerID: id, DNID: user})
	t.w.mu.Lock()
	t.w.legs = append(t.w.legs, l)
	t.w.mu.Unlock()
	return []*channel.Channel{l.ch}, nil
}

// locals is the technology "Local" as tech/local has it, with lines instead of ports.
type locals struct {
	w     *World
	mu    sync.Mutex // guards count
	count int
}

func (*locals) Name() string { return "Local" }

// maxDepth and depthVariable are tech/local's.
const (
	maxDepth      = 20
	depthVariable = "MAX_FORWARDS"
)

// Request makes the pair for exten@context.
func (t *locals) Request(_ context.Context, resource string, d *channel.DialLeg) ([]*channel.Channel, error) {
	address, _, _ := strings.Cut(resource, "/")
	exten, plan, ok := strings.Cut(address, "@")
	if !ok {
		plan = "default"
	}
	if exten == "" || plan == "" {
		return nil, &channel.UnavailableError{Cause: channel.NoRouteDestination, Reason: fmt.Sprintf("local: %q: want exten@context", resource)}
	}
	depth, zone := maxDepth, ""
	if d.Parent != nil {
		if v, ok := d.Parent.Get(depthVariable); ok {
			if n, err := strconv.Atoi(v); err == nil {
				depth = n
			}
		}
		zone = d.Parent.ToneZone()
	}
	if depth <= 0 {
		return nil, &channel.UnavailableError{Cause: channel.UserBusy, Reason: "local: too many forwards, this looks like a loop"}
	}
	near, far := &end{w: t.w}, &end{w: t.w, runs: true}
	near.other, far.other = far, near
	near.line = &line{w: t.w, key: func(r rune) { near.ch.Digit(r) }}
	far.line = &line{w: t.w, key: func(r rune) { far.ch.Digit(r) }}
	near.line.pair, far.line.pair = far.line, near.line
	t.mu.Lock()
	base := fmt.Sprintf("Local/%s@%s-%08x", exten, plan, t.count)
	t.count++
	t.mu.Unlock()
	near.ch = t.w.core.New(channel.Config{Tech: "Local", Name: base + ";1", Leg: near, State: channel.Down, Parent: d.Parent, Variables: d.Variables,
		CallerID: channel.CallerID{Number: exten}, DNID: exten})
	far.ch = t.w.core.New(channel.Config{Tech: "Local", Name: base + ";2", Leg: far, State: channel.Ring, Parent: d.Parent, Variables: d.Variables,
		CallerID: d.CallerID, DNID: exten, ToneZone: zone, Place: dialplan.Place{Context: plan, Exten: exten, Priority: 1}})
	far.ch.Set("__"+depthVariable, strconv.Itoa(depth-1))
	return []*channel.Channel{near.ch}, nil
}

// end is one end of a Local channel.
type end struct {
	w      *World
	ch     *channel.Channel
	line   *line
	other  *end
	runs   bool
	report channel.Reporter

	mu     sync.Mutex // guards called
	called bool
}

// Call starts the dialplan on ;2.
func (e *end) Call(notify func(channel.LegEvent)) {
	e.report.To(notify)
	e.mu.Lock()
	e.called = true
	e.mu.Unlock()
	e.w.core.Start(e.other.ch)
}

func (e *end) Answer(context.Context) error {
	if e.runs {
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegAnswered})
	}
	return nil
}

// Indicate passes ;2's progress to the dialler of ;1.
func (e *end) Indicate(ind channel.Indication) error {
	if !e.runs {
		return nil
	}
	ev := channel.LegEvent{}
	switch ind {
	case channel.IndicateRinging:
		ev.Kind = channel.LegRinging
	case channel.IndicateProgress:
		ev.Kind = channel.LegProgress
	case channel.IndicateForwarded:
		ev.Kind = channel.LegForwarded
	case channel.IndicateBusy:
		ev = channel.LegEvent{Kind: channel.LegEnded, Cause: channel.UserBusy}
	case channel.IndicateCongestion:
		ev = channel.LegEvent{Kind: channel.LegEnded, Cause: channel.Congestion}
	default:
		return nil
	}
	e.other.report.Tell(ev)
	return nil
}

// Hangup ends both ends.
func (e *end) Hangup(cause channel.Cause) {
	e.line.close()
	e.other.line.close()
	if e.runs {
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
		e.other.ch.FarEndGone(cause)
		return
	}
	e.other.ch.FarEndGone(cause)
	e.mu.Lock()
	called := e.called
	e.mu.Unlock()
	if !called {
		e.other.ch.Release()
	}
}

func (e *end) Media() channel.Media { return e.line }

func (e *end) Property(string) (string, bool) { return "", false }
