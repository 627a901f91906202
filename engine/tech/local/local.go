// Package local is the technology "Local": Local/exten@context dials into the dialplan. Its two channels are the two ends of one string:
//
//	dialler ─► Local/1001@internal-00000003;1 ═ ports back to back ═ …;2 ─► dialplan at internal,1001
//
// ;1 belongs to whoever dialled, ;2 runs the dialplan on a goroutine of the engine. Ringing, progress and the answer of ;2 are reported to
// the dialler of ;1; either end's hang-up ends the other.
package local

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"asterism/engine/bridge"
	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/media"
)

// maxDepth bounds Local channels that dial Local channels (Asterisk's MAX_FORWARDS).
const maxDepth = 20

// depthVariable counts them; it is inherited.
const depthVariable = "MAX_FORWARDS"

// Tech makes Local channels.
type Tech struct {
	core  *channel.Core
	media *media.Engine
	mu    sync.Mutex // guards count
	count uint32
}

// New makes the technology.
func New(core *channel.Core, m *media.Engine) *Tech { return &Tech{core: core, media: m} }

// Name is "Local".
func (t *Tech) Name() string { return "Local" }

// Request makes the pair for exten@context[/options]; options are accepted as Asterisk's (n, j) and change nothing, because we never
// optimise a Local channel away.
func (t *Tech) Request(_ context.Context, resource string, d *channel.DialLeg) ([]*channel.Channel, error) {
	address, _, _ := strings.Cut(resource, "/")
	exten, plan, ok := strings.Cut(address, "@")
	if !ok {
		plan = "default"
	}
	if exten == "" || plan == "" {
		return nil, &channel.UnavailableError{Cause: channel.NoRouteDestination, Reason: fmt.Sprintf("local: %q: want exten@context", resource)}
	}
	depth := maxDepth
	zone := ""
	if d.Parent != nil {
		if v, ok := d.Parent.Get(depthVariable); ok {
			if n, err := strconv.Atoi(v); err == nil {
				depth = n
			}
		}
		zone = d.Parent.ToneZone()
	}
	if depth <= 0 {
		return nil, &channel.UnavailableError{Cause: channel.UserBusy, Reason: "local: too many forwards, this looks like a loop"}
	}
	near, far := &end{core: t.core}, &end{core: t.core, runs: true}
	near.other, far.other = far, near
	near.port, far.port = t.media.NewPair(
		media.PortConfig{OnPress: near.press, OnDigit: near.digit}, media.PortConfig{OnPress: far.press, OnDigit: far.digit})
	t.mu.Lock()
	base := fmt.Sprintf("Local/%s@%s-%08x", exten, plan, t.count)
	t.count++
	t.mu.Unlock()
	near.ch = t.core.New(channel.Config{Tech: "Local", Name: base + ";1", Leg: near, State: channel.Down, Parent: d.Parent, Variables: d.Variables,
		CallerID: channel.CallerID{Number: exten}, DNID: exten})
	far.ch = t.core.New(channel.Config{Tech: "Local", Name: base + ";2", Leg: far, State: channel.Ring, Parent: d.Parent, Variables: d.Variables,
		CallerID: d.CallerID, DNID: exten, ToneZone: zone, Place: dialplan.Place{Context: plan, Exten: exten, Priority: 1}})
	far.ch.Set("__"+depthVariable, strconv.Itoa(depth-1))
	return []*channel.Channel{near.ch}, nil
}

// end is one end of the string.
type end struct {
	core   *channel.Core
	ch     *channel.Channel
	port   *media.Port
	other  *end
	runs   bool             // ;2: runs the dialplan
	report channel.Reporter // ;1: to the Dial that waits

	mu     sync.Mutex // guards below; a leaf
	called bool
	over   bool
	joined bool
}

// Call starts the dialplan on ;2.
func (e *end) Call(notify func(channel.LegEvent)) {
	e.report.To(notify)
	e.mu.Lock()
	e.called = true
	over := e.over
	e.mu.Unlock()
	if over {
		return
	}
	e.core.Start(e.other.ch)
}

// Answer: ;2 was answered, so ;1 was.
func (e *end) Answer(context.Context) error {
	if e.runs {
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegAnswered})
	}
	return nil
}

// Indicate passes ;2's progress to the dialler of ;1.
func (e *end) Indicate(ind channel.Indication) error {
	switch {
	case !e.runs:
	case ind == channel.IndicateRinging:
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegRinging})
	case ind == channel.IndicateProgress:
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegProgress})
	case ind == channel.IndicateForwarded:
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegForwarded})
	case ind == channel.IndicateBusy:
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.UserBusy})
	case ind == channel.IndicateCongestion:
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.Congestion})
	}
	return nil
}

// ShowConnected (channel.ConnectedShower): whom one end talks to is the other end's party.
func (e *end) ShowConnected(id channel.CallerID) { e.other.ch.FarEndIs(id) }

// Hangup ends both ends; a ;1 that still rings reports the cause.
func (e *end) Hangup(cause channel.Cause) {
	e.close()
	e.other.close()
	if e.runs {
		e.other.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
		e.other.ch.FarEndGone(cause)
		return
	}
	e.other.ch.FarEndGone(cause)
	e.mu.Lock()
	called := e.called
	e.mu.Unlock()
	if !called { // nobody runs ;2, so nobody else releases it
		e.other.ch.Release()
	}
}

func (e *end) close() {
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	e.port.Close()
}

// press reaches the script unless a bridge carries it on.
func (e *end) press(d rune) {
	e.mu.Lock()
	joined := e.joined
	e.mu.Unlock()
	if !joined {
		e.ch.Digit(d)
	}
}

// digit is the end of a key.
func (e *end) digit(d media.Digit) { e.ch.DigitEnded(d.Rune, d.Duration) }

// Media is the end of the string.
func (e *end) Media() channel.Media { return e }

// Property: a Local channel has none of its own.
func (e *end) Property(string) (string, bool) { return "", false }

// Port is the media port, for the bridge.
func (e *end) Port() *media.Port { return e.port }

// Play, Echo and SendDigit are the port's.
func (e *end) Play(src media.Source, done func()) (stop func()) { return e.port.Play(src, done) }

// PlayMusic plays what others hear too.
func (e *end) PlayMusic(m *media.Music, done func()) (stop func()) { return e.port.PlayMusic(m, done) }

// PlayRate is that of the telephone, as long as nobody asks for more.
func (e *end) PlayRate() int { return e.port.PlayRate() }

// Echo sends back what arrives.
func (e *end) Echo(on bool) { e.port.Echo(on) }

// Tap lets t hear what arrives and what is sent.
func (e *end) Tap(t media.Tap) (remove func()) { return e.port.Tap(t) }

// SetJitterBuffer evens out what arrives.
func (e *end) SetJitterBuffer(b *media.JitterBuffer) { e.port.SetJitterBuffer(b) }

// Overlay lets f be heard over what is sent, or over what arrives.
func (e *end) Overlay(f *media.Feed, heard bool) func() { return e.port.Overlay(f, heard) }

// SetVolume makes its sound louder or softer.
func (e *end) SetVolume(v media.Volume) { e.port.SetVolume(v) }

// Volume is what SetVolume and the party's keys have made of it.
func (e *end) Volume() media.Volume { return e.port.Volume() }

// SendDigit sends DTMF to the other end.
func (e *end) SendDigit(d rune, dur time.Duration) { e.port.SendDigit(d, dur) }

// SetJoined tells the end whether a bridge carries its digits on.
func (e *end) SetJoined(on bool) {
	e.mu.Lock()
	e.joined = on
	e.mu.Unlock()
}

// Join relays sound and digits to another leg until leave is called.
func (e *end) Join(other channel.Media, keep channel.KeptDigits) (leave func(), err error) {
	return bridge.JoinLegs(e, other, bridge.Digits{KeepA: keep.Mine, KeepB: keep.Theirs})
}
