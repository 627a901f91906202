package scripting

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/dialplan/calendar"
	"asterism/engine/dialplan/timing"

	lua "github.com/yuin/gopher-lua"
)

// largestCalendar is how many bytes of an .ics file are read.
const largestCalendar = 8 << 20

// readCalendars reads the iCalendar files beside the dialplan. What is wrong in them is a warning; the rest of them counts.
func (g *Generation) readCalendars(etc fs.FS) (problems []config.Problem) {
	names, err := fs.Glob(etc, "*.ics")
	if err != nil {
		return nil // of the pattern only
	}
	g.holidays = make(map[string]*calendar.Calendar, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(etc, name)
		if err == nil && len(text) > largestCalendar {
			err = fmt.Errorf("it has more than %d bytes", largestCalendar)
		}
		if err != nil {
			problems = append(problems, config.Problem{Pos: config.Pos{File: name}, Warning: true, What: "cannot be read: " + err.Error()})
			continue
		}
		c, found := calendar.Parse(string(text))
		for _, p := range found {
			problems = append(problems, config.Problem{Pos: config.Pos{File: name, Line: p.Line}, Warning: true, What: p.What})
		}
		g.holidays[name] = c
	}
	return problems
}

// timeMatch is pbx.time.match(rules [, epoch]): whether a moment, or now, is in one of the rules, and which one: the rule, or the event of a
// calendar. nil and why if it is in none, and one of them is no rule: the others count all the same.
func (c *call) timeMatch(l *lua.LState) int {
	at := c.gen.host.cfg.Clock.Now()
	if l.GetTop() >= 2 {
		at = moment(l, 2)
	}
	var rules []string
	switch v := l.Get(1).(type) {
	case lua.LString:
		rules = []string{string(v)}
	case *lua.LTable:
		for i := 1; i <= v.Len(); i++ {
			rules = append(rules, lua.LVAsString(v.RawGetInt(i)))
		}
	default:
		l.ArgError(1, "want a rule, or a list of rules")
	}
	var why error
	for _, rule := range rules {
		which, in, err := c.gen.matchTime(strings.TrimSpace(rule), at)
		if err != nil && why == nil {
			why = err
		}
		if err == nil && in {
			l.Push(lua.LTrue)
			return 1 + pushString(l, which)
		}
	}
	if why != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, why.Error())
	}
	l.Push(lua.LFalse)
	return 1
}

// matchTime holds a moment against one rule: an .ics file, a day or several (2026-12-24, 12-24, 12-24/01-06), or a time range.
func (g *Generation) matchTime(rule string, at time.Time) (which string, in bool, err error) {
	if strings.HasSuffix(rule, ".ics") {
		c := g.holidays[rule]
		if c == nil {
			return "", false, fmt.Errorf("there is no calendar %s beside the dialplan", rule)
		}
		which, in = c.At(at)
		return which, in, nil
	}
	if first, last, ok := days(rule); ok {
		day := at.Format(first.form)
		if first.text <= last.text {
			return rule, first.text <= day && day <= last.text, nil
		}
		return rule, first.yearly() && (first.text <= day || day <= last.text), nil
	}
	r, err := timing.Parse(rule)
	return rule, err == nil && r.Contains(at), err
}

// ruleDay is a day of a rule, of one year or of each.
type ruleDay struct{ text, form string }

func (d ruleDay) yearly() bool { return len(d.form) == len("01-02") }

// days reads DAY or DAY/DAY, a day being 2026-12-24 or 12-24, both of one kind.
func days(rule string) (first, last ruleDay, ok bool) {
	from, to, several := strings.Cut(rule, "/")
	if !several {
		to = from
	}
	for _, form := range []string{"2006-01-02", "01-02"} {
		_, a := time.Parse(form, from)
		_, b := time.Parse(form, to)
		if a == nil && b == nil {
			return ruleDay{from, form}, ruleDay{to, form}, true
		}
	}
	return first, last, false
}
