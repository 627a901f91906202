package scripting

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// schedule is when a timer of a plugin fires by the wall clock: crontab's five fields, minute, hour, day of month, month, day of week.
type schedule struct {
	second                            int
	minute, hour, day, month, weekday uint64 // a bit for each value
	anyDay, anyWeekday                bool   // the field was *
}

var (
	monthNames   = strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")
	weekdayNames = strings.Fields("sun mon tue wed thu fri sat")
)

// parseCron reads "*/5 8-18 * * mon-fri".
func parseCron(text string) (*schedule, error) {
	f := strings.Fields(strings.ToLower(text))
	if len(f) != 5 {
		return nil, fmt.Errorf("cron %q: want five fields: minute hour day month weekday", text)
	}
	s := &schedule{anyDay: f[2] == "*", anyWeekday: f[4] == "*"}
	for i, field := range []struct {
		to        *uint64
		low, high int
		names     []string
	}{{&s.minute, 0, 59, nil}, {&s.hour, 0, 23, nil}, {&s.day, 1, 31, nil}, {&s.month, 1, 12, monthNames}, {&s.weekday, 0, 7, weekdayNames}} {
		bits, err := parseCronField(f[i], field.low, field.high, field.names)
		if err != nil {
			return nil, fmt.Errorf("cron %q: %q: %w", text, f[i], err)
		}
		*field.to = bits
	}
	if s.weekday&(1<<7) != 0 { // 7 is Sunday, too
		s.weekday |= 1
	}
	if s.next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("cron %q: there is no such day", text)
	}
	return s, nil
}

// parseCronField reads one field: lists of *, n, n-m, each with /step.
func parseCronField(text string, low, high int, names []string) (bits uint64, err error) {
	value := func(s string) (int, error) {
		for i, name := range names {
			if s == name {
				return i + low, nil
			}
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("want %d to %d", low, high)
		}
		return n, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > high {
				return 0, errors.New("want a step of at least 1 after /")
			}
		}
		from, to := low, high
		if span != "*" {
			first, last, isRange := strings.Cut(span, "-")
			if from, err = value(first); err != nil {
				return 0, err
			}
			if to = from; isRange {
				if to, err = value(last); err != nil {
					return 0, err
				}
			} else if stepped {
				to = high
			}
		}
		if from > to {
			return 0, errors.New("the range goes backwards")
		}
		for n := from; n <= to; n += step {
			bits |= 1 << n
		}
	}
	return bits, nil
}

// parseDaily reads "03:30" or "03:30:15".
func parseDaily(text string) (*schedule, error) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return &schedule{second: t.Second(), minute: 1 << t.Minute(), hour: 1 << t.Hour(), day: 1<<32 - 2, month: 1<<13 - 2, weekday: 1<<7 - 1,
				anyDay: true, anyWeekday: true}, nil
		}
	}
	return nil, fmt.Errorf("at %q: want hh:mm or hh:mm:ss", text)
}

// next is the first moment after t; zero if there is none within eight years (February 30).
func (s *schedule) next(t time.Time) time.Time {
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), s.second, 0, t.Location())
	if !at.After(t) {
		at = at.Add(time.Minute)
	}
	for end := t.AddDate(8, 0, 1); at.Before(end); {
		switch {
		case s.month&(1<<at.Month()) == 0:
			at = time.Date(at.Year(), at.Month()+1, 1, 0, 0, s.second, 0, at.Location())
		case !s.dayMatches(at):
			at = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, s.second, 0, at.Location())
		case s.hour&(1<<at.Hour()) == 0:
			at = at.Add(time.Hour).Truncate(time.Minute).Add(-time.Duration(at.Minute()) * time.Minute).Add(time.Duration(s.second) * time.Second)
		case s.minute&(1<<at.Minute()) == 0:
			at = at.Add(time.Minute)
		default:
			return at
		}
	}
	return time.Time{}
}

// dayMatches: as in cron, if both day fields are given, either will do.
func (s *schedule) dayMatches(t time.Time) bool {
	day, weekday := s.day&(1<<t.Day()) != 0, s.weekday&(1<<t.Weekday()) != 0
	switch {
	case s.anyDay:
		return weekday
	case s.anyWeekday:
		return day
	}
	return day || weekday
}
