package ami

import (
	"slices"
	"strings"

	"asterism/engine/config"
)

// Mailboxes of voicemail.conf and their counts.

func mailboxOperations() []operation {
	return []operation{
		{"MailboxCount", "call,reporting", "Count the messages of mailboxes", mailboxCount},
		{"MailboxStatus", "call,reporting", "Tell whether messages wait in mailboxes", mailboxStatus},
		{"VoicemailRefresh", "user", "Look at mailboxes again; they are watched anyway", voicemailRefresh},
		{"VoicemailUserStatus", "call,reporting", "Show a mailbox", voicemailUserStatus},
		{"VoicemailUsersList", "call,reporting", "List the mailboxes", voicemailUsersList},
	}
}

// waiting adds up the mailboxes that the action names.
func (a *action) waiting() (mailbox string, fresh, old, urgent int, ok bool) {
	if mailbox = a.get("Mailbox"); mailbox == "" {
		a.fail("Mailbox not specified")
		return "", 0, 0, 0, false
	}
	for name := range strings.SplitSeq(mailbox, ",") {
		f, o, u := a.server.cfg.PBX.MessagesWaiting(name)
		fresh, old, urgent = fresh+f, old+o, urgent+u
	}
	return mailbox, fresh, old, urgent, true
}

func mailboxCount(a *action) {
	if mailbox, fresh, old, urgent, ok := a.waiting(); ok {
		a.succeed("Mailbox Message Count", header{"Mailbox", mailbox}, header{"UrgMessages", itoa(urgent)}, header{"NewMessages", itoa(fresh - urgent)}, header{"OldMessages", itoa(old)})
	}
}

func mailboxStatus(a *action) {
	if mailbox, fresh, _, _, ok := a.waiting(); ok {
		a.succeed("Mailbox Status", header{"Mailbox", mailbox}, header{"Waiting", itoa(min(fresh, 1))})
	}
}

func voicemailRefresh(a *action) { a.succeed("Refresh sent") }

// mailbox is a line of voicemail.conf.
type mailbox struct {
	name, context, fullname, email, pager string
	own, general                          map[string]string // options, by names in small letters
}

// option is one of the mailbox, else of [general], else the given.
func (m mailbox) option(name, missing string) string {
	for _, from := range []map[string]string{m.own, m.general} {
		if v, ok := from[name]; ok {
			return v
		}
	}
	return missing
}

func (m mailbox) yes(name, missing string) string {
	switch strings.ToLower(m.option(name, missing)) {
	case "yes", "true", "y", "t", "1", "on":
		return "Yes"
	}
	return "No"
}

// mailboxes are those of voicemail.conf, in its order.
func mailboxes(snap *config.Snapshot) (list []mailbox) {
	f := snap.File("voicemail.conf")
	if f == nil {
		return nil
	}
	general := map[string]string{}
	for _, s := range f.Sections {
		for _, o := range s.Options {
			if s.Name == "general" {
				general[strings.ToLower(o.Name)] = strings.TrimSpace(o.Value)
			}
		}
	}
	for _, s := range f.Sections {
		if s.Template || slices.Contains([]string{"general", "zonemessages", general["aliasescontext"]}, s.Name) {
			continue
		}
		for _, o := range s.Options {
			fields := strings.SplitN(o.Value, ",", 5)
			for i := range fields {
				fields[i] = strings.TrimSpace(fields[i])
			}
			fields = append(fields, make([]string, 5-len(fields))...)
			m := mailbox{o.Name, s.Name, fields[1], fields[2], fields[3], map[string]string{}, general}
			for option := range strings.SplitSeq(fields[4], "|") {
				if name, value, found := strings.Cut(option, "="); found {
					m.own[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
				}
			}
			list = append(list, m)
		}
	}
	return list
}

// event is what a list says of a mailbox.
func (m mailbox) event(event string, pbx PBX) message {
	fresh, old, _ := pbx.MessagesWaiting(m.name + "@" + m.context)
	return message{{"Event", event}, {"VMContext", m.context}, {"VoiceMailbox", m.name}, {"Fullname", m.fullname}, {"Email", m.email}, {"Pager", m.pager},
		{"ServerEmail", m.option("serveremail", "")}, {"FromString", m.option("fromstring", "")}, {"MailCommand", m.option("mailcmd", "/usr/sbin/sendmail -t")},
		{"Language", m.option("language", "")}, {"TimeZone", m.option("tz", "")}, {"Callback", m.option("callback", "")}, {"Dialout", m.option("dialout", "")},
		{"UniqueID", ""}, {"ExitContext", m.option("exitcontext", "")}, {"SayDurationMinimum", m.option("saydurationm", "2")},
		{"SayEnvelope", m.yes("envelope", "yes")}, {"SayCID", m.yes("saycid", "no")}, {"AttachMessage", m.yes("attach", "yes")},
		{"AttachmentFormat", m.option("attachfmt", "")}, {"DeleteMessage", m.yes("delete", "no")}, {"VolumeGain", m.option("volgain", "0")},
		{"CanReview", m.yes("review", "no")}, {"CanMarkUrgent", m.yes("leaveurgent", "yes")}, {"CallOperator", m.yes("operator", "no")},
		{"MaxMessageCount", m.option("maxmsg", "100")}, {"MaxMessageLength", m.option("maxsecs", "0")}, {"NewMessageCount", itoa(fresh)}, {"OldMessageCount", itoa(old)}}
}

func voicemailUsersList(a *action) {
	var items []message
	for _, m := range mailboxes(a.server.cfg.PBX.Config()) {
		items = append(items, m.event("VoicemailUserEntry", a.server.cfg.PBX))
	}
	a.list("Voicemail user list will follow", "VoicemailUserEntryComplete", items)
}

func voicemailUserStatus(a *action) {
	for _, m := range mailboxes(a.server.cfg.PBX.Config()) {
		if m.context == a.get("Context") && m.name == a.get("Mailbox") {
			a.list("Voicemail user detail will follow", "VoicemailUserDetailComplete", []message{m.event("VoicemailUserDetail", a.server.cfg.PBX)})
			return
		}
	}
	a.fail("There is no voicemail user matching the given user.")
}
