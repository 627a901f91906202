package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
)

// zone is a DNS with SRV records, by "udp.example.com".
type zone struct {
	fakeDNS
	srv   map[string][]*net.SRV
	asked *[]string
}

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	*z.asked = append(*z.asked, service+"."+proto+"."+name)
	if r, ok := z.srv[proto+"."+name]; ok {
		return "", r, nil
	}
	return "", nil, errors.New("none")
}

func TestServices(t *testing.T) {
	one, two := netip.MustParseAddr("127.0.0.11"), netip.MustParseAddr("127.0.0.12")
	asked := []string{}
	s := newTestStack(t, Config{Resolver: zone{fakeDNS{"a.carrier.example": {one}, "b.carrier.example": {two}, "carrier.example": {two}, "plain.example": {one}, "short": {one}},
		map[string][]*net.SRV{
			"udp.carrier.example": {{Target: "gone.example.", Port: 5070}, {Target: "a.carrier.example.", Port: 5070}, {Target: "b.carrier.example.", Port: 5080}},
			"tcp.carrier.example": {{Target: "b.carrier.example.", Port: 5090}},
			"tcp.stream.example":  {{Target: "b.carrier.example.", Port: 5090}},
			"udp.no.example":      {{Target: ".", Port: 5070}},
		}, &asked}})
	udp, tcp := listen(t, s, "udp"), listen(t, s, "tcp")
	resolve := func(text string, by *Transport) string {
		t.Helper()
		uri, err := ParseURI(text)
		if err != nil {
			t.Fatal(err)
		}
		hop, err := s.Resolve(t.Context(), uri, by)
		if err != nil {
			return ""
		}
		return hop.Transport.Protocol() + " " + hop.Addr.String()
	}
	for _, tt := range []struct {
		uri  string
		by   *Transport
		want string
	}{
		{"sip:carrier.example", nil, "udp 127.0.0.11:5070"}, // the first that has an address
		{"sip:carrier.example;transport=tcp", nil, "tcp 127.0.0.12:5090"},
		{"sip:carrier.example", tcp, "tcp 127.0.0.12:5090"},
		{"sip:carrier.example:5060", nil, "udp 127.0.0.12:5060"}, // a port: no SRV
		{"sip:stream.example", nil, "tcp 127.0.0.12:5090"},
		{"sip:plain.example", nil, "udp 127.0.0.11:5060"},
		{"sip:short", nil, "udp 127.0.0.11:5060"},
		{"sip:no.example", udp, ""},
	} {
		if got := resolve(tt.uri, tt.by); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.uri, got, tt.want)
		}
	}
	asked = asked[:0]
	if got := resolve("sip:plain.example", nil); got != "udp 127.0.0.11:5060" || len(asked) != 0 {
		t.Errorf("the second time: %q, asked %q", got, asked)
	}
	resolve("sip:127.0.0.9", nil)
	resolve("sip:short", nil)
	if slices.ContainsFunc(asked, func(name string) bool { return name != "" }) {
		t.Errorf("asked for %q", asked)
	}
	// Who does not answer comes last for a while, and is still there if nobody else is.
	s.avoid(netip.AddrPortFrom(one, 5070))
	if got := resolve("sip:carrier.example", nil); got != "udp 127.0.0.12:5080" {
		t.Errorf("after the first one's silence: %q", got)
	}
	s.avoid(netip.AddrPortFrom(two, 5080))
	if got := resolve("sip:carrier.example", nil); got != "udp 127.0.0.11:5070" {
		t.Errorf("after everybody's silence: %q", got)
	}
}

func TestSilenceIsRemembered(t *testing.T) {
	s := newTestStack(t, Config{})
	udp := listen(t, s, "udp")
	nobody, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	addr := addrPortOf(nobody.LocalAddr())
	req := NewRequest(OPTIONS, *NewAddrURI("x", addr))
	for name, value := range map[string]string{"From": "<sip:a@b>;tag=1", "To": "<sip:x@b>", "Call-ID": NewCallID(), "CSeq": "1 OPTIONS"} {
		req.AppendHeader(NewHeader(name, value))
	}
	tx, err := s.Request(t.Context(), Hop{udp, addr}, req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Next(t.Context()); !errors.Is(err, ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	if !s.avoided(addr) {
		t.Error("it is not remembered")
	}
}
