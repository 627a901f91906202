package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestParseURI(t *testing.T) {
	tests := []struct{ in, want string }{ // want "" refuses
		{"sip:alice@example.com", "sip:alice@example.com"},
		{"SIPS:alice:pw@example.com:5061;transport=tcp;lr?a=b&c=d", "sips:alice:pw@example.com:5061;transport=tcp;lr?a=b&c=d"},
		{"sip:[2001:db8::1]:5070;lr", "sip:[2001:db8::1]:5070;lr"},
		{"sip:u;x=y?z@[::1]", "sip:u;x=y?z@[::1]"},
		{"tel:+49-30-1;phone-context=x", "tel:+49-30-1;phone-context=x"},
		{"soap.beep://h:1", "soap.beep://h:1"},
		{"*", "*"},
		{"", ""}, {"alice", ""}, {"sip:", ""}, {"sip:@h", ""}, {"sip:a@", ""}, {"sip:a@h:", ""}, {"sip:a@h:65536", ""}, {"sip:a@h:-1", ""},
		{"sip://h", ""}, {"sip:*", ""}, {"sip:2001:db8::10", ""}, {"sip:[2001:db8::1", ""}, {"sip:[::1]x", ""}, {"sip:[127.0.0.1]", ""},
		{"sip:[2001:db8:::1]", ""}, {"sip:[fe80::1%25eth0]", ""}, {"sip:a b@h", ""}, {"sip:a@h\r\nX: y", ""}, {"sip:a@h\x00", ""}, {"<sip:a@h>", ""},
		{"sip:a@h;;lr", ""}, {"sip:a@h;=x", ""}, {"sip:a@h;lr;lr", "sip:a@h;lr"}, {"sip:[", ""}, {"1x:y", ""}, {"x:", ""},
	}
	for _, tt := range tests {
		u, err := ParseURI(tt.in)
		got := ""
		if err == nil {
			got = u.String()
			if u.Wildcard {
				got = u.Host
			}
		}
		if got != tt.want {
			t.Errorf("%q: got %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	u, _ := ParseURI("sip:h;lr?a=b")
	if len(u.UriParams) != 1 || u.UriParams[0].K != "lr" || len(u.Headers) != 1 {
		t.Errorf("params %v, headers %v", u.UriParams, u.Headers)
	}
}

func TestEqualURI(t *testing.T) { // RFC 3261 §19.1.4
	tests := []struct {
		a, b string
		want bool
	}{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
		{"sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true},
		{"sip:a@[::1]", "sip:a@[0:0:0:0:0:0:0:1]", true},
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
		{"sip:a@h", "sips:a@h", false}, {"tel:1", "tel:1", true}, {"tel:1", "tel:2", false},
	}
	for _, tt := range tests {
		a, err := ParseURI(tt.a)
		if err != nil {
			t.Fatal(err)
		}
		b, err := ParseURI(tt.b)
		if err != nil {
			t.Fatal(err)
		}
		if EqualURI(a, b) != tt.want || EqualURI(b, a) != tt.want {
			t.Errorf("%s = %s: want %v", tt.a, tt.b, tt.want)
		}
	}
}

func TestBuildURI(t *testing.T) {
	if got := NewURI("a b@c\"<", "example.com", 0).String(); got != "sip:a%20b%40c%22%3C@example.com" {
		t.Errorf("got %s", got)
	}
	u := NewAddrURI("1001", netip.MustParseAddrPort("[2001:db8::1]:5060"))
	if got := u.String(); got != "sip:1001@[2001:db8::1]:5060" {
		t.Errorf("got %s", got)
	}
	SetURIParam(u, "transport", "tcp")
	SetURIParam(u, "Transport", "udp")
	if v, ok := URIParam(u, "TRANSPORT"); !ok || v != "udp" || len(u.UriParams) != 1 {
		t.Errorf("got %v", u.UriParams)
	}
	if a, ok := HostAddr(u); !ok || a != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("got %v", a)
	}
}

func TestParseAddress(t *testing.T) {
	tests := []struct{ in, name, want string }{ // want "" refuses
		{`"Alice \"A\" \\" <sip:a@h;lr>;tag=1;X`, `Alice "A" \`, `"Alice \"A\" \\" <sip:a@h;lr>;tag=1;x`},
		{"sip:a@h;tag=1", "", "<sip:a@h>;tag=1"},
		{"Alice<sip:a@h>", "Alice", `"Alice" <sip:a@h>`},
		{"Bell, A. < sip:a@h > ; tag = 1", "Bell, A.", `"Bell, A." <sip:a@h>;tag=1`},
		{`<sip:a@h>;+sip.instance="<urn:uuid:1;2=3>";q=0.5`, "", `<sip:a@h>;+sip.instance="<urn:uuid:1;2=3>";q=0.5`},
		{"\"a\x1b[2J\u202eb\" <sip:a@h>", "a[2Jb", `"a[2Jb" <sip:a@h>`},
		{"*", "", "*"},
		{"", "", ""}, {`"a <sip:a@h>`, "", ""}, {`"a"`, "", ""}, {"<sip:a@h", "", ""}, {"sip:a@h?x=y", "", ""}, {"<sip:a@h>;", "", ""},
		{"<*>", "", ""}, {"*;x", "", ""}, {"<sip:a@h> x", "", ""}, {`<sip:a@h>;x="y`, "", ""}, {"[", "", ""}, {"a;b <sip:a@h>", "", ""},
	}
	for _, tt := range tests {
		a, err := ParseAddress(tt.in)
		got := ""
		if err == nil {
			got = a.String()
		}
		if got != tt.want || err == nil && a.DisplayName != tt.name {
			t.Errorf("%q: got %q, %q, %v; want %q, %q", tt.in, got, a.DisplayName, err, tt.want, tt.name)
		}
	}
	to, _ := parseTo(`"A" <sip:a@h>;tag=x;y=z`)
	if got := AddressWithoutTag(to); got != `"A" <sip:a@h>;y=z` {
		t.Errorf("got %s", got)
	}
}

func TestHeaderAccess(t *testing.T) {
	m := parseAll(t, message("REGISTER", "h", `m: "a,b" <sip:a@h>;q=1, <sip:b@h>, sip:c@h;expires=5`, "k: path,  outbound", "Supported: x",
		"Path: <sip:p;lr>, <sip:q;lr>", "authorization: Basic x"))
	list, err := ParseAddressList(m, "contact")
	if err != nil || len(list) != 4 || list[1].DisplayName != "a,b" || list[3].URI.User != "c" {
		t.Errorf("%v, %v", list, err)
	}
	if got := fmt.Sprintf("%q", HeaderValues(m, "Path")); got != `["<sip:p;lr>" "<sip:q;lr>"]` {
		t.Errorf("Path %s", got)
	}
	if got := strings.Join(Tokens(m, "Supported"), " "); got != "path outbound x" || !HasToken(m, "supported", "PATH") || HasToken(m, "Supported", "pat") {
		t.Errorf("Supported %q", got)
	}
	if HeaderValue(m, "Authorization") != "Basic x" || HeaderValue(m, "None") != "" {
		t.Error("HeaderValue")
	}
	SetHeader(m, "supported", "y")
	if got := HeaderValues(m, "Supported"); len(got) != 1 || got[0] != "y" {
		t.Errorf("after SetHeader %q", got)
	}
	SetBody(m, "text/plain", []byte("hi"))
	SetBody(m, "text/plain", nil)
	if HasHeader(m, "Content-Type") || m.ContentLength() == nil || *m.ContentLength() != 0 {
		t.Error("an empty body leaves a Content-Type")
	}
	for status, want := range map[int]string{200: "OK", 486: "Busy Here", 499: "Bad Request", 699: "Global Failure", 199: "Early Dialog Terminated"} {
		if got := ReasonPhrase(status); got != want {
			t.Errorf("%d %s", status, got)
		}
	}
	res := NewResponse(m.(*Request), 180, "", nil)
	if res.Reason != "Ringing" || HasHeader(res, "Contact") || ToTag(res) != "" || FromTag(res) != "a1" {
		t.Errorf("got\n%s", marshal(res))
	}
	a, b := NewTag(), NewTag()
	if a == b || len(a) != 16 || !strings.HasPrefix(NewBranch(), magicCookie) || len(NewCallID()) != 32 {
		t.Error("identifiers")
	}
}

func TestRefusal(t *testing.T) {
	rules := Rules{Methods: []Method{INVITE, OPTIONS}, Extensions: []string{"timer"}, Bodies: []string{"application/sdp"}}
	tests := []struct {
		msg    []byte
		status int
		header string
	}{
		{message("OPTIONS", "1"), 0, ""},
		{message("OPTIONS", "1", "Require: TIMER"), 0, ""},
		{message("OPTIONS", "1", "Require: timer, foo", "require: bar"), 420, "Unsupported: foo, bar"},
		{message("BYE", "1"), 405, ""},
		{message("JUMP", "1"), 501, ""},
		{withBody("INVITE", "1", "x", "Content-Type: Application/SDP;x=y"), 0, ""},
		{withBody("INVITE", "1", "x", "Content-Type: text/html"), 415, "Accept: application/sdp"},
		{withBody("INVITE", "1", "x", "c: text/html", "Content-Disposition: x;handling=optional"), 0, ""},
		{withBody("INVITE", "1", "x", "c: application/sdp", "e: gzip"), 415, "Accept-Encoding: identity"},
		{message("INVITE", "1", "Accept: text/html"), 406, ""},
		{message("INVITE", "1", "Accept: text/html, application/*;q=0.1"), 0, ""},
	}
	for i, tt := range tests {
		res := rules.Refusal(parseAll(t, tt.msg).(*Request))
		if tt.status == 0 && res != nil || tt.status > 0 && (res == nil || res.StatusCode != tt.status || !strings.Contains(string(marshal(res)), tt.header)) {
			t.Errorf("%d: got %v, want %d", i, res, tt.status)
		}
	}
}
