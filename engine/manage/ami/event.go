package ami

import (
	"fmt"
	"time"

	"asterism/engine/event"
)

// managerEvent is one event as clients get it, with the class that read must hold.
type managerEvent struct {
	class string
	at    time.Time
	message
}

// dress adds what manager.conf and asterisk.conf ask for to an event.
func (s *Server) dress(ev managerEvent) message {
	m := message{ev.message[0], {"Privilege", ev.class + ",all"}}
	if s.cfg.System != "" {
		m = append(m, header{"SystemName", s.cfg.System})
	}
	if s.cfg.PBX.Config().Manager.Timestamps && !ev.at.IsZero() {
		m = append(m, header{"Timestamp", fmt.Sprintf("%d.%06d", ev.at.Unix(), ev.at.Nanosecond()/1000)})
	}
	return append(m, ev.message[1:]...)
}

// fullyBooted is what a client is told right after its login.
func (s *Server) fullyBooted() message {
	ev := managerEvent{class: "system", at: time.Now(), message: message{{"Event", "FullyBooted"}, {"Status", "Fully Booted"},
		{"Uptime", itoa(int(time.Since(s.cfg.PBX.Started()).Seconds()))}, {"LastReload", itoa(int(time.Since(s.cfg.PBX.Reloaded()).Seconds()))}}}
	return s.dress(ev)
}

func about(class, name string, at time.Time, headers ...[]header) managerEvent {
	m := message{{"Event", name}}
	for _, h := range headers {
		m = append(m, h...)
	}
	return managerEvent{class, at, m}
}

// describe turns a fact into Asterisk's events; none for what AMI does not tell.
func describe(e any) []managerEvent {
	one := func(ev managerEvent) []managerEvent { return []managerEvent{ev} }
	switch e := e.(type) {
	case event.ChannelCreated:
		return one(about("call", "Newchannel", e.At, channelHeaders("", e.Channel)))
	case event.ChannelStateChanged:
		return one(about("call", "Newstate", e.At, channelHeaders("", e.Channel)))
	case event.ChannelAnswered:
		return one(about("call", "Newstate", e.At, channelHeaders("", e.Channel)))
	case event.ChannelHungUp:
		return one(about("call", "Hangup", e.At, channelHeaders("", e.Channel), []header{{"Cause", itoa(e.Cause)}, {"Cause-txt", e.CauseText}}))
	case event.ExtensionEntered:
		return one(about("dialplan", "Newexten", e.At, channelHeaders("", e.Channel),
			[]header{{"Extension", e.Channel.Exten}, {"Application", e.Application}, {"AppData", e.Data}}))
	case event.VariableSet:
		return one(about("dialplan", "VarSet", e.At, ifAny("", e.Channel), []header{{"Variable", e.Name}, {"Value", e.Value}}))
	case event.DigitReceived:
		digit := []header{{"Digit", string(e.Digit)}, {"Direction", "Received"}}
		return []managerEvent{about("dtmf", "DTMFBegin", e.At, channelHeaders("", e.Channel), digit),
			about("dtmf", "DTMFEnd", e.At, channelHeaders("", e.Channel), []header{digit[0], {"DurationMs", itoa(int(e.Duration.Milliseconds()))}, digit[1]})}
	case event.DialBegun:
		return one(about("call", "DialBegin", e.At, ifAny("", e.Caller), channelHeaders("Dest", e.Peer), []header{{"DialString", e.DialString}}))
	case event.DialEnded:
		headers := []header{{"DialStatus", e.Status}}
		if e.Forward != "" {
			headers = append(headers, header{"Forward", e.Forward})
		}
		return one(about("call", "DialEnd", e.At, ifAny("", e.Caller), channelHeaders("Dest", e.Peer), headers))
	case event.BridgeEntered:
		return one(about("call", "BridgeEnter", e.At, []header{{"BridgeUniqueid", e.Bridge}, {"BridgeType", "basic"}}, channelHeaders("", e.Channel)))
	case event.BridgeLeft:
		return one(about("call", "BridgeLeave", e.At, []header{{"BridgeUniqueid", e.Bridge}, {"BridgeType", "basic"}}, channelHeaders("", e.Channel)))
	case event.HoldBegun:
		return one(about("call", "Hold", e.At, channelHeaders("", e.Channel), []header{{"MusicClass", e.MusicClass}}))
	case event.HoldEnded:
		return one(about("call", "Unhold", e.At, channelHeaders("", e.Channel)))
	case event.UserEvent:
		return one(about("user", "UserEvent", e.At, ifAny("", e.Channel), []header{{"UserEvent", e.Name}}, fields(e.Fields)))
	case event.OriginateEnded:
		return one(about("call", "OriginateResponse", e.At, actionID(e.ActionID), []header{{"Response", e.Response}, {"Channel", e.Channel},
			{"Context", e.Context}, {"Exten", e.Exten}, {"Reason", itoa(e.Reason)},
			{"Uniqueid", orElse(e.UniqueID, "<null>")}}))
	case event.ConferenceChanged:
		return conferenceEvent(e)
	case event.MailboxChanged:
		return one(about("call", "MessageWaiting", e.At, []header{{"Mailbox", e.Mailbox}, {"Waiting", itoa(min(e.New, 1))}, {"New", itoa(e.New)}, {"Old", itoa(e.Old)}}))
	case event.MessageTranscribed:
		return one(about("call", "VoicemailTranscribed", e.At, []header{{"Mailbox", e.Mailbox}, {"MessageID", e.Message}, {"Text", e.Text}}))
	case event.DeviceStateChanged:
		return one(about("call", "DeviceStateChange", e.At, []header{{"Device", e.Device}, {"State", e.State}}))
	case event.ExtensionStateChanged:
		status := extensionStatus[e.State]
		return one(about("call", "ExtensionStatus", e.At, []header{{"Exten", e.Exten}, {"Context", e.Context}, {"Hint", e.Hint},
			{"Status", status.code}, {"StatusText", status.text}}))
	case event.RegistrationChanged:
		headers := []header{{"ChannelType", "PJSIP"}, {"Username", e.Client}, {"Domain", e.Server}, {"Status", e.Status}}
		if e.Status == "Rejected" {
			headers = append(headers, header{"Cause", itoa(e.Cause)})
		}
		return one(about("system", "Registry", e.At, headers))
	case event.ConfigReloaded:
		return one(about("system", "Reload", e.At, []header{{"Module", "All"}, {"Status", "0"}}))
	case event.EngineStopping:
		return one(about("system", "Shutdown", e.At, []header{{"Shutdown", "Cleanly"}, {"Restart", "False"}}))
	case event.AuthenticationFailed:
		return one(about("security", "ChallengeResponseFailed", e.At, []header{{"Severity", "Error"}, {"Service", e.Method}, {"AccountID", e.Account},
			{"RemoteAddress", e.Source.String()}}))
	}
	return contactEvent(e)
}

// extensionStatus is Asterisk's number and word for an extension's state: bits 1 in use, 2 busy, 4 unavailable, 8 ringing, 16 on hold.
var extensionStatus = map[string]struct{ code, text string }{
	"NOT_INUSE": {"0", "Idle"}, "INUSE": {"1", "InUse"}, "BUSY": {"2", "Busy"}, "UNAVAILABLE": {"4", "Unavailable"}, "RINGING": {"8", "Ringing"},
	"RINGINUSE": {"9", "InUse&Ringing"}, "ONHOLD": {"16", "Hold"},
}

// conferenceNames are Asterisk's events; a lock has none.
var conferenceNames = map[string]string{"started": "ConfbridgeStart", "ended": "ConfbridgeEnd", "joined": "ConfbridgeJoin", "left": "ConfbridgeLeave",
	"muted": "ConfbridgeMute", "unmuted": "ConfbridgeUnmute", "talking": "ConfbridgeTalking", "silent": "ConfbridgeTalking",
	"recorded": "ConfbridgeRecord", "record stopped": "ConfbridgeStopRecord"}

func conferenceEvent(e event.ConferenceChanged) []managerEvent {
	name := conferenceNames[e.Kind]
	if name == "" {
		return nil
	}
	headers := [][]header{{{"Conference", e.Conference}, {"BridgeName", e.Conference}, {"BridgeType", "base"}, {"BridgeTechnology", "softmix"}}}
	if e.Channel.Name != "" {
		headers = append(headers, channelHeaders("", e.Channel),
			[]header{{"Admin", yesNo(e.Admin)}, {"MarkedUser", yesNo(e.Marked)}, {"Muted", yesNo(e.Muted)}})
	}
	switch e.Kind {
	case "talking":
		headers = append(headers, []header{{"TalkingStatus", "on"}})
	case "silent":
		headers = append(headers, []header{{"TalkingStatus", "off"}})
	case "recorded", "record stopped":
		headers = append(headers, []header{{"RecordFile", e.File}})
	}
	return []managerEvent{about("call", name, e.At, headers...)}
}

func contactEvent(e any) []managerEvent {
	of := func(at time.Time, c event.Contact, status string) []managerEvent {
		return []managerEvent{about("system", "ContactStatus", at, []header{{"URI", c.URI}, {"ContactStatus", status}, {"AOR", c.AOR},
			{"EndpointName", c.Endpoint}, {"RoundtripUsec", itoa(int(c.RTT.Microseconds()))}})}
	}
	switch e := e.(type) {
	case event.ContactAdded:
		return of(e.At, e.Contact, "Created")
	case event.ContactRefreshed:
		return of(e.At, e.Contact, "Updated")
	case event.ContactRemoved:
		return of(e.At, e.Contact, "Removed")
	case event.ContactStatusChanged:
		return of(e.At, e.Contact, e.Contact.Status)
	}
	return nil
}

// ifAny is nothing for an event that no channel has to do with.
func ifAny(prefix string, ch event.Channel) []header {
	if ch.Name == "" {
		return nil
	}
	return channelHeaders(prefix, ch)
}

func actionID(id string) []header {
	if id == "" {
		return nil
	}
	return []header{{"ActionID", id}}
}

func fields(list []event.Field) []header {
	out := make([]header, len(list))
	for i, f := range list {
		out[i] = header{f.Key, f.Value}
	}
	return out
}
