package dialtest

import "time"

// Behaviour is what a phone does when it is called. Times are from the moment it is called.
type Behaviour struct {
	Unregistered bool
	RingAfter    time.Duration
	Answer       bool
	AnswerAfter  time.Duration
	Cause        int // refuses with it, CauseAfter
	CauseAfter   time.Duration
	Forward      string        // sends the call on
	TalkFor      time.Duration // hangs up that long after the answer; 0: never
}

// Calling is who calls whom.
type Calling struct {
	From, To           string
	Name, Number       string // of the caller, where the endpoint has no callerid of its own
	FromHost, Protocol string
}

// Stage is where calls happen: in virtual time, or on real phones. Only the goroutine of the test calls it.
type Stage interface {
	// Now is the time since the stage was set.
	Now() time.Duration
	// Wait lets time pass until done says so, looking again whenever something happened, or until the moment limit. It returns what done said
	// last; false before the limit means that nothing can happen any more.
	Wait(done func() bool, limit time.Duration) (bool, error)
	// Events are those that happened since the index.
	Events(since int) []Event
	// Expect tells the stage what is waited for: real phones have to listen to hear a prompt.
	Expect(who, what, text string)
	Phone(name string, b Behaviour) error
	Call(Calling) (id int, err error)
	Press(call int, who, digits string) error
	Say(call int, who string, d time.Duration) error
	Hangup(call int, who string) error
	Answer(who string) error
	// Over tells that nothing of the call is up any more.
	Over(call int) bool
	// Close ends what is still up.
	Close() error
}
