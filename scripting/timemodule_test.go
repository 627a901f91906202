package scripting

import (
	"testing"
	"time"
)

// What strptime reads, strftime writes, and strptime reads the same moment from that.
func FuzzStrptime(f *testing.F) {
	f.Add("2026-01-05 10:00:00", "%Y-%m-%d %H:%M:%S")
	f.Add("Mon Jan  5 09:00:00 2026", "%c")
	f.Add("5/1/26 9 PM +0100", "%d/%m/%y %I %p %z")
	f.Add("1767603600", "%s")
	f.Add("360", "%j")
	f.Fuzz(func(t *testing.T, text, format string) {
		at, ok := strptime(text, format, time.UTC)
		if !ok {
			return
		}
		const full = "%F %T %z"
		again, ok := strptime(strftime(at.UTC(), full), full, time.UTC)
		if year := at.UTC().Year(); year < 0 || year > 9999 {
			return
		}
		if !ok || !again.Equal(at) {
			t.Fatalf("%q as %q is %v, which reads as %v", text, format, at, again)
		}
	})
}
