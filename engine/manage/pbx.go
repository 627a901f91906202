package manage

import (
	"context"
	"io"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/registrar"
	"asterism/engine/registration"
	"asterism/engine/subscription"
)

// PBX is what the command line needs of the running engine. *engine.Engine satisfies it; tests use a fake.
// Every method is safe from any goroutine, returns at once (Reload: within its own work) and hands out copies or
// immutable values: a slow terminal can never hold anything of the PBX.
type PBX interface {
	Calls
	Conferences
	Phones
	Plan
	Life
}

// Calls are the channels that are up.
type Calls interface {
	// Channels lists the channels, oldest first.
	Channels() []channel.Info
	// HangupChannel asks the channel of that name to hang up and reports whether there is one. It does not wait.
	HangupChannel(name string, cause channel.Cause) bool
	// Redirect moves a channel that runs the dialplan to a place of it; the error says why not. It does not wait.
	Redirect(name string, to dialplan.Named) error
	// BeginOriginate calls somebody who, once he answers, runs the dialplan; the error says what is wrong with o. It does not wait.
	BeginOriginate(o channel.Origination) error
	// CallsProcessed counts the calls (groups of channels with one LinkedID) begun since the start.
	CallsProcessed() uint64
}

// Phones are the SIP accounts and where they are.
type Phones interface {
	// Contacts lists the registered and the static contacts of all AORs, by AOR and URI.
	Contacts() []registrar.Contact
	// Subscriptions lists what phones have subscribed to, by endpoint.
	Subscriptions() []subscription.Subscription
	// Registrations lists ours with others, by name. OrderRegistration has one, or with "*all" every one, sent or taken back now.
	Registrations() []registration.Registration
	OrderRegistration(name string, register bool) bool
	// ExtensionState is what the devices of a hint, "PJSIP/100&Custom:lamp", make of its extension: NOT_INUSE, RINGING …
	ExtensionState(devices string) string
	// SetTrace switches the SIP trace; filter is "" for all peers, else a host or host:port.
	SetTrace(on bool, filter string)
}

// Plan is the dialplan of the current generation and what its plugins offer.
type Plan interface {
	Dialplan() *dialplan.Index
	// Globals copies the global variables; SetVariable writes one for channel "".
	Globals() map[string]string
	SetVariable(channel, name, value string) (found bool)
	// Applications and Functions name what the dialplan may call, sorted.
	Applications() []string
	Functions() []string
	// Describe gives the help text of "application", "function" or "command" name: a synopsis line, an empty line, the
	// rest. False when there is no such thing.
	Describe(kind, name string) (string, bool)
	// Commands lists the plugins' own commands as typed ("queue show"), sorted.
	Commands() []string
	// RunCommand runs the plugin command words[0..] with the rest as arguments; the text goes to out. It ends when ctx does.
	RunCommand(ctx context.Context, words []string, out io.Writer) error
	// Failures are the errors that scripts ended with since the start, the latest last: when, what, where, one text of
	// several lines each.
	Failures() []string
}

// Life is the engine's own state.
type Life interface {
	Started() time.Time
	// Reloaded is when the current generation came into force; Started before the first reload.
	Reloaded() time.Time
	// Booted is closed when listeners are open and calls are taken.
	Booted() <-chan struct{}
	// Config is the current generation's configuration. Not to be changed.
	Config() *config.Snapshot
	// Reload reads everything again. Errors among the problems mean that the old generation stays.
	Reload() []config.Problem
	// Problems are those of the last (re)load, whether it came into force or not.
	Problems() []config.Problem
}
