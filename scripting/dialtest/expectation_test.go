package dialtest

import "testing"

// What two parties meet at one moment is expected in any order; what one party meets, in its own.
func TestBeside(t *testing.T) {
	events := []Event{{At: 1, Call: 1, Who: "100", What: Hears, Text: "a"}, {At: 2, Call: 1, Who: "100", What: Hears, Text: "b"}, {At: 2, Call: 1, Who: "100", What: Hears, Text: "c"},
		{At: 2, Call: 1, Who: "200", What: Stops}}
	hears := func(text string) func(Event) bool {
		return func(e Event) bool { return e.What == Hears && e.Text == text }
	}
	p := &party{call: 1, who: "100", cursor: 4, found: events[3], at: 3, used: map[int]bool{3: true}}
	if p.beside(events, hears("a")) {
		t.Error("an event of an earlier moment was found")
	}
	if !p.beside(events, hears("c")) || p.at != 2 {
		t.Errorf("the event of the same moment was not found: at %d", p.at)
	}
	if p.beside(events, hears("c")) {
		t.Error("one event was found twice")
	}
	if p.beside(events, hears("b")) {
		t.Error("an event of the same party was found against its order")
	}
}
