package scripting

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"asterism/engine/dialplan/timing"

	lua "github.com/yuin/gopher-lua"
)

// pbx.time: moments are seconds since 1970; a zone is a name such as "Europe/Berlin", nil or "" for the server's own.

// zone reads argument i; an unknown zone is UTC, as in C.
func zone(l *lua.LState, i int) *time.Location {
	name := l.OptString(i, "")
	if name == "" {
		return time.Local
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}

// moment reads argument i.
func moment(l *lua.LState, i int) time.Time {
	seconds := float64(l.CheckNumber(i))
	return time.UnixMicro(int64(seconds * 1e6))
}

// timeFormat is pbx.time.format(epoch, zone, format): strftime, and Asterisk's %q (%3q: milliseconds).
func timeFormat(l *lua.LState) int {
	return pushString(l, strftime(moment(l, 1).In(zone(l, 2)), l.OptString(3, "%c")))
}

// timeFields is pbx.time.fields(epoch, zone): year, month, day, hour, min, sec, wday (Sunday is 1), yday and isdst, as os.date("*t"),
// and offset, the zone's seconds east of Greenwich.
func timeFields(l *lua.LState) int {
	at := moment(l, 1).In(zone(l, 2))
	_, offset := at.Zone()
	t := l.CreateTable(0, 10)
	for name, v := range map[string]int{"year": at.Year(), "month": int(at.Month()), "day": at.Day(), "hour": at.Hour(), "min": at.Minute(),
		"sec": at.Second(), "wday": int(at.Weekday()) + 1, "yday": at.YearDay(), "offset": offset} {
		t.RawSetString(name, lua.LNumber(v))
	}
	t.RawSetString("isdst", lua.LBool(at.IsDST()))
	l.Push(t)
	return 1
}

// timeParse is pbx.time.parse(text, zone, format): strptime; nil when text is not of that form.
func timeParse(l *lua.LState) int {
	at, ok := strptime(l.CheckString(1), l.CheckString(3), zone(l, 2))
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(at.Unix()))
	return 1
}

// composed are the conversions of strftime that stand for others, in the C locale.
var composed = map[byte]string{'c': "%a %b %e %H:%M:%S %Y", 'D': "%m/%d/%y", 'F': "%Y-%m-%d", 'r': "%I:%M:%S %p", 'R': "%H:%M", 'T': "%H:%M:%S",
	'x': "%m/%d/%y", 'X': "%H:%M:%S", 'h': "%b", 'n': "\n", 't': "\t"}

// direct are the conversions that Go's own layouts have.
var direct = map[byte]string{'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'm': "01", 'M': "04",
	'p': "PM", 'P': "pm", 'S': "05", 'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST"}

// strftime is C's in the C locale. An unknown conversion stays as it is.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if n := format[i]; '1' <= n && n <= '9' && i+1 < len(format) && format[i+1] == 'q' {
			b.WriteString(fmt.Sprintf("%09d", t.Nanosecond())[:n-'0'])
			i++
			continue
		}
		b.WriteString(conversion(t, format[i]))
	}
	return b.String()
}

func conversion(t time.Time, letter byte) string {
	if layout, ok := direct[letter]; ok {
		return t.Format(layout)
	}
	if format, ok := composed[letter]; ok {
		return strftime(t, format)
	}
	year, week := t.ISOWeek()
	weekday := int(t.Weekday())
	switch letter {
	case '%':
		return "%"
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'g':
		return fmt.Sprintf("%02d", year%100)
	case 'G':
		return strconv.Itoa(year)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	case 'q':
		return fmt.Sprintf("%03d", t.Nanosecond()/int(time.Millisecond))
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'u':
		return strconv.Itoa((weekday+6)%7 + 1)
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-weekday)/7)
	case 'V':
		return fmt.Sprintf("%02d", week)
	case 'w':
		return strconv.Itoa(weekday)
	case 'W':
		return fmt.Sprintf("%02d", (t.YearDay()+6-(weekday+6)%7)/7)
	}
	return "%" + string(letter)
}

// strptime reads text as C's does; fields that format does not name are those of 1 January 1970. Text after the format's end is ignored.
func strptime(text, format string, loc *time.Location) (time.Time, bool) {
	p := moments{rest: text, year: 1970, month: 1, day: 1, afternoon: -1}
	if !p.read(format) {
		return time.Time{}, false
	}
	if p.epoch != nil {
		return time.Unix(*p.epoch, 0), true
	}
	if p.afternoon >= 0 {
		p.hour = p.hour%12 + 12*p.afternoon
	}
	if p.yearDay > 0 {
		p.month, p.day = 1, p.yearDay
	}
	if p.zone != nil {
		loc = p.zone
	}
	return time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, 0, loc), true
}

// moments is strptime at work.
type moments struct {
	rest                                   string
	year, month, day, hour, minute, second int
	yearDay                                int
	afternoon                              int // -1: not said
	epoch                                  *int64
	zone                                   *time.Location
}

func (p *moments) read(format string) bool {
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			p.rest = strings.TrimLeft(p.rest, " \t\n")
		case c != '%' || i+1 == len(format):
			if !strings.HasPrefix(p.rest, string(c)) {
				return false
			}
			p.rest = p.rest[1:]
		default:
			i++
			if !p.field(format[i]) {
				return false
			}
		}
	}
	return true
}

func (p *moments) field(letter byte) bool {
	if format, ok := composed[letter]; ok && letter != 'h' {
		return p.read(format)
	}
	year2 := 0
	switch letter {
	case 'Y':
		return p.number(&p.year, 4, 0, 9999)
	case 'y':
		ok := p.number(&year2, 2, 0, 99)
		p.year = 1900 + year2
		if year2 < 69 { // POSIX
			p.year += 100
		}
		return ok
	case 'm':
		return p.number(&p.month, 2, 1, 12)
	case 'd', 'e':
		return p.number(&p.day, 2, 1, 31)
	case 'j':
		return p.number(&p.yearDay, 3, 1, 366)
	case 'H', 'k':
		return p.number(&p.hour, 2, 0, 23)
	case 'I', 'l':
		return p.number(&p.hour, 2, 1, 12)
	case 'M':
		return p.number(&p.minute, 2, 0, 59)
	case 'S':
		return p.number(&p.second, 2, 0, 60)
	case 'p', 'P':
		return p.word(&p.afternoon, 0, "AM", "PM")
	case 'a', 'A':
		var ignored int
		return p.word(&ignored, 0, "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
	case 'b', 'B', 'h':
		return p.word(&p.month, 1, "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
	case 's':
		end := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		n, err := strconv.ParseInt(p.rest[:end], 10, 64)
		p.epoch, p.rest = &n, p.rest[end:]
		return err == nil
	case 'z':
		for _, layout := range []string{"-0700", "-07:00"} {
			if len(p.rest) >= len(layout) {
				if t, err := time.Parse(layout, p.rest[:len(layout)]); err == nil {
					p.zone, p.rest = t.Location(), p.rest[len(layout):]
					return true
				}
			}
		}
		return false
	case '%':
		ok := strings.HasPrefix(p.rest, "%")
		p.rest = strings.TrimPrefix(p.rest, "%")
		return ok
	}
	return false
}

// number takes up to digits digits, after blanks, and checks their range.
func (p *moments) number(to *int, digits, low, high int) bool {
	s := strings.TrimLeft(p.rest, " ")
	end := 0
	for end < len(s) && end < digits && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	*to, p.rest = n, s[end:]
	return err == nil && low <= n && n <= high
}

// word takes one of words, or its first three letters, in any case.
func (p *moments) word(to *int, from int, words ...string) bool {
	for i, w := range words {
		for _, form := range []string{w, w[:min(3, len(w))]} {
			if len(p.rest) >= len(form) && strings.EqualFold(p.rest[:len(form)], form) {
				*to, p.rest = i+from, p.rest[len(form):]
				return true
			}
		}
	}
	return false
}

// timeWithin is pbx.time.within(ranges [, epoch]): whether a moment, or now, is in Asterisk's time ranges; nil and why not.
func (c *call) timeWithin(l *lua.LState) int {
	r, err := timing.Parse(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	at := c.gen.host.cfg.Clock.Now()
	if l.GetTop() >= 2 {
		at = moment(l, 2)
	}
	l.Push(lua.LBool(r.Contains(at)))
	return 1
}
