package dialtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of what a story tells. The first ones are what a party sees, hears and does; simulated and real phones tell them alike.
const (
	Calls    = "calls"
	Rings    = "rings"
	Stops    = "stops ringing"
	Answers  = "answers"
	Hears    = "hears"
	Ringback = "hears ringing"
	Progress = "hears early media"
	Talks    = "talks with"
	Muted    = "is muted"
	Unmuted  = "is heard again"
	Presses  = "presses"
	Gets     = "gets the key"
	Says     = "says something for"
	Answered = "is answered"
	Refuses  = "refuses"
	Hangs    = "hangs up"
	Ends     = "ends"

	ran     = "runs"
	sets    = "sets"
	logs    = "log"
	errored = "error"
)

// Event is one line of a story.
type Event struct {
	At    time.Duration // since the stage was set
	Call  int           // which call of the test; 0 is none
	Who   string        // the phone, "" for the dialplan
	What  string        // one of the kinds
	Text  string
	Cause int // with Ends
}

func (e Event) String() string {
	s := e.What
	if e.Text != "" {
		s += " " + e.Text
	}
	return s
}

// story is what happened on a stage, in order. It is written to from every goroutine.
type story struct {
	mu     sync.Mutex // guards below; a leaf
	events []Event
}

func (s *story) add(e Event) {
	s.mu.Lock()
	s.events = append(s.events, e)
	s.mu.Unlock()
}

// from copies the events from index i on.
func (s *story) from(i int) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[min(i, len(s.events)):])
}

// Timeline prints events as people read them: when, who, what. Phones that stop ringing at one moment do so side by side, so they are told
// by name: the same test always tells the same story.
func Timeline(events []Event) string {
	var b strings.Builder
	who := 0
	events = slices.Clone(events)
	for from := 0; from < len(events); from++ {
		to := from
		for to < len(events) && events[to].What == Stops && events[to].At == events[from].At {
			to++
		}
		slices.SortStableFunc(events[from:to], func(a, b Event) int { return cmp.Compare(a.Who, b.Who) })
		from = max(from, to-1)
	}
	for _, e := range events {
		who = max(who, len(e.Who))
	}
	for _, e := range events {
		text := e.String()
		if e.Who == "" {
			text = "  " + text
		}
		fmt.Fprintf(&b, "%10.3f  %-*s  %s\n", e.At.Seconds(), who, e.Who, text)
	}
	return b.String()
}
