// Package channel holds the Channel: one party of a call as the dialplan sees it, with the blocking primitives a script uses.
//
//	tech/* ──Leg──► Channel ◄──primitives── scripting (one goroutine owns the channel and calls them)
//	                   │ facts
//	                   ▼
//	          Core (all live channels, names, technologies) ► engine (CDR, events)
//
// The owner goroutine calls the primitives; Hangup, Redirect, Digit, Ended, Get, Set and Info are safe from anywhere (the table of owners in engine/README.md).
// Every primitive returns *HangupError once the channel is gone, ErrRedirected once another party moved it.
package channel

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"asterism/engine/dialplan"
	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// State is Asterisk's channel state; the numbers are those of AMI's ChannelState.
type State int

// The states a SIP or Local channel passes through.
const (
	Down    State = 0
	Dialing State = 3
	Ring    State = 4 // an incoming call that has not been answered
	Ringing State = 5 // an outgoing call whose far end rings
	Up      State = 6
	Busy    State = 7
)

func (s State) String() string {
	switch s {
	case Dialing:
		return "Dialing"
	case Ring:
		return "Ring"
	case Ringing:
		return "Ringing"
	case Up:
		return "Up"
	case Busy:
		return "Busy"
	}
	return "Down"
}

// CallerID is a party's name and number as shown to others. Presentation is Asterisk's word ("allowed", "prohib", "unavailable"); "" means allowed.
type CallerID struct {
	Name, Number, Presentation string
	ANI                        string // billing number; "": Number
	RDNIS                      string // the number that was called first, of a call that was redirected
	Reason                     string // why it was, as REDIRECTING(reason) names it: cfu, cfb, cfnr …; "" is cfu
	Tag                        string
}

// Withheld tells whether others must not be shown the number.
func (c CallerID) Withheld() bool { return strings.HasPrefix(c.Presentation, "prohib") }

// String is the form of Asterisk's CDR clid and CALLERID(all): "Name" <number>.
func (c CallerID) String() string {
	switch {
	case c.Name == "":
		return c.Number
	case c.Number == "":
		return `"` + c.Name + `"`
	}
	return `"` + c.Name + `" <` + c.Number + `>`
}

// Config describes a channel to make. Core.New fills what is empty.
type Config struct {
	Tech, Endpoint string // "PJSIP", "alice": the channel is named PJSIP/alice-00000001
	Name           string // overrides the name built from Tech and Endpoint (Local channels)
	Leg            Leg
	State          State
	Parent         *Channel // the channel that dials this one: variables, linked id, call id and language are inherited
	Place          dialplan.Place
	CallerID       CallerID
	DNID           string // the number that was dialled
	AccountCode    string
	Language       string
	ToneZone       string // the country of its tones; "": the default one
	Variables      map[string]string
	Attachment     any    // what the maker keeps with the channel (the engine: its generation)
	CallID         string // from NewCallID, where log lines came before the channel; "": a new one, or the parent's
}

// Channel is one party of a call. Its ctx field is the one exception to "no ctx in a struct": the channel is the lifetime.
type Channel struct {
	core     *Core
	leg      Leg
	tech     string
	name     string
	uniqueID string
	callID   string
	endpoint string
	dnid     string
	created  time.Time
	log      zerolog.Logger
	attached any

	ctx    context.Context
	cancel context.CancelCauseFunc

	digits  digitQueue
	bridged atomic.Bool   // for the media thread
	holding chan struct{} // the far end's hold has changed: for the bridge; room for one

	mu        sync.Mutex // guards all below; a leaf
	state     State
	linkedID  string
	place     dialplan.Place
	app, data string
	before    History // as it was before `h`
	callerID  CallerID
	connected CallerID
	calledFor string // name of the channel it was made for; "": none
	unshown   bool   // its party is not shown whom it talks to (Dial's I)
	account   string
	userField string
	amaFlags  string
	legCauses []LegCause
	language  string
	toneZone  string // "": the default
	cause     Cause
	answered  time.Time
	ended     time.Time
	variables map[string]variable
	bridgeID  string // of the bridge the channel is in
	bridgedTo string // the peer's name while bridged
	tone      func() // stops the tone that plays, if any
	music     func() // stops the music that StartMusic began, if any

	musicClass string
	held       bool   // by the far end
	suggested  string // the class it suggests for others meanwhile

	monitors     []*Monitor // that run; never changed in place
	monitorCount int

	turn       context.Context // what primitives run under: ends with ctx, or with an interruption
	cancelTurn context.CancelCauseFunc
	redirected *dialplan.Place // where Resume goes
}

// Context ends, with a *HangupError as its cause, when the channel hangs up.
func (c *Channel) Context() context.Context { return c.ctx }

// Attachment is what the maker of the channel gave in Config: the engine keeps the call's generation there.
func (c *Channel) Attachment() any { return c.attached }

// Leg is the channel's technology side.
func (c *Channel) Leg() Leg { return c.leg }

// Name is unique in this process: PJSIP/alice-0000002a.
func (c *Channel) Name() string { return c.name }

// Tech is the technology's name, "PJSIP" or "Local".
func (c *Channel) Tech() string { return c.tech }

// UniqueID is Asterisk's epoch.counter.
func (c *Channel) UniqueID() string { return c.uniqueID }

// CallID marks all log lines of one call: C-00000001. A dialled channel has its caller's.
func (c *Channel) CallID() string { return c.callID }

// Endpoint is the pjsip.conf endpoint's name, "" for other technologies.
func (c *Channel) Endpoint() string { return c.endpoint }

// DNID is the number that was dialled to reach this channel.
func (c *Channel) DNID() string { return c.dnid }

// Created is when the channel came into being.
func (c *Channel) Created() time.Time { return c.created }

// Log carries the fields call and chan.
func (c *Channel) Log() *zerolog.Logger { return &c.log }

// LinkedID is the UniqueID of the oldest channel of the call.
func (c *Channel) LinkedID() string { return locked(c, func() string { return c.linkedID }) }

// State is where the channel stands.
func (c *Channel) State() State { return locked(c, func() State { return c.state }) }

// Answered is when the channel was answered; zero before.
func (c *Channel) Answered() time.Time { return locked(c, func() time.Time { return c.answered }) }

// Ended is when the channel hung up; zero before.
func (c *Channel) Ended() time.Time { return locked(c, func() time.Time { return c.ended }) }

// Place is where in the dialplan the channel is.
func (c *Channel) Place() dialplan.Place { return locked(c, func() dialplan.Place { return c.place }) }

// SetPlace moves the channel in the dialplan; the run loop acts on it.
func (c *Channel) SetPlace(p dialplan.Place) {
	c.update(func() { c.setPlaceLocked(p) })
}

func (c *Channel) setPlaceLocked(p dialplan.Place) {
	c.place = p
	if p.Exten != "h" {
		c.before.Place = p
	}
}

// SetApplication notes the application that runs, for `core show channels` and the CDR's lastapp.
func (c *Channel) SetApplication(name, data string) {
	c.update(func() {
		c.app, c.data = name, data
		if c.place.Exten != "h" {
			c.before.Application, c.before.Data = name, data
		}
	})
}

// History is where a call last was and what it last did, `h` left out: what a call detail record tells.
type History struct {
	Place             dialplan.Place
	Application, Data string
}

// History is safe from anywhere.
func (c *Channel) History() History {
	return locked(c, func() History { return c.before })
}

// Application is the last one that SetApplication named.
func (c *Channel) Application() (name, data string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.app, c.data
}

// CallerID is who this channel's party is.
func (c *Channel) CallerID() CallerID { return locked(c, func() CallerID { return c.callerID }) }

// SetCallerID replaces it; channels dialled from here on show it.
func (c *Channel) SetCallerID(id CallerID) { c.update(func() { c.callerID = id }) }

// Connected is who this channel talks to.
func (c *Channel) Connected() CallerID { return locked(c, func() CallerID { return c.connected }) }

// AccountCode goes to the CDR.
func (c *Channel) AccountCode() string { return locked(c, func() string { return c.account }) }

// SetAccountCode replaces it.
func (c *Channel) SetAccountCode(code string) { c.update(func() { c.account = code }) }

// UserField goes to the CDR, as a site pleases.
func (c *Channel) UserField() string { return locked(c, func() string { return c.userField }) }

// SetUserField replaces it.
func (c *Channel) SetUserField(text string) { c.update(func() { c.userField = text }) }

// AMAFlags is the CDR's billing flag in Asterisk's words: OMIT, BILLING, DOCUMENTATION, or "", which is the last of them.
func (c *Channel) AMAFlags() string { return locked(c, func() string { return c.amaFlags }) }

// SetAMAFlags replaces it.
func (c *Channel) SetAMAFlags(flag string) { c.update(func() { c.amaFlags = flag }) }

// Language chooses the prompts.
func (c *Channel) Language() string { return locked(c, func() string { return c.language }) }

// SetLanguage replaces it.
func (c *Channel) SetLanguage(lang string) { c.update(func() { c.language = lang }) }

// HangupCause is the cause of this channel's end, or of the last leg it dialled.
func (c *Channel) HangupCause() Cause { return locked(c, func() Cause { return c.cause }) }

// SetHangupCause overrides it.
func (c *Channel) SetHangupCause(cause Cause) { c.update(func() { c.cause = cause }) }

// HungUp tells whether the channel is gone.
func (c *Channel) HungUp() bool { return c.ctx.Err() != nil }

func (c *Channel) update(f func()) { c.mu.Lock(); f(); c.mu.Unlock() }

func locked[T any](c *Channel, f func() T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return f()
}

// Hangup ends the channel with a cause: the far end is told (BYE, CANCEL or a final response), the context is cancelled. It returns at
// once and only the first end counts. 0 means: the cause set before, else normal clearing.
func (c *Channel) Hangup(cause Cause) {
	if c.end(cause) {
		c.leg.Hangup(c.HangupCause())
	}
}

// FarEndGone is called by the technology when the far end hung up; the technology has told the wire what it needs to know.
func (c *Channel) FarEndGone(cause Cause) { c.end(cause) }

// end marks the channel as gone; only the first call returns true.
func (c *Channel) end(cause Cause) bool {
	c.mu.Lock()
	if !c.ended.IsZero() {
		c.mu.Unlock()
		return false
	}
	if cause != 0 {
		c.cause = cause
	} else if c.cause == 0 {
		c.cause = NormalClearing
	}
	cause = c.cause
	c.ended = c.core.clock.Now()
	c.mu.Unlock()
	c.cancel(&HangupError{Cause: cause})
	return true
}

// VoiceStats is what was counted of one channel's voice.
type VoiceStats struct {
	Info
	Codec    string
	Counters media.PortStats
}

// Info is a copy of a channel's facts, for those who watch.
type Info struct {
	Name, UniqueID, LinkedID, CallID, Tech, Endpoint, DNID string
	State                                                  State
	Place                                                  dialplan.Place
	Application, Data                                      string
	CallerID, Connected                                    CallerID
	AccountCode, Language                                  string
	BridgeID, Peer                                         string // Peer: the name of the channel it is bridged to
	Created, Answered                                      time.Time
	Cause                                                  Cause
	Variables                                              map[string]string
}

// Info is safe from anywhere.
func (c *Channel) Info() Info {
	variables := c.Variables()
	c.mu.Lock()
	defer c.mu.Unlock()
	return Info{
		Name: c.name, UniqueID: c.uniqueID, LinkedID: c.linkedID, CallID: c.callID, Tech: c.tech, Endpoint: c.endpoint, DNID: c.dnid,
		State: c.state, Place: c.place, Application: c.app, Data: c.data, CallerID: c.callerID, Connected: c.connected,
		AccountCode: c.account, Language: c.language, BridgeID: c.bridgeID, Peer: c.bridgedTo, Created: c.created, Answered: c.answered,
		Cause: c.cause, Variables: variables,
	}
}
