package registrar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
	"asterism/engine/store"
)

// phones answers OPTIONS in a synctest bubble.
type phones struct {
	mu       sync.Mutex
	asked    []time.Time
	requests []*sip.Request
	answer   func(ctx context.Context, req *sip.Request) (*sip.Response, error)
	now, max atomic.Int64 // OPTIONS under way
}

func (p *phones) ask(ctx context.Context, _ sip.Hop, req *sip.Request) (*sip.Response, error) {
	p.max.Store(max(p.max.Load(), p.now.Add(1)))
	defer p.now.Add(-1)
	p.mu.Lock()
	p.asked = append(p.asked, time.Now())
	p.requests = append(p.requests, req.Clone())
	answer := p.answer
	p.mu.Unlock()
	return answer(ctx, req)
}

func (p *phones) set(answer func(ctx context.Context, req *sip.Request) (*sip.Response, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *phones) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

func after(d time.Duration, status int) func(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	return func(ctx context.Context, req *sip.Request) (*sip.Response, error) {
		select {
		case <-time.After(d):
			return sip.NewResponse(req, status, "", nil), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func silent(ctx context.Context, _ *sip.Request) (*sip.Response, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// live runs a registrar with synctest's clock. test is called with it running.
func live(t *testing.T, change func(*config.AOR), test func(b *bench, p *phones)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, clock: &clock{}, store: store.NewMemory(nil)}
		bus := event.NewBus(zerolog.Nop())
		b.events = bus.Subscribe("test")
		b.pjsip = &config.PJSIP{
			AORs:      map[string]*config.AOR{"alice": aorNamed("alice", change)},
			Endpoints: map[string]*config.Endpoint{"alice": {Name: "alice", AORs: []string{"alice"}, OutboundAuth: []string{"trunk"}}},
			Auths:     map[string]*config.Auth{"trunk": {Name: "trunk", Username: "us", Password: "secret"}},
			Global:    config.Global{DefaultFromUser: "asterisk"},
		}
		b.Registrar = New(Config{Store: b.store, Events: bus})
		p := &phones{answer: after(20*time.Millisecond, 200)}
		b.ask = p.ask
		b.Configure(b.pjsip)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = b.Run(ctx) }()
		test(b, p)
		cancel()
		<-done
	})
}

func (b *bench) status() (Status, time.Duration) {
	b.t.Helper()
	list := b.Contacts("alice")
	if len(list) != 1 {
		b.t.Fatalf("%d contacts", len(list))
	}
	return list[0].Status, list[0].RTT
}

func (b *bench) wantStatus(want Status, rtt time.Duration) {
	b.t.Helper()
	synctest.Wait()
	if s, r := b.status(); s != want || r != rtt {
		b.t.Errorf("status %s %s, want %s %s", s, r, want, rtt)
	}
}

func every(d time.Duration) func(*config.AOR) {
	return func(a *config.AOR) { a.QualifyFrequency = d }
}

func TestQualify(t *testing.T) {
	live(t, every(time.Minute), func(b *bench, p *phones) {
		b.register("Contact: <" + ph1 + ">")
		b.wantStatus(Unknown, 0)
		b.wantEvents("added " + ph1)
		time.Sleep(time.Second)
		b.wantStatus(Reachable, 20*time.Millisecond)
		b.wantEvents("Unknown→Reachable " + ph1)

		req := p.requests[0]
		if req.Method != sip.OPTIONS || req.Recipient.String() != ph1 || sip.HeaderValue(req, "To") != "<"+ph1+">" || !strings.HasPrefix(sip.HeaderValue(req, "From"), "<sip:asterisk@localhost>;tag=") {
			t.Errorf("asked with\n%s", req)
		}

		p.set(after(0, 480))
		time.Sleep(time.Minute)
		b.wantStatus(Reachable, 0) // any answer will do
		b.wantEvents()
		p.set(silent)
		time.Sleep(time.Minute + 4*time.Second)
		b.wantStatus(Unreachable, 0)
		b.wantEvents("Reachable→Unreachable " + ph1)
		b.register("Contact: <" + ph1 + ">")
		b.wantStatus(Unreachable, 0) // registering again proves nothing about the way back
		b.wantEvents("refreshed " + ph1)
		p.set(after(time.Millisecond, 200))
		time.Sleep(time.Minute)
		b.wantStatus(Reachable, time.Millisecond)

		for i, at := range p.asked[1:] {
			if d := at.Sub(p.asked[i]); d < 54*time.Second || d > time.Minute {
				t.Errorf("%s between two OPTIONS", d)
			}
		}
		n := p.count()
		b.register("Contact: *", "Expires: 0")
		time.Sleep(10 * time.Minute)
		if p.count() != n {
			t.Error("a removed contact is asked")
		}
	})
}

func TestQualify2xxOnly(t *testing.T) {
	live(t, func(a *config.AOR) { a.QualifyFrequency, a.Qualify2xxOnly = time.Minute, true }, func(b *bench, p *phones) {
		p.set(after(0, 404))
		b.register("Contact: <" + ph1 + ">")
		time.Sleep(time.Second)
		b.wantStatus(Unreachable, 0)
		p.set(after(0, 299))
		time.Sleep(time.Minute)
		b.wantStatus(Reachable, 0)
	})
}

func TestTransportErrorIsUnreachable(t *testing.T) {
	live(t, every(time.Minute), func(b *bench, p *phones) {
		p.set(func(context.Context, *sip.Request) (*sip.Response, error) { return nil, errors.New("no route") })
		b.register("Contact: <" + ph1 + ">")
		time.Sleep(time.Second)
		b.wantStatus(Unreachable, 0)
	})
}

func TestQualifyFollowsReload(t *testing.T) {
	live(t, nil, func(b *bench, p *phones) {
		b.register("Contact: <" + ph1 + ">")
		time.Sleep(time.Hour / 2)
		b.wantStatus(NonQualified, 0)
		configure := func(change func(*config.AOR)) {
			b.pjsip = &config.PJSIP{AORs: map[string]*config.AOR{"alice": aorNamed("alice", change)}, Endpoints: b.pjsip.Endpoints}
			b.Configure(b.pjsip)
		}
		configure(every(10 * time.Second))
		b.wantStatus(Unknown, 0)
		time.Sleep(11 * time.Second)
		b.wantStatus(Reachable, 20*time.Millisecond)
		n := p.count()
		configure(nil)
		b.wantStatus(NonQualified, 0)
		time.Sleep(time.Minute)
		if p.count() != n {
			t.Error("asked although qualify_frequency=0")
		}
	})
}

func TestThousandContacts(t *testing.T) {
	const n = 1000
	live(t, func(a *config.AOR) {
		a.QualifyFrequency = time.Minute
		for i := range n {
			a.Contact = append(a.Contact, fmt.Sprintf("sip:phone%d@h", i))
		}
	}, func(b *bench, p *phones) {
		p.set(silent) // the worst: each takes 3 s
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if half := p.count(); half < n/4 || half > 3*n/4 {
			t.Errorf("%d of %d asked in the first half of the minute", half, n)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := p.max.Load(); got > maxAsking {
			t.Errorf("%d at once, more than %d", got, maxAsking)
		}
		for _, c := range b.Contacts("alice") {
			if c.Status != Unreachable {
				t.Fatalf("%s is %s", c.URI, c.Status)
			}
		}
	})
}

func TestExpiryByTheLoop(t *testing.T) {
	live(t, func(a *config.AOR) { a.MaxContacts = 500 }, func(b *bench, _ *phones) {
		b.register("Contact: <sip:late@h>;expires=300", "Contact: <sip:soon@h>;expires=60")
		time.Sleep(59 * time.Second)
		b.register("Contact: <sip:soon@h>;expires=120")
		b.happened()
		time.Sleep(time.Minute)
		synctest.Wait()
		b.wantEvents() // it was renewed
		time.Sleep(time.Minute)
		synctest.Wait()
		b.wantEvents("expired sip:soon@h")
		b.register("Contact: <sip:late@h>;expires=60") // earlier than before
		b.happened()
		time.Sleep(60 * time.Second)
		synctest.Wait()
		b.wantEvents("expired sip:late@h")
		b.wantStored()
		if len(b.deadlines) != 0 {
			t.Errorf("%d deadlines left", len(b.deadlines))
		}
	})
}

// challenge answers 401 until there are credentials, then 200.
func challenge(_ context.Context, req *sip.Request) (*sip.Response, error) {
	if sip.HasHeader(req, "Authorization") {
		return sip.NewResponse(req, 200, "", nil), nil
	}
	res := sip.NewResponse(req, 401, "", nil)
	res.AppendHeader(sip.NewHeader("WWW-Authenticate", `Digest realm="evil", nonce="x", algorithm=MD5, qop="auth"`))
	return res, nil
}

func TestWhoseChallengeIsAnswered(t *testing.T) {
	for _, c := range []struct {
		name                 string
		static, authenticate bool
		realm                string
		want                 bool
	}{
		{"a registered phone's never", false, true, "", false},
		{"a registered phone's never, of the right realm either", false, true, "evil", false},
		{"a trunk's", true, true, "", true},
		{"a trunk's of the realm configured", true, true, "evil", true},
		{"a trunk's of another realm", true, true, "trunk.example", false},
		{"a trunk's without authenticate_qualify", true, false, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			live(t, func(a *config.AOR) {
				a.QualifyFrequency, a.AuthenticateQualify, a.Qualify2xxOnly = 10*time.Second, c.authenticate, true
				if c.static {
					a.Contact = []string{ph1}
				}
			}, func(b *bench, p *phones) {
				b.pjsip.Auths["trunk"].Realm = c.realm
				p.set(challenge)
				if !c.static {
					b.register("Contact: <" + ph1 + ">")
				}
				time.Sleep(10 * time.Second)
				want := Unreachable
				if c.want {
					want = Reachable
				}
				b.wantStatus(want, 0)
				p.mu.Lock()
				defer p.mu.Unlock()
				sent := false
				for _, req := range p.requests {
					sent = sent || sip.HasHeader(req, "Authorization")
				}
				if sent != c.want {
					t.Errorf("credentials sent: %v", sent)
				}
			})
		})
	}
}

func TestRegisterWaitsItsTurn(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.MaxContacts = 1000 })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 50 {
				req := request(t, k+1, fmt.Sprintf("Call-ID: %d", i), fmt.Sprintf("Contact: <sip:p%d-%d@h>", i, k%7))
				if res := b.handle(req, phone, b.endpoint(), nil); res.StatusCode != 200 {
					t.Errorf("%d", res.StatusCode)
				}
				b.Contacts("alice")
			}
		})
		wg.Go(func() { b.All() })
	}
	wg.Wait()
	if got := len(b.Contacts("alice")); got != 56 {
		t.Errorf("%d contacts, want 56", got)
	}
	b.wantStored()

	b.aors["alice"].turn <- struct{}{}
	gone := make(chan struct{})
	close(gone)
	if res := b.handle(request(t, 1), phone, b.endpoint(), gone); res != nil {
		t.Errorf("answered %d although the transaction is over", res.StatusCode)
	}
}
