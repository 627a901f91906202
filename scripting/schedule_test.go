package scripting

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here")
	}
	const layout = "2006-01-02 15:04:05"
	for _, tt := range []struct{ spec, after, want string }{
		{"* * * * *", "2026-01-05 09:00:00", "2026-01-05 09:01:00"},
		{"*/15 * * * *", "2026-01-05 09:44:59", "2026-01-05 09:45:00"},
		{"30 3 * * *", "2026-01-05 09:00:00", "2026-01-06 03:30:00"},
		{"0 8 * * mon-fri", "2026-01-09 09:00:00", "2026-01-12 08:00:00"},
		{"0 0 1 feb *", "2026-02-01 00:00:00", "2027-02-01 00:00:00"},
		{"0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00"},
		{"0 0 13 * fri", "2026-01-05 00:00:00", "2026-01-09 00:00:00"}, // either day
		{"0 0 * * 7", "2026-01-05 00:00:00", "2026-01-11 00:00:00"},
		{"30 2 * * *", "2026-03-28 12:00:00", "2026-03-30 02:30:00"}, // 02:30 is not on the night the clocks go forward
		{"5,35 * * * *", "2026-01-05 09:05:00", "2026-01-05 09:35:00"},
		{"10/20 * * * *", "2026-01-05 09:00:00", "2026-01-05 09:10:00"},
		{"at 23:10", "2026-01-05 23:10:00", "2026-01-06 23:10:00"},
		{"at 06:07:08", "2026-01-05 06:07:07", "2026-01-05 06:07:08"},
	} {
		var s *schedule
		if daily := len(tt.spec) > 3 && tt.spec[:3] == "at "; daily {
			s, err = parseDaily(tt.spec[3:])
		} else {
			s, err = parseCron(tt.spec)
		}
		if err != nil {
			t.Fatal(err)
		}
		after, _ := time.ParseInLocation(layout, tt.after, berlin)
		if got := s.next(after).Format(layout); got != tt.want {
			t.Errorf("%q after %s: %s, want %s", tt.spec, tt.after, got, tt.want)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "0 0 31 2 *"} {
		if _, err := parseCron(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := parseDaily("25:00"); err == nil {
		t.Error("25:00 was taken")
	}
}

func FuzzCron(f *testing.F) {
	f.Add("*/5 8-18 * * mon-fri", int64(1767603600))
	f.Fuzz(func(t *testing.T, spec string, at int64) {
		s, err := parseCron(spec)
		if err != nil {
			return
		}
		after := time.Unix(at%(1<<33), 0).UTC()
		if next := s.next(after); !next.After(after) || s.minute&(1<<next.Minute()) == 0 || s.hour&(1<<next.Hour()) == 0 || s.month&(1<<next.Month()) == 0 {
			t.Errorf("%q after %s: %s", spec, after, next)
		}
	})
}
