package dialtest

import (
	"context"
	"fmt"
	"sync"

	"asterism/engine/channel"
)

// leg is the edge: a phone's side of a channel, as tech/pjsip's is, without packets.
type leg struct {
	w      *World
	who    string
	ch     *channel.Channel
	caller bool
	conduct
	display channel.CallerID // whom a phone that rings shows
	sound   *line
	report  channel.Reporter

	mu      sync.Mutex // guards below; a leaf
	ringing bool
	up      bool
	over    bool
}

// conduct is what the phone does when this leg rings.
type conduct struct{ Behaviour }

func (l *leg) note(what, text string, cause channel.Cause) {
	l.w.tell(l.ch, Event{Who: l.who, What: what, Text: text, Cause: int(cause)})
}

// finish marks the leg as gone; false if it was already.
func (l *leg) finish() (wasRinging, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wasRinging, first = l.ringing, !l.over
	l.over, l.ringing, l.up = true, false, false
	return wasRinging, first
}

func (l *leg) live() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.over
}

// Answer: the caller's phone hears that it was answered.
func (l *leg) Answer(context.Context) error {
	if !l.caller {
		return nil
	}
	l.mu.Lock()
	first := !l.up && !l.over
	l.up = true
	l.mu.Unlock()
	if first {
		l.note(Answered, "", 0)
	}
	return nil
}

// Indicate is what the caller's phone does with 180, 183, 486 and 503.
func (l *leg) Indicate(i channel.Indication) error {
	if !l.caller || !l.live() {
		return nil
	}
	switch i {
	case channel.IndicateRinging:
		l.note(Ringback, "", 0)
	case channel.IndicateProgress:
		l.note(Progress, "", 0)
	case channel.IndicateBusy:
		l.ch.SetHangupCause(channel.UserBusy)
		l.ended(channel.UserBusy)
	case channel.IndicateCongestion:
		l.ch.SetHangupCause(channel.Congestion)
		l.ended(channel.Congestion)
	}
	return nil
}

// ended: the exchange ends this leg.
func (l *leg) ended(cause channel.Cause) {
	wasRinging, first := l.finish()
	switch {
	case !first:
	case wasRinging:
		l.note(Stops, "", cause)
	default:
		l.note(Ends, fmt.Sprintf("with cause %d, %s", int(cause), cause), cause)
	}
}

// Hangup ends the leg.
func (l *leg) Hangup(cause channel.Cause) {
	l.ended(cause)
	l.sound.close()
	l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
}

// Transfer: the phone does as it is told, and whom it is sent to answers.
func (l *leg) Transfer(target string, done func(channel.Transferred)) {
	l.mu.Lock()
	up := l.up || !l.caller
	l.mu.Unlock()
	if !up {
		l.ch.SetHangupCause(channel.RedirectedToNew)
		if _, first := l.finish(); first {
			l.note(Ends, "with a redirection to "+target, channel.RedirectedToNew)
			l.ch.FarEndGone(channel.RedirectedToNew)
		}
		done(channel.Transferred{OK: true})
		return
	}
	l.note(Gets, "a transfer to "+target, 0)
	done(channel.Transferred{OK: true, Protocol: 200})
}

func (l *leg) Media() channel.Media { return l.sound }

func (l *leg) Property(name string) (string, bool) {
	switch name {
	case "pjsip,call-id":
		return l.ch.Name() + "@simulated", true
	case "pjsip,endpoint":
		return l.who, true
	case "pjsip,remote_addr":
		return "127.0.0.1:5060", true
	}
	return "", false
}

// Call rings the phone.
func (l *leg) Call(notify func(channel.LegEvent)) {
	l.report.To(notify)
	clock := l.w.clock
	clock.At(l.RingAfter, func() {
		if !l.live() || l.Cause > 0 && l.CauseAfter <= l.RingAfter || l.Forward != "" && l.CauseAfter <= l.RingAfter {
			return
		}
		l.mu.Lock()
		l.ringing = true
		l.mu.Unlock()
		l.note(Rings, l.shown(), 0)
		l.report.Tell(channel.LegEvent{Kind: channel.LegRinging})
	})
	switch {
	case l.Cause > 0 || l.Forward != "":
		clock.At(l.CauseAfter, func() { l.refuse(channel.Cause(l.Cause), l.Forward) })
	case l.Behaviour.Answer:
		clock.At(max(l.AnswerAfter, l.RingAfter), l.pickUp)
	}
}

// shown is whom the phone shows.
func (l *leg) shown() string {
	if l.display.Number != "" || l.display.Name != "" {
		return "for " + l.display.String()
	}
	return ""
}

func (l *leg) refuse(cause channel.Cause, forward string) {
	if _, first := l.finish(); !first {
		return
	}
	if forward != "" {
		cause = channel.RedirectedToNew
		l.note(Refuses, "and forwards to "+forward, cause)
	} else {
		l.note(Refuses, fmt.Sprintf("with cause %d, %s", int(cause), cause), cause)
	}
	l.ch.FarEndGone(cause)
	l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause, Forward: forward})
}

// pickUp answers a phone that rings.
func (l *leg) pickUp() {
	l.mu.Lock()
	ok := !l.over && !l.up
	l.ringing, l.up = false, l.up || ok
	l.mu.Unlock()
	if !ok {
		return
	}
	l.note(Answers, "", 0)
	l.report.Tell(channel.LegEvent{Kind: channel.LegAnswered})
	if l.TalkFor > 0 {
		l.w.clock.At(l.TalkFor, l.hangUp)
	}
}

// hangUp: the phone's user does.
func (l *leg) hangUp() {
	if _, first := l.finish(); first {
		l.note(Hangs, "", channel.NormalClearing)
		l.ch.FarEndGone(channel.NormalClearing)
		l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.NormalClearing})
		l.sound.close()
	}
}
