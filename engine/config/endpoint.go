package config

import (
	"net/netip"
	"strings"
	"time"
)

// endpointDraft is an endpoint while its lines are read: lists that are resolved only at the end.
type endpointDraft struct {
	Endpoint
	codecs          codecChoice
	own, contactOwn AccessList // permit and deny lines, in order
}

func newEndpoint(name string, pos Pos) *endpointDraft {
	return &endpointDraft{Endpoint: Endpoint{
		Name: name, Pos: pos,
		Context: "default", IdentifyBy: []string{"username", "ip"}, DTMFMode: "rfc4733",
		ForceRport: true, Rel100: "yes", Timers: "yes", TimersMinSE: 90 * time.Second, TimersSessExpires: 1800 * time.Second,
		MaxAudioStreams: 1, MaxVideoStreams: 1, SDPOwner: "-", SDPSession: "Asterisk", RedirectMethod: "user",
		IncomingCallOfferPref: "local", OutgoingCallOfferPref: "remote_merge", FollowEarlyMediaFork: true,
		CallerIDPrivacy: "allowed_not_screened", SendDiversion: true, TrustConnectedLine: true, SendConnectedLine: true,
		AllowTransfer: true, AllowSubscribe: true, AllowOverlap: true, MOHSuggest: "default", AggregateMWI: true,
	}}
}

// endpointSchema knows every option of type=endpoint. Long because it is a table.
var endpointSchema = &schema[endpointDraft]{
	kind: "endpoint",
	fields: append([]field[endpointDraft]{
		text("context", func(e *endpointDraft) *string { return &e.Context }),
		{"allow", func(e *endpointDraft, v string) *complaint { return e.codecs.apply(v, true) }},
		{"disallow", func(e *endpointDraft, v string) *complaint { return e.codecs.apply(v, false) }},
		names("aors", func(e *endpointDraft) *[]string { return &e.AORs }),
		names("auth", func(e *endpointDraft) *[]string { return &e.Auth }),
		names("outbound_auth", func(e *endpointDraft) *[]string { return &e.OutboundAuth }),
		text("transport", func(e *endpointDraft) *string { return &e.Transport }),
		someOf("identify_by", func(e *endpointDraft) *[]string { return &e.IdentifyBy },
			"username", "ip", "auth_username", "header", "request_uri"),
		text("outbound_proxy", func(e *endpointDraft) *string { return &e.OutboundProxy }),
		names("acl", func(e *endpointDraft) *[]string { return &e.ACL.Names }),
		rules("permit", true, func(e *endpointDraft) *AccessList { return &e.own }),
		rules("deny", false, func(e *endpointDraft) *AccessList { return &e.own }),
		names("contact_acl", func(e *endpointDraft) *[]string { return &e.ContactACL.Names }),
		rules("contact_permit", true, func(e *endpointDraft) *AccessList { return &e.contactOwn }),
		rules("contact_deny", false, func(e *endpointDraft) *AccessList { return &e.contactOwn }),
		yes("allow_transfer", func(e *endpointDraft) *bool { return &e.AllowTransfer }),
		yes("allow_subscribe", func(e *endpointDraft) *bool { return &e.AllowSubscribe }),

		oneOf("dtmf_mode", func(e *endpointDraft) *string { return &e.DTMFMode },
			"rfc4733", "inband", "info", "auto", "auto_info", "none"),
		yes("rtp_symmetric", func(e *endpointDraft) *bool { return &e.RTPSymmetric }),
		yes("rtcp_mux", func(e *endpointDraft) *bool { return &e.RTCPMux }),
		yes("rtp_ipv6", func(e *endpointDraft) *bool { return &e.RTPIPv6 }),
		seconds("rtp_timeout", day, func(e *endpointDraft) *time.Duration { return &e.RTPTimeout }),
		seconds("rtp_timeout_hold", day, func(e *endpointDraft) *time.Duration { return &e.RTPTimeoutHold }),
		seconds("rtp_keepalive", day, func(e *endpointDraft) *time.Duration { return &e.RTPKeepalive }),
		addr("media_address", func(e *endpointDraft) *netip.Addr { return &e.MediaAddress }),
		yes("bind_rtp_to_media_address", func(e *endpointDraft) *bool { return &e.BindRTPToMediaAddress }),
		tos("tos_audio", func(e *endpointDraft) *int { return &e.TOSAudio }),
		number("cos_audio", 0, 7, func(e *endpointDraft) *int { return &e.COSAudio }),
		tos("tos_video", func(e *endpointDraft) *int { return &e.TOSVideo }),
		number("cos_video", 0, 7, func(e *endpointDraft) *int { return &e.COSVideo }),
		yes("use_ptime", func(e *endpointDraft) *bool { return &e.UsePtime }),
		number("max_audio_streams", 0, 32, func(e *endpointDraft) *int { return &e.MaxAudioStreams }),
		number("max_video_streams", 0, 32, func(e *endpointDraft) *int { return &e.MaxVideoStreams }),
		sdpWord("sdp_owner", func(e *endpointDraft) *string { return &e.SDPOwner }),
		sdpLine("sdp_session", func(e *endpointDraft) *string { return &e.SDPSession }),
		yes("t38_udptl", func(e *endpointDraft) *bool { return &e.T38UDPTL }),
		yes("t38_udptl_nat", func(e *endpointDraft) *bool { return &e.T38UDPTLNat }),
		yes("inband_progress", func(e *endpointDraft) *bool { return &e.InbandProgress }),

		yes("force_rport", func(e *endpointDraft) *bool { return &e.ForceRport }),
		yes("rewrite_contact", func(e *endpointDraft) *bool { return &e.RewriteContact }),
		yesOr("100rel", func(e *endpointDraft) *string { return &e.Rel100 }, "required", "peer_supported"),
		{"timers", setTimers},
		seconds("timers_min_se", day, func(e *endpointDraft) *time.Duration { return &e.TimersMinSE }),
		seconds("timers_sess_expires", day, func(e *endpointDraft) *time.Duration { return &e.TimersSessExpires }),
		uriUser("from_user", func(e *endpointDraft) *string { return &e.FromUser }),
		text("from_domain", func(e *endpointDraft) *string { return &e.FromDomain }),
		uriUser("contact_user", func(e *endpointDraft) *string { return &e.ContactUser }),
		oneOf("redirect_method", func(e *endpointDraft) *string { return &e.RedirectMethod }, "user", "uri_core", "uri_pjsip"),
		yes("allow_overlap", func(e *endpointDraft) *bool { return &e.AllowOverlap }),
		oneOf("incoming_call_offer_pref", func(e *endpointDraft) *string { return &e.IncomingCallOfferPref },
			"local", "local_first", "remote", "remote_first"),
		oneOf("outgoing_call_offer_pref", func(e *endpointDraft) *string { return &e.OutgoingCallOfferPref },
			"local", "local_merge", "local_first", "remote", "remote_merge", "remote_first"),
		yes("follow_early_media_fork", func(e *endpointDraft) *bool { return &e.FollowEarlyMediaFork }),
		yes("accept_multiple_sdp_answers", func(e *endpointDraft) *bool { return &e.AcceptMultipleSDPAnswer }),
		yes("ignore_183_without_sdp", func(e *endpointDraft) *bool { return &e.Ignore183WithoutSDP }),
		yes("suppress_q850_reason_headers", func(e *endpointDraft) *bool { return &e.SuppressQ850Reason }),
		yes("user_eq_phone", func(e *endpointDraft) *bool { return &e.UserEqPhone }),
		yes("allow_unauthenticated_options", func(e *endpointDraft) *bool { return &e.UnauthenticatedOptions }),
		yes("preferred_codec_only", func(e *endpointDraft) *bool { return &e.PreferredCodecOnly }),
		yes("asymmetric_rtp_codec", func(e *endpointDraft) *bool { return &e.AsymmetricRTPCodec }),

		{"callerid", func(e *endpointDraft, v string) *complaint { e.CallerID = ParseCallerID(v); return nil }},
		oneOf("callerid_privacy", func(e *endpointDraft) *string { return &e.CallerIDPrivacy },
			"allowed_not_screened", "allowed_passed_screen", "allowed_failed_screen", "allowed",
			"prohib_not_screened", "prohib_passed_screen", "prohib_failed_screen", "prohib", "unavailable"),
		text("callerid_tag", func(e *endpointDraft) *string { return &e.CallerIDTag }),
		yes("trust_id_inbound", func(e *endpointDraft) *bool { return &e.TrustIDInbound }),
		yes("trust_id_outbound", func(e *endpointDraft) *bool { return &e.TrustIDOutbound }),
		yes("send_pai", func(e *endpointDraft) *bool { return &e.SendPAI }),
		yes("send_rpid", func(e *endpointDraft) *bool { return &e.SendRPID }),
		yes("send_history_info", func(e *endpointDraft) *bool { return &e.SendHistoryInfo }),
		yes("send_diversion", func(e *endpointDraft) *bool { return &e.SendDiversion }),
		yes("trust_connected_line", func(e *endpointDraft) *bool { return &e.TrustConnectedLine }),
		yes("send_connected_line", func(e *endpointDraft) *bool { return &e.SendConnectedLine }),
		text("language", func(e *endpointDraft) *string { return &e.Language }),
		text("tone_zone", func(e *endpointDraft) *string { return &e.ToneZone }),
		text("moh_suggest", func(e *endpointDraft) *string { return &e.MOHSuggest }),
		names("mailboxes", func(e *endpointDraft) *[]string { return &e.Mailboxes }),
		text("voicemail_extension", func(e *endpointDraft) *string { return &e.VoicemailExtension }),
		{"set_var", setVar},
		text("accountcode", func(e *endpointDraft) *string { return &e.AccountCode }),
		number("device_state_busy_at", 0, many, func(e *endpointDraft) *int { return &e.DeviceStateBusyAt }),
		text("message_context", func(e *endpointDraft) *string { return &e.MessageContext }),
		text("subscribe_context", func(e *endpointDraft) *string { return &e.SubscribeContext }),
		seconds("sub_min_expiry", day, func(e *endpointDraft) *time.Duration { return &e.SubMinExpiry }),
		yes("aggregate_mwi", func(e *endpointDraft) *bool { return &e.AggregateMWI }),
		uriUser("mwi_from_user", func(e *endpointDraft) *string { return &e.MWIFromUser }),
		yes("mwi_subscribe_replaces_unsolicited", func(e *endpointDraft) *bool { return &e.MWISubscribeReplaces }),
		yes("notify_early_inuse_ringing", func(e *endpointDraft) *bool { return &e.NotifyEarlyInUse }),
	},
		// We stay in the media path whatever these say (see Endpoint), and have one RTP engine.
		silent[endpointDraft]("direct_media", "direct_media_method", "direct_media_glare_mitigation",
			"disable_direct_media_on_nat", "rtp_engine")...),
	later: list(`bundle=no call_group codec_prefs_incoming_answer codec_prefs_incoming_offer
		codec_prefs_outgoing_answer codec_prefs_outgoing_offer connected_line_method=invite dtls_auto_generate_cert=no
		dtls_ca_file dtls_ca_path dtls_cert_file dtls_cipher dtls_fingerprint dtls_private_key dtls_rekey=0 dtls_setup
		dtls_verify=no fax_detect=no fax_detect_timeout=0 follow_redirect_methods force_avp=no g726_non_standard=no
		geoloc_incoming_call_profile geoloc_outgoing_call_profile ice_support=no incoming_mwi_mailbox
		media_encryption=no media_encryption_optimistic=no media_use_received_transport=no moh_passthrough=no
		named_call_group named_pickup_group one_touch_recording=no overlap_context pickup_group record_off_feature=automixmon
		record_on_feature=automixmon refer_blind_progress=yes rpid_immediate=no rtp_port_end=0
		rtp_port_start=0 security_mechanisms security_negotiation=no send_aoc=no srtp_tag_32=no
		stir_shaken=no stir_shaken_profile suppress_moh_on_sendonly=no t38_bind_udptl_to_media_address=no
		t38_udptl_ec=none t38_udptl_ipv6=no t38_udptl_maxdatagram=0 tenantid
		use_avpf=no webrtc=no`),
}

// yesOr is yes, no or one of some further words.
func yesOr[T any](name string, at func(*T) *string, more ...string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		if b, ok := Bool(v); ok {
			*at(t) = map[bool]string{true: "yes", false: "no"}[b]
			return nil
		}
		w, c := parseOneOf(v, append([]string{"yes", "no"}, more...)...)
		if c == nil {
			*at(t) = w
		}
		return c
	}}
}

var timersField = yesOr("timers", func(e *endpointDraft) *string { return &e.Timers }, "required", "always", "forced")

func setTimers(e *endpointDraft, v string) *complaint {
	c := timersField.set(e, v)
	if e.Timers == "forced" {
		e.Timers = "always" // its older name
	}
	return c
}

func setVar(e *endpointDraft, v string) *complaint {
	if v == "" {
		return nil
	}
	name, value, ok := strings.Cut(v, "=")
	if name = strip(name); !ok || name == "" {
		return bad("write set_var = NAME=value", "%q is no assignment", clip(v))
	}
	e.SetVar = setVariable(e.SetVar, Variable{name, strip(value)})
	return nil
}

// uriUser is what may stand before the @ of a SIP URI without an escape (RFC 3261 §25.1), as Asterisk checks it.
func uriUser[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		for _, r := range v {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~%!$&'()*+,;=:", r)) {
				return bad("write a user part, without @ and blanks", "character %q cannot stand in a SIP URI", r)
			}
		}
		*at(t) = v
		return nil
	}}
}

// sdpWord is one token of the o= line, sdpLine the s= line: neither may be empty (RFC 8866 §5.2, §5.3).
func sdpWord[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		if v == "" || strings.ContainsAny(v, " \t") {
			*at(t) = "-"
			return odd("write one word", "%q cannot stand in the o= line; - is used", clip(v))
		}
		*at(t) = v
		return nil
	}}
}

func sdpLine[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		if v == "" {
			*at(t) = "-"
			return odd("write a name", "the s= line may not be empty; - is used")
		}
		*at(t) = v
		return nil
	}}
}

// endpoint builds one endpoint; references are checked when all objects are known.
func (l *loader) endpoint(sec *Section) (*Endpoint, bool) {
	d := newEndpoint(sec.Name, sec.Pos)
	good := endpointSchema.fill(l, d, sec)
	o := object{"endpoint", sec.Name}
	d.Codecs, d.VideoCodecs = d.codecs.split()
	d.Framing = d.codecs.framing
	if d.own != nil {
		d.ACL.Lists = append(d.ACL.Lists, d.own)
	}
	if d.contactOwn != nil {
		d.ContactACL.Lists = append(d.ContactACL.Lists, d.contactOwn)
	}
	if len(d.Codecs) == 0 {
		l.report(o, l.at(sec, "allow", "disallow"), odd("write allow = ulaw,alaw", "no audio codec is allowed, so no call can be made"))
	}
	switch {
	case d.TimersMinSE < 90*time.Second: // RFC 4028 §4
		l.report(o, l.at(sec, "timers_min_se"), bad("write 90 or more", "timers_min_se is below 90 seconds"))
		good = false
	case d.TimersSessExpires < d.TimersMinSE:
		l.report(o, l.at(sec, "timers_sess_expires"), bad("write timers_sess_expires of at least timers_min_se", "timers_sess_expires is below timers_min_se"))
		good = false
	}
	return &d.Endpoint, good
}

// at says where a section last sets one of the options, or where it begins.
func (l *loader) at(sec *Section, names ...string) Pos {
	pos := sec.Pos
	for _, o := range sec.Options {
		for _, n := range names {
			if strings.EqualFold(o.Name, n) {
				pos = o.Pos
			}
		}
	}
	return pos
}
