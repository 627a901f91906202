package channel

import (
	"context"
	"sync"
	"time"

	"asterism/engine/media"
)

// Indication is a call-progress signal towards a channel's party.
type Indication int

// The indications of RFC 3261's provisional responses, and the two that end in a tone or a final response.
const (
	IndicateProceeding Indication = iota + 1 // 100
	IndicateRinging                          // 180, or ringback tone once answered
	IndicateProgress                         // 183 with SDP: early media flows
	IndicateBusy                             // 486, or busy tone once answered
	IndicateCongestion                       // 503, or congestion tone once answered
	IndicateForwarded                        // 181: somebody else rings in place of who was called
)

// Leg is a channel's technology side: what tech/* implements and tests fake. Its methods may be called from any goroutine.
type Leg interface {
	// Answer accepts an incoming call (200 with SDP); nil at once when there is nothing to answer.
	Answer(ctx context.Context) error
	// Indicate signals progress to an unanswered incoming call. Busy and Congestion send the final response.
	Indicate(Indication) error
	// Hangup ends the leg: BYE, CANCEL or a final response, whichever is due. It returns at once and is idempotent.
	Hangup(Cause)
	// Media is the leg's sound; nil when it has none (yet).
	Media() Media
	// Property answers CHANNEL(pjsip,call-id) and its like; name is "pjsip,call-id".
	Property(name string) (string, bool)
}

// Media is the sound of a leg. Implementations never block.
type Media interface {
	// Play starts src, replacing what plays; done is called exactly once, when it ends or is stopped.
	Play(src media.Source, done func()) (stop func())
	// PlayMusic starts m, which others hear too, replacing what plays; done as in Play.
	PlayMusic(m *media.Music, done func()) (stop func())
	// PlayRate is the rate of a source that Play need not resample, Hz.
	PlayRate() int
	Echo(on bool)
	SendDigit(digit rune, dur time.Duration)
	// Tap lets t hear what the party says and is told, in bridges and out of them, until remove is called or the leg ends.
	Tap(t media.Tap) (remove func())
	// Overlay lets f be heard over what the party is told or, with heard, over what it says wherever that goes, until remove is called.
	Overlay(f *media.Feed, heard bool) (remove func())
	// SetJitterBuffer puts a jitter buffer between the party and the bridge or echo it is heard in; nil takes it out.
	SetJitterBuffer(*media.JitterBuffer)
	// SetVolume makes what the party says, and what it is told, louder or softer for those who hear it; Volume is what is in force.
	SetVolume(media.Volume)
	Volume() media.Volume
	// Join relays sound and digits between two legs until leave is called; digits that are kept are for the script (Channel.Digit).
	Join(other Media, keep KeptDigits) (leave func(), err error)
}

// KeptDigits says whose digits do not pass a join.
type KeptDigits struct{ Mine, Theirs bool }

// Caller is a Leg that can be dialled.
type Caller interface {
	Leg
	// Call sends the call on its way and returns at once; notify hears what becomes of it, in order, until it is answered or ended.
	Call(notify func(LegEvent))
}

// LegEventKind says what became of a dialled leg.
type LegEventKind int

// What a dialled leg reports. Answered and Ended are the last.
const (
	LegRinging LegEventKind = iota + 1
	LegProgress
	LegForwarded // it sends the call on by itself (SIP's 181)
	LegAnswered
	LegEnded
)

// LegEvent is one report of a dialled leg. Cause is set with LegEnded; Forward is where a 3xx pointed (RFC 3261 §8.1.3.4), as user part
// or, for redirect_method=uri…, whole URI. Detail is the technology's word for it: "SIP 486 Busy Here".
type LegEvent struct {
	Kind    LegEventKind
	Cause   Cause
	Forward string
	Detail  string
}

// Tech makes dialled channels of one technology: "PJSIP", "Local".
type Tech interface {
	Name() string
	// Request makes the channels that dialling resource means (one a contact), each with a Leg that is a Caller and not yet called.
	// An error names why none could be made; UnavailableError carries a cause.
	Request(ctx context.Context, resource string, d *DialLeg) ([]*Channel, error)
}

// DialLeg is what a technology needs to know of the Dial that wants a channel.
type DialLeg struct {
	Parent    *Channel // nil when nobody dials: the call was originated
	CallerID  CallerID
	Variables map[string]string
}

// UnavailableError says that a destination cannot be dialled at all; Dial counts it as CHANUNAVAIL, unless its cause says busy or congestion.
type UnavailableError struct {
	Cause  Cause
	Reason string
}

func (e *UnavailableError) Error() string { return e.Reason }

// Reporter passes what becomes of a dialled leg to the Dial that waits for it, until it has been told the end. Every Caller has one; the
// zero value tells nobody. Safe from any goroutine.
type Reporter struct {
	mu     sync.Mutex
	notify func(LegEvent)
}

// To begins: notify hears what Tell says from here on.
func (r *Reporter) To(notify func(LegEvent)) {
	r.mu.Lock()
	r.notify = notify
	r.mu.Unlock()
}

// Tell reports; the first LegAnswered or LegEnded is the last report.
func (r *Reporter) Tell(ev LegEvent) {
	r.mu.Lock()
	notify := r.notify
	if ev.Kind == LegAnswered || ev.Kind == LegEnded {
		r.notify = nil
	}
	r.mu.Unlock()
	if notify != nil {
		notify(ev)
	}
}
