package subscription

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/event"
	"asterism/engine/registrar"
	"asterism/engine/sip"
	"asterism/engine/store"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 5 * time.Second

// house is a notifier on a real stack, with facts that tests change.
type house struct {
	*Notifier
	t     *testing.T
	stack *sip.Stack
	tr    *sip.Transport
	bus   *event.Bus
	kept  store.Store
	stop  func()

	mu       sync.Mutex
	conf     *config.PJSIP
	states   map[string]device.State // by devices
	hints    map[string]string       // by exten@context
	waiting  map[string][3]int
	contacts map[string][]registrar.Contact
}

func newConf() *config.PJSIP {
	alice := &config.Endpoint{Name: "alice", Context: "internal", AORs: []string{"alice"}, AllowSubscribe: true, AggregateMWI: true}
	return &config.PJSIP{Endpoints: map[string]*config.Endpoint{"alice": alice},
		AORs: map[string]*config.AOR{"alice": {Name: "alice", Mailboxes: []string{"100", "7@sales"}, VoicemailExtension: "*97"}}}
}

// newHouse opens one upon what a store has kept; nil: a new one.
func newHouse(t *testing.T, kept store.Store, change func(*house)) *house {
	t.Helper()
	h := &house{t: t, bus: event.NewBus(zerolog.Nop()), kept: kept, conf: newConf(), states: map[string]device.State{"PJSIP/bob": device.NotInUse},
		hints: map[string]string{"102@internal": "PJSIP/bob"}, waiting: map[string][3]int{}, contacts: map[string][]registrar.Contact{}}
	if kept == nil {
		h.kept = store.NewMemory(time.Now)
	}
	if change != nil {
		change(h)
	}
	h.stack = sip.New(sip.Config{T1: 10 * time.Millisecond, Log: zerolog.Nop(), OnRequest: func(tx *sip.ServerTx) { h.request(tx) }})
	h.Notifier = New(Config{Stack: h.stack, Store: h.kept, Events: h.bus, Log: zerolog.Nop(),
		PJSIP: func() *config.PJSIP { h.mu.Lock(); defer h.mu.Unlock(); return h.conf },
		Hint: func(context, exten string) (string, bool) {
			h.mu.Lock()
			defer h.mu.Unlock()
			d, ok := h.hints[exten+"@"+context]
			return d, ok
		},
		State: func(devices string) device.State {
			h.mu.Lock()
			defer h.mu.Unlock()
			return device.Extension(h.states[devices])
		},
		Waiting: func(mailbox string) (int, int, int) {
			h.mu.Lock()
			defer h.mu.Unlock()
			w := h.waiting[mailbox]
			return w[0], w[1], w[2]
		},
		Contacts: func(aor string) []registrar.Contact {
			h.mu.Lock()
			defer h.mu.Unlock()
			return slices.Clone(h.contacts[aor])
		},
		Route: func(ctx context.Context, _ *config.Endpoint, c registrar.Contact) (sip.URI, []string, sip.Hop, error) {
			uri, err := sip.ParseURI(c.URI)
			if err != nil {
				return sip.URI{}, nil, sip.Hop{}, err
			}
			hop, err := h.stack.Resolve(ctx, uri, nil)
			return *uri, nil, hop, err
		}})
	var err error
	if h.tr, err = h.stack.Listen(sip.TransportConfig{Name: "udp", Protocol: "udp", Bind: netip.MustParseAddrPort("127.0.0.1:0")}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { _ = h.Run(ctx) })
	h.stop = sync.OnceFunc(func() {
		cancel()
		run.Wait()
		h.stack.Close()
		h.bus.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// request is what tech/pjsip does, for a house where everybody is alice.
func (h *house) request(tx *sip.ServerTx) {
	if sip.ToTag(tx.Request) != "" {
		if !h.Deliver(tx, func(*config.Endpoint) bool { return sip.HeaderValue(tx.Request, "X-Stranger") == "" || refuse(tx) }) {
			respond(tx, sip.StatusCallDoesNotExist)
		}
		return
	}
	h.Subscribe(tx, h.cfg.PJSIP().Endpoints["alice"])
}

func refuse(tx *sip.ServerTx) bool { respond(tx, sip.StatusUnauthorized); return false }

// set changes a fact and says so.
func (h *house) set(fact any, change func()) {
	h.mu.Lock()
	change()
	h.mu.Unlock()
	if fact != nil {
		h.bus.Publish(fact)
	}
}

func (h *house) lamp(state device.State) {
	h.set(event.DeviceStateChanged{Device: "PJSIP/bob", State: string(state)}, func() { h.states["PJSIP/bob"] = state })
}

// stores waits until the store has n subscriptions.
func (h *house) stores(n int) {
	h.t.Helper()
	got := -1
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		entries, err := h.kept.List(context.Background(), store.Key(family, ""))
		if err != nil {
			h.t.Fatal(err)
		}
		if got = len(entries); got == n {
			return
		}
	}
	h.t.Fatalf("the store has %d subscriptions, want %d", got, n)
}

// phone is a subscriber on a stack of its own.
type phone struct {
	t        *testing.T
	house    *house
	stack    *sip.Stack
	tr       *sip.Transport
	notifies chan *sip.Request

	mu       sync.Mutex
	answer   func(*sip.Request) *sip.Response // to a NOTIFY; nil: 200
	seq      uint32
	callID   string
	from, to string
}

func newPhone(t *testing.T, h *house) *phone {
	t.Helper()
	p := &phone{t: t, house: h, notifies: make(chan *sip.Request, 100), callID: sip.NewCallID(), from: "<sip:alice@127.0.0.1>;tag=" + sip.NewTag()}
	p.stack = sip.New(sip.Config{T1: 10 * time.Millisecond, Log: zerolog.Nop(), OnRequest: func(tx *sip.ServerTx) {
		res := sip.NewResponse(tx.Request, 200, "", nil)
		p.mu.Lock()
		if p.answer != nil {
			res = p.answer(tx.Request)
		}
		p.mu.Unlock()
		p.notifies <- tx.Request
		if res != nil {
			_ = tx.Respond(res)
		}
	}})
	var err error
	if p.tr, err = p.stack.Listen(sip.TransportConfig{Name: "udp", Protocol: "udp", Bind: netip.MustParseAddrPort("127.0.0.1:0")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stack.Close()
	})
	return p
}

func (p *phone) answers(f func(*sip.Request) *sip.Response) { p.mu.Lock(); p.answer = f; p.mu.Unlock() }

func (p *phone) uri() string { return "sip:alice@" + p.tr.LocalAddr().String() }

// subscribe sends a SUBSCRIBE, the first or a further one; headers are "Name: value".
func (p *phone) subscribe(exten string, headers ...string) *sip.Response {
	p.t.Helper()
	uri, err := sip.ParseURI("sip:" + exten + "@" + p.house.tr.LocalAddr().String())
	if err != nil {
		p.t.Fatal(err)
	}
	to := p.to
	if to == "" {
		to = "<" + uri.String() + ">"
	}
	p.seq++
	req := sip.NewRequest(sip.SUBSCRIBE, *uri)
	all := append([]string{"From: " + p.from, "To: " + to, "Call-ID: " + p.callID, fmt.Sprintf("CSeq: %d SUBSCRIBE", p.seq)}, headers...)
	if !slices.Contains(headers, "no Contact: ") {
		all = append(all, "Contact: <"+p.uri()+">")
	}
	for _, h := range all {
		name, value, _ := strings.Cut(h, ": ")
		req.AppendHeader(sip.NewHeader(name, value))
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	tx, err := p.stack.Request(ctx, sip.Hop{Transport: p.tr, Addr: p.house.tr.LocalAddr()}, req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer tx.Terminate()
	for {
		res, err := tx.Next(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		if res.StatusCode >= 200 {
			if res.StatusCode < 300 {
				p.to = res.To().Value()
			}
			return res
		}
	}
}

// told waits for a NOTIFY and checks that each text is in it; "! text" that it is not.
func (p *phone) told(want ...string) *sip.Request {
	p.t.Helper()
	select {
	case req := <-p.notifies:
		text := req.String()
		for _, w := range want {
			not, isNot := strings.CutPrefix(w, "! ")
			if isNot == strings.Contains(text, not) {
				p.t.Fatalf("want %q in\n%s", w, text)
			}
		}
		return req
	case <-time.After(soon):
		p.t.Fatalf("no NOTIFY with %q", want)
		return nil
	}
}
