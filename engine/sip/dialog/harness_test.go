package dialog

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"asterism/engine/sip"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// stackT1 is the T1 of stacks here; sipgo has one a process: Timers B and F are 640 ms. testT1 is that of layers, less hurried, because the
// machine may be busy; tests of what happens at the end of a layer's patience take hasty.
const (
	stackT1 = 10 * time.Millisecond
	testT1  = 20 * time.Millisecond
	hasty   = 3 * time.Millisecond
)

// soon bounds every wait of a test for something that must happen.
const soon = 5 * time.Second

// pbx is our side: a real stack, a layer, and a leg for each dialog.
type pbx struct {
	t     testing.TB
	stack *sip.Stack
	layer *Layer
	tr    *sip.Transport
	legs  chan *leg // of INVITEs that came in
	made  []*leg    // all
	mu    sync.Mutex
	opts  Options
}

func newPBX(t testing.TB, proto string, timers ...Config) *pbx {
	t.Helper()
	x := startPBX(t, proto, append(timers, Config{})[0])
	t.Cleanup(func() {
		x.stop()
		goleak.VerifyNone(t)
	})
	return x
}

func startPBX(t testing.TB, proto string, cfg Config) *pbx {
	t.Helper()
	x := &pbx{t: t, legs: make(chan *leg, 2000)}
	x.stack = sip.New(sip.Config{T1: stackT1, Log: zerolog.Nop(), OnRequest: x.request,
		OnACK:      func(_ *sip.Transport, req *sip.Request) { x.layer.DeliverACK(req) },
		OnResponse: func(_ *sip.Transport, res *sip.Response) { x.layer.DeliverResponse(res) }})
	cfg.Stack, cfg.Log, cfg.T1 = x.stack, zerolog.Nop(), cmp.Or(cfg.T1, testT1)
	cfg.T2 = 8 * cfg.T1
	x.layer = New(cfg)
	tr, err := x.stack.Listen(sip.TransportConfig{Name: proto, Protocol: proto, Bind: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	x.tr = tr
	contact := "<sip:pbx@" + tr.LocalAddr().String() + ">"
	if proto == "tcp" {
		contact = "<sip:pbx@" + tr.LocalAddr().String() + ";transport=tcp>"
	}
	x.option(func(o *Options) { *o = Options{Contact: contact, Log: zerolog.Nop()} })
	return x
}

// now makes another test the one that fails.
func (x *pbx) now(t testing.TB) {
	x.mu.Lock()
	x.t, x.made = t, nil
	x.mu.Unlock()
}

// option changes what dialogs to come are made with.
func (x *pbx) option(change func(*Options)) Options {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(&x.opts)
	return x.opts
}

func (x *pbx) options() Options { return x.option(func(*Options) {}) }

// stop ends everything and checks that each dialog told its end once, and nothing after it.
func (x *pbx) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 100*testT1)
	defer cancel()
	x.layer.Close(ctx)
	if n := x.layer.Len(); n != 0 {
		x.t.Errorf("%d dialogs are left", n)
	}
	x.layer.mu.Lock()
	n := len(x.layer.ackers) + len(x.layer.invited)
	x.layer.mu.Unlock()
	if n != 0 {
		x.t.Errorf("%d remnants of dialogs are left", n)
	}
	x.stack.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, l := range x.made {
		l.mu.Lock()
		if l.ends != 1 || l.late != "" {
			x.t.Errorf("leg %d ended %d times; after the end it heard %q", i, l.ends, l.late)
		}
		l.mu.Unlock()
	}
}

func (x *pbx) request(tx *sip.ServerTx) {
	switch {
	case sip.ToTag(tx.Request) != "":
		if !x.layer.Deliver(tx) {
			respond(tx, 481)
		}
	case x.layer.Merged(tx.Request):
		respond(tx, 482)
	case tx.Request.Method == sip.INVITE:
		l := x.leg()
		l.d = x.layer.Accept(tx, l, x.options())
		x.legs <- l
	default:
		respond(tx, 481)
	}
}

func (x *pbx) leg() *leg {
	x.mu.Lock()
	defer x.mu.Unlock()
	l := &leg{t: x.t, events: make(chan string, 1000), status: 200, answer: []byte("answer")}
	x.made = append(x.made, l)
	return l
}

// call invites a phone.
func (x *pbx) call(p *phone, change ...func(*Call)) *leg {
	x.t.Helper()
	c := Call{Target: *sip.NewAddrURI("phone", p.addr()), Hop: sip.Hop{Transport: x.tr, Addr: p.addr()}, From: `"PBX" <sip:pbx@example.com>`,
		To: "<sip:phone@example.com>", Offer: []byte("offer"), Headers: []sip.Header{sip.NewHeader("X-Test", "1")}}
	for _, f := range change {
		f(&c)
	}
	l := x.leg()
	l.d = x.layer.Invite(c, l, x.options())
	return l
}

// incoming is the leg of the INVITE a phone has just sent.
func (x *pbx) incoming() *leg {
	x.t.Helper()
	select {
	case l := <-x.legs:
		return l
	case <-time.After(soon):
		x.t.Fatal("no call came in")
		return nil
	}
}

// leg is the handler of a dialog: it writes down what it hears.
type leg struct {
	t      testing.TB
	d      *Dialog
	events chan string

	mu     sync.Mutex
	react  func() // called by Request
	heard  []string
	status int // of Offer
	answer []byte
	bomb   string // panics in this method
	ends   int
	late   string
	end    End
}

func (l *leg) say(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	l.mu.Lock()
	l.heard = append(l.heard, s)
	if l.ends > 0 {
		l.late += s + "; "
	}
	bomb := l.bomb != "" && strings.HasPrefix(s, l.bomb)
	l.mu.Unlock()
	select {
	case l.events <- s:
	default:
	}
	if bomb {
		panic("bomb")
	}
}

func (l *leg) Provisional(res *sip.Response) { l.say("provisional %d", res.StatusCode) }
func (l *leg) Accepted(res *sip.Response) []byte {
	l.say("accepted %d", res.StatusCode)
	return nil
}
func (l *leg) Failed(res *sip.Response, err error) {
	if res != nil {
		l.say("failed %d", res.StatusCode)
		return
	}
	l.say("failed %v", err)
}
func (l *leg) Offer(offer []byte) ([]byte, int) {
	l.say("offer %s", offer)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answer, l.status
}
func (l *leg) AckBody(body []byte) { l.say("ack %s", body) }
func (l *leg) Request(tx *sip.ServerTx) {
	l.say("request %s", tx.Request.Method)
	l.mu.Lock()
	react := l.react
	l.mu.Unlock()
	if react != nil {
		react()
	}
	respond(tx, 200)
}
func (l *leg) Ended(e End) {
	why := "us"
	switch {
	case e.Request != nil:
		why = string(e.Request.Method)
	case e.Response != nil:
		why = strconv.Itoa(e.Response.StatusCode)
	case e.Err != nil:
		why = e.Err.Error()
	}
	l.mu.Lock()
	l.end = e
	l.mu.Unlock()
	l.say("ended %s", why)
	l.mu.Lock()
	l.ends++
	l.mu.Unlock()
}

// gone is how the dialog ended.
func (l *leg) gone() End {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// lateness is what was heard after the end, once.
func (l *leg) lateness() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.late
	l.late = ""
	return late
}

// await waits until the dialog has come to a state.
func (l *leg) await(want state) {
	l.t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(time.Millisecond / 4) {
		got := make(chan state, 1)
		if l.d.post(func() { got <- l.d.state }) && <-got == want {
			return
		}
	}
	l.t.Fatalf("the dialog does not come to state %d", want)
}

// expect wants the next events in this order.
func (l *leg) expect(want ...string) {
	l.t.Helper()
	for _, w := range want {
		select {
		case got := <-l.events:
			if !strings.HasPrefix(got, w) {
				l.t.Fatalf("leg heard %q, want %q", got, w)
			}
		case <-time.After(soon):
			l.t.Fatalf("leg heard nothing, want %q", w)
		}
	}
}

// block stops the dialog's goroutine until the function returned is called.
func (l *leg) block() (release func()) {
	in, out := make(chan struct{}), make(chan struct{})
	l.d.post(func() { close(in); <-out })
	<-in
	return func() { close(out) }
}

// queued waits until so much is in the mailbox of a dialog that is blocked.
func (l *leg) queued(n int) {
	l.t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(time.Millisecond / 4) {
		l.d.mailbox.mu.Lock()
		got := len(l.d.mailbox.queue)
		l.d.mailbox.mu.Unlock()
		if got >= n {
			return
		}
	}
	l.t.Fatalf("the mailbox does not come to hold %d", n)
}

// over waits for the dialog's goroutine.
func (l *leg) over() {
	l.t.Helper()
	select {
	case <-l.d.Done():
	case <-time.After(soon):
		l.t.Fatal("the dialog does not end")
	}
}

func eachProto(t *testing.T, f func(t *testing.T, x *pbx, p *phone)) {
	for _, proto := range []string{"udp", "tcp"} {
		t.Run(proto, func(t *testing.T) {
			x := newPBX(t, proto)
			f(t, x, newPhone(t, proto))
		})
	}
}

func udpPair(t *testing.T, timers ...Config) (*pbx, *phone) {
	x := newPBX(t, "udp", timers...)
	return x, newPhone(t, "udp")
}
