package registrar

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
	"asterism/engine/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move. It fires nothing: tests that need Run use synctest.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time                                 { return c.now }
func (c *clock) After(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }

// bench is a registrar with its surroundings.
type bench struct {
	*Registrar
	t      testing.TB
	clock  *clock
	store  *store.Memory
	events *event.Subscription
	pjsip  *config.PJSIP
	cseq   int
}

func aorNamed(name string, change func(*config.AOR)) *config.AOR {
	a := &config.AOR{Name: name, MaxContacts: 1, DefaultExpiration: time.Hour, MinimumExpiration: time.Minute,
		MaximumExpiration: 2 * time.Hour, QualifyTimeout: 3 * time.Second}
	if change != nil {
		change(a)
	}
	return a
}

func newBench(t testing.TB, change func(*config.AOR)) *bench {
	c := &clock{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	b := &bench{t: t, clock: c, store: store.NewMemory(c.Now)}
	b.pjsip = &config.PJSIP{
		AORs:      map[string]*config.AOR{"alice": aorNamed("alice", change), "bob": aorNamed("bob", nil)},
		Endpoints: map[string]*config.Endpoint{"alice": {Name: "alice", AORs: []string{"alice"}}, "bob": {Name: "bob", AORs: []string{"bob"}}},
	}
	bus := event.NewBus(zerolog.Nop())
	b.events = bus.Subscribe("test")
	b.Registrar = New(Config{Store: b.store, Events: bus, Clock: c})
	b.Configure(b.pjsip)
	return b
}

func (b *bench) endpoint() *config.Endpoint { return b.pjsip.Endpoints["alice"] }

var phone = source{addr: netip.MustParseAddrPort("192.0.2.10:5062"), protocol: "udp", listener: "transport-udp"}

// register sends a REGISTER with more header lines, each "Name: value". Call-ID and CSeq come by themselves unless given.
func (b *bench) register(headers ...string) *sip.Response {
	b.t.Helper()
	b.cseq++
	return b.handle(request(b.t, b.cseq, headers...), phone, b.endpoint(), nil)
}

func request(t testing.TB, cseq int, headers ...string) *sip.Request {
	t.Helper()
	uri, err := sip.ParseURI("sip:pbx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	req := sip.NewRequest(sip.REGISTER, *uri)
	all := []string{"Via: SIP/2.0/UDP 10.0.0.10:5060;branch=z9hG4bK1", "From: <sip:alice@pbx.example.org>;tag=1", "To: <sip:alice@pbx.example.org>",
		"Call-ID: call-1", fmt.Sprintf("CSeq: %d REGISTER", cseq)}
	for _, h := range headers {
		name, _, _ := strings.Cut(h, ":")
		all = slices.DeleteFunc(all, func(old string) bool {
			return strings.HasPrefix(old, name+":") && name != "Contact" && name != "Path"
		})
		all = append(all, h)
	}
	for _, h := range all {
		name, value, _ := strings.Cut(h, ": ")
		req.AppendHeader(typed(t, name, value))
	}
	return req
}

// typed builds the header fields that sipgo keeps typed, as its parser would.
func typed(t testing.TB, name, value string) sip.Header {
	t.Helper()
	switch name {
	case "From", "To":
		a, err := sip.ParseAddress(value)
		if err != nil {
			t.Fatal(err)
		}
		if name == "From" {
			return &sip.FromHeader{DisplayName: a.DisplayName, Address: a.URI, Params: a.Params}
		}
		return &sip.ToHeader{DisplayName: a.DisplayName, Address: a.URI, Params: a.Params}
	case "CSeq":
		var h sip.CSeqHeader
		if _, err := fmt.Sscan(value, &h.SeqNo, (*string)(&h.MethodName)); err != nil {
			t.Fatal(err)
		}
		return &h
	case "Call-ID":
		h := sip.CallIDHeader(value)
		return &h
	}
	return sip.NewHeader(name, value)
}

// want compares the answer: its status, then the Contact values.
func (b *bench) want(res *sip.Response, status int, contacts ...string) {
	b.t.Helper()
	if res.StatusCode != status {
		b.t.Fatalf("status %d, want %d", res.StatusCode, status)
	}
	if got := sip.HeaderValues(res, "Contact"); status == 200 && !slices.Equal(got, contacts) {
		b.t.Fatalf("contacts %q, want %q", got, contacts)
	}
}

// wantStored compares the URIs in the store with the contacts in memory.
func (b *bench) wantStored() {
	b.t.Helper()
	var memory, stored []string
	for _, c := range b.All() {
		if !c.Static {
			memory = append(memory, c.AOR+" "+c.URI)
		}
	}
	for _, c := range b.load(func(string) bool { return true }) {
		stored = append(stored, c.AOR+" "+c.URI)
	}
	slices.Sort(memory)
	slices.Sort(stored)
	if !slices.Equal(memory, stored) {
		b.t.Errorf("memory %q, store %q", memory, stored)
	}
}

// happened lists the events since the last call, as "Added sip:…".
func (b *bench) happened() []string {
	var list []string
	for {
		select {
		case e := <-b.events.C():
			switch e := e.(type) {
			case event.ContactAdded:
				list = append(list, "added "+e.Contact.URI)
			case event.ContactRefreshed:
				list = append(list, "refreshed "+e.Contact.URI)
			case event.ContactRemoved:
				list = append(list, e.Reason+" "+e.Contact.URI)
			case event.ContactStatusChanged:
				list = append(list, e.Was+"→"+e.Contact.Status+" "+e.Contact.URI)
			default:
				list = append(list, fmt.Sprintf("%T", e))
			}
		default:
			return list
		}
	}
}

func (b *bench) wantEvents(want ...string) {
	b.t.Helper()
	if got := b.happened(); !slices.Equal(got, want) {
		b.t.Errorf("events %q, want %q", got, want)
	}
}

const ph1, ph2 = "sip:alice@10.0.0.10:5060", "sip:alice@10.0.0.11:5060"

func TestARegistrationsLife(t *testing.T) {
	b := newBench(t, nil)
	res := b.register("Contact: <"+ph1+">", "Expires: 600", "User-Agent: Phone\x01/1")
	b.want(res, 200, "<"+ph1+">;expires=600")
	if got := sip.HeaderValue(res, "Date"); got != "Wed, 04 Mar 2026 05:06:07 GMT" {
		t.Errorf("Date %q", got)
	}
	if got := sip.HeaderValue(res, "Expires"); got != "600" {
		t.Errorf("Expires %q", got)
	}
	b.wantEvents("added " + ph1)
	b.wantStored()
	c := b.Contacts("alice")[0]
	want := Contact{AOR: "alice", Endpoint: "alice", URI: ph1, Original: ph1, Received: phone.addr, Transport: "udp", Listener: "transport-udp",
		ViaHost: "10.0.0.10", ViaPort: 5060, UserAgent: "Phone/1", CallID: "call-1", CSeq: 1, Registered: b.clock.now, Expires: b.clock.now.Add(10 * time.Minute)}
	if fmt.Sprintf("%+v", c) != fmt.Sprintf("%+v", want) {
		t.Errorf("contact\n%+v, want\n%+v", c, want)
	}

	b.clock.now = b.clock.now.Add(100*time.Second + 500*time.Millisecond)
	b.want(b.register(), 200, "<"+ph1+">;expires=499") // a query
	b.want(b.register("Contact: \"A\" <"+ph1+">;expires=600;q=0.5"), 200, "<"+ph1+">;expires=600")
	b.wantEvents("refreshed " + ph1)

	b.clock.now = b.clock.now.Add(600 * time.Second)
	if got := b.Contacts("alice"); len(got) != 0 {
		t.Errorf("after its end: %v", got)
	}
	b.want(b.register("Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	b.want(b.register("Contact: <"+ph1+">;expires=0"), 200)
	b.want(b.register("Contact: <"+ph1+">;expires=0"), 200) // removing what is not there is forgiven
	b.wantStored()
}

func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		name, param, header string
		want                int // 0: removed
	}{
		{"default", "", "", 3600},
		{"header", "", "Expires: 600", 600},
		{"the parameter wins", ";expires=700", "Expires: 600", 700},
		{"raised to the minimum", ";expires=1", "", 60},
		{"lowered to the maximum", ";expires=999999", "", 7200},
		{"past 32 bits", ";expires=99999999999999999999", "", 7200},
		{"zero is zero", ";expires=0", "Expires: 600", 0},
		{"zero in the header", "", "Expires: 0", 0},
		{"no number counts as none", ";expires=soon", "Expires: 600", 600},
		{"negative counts as none", ";expires=-1", "Expires: junk", 3600},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			headers := []string{"Contact: <" + ph1 + ">" + c.param}
			if c.header != "" {
				headers = append(headers, c.header)
			}
			res := b.register(headers...)
			if c.want == 0 {
				b.want(res, 200)
			} else {
				b.want(res, 200, fmt.Sprintf("<%s>;expires=%d", ph1, c.want))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	long := "sip:" + strings.Repeat("a", maxURI) + "@h"
	var many []string
	for i := range maxOffers + 1 {
		many = append(many, fmt.Sprintf("Contact: <sip:alice@10.0.0.10:%d>", 5060+i))
	}
	for _, c := range []struct {
		name     string
		endpoint config.Endpoint
		headers  []string
		status   int
	}{
		{"no aors", config.Endpoint{}, nil, 403},
		{"another's AOR", config.Endpoint{AORs: []string{"alice"}}, []string{"To: <sip:bob@pbx.example.org>", "Contact: <" + ph1 + ">"}, 404},
		{"another's AOR in another case", config.Endpoint{AORs: []string{"alice"}}, []string{"To: <sip:Alice@pbx.example.org>"}, 404},
		{"no user", config.Endpoint{AORs: []string{"alice"}}, []string{"To: <sip:pbx.example.org>"}, 404},
		{"an AOR that is not configured", config.Endpoint{AORs: []string{"carol"}}, []string{"To: <sip:carol@pbx.example.org>"}, 404},
		{"tel", config.Endpoint{AORs: []string{"alice"}}, []string{"To: <tel:+1234>"}, 416},
		{"star with time", config.Endpoint{AORs: []string{"alice"}}, []string{"Contact: *", "Expires: 60"}, 400},
		{"star without Expires", config.Endpoint{AORs: []string{"alice"}}, []string{"Contact: *"}, 400},
		{"star among others", config.Endpoint{AORs: []string{"alice"}}, []string{"Contact: <" + ph1 + ">", "Contact: *", "Expires: 0"}, 400},
		{"no URI", config.Endpoint{AORs: []string{"alice"}}, []string{"Contact: <sip:>"}, 400},
		{"endless URI", config.Endpoint{AORs: []string{"alice"}}, []string{"Contact: <" + long + ">"}, 400},
		{"too many at once", config.Endpoint{AORs: []string{"alice"}}, many, 400},
		{"extension", config.Endpoint{AORs: []string{"alice"}}, []string{"Require: path, outbound"}, 420},
		{"max_contacts=0", config.Endpoint{AORs: []string{"closed"}}, []string{"To: <sip:closed@pbx.example.org>"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			b.pjsip.AORs["closed"] = aorNamed("closed", func(a *config.AOR) { a.MaxContacts = 0 })
			b.Configure(b.pjsip)
			res := b.handle(request(t, 1, c.headers...), phone, &c.endpoint, nil)
			b.want(res, c.status)
			if c.status == 420 && sip.HeaderValue(res, "Unsupported") != "outbound" {
				t.Errorf("Unsupported %q", sip.HeaderValue(res, "Unsupported"))
			}
			if got := b.All(); len(got) != 0 {
				t.Errorf("contacts %v", got)
			}
		})
	}
}

func TestAORsWithDomains(t *testing.T) {
	b := newBench(t, nil)
	b.pjsip.AORs["alice@a.example"] = aorNamed("alice@a.example", nil)
	b.pjsip.DomainAliases = map[string]string{"alias.example": "a.example"}
	b.endpoint().AORs = []string{"alice", "alice@a.example"}
	b.Configure(b.pjsip)
	for to, want := range map[string]string{"alice@a.example": "alice@a.example", "alice@alias.example": "alice@a.example", "alice@b.example": "alice"} {
		b.want(b.register("To: <sip:"+to+">", "Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
		if got := b.Contacts(want); len(got) != 1 {
			t.Errorf("To %s: %s has %d contacts", to, want, len(got))
		}
		b.want(b.register("To: <sip:"+to+">", "Contact: *", "Expires: 0"), 200)
	}
}

func TestMaxContacts(t *testing.T) {
	c1, c2, c3 := "Contact: <sip:a@10.0.0.1>", "Contact: <sip:a@10.0.0.2>", "Contact: <sip:a@10.0.0.3>"
	all := func(b *bench) string {
		var list []string
		for _, c := range b.Contacts("alice") {
			list = append(list, strings.TrimPrefix(c.URI, "sip:a@10.0.0."))
		}
		slices.Sort(list)
		return strings.Join(list, "")
	}
	step := func(b *bench, status int, want string, headers ...string) {
		b.t.Helper()
		b.clock.now = b.clock.now.Add(time.Second)
		if res := b.register(headers...); res.StatusCode != status || all(b) != want {
			b.t.Fatalf("%q: %d with contacts %q, want %d with %q", headers, res.StatusCode, all(b), status, want)
		}
		b.wantStored()
	}
	t.Run("refused", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.MaxContacts = 2 })
		step(b, 200, "12", c1, c2)
		step(b, 403, "12", c3)
		step(b, 200, "12", c1)
		step(b, 200, "23", c1+";expires=0", c3)
		step(b, 403, "23", c1, c2, c3)
	})
	t.Run("remove_existing", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.MaxContacts, a.RemoveExisting = 2, true })
		step(b, 200, "12", c1+";expires=600", c2+";expires=300")
		b.happened()
		step(b, 200, "13", c3) // 2 expires soonest
		b.wantEvents("replaced sip:a@10.0.0.2", "added sip:a@10.0.0.3")
		step(b, 403, "13", c1, c2, c3)
		step(b, 200, "12", c1, c2)
	})
	t.Run("remove_unavailable", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.MaxContacts, a.RemoveUnavailable = 2, true })
		step(b, 200, "12", c1, c2)
		step(b, 403, "12", c3)
		b.aors["alice"].bindings[1].Status = Unreachable
		step(b, 200, "13", c3)
	})
	t.Run("remove_existing and remove_unavailable", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.MaxContacts, a.RemoveExisting, a.RemoveUnavailable = 2, true, true })
		step(b, 200, "12", c1+";expires=600", c2+";expires=300")
		b.aors["alice"].bindings[0].Status = Unreachable
		step(b, 200, "23", c3)
	})
	t.Run("static contacts do not count", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.Contact = []string{"sip:a@10.0.0.9"} })
		step(b, 200, "19", c1)
		if got := sip.HeaderValues(b.register(), "Contact"); fmt.Sprint(got) != "[<sip:a@10.0.0.1>;expires=3599 <sip:a@10.0.0.9>]" && len(got) != 2 {
			t.Errorf("contacts %q", got)
		}
		step(b, 403, "19", c2)
		step(b, 200, "9", "Contact: *", "Expires: 0")
	})
	t.Run("a lowered limit holds for the next REGISTER", func(t *testing.T) {
		b := newBench(t, func(a *config.AOR) { a.MaxContacts = 2 })
		step(b, 200, "12", c1, c2)
		b.pjsip = &config.PJSIP{AORs: map[string]*config.AOR{"alice": aorNamed("alice", nil)}, Endpoints: b.pjsip.Endpoints}
		b.Configure(b.pjsip)
		step(b, 403, "12", c1)
		step(b, 200, "1", c2+";expires=0")
		step(b, 200, "1", c1)
	})
	t.Run("one named twice is one", func(t *testing.T) {
		b := newBench(t, nil)
		step(b, 200, "1", c1, c1)
		step(b, 200, "1", c1+";expires=0", c1)
		step(b, 200, "", c1, c1+";expires=0")
	})
}

func TestAllOrNothing(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.MaxContacts = 1 })
	b.want(b.register("Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	before := fmt.Sprint(b.All())
	b.happened()
	b.want(b.register("Contact: <"+ph1+">;expires=60", "Contact: <"+ph2+">"), 403)
	if after := fmt.Sprint(b.All()); after != before {
		t.Errorf("contacts\n%s, were\n%s", after, before)
	}
	b.wantEvents()
	b.wantStored()
}

func TestOrder(t *testing.T) {
	b := newBench(t, nil)
	b.want(b.register("CSeq: 10 REGISTER", "Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	for _, headers := range [][]string{{"Contact: <" + ph1 + ">"}, {"Contact: <" + ph1 + ">;expires=0"}, {"Contact: *", "Expires: 0"}} {
		b.want(b.register(append(headers, "CSeq: 9 REGISTER")...), 500)
		b.want(b.register(append(headers, "CSeq: 10 REGISTER")...), 500)
	}
	b.want(b.register("CSeq: 3 REGISTER"), 200, "<"+ph1+">;expires=3600") // a query changes nothing
	b.want(b.register("CSeq: 1 REGISTER", "Call-ID: other", "Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	b.want(b.register("CSeq: 2 REGISTER", "Call-ID: other", "Contact: *", "Expires: 0"), 200)

	b.want(b.register("CSeq: 500 REGISTER", "Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	b.clock.now = b.clock.now.Add(reorderWindow)
	b.want(b.register("CSeq: 1 REGISTER", "Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600") // restarted
}

func TestURIsAreComparedByMeaning(t *testing.T) {
	b := newBench(t, nil)
	b.want(b.register("Contact: <sip:%61lice@Phone.Example;transport=udp>"), 200, "<sip:%61lice@Phone.Example;transport=udp>;expires=3600")
	b.want(b.register("Contact: <sip:alice@phone.example;transport=UDP>;expires=100"), 200, "<sip:alice@phone.example;transport=UDP>;expires=100")
	b.want(b.register("Contact: <sip:alice@phone.example>"), 403) // transport= counts
	b.want(b.register("Contact: <sip:alice@phone.example;transport=udp>;expires=0"), 200)
	b.want(b.register("Contact: <mailto:alice@example.org>"), 200) // skipped
	b.wantStored()
}

func TestRewriteContact(t *testing.T) {
	b := newBench(t, nil)
	b.endpoint().RewriteContact = true
	from := func(addr, protocol string, headers ...string) *sip.Response {
		b.cseq++
		return b.handle(request(t, b.cseq, headers...), source{netip.MustParseAddrPort(addr), protocol, "x"}, b.endpoint(), nil)
	}
	contact := "Contact: <sip:alice@10.0.0.10:5060;transport=tcp;ob>"
	for _, c := range []struct{ addr, protocol, uri string }{
		{"192.0.2.1:1024", "udp", "sip:alice@192.0.2.1:1024;ob"},
		{"192.0.2.1:4000", "udp", "sip:alice@192.0.2.1:4000;ob"}, // its NAT gave it another port: still one contact
		{"192.0.2.1:4000", "tcp", "sip:alice@192.0.2.1:4000;ob;transport=tcp"},
		{"[2001:db8::1]:4000", "udp", "sip:alice@[2001:db8::1]:4000;ob"},
		{"[::ffff:192.0.2.1]:4000", "udp", "sip:alice@192.0.2.1:4000;ob"},
	} {
		b.want(from(c.addr, c.protocol, contact), 200, "<sip:alice@10.0.0.10:5060;transport=tcp;ob>;expires=3600")
		if got := b.Contacts("alice"); len(got) != 1 || got[0].URI != c.uri || got[0].Pruned != (c.protocol == "tcp") {
			t.Errorf("%s: %+v", c.addr, got)
		}
		b.wantStored()
	}
	// Another phone with the same private address behind another NAT is another phone.
	b.want(from("198.51.100.1:1024", "udp", contact, "Call-ID: other"), 403)
	b.want(from("192.0.2.1:5555", "udp", "Contact: <sip:alice@10.0.0.10:5060;transport=tcp;ob>;expires=0"), 200)
	b.wantStored()
}

func TestPath(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.SupportPath = true })
	path := []string{"Path: <sip:p1.example;lr>,<sip:p2.example;lr>", "Path: <sip:p3.example;lr>"}
	b.want(b.register(append(path, "Contact: <"+ph1+">")...), 420)
	res := b.register(append(path, "Contact: <"+ph1+">", "Supported: gruu, PATH")...)
	b.want(res, 200, "<"+ph1+">;expires=3600")
	want := "[<sip:p1.example;lr> <sip:p2.example;lr> <sip:p3.example;lr>]"
	if got := fmt.Sprint(sip.HeaderValues(res, "Path")); got != want {
		t.Errorf("Path %s", got)
	}
	if got := fmt.Sprint(b.Contacts("alice")[0].Path); got != want {
		t.Errorf("stored Path %s", got)
	}
	b.want(b.register("Contact: <"+ph1+">", "Supported: path", "Path: junk"), 400)
	b.want(b.register("Contact: <"+ph1+">", "Supported: path", "Path: <sip:"+strings.Repeat("p", 200)+".example;"+strings.Repeat("x", maxPathBytes)+">"), 400)

	plain := newBench(t, nil)
	plain.want(plain.register(append(path, "Contact: <"+ph1+">")...), 200, "<"+ph1+">;expires=3600")
	if got := plain.Contacts("alice")[0].Path; len(got) != 0 {
		t.Errorf("without support_path: %q", got)
	}
}

func TestContactsAreCopiesInOrder(t *testing.T) {
	b := newBench(t, func(a *config.AOR) {
		a.MaxContacts, a.SupportPath, a.Contact = 9, true, []string{"sip:static@h", "sip:static@h"}
	})
	for i, status := range []Status{Unreachable, Unknown, Reachable, NonQualified, Reachable} {
		b.clock.now = b.clock.now.Add(time.Second)
		b.register(fmt.Sprintf("Contact: <sip:c%d@h>", i), "Supported: path", "Path: <sip:p;lr>")
		b.aors["alice"].bindings[i+1].Status = status
	}
	var got []string
	for _, c := range b.Contacts("alice") {
		got = append(got, c.URI[4:strings.Index(c.URI, "@")])
	}
	if want := "c4 c2 c3 c1 static c0"; strings.Join(got, " ") != want {
		t.Errorf("order %q, want %s", got, want)
	}
	b.Contacts("alice")[0].Path[0] = "changed"
	if b.Contacts("alice")[0].Path[0] != "<sip:p;lr>" {
		t.Error("Contacts hands out its own slices")
	}
	if b.Contacts("nobody") != nil || len(b.All()) != 6 {
		t.Error("All or an unknown AOR")
	}
}
