package sip

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestDigestVectors checks the hash against the examples of RFC 7616 §3.9.1 and RFC 2617 §3.5 (without qop: RFC 2069's form).
func TestDigestVectors(t *testing.T) {
	tests := []struct{ name, auth, method, password, want string }{
		{"RFC 7616 MD5", `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5,
			nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth`,
			"GET", "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"},
		{"RFC 7616 SHA-256", `Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256,
			nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth`,
			"GET", "Circle of Life", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"RFC 2617", `Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html",
			qop=auth, nc=00000001, cnonce="0a4f113b"`, "GET", "Circle Of Life", "6629fae49393a05397450978507c4ef1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parseAuth(strings.Join(strings.Fields(tt.auth), " "))
			if err != nil {
				t.Fatal(err)
			}
			if tt.name[:8] == "RFC 7616" { // the password has single blanks only, so Fields did no harm
				tt.password = "Circle of Life"
			}
			alg, _ := algorithmNamed(p.get("algorithm"))
			c := Credentials{Username: "Mufasa", Password: tt.password}
			if got := p.response(alg, c.ha1(alg, p.get("realm")), tt.method); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// digestScene is a server and a client with one request between them.
type digestScene struct {
	d      *Digest
	clock  time.Time
	source netip.Addr
	server Credentials
	client Credentials
}

func newDigestScene() *digestScene {
	s := &digestScene{clock: time.Unix(1_800_000_000, 0), source: netip.MustParseAddr("192.0.2.7"),
		server: Credentials{Username: "alice", Password: "geheim"},
		client: Credentials{Username: "alice", Realm: "asterisk", Password: "geheim"}}
	s.d = NewDigest([]byte("secret"), 0)
	s.d.now = func() time.Time { return s.clock }
	return s
}

func (s *digestScene) request() *Request {
	uri, _ := ParseURI("sip:example.com")
	req := NewRequest(REGISTER, *uri)
	req.AppendHeader(NewHeader("CSeq", "1 REGISTER"))
	return req
}

func (s *digestScene) challenge(status int) *Response {
	res := NewResponse(s.request(), status, "", nil)
	s.d.Challenge(res, "asterisk", s.source, false)
	return res
}

// authorized returns a request that answers a fresh challenge, its credentials edited.
func (s *digestScene) authorized(t *testing.T, edit func(string) string) *Request {
	t.Helper()
	req := s.request()
	if err := Authorize(req, s.challenge(401), []Credentials{s.client}); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		SetHeader(req, "Authorization", edit(HeaderValue(req, "Authorization")))
	}
	return req
}

func (s *digestScene) verify(req *Request) Verdict {
	return s.d.Verify(req, s.source, "asterisk", s.server)
}

func swap(old, new string) func(string) string {
	return func(v string) string { return strings.Replace(v, old, new, 1) }
}

func TestDigestVerify(t *testing.T) {
	tests := []struct {
		name  string
		setup func(*digestScene)
		edit  func(string) string
		after func(*digestScene)
		want  Verdict
	}{
		{name: "right", want: OK},
		{name: "MD5 hash stored", setup: func(s *digestScene) {
			s.server = Credentials{Username: "alice", HA1MD5: strings.ToUpper(algMD5.hash("alice:asterisk:geheim")), HA1SHA256: algSHA256.hash("alice:asterisk:geheim")}
		}, want: OK},
		{name: "wrong password", setup: func(s *digestScene) { s.client.Password = "falsch" }, want: Wrong},
		{name: "empty password", setup: func(s *digestScene) { s.server.Password = "" }, want: Wrong},
		{name: "another user", setup: func(s *digestScene) { s.server.Username = "bob" }, want: Wrong},
		{name: "no user", edit: swap(`username="alice"`, `username=""`), want: Wrong},
		{name: "another realm", edit: swap(`realm="asterisk"`, `realm="else"`), want: NoCredentials},
		{name: "another scheme", edit: func(string) string { return "NoOneKnowsThisScheme opaque-data=here" }, want: NoCredentials},
		{name: "basic", edit: func(string) string { return "Basic YWxpY2U6Z2VoZWlt" }, want: NoCredentials},
		{name: "unreadable", edit: func(string) string { return `Digest username="alice` }, want: Wrong},
		{name: "parameter twice", edit: func(v string) string { return v + `, username="bob"` }, want: Wrong},
		{name: "wrong uri", edit: swap(`uri="sip:example.com"`, `uri="sip:example.org"`), want: Wrong},
		{name: "uri with a user of its own", edit: swap(`uri="sip:example.com"`, `uri="sip:eve@example.com"`), want: Wrong},
		{name: "empty uri", edit: swap(`uri="sip:example.com"`, `uri=""`), want: Wrong},
		{name: "empty response", edit: func(v string) string { return v[:strings.Index(v, "response=")] + `response=""` }, want: Wrong},
		{name: "unknown algorithm", edit: swap("algorithm=SHA-256", "algorithm=SHA-512-256"), want: Wrong},
		{name: "session algorithm", edit: swap("algorithm=SHA-256", "algorithm=MD5-sess"), want: Wrong},
		{name: "algorithm confusion", edit: swap("algorithm=SHA-256", "algorithm=MD5"), want: Stale}, // the nonce is SHA-256's
		{name: "auth-int", edit: swap("qop=auth", "qop=auth-int"), want: Wrong},
		{name: "no cnonce", edit: func(v string) string { return strings.Replace(v, "cnonce=", "x=", 1) }, want: Wrong},
		{name: "nc not hex", edit: swap("nc=00000001", "nc=zzzzzzzz"), want: Wrong},
		{name: "nc zero", edit: swap("nc=00000001", "nc=00000000"), want: Wrong},
		{name: "nc changed", edit: swap("nc=00000001", "nc=00000002"), want: Wrong},
		{name: "nonce not ours", edit: swap(`nonce="`, `nonce="A`), want: Stale},
		{name: "empty nonce", edit: func(v string) string {
			i := strings.Index(v, `nonce="`) + 7
			return v[:i] + v[i+strings.IndexByte(v[i:], '"'):]
		}, want: Wrong},
		{name: "just before the end", after: func(s *digestScene) { s.clock = s.clock.Add(nonceLifetime - time.Millisecond) }, want: OK},
		{name: "expired", after: func(s *digestScene) { s.clock = s.clock.Add(nonceLifetime) }, want: Stale},
		{name: "from the future", after: func(s *digestScene) { s.clock = s.clock.Add(-time.Hour) }, want: Stale},
		{name: "another source", after: func(s *digestScene) { s.source = netip.MustParseAddr("192.0.2.8") }, want: Stale},
		{name: "IPv4-mapped source", after: func(s *digestScene) { s.source = netip.MustParseAddr("::ffff:192.0.2.7") }, want: OK},
		{name: "another secret", after: func(s *digestScene) { s.d.key = []byte("x") }, want: Stale},
		// No oracle: a bad nonce looks the same whatever the password.
		{name: "expired and wrong", setup: func(s *digestScene) { s.client.Password = "falsch" },
			after: func(s *digestScene) { s.clock = s.clock.Add(time.Minute) }, want: Stale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newDigestScene()
			if tt.setup != nil {
				tt.setup(s)
			}
			req := s.authorized(t, tt.edit)
			if tt.after != nil {
				tt.after(s)
			}
			if got := s.verify(req); got != tt.want {
				t.Errorf("got %v, want %v\n%s", got, tt.want, HeaderValue(req, "Authorization"))
			}
		})
	}
	s := newDigestScene()
	if got := s.verify(s.request()); got != NoCredentials {
		t.Errorf("without Authorization: %v", got)
	}
}

func TestDigestReplay(t *testing.T) {
	s := newDigestScene()
	res := s.challenge(401)
	p, err := parseAuth(HeaderValues(res, "WWW-Authenticate")[0])
	if err != nil {
		t.Fatal(err)
	}
	send := func(nc string) Verdict {
		req := s.request()
		a := authParams{{"username", "alice", true}, {"realm", "asterisk", true}, {"nonce", p.get("nonce"), true}, {"uri", "sip:example.com", true},
			{"algorithm", "SHA-256", false}, {"cnonce", "c", true}, {"nc", nc, false}, {"qop", "auth", false}}
		a = append(a, authParam{"response", a.response(algSHA256, s.server.ha1(algSHA256, "asterisk"), "REGISTER"), true})
		req.AppendHeader(NewHeader("Authorization", a.String()))
		return s.verify(req)
	}
	for i, step := range []struct {
		nc   string
		want Verdict
	}{
		{"00000002", OK}, {"00000002", Stale}, {"00000001", OK}, {"00000001", Stale}, {"00000003", OK}, {"00000043", OK},
		{"00000003", Stale}, {"00000004", OK}, {"00000004", Stale}, {"ffffffff", OK}, {"00000044", Stale}, {"ffffffff", Stale},
	} {
		if got := send(step.nc); got != step.want {
			t.Errorf("step %d: nc=%s: %v, want %v", i, step.nc, got, step.want)
		}
	}
	s.clock = s.clock.Add(2 * nonceLifetime)
	s.authorizedOK(t)
	if len(s.d.used) != 1 || len(s.d.queue) != 1 {
		t.Errorf("%d nonces remembered, %d queued, want the live one", len(s.d.used), len(s.d.queue))
	}
}

func (s *digestScene) authorizedOK(t *testing.T) {
	t.Helper()
	if got := s.verify(s.authorized(t, nil)); got != OK {
		t.Errorf("got %v", got)
	}
}

// A client of RFC 2069 knows no qop: its nonce is good for one request.
func TestDigestLegacy(t *testing.T) {
	s := newDigestScene()
	res := NewResponse(s.request(), 401, "", nil)
	s.d.ChallengeWith(res, "asterisk", s.source, false, false, true)
	p, _ := parseAuth(HeaderValue(res, "WWW-Authenticate"))
	req := s.request()
	a := authParams{{"username", "alice", true}, {"realm", "asterisk", true}, {"nonce", p.get("nonce"), true}, {"uri", "sip:example.com", true}}
	a = append(a, authParam{"response", a.response(algMD5, s.server.ha1(algMD5, "asterisk"), "REGISTER"), true})
	req.AppendHeader(NewHeader("Authorization", a.String()))
	if got := s.verify(req); got != OK {
		t.Errorf("first: %v", got)
	}
	if got := s.verify(req); got != Stale {
		t.Errorf("replayed: %v", got)
	}
}

func TestChallenge(t *testing.T) {
	s := newDigestScene()
	res := s.challenge(401)
	v := HeaderValues(res, "WWW-Authenticate")
	if len(v) != 2 || !strings.Contains(v[0], "algorithm=SHA-256,") || !strings.Contains(v[1], "algorithm=MD5,") || strings.Contains(v[0], "stale") {
		t.Errorf("got %q", v)
	}
	res = NewResponse(s.request(), 407, "", nil)
	s.d.Challenge(res, "asterisk", s.source, true)
	if v := HeaderValues(res, "Proxy-Authenticate"); len(v) != 2 || !strings.HasSuffix(v[0], ", stale=true") {
		t.Errorf("got %q", v)
	}
	req := s.request()
	if err := Authorize(req, res, []Credentials{s.client}); err != nil || !HasHeader(req, "Proxy-Authorization") {
		t.Errorf("407: %v", err)
	}
	if got := s.verify(req); got != OK {
		t.Errorf("407: %v", got)
	}
	if got := Username(req); got != "alice" {
		t.Errorf("Username %q", got)
	}
}

func TestAuthorize(t *testing.T) {
	respond := func(values ...string) *Response {
		res := NewResponse(newDigestScene().request(), 401, "", nil)
		for _, v := range values {
			res.AppendHeader(NewHeader("WWW-Authenticate", v))
		}
		return res
	}
	alice := Credentials{Username: "alice", Realm: "a", Password: "p"}
	tests := []struct {
		name  string
		res   *Response
		creds []Credentials
		want  string // in Authorization
		err   error
	}{
		{"strongest", respond(`Digest realm="a", nonce="1", algorithm=MD5`, `Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth,auth-int"`),
			[]Credentials{alice}, "algorithm=SHA-256", nil},
		{"only MD5 is stored", respond(`Digest realm="a", nonce="1", algorithm=SHA-256`, `Digest realm="a", nonce="2"`),
			[]Credentials{{Username: "alice", Realm: "a", HA1MD5: "00"}}, "algorithm=MD5", nil},
		{"opaque goes back", respond(`Digest realm="a",nonce="1",opaque="x\"y"`), []Credentials{alice}, `opaque="x\"y"`, nil},
		{"another realm", respond(`Digest realm="b", nonce="1"`), []Credentials{alice}, "", ErrRefused},
		{"empty realm is no wildcard", respond(`Digest realm="b", nonce="1"`), []Credentials{{Username: "alice", Password: "p"}}, "", ErrRefused},
		{"any realm", respond(`Digest realm="b", nonce="1"`), []Credentials{{Username: "alice", Realm: "*", Password: "p"}}, `realm="b"`, nil},
		{"unknown algorithm", respond(`Digest realm="a", nonce="1", algorithm=ROT13`), []Credentials{alice}, "", ErrRefused},
		{"no nonce", respond(`Digest realm="a"`), []Credentials{alice}, "", ErrRefused},
		{"auth-int only", respond(`Digest realm="a", nonce="1", qop="auth-int"`), []Credentials{alice}, "", ErrRefused},
		{"no challenge", respond(), []Credentials{alice}, "", ErrRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := newDigestScene().request()
			err := Authorize(req, tt.res, tt.creds)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if got := HeaderValue(req, "Authorization"); !strings.Contains(got, tt.want) || tt.err != nil && got != "" {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
			if err != nil {
				return
			}
			if err := Authorize(req, tt.res, tt.creds); !errors.Is(err, ErrRefused) {
				t.Errorf("refused credentials were sent again: %v", err)
			}
		})
	}
	req := newDigestScene().request()
	if err := Authorize(req, respond(`Digest realm="a", nonce="1"`), []Credentials{alice}); err != nil {
		t.Fatal(err)
	}
	if err := Authorize(req, respond(`Digest realm="a", nonce="2", stale=TRUE`), []Credentials{alice}); err != nil {
		t.Errorf("stale: %v", err)
	}
	if v := HeaderValues(req, "Authorization"); len(v) != 1 || !strings.Contains(v[0], `nonce="2"`) {
		t.Errorf("got %q", v)
	}
}

func FuzzDigest(f *testing.F) {
	s := newDigestScene()
	f.Add(HeaderValue(s.challenge(401), "WWW-Authenticate"))
	f.Add(`Digest username="a\"b", realm="x",nonce=abc , uri="sip:a",response="0",,qop=auth,nc=00000001,cnonce=""`)
	f.Add("Digest\ta=\"\x00\"")
	f.Fuzz(func(t *testing.T, v string) {
		p, err := parseAuth(v)
		if err != nil {
			return
		}
		if len(p) > authParamsMost {
			t.Fatalf("%d parameters", len(p))
		}
		again, err := parseAuth(p.String())
		if err != nil || len(again) != len(p) {
			t.Fatalf("%q prints as %q: %v", v, p, err)
		}
		for i := range p {
			if p[i] != again[i] {
				t.Fatalf("%q: %v became %v", v, p[i], again[i])
			}
		}
		// Whatever it says, it does not let anyone in, and nothing is remembered of it.
		req := s.request()
		req.AppendHeader(NewHeader("Authorization", v))
		if got := s.verify(req); got == OK || len(s.d.used) != 0 {
			t.Fatalf("%q: %v, %d remembered", v, got, len(s.d.used))
		}
	})
}

func BenchmarkDigestVerify(b *testing.B) {
	s := newDigestScene()
	req := s.request()
	if err := Authorize(req, s.challenge(401), []Credentials{s.client}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		clear(s.d.used)
		s.d.queue = s.d.queue[:0]
		if s.verify(req) != OK {
			b.Fatal("refused")
		}
	}
}

// TestDigestURIWithoutUser: sipp answers for sip:host whatever it asks for (see complete).
func TestDigestURIWithoutUser(t *testing.T) {
	uri, err := ParseURI("sip:600@example.com")
	if err != nil {
		t.Fatal(err)
	}
	req := NewRequest(INVITE, *uri)
	whole := authParams{{"username", "a", true}, {"nonce", "n", true}, {"response", "r", true}, {"qop", "auth", false}, {"cnonce", "c", true}, {"nc", "00000001", false}}
	for _, tt := range []struct {
		uri  string
		want bool
	}{
		{"sip:600@example.com", true}, {"sip:example.com", true}, {"sip:601@example.com", false}, {"sip:example.org", false}, {"sip:example.com:5070", false},
	} {
		if got := append(whole[:len(whole):len(whole)], authParam{"uri", tt.uri, true}).complete(req); got != tt.want {
			t.Errorf("%s: %v", tt.uri, got)
		}
	}
	six, err := ParseURI("sip:600@[2001:db8::1]:5070")
	if err != nil {
		t.Fatal(err)
	}
	for uri, want := range map[string]bool{"sip:2001:db8::1:5070": true, "sip:[2001:db8::1]:5070": true, "sip:2001:db8::2:5070": false, "sip:2001:db8::1": false} {
		if got := append(whole[:len(whole):len(whole)], authParam{"uri", uri, true}).complete(NewRequest(INVITE, *six)); got != want {
			t.Errorf("%s: %v", uri, got)
		}
	}
	uncounted := authParams{{"username", "a", true}, {"nonce", "n", true}, {"response", "r", true}, {"uri", "sip:example.com", true}}
	if uncounted.complete(req) {
		t.Error("without a count it would be good for many requests")
	}
}

// TestUsedNoncesAreBounded: who logs in all the time makes the PBX forget old nonces, not refuse new ones; and what is forgotten is
// not good for a replay.
func TestUsedNoncesAreBounded(t *testing.T) {
	d := NewDigest(nil, 0)
	made := func(ms int) (id nonceID) {
		binary.BigEndian.PutUint32(id[2:6], uint32(ms))
		return id
	}
	const more = 100
	for ms := 1; ms <= usedMost+more; ms++ {
		if !d.use(made(ms), 1) {
			t.Fatalf("log-in %d of %d is refused", ms, usedMost+more)
		}
	}
	if len(d.used) != usedMost || len(d.queue) != usedMost {
		t.Errorf("%d nonces and a queue of %d, want %d", len(d.used), len(d.queue), usedMost)
	}
	for _, ms := range []int{1, more} {
		if d.use(made(ms), 1) || d.use(made(ms), 2) {
			t.Errorf("nonce %d is forgotten, and good again", ms)
		}
	}
	if d.use(made(more+1), 1) {
		t.Error("a replay of what is remembered")
	}
	if !d.use(made(more+1), 2) {
		t.Error("the next count of what is remembered is refused")
	}
}
