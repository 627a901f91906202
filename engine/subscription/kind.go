package subscription

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/sip"
)

// kind is an event package.
type kind struct {
	event  string
	bodies []body // the first one is for subscribers that accept anything
	// find looks up what a subscriber of e asks for: the status refuses, 0 does not.
	find func(n *Notifier, conf *config.PJSIP, e *config.Endpoint, context, exten string) (topic, int)
}

// body is a way to write a state.
type body struct {
	media string
	write func(d document) []byte
}

// topic is what a subscription depends on.
type topic struct {
	devices   string   // of a hint
	mailboxes []string // "100@default"
	keys      []string // the devices or mailboxes, as facts name them
	account   string   // what to dial for the messages
}

// state is what is told. It is comparable.
type state struct {
	device             device.State // "" for mailboxes
	fresh, old, urgent int          // messages
}

// String is for listings.
func (s state) String() string {
	if s.device != "" {
		return string(s.device)
	}
	return fmt.Sprintf("%d/%d", s.fresh, s.old)
}

// document is a state with what a body says beside it.
type document struct {
	state
	exten         string
	version       uint32
	local, remote string // URIs: of what was subscribed to, of the subscriber
	account       string // URI to call for messages; "": none
	earlyInUse    bool   // notify_early_inuse_ringing
}

// kinds are the event packages. A function, since there are no package variables to be changed.
func kinds() []*kind {
	return []*kind{
		{"dialog", []body{{"application/dialog-info+xml", dialogInfo}}, findHint},
		{"presence", []body{{"application/pidf+xml", pidf}, {"application/xpidf+xml", xpidf}, {"application/cpim-pidf+xml", xpidf}}, findHint},
		{"message-summary", []body{{"application/simple-message-summary", summary}}, findMailboxes},
	}
}

// AllowEvents lists the event packages, for the header field of that name.
const AllowEvents = "dialog, presence, message-summary"

func kindOf(event string) *kind {
	for _, k := range kinds() {
		if strings.EqualFold(k.event, event) {
			return k
		}
	}
	return nil
}

// body is the one for a media type; false if it cannot be written.
func (k *kind) body(media string) (body, bool) {
	i := slices.IndexFunc(k.bodies, func(b body) bool { return b.media == media })
	if i < 0 {
		return body{}, false
	}
	return k.bodies[i], true
}

// accepted is the body the subscriber likes best, in his order (RFC 6665 §4.1.3: without Accept, the package's own).
func (k *kind) accepted(req *sip.Request) (body, bool) {
	accepts := sip.Tokens(req, "Accept")
	if len(accepts) == 0 {
		return k.bodies[0], true
	}
	for _, a := range accepts {
		media, _, _ := strings.Cut(a, ";")
		switch media = strings.ToLower(strings.TrimSpace(media)); media {
		case "*/*", "application/*":
			return k.bodies[0], true
		default:
			if b, ok := k.body(media); ok {
				return b, true
			}
		}
	}
	return body{}, false
}

// findHint is dialog's and presence's: an extension with a hint.
func findHint(n *Notifier, _ *config.PJSIP, _ *config.Endpoint, context, exten string) (topic, int) {
	devices, ok := n.cfg.Hint(context, exten)
	if !ok {
		return topic{}, sip.StatusNotFound
	}
	return topic{devices: devices, keys: device.Names(devices)}, 0
}

// findMailboxes is message-summary's: the mailboxes of an AOR, or without a user part of all the endpoint's. An endpoint that is told of a
// mailbox without asking need not subscribe to it (mwi_subscribe_replaces_unsolicited says that it may).
func findMailboxes(_ *Notifier, conf *config.PJSIP, e *config.Endpoint, _, aor string) (topic, int) {
	aors := []string{aor}
	if aor == "" {
		aors = e.AORs
	}
	t := topic{}
	for _, name := range aors {
		a := conf.AORs[name]
		if a == nil {
			continue
		}
		for _, m := range a.Mailboxes {
			if m = fullName(m); !slices.Contains(t.mailboxes, m) {
				t.mailboxes = append(t.mailboxes, m)
			}
		}
		t.account = cmp.Or(t.account, a.VoicemailExtension)
	}
	if len(t.mailboxes) == 0 {
		return topic{}, sip.StatusNotFound
	}
	if !e.MWISubscribeReplaces && slices.ContainsFunc(e.Mailboxes, func(m string) bool { return slices.Contains(t.mailboxes, fullName(m)) }) {
		return topic{}, sip.StatusServerError
	}
	t.account = cmp.Or(t.account, conf.Global.DefaultVoicemailExtension)
	t.keys = t.mailboxes
	return t, 0
}

// fullName adds the context that a mailbox has if none is said.
func fullName(mailbox string) string {
	if strings.Contains(mailbox, "@") {
		return mailbox
	}
	return mailbox + "@default"
}

// look is the state of a topic now. It may read directories.
func (n *Notifier) look(t topic) state {
	if t.mailboxes == nil {
		return state{device: n.cfg.State(t.devices)}
	}
	var s state
	for _, m := range t.mailboxes {
		fresh, old, urgent := n.cfg.Waiting(m)
		s.fresh, s.old, s.urgent = s.fresh+fresh, s.old+old, s.urgent+urgent
	}
	return s
}
