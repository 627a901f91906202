package sip

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" // the digest of RFC 2617, which most phones speak only
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Credentials are what one account authenticates with. A hash is used before the password; each is the hex of
// H(username:realm:password).
type Credentials struct {
	Username, Realm, Password string
	HA1MD5, HA1SHA256         string
}

// ha1 returns H(username:realm:password) in hex, "" if the credentials cannot give it.
func (c *Credentials) ha1(a algorithm, realm string) string {
	stored := c.HA1MD5
	if a == algSHA256 {
		stored = c.HA1SHA256
	}
	if stored != "" {
		return strings.ToLower(stored)
	}
	if c.Password == "" {
		return "" // an empty password is no password
	}
	return a.hash(c.Username + ":" + realm + ":" + c.Password)
}

// Verdict is what Verify found.
type Verdict int

const (
	// NoCredentials: nothing for our realm. Challenge.
	NoCredentials Verdict = iota
	// OK: the password is right and the nonce fresh.
	OK
	// Stale: the nonce is expired, used up, another source's or not ours. Challenge with stale; it says nothing about the
	// password, so it does not count as a guess.
	Stale
	// Wrong: user, password, uri or algorithm is wrong, or the header field cannot be read.
	Wrong
)

func (v Verdict) String() string {
	switch v {
	case NoCredentials:
		return "no credentials"
	case OK:
		return "ok"
	case Stale:
		return "stale"
	case Wrong:
		return "wrong"
	}
	return "verdict " + strconv.Itoa(int(v))
}

// Digest is the server side of digest authentication (RFC 3261 §22.4, RFC 8760, RFC 7616; RFC 2617 clients without qop too).
// It lives as long as the process, so that nonces outlive a reload. Safe from any goroutine.
//
// A nonce is a time, random bits and their HMAC over realm, algorithm and the source's address: it needs no memory until
// someone has proved a password with it. From then on its nonce counts are remembered until it expires.
type Digest struct {
	key      []byte
	lifetime time.Duration
	now      func() time.Time

	mu    sync.Mutex
	used  map[nonceID]*counts
	queue []nonceID // keys of used in the order of their first use
	floor [6]byte   // nonces made then or before, and not in used, are Stale: some of them were, and are forgotten
}

type nonceID [12]byte

// counts is a window over the nonce counts seen: requests over UDP may overtake each other, replays may not pass.
type counts struct {
	highest uint64
	window  uint64 // bit i: highest-i was seen
	until   time.Time
}

const (
	nonceLifetime = 32 * time.Second // Asterisk's nonce_lifetime
	nonceMost     = 60 * time.Second
	usedMost      = 1 << 17 // nonces with counts; beyond, the oldest are forgotten
)

// NewDigest returns a Digest. A lifetime of 0 means 32 s; more than 60 s is cut. secret makes nonces valid over a restart;
// a random one is enough otherwise.
func NewDigest(secret []byte, lifetime time.Duration) *Digest {
	if lifetime <= 0 {
		lifetime = nonceLifetime
	}
	key := sha256.Sum256(append([]byte("asterism nonce\x00"), secret...))
	return &Digest{key: key[:], lifetime: min(lifetime, nonceMost), now: time.Now, used: map[nonceID]*counts{}}
}

// algorithm is a hash digest authentication may use. Others (-sess, SHA-512-256) are not offered and refused.
type algorithm string

const (
	algMD5    algorithm = "MD5"
	algSHA256 algorithm = "SHA-256"
)

func algorithmNamed(s string) (algorithm, bool) {
	switch {
	case s == "", strings.EqualFold(s, "MD5"):
		return algMD5, true
	case strings.EqualFold(s, "SHA-256"):
		return algSHA256, true
	}
	return "", false
}

func (a algorithm) hash(s string) string {
	if a == algSHA256 {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Challenge adds our challenges to a 401 (WWW-Authenticate) or 407 (Proxy-Authenticate): SHA-256 first, then MD5, so that a
// client takes the strongest it knows (RFC 8760 §2.4). They are the same for every user, known or not.
func (d *Digest) Challenge(res *Response, realm string, source netip.Addr, stale bool) {
	d.ChallengeWith(res, realm, source, stale, true, true)
}

// ChallengeWith is Challenge with a choice of algorithms, for sites that keep MD5 hashes only, or phones that stumble over
// SHA-256. Choose for a realm, never for a user: the difference would tell who exists.
func (d *Digest) ChallengeWith(res *Response, realm string, source netip.Addr, stale, useSHA256, useMD5 bool) {
	name := "WWW-Authenticate"
	if res.StatusCode == StatusProxyAuthRequired {
		name = "Proxy-Authenticate"
	}
	for _, a := range []struct {
		algorithm
		use bool
	}{{algSHA256, useSHA256}, {algMD5, useMD5}} {
		if !a.use {
			continue
		}
		v := "Digest realm=" + QuoteString(realm) + `, nonce="` + d.nonce(a.algorithm, realm, source) + `", algorithm=` + string(a.algorithm) + `, qop="auth"`
		if stale {
			v += ", stale=true"
		}
		res.AppendHeader(NewHeader(name, v))
	}
}

// nonce: base64url of 6 bytes of milliseconds, 6 random bytes, 16 bytes of MAC.
func (d *Digest) nonce(a algorithm, realm string, source netip.Addr) string {
	var b [28]byte
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(d.now().UnixMilli()))
	copy(b[:6], ms[2:])
	copy(b[6:12], randomBytes(6))
	d.mac(b[12:], b[:12], a, realm, source)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (d *Digest) mac(dst, id []byte, a algorithm, realm string, source netip.Addr) {
	m := hmac.New(sha256.New, d.key)
	m.Write(id)
	addr := source.Unmap().WithZone("").As16()
	m.Write(addr[:])
	m.Write([]byte(string(a) + "\x00" + realm))
	copy(dst, m.Sum(nil))
}

// readNonce returns the nonce's identity, and whether it is ours, for this algorithm, realm and source, and not expired.
func (d *Digest) readNonce(nonce string, a algorithm, realm string, source netip.Addr) (id nonceID, ok bool) {
	var b [28]byte
	if len(nonce) != base64.RawURLEncoding.EncodedLen(len(b)) {
		return id, false
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(nonce)); err != nil {
		return id, false
	}
	var mac [16]byte
	d.mac(mac[:], b[:12], a, realm, source)
	var ms [8]byte
	copy(ms[2:], b[:6])
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:])))
	now := d.now()
	copy(id[:], b[:12])
	return id, subtle.ConstantTimeCompare(mac[:], b[12:]) == 1 && now.Before(made.Add(d.lifetime)) && !made.After(now.Add(time.Second))
}

// Verify checks the (Proxy-)Authorization of req for realm. source is the address the request came from; c is the account
// of the user named, or for an unknown user a dummy with that user's name, so that the work is the same.
//
// Deviates: an expired or foreign nonce is Stale whatever the password (RFC 7616 §3.3 wants a right digest for stale=true),
// because else anyone could test passwords against nonces of his own making.
func (d *Digest) Verify(req *Request, source netip.Addr, realm string, c Credentials) Verdict {
	p, verdict := authorization(req, realm)
	if verdict != OK {
		return verdict
	}
	alg, ok := algorithmNamed(p.get("algorithm"))
	if !ok || !p.complete(req) {
		return Wrong
	}
	// The hashes are made whatever else is wrong: time must not tell which.
	right := p.matches(alg, c.ha1(alg, realm), string(req.Method))
	named := subtle.ConstantTimeCompare([]byte(p.get("username")), []byte(c.Username)) == 1
	id, fresh := d.readNonce(p.get("nonce"), alg, realm, source)
	switch {
	case !fresh:
		return Stale
	case !right || !named || c.Username == "":
		return Wrong
	case !d.use(id, p.count()):
		return Stale
	}
	return OK
}

// use notes a nonce count; false if it was used before, or is too old to know. Without qop there is no count: such a nonce
// is good for one request.
func (d *Digest) use(id nonceID, nc uint64) bool {
	now := d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 {
		c := d.used[d.queue[0]]
		if now.Before(c.until) {
			break
		}
		delete(d.used, d.queue[0])
		d.queue = d.queue[1:]
	}
	c := d.used[id]
	if c == nil {
		if bytes.Compare(id[:6], d.floor[:]) <= 0 {
			return false
		}
		if len(d.used) >= usedMost { // one phone that logs in all the time must not keep out the others
			oldest := d.queue[0]
			delete(d.used, oldest)
			d.queue = d.queue[1:]
			if bytes.Compare(oldest[:6], d.floor[:]) > 0 {
				copy(d.floor[:], oldest[:6])
			}
			if bytes.Compare(id[:6], d.floor[:]) <= 0 {
				return false
			}
		}
		// The nonce may end sooner. Keeping all equally long keeps the queue in order.
		d.used[id] = &counts{highest: nc, window: 1, until: now.Add(d.lifetime)}
		d.queue = append(d.queue, id)
		return true
	}
	if nc == 0 || c.highest == 0 {
		return false
	}
	if nc > c.highest {
		c.window = c.window<<min(nc-c.highest, 64) | 1
		c.highest = nc
		return true
	}
	bit := c.highest - nc
	if bit >= 64 || c.window>>bit&1 == 1 {
		return false
	}
	c.window |= 1 << bit
	return true
}
