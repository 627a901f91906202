package registrar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/config"
	"asterism/engine/sip"
	"asterism/engine/store"
)

// restart is a new registrar on the same store, some time later.
func (b *bench) restart(later time.Duration) *bench {
	n := newBench(b.t, nil)
	n.clock.now = b.clock.now.Add(later)
	n.store, n.pjsip = b.store, b.pjsip
	n.Registrar = New(Config{Store: b.store, Events: b.cfg.Events, Clock: n.clock})
	n.events = b.events
	n.Configure(b.pjsip)
	return n
}

func TestRestart(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.MaxContacts, a.SupportPath = 3, true })
	b.register("Contact: <"+ph1+">;expires=600", "User-Agent: \"Phone\" ü", "Supported: path", "Path: <sip:p1;lr>,\"a,b\" <sip:p2;lr>")
	b.register("Contact: <" + ph2 + ">;expires=60")
	b.endpoint().RewriteContact = true
	b.cseq++
	b.handle(request(t, b.cseq, "Contact: <sip:alice@10.1.1.1>"), source{phone.addr, "tcp", "tcp"}, b.endpoint(), nil)
	before := b.Contacts("alice")
	b.happened()

	n := b.restart(time.Minute)
	after := n.Contacts("alice")
	slices.SortFunc(before, func(x, y Contact) int { return strings.Compare(x.URI, y.URI) })
	slices.SortFunc(after, func(x, y Contact) int { return strings.Compare(x.URI, y.URI) })
	if len(after) != 2 {
		t.Fatalf("restored %+v", after)
	}
	for _, c := range before {
		if c.URI == ph2 {
			continue // expired
		}
		if c.Pruned {
			c.Status = Unreachable // its connection is gone
		}
		if i := slices.IndexFunc(after, func(a Contact) bool { return a.URI == c.URI }); i < 0 || same(after[i]) != same(c) {
			t.Errorf("restored\n%+v, was\n%+v", after, c)
		}
	}
	if got := n.happened(); len(got) != 2 {
		t.Errorf("events %q", got)
	}
	// Its own REGISTER makes the phone of the dead connection known again.
	n.cseq = 50
	n.handle(request(t, 51, "Contact: <sip:alice@10.1.1.1>"), source{phone.addr, "tcp", "tcp"}, b.endpoint(), nil)
	for _, c := range n.Contacts("alice") {
		if c.Status != NonQualified {
			t.Errorf("%s is %s", c.URI, c.Status)
		}
	}
}

func same(c Contact) string {
	c.Expires, c.Registered = c.Expires.UTC(), c.Registered.UTC()
	return fmt.Sprintf("%+v", c)
}

func TestAORsComeAndGo(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.Contact = []string{"sip:static@h"} })
	b.register("Contact: <" + ph1 + ">")
	b.happened()
	all := b.pjsip
	static := func(contacts ...string) *config.PJSIP {
		return &config.PJSIP{AORs: map[string]*config.AOR{"alice": aorNamed("alice", func(a *config.AOR) { a.Contact = contacts })}, Endpoints: all.Endpoints}
	}
	b.Configure(all)
	b.wantEvents() // nothing has changed
	b.Configure(static("sip:other@h", "not a uri"))
	b.wantEvents("configuration sip:static@h", "added sip:other@h")
	if c := b.Contacts("alice"); len(c) != 2 || c[1].Endpoint != "alice" || !c[1].Static {
		t.Errorf("contacts %+v", c)
	}
	b.Configure(&config.PJSIP{})
	if got := b.happened(); len(got) != 2 || len(b.All()) != 0 {
		t.Errorf("events %q, contacts %v", got, b.All())
	}
	if list, _ := b.store.List(t.Context(), ""); len(list) != 0 {
		t.Errorf("left in the store: %v", list)
	}
	b.want(b.register("Contact: <"+ph1+">"), 404)
	b.Configure(all)
	b.want(b.register("Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600", "<sip:static@h>")
}

// A start with an AOR missing (a mistake in the file) must not cost its registrations.
func TestAnAORThatComesBackAfterStartHasItsContacts(t *testing.T) {
	b := newBench(t, nil)
	b.register("Contact: <" + ph1 + ">")
	good := b.pjsip
	b.pjsip = &config.PJSIP{AORs: map[string]*config.AOR{"bob": aorNamed("bob", nil)}}
	n := b.restart(0)
	if len(n.All()) != 0 {
		t.Fatal("contacts of an AOR that is not configured")
	}
	n.Configure(good)
	if got := n.Contacts("alice"); len(got) != 1 || got[0].URI != ph1 {
		t.Errorf("contacts %+v", got)
	}
}

func TestAsterisksOwnContacts(t *testing.T) {
	b := newBench(t, func(a *config.AOR) { a.MaxContacts = 9 })
	expires := b.clock.now.Add(time.Hour).Unix()
	put := func(key, value string) {
		if _, err := b.store.Put(t.Context(), key, []byte(value), store.Any, 0); err != nil {
			t.Fatal(err)
		}
	}
	// As Asterisk's astdb has them.
	put("/registrar/contact/alice;@0123456789abcdef0123456789abcdef", fmt.Sprintf(`{"via_addr":"192.168.1.5","qualify_timeout":"3.000000","call_id":"x@y",`+
		`"reg_server":"","prune_on_boot":"no","path":"","endpoint":"alice","via_port":"5060","authenticate_qualify":"no","uri":"sip:alice@192.0.2.7:5060;x-ast-orig-host=192.168.1.5:5060",`+
		`"qualify_frequency":"0","user_agent":"Yealink","expiration_time":"%d","outbound_proxy":"","qualify_2xx_only":"no"}`, expires))
	for i, bad := range []string{`{`, `[]`, `{"uri":"","expiration_time":"9999999999"}`, `{"uri":"tel:1","expiration_time":"9999999999"}`,
		`{"uri":"*","expiration_time":"9999999999"}`, `{"uri":"sip:a@h"}`, `{"uri":"sip:a@h","expiration_time":"1"}`, `{"uri":5,"expiration_time":"9999999999"}`,
		`{"uri":"sip:a@h","expiration_time":"9999999999","path":"junk"}`, `{"uri":"sip:a@h","expiration_time":"9999999999","@original":"junk"}`} {
		put(fmt.Sprintf("/registrar/contact/alice;@%d", i), bad)
	}
	put("/registrar/contact/alice", `{"uri":"sip:a@h","expiration_time":"9999999999"}`)
	n := b.restart(0)
	got := n.Contacts("alice")
	if len(got) != 1 || !strings.HasPrefix(got[0].URI, "sip:alice@192.0.2.7:5060;") || got[0].Endpoint != "alice" || got[0].UserAgent != "Yealink" || got[0].Expires.Unix() != expires {
		t.Errorf("contacts %+v", got)
	}

	// And what we write are Asterisk's fields, all strings, plus ours with @.
	b.register("Contact: <" + ph1 + ">")
	list, _ := b.store.List(t.Context(), "/registrar/contact/alice;@")
	entry := list[slices.IndexFunc(list, func(e store.Entry) bool { return strings.Contains(string(e.Value), `"@cseq"`) })]
	if want := "/registrar/contact/alice;@6fbb8603ca1cece7bf4f688babd1b899"; entry.Key != want { // MD5 of the URI
		t.Errorf("key %q", entry.Key)
	}
	var fields map[string]string
	if err := json.Unmarshal(entry.Value, &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		known := "uri path expiration_time qualify_frequency qualify_timeout qualify_2xx_only authenticate_qualify outbound_proxy user_agent endpoint reg_server via_addr via_port call_id prune_on_boot"
		if !strings.HasPrefix(name, "@") && !slices.Contains(strings.Fields(known), name) {
			t.Errorf("Asterisk has no field %q in a contact", name)
		}
	}
	if fields["uri"] != ph1 || fields["expiration_time"] != fmt.Sprint(expires) || fields["qualify_timeout"] != "3.000000" {
		t.Errorf("fields %v", fields)
	}
}

type brokenStore struct{ store.Store }

func (brokenStore) Put(context.Context, string, []byte, store.Revision, time.Duration) (store.Revision, error) {
	return 0, errors.New("disk full")
}
func (brokenStore) List(context.Context, string) ([]store.Entry, error) {
	return nil, errors.New("gone")
}

func TestABrokenStoreDoesNotStopPhones(t *testing.T) {
	b := newBench(t, nil)
	var log strings.Builder
	b.Registrar = New(Config{Store: brokenStore{b.store}, Clock: b.clock, Log: zerolog.New(&log).Level(zerolog.ErrorLevel)})
	b.Configure(b.pjsip)
	for range 3 {
		b.want(b.register("Contact: <"+ph1+">"), 200, "<"+ph1+">;expires=3600")
	}
	if n := strings.Count(log.String(), "disk full"); n != 1 {
		t.Errorf("%d lines: %s", n, log.String())
	}
}

// A child registers phones until it is killed; every 200 it has given must be true after it.
func TestKillMinus9(t *testing.T) {
	if dir := os.Getenv("ASTERISM_REGISTRAR_CHILD"); dir != "" {
		registerUntilKilled(t, dir)
		return
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestKillMinus9$")
	child.Env = append(os.Environ(), "ASTERISM_REGISTRAR_CHILD="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	for {
		var uri string
		if _, err := fmt.Fscanln(out, &uri); err != nil {
			break
		}
		acknowledged = append(acknowledged, uri)
		if len(acknowledged) == 200 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait()
	if len(acknowledged) < 200 {
		t.Fatalf("the child ended after %d", len(acknowledged))
	}
	r, s := durable(t, dir)
	defer s.Close()
	var got []string
	for _, c := range r.Contacts("alice") {
		got = append(got, c.URI)
	}
	for _, uri := range acknowledged {
		if !slices.Contains(got, uri) {
			t.Errorf("%s was answered with 200 and is lost", uri)
		}
	}
}

func durable(t testing.TB, dir string) (*Registrar, store.Store) {
	s, err := store.OpenSQLite(filepath.Join(dir, "astdb.sqlite3"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := New(Config{Store: s})
	r.Configure(&config.PJSIP{AORs: map[string]*config.AOR{"alice": aorNamed("alice", func(a *config.AOR) { a.MaxContacts = 1 << 20 })}})
	return r, s
}

func registerUntilKilled(t *testing.T, dir string) {
	r, _ := durable(t, dir)
	e := &config.Endpoint{Name: "alice", AORs: []string{"alice"}}
	for i := 1; ; i++ {
		uri := fmt.Sprintf("sip:alice@10.0.%d.%d", i/256, i%256)
		if res := r.handle(request(t, i, "Contact: <"+uri+">"), phone, e, nil); res.StatusCode != 200 {
			t.Fatal(res.StatusCode)
		}
		fmt.Println(uri)
	}
}

// What is stored comes back as it was; what does not come back whole does not come back.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"uri":"sip:alice@192.0.2.7:5060;ob","path":"<sip:p;lr>,<sip:q>","expiration_time":"1900000000","@received":"[::1]:5","@cseq":"7","call_id":"x","prune_on_boot":"yes"}`))
	f.Add([]byte(`{"uri":"sips:[2001:db8::1]","expiration_time":"1","@original":"sip:a@b","via_port":"x","@registered":"0"}`))
	f.Add([]byte(`{}`))
	conf := aorNamed("alice", nil)
	f.Fuzz(func(t *testing.T, value []byte) {
		b, err := decode("alice", value)
		if err != nil {
			return
		}
		if !sip.IsSIP(b.uri) || b.Expires.IsZero() || len(b.Path) > maxPath || b.Static {
			t.Fatalf("decoded %+v", b.Contact)
		}
		again, err := encode(&b.Contact, conf)
		if err != nil {
			t.Fatal(err)
		}
		c, err := decode("alice", again)
		if err != nil {
			t.Fatalf("%s\ndoes not come back: %v", again, err)
		}
		if fmt.Sprintf("%+v", c.Contact) != fmt.Sprintf("%+v", b.Contact) {
			t.Fatalf("%+v\ncame back as\n%+v", b.Contact, c.Contact)
		}
	})
}
