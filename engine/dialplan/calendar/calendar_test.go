package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// file is a calendar of events, each given by its lines.
func file(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(e, "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	return b.String() + "END:VCALENDAR\r\n"
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", text, berlin)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestAt(t *testing.T) {
	for name, tt := range map[string]struct {
		event   string
		in, out []string // moments in Berlin
	}{
		"a day":             {"DTSTART;VALUE=DATE:20261224", []string{"2026-12-24 00:00", "2026-12-24 23:59"}, []string{"2026-12-23 23:59", "2026-12-25 00:00"}},
		"two days":          {"DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227", []string{"2026-12-25 00:00", "2026-12-26 23:59"}, []string{"2026-12-24 23:59", "2026-12-27 00:00"}},
		"end on the day":    {"DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", []string{"2026-12-25 12:00"}, []string{"2026-12-26 00:00"}},
		"a week":            {"DTSTART;VALUE=DATE:20261225\nDURATION:P1W", []string{"2026-12-31 23:59"}, []string{"2027-01-01 00:00"}},
		"hours, here":       {"DTSTART:20261224T120000\nDTEND:20261224T180000", []string{"2026-12-24 12:00", "2026-12-24 17:59"}, []string{"2026-12-24 11:59", "2026-12-24 18:00"}},
		"hours, UTC":        {"DTSTART:20261224T120000Z\nDURATION:PT1H30M", []string{"2026-12-24 13:00", "2026-12-24 14:29"}, []string{"2026-12-24 12:59", "2026-12-24 14:30"}},
		"hours, elsewhere":  {"DTSTART;TZID=America/New_York:20261224T200000\nDURATION:PT2H", []string{"2026-12-25 02:00", "2026-12-25 03:59"}, []string{"2026-12-25 01:59", "2026-12-25 04:00"}},
		"over midnight":     {"DTSTART:20261231T220000\nDURATION:PT6H", []string{"2027-01-01 03:59"}, []string{"2027-01-01 04:00"}},
		"a day of 23 hours": {"DTSTART;VALUE=DATE:20260329", []string{"2026-03-29 23:59"}, []string{"2026-03-30 00:00"}},
		"no length":         {"DTSTART:20261224T120000", nil, []string{"2026-12-24 12:00"}},
		"each year": {"DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY", []string{"2020-12-24 12:00", "2026-12-24 12:00", "2199-12-24 12:00"},
			[]string{"2019-12-24 12:00", "2026-12-25 00:00"}},
		"each year but one":  {"DTSTART;VALUE=DATE:20201224\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20261224", []string{"2027-12-24 12:00"}, []string{"2026-12-24 12:00"}},
		"three times":        {"DTSTART;VALUE=DATE:20241224\nRRULE:FREQ=YEARLY;COUNT=3", []string{"2024-12-24 12:00", "2026-12-24 12:00"}, []string{"2027-12-24 12:00"}},
		"until":              {"DTSTART;VALUE=DATE:20241224\nRRULE:FREQ=YEARLY;UNTIL=20261224", []string{"2026-12-24 12:00"}, []string{"2027-12-24 12:00"}},
		"until a time":       {"DTSTART;TZID=Europe/Berlin:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261203T075959Z", []string{"2026-12-02 09:30"}, []string{"2026-12-03 09:30"}},
		"each other Monday":  {"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;INTERVAL=2", []string{"2026-01-05 09:00", "2026-01-19 09:00"}, []string{"2026-01-12 09:00", "2026-01-20 09:00"}},
		"Monday and Friday":  {"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR", []string{"2026-01-09 09:00", "2026-01-12 09:00"}, []string{"2026-01-10 09:00"}},
		"week from Sunday":   {"DTSTART;VALUE=DATE:19970805\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", []string{"1997-08-17 09:00", "1997-08-19 09:00"}, []string{"1997-08-10 09:00"}}, // RFC 5545 §3.8.5.3
		"week from Monday":   {"DTSTART;VALUE=DATE:19970805\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", []string{"1997-08-10 09:00", "1997-08-19 09:00"}, []string{"1997-08-17 09:00"}},
		"last Monday of May": {"DTSTART;VALUE=DATE:20200525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", []string{"2026-05-25 09:00", "2027-05-31 09:00"}, []string{"2026-05-18 09:00"}},
		"fourth Thursday":    {"DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", []string{"2026-11-26 09:00"}, []string{"2026-11-19 09:00", "2026-10-22 09:00"}},
		"20th Monday":        {"DTSTART;VALUE=DATE:19970519\nRRULE:FREQ=YEARLY;BYDAY=20MO", []string{"1998-05-18 09:00", "1999-05-17 09:00"}, []string{"1998-05-25 09:00"}},
		"two months":         {"DTSTART;VALUE=DATE:20260110\nRRULE:FREQ=YEARLY;BYMONTH=1,6", []string{"2026-06-10 09:00", "2027-01-10 09:00"}, []string{"2026-05-10 09:00"}},
		"a day of each month": {"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY", []string{"2026-03-31 09:00"},
			[]string{"2026-02-28 09:00", "2026-03-01 09:00"}},
		"last of the month": {"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1", []string{"2026-02-28 09:00", "2028-02-29 09:00"}, []string{"2026-02-27 09:00"}},
		"first Friday":      {"DTSTART;VALUE=DATE:20260102\nRRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=1FR", []string{"2026-03-06 09:00"}, []string{"2026-02-06 09:00", "2026-03-13 09:00"}},
		"each third day":    {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;INTERVAL=3", []string{"2026-01-04 09:00"}, []string{"2026-01-03 09:00"}},
		"working days":      {"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;BYMONTH=1", []string{"2026-01-02 09:00"}, []string{"2026-01-03 09:00", "2026-02-02 09:00"}},
		"more days":         {"DTSTART;VALUE=DATE:20260101\nRDATE;VALUE=DATE:20260303,20260404", []string{"2026-01-01 09:00", "2026-03-03 09:00", "2026-04-04 09:00"}, []string{"2026-03-04 09:00"}},
		"before 1970":       {"DTSTART;VALUE=DATE:19600104\nRRULE:FREQ=WEEKLY;INTERVAL=2", []string{"1960-01-18 09:00", "2026-01-05 09:00"}, []string{"1960-01-11 09:00"}},
		"cancelled":         {"DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", nil, []string{"2026-12-24 09:00"}},
		"its alarm is not it": {"DTSTART;VALUE=DATE:20261224\nBEGIN:VALARM\nDTSTART;VALUE=DATE:20271224\nEND:VALARM", []string{"2026-12-24 09:00"},
			[]string{"2027-12-24 09:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, problems := Parse(file(tt.event + "\nSUMMARY:it"))
			if len(problems) != 0 {
				t.Fatal(problems)
			}
			for _, when := range tt.in {
				if summary, ok := c.At(at(t, when)); !ok || summary != "it" {
					t.Errorf("%s is %q, %v", when, summary, ok)
				}
			}
			for _, when := range tt.out {
				if _, ok := c.At(at(t, when)); ok {
					t.Errorf("%s is in it", when)
				}
			}
		})
	}
}

func TestAnInstanceOfItsOwn(t *testing.T) {
	c, problems := Parse(file("UID:1\nSUMMARY:each week\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY",
		"UID:1\nSUMMARY:moved\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;VALUE=DATE:20260113", "UID:1\nRECURRENCE-ID;VALUE=DATE:20260119\nDTSTART;VALUE=DATE:20260119\nSTATUS:CANCELLED"))
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	for when, want := range map[string]string{"2026-01-05": "each week", "2026-01-12": "", "2026-01-13": "moved", "2026-01-19": "", "2026-01-26": "each week"} {
		if got, _ := c.At(at(t, when+" 09:00")); got != want {
			t.Errorf("%s is %q, want %q", when, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	c, problems := Parse("\ufeffbegin:vcalendar\nBEGIN:VEVENT\nDTSTART;X-A=\"a:b;c\";VALUE=DATE:202\n 61224\nSUMMARY;LANGUAGE=en:Christmas\\, the\n\t first \\\\ day\\nof it\nEND:VEVENT\nEND:VCALENDAR\n")
	if len(problems) != 0 {
		t.Fatal(problems)
	}
	if got, _ := c.At(at(t, "2026-12-24 09:00")); got != `Christmas, the first \ day of it` {
		t.Errorf("%q", got)
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "1: this is no iCalendar file; it begins with BEGIN:VCALENDAR",
		"holidays: 24.12.":              "1: this is no iCalendar file; it begins with BEGIN:VCALENDAR",
		"BEGIN:VCALENDAR\nEND:VEVENT":   "2: END:VEVENT without its BEGIN",
		"BEGIN:VCALENDAR\nBEGIN:VEVENT": "2: END:VEVENT is missing",
		file("SUMMARY:x"):               "3: an event without DTSTART; it is left out",
		file("DTSTART:tomorrow"):        "4: DTSTART: 'tomorrow' is no date of the form 20261224 or 20261224T090000; the event is left out",
		file("DTSTART;TZID=Mars/Base:20261224T090000"):         "4: DTSTART: time zone 'Mars/Base' is unknown here; write a name such as Europe/Berlin; the event is left out",
		file("DTSTART:20261224\nDURATION:1 day"):               "5: DURATION: '1 day' is no duration of the form P1D, P1W or PT1H30M; the event is left out",
		file("DTSTART:20261224\nDTEND:20261220"):               "3: the event ends before it begins; the event is left out",
		file("DTSTART:20261224\nDURATION:P999D"):               "3: the event lasts for more than 400 days; the event is left out",
		file("DTSTART:20261224\nRRULE:FREQ=HOURLY"):            "5: RRULE: FREQ=HOURLY is not DAILY, WEEKLY, MONTHLY or YEARLY; only the first of these days counts",
		file("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYSETPOS=1"): "5: RRULE: BYSETPOS=1: is not understood here; only the first of these days counts",
		file("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYMONTH=13"): "5: RRULE: BYMONTH=13: want numbers from 1 to 12; only the first of these days counts",
		file("DTSTART:20261224\nRRULE:FREQ=YEARLY;BYDAY=XX"):   "5: RRULE: BYDAY=XX: 'XX' is no day of the week; only the first of these days counts",
		file("DTSTART:20261224\nRRULE:COUNT=2"):                "5: RRULE: FREQ is missing; only the first of these days counts",
	} {
		_, problems := Parse(text)
		if len(problems) == 0 || fmt.Sprintf("%d: %s", problems[0].Line, problems[0].What) != want {
			t.Errorf("%q: %v, want %s", text, problems, want)
		}
	}
}

// FuzzParse: nothing breaks it, lines folded anew mean the same, and the file's own dates are answered in bounded time.
func FuzzParse(f *testing.F) {
	f.Add(file("DTSTART;VALUE=DATE:20261224\nSUMMARY:Christmas\nRRULE:FREQ=YEARLY;COUNT=3"), 7)
	f.Add(file("UID:1\nDTSTART;TZID=Europe/Berlin:20261224T090000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1MO;UNTIL=20280101T000000Z\nEXDATE:20270125T090000"), 3)
	f.Add(file("DTSTART:20260101\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,TU"), 1)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if len(text) > 4096 {
			return
		}
		c, problems := Parse(text)
		again, more := Parse(fold(text, 1+abs(width)%60))
		if c.Len() != again.Len() || len(problems) != len(more) {
			t.Fatalf("folded: %d events and %v, before %d and %v", again.Len(), more, c.Len(), problems)
		}
		when := time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
		for i := range c.events {
			e := &c.events[i]
			first := e.start.on(e.start.day, time.UTC)
			if e.contains(first) != again.events[i].contains(first) || e.contains(when) != again.events[i].contains(when) {
				t.Fatalf("event %d is another one when folded", i)
			}
			if e.occurs(e.start.day) && (e.days > 0 || e.rest > 0) && !e.contains(first) {
				t.Fatalf("event %d of %q does not contain its own beginning", i, text)
			}
		}
		c.At(when)
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

// fold breaks lines after so many bytes (RFC 5545 §3.1).
func fold(text string, width int) string {
	var b strings.Builder
	for i, l := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		l, cr := strings.CutSuffix(l, "\r")
		begin := 1 // a line that goes on with another stays one
		for len(l) > width+begin {
			b.WriteString(l[:width+begin] + "\n ")
			l, begin = l[width+begin:], 0
		}
		b.WriteString(l)
		if cr {
			b.WriteByte('\r')
		}
	}
	return b.String()
}

func BenchmarkAt(b *testing.B) { // a site's calendar of 200 events
	var events []string
	for i := range 200 {
		events = append(events, fmt.Sprintf("DTSTART;VALUE=DATE:20%02d0%d%02d\nRRULE:FREQ=YEARLY", i%26, 1+i%9, 1+i%28))
	}
	c, _ := Parse(file(events...))
	when := time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		c.At(when)
	}
}
