package sip

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRefused: our credentials were refused, or we have none for the realm that asks.
var ErrRefused = errors.New("sip: credentials refused")

// Authorize answers the challenges of a 401 or 407: it adds (Proxy-)Authorization to req for each realm it has credentials
// for, by the strongest algorithm both sides have, replacing what was there for that realm. Credentials go to the realm they
// name only; the realm "*" (a trunk whose realm the administrator left open) answers any, so never give it for a request a
// phone may challenge.
//
// The caller raises the CSeq number, which is the dialog's (RFC 3261 §22.2). ErrRefused means another try is of no use: no
// credentials fit, or the same ones were just refused (a challenge with stale=true may be answered again).
func Authorize(req *Request, challenge *Response, c []Credentials) error {
	from, to := "WWW-Authenticate", "Authorization"
	if challenge.StatusCode == StatusProxyAuthRequired {
		from, to = "Proxy-Authenticate", "Proxy-Authorization"
	}
	asked := challengesOf(challenge, from)
	if len(asked) == 0 {
		return fmt.Errorf("%w: %d without a Digest challenge we know", ErrRefused, challenge.StatusCode)
	}
	answered := map[string]bool{}
	for _, ch := range asked { // SHA-256 first
		cred, ha1, ok := credentialsFor(c, ch)
		if !ok || answered[ch.realm] {
			continue
		}
		if sent(req, to, ch.realm) && !ch.stale {
			return fmt.Errorf("%w by realm %q", ErrRefused, ch.realm)
		}
		removeAuth(req, to, ch.realm)
		req.AppendHeader(NewHeader(to, ch.answer(cred.Username, ha1, req).String()))
		answered[ch.realm] = true
	}
	if len(answered) == 0 {
		return fmt.Errorf("%w: none for realm %q", ErrRefused, asked[0].realm)
	}
	return nil
}

type challenge struct {
	realm, nonce, opaque string
	hasOpaque            bool
	alg                  algorithm
	qop                  bool
	stale                bool
}

// challengesOf returns the challenges we can answer, SHA-256 before MD5. Others are skipped.
func challengesOf(res *Response, name string) []challenge {
	var strong, weak []challenge
	for i, v := range HeaderValues(res, name) {
		p, err := parseAuth(v)
		if err != nil || i >= authFieldsMost {
			continue
		}
		alg, ok := algorithmNamed(p.get("algorithm"))
		qop := offersAuth(p.get("qop"))
		if !ok || p.get("nonce") == "" || p.has("qop") && !qop {
			continue
		}
		ch := challenge{realm: p.get("realm"), nonce: p.get("nonce"), opaque: p.get("opaque"), hasOpaque: p.has("opaque"),
			alg: alg, qop: qop, stale: strings.EqualFold(p.get("stale"), "true")}
		if alg == algSHA256 {
			strong = append(strong, ch)
		} else {
			weak = append(weak, ch)
		}
	}
	return append(strong, weak...)
}

func offersAuth(qop string) bool {
	for _, q := range SplitList(qop) {
		if strings.EqualFold(q, "auth") {
			return true
		}
	}
	return false
}

func credentialsFor(c []Credentials, ch challenge) (*Credentials, string, bool) {
	for _, any := range []bool{false, true} {
		for i := range c {
			if c[i].Realm == ch.realm && !any || c[i].Realm == "*" && any {
				if ha1 := c[i].ha1(ch.alg, ch.realm); ha1 != "" {
					return &c[i], ha1, true
				}
			}
		}
	}
	return nil, "", false
}

func (ch challenge) answer(username, ha1 string, req *Request) authParams {
	p := authParams{
		{"username", username, true}, {"realm", ch.realm, true}, {"nonce", ch.nonce, true},
		{"uri", req.Recipient.String(), true}, {"algorithm", string(ch.alg), false},
	}
	if ch.qop {
		p = append(p, authParam{"cnonce", randomHex(8), true}, authParam{"nc", "00000001", false}, authParam{"qop", "auth", false})
	}
	if ch.hasOpaque {
		p = append(p, authParam{"opaque", ch.opaque, true})
	}
	return append(p, authParam{"response", p.response(ch.alg, ha1, string(req.Method)), true})
}

// sent reports whether req carries credentials for the realm already.
func sent(req *Request, name, realm string) bool {
	for _, v := range HeaderValues(req, name) {
		if p, err := parseAuth(v); err == nil && p.get("realm") == realm {
			return true
		}
	}
	return false
}

func removeAuth(req *Request, name, realm string) {
	var keep []string
	for _, v := range HeaderValues(req, name) {
		if p, err := parseAuth(v); err != nil || p.get("realm") != realm {
			keep = append(keep, v)
		}
	}
	RemoveHeader(req, name)
	for _, v := range keep {
		req.AppendHeader(NewHeader(name, v))
	}
}
