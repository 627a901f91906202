package registrar

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"asterism/engine/config"
	"asterism/engine/sip"
	"asterism/engine/store"
)

// However a REGISTER's Contact fields look: it is answered, limits hold, memory and store agree, and a 200 lists exactly
// the contacts there are, each within the AOR's expiry. A refused one changes nothing.
func FuzzRegister(f *testing.F) {
	f.Add("<sip:alice@10.0.0.1>;expires=60", "<sip:alice@10.0.0.2:5070;transport=tcp>", "120", true, uint8(2), uint8(0))
	f.Add("*", "", "0", false, uint8(1), uint8(1))
	f.Add(`"A, B" <sips:%41@[::1];x=y?h=v>;q=0.1,<sip:b@c>`, "sip:a@b;expires=0", "x", false, uint8(3), uint8(3))
	f.Fuzz(func(t *testing.T, first, second, expires string, rewrite bool, maxContacts, options uint8) {
		b := newBench(t, func(a *config.AOR) {
			a.MaxContacts = int(maxContacts%8) + 1
			a.RemoveExisting, a.RemoveUnavailable = options&1 != 0, options&2 != 0
		})
		b.endpoint().RewriteContact = rewrite
		b.register("Contact: <"+ph1+">", "Call-ID: other")
		for _, contact := range []string{first, second, first} {
			before := fmt.Sprint(b.Contacts("alice"))
			b.cseq++
			req := request(t, b.cseq)
			req.AppendHeader(sip.NewHeader("Contact", contact))
			req.AppendHeader(sip.NewHeader("Expires", expires))
			res := b.handle(req, phone, b.endpoint(), nil)
			contacts := b.Contacts("alice")
			if res.StatusCode != 200 {
				if res.StatusCode < 400 || fmt.Sprint(contacts) != before {
					t.Fatalf("%q: %d; contacts\n%v, were\n%s", contact, res.StatusCode, contacts, before)
				}
				continue
			}
			if len(contacts) > b.pjsip.AORs["alice"].MaxContacts {
				t.Fatalf("%q: %d contacts", contact, len(contacts))
			}
			listed, err := sip.ParseAddressList(res, "Contact")
			if err != nil || len(listed) != len(contacts) {
				t.Fatalf("%q: 200 lists %q (%v), there are %+v", contact, sip.HeaderValues(res, "Contact"), err, contacts)
			}
			for i, c := range contacts {
				if left := c.Expires.Sub(b.clock.now); left < time.Minute || left > 2*time.Hour || len(c.URI) > maxURI {
					t.Fatalf("%q: %+v", contact, c)
				}
				if uri, err := sip.ParseURI(c.Original); err != nil || !sip.EqualURI(uri, &listed[i].URI) {
					t.Fatalf("%q: listed as %s (%v)", contact, listed[i].String(), err)
				}
			}
			b.wantStored()
		}
	})
}

func BenchmarkRegister(b *testing.B) {
	for name, s := range map[string]func() store.Store{
		"memory": func() store.Store { return store.NewMemory(nil) },
		"sqlite": func() store.Store {
			s, err := store.OpenSQLite(b.TempDir()+"/astdb.sqlite3", store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			return s
		},
	} {
		b.Run(name, func(b *testing.B) {
			st := s()
			defer st.Close()
			r := New(Config{Store: st})
			const phones = 1000
			cfg := &config.PJSIP{AORs: map[string]*config.AOR{}}
			var requests []*sip.Request
			for i := range phones {
				name := fmt.Sprint(1000 + i)
				cfg.AORs[name] = aorNamed(name, nil)
				requests = append(requests, request(b, 1, "To: <sip:"+name+"@pbx>", "Contact: <sip:"+name+"@10.0.0.10:5060>;expires=600", "User-Agent: Phone/1.0"))
			}
			r.Configure(cfg)
			endpoints := make([]*config.Endpoint, phones)
			for i := range phones {
				endpoints[i] = &config.Endpoint{AORs: []string{fmt.Sprint(1000 + i)}, RewriteContact: true}
			}
			b.ReportAllocs()
			start := cpuTime(b)
			for i := 0; b.Loop(); i++ {
				req := requests[i%phones]
				req.CSeq().SeqNo++
				if res := r.handle(req, phone, endpoints[i%phones], nil); res.StatusCode != 200 {
					b.Fatal(res.StatusCode)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpuTime is what the process has used. The budget is CPU: 100 µs a REGISTER, the store included.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Real stacks on loopback: a phone registers, is asked by OPTIONS, and goes.
func TestOnTheWire(t *testing.T) {
	var r *Registrar
	endpoint := &config.Endpoint{Name: "alice", AORs: []string{"alice"}, RewriteContact: true}
	pbx := sip.New(sip.Config{OnRequest: func(tx *sip.ServerTx) { r.Register(tx, endpoint) }})
	defer pbx.Close()
	asked := make(chan *sip.Request, 10)
	peer := sip.New(sip.Config{OnRequest: func(tx *sip.ServerTx) {
		asked <- tx.Request
		_ = tx.Respond(sip.NewResponse(tx.Request, 200, "", nil))
	}})
	defer peer.Close()
	listen := func(s *sip.Stack, name string) *sip.Transport {
		tr, err := s.Listen(sip.TransportConfig{Name: name, Protocol: "udp", Bind: netip.MustParseAddrPort("127.0.0.1:0")})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	r = New(Config{Store: store.NewMemory(nil), Stack: pbx})
	r.Configure(&config.PJSIP{AORs: map[string]*config.AOR{"alice": aorNamed("alice", func(a *config.AOR) { a.QualifyFrequency = time.Second })},
		Endpoints: map[string]*config.Endpoint{"alice": endpoint}})
	at, from := listen(pbx, "transport-udp"), listen(peer, "phone")

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	defer func() { cancel(); <-done }()

	send := func(headers ...string) *sip.Response {
		t.Helper()
		req := request(t, 1, headers...)
		sip.RemoveHeader(req, "Via")
		sip.SetHeader(req, "CSeq", fmt.Sprintf("%d REGISTER", time.Now().UnixMilli()%1e9))
		tx, err := peer.Request(t.Context(), sip.Hop{Transport: from, Addr: at.LocalAddr()}, req)
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
	res := send("Contact: <sip:alice@192.168.77.1:5060>;expires=60")
	if got := sip.HeaderValues(res, "Contact"); res.StatusCode != 200 || !slices.Equal(got, []string{"<sip:alice@192.168.77.1:5060>;expires=60"}) {
		t.Fatalf("%d, %q", res.StatusCode, got)
	}
	c := r.Contacts("alice")
	if want := "sip:alice@" + from.LocalAddr().String(); len(c) != 1 || c[0].URI != want || c[0].Received != from.LocalAddr() || c[0].Listener != "transport-udp" {
		t.Fatalf("contacts %+v, want %s", c, want)
	}
	select {
	case req := <-asked:
		if req.Method != sip.OPTIONS || req.Recipient.User != "alice" {
			t.Errorf("asked with %s %s", req.Method, req.Recipient.String())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody asked")
	}
	deadline := time.Now().Add(10 * time.Second)
	for r.Contacts("alice")[0].Status != Reachable && time.Now().Before(deadline) {
		<-time.After(5 * time.Millisecond)
	}
	if c := r.Contacts("alice")[0]; c.Status != Reachable || c.RTT <= 0 {
		t.Errorf("status %s, RTT %s", c.Status, c.RTT)
	}
	if res := send("Contact: *", "Expires: 0"); res.StatusCode != 200 || len(r.Contacts("alice")) != 0 {
		t.Errorf("%d, left %v", res.StatusCode, r.Contacts("alice"))
	}
}
