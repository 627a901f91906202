// Package timing reads Asterisk's time ranges, "9:00-17:00,mon-fri,1-7,jan-mar,Europe/Berlin", as includes, GotoIfTime and IFTIME have
// them. It has no clock: Contains is told the time.
package timing

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Range is a set of minutes of the year. The zero value holds none; Parse("*") holds all.
type Range struct {
	minutes  [24]uint64 // a bit a minute
	weekdays uint8      // bit 0 is Sunday
	days     uint32     // bit 1 is the first of the month
	months   uint16     // bit 1 is January
	zone     *time.Location
}

var (
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	months   = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
)

// Parse reads times,weekdays,days,months[,zone]; fields may be left off at the end, "*" or nothing is any, & joins ranges, a range may
// run over the end (22:00-6:00, fri-mon). Old files write | for the comma. Both ends of a range belong to it, to the minute. What cannot
// be read is an error; the Range then holds what could be read.
func Parse(text string) (Range, error) {
	separator := ","
	if strings.Contains(text, "|") {
		separator = "|"
	}
	fields := strings.Split(text, separator)
	if len(fields) > 5 {
		return Range{}, fmt.Errorf("%d fields; want times,weekdays,days,months,zone", len(fields))
	}
	for len(fields) < 5 {
		fields = append(fields, "")
	}
	r := Range{zone: time.Local}
	var firstErr error
	note := func(err error) {
		if firstErr == nil {
			firstErr = err
		}
	}
	note(r.readTimes(fields[0]))
	set, err := bits(fields[1], "weekday", "mon or mon-fri", weekdays, 0, 6)
	r.weekdays = uint8(set)
	note(err)
	set, err = bits(fields[2], "day of the month", "1-31", nil, 1, 31)
	r.days = uint32(set)
	note(err)
	set, err = bits(fields[3], "month", "jan or jan-mar", months, 1, 12)
	r.months = uint16(set)
	note(err)
	if zone := strings.TrimSpace(fields[4]); zone != "" && zone != "*" {
		if r.zone, err = time.LoadLocation(zone); err != nil {
			r.zone = time.Local
			note(fmt.Errorf("time zone %q is unknown; write one as Europe/Berlin", zone))
		}
	}
	return r, firstErr
}

// Contains tells whether t is in r.
func (r *Range) Contains(t time.Time) bool {
	if r.zone != nil {
		t = t.In(r.zone)
	}
	return r.minutes[t.Hour()]&(1<<t.Minute()) != 0 && r.weekdays&(1<<t.Weekday()) != 0 &&
		r.days&(1<<t.Day()) != 0 && r.months&(1<<int(t.Month())) != 0
}

const minutesPerDay = 24 * 60

func (r *Range) readTimes(field string) error {
	field = strings.TrimSpace(field)
	if field == "" || field == "*" {
		field = "0:00-23:59"
	}
	for part := range strings.SplitSeq(field, "&") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, okFrom := minute(first)
		to, okTo := minute(last)
		if !okFrom || !okTo {
			return fmt.Errorf("time %q cannot be read; write 9:00-17:00", part)
		}
		for m := from; ; m = (m + 1) % minutesPerDay {
			r.minutes[m/60] |= 1 << (m % 60)
			if m == to {
				break
			}
		}
	}
	return nil
}

// minute reads 9:05 as the minute of the day.
func minute(s string) (int, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(s), ":")
	hour, err1 := strconv.Atoi(h)
	min, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 23 || min < 0 || min > 59 {
		return 0, false
	}
	return hour*60 + min, true
}

// bits reads a field of names or numbers as bits from low to high.
func bits(field, what, example string, names []string, low, high int) (set uint64, err error) {
	field = strings.TrimSpace(field)
	if field == "" || field == "*" {
		return 1<<(high+1) - 1, nil
	}
	for part := range strings.SplitSeq(field, "&") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, okFrom := index(first, names, low, high)
		to, okTo := index(last, names, low, high)
		if !okFrom || !okTo {
			return set, fmt.Errorf("%s %q cannot be read; write %s", what, part, example)
		}
		for n := from; ; n++ {
			if n > high {
				n = low
			}
			set |= 1 << n
			if n == to {
				break
			}
		}
	}
	return set, nil
}

// index is the number of a name, or of a number that counts from 1.
func index(s string, names []string, low, high int) (int, bool) {
	s = strings.TrimSpace(s)
	for i, name := range names {
		if strings.EqualFold(s, name) {
			return low + i, true
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > high-low+1 {
		return 0, false
	}
	return low + n - 1, true
}
