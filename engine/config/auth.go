package config

import (
	"encoding/hex"
	"strings"
	"time"
)

func newAuth(name string, pos Pos) *Auth {
	return &Auth{Name: name, Pos: pos, AuthType: "userpass", NonceLifetime: 32 * time.Second}
}

var authSchema = &schema[Auth]{
	kind: "auth",
	fields: []field[Auth]{
		oneOf("auth_type", func(a *Auth) *string { return &a.AuthType }, "userpass", "md5", "digest", "google_oauth"),
		text("username", func(a *Auth) *string { return &a.Username }),
		text("password", func(a *Auth) *string { return &a.Password }),
		{"md5_cred", func(a *Auth, v string) *complaint { return a.addDigest("md5:" + v) }},
		{"password_digest", func(a *Auth, v string) *complaint {
			for _, d := range parseList(v) {
				if c := a.addDigest(d); c != nil {
					return c
				}
			}
			return nil
		}},
		text("realm", func(a *Auth) *string { return &a.Realm }),
		seconds("nonce_lifetime", day, func(a *Auth) *time.Duration { return &a.NonceLifetime }),
		algorithms("supported_algorithms_uas", func(a *Auth) *[]string { return &a.SupportedAlgorithmsUAS }),
		algorithms("supported_algorithms_uac", func(a *Auth) *[]string { return &a.SupportedAlgorithmsUAC }),
	},
	later: list("refresh_token oauth_clientid oauth_secret"),
}

// digestSizes are the algorithms we know, with the length of their results in hex digits (RFC 7616 §3.2). 0: known,
// not supported yet.
var digestSizes = map[string]int{"MD5": 32, "SHA-256": 64, "SHA-512-256": 0}

func algorithms[T any](name string, at func(*T) *[]string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		var out []string
		for _, word := range parseList(v) {
			size, ok := digestSizes[strings.ToUpper(word)]
			if !ok {
				return bad("write MD5, SHA-256 or both", "algorithm %q is unknown", clip(word))
			}
			if size > 0 {
				out = append(out, strings.ToUpper(word))
			}
		}
		*at(t) = out
		if len(out) == 0 && v != "" {
			return odd("write MD5, SHA-256 or both", "algorithm %q is not supported yet; the default is used", clip(v))
		}
		return nil
	}}
}

// addDigest reads "MD5:0123…". Nothing of a digest is ever quoted in a message.
func (a *Auth) addDigest(v string) *complaint {
	const want = "write MD5:hash or SHA-256:hash, the hash of user:realm:password in hex"
	algorithm, hash, ok := strings.Cut(v, ":")
	algorithm = strings.ToUpper(strip(algorithm))
	size, known := digestSizes[algorithm]
	if !ok || !known {
		return bad(want, "digest without a known algorithm")
	}
	if size == 0 {
		return odd(want, "digest %s is not supported yet", algorithm)
	}
	hash = strings.ToLower(strip(hash))
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != size {
		return bad(want, "%s digest is not %d hex digits", algorithm, size)
	}
	if a.PasswordDigest == nil {
		a.PasswordDigest = map[string]string{}
	}
	a.PasswordDigest[algorithm] = hash
	return nil
}

func (l *loader) auth(sec *Section) (*Auth, bool) {
	a := newAuth(sec.Name, sec.Pos)
	good := authSchema.fill(l, a, sec)
	o := object{"auth", sec.Name}
	fail := func(pos Pos, c *complaint) {
		l.report(o, pos, c)
		good = false
	}
	switch {
	case !good: // what is missing may be what was wrong
	case a.AuthType == "google_oauth":
		fail(l.at(sec, "auth_type"), bad("write auth_type = digest", "auth_type google_oauth is not supported yet"))
	case a.Username == "":
		fail(sec.Pos, bad("write username = NAME", "there is no username"))
	case a.Password == "" && len(a.PasswordDigest) == 0:
		// Deviates: Asterisk accepts an empty password. It is never what somebody means to have.
		fail(l.at(sec, "password"), bad("write password = SECRET, or password_digest", "there is no password"))
	case a.AuthType == "md5" && a.PasswordDigest["MD5"] == "":
		fail(l.at(sec, "auth_type"), bad("write md5_cred, or auth_type = digest", "auth_type is md5, but there is no md5_cred"))
	}
	return a, good
}
