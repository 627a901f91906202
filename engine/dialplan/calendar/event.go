package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// moment is a day, with a time of it unless it is a day of the calendar.
type moment struct {
	day   int           // since 1970-01-01
	clock time.Duration // since midnight
	timed bool
	zone  *time.Location // nil: that of whoever asks
}

const day = 24 * time.Hour

// dayOf is the day of t where t is, counted from 1970-01-01.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// date is the date of a day.
func date(n int) time.Time { return time.Unix(int64(n)*86400, 0).UTC() }

// on is the same time of another day, as an instant.
func (m moment) on(n int, local *time.Location) time.Time {
	if m.zone != nil {
		local = m.zone
	}
	y, mo, d := date(n).Date()
	return time.Date(y, mo, d, int(m.clock/time.Hour), int(m.clock/time.Minute)%60, int(m.clock/time.Second)%60, 0, local)
}

// event is one VEVENT.
type event struct {
	uid, summary string
	instance     bool // of a repeated event, which this one takes the place of
	start        moment
	days         int           // how many days it lasts
	rest         time.Duration // and how much longer
	rule         *rule
	more, except []moment
}

// contains tells whether t is in the event, or in a repetition of it.
func (e *event) contains(t time.Time) bool {
	local := t.Location()
	in := t
	if e.start.zone != nil {
		in = t.In(e.start.zone)
	}
	today := dayOf(in)
	for n := today; n >= today-e.days-int(e.rest/day)-1; n-- {
		if e.occurs(n) && !e.start.on(n, local).After(t) && e.start.on(n+e.days, local).Add(e.rest).After(t) {
			return true
		}
	}
	return false
}

// occurs tells whether it begins on a day.
func (e *event) occurs(n int) bool {
	if n < e.start.day {
		return false
	}
	for _, m := range e.except {
		if m.day == n {
			return false
		}
	}
	for _, m := range e.more {
		if m.day == n {
			return true
		}
	}
	return n == e.start.day || e.rule != nil && n <= e.rule.until && e.rule.matches(e.start.day, n)
}

// parser puts events together.
type parser struct {
	stack     []string
	seen      bool // BEGIN:VCALENDAR
	last      int
	now       *draft
	events    []event
	counted   int                 // rules with COUNT, which have to be gone through
	overrides map[string][]moment // by UID: the instances that have an event of their own
	problems  []Problem
}

// draft is a VEVENT that is being read.
type draft struct {
	event
	line      int
	begun     bool
	end       *moment
	cancelled bool
	broken    bool
	ruleText  string
	ruleLine  int
	instead   *moment
}

func (p *parser) report(line int, what string) {
	if len(p.problems) < 100 {
		p.problems = append(p.problems, Problem{line, what})
	}
}

func (p *parser) line(l contentLine) {
	p.last = l.number
	switch l.name {
	case "BEGIN":
		name := strings.ToUpper(strings.TrimSpace(l.value))
		p.seen = p.seen || name == "VCALENDAR"
		if name == "VEVENT" {
			p.now = &draft{line: l.number}
		}
		if len(p.stack) < 20 {
			p.stack = append(p.stack, name)
		}
	case "END":
		name := strings.ToUpper(strings.TrimSpace(l.value))
		if len(p.stack) == 0 || p.stack[len(p.stack)-1] != name {
			p.report(l.number, fmt.Sprintf("END:%s without its BEGIN", name))
			return
		}
		p.stack = p.stack[:len(p.stack)-1]
		if name == "VEVENT" && p.now != nil {
			p.finish(p.now)
			p.now = nil
		}
	default:
		if p.now != nil && len(p.stack) > 0 && p.stack[len(p.stack)-1] == "VEVENT" {
			if err := p.now.property(l); err != nil {
				p.now.broken = true
				p.report(l.number, fmt.Sprintf("%s: %v; the event is left out", l.name, err))
			}
		}
	}
}

// property is a line of a VEVENT.
func (d *draft) property(l contentLine) (err error) {
	switch l.name {
	case "UID":
		d.uid = l.value
	case "SUMMARY":
		d.summary = strings.TrimSpace(unescape(l.value))
	case "STATUS":
		d.cancelled = strings.EqualFold(strings.TrimSpace(l.value), "CANCELLED")
	case "DTSTART":
		d.start, err = parseMoment(l.value, l)
		d.begun = err == nil
	case "DTEND":
		var m moment
		m, err = parseMoment(l.value, l)
		d.end = &m
	case "DURATION":
		d.days, d.rest, err = parseDuration(l.value)
	case "RRULE":
		d.ruleText, d.ruleLine = l.value, l.number
	case "RDATE", "EXDATE":
		for _, one := range strings.Split(l.value, ",") {
			one, _, _ = strings.Cut(one, "/")
			m, err := parseMoment(one, l)
			if err != nil {
				return err
			}
			if l.name == "RDATE" {
				d.more = append(d.more, m)
			} else {
				d.except = append(d.except, m)
			}
		}
	case "RECURRENCE-ID":
		var m moment
		m, err = parseMoment(l.value, l)
		d.instead, d.instance = &m, true
	}
	return err
}

// finish keeps the event, if all is there.
func (p *parser) finish(d *draft) {
	if d.instead != nil && d.uid != "" && !d.broken {
		p.overrides[d.uid] = append(p.overrides[d.uid], *d.instead)
	}
	switch {
	case d.cancelled || d.broken:
		return
	case !d.begun:
		p.report(d.line, "an event without DTSTART; it is left out")
		return
	case len(p.events) == maxEvents:
		p.report(d.line, fmt.Sprintf("more than %d events; the rest is left out", maxEvents))
		return
	case len(p.events) > maxEvents:
		return
	}
	if err := d.length(); err != nil {
		p.report(d.line, err.Error()+"; the event is left out")
		return
	}
	if d.ruleText != "" && !d.instance {
		if strings.Contains(strings.ToUpper(d.ruleText), "COUNT") {
			p.counted++
		}
		var r *rule
		err := fmt.Errorf("more than %d rules with COUNT", maxCounted)
		if p.counted <= maxCounted {
			r, err = parseRule(d.ruleText, d.start)
		}
		if err != nil {
			p.report(d.ruleLine, fmt.Sprintf("RRULE: %v; only the first of these days counts", err))
		}
		d.rule = r
	}
	p.events = append(p.events, d.event)
}

// length is how long the event lasts: DTEND, DURATION, or its day.
func (d *draft) length() error {
	switch {
	case d.end != nil && !d.start.timed:
		d.days, d.rest = d.end.day-d.start.day, 0
	case d.end != nil:
		d.days, d.rest = 0, d.end.on(d.end.day, time.UTC).Sub(d.start.on(d.start.day, time.UTC))
	case d.days == 0 && d.rest == 0 && !d.start.timed:
		d.days = 1
	}
	if d.days == 0 && d.rest == 0 && d.end != nil && !d.start.timed {
		d.days = 1 // some write the same day as the end, too
	}
	if d.days < 0 || d.rest < 0 {
		return errors.New("the event ends before it begins")
	}
	if d.days+int(d.rest/day) > longestDay {
		return fmt.Errorf("the event lasts for more than %d days", longestDay)
	}
	return nil
}

// parseMoment reads DATE and DATE-TIME (§3.3.4, §3.3.5): 20261224, 20261224T090000, with Z or the parameter TZID.
func parseMoment(text string, l contentLine) (m moment, err error) {
	text = strings.TrimSpace(text)
	layout, zone := "20060102", strings.HasSuffix(text, "Z")
	if strings.Contains(text, "T") {
		layout, m.timed = "20060102T150405", true
	}
	t, err := time.Parse(layout, strings.TrimSuffix(text, "Z"))
	if err != nil || t.Year() < 1900 || t.Year() > 2500 {
		return m, fmt.Errorf("'%.40s' is no date of the form 20261224 or 20261224T090000", text)
	}
	m.day, m.clock = dayOf(t), time.Duration(t.Hour())*time.Hour+time.Duration(t.Minute())*time.Minute+time.Duration(t.Second())*time.Second
	if !m.timed {
		return m, nil
	}
	if name := l.parameters["TZID"]; zone {
		m.zone = time.UTC
	} else if name != "" {
		if m.zone, err = time.LoadLocation(name); err != nil {
			return m, fmt.Errorf("time zone '%.40s' is unknown here; write a name such as Europe/Berlin", name)
		}
	}
	return m, nil
}

// parseDuration reads P1D, PT1H30M, P1W (§3.3.6).
func parseDuration(text string) (days int, rest time.Duration, err error) {
	bad := fmt.Errorf("'%.40s' is no duration of the form P1D, P1W or PT1H30M", text)
	s, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(text), "+"), "P")
	if !ok || s == "" {
		return 0, 0, bad
	}
	timed := false
	for s != "" {
		if s[0] == 'T' {
			timed, s = true, s[1:]
			continue
		}
		end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
		if end < 1 {
			return 0, 0, bad
		}
		n, err := strconv.Atoi(s[:end])
		if err != nil || n > 1e6 {
			return 0, 0, bad
		}
		switch unit := s[end]; {
		case unit == 'W' && !timed:
			days += 7 * n
		case unit == 'D' && !timed:
			days += n
		case unit == 'H' && timed:
			rest += time.Duration(n) * time.Hour
		case unit == 'M' && timed:
			rest += time.Duration(n) * time.Minute
		case unit == 'S' && timed:
			rest += time.Duration(n) * time.Second
		default:
			return 0, 0, bad
		}
		s = s[end+1:]
	}
	return days, rest, nil
}
