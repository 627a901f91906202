package dialtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
)

// call is one that a test began.
type call struct {
	Calling
	ch   *channel.Channel // nil: refused before there was one
	leg  *leg
	done bool
	err  error
}

// Phone says what a phone does from now on.
func (w *World) Phone(name string, b Behaviour) error {
	if _, err := w.endpoint(name); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phones[name] = b
	return nil
}

func (w *World) endpoint(name string) (*config.Endpoint, error) {
	if e := w.snap.PJSIP.Endpoints[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("pjsip.conf has no endpoint %q; it has %s", name, strings.Join(slices.Sorted(maps.Keys(w.snap.PJSIP.Endpoints)), " "))
}

// Call makes an endpoint call a number, as tech/pjsip takes an INVITE.
func (w *World) Call(c Calling) (int, error) {
	e, err := w.endpoint(c.From)
	if err != nil {
		return 0, err
	}
	one := &call{Calling: c}
	w.mu.Lock()
	w.calls = append(w.calls, one)
	id := len(w.calls)
	w.mu.Unlock()
	if c.To == "" {
		c.To = "s"
	}
	w.story.add(Event{At: w.Now(), Call: id, Who: c.From, What: Calls, Text: c.To})
	caller := channel.CallerID{Name: e.CallerID.Name, Number: e.CallerID.Number}
	if caller.Name == "" && caller.Number == "" {
		caller = channel.CallerID{Name: c.Name, Number: c.Number}
		if caller.Number == "" {
			caller.Number = c.From
		}
	}
	if cause, why := w.refusal(e, c.To, caller.Number); cause != 0 {
		one.done = true
		w.story.add(Event{At: w.Now(), Call: id, Who: c.From, What: Ends, Cause: int(cause), Text: fmt.Sprintf("with cause %d, %s: %s", int(cause), cause, why)})
		return id, w.rest()
	}
	l := w.newLeg(e.Name)
	l.caller = true
	variables := map[string]string{}
	for _, v := range e.SetVar {
		variables[v.Name] = v.Value
	}
	l.ch = w.core.New(channel.Config{Tech: "PJSIP", Endpoint: e.Name, Leg: l, State: channel.Ring, CallerID: caller, DNID: c.To, AccountCode: e.AccountCode,
		Language: e.Language, ToneZone: e.ToneZone, Place: dialplan.Place{Context: e.Context, Exten: c.To, Priority: 1}, Variables: variables})
	one.ch, one.leg = l.ch, l
	w.mu.Lock()
	w.links[l.ch.LinkedID()] = id
	w.legs = append(w.legs, l)
	w.mu.Unlock()
	w.run(l.ch, func() error { return w.gen.Run(l.ch) }, func(err error) {
		w.mu.Lock()
		one.done, one.err = true, err
		w.mu.Unlock()
	})
	return id, w.rest()
}

// refusal is why a number is refused before there is a channel, as checkInvite of tech/pjsip.
func (w *World) refusal(e *config.Endpoint, to, cid string) (channel.Cause, string) {
	if _, ok := w.gen.Find(e.Context, to, cid); ok {
		return 0, ""
	}
	if _, ok := w.gen.Index().Find(e.Context, to, cid, 1, dialplan.MatchMore); ok && e.AllowOverlap {
		return channel.InvalidNumber, fmt.Sprintf("context %q wants more digits", e.Context)
	}
	return channel.Unallocated, fmt.Sprintf("context %q has no extension %q", e.Context, to)
}

func (w *World) newLeg(name string) *leg {
	l := &leg{w: w, who: name}
	l.sound = &line{w: w, leg: l, key: func(r rune) { l.ch.Digit(r) }}
	return l
}

// find is the live leg of a phone in a call.
func (w *World) find(id int, who string) (*leg, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range slices.Backward(w.legs) {
		if l.who == who && (id == 0 || w.links[l.ch.LinkedID()] == id) && l.live() {
			return l, nil
		}
	}
	return nil, fmt.Errorf("%s is in no call", who)
}

// keyTime is how long a key and the pause after it take.
const keyTime = 100 * time.Millisecond

// Press presses keys, 100 ms each.
func (w *World) Press(id int, who, digits string) error {
	for _, r := range digits {
		l, err := w.find(id, who)
		if err != nil {
			return err
		}
		l.note(Presses, string(r), 0)
		l.sound.pressed(r)
		if err := w.Jump(w.clock.Now().Add(keyTime)); err != nil {
			return err
		}
	}
	return nil
}

// Say lets a party speak.
func (w *World) Say(id int, who string, d time.Duration) error {
	l, err := w.find(id, who)
	if err != nil {
		return err
	}
	l.note(Says, fmt.Sprintf("%g s", d.Seconds()), 0)
	l.sound.speak(d)
	return w.Jump(w.clock.Now().Add(d))
}

// Hangup lets a party hang up.
func (w *World) Hangup(id int, who string) error {
	l, err := w.find(id, who)
	if err != nil {
		return err
	}
	l.hangUp()
	return w.rest()
}

// Answer picks up a phone that rings.
func (w *World) Answer(who string) error {
	w.mu.Lock()
	var ringing *leg
	for _, l := range w.legs {
		l.mu.Lock()
		if l.who == who && l.ringing {
			ringing = l
		}
		l.mu.Unlock()
	}
	w.mu.Unlock()
	if ringing == nil {
		return fmt.Errorf("%s does not ring", who)
	}
	ringing.pickUp()
	return w.rest()
}

// Over tells that the call's script is done.
func (w *World) Over(id int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[id-1].done
}

// Failure is the script's error, or nil.
func (w *World) Failure(id int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[id-1].err
}

// Variable reads a channel variable of the caller, also after the call.
func (w *World) Variable(id int, name string) (string, bool) {
	w.mu.Lock()
	ch := w.calls[id-1].ch
	w.mu.Unlock()
	if ch == nil {
		return "", false
	}
	return ch.Get(name)
}
