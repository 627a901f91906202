package dialtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// abandon ends a test at a failed expectation.
const abandon = "\x00dialtest: abandoned"

// patience is how long, in virtual time, an expectation waits.
const patience = time.Hour

// expectation is what t:expect gives; each word waits for what it says, after what was found before, and gives the expectation back.
func (s *script) expectation(l *lua.LState, p *party) *lua.LTable {
	var t *lua.LTable
	word := func(f func(l *lua.LState)) lua.LGFunction {
		return func(l *lua.LState) int { f(l); l.Push(t); return 1 }
	}
	t = methods(l, map[string]lua.LGFunction{
		"hears": word(func(l *lua.LState) {
			name := l.CheckString(2)
			p.expect(l, "hears "+name, func(e Event) bool {
				return e.Who == p.who && (e.What == Hears && e.Text == name || e.What == "hears "+name)
			})
		}),
		"hears_tone": word(func(l *lua.LState) {
			name := l.CheckString(2)
			p.expect(l, "hears the tone "+name, func(e Event) bool { return e.Who == p.who && e.What == Hears && e.Text == "tone "+name })
		}),
		"rings": word(func(l *lua.LState) {
			who := p.who
			if o, ok := l.Get(2).(*lua.LTable); ok {
				who = o.RawGetString("party").(*lua.LUserData).Value.(*party).who
			}
			p.expect(l, "rings "+who, func(e Event) bool { return e.Who == who && e.What == Rings })
		}),
		"for_seconds": word(func(l *lua.LState) { p.forSeconds(l, seconds(l.CheckNumber(2))) }),
		"shows": word(func(l *lua.LState) {
			if !strings.Contains(p.found.Text, l.CheckString(2)) {
				s.fail(l, "%s shows %q, want %q", p.found.Who, p.found.Text, l.CheckString(2))
			}
		}),
		"answered": word(func(l *lua.LState) {
			p.expect(l, "is answered", func(e Event) bool { return e.Who == p.who && (e.What == Answered || e.What == Answers) })
		}),
		"talks_to": word(func(l *lua.LState) {
			who := l.CheckTable(2).RawGetString("party").(*lua.LUserData).Value.(*party).who
			p.expect(l, "talks with "+who, func(e Event) bool { return e.Who == p.who && e.What == Talks && e.Text == who })
		}),
		"muted": word(func(l *lua.LState) {
			p.expect(l, "is muted", func(e Event) bool { return e.Who == p.who && e.What == Muted })
		}),
		"unmuted": word(func(l *lua.LState) {
			p.expect(l, "is heard again", func(e Event) bool { return e.Who == p.who && e.What == Unmuted })
		}),
		"gets": word(func(l *lua.LState) {
			for _, key := range l.CheckString(2) {
				p.expect(l, "gets the key "+string(key), func(e Event) bool { return e.Who == p.who && e.What == Gets && e.Text == string(key) })
			}
		}),
		"ends": word(func(l *lua.LState) { p.expect(l, "ends", p.ending) }),
		"ends_with": word(func(l *lua.LState) {
			cause, err := channel.ParseCause(l.Get(2).String())
			check(l, err)
			p.expect(l, "ends", p.ending)
			if p.found.Cause != int(cause) {
				p.missed(l, fmt.Sprintf("ends with cause %d, %s", int(cause), cause), "ended with "+p.found.Text)
			}
		}),
		"fails": word(func(l *lua.LState) {
			part := l.OptString(2, "")
			p.checked = true
			p.expect(l, "fails with "+part, func(e Event) bool { return e.What == errored && strings.Contains(e.Text, part) })
		}),
	})
	return t
}

func (p *party) ending(e Event) bool {
	return e.Who == p.who && (e.What == Ends || e.What == Hangs || e.What == Refuses || e.What == Stops)
}

// beside looks for an event that happened at the moment of the one found last, to another party: what two parties meet at one moment has no
// order, though the story tells one of them first.
func (p *party) beside(events []Event, is func(Event) bool) bool {
	for i := min(p.cursor, len(events)) - 1; i >= 0 && len(p.used) > 0 && events[i].At == p.found.At; i-- {
		if e := events[i]; e.Who != p.found.Who && (p.call == 0 || e.Call == p.call) && !p.used[i] && is(e) {
			p.found, p.at, p.used[i] = e, i, true
			return true
		}
	}
	return false
}

// expect waits for an event of the party's call after its cursor.
func (p *party) expect(l *lua.LState, what string, is func(Event) bool) {
	w := p.s.stage(l)
	check(l, w.rest())
	if p.beside(w.Events(0), is) {
		return
	}
	seen := p.cursor
	done := func() bool {
		for i, e := range w.Events(seen) {
			if (p.call == 0 || e.Call == p.call) && is(e) {
				p.found, p.at = e, seen+i
				p.cursor = p.at + 1
				p.used[p.at] = true
				return true
			}
		}
		seen = len(w.Events(0))
		return p.call > 0 && w.Over(p.call)
	}
	p.at = -1
	before := p.cursor
	_, err := w.Wait(done, w.Now()+patience)
	check(l, err)
	if p.at < before {
		got := "nothing more happens in the call"
		for _, e := range slices.Backward(w.Events(0)) {
			if p.call > 0 && e.Call == p.call && p.ending(e) {
				got = fmt.Sprintf("the call had ended after %.1f s, %s", e.At.Seconds(), e.Text)
				break
			}
		}
		p.missed(l, p.who+" "+what, got)
	}
}

// missed fails the test with the story of the call.
func (p *party) missed(l *lua.LState, want, got string) {
	p.s.fail(l, "expected: %s\n     got: %s", want, got)
	l.Error(lua.LString(abandon), 0)
}

// tolerance is how exact for_seconds is.
const tolerance = 100 * time.Millisecond

// forSeconds waits for the end of the ringing that was found.
func (p *party) forSeconds(l *lua.LState, want time.Duration) {
	began := p.found
	p.expect(l, "stops ringing", func(e Event) bool {
		return e.Who == began.Who && (e.What == Stops || e.What == Answers || e.What == Refuses || e.What == Hangs)
	})
	if took := p.found.At - began.At; (took - want).Abs() > tolerance {
		p.missed(l, fmt.Sprintf("%s rings for %g s", began.Who, want.Seconds()), fmt.Sprintf("%g s", took.Seconds()))
	}
}
