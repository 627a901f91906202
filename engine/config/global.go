package config

import "time"

func newGlobal() Global {
	return Global{
		MaxForwards: 70, KeepAliveInterval: 90 * time.Second,
		EndpointIdentifierOrder: []string{"ip", "username", "anonymous"},
		DefaultOutboundEndpoint: "default_outbound_endpoint", DefaultFromUser: "asterisk", DefaultRealm: "asterisk", Debug: "no",
		ContactExpirationCheckInterval: 30 * time.Second,
		UnidentifiedRequestCount:       5, UnidentifiedRequestPeriod: 5 * time.Second, UnidentifiedRequestPruneInterval: 30 * time.Second,
		NoReferSub: true,
	}
}

var globalSchema = &schema[Global]{
	kind: "global",
	fields: append([]field[Global]{
		text("user_agent", func(g *Global) *string { return &g.UserAgent }),
		number("max_forwards", 1, 255, func(g *Global) *int { return &g.MaxForwards }),
		seconds("keep_alive_interval", day, func(g *Global) *time.Duration { return &g.KeepAliveInterval }),
		someOf("endpoint_identifier_order", func(g *Global) *[]string { return &g.EndpointIdentifierOrder },
			"ip", "username", "anonymous", "auth_username", "header", "request_uri"),
		text("default_outbound_endpoint", func(g *Global) *string { return &g.DefaultOutboundEndpoint }),
		uriUser("default_from_user", func(g *Global) *string { return &g.DefaultFromUser }),
		text("default_realm", func(g *Global) *string { return &g.DefaultRealm }),
		text("default_voicemail_extension", func(g *Global) *string { return &g.DefaultVoicemailExtension }),
		algorithms("default_auth_algorithms_uas", func(g *Global) *[]string { return &g.DefaultAuthAlgorithmsUAS }),
		algorithms("default_auth_algorithms_uac", func(g *Global) *[]string { return &g.DefaultAuthAlgorithmsUAC }),
		{"debug", func(g *Global, v string) *complaint {
			if b, ok := Bool(v); ok {
				v = map[bool]string{true: "yes", false: "no"}[b]
			}
			g.Debug = v // a host otherwise
			return nil
		}},
		seconds("contact_expiration_check_interval", day, func(g *Global) *time.Duration { return &g.ContactExpirationCheckInterval }),
		seconds("max_initial_qualify_time", day, func(g *Global) *time.Duration { return &g.MaxInitialQualifyTime }),
		number("unidentified_request_count", 0, many, func(g *Global) *int { return &g.UnidentifiedRequestCount }),
		seconds("unidentified_request_period", day, func(g *Global) *time.Duration { return &g.UnidentifiedRequestPeriod }),
		seconds("unidentified_request_prune_interval", day, func(g *Global) *time.Duration { return &g.UnidentifiedRequestPruneInterval }),
		text("regcontext", func(g *Global) *string { return &g.RegContext }),
		yes("disable_multi_domain", func(g *Global) *bool { return &g.DisableMultiDomain }),
		yes("ignore_uri_user_options", func(g *Global) *bool { return &g.IgnoreURIUserOptions }),
		yes("use_callerid_contact", func(g *Global) *bool { return &g.UseCallerIDContact }),
		yes("allow_sending_180_after_183", func(g *Global) *bool { return &g.AllowSending180After183 }),
		yes("norefersub", func(g *Global) *bool { return &g.NoReferSub }),
		yes("all_codecs_on_empty_reinvite", func(g *Global) *bool { return &g.AllCodecsOnEmptyReinvite }),
		yes("mwi_disable_initial_unsolicited", func(g *Global) *bool { return &g.MWIDisableInitial }),
	},
		// They tune Asterisk's own threads, of which we have none.
		silent[Global]("taskprocessor_overload_trigger", "mwi_tps_queue_high", "mwi_tps_queue_low")...),
	later: list("send_contact_status_on_update_registration=no"),
}

// newSystem has Asterisk's defaults.
//
// Deviates: disable_tcp_switch is no, because RFC 3261 §18.1.1 wants requests beyond 1300 bytes on TCP and a fragmented
// INVITE is what firewalls drop.
func newSystem() System {
	return System{TimerT1: 500 * time.Millisecond, TimerB: 32 * time.Second}
}

var systemSchema = &schema[System]{
	kind: "system",
	fields: append([]field[System]{
		millis("timer_t1", 100, 60_000, func(s *System) *time.Duration { return &s.TimerT1 }),
		millis("timer_b", 1000, 600_000, func(s *System) *time.Duration { return &s.TimerB }),
		yes("compact_headers", func(s *System) *bool { return &s.CompactHeaders }),
		yes("disable_tcp_switch", func(s *System) *bool { return &s.DisableTCPSwitch }),
		yes("disable_rport", func(s *System) *bool { return &s.DisableRport }),
	},
		// They tune Asterisk's own threads, of which we have none. The last two moved to endpoint.
		silent[System]("taskpool_minimum_size", "taskpool_initial_size", "taskpool_auto_increment", "taskpool_idle_timeout",
			"taskpool_max_size", "threadpool_initial_size", "threadpool_auto_increment", "threadpool_idle_timeout",
			"threadpool_max_size", "follow_early_media_fork", "accept_multiple_sdp_answers")...),
}

// aclDraft is type=acl while its lines are read.
type aclDraft struct {
	ACL
	own, contactOwn AccessList
}

var aclSchema = &schema[aclDraft]{
	kind: "acl",
	fields: []field[aclDraft]{
		names("acl", func(a *aclDraft) *[]string { return &a.ACL.ACL.Names }),
		rules("permit", true, func(a *aclDraft) *AccessList { return &a.own }),
		rules("deny", false, func(a *aclDraft) *AccessList { return &a.own }),
		names("contact_acl", func(a *aclDraft) *[]string { return &a.ContactACL.Names }),
		rules("contact_permit", true, func(a *aclDraft) *AccessList { return &a.contactOwn }),
		rules("contact_deny", false, func(a *aclDraft) *AccessList { return &a.contactOwn }),
	},
}

type domainAlias struct{ domain string }

var domainAliasSchema = &schema[domainAlias]{
	kind:   "domain_alias",
	fields: []field[domainAlias]{text("domain", func(d *domainAlias) *string { return &d.domain })},
}
