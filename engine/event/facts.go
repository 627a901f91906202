package event

import (
	"net/netip"
	"time"
)

// Channel is what every event about a channel says of it, as it was at that moment.
type Channel struct {
	Name     string // "PJSIP/alice-00000001"
	UniqueID string
	LinkedID string // UniqueID of the call's oldest channel
	CallID   string // "C-00000001", as in the log
	Endpoint string // "" for channels without one (Local)

	State       int    // Asterisk's number: Down 0, Dialing 3, Ring 4, Ringing 5, Up 6, Busy 7
	StateName   string // "Up"
	AccountCode string
	Language    string

	CallerName, CallerNumber       string
	ConnectedName, ConnectedNumber string

	Context, Exten string
	Priority       int
}

// ChannelCreated : a channel exists.
type ChannelCreated struct {
	At      time.Time
	Channel Channel
}

// ChannelStateChanged : the channel's State is another one than before.
type ChannelStateChanged struct {
	At      time.Time
	Channel Channel
}

// ChannelAnswered : the channel was answered, by us or by the far side.
type ChannelAnswered struct {
	At      time.Time
	Channel Channel
}

// ChannelHungUp : the channel is gone.
type ChannelHungUp struct {
	At        time.Time
	Channel   Channel
	Cause     int    // Q.850
	CauseText string // "Normal Clearing"
}

// ExtensionEntered : the dialplan runs an application on the channel at Channel.Context, Exten, Priority.
type ExtensionEntered struct {
	At                time.Time
	Channel           Channel
	Application, Data string
}

// VariableSet : a channel variable was set. Channel is the zero value for a global one.
type VariableSet struct {
	At          time.Time
	Channel     Channel
	Name, Value string
}

// DigitReceived : the channel's far side pressed a key, and let it go.
type DigitReceived struct {
	At       time.Time
	Channel  Channel
	Digit    rune
	Duration time.Duration
}

// DialBegun : Caller began to ring Peer. Caller is the zero value when nobody dials (originate).
type DialBegun struct {
	At           time.Time
	Caller, Peer Channel
	DialString   string // "alice" of "PJSIP/alice"
}

// DialEnded : that ringing is over, with DIALSTATUS in Status.
type DialEnded struct {
	At           time.Time
	Caller, Peer Channel
	Status       string // "ANSWER", "BUSY", …
	Forward      string // where the peer sent us instead
}

// BridgeEntered : the channel hears the others of the bridge.
type BridgeEntered struct {
	At      time.Time
	Bridge  string
	Channel Channel
}

// BridgeLeft : the channel no longer hears them.
type BridgeLeft struct {
	At      time.Time
	Bridge  string
	Channel Channel
}

// HoldBegun : the channel's far side put us on hold.
type HoldBegun struct {
	At         time.Time
	Channel    Channel
	MusicClass string
}

// HoldEnded : it took us back.
type HoldEnded struct {
	At      time.Time
	Channel Channel
}

// Contact is what every event about a contact says of it.
type Contact struct {
	AOR       string
	Endpoint  string // the endpoint that registered it; "" for a static contact no endpoint was named for
	URI       string
	Received  netip.AddrPort // where the REGISTER came from; invalid for static contacts
	Transport string         // "udp", "tcp", …; "" for static contacts
	UserAgent string
	CallID    string
	Expires   time.Time // zero for static contacts
	Static    bool
	Status    string // as AMI: "Unknown", "NonQualified", "Reachable", "Unreachable"
	RTT       time.Duration
}

// ContactAdded : a contact was bound to an AOR (registered, restored at start, or a static one configured).
type ContactAdded struct {
	At      time.Time
	Contact Contact
}

// ContactRefreshed : a REGISTER renewed a contact.
type ContactRefreshed struct {
	At      time.Time
	Contact Contact
}

// ContactRemoved : a contact is gone.
type ContactRemoved struct {
	At      time.Time
	Contact Contact
	Reason  string // "unregistered", "expired", "replaced", "unavailable", "configuration"
}

// ContactStatusChanged : a qualify found the contact in another Status than before.
type ContactStatusChanged struct {
	At      time.Time
	Contact Contact
	Was     string // the Status before
}

// AuthenticationFailed : someone did not get in. Nothing of the password is in it.
type AuthenticationFailed struct {
	At      time.Time
	Source  netip.AddrPort
	Method  string
	Account string // the name tried, cleaned of control characters
	Reason  string // "wrong", "blocked", "acl", "unidentified"
	Blocked bool   // the source is refused for a while from now on
}

// ConfigReloaded : a new generation of configuration and dialplan is in force.
type ConfigReloaded struct {
	At         time.Time
	Generation int
	Files      []string // what had changed, if known
}

// ConfigRejected : a reload failed; the generation before stays in force.
type ConfigRejected struct {
	At         time.Time
	Generation int      // the one that stays
	Problems   []string // each "file:line: what, expected"
}

// EngineStarted : calls are accepted.
type EngineStarted struct{ At time.Time }

// EngineStopping : no new calls are accepted.
type EngineStopping struct {
	At    time.Time
	Grace time.Duration
}

// ScriptFailed : a Lua error ended a script.
type ScriptFailed struct {
	At      time.Time
	Channel Channel // zero for a plugin's event or timer
	Message string  // with file:line
}

// Field is one named value of a UserEvent.
type Field struct{ Key, Value string }

// UserEvent : a script or a manager told everybody something of its own. Channel is the zero value when no channel has to do with it.
type UserEvent struct {
	At      time.Time
	Channel Channel
	Name    string
	Fields  []Field
}

// OriginateEnded : a call that a manager asked for in passing was answered, or was not.
type OriginateEnded struct {
	At                time.Time
	ActionID          string
	Response          string // "Success", "Failure"
	Channel, UniqueID string // of the called party; Channel is what was asked for when there was none
	Context, Exten    string
	Reason            int // Asterisk's: 0 failure, 1 no answer, 4 answered, 5 busy, 8 congestion
}

// Facts holds a zero value of every event there is, for those who ask for events by name.
func Facts() []any {
	return []any{ChannelCreated{}, ChannelStateChanged{}, ChannelAnswered{}, ChannelHungUp{}, ExtensionEntered{}, VariableSet{}, DigitReceived{},
		DialBegun{}, DialEnded{}, BridgeEntered{}, BridgeLeft{}, HoldBegun{}, HoldEnded{}, ContactAdded{}, ContactRefreshed{}, ContactRemoved{},
		ContactStatusChanged{}, AuthenticationFailed{}, ConfigReloaded{}, ConfigRejected{}, EngineStarted{}, EngineStopping{}, ScriptFailed{}, UserEvent{},
		OriginateEnded{}, ConferenceChanged{}, MailboxChanged{}, MessageTranscribed{}, MessageRecovered{}, DeviceStateChanged{}, ExtensionStateChanged{}, RegistrationChanged{}}
}

// ConferenceChanged : a conference began or ended, was locked or recorded, or somebody came, left, was muted or talks. Channel is the zero value where
// nobody does.
type ConferenceChanged struct {
	At                   time.Time
	Kind                 string // started, ended, joined, left, muted, unmuted, locked, unlocked, talking, silent, recorded, record stopped
	Conference           string
	Channel              Channel
	Admin, Marked, Muted bool
	File                 string // that is recorded to
}

// MailboxChanged : how many messages wait in a mailbox is another number than before, or the PBX has begun and there are some.
type MailboxChanged struct {
	At       time.Time
	Mailbox  string // "100@default"
	New, Old int    // New counts urgent ones, too
	Urgent   int
}

// MessageRecovered : a voice message that was being left when a process died is in its mailbox now.
type MessageRecovered struct {
	At       time.Time
	Mailbox  string // "100@default"
	Folder   string
	Message  string // its ID
	Number   int
	Path     string // of the sound, without the extension
	Caller   string // `"name" <number>`, or Unknown
	Category string
	Flag     string
	Left     time.Time
	Duration time.Duration
}

// MessageTranscribed : it is known what a voice message says.
type MessageTranscribed struct {
	At      time.Time
	Mailbox string // "100@default"
	Message string // its ID, as in the .txt
	Text    string
}

// DeviceStateChanged : a device that hints may name ("PJSIP/alice", "Custom:lamp") is in another state than it was known to be.
type DeviceStateChanged struct {
	At     time.Time
	Device string
	State  string // as DEVICE_STATE() says it: "NOT_INUSE"
}

// ExtensionStateChanged : the devices of a hint make another state of its extension. Hints of patterns are not told of.
type ExtensionStateChanged struct {
	At             time.Time
	Context, Exten string
	Hint           string // its devices
	State          string // "NOT_INUSE"
}

// RegistrationChanged : a registration of ours with somebody else stands otherwise than it did.
type RegistrationChanged struct {
	At             time.Time
	Name           string // of the section
	Server, Client string // URIs
	Status         string // "Registered", "Unregistered", "Rejected", "Stopped"
	Cause          int    // the registrar's last status code; 0: it did not answer
}
