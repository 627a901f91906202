// Package calendar reads iCalendar files (RFC 5545) and tells which event a moment is in: the holidays of a site. It has no clock: At is told
// the time.
//
//	text ─► content lines (line.go) ─► VEVENTs (event.go), their repetition (rule.go) ─► Calendar.At
//
// Of an event it keeps the days it takes, its summary, and how it repeats by days, weeks, months and years. What cannot be kept is a Problem.
package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Calendar is the events of one file. It does not change once it is read.
type Calendar struct {
	events []event
}

// Problem is what was found wrong in a line; what it belongs to is left out.
type Problem struct {
	Line int
	What string
}

// Bounds of what a file may hold: what is more is left out.
const (
	maxEvents  = 20000
	longestDay = 400   // days that an event may last
	daysAhead  = 40000 // how far a rule with COUNT is followed
	maxCounted = 50
)

// Parse reads the text of a file. Problems leave the rest usable.
func Parse(text string) (*Calendar, []Problem) {
	p := parser{overrides: map[string][]moment{}}
	for _, l := range contentLines(text) {
		p.line(l)
	}
	if !p.seen {
		p.report(1, "this is no iCalendar file; it begins with BEGIN:VCALENDAR")
	} else if len(p.stack) > 0 {
		p.report(p.last, fmt.Sprintf("END:%s is missing", p.stack[len(p.stack)-1]))
	}
	c := &Calendar{}
	for _, e := range p.events {
		if e.uid != "" && !e.instance {
			e.except = append(e.except, p.overrides[e.uid]...)
		}
		c.events = append(c.events, e)
	}
	slices.SortStableFunc(c.events, func(a, b event) int { return cmp.Compare(a.start.day, b.start.day) })
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return c, p.problems
}

// Len is how many events there are.
func (c *Calendar) Len() int { return len(c.events) }

// At is the summary of the event that t is in, the one that began first in the file's order of days; ok is false in none. A day of a
// calendar, and a time without a zone, is one of t's location.
func (c *Calendar) At(t time.Time) (summary string, ok bool) {
	for i := range c.events {
		e := &c.events[i]
		if e.start.day > dayOf(t)+1 {
			break // sorted; the one day is for zones
		}
		if e.contains(t) {
			return e.summary, true
		}
	}
	return "", false
}
