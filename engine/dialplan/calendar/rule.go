package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rule is an RRULE by days, weeks, months or years (§3.3.10). Whether a day matches is told without looking at others, so a rule that never
// matches costs nothing; COUNT becomes `until` when the rule is read.
type rule struct {
	freq      string
	interval  int
	until     int // the last day; a large number without one
	months    []time.Month
	monthDays []int // negative from the end
	weekdays  []ordinal
	weekStart time.Weekday
}

// ordinal is a weekday, the nth of the month or year, negative from the end; 0 is every one.
type ordinal struct {
	nth int
	day time.Weekday
}

const never = 1 << 40 // no last day

var weekdayNames = map[string]time.Weekday{"SU": 0, "MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6}

// parseRule reads a rule for an event that begins at start.
func parseRule(text string, start moment) (*rule, error) {
	r := &rule{interval: 1, until: never, weekStart: time.Monday}
	count := 0
	for _, part := range strings.Split(strings.TrimSpace(text), ";") {
		name, value, _ := strings.Cut(part, "=")
		var err error
		switch name, value = strings.ToUpper(name), strings.ToUpper(value); name {
		case "FREQ":
			if r.freq = value; !slices.Contains([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}, value) {
				return nil, fmt.Errorf("FREQ=%.20s is not DAILY, WEEKLY, MONTHLY or YEARLY", value)
			}
		case "INTERVAL":
			r.interval, err = within(value, 1, 1000)
		case "COUNT":
			count, err = within(value, 1, daysAhead)
		case "UNTIL":
			var m moment
			m, err = parseMoment(value, contentLine{})
			if r.until = m.day; start.timed && m.timed {
				r.until = lastDay(m, start)
			}
		case "BYMONTH":
			err = eachNumber(value, 1, 12, func(n int) { r.months = append(r.months, time.Month(n)) })
		case "BYMONTHDAY":
			err = eachNumber(value, -31, 31, func(n int) { r.monthDays = append(r.monthDays, n) })
		case "BYDAY":
			r.weekdays, err = parseWeekdays(value)
		case "WKST":
			d, ok := weekdayNames[value]
			if r.weekStart = d; !ok {
				err = fmt.Errorf("'%.20s' is no day of the week", value)
			}
		case "":
		default:
			err = errors.New("is not understood here")
		}
		if err != nil {
			return nil, fmt.Errorf("%.40s: %w", part, err)
		}
	}
	if r.freq == "" {
		return nil, errors.New("FREQ is missing")
	}
	if count > 0 {
		r.until = min(r.until, r.last(start.day, count))
	}
	return r, nil
}

// lastDay is the last day on which an event that begins like start begins no later than until.
func lastDay(until, start moment) int {
	local := start.zone
	if local == nil {
		local = time.UTC
	}
	end := until.on(until.day, local).In(local)
	n := dayOf(end)
	if start.on(n, local).After(end) {
		n--
	}
	return n
}

// last is the day of the count-th time, the event's own day being the first.
func (r *rule) last(start, count int) int {
	last := start
	for n := start + 1; count > 1 && n < start+daysAhead; n++ {
		if r.matches(start, n) {
			last = n
			count--
		}
	}
	return last
}

func within(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return low, fmt.Errorf("want a number from %d to %d", low, high)
	}
	return n, nil
}

func eachNumber(list string, low, high int, f func(int)) error {
	for _, s := range strings.Split(list, ",") {
		n, err := within(s, low, high)
		if err != nil || n == 0 {
			return fmt.Errorf("want numbers from %d to %d", low, high)
		}
		f(n)
	}
	return nil
}

func parseWeekdays(list string) (out []ordinal, err error) {
	for _, s := range strings.Split(list, ",") {
		if len(s) < 2 {
			return nil, fmt.Errorf("'%s' is no day of the week", s)
		}
		d, ok := weekdayNames[s[len(s)-2:]]
		nth := 0
		if number := s[:len(s)-2]; number != "" {
			nth, err = within(strings.TrimPrefix(number, "+"), -53, 53)
		}
		if !ok || err != nil {
			return nil, fmt.Errorf("'%.20s' is no day of the week", s)
		}
		out = append(out, ordinal{nth, d})
	}
	return out, nil
}

// matches tells whether day n, which is after start, is one of the rule's, but for its end.
func (r *rule) matches(start, n int) bool {
	t, first := date(n), date(start)
	if len(r.months) > 0 && !slices.Contains(r.months, t.Month()) {
		return false
	}
	if len(r.monthDays) > 0 && r.freq != "WEEKLY" && !r.onMonthDay(t) {
		return false
	}
	switch r.freq {
	case "DAILY":
		return (n-start)%r.interval == 0 && r.onWeekday(t)
	case "WEEKLY":
		// Day 0 was a Thursday; the weeks added keep days before it above 0.
		week := func(n int) int { return (n + 7*daysAhead + 3 + (8-int(r.weekStart))%7) / 7 }
		if (week(n)-week(start))%r.interval != 0 {
			return false
		}
		if len(r.weekdays) == 0 {
			return t.Weekday() == first.Weekday()
		}
		return r.onWeekday(t)
	case "MONTHLY":
		months := (t.Year()-first.Year())*12 + int(t.Month()) - int(first.Month())
		if months%r.interval != 0 {
			return false
		}
		if len(r.weekdays) == 0 {
			return len(r.monthDays) > 0 || t.Day() == first.Day()
		}
		return r.onOrdinal(t, t.Day(), daysIn(t.Year(), t.Month()))
	}
	if (t.Year()-first.Year())%r.interval != 0 {
		return false
	}
	switch {
	case len(r.weekdays) > 0 && len(r.months) > 0:
		return r.onOrdinal(t, t.Day(), daysIn(t.Year(), t.Month()))
	case len(r.weekdays) > 0:
		return r.onOrdinal(t, t.YearDay(), time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay())
	case len(r.monthDays) > 0:
		return true
	}
	return t.Day() == first.Day() && (len(r.months) > 0 || t.Month() == first.Month())
}

func daysIn(year int, m time.Month) int { return time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }

func (r *rule) onMonthDay(t time.Time) bool {
	return slices.Contains(r.monthDays, t.Day()) || slices.Contains(r.monthDays, t.Day()-daysIn(t.Year(), t.Month())-1)
}

// onWeekday: BYDAY without numbers, or none at all.
func (r *rule) onWeekday(t time.Time) bool {
	return len(r.weekdays) == 0 || slices.ContainsFunc(r.weekdays, func(o ordinal) bool { return o.day == t.Weekday() })
}

// onOrdinal: BYDAY with numbers, t being the nth day of so many of its month or year.
func (r *rule) onOrdinal(t time.Time, nth, of int) bool {
	forward, backward := (nth-1)/7+1, -((of-nth)/7 + 1)
	return slices.ContainsFunc(r.weekdays, func(o ordinal) bool {
		return o.day == t.Weekday() && (o.nth == 0 || o.nth == forward || o.nth == backward)
	})
}
