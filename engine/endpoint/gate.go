package endpoint

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// GateConfig is what a Gate stands upon.
type GateConfig struct {
	Secret []byte // signs nonces and is derived from; random, at least 16 bytes
	Events *event.Bus
	Log    zerolog.Logger
	Now    func() time.Time // nil is time.Now
}

// Gate lets requests pass that prove who they are from, and slows down those who guess. It lives across generations:
// nonces and guess counters outlast a reload. Its methods are safe from any goroutine; it starts none.
type Gate struct {
	cfg   GateConfig
	dummy string // password of users that do not exist
	state atomic.Pointer[config.PJSIP]

	guesses *guesses

	mu      sync.Mutex
	digests map[time.Duration]*sip.Digest
}

// maxNonceLifetime : a nonce older than this is refused whatever nonce_lifetime says.
const maxNonceLifetime = 60 * time.Second

// defaultNonceLifetime is that of nonce_lifetime, and of the users that do not exist.
const defaultNonceLifetime = 32 * time.Second

// NewGate makes a gate that lets nobody pass who needs a password, until Configure has run.
func NewGate(cfg GateConfig) *Gate {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g := &Gate{cfg: cfg, guesses: newGuesses(cfg.Now), digests: make(map[time.Duration]*sip.Digest)}
	g.dummy = hex.EncodeToString(g.derive("a password nobody has"))
	g.state.Store(&config.PJSIP{})
	return g
}

// Configure takes over the auth objects and the realm of a new generation.
func (g *Gate) Configure(cfg *config.PJSIP) { g.state.Store(cfg) }

// Authenticate says whether the request may pass as e. If not it has answered: 401, or 403 to an address that guesses.
// e is nil if nobody was identified. An endpoint without auth= passes. It may block for a few seconds while many
// addresses guess at one account.
//
// To someone without the password, a user that exists and one that does not look the same: the same 401 with the
// default realm and algorithms, the same counters and delays, and the same work, since credentials for nobody are
// compared with those of a dummy. (An auth object with a realm or with algorithms of its own shows itself by them.)
func (g *Gate) Authenticate(tx *sip.ServerTx, e *config.Endpoint) bool {
	if e == nil || e.ForceRport {
		tx.ForceRport()
	}
	res, ok := g.check(tx.Request, tx.Source, e, tx.Done())
	if res != nil {
		if err := tx.Respond(res); err != nil {
			g.cfg.Log.Debug().Err(err).Stringer("peer", tx.Source).Msg("endpoint: the answer could not be sent")
		}
	}
	return ok
}

// check is Authenticate without the wire: it returns the answer, or true.
func (g *Gate) check(req *sip.Request, source netip.AddrPort, e *config.Endpoint, gone <-chan struct{}) (*sip.Response, bool) {
	if e != nil && (len(e.Auth) == 0 || req.Method == sip.OPTIONS && e.UnauthenticatedOptions) {
		return nil, true
	}
	account := claimed(req) // what would be entered, existing or not
	if e != nil {
		account = e.Name
	}
	r := g.riddle(req, e)
	if !sip.HasHeader(req, "Authorization") {
		if g.guesses.blocked(source.Addr(), account) {
			return sip.NewResponse(req, sip.StatusForbidden, "", nil), false
		}
		return r.pose(req, source, false), false
	}
	if d, ok := g.guesses.delay(source.Addr(), account); !ok {
		return r.pose(req, source, true), false
	} else if d > 0 {
		here := wait(d, gone)
		g.guesses.waited()
		if !here {
			return nil, false
		}
	}
	switch g.guesses.begin(source.Addr(), account) {
	case refuse:
		return sip.NewResponse(req, sip.StatusForbidden, "", nil), false
	case tooMany:
		return r.pose(req, source, true), false
	}
	verdict := r.digest.Verify(req, source.Addr(), r.realm, r.credentials)
	guessed := verdict == sip.Wrong && r.answered(req)
	blocked := g.guesses.end(source.Addr(), account, verdict == sip.OK, guessed)
	if verdict == sip.OK {
		return nil, true
	}
	if guessed {
		g.failed(req, source, account, blocked)
	}
	return r.pose(req, source, verdict == sip.Stale), false
}

// riddle is what must be answered to get in.
type riddle struct {
	digest      *sip.Digest
	realm       string
	algorithms  []string
	credentials sip.Credentials
}

func (g *Gate) riddle(req *sip.Request, e *config.Endpoint) riddle {
	cfg := g.state.Load()
	auth := pick(cfg, e, sip.Username(req))
	r := riddle{digest: g.digest(auth.NonceLifetime), realm: auth.Realm, algorithms: algorithmsOf(cfg, auth, sip.HeaderValue(req, "User-Agent"))}
	if r.realm == "" {
		r.realm = cfg.Global.DefaultRealm
	}
	r.credentials = g.credentials(auth, r.realm, r.algorithms)
	return r
}

// answered says whether an answer that is wrong was one to a nonce of ours for that source, and so a guess. What cannot
// be read, or names an unknown algorithm, is wrong before the nonce is looked at: anyone can send it in anyone's name, and
// it tells him nothing about a password. For a source that never gets a nonce, such stays wrong; a guess turns stale.
func (r riddle) answered(req *sip.Request) bool {
	return r.digest.Verify(req, netip.IPv6Unspecified(), r.realm, r.credentials) == sip.Stale
}

// pose is the 401 with the challenges.
func (r riddle) pose(req *sip.Request, source netip.AddrPort, stale bool) *sip.Response {
	res := sip.NewResponse(req, sip.StatusUnauthorized, "", nil)
	r.digest.ChallengeWith(res, r.realm, source.Addr(), stale, slices.Contains(r.algorithms, "SHA-256"), slices.Contains(r.algorithms, "MD5"))
	return res
}

// failed tells of a wrong answer. Foreign text is cleaned for those who will print it.
func (g *Gate) failed(req *sip.Request, source netip.AddrPort, account string, blocked bool) {
	name := printable(account)
	g.cfg.Log.Warn().Stringer("peer", source).Str("account", name).Str("method", printable(string(req.Method))).
		Bool("blocked", blocked).Msg("endpoint: authentication failed")
	g.cfg.Events.Publish(event.AuthenticationFailed{At: g.cfg.Now(), Source: source, Method: printable(string(req.Method)),
		Account: name, Reason: "wrong", Blocked: blocked})
}

// pick chooses the one auth object of e that the credentials are for; without e, or if e has none that exists, an
// artificial one.
func pick(cfg *config.PJSIP, e *config.Endpoint, username string) *config.Auth {
	var first *config.Auth
	if e != nil {
		for _, name := range e.Auth {
			a := cfg.Auths[name]
			if a == nil {
				continue
			}
			if a.Username == username {
				return a
			}
			if first == nil {
				first = a
			}
		}
	}
	if first != nil {
		return first
	}
	// With their own username, since a comparison that fails early would be seen by its time.
	return &config.Auth{Username: username, NonceLifetime: defaultNonceLifetime}
}

// md5Only begin the User-Agent of phones that give up at a 401 which offers anything beside MD5, whatever the order
// (RFC 3261 §22.4 wants them to skip what they do not know). Found by trying: Debian 12's baresip. Who lies about its
// name gains nothing, because MD5 is among what everybody is offered.
var md5Only = []string{"baresip v0.", "baresip v1."}

// algorithmsOf are those we challenge with, the stronger first (RFC 8760 §2.3), as far as we could check an answer.
func algorithmsOf(cfg *config.PJSIP, a *config.Auth, userAgent string) []string {
	wanted := a.SupportedAlgorithmsUAS
	if len(wanted) == 0 {
		wanted = cfg.Global.DefaultAuthAlgorithmsUAS
	}
	if len(wanted) == 0 && slices.ContainsFunc(md5Only, func(p string) bool { return strings.HasPrefix(userAgent, p) }) {
		wanted = []string{"MD5"}
	}
	var list []string
	for _, name := range []string{"SHA-256", "MD5"} {
		askable := a.Password != "" || len(a.PasswordDigest) == 0 || a.PasswordDigest[name] != ""
		if askable && (len(wanted) == 0 || slices.Contains(wanted, name)) {
			list = append(list, name)
		}
	}
	return list
}

// credentials are what an answer is checked against: hashes of the algorithms we take, no password, so that an answer
// by another algorithm cannot be right.
func (g *Gate) credentials(a *config.Auth, realm string, algorithms []string) sip.Credentials {
	c := sip.Credentials{Username: a.Username, Realm: realm}
	password := a.Password
	if password == "" && len(a.PasswordDigest) == 0 {
		password = g.dummy // an artificial object, or one without a secret: nobody passes
	}
	input := a.Username + ":" + realm + ":" + password
	md := md5.Sum([]byte(input))
	sha := sha256.Sum256([]byte(input))
	for _, name := range algorithms {
		switch {
		case name == "MD5" && a.PasswordDigest[name] != "":
			c.HA1MD5 = a.PasswordDigest[name]
		case name == "MD5":
			c.HA1MD5 = hex.EncodeToString(md[:])
		case a.PasswordDigest[name] != "":
			c.HA1SHA256 = a.PasswordDigest[name]
		default:
			c.HA1SHA256 = hex.EncodeToString(sha[:])
		}
	}
	return c
}

// digest is the nonce maker for a lifetime. Each has a secret of its own, for each counts its own nonces' uses.
func (g *Gate) digest(lifetime time.Duration) *sip.Digest {
	if lifetime <= 0 {
		lifetime = defaultNonceLifetime
	}
	lifetime = min(lifetime, maxNonceLifetime)
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.digests[lifetime]
	if d == nil { // at most 60 different ones: nonce_lifetime is in seconds
		d = sip.NewDigest(g.derive(fmt.Sprintf("nonces for %s", lifetime)), lifetime)
		g.digests[lifetime] = d
	}
	return d
}

func (g *Gate) derive(purpose string) []byte {
	m := hmac.New(sha256.New, g.cfg.Secret)
	m.Write([]byte(purpose))
	return m.Sum(nil)
}

// claimed is the user part of From.
func claimed(req *sip.Request) string {
	if from := req.From(); from != nil {
		return sip.UserPart(&from.Address)
	}
	return ""
}

// printable is s for a log: no control characters, and not long.
func printable(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFFFD' {
			return '?'
		}
		return r
	}, s)
}

// wait sleeps for d; false if the client is gone before.
func wait(d time.Duration, gone <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-gone:
		return false
	}
}
