package dialtest_test

import (
	"strings"
	"testing"

	"asterism/scripting/dialtest"
)

// TestTimelineIsTheSame: phones that stop ringing at once are told by name, whatever order they did it in; nothing else changes places.
func TestTimelineIsTheSame(t *testing.T) {
	stops := func(who string, call int) dialtest.Event {
		return dialtest.Event{Who: who, What: dialtest.Stops, At: 4e9, Call: call}
	}
	ring := dialtest.Event{Who: "109", What: dialtest.Rings}
	answer := dialtest.Event{Who: "100", What: dialtest.Answers, At: 4e9}
	a := dialtest.Timeline([]dialtest.Event{ring, stops("109", 1), stops("101", 1), stops("104", 1), answer, stops("102", 1)})
	b := dialtest.Timeline([]dialtest.Event{ring, stops("104", 1), stops("109", 1), stops("101", 1), answer, stops("102", 1)})
	if a != b {
		t.Errorf("got\n%sand\n%s", a, b)
	}
	var order []string
	for line := range strings.Lines(a) {
		order = append(order, strings.Fields(line)[1])
	}
	if got := strings.Join(order, " "); got != "109 101 104 109 100 102" {
		t.Errorf("order %s", got)
	}
}
