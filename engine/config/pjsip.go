package config

import (
	"net/netip"
	"regexp"
	"time"
)

// PJSIP is pjsip.conf together with what pjsip_wizard.conf expands to. Names are compared with their case.
type PJSIP struct {
	Global        Global
	System        System
	Transports    []*Transport // in the order of the file: the first one that fits is used when nobody names one
	Endpoints     map[string]*Endpoint
	AORs          map[string]*AOR
	Auths         map[string]*Auth
	Identifies    []*Identify // in the order of the file
	Registrations map[string]*Registration
	ACLs          []*ACL            // every one of them must allow a source before anything else is looked at
	DomainAliases map[string]string // domain in a request ► domain that is meant
}

// Transport is a listener: type=transport with protocol udp or tcp.
type Transport struct {
	Name                     string
	Pos                      Pos
	Protocol                 string         // "udp" or "tcp"
	Bind                     netip.AddrPort // port 5060 if none was written; the address may be unspecified
	TOS                      int            // the whole byte: DSCP<<2
	COS                      int            // 0 … 7
	ExternalMediaAddress     netip.Addr     // invalid: none
	ExternalSignalingAddress netip.Addr     // invalid: none
	ExternalSignalingPort    int            // 0: the port of Bind
	LocalNet                 []netip.Prefix // peers in these see our real address
	Domain                   string
	SymmetricTransport       bool
	AllowReload              bool // accepted; an unchanged bind is never reopened, a changed one always is
	TCPKeepaliveEnable       bool
	TCPKeepaliveIdleTime     time.Duration
	TCPKeepaliveIntervalTime time.Duration
	TCPKeepaliveProbeCount   int
}

// CallerID is callerid="Name" <number>.
type CallerID struct{ Name, Number string }

// Variable is one set_var. A leading _ or __ in Name is inheritance, as the dialplan has it.
type Variable struct{ Name, Value string }

// Endpoint is a phone or a trunk: type=endpoint.
//
// direct_media and its kin are accepted and have no field: we always stay in the media path, which is what an
// endpoint gets from Asterisk too whenever the peers cannot reach each other.
type Endpoint struct {
	Name string
	Pos  Pos

	Context        string
	Codecs         []string       // audio, Asterisk's names, preferred first; allow/disallow resolved in order
	VideoCodecs    []string       // video, image and text formats of allow=, preferred first
	Framing        map[string]int // codec ► ms a packet, from allow=ulaw:40; nil if none was written
	AORs           []string
	Auth           []string // names in PJSIP.Auths; empty: the endpoint needs no password
	OutboundAuth   []string
	Transport      string   // name in PJSIP.Transports, or ""
	IdentifyBy     []string // of "username", "ip", "auth_username", "header", "request_uri", "transport"
	OutboundProxy  string
	ACL            Access // acl=, permit=, deny=
	ContactACL     Access // contact_acl=, contact_permit=, contact_deny=
	AllowTransfer  bool
	AllowSubscribe bool

	DTMFMode              string // "rfc4733", "info", "inband", "auto", "auto_info", "none"
	RTPSymmetric          bool
	RTCPMux               bool // RFC 5761: RTCP on the port of RTP, where the peer does it too
	RTPIPv6               bool
	RTPTimeout            time.Duration // 0: never
	RTPTimeoutHold        time.Duration // 0: never
	RTPKeepalive          time.Duration // 0: none
	MediaAddress          netip.Addr    // invalid: none
	BindRTPToMediaAddress bool
	TOSAudio, COSAudio    int // TOS is the whole byte: DSCP<<2
	TOSVideo, COSVideo    int
	UsePtime              bool
	MaxAudioStreams       int
	MaxVideoStreams       int
	SDPOwner, SDPSession  string
	T38UDPTL, T38UDPTLNat bool // t38_udptl: a call may go over to T.38; t38_udptl_nat: as rtp_symmetric, for that
	InbandProgress        bool

	ForceRport              bool
	RewriteContact          bool
	Rel100                  string // 100rel: "yes", "no", "required", "peer_supported"
	Timers                  string // "yes", "no", "required", "always"
	TimersMinSE             time.Duration
	TimersSessExpires       time.Duration
	FromUser, FromDomain    string
	ContactUser             string
	RedirectMethod          string // "user", "uri_core", "uri_pjsip"
	AllowOverlap            bool
	IncomingCallOfferPref   string
	OutgoingCallOfferPref   string
	FollowEarlyMediaFork    bool
	Ignore183WithoutSDP     bool
	SuppressQ850Reason      bool // suppress_q850_reason_headers
	UserEqPhone             bool
	UnauthenticatedOptions  bool // allow_unauthenticated_options
	PreferredCodecOnly      bool
	AsymmetricRTPCodec      bool
	AcceptMultipleSDPAnswer bool // accept_multiple_sdp_answers

	CallerID                              CallerID
	CallerIDPrivacy                       string // "allowed_not_screened" …
	CallerIDTag                           string
	TrustIDInbound, TrustIDOutbound       bool
	SendPAI, SendRPID, SendDiversion      bool
	SendHistoryInfo                       bool
	TrustConnectedLine, SendConnectedLine bool
	Language, ToneZone                    string
	MOHSuggest                            string
	Mailboxes                             []string
	VoicemailExtension                    string
	SetVar                                []Variable
	AccountCode                           string
	DeviceStateBusyAt                     int // calls at once that make it busy; 0: no limit
	MessageContext                        string
	SubscribeContext                      string        // "": Context
	SubMinExpiry                          time.Duration // shorter subscriptions are refused
	AggregateMWI                          bool          // one sum for all mailboxes, for who is told without having asked
	MWIFromUser                           string
	MWISubscribeReplaces                  bool // who subscribes to his mailboxes is not told of them without asking
	NotifyEarlyInUse                      bool // notify_early_inuse_ringing
}

// AOR is where an endpoint can be reached: type=aor.
type AOR struct {
	Name string
	Pos  Pos

	Contact             []string // static ones, as URIs
	MaxContacts         int      // 0: nobody may register
	RemoveExisting      bool
	RemoveUnavailable   bool
	DefaultExpiration   time.Duration
	MinimumExpiration   time.Duration
	MaximumExpiration   time.Duration
	QualifyFrequency    time.Duration // 0: contacts are not asked
	QualifyTimeout      time.Duration // 0: as long as the transaction lives
	Qualify2xxOnly      bool
	AuthenticateQualify bool
	SupportPath         bool
	OutboundProxy       string
	Mailboxes           []string
	VoicemailExtension  string
}

// Auth is a pair of credentials: type=auth. Its Password and digests are secrets: never log one.
type Auth struct {
	Name string
	Pos  Pos

	AuthType               string // "userpass", "md5" or "digest"; what counts is which secrets are set
	Username               string
	Password               string            // "" if only digests were given
	PasswordDigest         map[string]string // "MD5", "SHA-256" ► lower-case hex of H(user:realm:password); md5_cred is in it too
	Realm                  string            // "": the global default when we challenge, any when we answer
	NonceLifetime          time.Duration
	SupportedAlgorithmsUAS []string // of "MD5", "SHA-256"; empty: global.DefaultAuthAlgorithmsUAS
	SupportedAlgorithmsUAC []string
}

// Match is one entry of identify's match=: a network, or a host name that somebody else resolves.
type Match struct {
	Except bool         // written with !: these are not meant
	Prefix netip.Prefix // invalid if Host is set
	Host   string
	Port   uint16 // 0: any
}

// HeaderMatch is identify's match_header or match_request_uri.
type HeaderMatch struct {
	Header string         // "" for the request URI
	Value  string         // compared whole; unused if Regexp is set
	Regexp *regexp.Regexp // from /…/
}

// Matches says whether a header's value, or the URI, is the one looked for.
func (m *HeaderMatch) Matches(value string) bool {
	if m.Regexp != nil {
		return m.Regexp.MatchString(value)
	}
	return value == m.Value
}

// Identify ties a source of requests to an endpoint: type=identify. Any of its matches is enough.
type Identify struct {
	Name            string
	Pos             Pos
	Endpoint        string
	Match           []Match
	MatchHeader     *HeaderMatch // nil: none
	MatchRequestURI *HeaderMatch // nil: none
	SRVLookups      bool
}

// MatchesSource says whether a request from there is meant by one of the networks; the last entry that fits
// decides. Entries with a Host never fit: whoever resolves them compares himself.
func (i *Identify) MatchesSource(source netip.AddrPort) bool {
	matched := false
	for _, m := range i.Match {
		if m.Host == "" && m.Prefix.Contains(source.Addr().Unmap().WithZone("")) && (m.Port == 0 || m.Port == source.Port()) {
			matched = !m.Except
		}
	}
	return matched
}

// Registration is a registrar with which we register: type=registration.
type Registration struct {
	Name string
	Pos  Pos

	ServerURI, ClientURI   string // the registrar; the address-of-record that calls shall reach us by
	ContactUser            string
	OutboundAuth           []string
	OutboundProxy          string
	Transport              string // name in PJSIP.Transports, or ""
	Expiration             time.Duration
	RetryInterval          time.Duration // after what may pass; 0: given up at once
	ForbiddenRetryInterval time.Duration // after 403; 0: given up at once
	FatalRetryInterval     time.Duration // after what will not pass; 0: given up at once
	MaxRetries             int           // 0: without end
	MaxRandomInitialDelay  time.Duration
	AuthRejectionPermanent bool // 401 and 407 will not pass
	Line                   bool // who calls the Contact of this registration is Endpoint
	Endpoint               string
	SupportPath            bool
}

// Global is type=global, of which there is one.
type Global struct {
	Pos                              Pos
	UserAgent                        string // "": the caller's own name and version
	MaxForwards                      int
	KeepAliveInterval                time.Duration // CRLF on connections; 0: none
	EndpointIdentifierOrder          []string
	DefaultOutboundEndpoint          string
	DefaultFromUser                  string
	DefaultRealm                     string
	DefaultVoicemailExtension        string
	DefaultAuthAlgorithmsUAS         []string
	DefaultAuthAlgorithmsUAC         []string
	Debug                            string // "no", "yes" or a host
	ContactExpirationCheckInterval   time.Duration
	MaxInitialQualifyTime            time.Duration
	UnidentifiedRequestCount         int
	UnidentifiedRequestPeriod        time.Duration
	UnidentifiedRequestPruneInterval time.Duration
	RegContext                       string
	DisableMultiDomain               bool
	IgnoreURIUserOptions             bool
	UseCallerIDContact               bool
	AllowSending180After183          bool
	NoReferSub                       bool
	AllCodecsOnEmptyReinvite         bool
	MWIDisableInitial                bool // mwi_disable_initial_unsolicited: at the start nobody is told of messages unasked
}

// System is type=system, of which there is one.
type System struct {
	Pos              Pos
	TimerT1          time.Duration
	TimerB           time.Duration
	CompactHeaders   bool
	DisableTCPSwitch bool
	DisableRport     bool
}

// ACL is type=acl in pjsip.conf: it holds for all SIP traffic.
type ACL struct {
	Name       string
	Pos        Pos
	ACL        Access // acl=, permit=, deny=
	ContactACL Access // contact_acl=, contact_permit=, contact_deny=
}
