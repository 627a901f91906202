package endpoint

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// door is a gate with its surroundings.
type door struct {
	*Gate
	t   testing.TB
	cfg *config.PJSIP
	log bytes.Buffer
}

func newDoor(t testing.TB) *door {
	d := &door{t: t}
	d.cfg = &config.PJSIP{Endpoints: endpoints("alice", "bob", "trunk"), Auths: map[string]*config.Auth{
		"alice": {Name: "alice", Username: "alice", Password: "secret"},
		"bob":   {Name: "bob", Username: "bob", Password: "other"},
	}, Global: config.Global{DefaultRealm: "asterisk"}}
	d.cfg.Endpoints["alice"].Auth = []string{"alice"}
	d.cfg.Endpoints["bob"].Auth = []string{"bob"}
	d.Gate = NewGate(GateConfig{Secret: []byte("0123456789abcdef"), Log: zerolog.New(zerolog.SyncWriter(&d.log)), Events: event.NewBus(zerolog.Nop())})
	d.Configure(d.cfg)
	return d
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

const home, away = "192.0.2.1:5060", "198.51.100.1:5060"

// try asks once, and answers the challenge once, as a phone does. It returns the last status; 0 means let in.
func (d *door) try(source, user, password string) int {
	d.t.Helper()
	return d.tryAs(sip.REGISTER, source, user, user, password)
}

func (d *door) tryAs(method sip.Method, source, from, user, password string) int {
	d.t.Helper()
	e := d.cfg.Endpoints[from]
	req := message(d.t, method, "<sip:"+from+"@x>;tag=1")
	res, ok := d.check(req, addr(source), e, nil)
	if ok || res.StatusCode != 401 {
		return status(res)
	}
	if err := sip.Authorize(req, res, []sip.Credentials{{Username: user, Realm: "*", Password: password}}); err != nil {
		d.t.Fatal(err)
	}
	res, ok = d.check(req, addr(source), e, nil)
	if ok {
		return 0
	}
	return status(res)
}

func status(res *sip.Response) int {
	if res == nil {
		return 0
	}
	return res.StatusCode
}

func (d *door) want(what string, got, want int) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func TestWhoGetsIn(t *testing.T) {
	d := newDoor(t)
	d.want("the right password", d.try(home, "alice", "secret"), 0)
	d.want("a wrong one", d.try(home, "alice", "Secret"), 401)
	d.want("another's", d.try(home, "alice", "other"), 401)
	d.want("a user that does not exist", d.try(home, "eve", "secret"), 401)
	d.want("another user's name and password", d.tryAs(sip.REGISTER, home, "alice", "bob", "other"), 401)
	d.want("without auth=", d.try(home, "trunk", "x"), 0)
	for _, m := range []sip.Method{sip.INVITE, sip.OPTIONS, sip.MESSAGE, sip.SUBSCRIBE, "MADEUP"} {
		d.want(string(m), d.tryAs(m, away, "alice", "alice", "secret"), 0)
		d.want(string(m)+" by nobody", d.tryAs(m, away, "nobody", "nobody", "x"), 401)
	}
	d.cfg.Endpoints["alice"].UnauthenticatedOptions = true
	if _, ok := d.check(message(t, sip.OPTIONS, "<sip:alice@x>"), addr(home), d.cfg.Endpoints["alice"], nil); !ok {
		t.Error("allow_unauthenticated_options")
	}
	if _, ok := d.check(message(t, sip.INVITE, "<sip:alice@x>"), addr(home), d.cfg.Endpoints["alice"], nil); ok {
		t.Error("allow_unauthenticated_options lets INVITE in")
	}
	d.cfg.Endpoints["alice"].Auth = []string{"gone"}
	d.want("auth= that does not exist", d.try("192.0.2.50:1", "alice", "secret"), 401)
	fresh := NewGate(GateConfig{Secret: []byte("0123456789abcdef")})
	if _, ok := fresh.check(message(t, sip.INVITE, "<sip:bob@x>"), addr(home), d.cfg.Endpoints["bob"], nil); ok {
		t.Error("in before Configure")
	}
	if s := d.log.String(); strings.Contains(s, "secret") || strings.Contains(s, "response") {
		t.Errorf("secrets in the log: %s", s)
	}
}

func TestSecretsAndAlgorithms(t *testing.T) {
	hash := map[string]string{"MD5": "7c2e21fa2e9b2a3f5ad6d2b4d2ab5d6f"}
	for _, c := range []struct {
		name  string
		auth  config.Auth
		deflt []string
		agent string
		want  string
	}{
		{"password", config.Auth{Password: "x"}, nil, "", "SHA-256 MD5"},
		{"a hash", config.Auth{PasswordDigest: hash}, nil, "", "MD5"},
		{"a hash and a password", config.Auth{PasswordDigest: hash, Password: "x"}, nil, "", "SHA-256 MD5"},
		{"its own choice", config.Auth{Password: "x", SupportedAlgorithmsUAS: []string{"MD5"}}, []string{"SHA-256"}, "", "MD5"},
		{"the default's choice", config.Auth{Password: "x"}, []string{"MD5"}, "", "MD5"},
		{"nothing", config.Auth{}, nil, "", "SHA-256 MD5"},
		{"a phone that chokes on SHA-256", config.Auth{Password: "x"}, nil, "baresip v1.0.0 (x86_64/linux)", "MD5"},
		{"its successor", config.Auth{Password: "x"}, nil, "baresip v3.9.0 (x86_64/Linux)", "SHA-256 MD5"},
		{"the site insists", config.Auth{Password: "x"}, []string{"SHA-256"}, "baresip v1.0.0 (x86_64/linux)", "SHA-256"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDoor(t)
			c.auth.Username = "alice"
			d.cfg.Auths["alice"], d.cfg.Global.DefaultAuthAlgorithmsUAS = &c.auth, c.deflt
			req := message(t, sip.INVITE, "<sip:alice@x>")
			if c.agent != "" {
				req.AppendHeader(sip.NewHeader("User-Agent", c.agent))
			}
			res, _ := d.check(req, addr(home), d.cfg.Endpoints["alice"], nil)
			var got []string
			for _, v := range sip.HeaderValues(res, "WWW-Authenticate") {
				got = append(got, regexp.MustCompile(`algorithm=([A-Z0-9-]+)`).FindStringSubmatch(v)[1])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("challenged with %q, want %s", got, c.want)
			}
		})
	}
	d := newDoor(t)
	// MD5("alice:r:secret"), SHA-256 the same; the realm is the auth object's.
	d.cfg.Auths["alice"] = &config.Auth{Username: "alice", Realm: "r", PasswordDigest: map[string]string{"MD5": "b8d2ef7f5cd3ed6ce8e1c1c0f33ac3f0"}}
	d.want("a wrong hash", d.try(home, "alice", "secret"), 401)
	d.cfg.Auths["alice"].PasswordDigest["MD5"] = fmt.Sprintf("%x", md5.Sum([]byte("alice:r:secret")))
	d.want("the right hash", d.try(home, "alice", "secret"), 0)
	d.cfg.Auths["alice"] = &config.Auth{Username: "alice", Password: "secret", SupportedAlgorithmsUAS: []string{"SHA-256"}}
	d.want("SHA-256 alone", d.try(home, "alice", "secret"), 0)
}

// What a stranger sees is the same for a user that exists, one that does not, and any method.
func TestEnumeration(t *testing.T) {
	nonce := regexp.MustCompile(`nonce="[^"]*"`)
	seen := make(map[string][]string)
	for _, user := range []string{"alice", "nobody", "bob", "", "x\"y"} {
		d := newDoor(t)
		var conversation []string
		for _, method := range []sip.Method{sip.REGISTER, sip.INVITE, sip.OPTIONS, sip.SUBSCRIBE, "MADEUP"} {
			for range 4 { // past the limit of wrong answers, too
				from := "<sip:alice@x>;tag=1" // the same bytes for all
				req := message(t, method, from)
				var e = d.cfg.Endpoints[user]
				step := func() {
					res, ok := d.check(req, addr(home), e, nil)
					conversation = append(conversation, fmt.Sprint(ok)+nonce.ReplaceAllString(res.String(), "nonce"))
					if res.StatusCode == 401 {
						_ = sip.Authorize(req, res, []sip.Credentials{{Username: "guess", Realm: "*", Password: "wrong"}})
					}
				}
				step()
				step()
			}
		}
		seen[strings.Join(conversation, "\n")] = append(seen[strings.Join(conversation, "\n")], user)
	}
	if len(seen) != 1 {
		for text, users := range seen {
			t.Logf("%q\n%s", users, text)
		}
		t.Error("users can be told apart")
	}
}

func TestGuessing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		d.want("the owner at home", d.try(home, "alice", "secret"), 0)
		events := d.Gate.cfg.Events.Subscribe("test")
		for i := range maxWrong {
			d.want(fmt.Sprintf("guess %d", i+1), d.try(away, "alice", fmt.Sprint(i)), 401)
			time.Sleep(time.Second)
		}
		for range 3 {
			d.want("one more", d.try(away, "alice", "x"), 403)
			d.want("the right one, too late", d.try(away, "alice", "secret"), 403)
			d.want("another account", d.try(away, "bob", "other"), 403)
		}
		d.want("without a password", d.try(away, "trunk", ""), 0)
		d.want("the owner at home", d.try(home, "alice", "secret"), 0)
		d.want("the owner elsewhere", d.try("203.0.113.5:5060", "alice", "secret"), 0)
		time.Sleep(guessWindow - 2*time.Second)
		d.want("before the time is over", d.try(away, "alice", "secret"), 403)
		time.Sleep(2 * time.Second)
		d.want("after it", d.try(away, "alice", "secret"), 0)

		events.Close()
		n := 0
		var last event.AuthenticationFailed
		for e := range events.C() {
			last = e.(event.AuthenticationFailed)
			n++
		}
		if n != maxWrong || !last.Blocked || last.Account != "alice" || last.Source != addr(away) {
			t.Errorf("%d events, the last %+v", n, last)
		}
	})
}

// The window slides: ten guesses in any minute, not ten in each of two that touch.
func TestTheWindowSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		wrong := 0
		var times []time.Time
		for range 600 {
			if d.try(away, fmt.Sprint("user", wrong), "x") == 401 {
				wrong++
				times = append(times, time.Now())
			}
			time.Sleep(time.Second)
		}
		for i := maxWrong; i < len(times); i++ {
			if times[i].Sub(times[i-maxWrong]) < guessWindow {
				t.Fatalf("guess %d came %s after the tenth before it", i, times[i].Sub(times[i-maxWrong]))
			}
		}
		if wrong < 50 {
			t.Errorf("%d guesses", wrong)
		}
	})
}

// Many at once are not more than one after the other.
func TestParallelGuessing(t *testing.T) {
	d := newDoor(t)
	var requests []*sip.Request
	for i := range 200 {
		req := message(t, sip.REGISTER, "<sip:alice@x>")
		res, _ := d.check(req, addr(away), d.cfg.Endpoints["alice"], nil)
		if err := sip.Authorize(req, res, []sip.Credentials{{Username: "alice", Realm: "*", Password: fmt.Sprint(i)}}); err != nil {
			t.Fatal(err)
		}
		requests = append(requests, req)
	}
	var wg sync.WaitGroup
	for _, req := range requests {
		wg.Go(func() { d.check(req, addr(away), d.cfg.Endpoints["alice"], nil) })
	}
	wg.Wait()
	if n := strings.Count(d.log.String(), "authentication failed"); n != maxWrong {
		t.Errorf("%d were checked", n)
	}
}

// A neighbour behind the same address does not lock out a phone that was let in from there before.
func TestAnOfficeBehindOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		d.want("alice", d.try(home, "alice", "secret"), 0)
		for range maxWrong {
			d.want("her neighbour", d.try(home, "bob", "old password"), 401)
		}
		d.want("her neighbour", d.try(home, "bob", "other"), 403)
		for range 3 {
			d.want("alice again", d.try(home, "alice", "secret"), 0)
		}
		d.want("somebody in her name", d.try(home, "alice", "guess"), 401)
		d.want("once only", d.try(home, "alice", "guess"), 403)
		d.want("which costs her that", d.try(home, "alice", "secret"), 403)
		time.Sleep(guessWindow)
		d.want("for a while", d.try(home, "alice", "secret"), 0)
	})
}

// Guesses at one account from many addresses are answered ever later; the owner still gets in, and at once from home.
func TestSpreadGuessing(t *testing.T) {
	for _, user := range []string{"alice", "nobody"} { // existing or not
		synctest.Test(t, func(t *testing.T) {
			d := newDoor(t)
			took := func(source, password string) (time.Duration, int) {
				start := time.Now()
				got := d.try(source, user, password)
				return time.Since(start), got
			}
			d.try(home, "alice", "secret")
			for i := range 60 {
				if _, got := took(fmt.Sprintf("10.0.0.%d:5060", i), "guess"); got != 401 {
					t.Fatalf("guess %d: %d", i, got)
				}
			}
			if late, _ := took("10.1.0.1:5060", "guess"); late < time.Second || late > maxDelay {
				t.Errorf("%s: a guess is held back for %s", user, late)
			}
			if user == "alice" {
				if late, got := took("10.1.0.2:5060", "secret"); got != 0 || late > maxDelay {
					t.Errorf("the owner elsewhere: %d after %s", got, late)
				}
				if late, got := took(home, "secret"); got != 0 || late != 0 {
					t.Errorf("the owner at home: %d after %s", got, late)
				}
			}
			d.want("another account", d.try("10.1.0.3:5060", "bob", "other"), 0)
			time.Sleep(10 * time.Minute)
			if late, _ := took("10.1.0.4:5060", "guess"); late != 0 {
				t.Errorf("long after: %s", late)
			}
		})
	}
}

// Forged source addresses never got a nonce: whatever they send counts for nothing.
func TestForgedSourcesDoNotBlock(t *testing.T) {
	d := newDoor(t)
	req := message(t, sip.REGISTER, "<sip:alice@x>")
	res, _ := d.check(req, addr(away), nil, nil) // a nonce for the attacker
	if err := sip.Authorize(req, res, []sip.Credentials{{Username: "alice", Realm: "*", Password: "x"}}); err != nil {
		t.Fatal(err)
	}
	good := sip.HeaderValue(req, "Authorization")
	for _, authorization := range []string{
		good, "Digest", "", "Basic YWxpY2U6c2VjcmV0", `Digest username="alice"`, strings.Replace(good, "algorithm=SHA-256", "algorithm=MD4", 1),
		`Digest username="alice", realm="asterisk", nonce="", uri="", response="", algorithm=MD5`, strings.Repeat("x", 5000),
	} {
		for range maxWrong + 1 {
			forged := message(t, sip.REGISTER, "<sip:alice@x>", "Authorization", authorization)
			if res, ok := d.check(forged, addr(home), d.cfg.Endpoints["alice"], nil); ok || res.StatusCode != 401 {
				t.Fatalf("%.40q: %v, %d", authorization, ok, res.StatusCode)
			}
		}
	}
	d.want("the owner", d.try(home, "alice", "secret"), 0)

	// Nor do they push one who guesses out of the counters.
	for range maxWrong {
		d.try(away, "alice", "guess")
	}
	for i := range maxAddresses + 1 {
		source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 5060)
		d.check(message(t, sip.REGISTER, "<sip:alice@x>", "Authorization", good), source, d.cfg.Endpoints["alice"], nil)
	}
	d.want("the guesser", d.try(away, "alice", "secret"), 403)
}

func TestReplay(t *testing.T) {
	d := newDoor(t)
	req := message(t, sip.REGISTER, "<sip:alice@x>")
	res, _ := d.check(req, addr(home), d.cfg.Endpoints["alice"], nil)
	if err := sip.Authorize(req, res, []sip.Credentials{{Username: "alice", Realm: "*", Password: "secret"}}); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.check(req, addr(home), d.cfg.Endpoints["alice"], nil); !ok {
		t.Fatal("the owner")
	}
	for _, source := range []string{home, away} {
		res, ok := d.check(req, addr(source), d.cfg.Endpoints["alice"], nil)
		if ok || !strings.Contains(sip.HeaderValue(res, "WWW-Authenticate"), "stale=true") {
			t.Errorf("replayed from %s: %v", source, ok)
		}
	}
}

func TestWaitingHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		for i := range 40 {
			d.try(fmt.Sprintf("10.0.0.%d:5060", i), "alice", "guess")
		}
		gone := make(chan struct{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		var statuses []int
		for i := range maxWaiting + 5 {
			req := message(t, sip.REGISTER, "<sip:alice@x>")
			source := addr(fmt.Sprintf("10.1.%d.%d:5060", i/200, i%200))
			res, _ := d.check(req, source, d.cfg.Endpoints["alice"], nil)
			_ = sip.Authorize(req, res, []sip.Credentials{{Username: "alice", Realm: "*", Password: "secret"}})
			wg.Go(func() {
				res, _ := d.check(req, source, d.cfg.Endpoints["alice"], gone)
				mu.Lock()
				defer mu.Unlock()
				statuses = append(statuses, status(res))
			})
		}
		synctest.Wait()
		mu.Lock()
		if len(statuses) != 5 || slices.Contains(statuses, 0) {
			t.Errorf("beyond the bound: %v", statuses)
		}
		mu.Unlock()
		close(gone) // the clients give up: no answer, and their places are free
		wg.Wait()
		if d.guesses.waiting != 0 {
			t.Errorf("%d still wait", d.guesses.waiting)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	g := newGuesses(func() time.Time { return now })
	for i := range 3 * maxAddresses {
		a := netip.AddrFrom16([16]byte{0x20, 1, 0, 0, byte(i >> 16), byte(i >> 8), byte(i), 1, byte(i)})
		name := fmt.Sprint(i)
		if g.begin(a, name) == check {
			g.end(a, name, i%2 == 0, i%2 == 1)
		}
		now = now.Add(time.Millisecond)
	}
	if g.addresses.len() > maxAddresses || g.accounts.len() > maxAccounts || g.good.len() > maxGood {
		t.Errorf("%d addresses, %d accounts, %d pairs", g.addresses.len(), g.accounts.len(), g.good.len())
	}
	if g.addresses.len() == 0 || g.accounts.len() == 0 || g.good.len() == 0 {
		t.Error("nothing is remembered")
	}
	now = now.Add(goodFor + time.Hour)
	one := netip.MustParseAddr("10.0.0.1")
	g.begin(one, "x")
	g.end(one, "x", true, false)
	g.begin(one, "x")
	g.end(one, "x", false, true)
	if g.addresses.len() != 1 || g.accounts.len() != 1 || g.good.len() > 1 {
		t.Errorf("a day later: %d addresses, %d accounts, %d pairs", g.addresses.len(), g.accounts.len(), g.good.len())
	}
	if network(netip.MustParseAddr("2001:db8:1:2:3::4")) != network(netip.MustParseAddr("2001:db8:1:2::9")) {
		t.Error("addresses of one /64 count apart")
	}
}

func BenchmarkCheck(b *testing.B) {
	d := newDoor(b)
	e := d.cfg.Endpoints["alice"]
	req := message(b, sip.REGISTER, "<sip:alice@x>")
	b.ReportAllocs()
	for b.Loop() {
		sip.RemoveHeader(req, "Authorization")
		res, _ := d.check(req, addr(home), e, nil)
		_ = sip.Authorize(req, res, []sip.Credentials{{Username: "alice", Realm: "*", Password: "secret"}})
		if _, ok := d.check(req, addr(home), e, nil); !ok {
			b.Fatal("not let in")
		}
	}
}

// Real stacks on loopback: 401, the answer, and in; by a stranger, never.
func TestOnTheWire(t *testing.T) {
	d := newDoor(t)
	dir := New(d.cfg)
	pbx := sip.New(sip.Config{OnRequest: func(tx *sip.ServerTx) {
		e, _ := dir.Identify(tx.Source, tx.Request)
		if d.Authenticate(tx, e) {
			_ = tx.Respond(sip.NewResponse(tx.Request, 200, "", nil))
		}
	}})
	defer pbx.Close()
	phone := sip.New(sip.Config{})
	defer phone.Close()
	listen := func(s *sip.Stack) *sip.Transport {
		tr, err := s.Listen(sip.TransportConfig{Protocol: "udp", Bind: addr("127.0.0.1:0")})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	at, from := listen(pbx), listen(phone)
	send := func(req *sip.Request) *sip.Response {
		t.Helper()
		tx, err := phone.Request(t.Context(), sip.Hop{Transport: from, Addr: at.LocalAddr()}, req.Clone())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Terminate()
		for {
			res, err := tx.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode >= 200 {
				return res
			}
		}
	}
	for _, c := range []struct {
		user, password string
		want           int
	}{{"alice", "secret", 200}, {"alice", "wrong", 401}, {"nobody", "secret", 401}, {"trunk", "", 200}} {
		req := message(t, sip.REGISTER, "<sip:"+c.user+"@x>;tag=1")
		res := send(req)
		if res.StatusCode == 401 {
			if n := len(sip.HeaderValues(res, "WWW-Authenticate")); n != 2 {
				t.Errorf("%d challenges", n)
			}
			if err := sip.Authorize(req, res, []sip.Credentials{{Username: c.user, Realm: "*", Password: c.password}}); err != nil {
				t.Fatal(err)
			}
			req.CSeq().SeqNo++
			res = send(req)
		}
		if res.StatusCode != c.want {
			t.Errorf("%s with %q: %d, want %d", c.user, c.password, res.StatusCode, c.want)
		}
	}
}
