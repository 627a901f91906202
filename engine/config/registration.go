package config

import "time"

func newRegistration(name string, pos Pos) *Registration {
	return &Registration{Name: name, Pos: pos, Expiration: time.Hour, RetryInterval: time.Minute, MaxRetries: 10, MaxRandomInitialDelay: 10 * time.Second,
		AuthRejectionPermanent: true, ContactUser: "s"}
}

var registrationSchema = &schema[Registration]{
	kind: "registration",
	fields: []field[Registration]{
		vitalURI("server_uri", func(r *Registration) *string { return &r.ServerURI }),
		vitalURI("client_uri", func(r *Registration) *string { return &r.ClientURI }),
		uriUser("contact_user", func(r *Registration) *string { return &r.ContactUser }),
		names("outbound_auth", func(r *Registration) *[]string { return &r.OutboundAuth }),
		text("outbound_proxy", func(r *Registration) *string { return &r.OutboundProxy }),
		text("transport", func(r *Registration) *string { return &r.Transport }),
		seconds("expiration", year, func(r *Registration) *time.Duration { return &r.Expiration }),
		seconds("retry_interval", day, func(r *Registration) *time.Duration { return &r.RetryInterval }),
		seconds("forbidden_retry_interval", day, func(r *Registration) *time.Duration { return &r.ForbiddenRetryInterval }),
		seconds("fatal_retry_interval", day, func(r *Registration) *time.Duration { return &r.FatalRetryInterval }),
		seconds("max_random_initial_delay", day, func(r *Registration) *time.Duration { return &r.MaxRandomInitialDelay }),
		number("max_retries", 0, many, func(r *Registration) *int { return &r.MaxRetries }),
		yes("auth_rejection_permanent", func(r *Registration) *bool { return &r.AuthRejectionPermanent }),
		yes("line", func(r *Registration) *bool { return &r.Line }),
		text("endpoint", func(r *Registration) *string { return &r.Endpoint }),
		yes("support_path", func(r *Registration) *bool { return &r.SupportPath }),
	},
	later: list("contact_header_params security_mechanisms security_negotiation=no support_outbound=no user_agent"),
}

// vitalURI is a SIP URI without which there is no object.
func vitalURI(name string, at func(*Registration) *string) field[Registration] {
	return field[Registration]{name, func(r *Registration, v string) *complaint {
		if c := checkURI(v); c != nil {
			return bad(c.want, "%q is no SIP URI", clip(v))
		}
		*at(r) = v
		return nil
	}}
}

func (l *loader) registration(sec *Section) (*Registration, bool) {
	r := newRegistration(sec.Name, sec.Pos)
	good := registrationSchema.fill(l, r, sec)
	o := object{"registration", sec.Name}
	fail := func(pos Pos, c *complaint) {
		l.report(o, pos, c)
		good = false
	}
	if r.ContactUser == "" {
		r.ContactUser = "s"
	}
	switch {
	case !good: // what is missing may be what was wrong
	case r.ServerURI == "":
		fail(sec.Pos, bad("write server_uri = sip:registrar.example.com", "there is no server_uri"))
	case r.ClientURI == "":
		fail(sec.Pos, bad("write client_uri = sip:account@registrar.example.com", "there is no client_uri"))
	case r.Line && r.Endpoint == "":
		fail(l.at(sec, "line"), bad("write endpoint = NAME", "line is for the calls of an endpoint, and there is none"))
	case !r.Line && r.Endpoint != "":
		l.report(o, l.at(sec, "endpoint"), odd("write line = yes", "endpoint has no effect without line"))
	case r.Expiration < time.Second:
		fail(l.at(sec, "expiration"), bad("write expiration = 3600", "a registration that lasts no second"))
	}
	return r, good
}

// checkRegistration resolves what a registration points at. Without its credentials it would only be refused.
func (b *objects) checkRegistration(sec *Section, r *Registration) {
	o := object{"registration", sec.Name}
	good := true
	check := func(kind, option, name string) {
		if name == "" {
			return
		}
		if c := b.missing(kind, option, name); c != nil {
			b.report(o, b.at(sec, option), c)
			good = false
		}
	}
	for _, name := range r.OutboundAuth {
		check("auth", "outbound_auth", name)
	}
	check("transport", "transport", r.Transport)
	check("endpoint", "endpoint", r.Endpoint)
	if !good {
		delete(b.snap.PJSIP.Registrations, sec.Name)
	}
}
