package scripting

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

const christmas = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nSUMMARY:Christmas\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n"

func TestTimeMatch(t *testing.T) {
	b := newBench(t, nil)
	g := b.load(dialplanFile, `extensions = { default = { s = function()
  local pbx = require "pbx"
  local rules = {}
  for rule in channel.RULES:get():gmatch("[^;]+") do rules[#rules + 1] = rule end
  local yes, which = pbx.time.match(#rules == 1 and rules[1] or rules, tonumber(channel.AT:get()))
  channel.OUT = tostring(yes) .. " " .. tostring(which)
end } }`, "holidays.ics", christmas)
	for _, tt := range []struct{ rules, at, want string }{
		{"holidays.ics", "2026-12-26 23:59", "true Christmas"}, {"holidays.ics", "2026-12-24 23:59", "false nil"}, {"holidays.ics", "2026-12-27 00:00", "false nil"},
		{"other.ics", "2026-12-26 10:00", "nil there is no calendar other.ics beside the dialplan"},
		{"2026-12-24", "2026-12-24 10:00", "true 2026-12-24"}, {"2026-12-24", "2027-12-24 10:00", "false nil"},
		{"12-24", "2027-12-24 10:00", "true 12-24"}, {"02-29", "2028-02-29 10:00", "true 02-29"},
		{"2026-12-24/2027-01-06", "2027-01-06 23:59", "true 2026-12-24/2027-01-06"}, {"2026-12-24/2027-01-06", "2027-01-07 00:00", "false nil"},
		{"12-24/01-06", "2027-01-01 10:00", "true 12-24/01-06"}, {"12-24/01-06", "2027-01-07 10:00", "false nil"}, {"07-01/08-15", "2027-08-15 10:00", "true 07-01/08-15"},
		{"2027-01-06/2026-12-24", "2026-12-30 10:00", "false nil"},
		{"9:00-17:00,mon-fri", "2026-12-24 10:00", "true 9:00-17:00,mon-fri"}, {"9:00-17:00,mon-fri", "2026-12-26 10:00", "false nil"},
		{"12-31;holidays.ics;22:00-6:00", "2026-12-25 10:00", "true Christmas"}, {"12-31;holidays.ics;22:00-6:00", "2026-12-24 23:00", "true 22:00-6:00"},
		{"other.ics;12-24", "2026-12-24 10:00", "true 12-24"}, {"other.ics;12-24", "2026-12-27 10:00", "nil there is no calendar other.ics beside the dialplan"},
		{"13-40", "2026-12-24 10:00", "nil "},
	} {
		when, err := time.ParseInLocation("2006-01-02 15:04", tt.at, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		ch := b.channel("default", "s")
		ch.Set("RULES", tt.rules)
		ch.Set("AT", strconv.FormatInt(when.Unix(), 10))
		if err := g.Run(ch); err != nil {
			t.Error(err)
		}
		if got := get(t, ch, "OUT"); got != tt.want && !(tt.want == "nil " && strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s at %s: %s, want %s", tt.rules, tt.at, got, tt.want)
		}
	}
}

func TestCalendarProblems(t *testing.T) {
	b := newBench(t, nil)
	_, problems := b.host.Load(files(dialplanFile, "extensions = {}", "holidays.ics", christmas), nil)
	if got := texts(problems); got != "warning holidays.ics:7: an event without DTSTART; it is left out" {
		t.Error(got)
	}
}
