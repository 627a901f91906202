package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"asterism/engine/config"
	"asterism/engine/sip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// message is a request with From, To and more header lines as name, value pairs.
func message(t testing.TB, method sip.Method, from string, headers ...string) *sip.Request {
	t.Helper()
	uri, err := sip.ParseURI("sip:1001@pbx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	req := sip.NewRequest(method, *uri)
	a, err := sip.ParseAddress(from)
	if err != nil {
		t.Fatal(err)
	}
	req.AppendHeader(&sip.FromHeader{DisplayName: a.DisplayName, Address: a.URI, Params: a.Params})
	to, _ := sip.ParseAddress("<sip:1001@pbx.example.org>")
	req.AppendHeader(&sip.ToHeader{Address: to.URI})
	id := sip.CallIDHeader("call-1")
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: method})
	for i := 0; i < len(headers); i += 2 {
		req.AppendHeader(sip.NewHeader(headers[i], headers[i+1]))
	}
	return req
}

func prefix(s string) config.Match { return config.Match{Prefix: netip.MustParsePrefix(s)} }

func endpoints(names ...string) map[string]*config.Endpoint {
	m := make(map[string]*config.Endpoint)
	for _, name := range names {
		m[name] = &config.Endpoint{Name: name, IdentifyBy: []string{"username", "ip"}}
	}
	return m
}

func TestIdentify(t *testing.T) {
	cfg := &config.PJSIP{
		Endpoints: endpoints("alice", "bob@b.example", "trunk", "trunk2", "header", "uri", "silent", "a b", "anonymous", "byauth"),
		Identifies: []*config.Identify{
			{Name: "z-second", Endpoint: "trunk2", Match: []config.Match{prefix("192.0.2.0/24"), prefix("2001:db8::/32")}},
			{Name: "a-first", Endpoint: "trunk", Match: []config.Match{prefix("192.0.2.7/32"), prefix("198.51.100.0/24"), {Except: true, Prefix: netip.MustParsePrefix("198.51.100.9/32")}}},
			{Name: "port", Endpoint: "trunk", Match: []config.Match{{Prefix: netip.MustParsePrefix("203.0.113.1/32"), Port: 5080}}},
			{Name: "h", Endpoint: "header", MatchHeader: &config.HeaderMatch{Header: "X-Trunk", Value: "secret"}},
			{Name: "hr", Endpoint: "header", MatchHeader: &config.HeaderMatch{Header: "P-Id", Regexp: regexp.MustCompile(`^<sip:\d+@`)}},
			{Name: "u", Endpoint: "uri", MatchRequestURI: &config.HeaderMatch{Regexp: regexp.MustCompile("^sip:9+@")}},
			{Name: "ghost", Endpoint: "nobody", Match: []config.Match{prefix("10.9.0.0/16")}},
		},
		DomainAliases: map[string]string{"alias.example": "b.example"},
	}
	cfg.Endpoints["silent"].IdentifyBy = []string{"ip"}
	cfg.Endpoints["byauth"].IdentifyBy = []string{"auth_username"}
	d := New(cfg)
	const other, nobody = "10.0.0.1:5060", "<sip:nobody@x>"
	authorization := `Digest username="byauth", realm="asterisk", nonce="n", uri="sip:x", response="r"`
	for _, c := range []struct {
		name, source, from string
		headers            []string
		want               string
	}{
		{"From user", other, "<sip:alice@anything>", nil, "alice"},
		{"case counts", other, "<sip:Alice@anything>", nil, "anonymous"},
		{"escaped", other, "<sip:%61lice@x>", nil, "alice"},
		{"user and domain", other, "<sip:bob@b.example>", nil, "bob@b.example"},
		{"alias of the domain", other, "<sip:bob@alias.example>", nil, "bob@b.example"},
		{"another domain", other, "<sip:bob@c.example>", nil, "anonymous"},
		{"not by username", other, "<sip:silent@x>", nil, "anonymous"},
		{"no SIP URI", other, "<tel:+123>", nil, "anonymous"},
		{"the first by name", "192.0.2.7:1", nobody, nil, "trunk"},
		{"the other by name", "192.0.2.8:1", nobody, nil, "trunk2"},
		{"IP before username", "192.0.2.8:1", "<sip:alice@x>", nil, "trunk2"},
		{"an IPv4 address on an IPv6 socket", "[::ffff:192.0.2.8]:1", nobody, nil, "trunk2"},
		{"IPv6", "[2001:db8::5]:1", nobody, nil, "trunk2"},
		{"excepted", "198.51.100.9:1", nobody, nil, "anonymous"},
		{"its neighbour", "198.51.100.8:1", nobody, nil, "trunk"},
		{"port", "203.0.113.1:5080", nobody, nil, "trunk"},
		{"another port", "203.0.113.1:5081", nobody, nil, "anonymous"},
		{"an identify without its endpoint", "10.9.1.1:1", "<sip:alice@x>", nil, "alice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, ok := d.Identify(netip.MustParseAddrPort(c.source), message(t, sip.INVITE, c.from, c.headers...))
			if !ok || e.Name != c.want {
				t.Errorf("got %v, want %s", e, c.want)
			}
		})
	}

	delete(cfg.Endpoints, "anonymous")
	for _, c := range []struct {
		name, from string
		headers    []string
		want       string
	}{
		{"nobody", nobody, nil, ""},
		{"header", nobody, []string{"X-Trunk", "wrong", "X-Trunk", " secret "}, "header"},
		{"header pattern", nobody, []string{"P-Id", "<sip:123@x>"}, "header"},
		{"header with more in it", nobody, []string{"X-Trunk", "secrets", "P-Id", "x<sip:123@x>"}, ""},
		{"auth user", nobody, []string{"Authorization", authorization}, "byauth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, ok := d.Identify(netip.MustParseAddrPort(other), message(t, sip.INVITE, c.from, c.headers...))
			if ok != (c.want != "") || ok && e.Name != c.want {
				t.Errorf("got %v, %v; want %q", e, ok, c.want)
			}
		})
	}
	req := message(t, sip.INVITE, nobody)
	uri, _ := sip.ParseURI("sip:99@pbx")
	req.Recipient = *uri
	if e, ok := d.Identify(netip.MustParseAddrPort(other), req); !ok || e.Name != "uri" {
		t.Errorf("by request URI: %v", e)
	}
}

// Broken match lists identify nobody (CVE-2024-35190).
func TestIdentificationFailsClosed(t *testing.T) {
	host := func(name string) config.Match { return config.Match{Host: name} }
	for name, i := range map[string]*config.Identify{
		"nothing at all":           {},
		"an empty list":            {Match: []config.Match{}},
		"an entry that is nothing": {Match: []config.Match{{}}},
		"such with a port":         {Match: []config.Match{{Port: 5060}}},
		"only exceptions":          {Match: []config.Match{{Except: true}, {Except: true, Prefix: netip.MustParsePrefix("10.0.0.0/8")}}},
		"a name never looked up":   {Match: []config.Match{host("trunk.example")}},
		"duplicates, one excepted": {Match: []config.Match{prefix("10.0.0.0/8"), prefix("10.0.0.0/8"), {Except: true, Prefix: netip.MustParsePrefix("10.0.0.0/8")}}},
		"an empty header match":    {MatchHeader: &config.HeaderMatch{}},
		"a header nobody sends":    {MatchHeader: &config.HeaderMatch{Header: "X-None"}},
	} {
		i.Name, i.Endpoint = "i", "trunk"
		d := New(&config.PJSIP{Endpoints: endpoints("trunk"), Identifies: []*config.Identify{i}})
		for _, source := range []string{"10.0.0.1:5060", "0.0.0.0:0", "[::]:0", "[::1]:5060"} {
			if e, ok := d.Identify(netip.MustParseAddrPort(source), message(t, sip.INVITE, "<sip:x@y>")); ok {
				t.Errorf("%s: %s is %s", name, source, e.Name)
			}
		}
		if _, ok := d.Identify(netip.AddrPort{}, message(t, sip.INVITE, "<sip:x@y>")); ok {
			t.Errorf("%s: no address is somebody", name)
		}
	}
}

func TestOrder(t *testing.T) {
	cfg := &config.PJSIP{
		Endpoints:  endpoints("alice", "trunk", "anonymous"),
		Identifies: []*config.Identify{{Name: "i", Endpoint: "trunk", Match: []config.Match{prefix("10.0.0.0/8")}}},
	}
	for order, want := range map[string]string{"ip username": "trunk", "username ip": "alice", "anonymous": "anonymous", "": "trunk"} {
		cfg.Global.EndpointIdentifierOrder = slices.DeleteFunc(regexp.MustCompile(" ").Split(order, -1), func(s string) bool { return s == "" })
		if e, _ := New(cfg).Identify(netip.MustParseAddrPort("10.0.0.1:1"), message(t, sip.INVITE, "<sip:alice@x>")); e == nil || e.Name != want {
			t.Errorf("%q: %v, want %s", order, e, want)
		}
	}
}

func access(rules ...string) config.Access {
	var list config.AccessList
	for _, r := range rules {
		list = append(list, config.Rule{Allow: r[0] == '+', Prefix: netip.MustParsePrefix(r[1:])})
	}
	return config.Access{Lists: []config.AccessList{list}}
}

func TestACLs(t *testing.T) {
	cfg := &config.PJSIP{Endpoints: endpoints("alice", "bob")}
	cfg.ACLs = []*config.ACL{{Name: "all", ACL: access("-203.0.113.0/24")}}
	alice := cfg.Endpoints["alice"]
	alice.ACL = access("-0.0.0.0/0", "+10.0.0.0/8", "-10.6.6.6/32")
	alice.ContactACL = access("-0.0.0.0/0", "+192.168.0.0/16")
	d := New(cfg)
	for _, c := range []struct {
		source, contact string
		want            bool
	}{
		{"10.1.1.1:5", "<sip:alice@192.168.1.1>", true},
		{"10.6.6.6:5", "<sip:alice@192.168.1.1>", false},
		{"192.0.2.1:5", "<sip:alice@192.168.1.1>", false},
		{"[2001:db8::1]:5", "<sip:alice@192.168.1.1>", false},
		{"10.1.1.1:5", "<sip:alice@192.0.2.1>", false},
		{"10.1.1.1:5", "<sip:alice@host.example>", false},
		{"10.1.1.1:5", "junk", false},
		{"10.1.1.1:5", "*", true},
		{"10.1.1.1:5", "<mailto:a@b>", true},
	} {
		_, ok := d.Identify(netip.MustParseAddrPort(c.source), message(t, sip.REGISTER, "<sip:alice@x>", "Contact", c.contact))
		if ok != c.want {
			t.Errorf("%s with Contact %s: %v", c.source, c.contact, ok)
		}
	}
	if d.Allowed(nil, netip.MustParseAddr("203.0.113.9")) || !d.Allowed(nil, netip.MustParseAddr("192.0.2.1")) || d.Allowed(alice, netip.MustParseAddr("192.0.2.1")) {
		t.Error("Allowed")
	}
	if _, ok := d.Identify(netip.MustParseAddrPort("203.0.113.9:1"), message(t, sip.INVITE, "<sip:bob@x>")); ok {
		t.Error("type=acl does not hold for an endpoint without its own")
	}
}

type names map[string][]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	list, ok := n[host]
	if !ok {
		return nil, errors.New("no such host")
	}
	var out []netip.Addr
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, nil
}

func (n names) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	list, ok := n[fmt.Sprintf("_%s._%s.%s", service, proto, name)]
	if !ok {
		return "", nil, errors.New("no SRV")
	}
	var out []*net.SRV
	for _, s := range list {
		out = append(out, &net.SRV{Target: s, Port: 5061})
	}
	return "", out, nil
}

func TestHostNames(t *testing.T) {
	cfg := &config.PJSIP{Endpoints: endpoints("trunk"), Identifies: []*config.Identify{
		{Name: "i", Endpoint: "trunk", SRVLookups: true, Match: []config.Match{{Host: "trunk.example"}, {Host: "port.example", Port: 5070}}}}}
	dns := names{"trunk.example": {"192.0.2.1"}, "_sip._udp.trunk.example": {"srv.example"}, "srv.example": {"192.0.2.2", "::ffff:192.0.2.3"}, "port.example": {"192.0.2.9"}}
	is := func(d *Directory, source string) bool {
		_, ok := d.Identify(netip.MustParseAddrPort(source), message(t, sip.INVITE, "<sip:x@y>"))
		return ok
	}
	check := func(when string, d *Directory) {
		t.Helper()
		for source, want := range map[string]bool{"192.0.2.1:5060": true, "192.0.2.2:7": true, "192.0.2.3:7": true, "192.0.2.4:5060": false, "192.0.2.9:5070": true, "192.0.2.9:5060": false} {
			if is(d, source) != want {
				t.Errorf("%s: %s, want %v", when, source, want)
			}
		}
	}
	first := New(cfg)
	if is(first, "192.0.2.1:5060") {
		t.Error("matches before it was looked up")
	}
	if err := first.Resolve(t.Context(), dns, nil); err != nil {
		t.Error(err)
	}
	check("resolved", first)
	second := New(cfg)
	if err := second.Resolve(t.Context(), names{}, first); err == nil {
		t.Error("no error from a dead DNS")
	}
	check("reloaded while DNS is down", second)
	if err := second.Resolve(t.Context(), names{"trunk.example": {"192.0.2.77"}, "port.example": {"192.0.2.9"}}, nil); err != nil {
		t.Error(err)
	}
	if is(second, "192.0.2.1:5060") || !is(second, "192.0.2.77:5060") {
		t.Error("a changed address is not taken over")
	}
}
