package registration

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
	"asterism/engine/store"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pbx is Registrations with a registrar that is a function, in a bubble of its own time.
type pbx struct {
	*Registrations
	t    *testing.T
	bus  *event.Bus
	stop func()

	mu     sync.Mutex
	answer func(req *sip.Request) *sip.Response // nil: none
	asked  []*sip.Request
	at     []time.Duration // since the start
	begun  time.Time
}

type wires struct{ tr *sip.Transport }

func (w wires) Transports() []*sip.Transport { return []*sip.Transport{w.tr} }
func (w wires) Resolve(_ context.Context, uri *sip.URI, _ *sip.Transport) (sip.Hop, error) {
	if uri.Host == "nowhere.example" {
		return sip.Hop{}, errors.New("no such host")
	}
	return sip.Hop{Transport: w.tr, Addr: netip.MustParseAddrPort("127.0.0.2:5060")}, nil
}
func (wires) Request(context.Context, sip.Hop, *sip.Request) (*sip.ClientTx, error) {
	return nil, errors.New("not in this test")
}

// transport is a real listener: a Contact is made of its address.
func transport(t *testing.T) *sip.Transport {
	t.Helper()
	stack := sip.New(sip.Config{Log: zerolog.Nop()})
	t.Cleanup(stack.Close)
	tr, err := stack.Listen(sip.TransportConfig{Name: "udp", Protocol: "udp", Bind: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func start(t *testing.T, tr *sip.Transport, kept store.Store, conf *config.PJSIP, answer func(*sip.Request) *sip.Response) *pbx {
	p := &pbx{t: t, bus: event.NewBus(zerolog.Nop()), answer: answer, begun: time.Now()}
	p.Registrations = New(Config{Stack: wires{tr}, Store: kept, Events: p.bus, Log: zerolog.Nop()})
	p.ask = func(_ context.Context, _ sip.Hop, req *sip.Request) (*sip.Response, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked, p.at = append(p.asked, req), append(p.at, time.Since(p.begun))
		if res := p.answer(req); res != nil {
			return res, nil
		}
		return nil, sip.ErrTimeout
	}
	p.Configure(conf)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _ = p.Run(ctx) }()
	p.stop = func() {
		cancel()
		<-p.Ended()
		p.bus.Close()
	}
	synctest.Wait()
	return p
}

func (p *pbx) answers(f func(*sip.Request) *sip.Response) { p.mu.Lock(); p.answer = f; p.mu.Unlock() }

// times are when REGISTERs went out, in seconds, with what was asked for.
func (p *pbx) times() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for i, at := range p.at {
		out = append(out, fmt.Sprintf("%d:%s", int(at.Round(time.Second)/time.Second), sip.HeaderValue(p.asked[i], "Expires")))
	}
	return strings.Join(out, " ")
}

func (p *pbx) only() Registration {
	p.t.Helper()
	list := p.All()
	if len(list) != 1 {
		p.t.Fatalf("there are %v", list)
	}
	return list[0]
}

func carrier(change func(*config.Registration)) *config.PJSIP {
	r := &config.Registration{Name: "carrier", ServerURI: "sip:sip.example.com", ClientURI: "sip:me@sip.example.com", ContactUser: "line1",
		OutboundAuth: []string{"oauth"}, Expiration: time.Hour, RetryInterval: time.Minute, MaxRetries: 3, AuthRejectionPermanent: true}
	if change != nil {
		change(r)
	}
	return &config.PJSIP{Registrations: map[string]*config.Registration{"carrier": r},
		Auths: map[string]*config.Auth{"oauth": {Name: "oauth", Username: "me", Password: "secret"}}}
}

func status(code int, headers ...string) func(*sip.Request) *sip.Response {
	return func(req *sip.Request) *sip.Response {
		res := sip.NewResponse(req, code, "", nil)
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			res.AppendHeader(sip.NewHeader(name, value))
		}
		return res
	}
}

// digest challenges, and checks the answer as a registrar does.
func digest() func(*sip.Request) *sip.Response {
	d := sip.NewDigest([]byte("0123456789abcdef"), time.Minute)
	source := netip.MustParseAddr("127.0.0.1")
	return func(req *sip.Request) *sip.Response {
		if d.Verify(req, source, "example", sip.Credentials{Username: "me", Realm: "example", Password: "secret"}) == sip.OK {
			return status(200, "Contact: "+sip.HeaderValue(req, "Contact")+";expires=600", "Contact: <sip:other@192.0.2.1>;expires=20")(req)
		}
		res := sip.NewResponse(req, 401, "", nil)
		d.ChallengeWith(res, "example", source, false, true, true)
		return res
	}
}

func TestRegisters(t *testing.T) {
	tr := transport(t)
	synctest.Test(t, func(t *testing.T) {
		p := start(t, tr, store.NewMemory(time.Now), carrier(nil), digest())
		defer p.stop()
		facts := p.bus.Subscribe("test", event.Is[event.RegistrationChanged])
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		// each is challenged; renewed a tenth before the end of the ten minutes that were granted to our Contact, not to another one's
		if got, want := p.times(), "0:3600 0:3600 540:3600 540:3600 1080:3600 1080:3600"; got != want {
			t.Errorf("sent at %s, want %s", got, want)
		}
		g := p.only()
		if g.Status != Registered || g.Last != "200 OK" || time.Until(g.Expires) > 10*time.Minute || g.Next.IsZero() {
			t.Errorf("%+v", g)
		}
		first, second := p.asked[0], p.asked[1]
		if first.CSeq().SeqNo+1 != second.CSeq().SeqNo || first.CallID().Value() != second.CallID().Value() {
			t.Errorf("CSeq or Call-ID:\n%s\n%s", first, second)
		}
		for _, want := range []string{"REGISTER sip:sip.example.com", "To: <sip:me@sip.example.com>\r\n", "Contact: <sip:line1@127.0.0.1:"} {
			if !strings.Contains(first.String(), want) {
				t.Errorf("no %s in\n%s", want, first)
			}
		}
		p.answers(status(403))
		p.Order("carrier", true)
		synctest.Wait()
		e := (<-facts.C()).(event.RegistrationChanged)
		if e.Status != "Rejected" || e.Cause != 403 || e.Client != "sip:me@sip.example.com" {
			t.Errorf("%+v", e)
		}
	})
}

func TestRetries(t *testing.T) {
	tr := transport(t)
	for _, tt := range []struct {
		name   string
		change func(*config.Registration)
		answer func(*sip.Request) *sip.Response
		want   string
		status Status
	}{
		{"no answer", nil, func(*sip.Request) *sip.Response { return nil }, "0 60 120 180", Rejected},
		{"without end", func(r *config.Registration) { r.MaxRetries = 0; r.RetryInterval = 5 * time.Minute }, status(503), "0 300 600 900 1200 1500 1800 2100 2400 2700 3000 3300", Rejected},
		{"retry after", nil, status(503, "Retry-After: 1500 (soon)"), "0 1500 3000", Rejected},
		{"forbidden", nil, status(403), "0", Rejected},
		{"forbidden for now", func(r *config.Registration) { r.ForbiddenRetryInterval = 10 * time.Minute }, status(403), "0 600 1200 1800", Rejected},
		{"fatal", func(r *config.Registration) { r.FatalRetryInterval = 15 * time.Minute }, status(404), "0 900 1800 2700", Rejected},
		{"fatal for good", nil, status(404), "0", Rejected},
		{"wrong password", nil, status(401, `WWW-Authenticate: Digest realm="x", nonce="1", algorithm=MD5`), "0 0", Rejected},
		{"wrong password for now", func(r *config.Registration) { r.AuthRejectionPermanent = false }, status(401), "0 60 120 180", Rejected},
		{"nowhere", func(r *config.Registration) { r.ServerURI = "sip:nowhere.example" }, status(200), "", Rejected},
		{"nothing granted", nil, status(200, "Expires: 0"), "0 60 120 180", Rejected},
		{"no word of time", nil, status(200), "0 3240", Registered},
		{"a short while", nil, status(200, "Expires: 1800"), "0 1620 3240", Registered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := start(t, tr, store.NewMemory(time.Now), carrier(tt.change), tt.answer)
				defer p.stop()
				time.Sleep(55 * time.Minute)
				synctest.Wait()
				if got := strings.ReplaceAll(p.times(), ":3600", ""); got != tt.want {
					t.Errorf("sent at %s, want %s", got, tt.want)
				}
				if got := p.only().Status; got != tt.status {
					t.Errorf("%s, want %s", got, tt.status)
				}
			})
		})
	}
}

func TestTooBrief(t *testing.T) {
	tr := transport(t)
	synctest.Test(t, func(t *testing.T) {
		p := start(t, tr, store.NewMemory(time.Now), carrier(func(r *config.Registration) { r.Expiration = 30 * time.Second }), func(req *sip.Request) *sip.Response {
			if sip.HeaderValue(req, "Expires") != "120" {
				return status(423, "Min-Expires: 120")(req)
			}
			return status(200, "Expires: 120")(req)
		})
		defer p.stop()
		if got := p.times(); got != "0:30 0:120" || p.only().Status != Registered {
			t.Errorf("%s: %+v", got, p.only())
		}
	})
}

func TestOrders(t *testing.T) {
	tr := transport(t)
	synctest.Test(t, func(t *testing.T) {
		p := start(t, tr, store.NewMemory(time.Now), carrier(nil), status(200, "Expires: 600"))
		p.Order("*all", false)
		synctest.Wait()
		if g := p.only(); g.Status != Unregistered || !g.Next.IsZero() {
			t.Errorf("%+v", g)
		}
		time.Sleep(time.Hour)
		if p.Order("nobody", true) || !p.Order("carrier", true) {
			t.Error("found nobody, or not the carrier")
		}
		synctest.Wait()
		if got := p.times(); got != "0:3600 0:0 3600:3600" {
			t.Errorf("sent at %s", got)
		}
		p.stop()
		if got := p.times(); got != "0:3600 0:0 3600:3600 3600:0" {
			t.Errorf("with the end, sent at %s", got)
		}
	})
}

func TestLineAndReload(t *testing.T) {
	tr := transport(t)
	kept := store.NewMemory(time.Now)
	synctest.Test(t, func(t *testing.T) {
		lined := func(expiration time.Duration) *config.PJSIP {
			return carrier(func(r *config.Registration) { r.Line, r.Endpoint, r.Expiration = true, "trunk", expiration })
		}
		p := start(t, tr, kept, lined(time.Hour), status(200))
		contact := p.asked[0].Contact().Address
		if e, ok := p.Line(&contact); !ok || e != "trunk" {
			t.Fatalf("%s is of %q", contact.String(), e)
		}
		other := contact
		other.UriParams = slices.Clone(contact.UriParams)
		sip.SetURIParam(&other, "line", "guessed")
		if e, ok := p.Line(&other); ok {
			t.Errorf("a guess is %s", e)
		}
		p.Configure(lined(time.Hour)) // as it was
		synctest.Wait()
		time.Sleep(time.Minute)
		p.Configure(lined(2 * time.Hour))
		synctest.Wait()
		if got := p.times(); got != "0:3600 60:0 60:7200" {
			t.Errorf("after a change, sent at %s", got)
		}
		p.Configure(&config.PJSIP{})
		synctest.Wait()
		if _, ok := p.Line(&contact); ok || len(p.All()) != 0 {
			t.Error("it is gone and known")
		}
		p.stop()
		again := start(t, tr, kept, lined(time.Hour), status(200))
		defer again.stop()
		if e, ok := again.Line(&contact); !ok || e != "trunk" {
			t.Error("a restart has changed the line")
		}
	})
}
