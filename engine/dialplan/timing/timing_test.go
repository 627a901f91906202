package timing

import (
	"testing"
	"time"
)

func TestContains(t *testing.T) {
	tests := []struct {
		text, at string
		want     bool
	}{
		{"*", "2026-11-24 03:00", true},
		{"", "2026-11-24 03:00", true},
		{"*,*,*,*", "2026-02-28 23:59", true},
		{"9:00-17:00", "2026-11-24 09:00", true},
		{"9:00-17:00", "2026-11-24 08:59", false},
		{"9:00-17:00", "2026-11-24 17:00", true}, // the last minute belongs to it
		{"9:00-17:00", "2026-11-24 17:01", false},
		{"22:00-6:00", "2026-11-24 23:10", true},
		{"22:00-6:00", "2026-11-24 05:59", true},
		{"22:00-6:00", "2026-11-24 12:00", false},
		{"8:00-12:00&13:00-17:00", "2026-11-24 12:30", false},
		{"8:00-12:00&13:00-17:00", "2026-11-24 13:30", true},
		{"12:00", "2026-11-24 12:00", true},
		{"12:00", "2026-11-24 12:01", false},
		{"*,mon-fri", "2026-11-24 12:00", true}, // a Tuesday
		{"*,mon-fri", "2026-11-22 12:00", false},
		{"*,fri-mon", "2026-11-22 12:00", true},
		{"*,fri-mon", "2026-11-25 12:00", false},
		{"*,sat&sun", "2026-11-21 12:00", true},
		{"*,SUN", "2026-11-22 12:00", true},
		{"*,1", "2026-11-22 12:00", true}, // Sunday is the first
		{"*,*,24", "2026-11-24 12:00", true},
		{"*,*,1-7&24", "2026-11-08 12:00", false},
		{"*,*,25-5", "2026-11-02 12:00", true},
		{"*,*,*,nov", "2026-11-24 12:00", true},
		{"*,*,*,nov-feb", "2026-01-24 12:00", true},
		{"*,*,*,nov-feb", "2026-03-24 12:00", false},
		{"*,*,*,11", "2026-11-24 12:00", true},
		{"9:00-17:00|mon-fri|*|*", "2026-11-24 12:00", true},
		{"9:00-17:00|sun|*|*", "2026-11-24 12:00", false},
		{"9:00-17:00,*,*,*,Europe/Berlin", "2026-11-24 08:30", true}, // 9:30 there
		{"9:00-17:00,*,*,*,Asia/Tokyo", "2026-11-24 12:00", false},
		{" 9:00 - 17:00 , mon - fri ", "2026-11-24 12:00", true},
	}
	for _, tt := range tests {
		r, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
		}
		if r.zone == time.Local {
			r.zone = time.UTC
		}
		at, err := time.Parse("2006-01-02 15:04", tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Contains(at); got != tt.want {
			t.Errorf("%q at %s: %v, want %v", tt.text, tt.at, got, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := map[string]string{
		"9-17":                 `time "9-17" cannot be read; write 9:00-17:00`,
		"25:00-26:00":          `time "25:00-26:00" cannot be read; write 9:00-17:00`,
		"*,monday":             `weekday "monday" cannot be read; write mon or mon-fri`,
		"*,*,0":                `day of the month "0" cannot be read; write 1-31`,
		"*,*,32":               `day of the month "32" cannot be read; write 1-31`,
		"*,*,*,13":             `month "13" cannot be read; write jan or jan-mar`,
		"*,*,*,*,Mars/Olympus": `time zone "Mars/Olympus" is unknown; write one as Europe/Berlin`,
		"*,*,*,*,UTC,x":        "6 fields; want times,weekdays,days,months,zone",
	}
	for text, want := range tests {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("9:00-17:00&1:00,mon-fri,1-7,jan-mar,UTC")
	f.Add("22:00-6:00|fri-mon|25-5|*")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		for day := range 7 { // what was read holds at least one minute
			at := time.Date(2026, 11, 22+day, 0, 0, 0, 0, time.UTC)
			if r.weekdays&(1<<at.Weekday()) != 0 && r.days != 0 && r.months != 0 && r.minutes != [24]uint64{} {
				return
			}
		}
		t.Errorf("%q holds nothing and is no error", text)
	})
}
