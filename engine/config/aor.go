package config

import (
	"strings"
	"time"
)

func newAOR(name string, pos Pos) *AOR {
	return &AOR{
		Name: name, Pos: pos,
		DefaultExpiration: 3600 * time.Second, MinimumExpiration: 60 * time.Second, MaximumExpiration: 7200 * time.Second,
		QualifyTimeout: 3 * time.Second,
	}
}

var aorSchema = &schema[AOR]{
	kind: "aor",
	fields: []field[AOR]{
		{"contact", addContact},
		number("max_contacts", 0, many, func(a *AOR) *int { return &a.MaxContacts }),
		yes("remove_existing", func(a *AOR) *bool { return &a.RemoveExisting }),
		yes("remove_unavailable", func(a *AOR) *bool { return &a.RemoveUnavailable }),
		seconds("default_expiration", year, func(a *AOR) *time.Duration { return &a.DefaultExpiration }),
		seconds("minimum_expiration", year, func(a *AOR) *time.Duration { return &a.MinimumExpiration }),
		seconds("maximum_expiration", year, func(a *AOR) *time.Duration { return &a.MaximumExpiration }),
		seconds("qualify_frequency", day, func(a *AOR) *time.Duration { return &a.QualifyFrequency }),
		seconds("qualify_timeout", day, func(a *AOR) *time.Duration { return &a.QualifyTimeout }),
		yes("qualify_2xx_only", func(a *AOR) *bool { return &a.Qualify2xxOnly }),
		yes("authenticate_qualify", func(a *AOR) *bool { return &a.AuthenticateQualify }),
		yes("support_path", func(a *AOR) *bool { return &a.SupportPath }),
		text("outbound_proxy", func(a *AOR) *string { return &a.OutboundProxy }),
		names("mailboxes", func(a *AOR) *[]string { return &a.Mailboxes }),
		text("voicemail_extension", func(a *AOR) *string { return &a.VoicemailExtension }),
	},
}

// addContact passes over what is no URI: the AOR can still take registrations.
func addContact(a *AOR, v string) (wrong *complaint) {
	for _, uri := range parseList(v) {
		if c := checkURI(uri); c != nil {
			wrong = c
			continue
		}
		a.Contact = append(a.Contact, uri)
	}
	return wrong
}

// checkURI looks at the outside of a SIP URI only; the whole grammar belongs to engine/sip.
func checkURI(uri string) *complaint {
	scheme, rest, ok := strings.Cut(uri, ":")
	switch {
	case !ok || !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips"):
		return odd("write sip:host or sip:user@host:port", "%q is no SIP URI and left out", clip(uri))
	case strings.TrimLeft(rest[strings.LastIndexByte(rest, '@')+1:], ";:?") == "" || strings.ContainsAny(uri, " \t<>\""):
		return odd("write sip:host or sip:user@host:port", "%q is no SIP URI and left out", clip(uri))
	}
	return nil
}

func (l *loader) aor(sec *Section) (*AOR, bool) {
	a := newAOR(sec.Name, sec.Pos)
	good := aorSchema.fill(l, a, sec)
	o := object{"aor", sec.Name}
	if a.MinimumExpiration > a.MaximumExpiration {
		l.report(o, l.at(sec, "minimum_expiration", "maximum_expiration"),
			bad("write minimum_expiration up to maximum_expiration", "minimum_expiration is above maximum_expiration"))
		good = false
	}
	return a, good
}
