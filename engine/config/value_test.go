package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"testing/fstest"
	"time"
)

func TestCallerID(t *testing.T) {
	tests := []struct {
		in   string
		want CallerID
	}{
		{`"Alice Smith" <1001>`, CallerID{"Alice Smith", "1001"}},
		{`Alice Smith <1001>`, CallerID{"Alice Smith", "1001"}},
		{`Alice <1001`, CallerID{"Alice", "1001"}},
		{`<1001>`, CallerID{"", "1001"}},
		{`+49 (30) 1234-5`, CallerID{"", "+493012345"}},
		{`Alice`, CallerID{"Alice", ""}},
		{`"1001"`, CallerID{"1001", ""}},
		{`"A \"B\" \\ C" <1>`, CallerID{`A "B" \ C`, "1"}},
		{`"A <x>" <1>`, CallerID{"A <x>", "1"}},
		{``, CallerID{}},
	}
	for _, tt := range tests {
		if got := ParseCallerID(tt.in); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.in, got, tt.want)
		}
	}
}

func TestCodecs(t *testing.T) {
	type line struct {
		allow bool
		v     string
	}
	tests := []struct {
		name         string
		lines        []line
		audio, video []string
		framing      map[string]int
		bad          bool
		told         string
	}{
		{name: "nothing said", audio: []string{"ulaw", "alaw"}},
		{name: "list", lines: []line{{true, "!all,ulaw, alaw ,opus"}}, audio: []string{"ulaw", "alaw", "opus"}},
		{name: "disallow all, then allow", lines: []line{{false, "all"}, {true, "opus"}, {true, "ulaw"}}, audio: []string{"opus", "ulaw"}},
		{name: "override of a template", lines: []line{{true, "ulaw"}, {true, "!all,alaw"}}, audio: []string{"alaw"}},
		{name: "one out", lines: []line{{true, "ulaw,alaw,gsm"}, {false, "alaw"}}, audio: []string{"ulaw", "gsm"}},
		{name: "not within disallow", lines: []line{{false, "all,!ulaw"}}, audio: []string{"ulaw"}},
		{name: "repeated keeps its place", lines: []line{{true, "ulaw,alaw,ulaw"}}, audio: []string{"ulaw", "alaw"}},
		{name: "only disallow", lines: []line{{false, "all"}}},
		{name: "video apart", lines: []line{{true, "h264,ulaw,vp8"}}, audio: []string{"ulaw"}, video: []string{"h264", "vp8"}},
		{name: "framing", lines: []line{{true, "ulaw:40,alaw"}}, audio: []string{"ulaw", "alaw"}, framing: map[string]int{"ulaw": 40}},
		{name: "bad framing", lines: []line{{true, "ulaw:7"}}, audio: []string{"ulaw"}, bad: true},
		{name: "ampersand and case", lines: []line{{true, "ULAW&alaw"}}, audio: []string{"ulaw", "alaw"}},
		{name: "unknown", lines: []line{{true, "ulwa,alaw"}}, audio: []string{"alaw"}, bad: true,
			told: `codec "ulwa" is unknown and left out; did you mean "ulaw"?`},
		{name: "unknown and like none", lines: []line{{true, "evs,alaw"}}, audio: []string{"alaw"}, bad: true,
			told: `codec "evs" is unknown and left out; write names such as ulaw, alaw, opus, g722, gsm, g729; 'core show codecs' lists those of audio`},
		{name: "two unknown", lines: []line{{true, "evs,g772,alaw"}}, audio: []string{"alaw"}, bad: true,
			told: `codecs evs, g772 are unknown and left out; did you mean "g722"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c codecChoice
			wrong := false
			for _, l := range tt.lines {
				if complaint := c.apply(l.v, l.allow); complaint != nil {
					wrong = true
					if got := complaint.what + "; " + complaint.want; tt.told != "" && got != tt.told {
						t.Errorf("told %s, want %s", got, tt.told)
					}
				}
			}
			if wrong != tt.bad {
				t.Fatalf("bad = %v, want %v", wrong, tt.bad)
			}
			audio, video := c.split()
			if !reflect.DeepEqual(audio, tt.audio) || !reflect.DeepEqual(video, tt.video) || !reflect.DeepEqual(c.framing, tt.framing) {
				t.Errorf("got %v, %v, %v", audio, video, c.framing)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	list := func(lines ...string) AccessList {
		var out AccessList
		for _, s := range lines {
			r, c := parseRules(s[1:], s[0] == '+')
			if c != nil {
				t.Fatalf("%s: %s", s, c.what)
			}
			out = append(out, r...)
		}
		return out
	}
	tests := []struct {
		name string
		list AccessList
		addr string
		want bool
	}{
		{"empty", nil, "192.0.2.1", true},
		{"permit alone lets others in too", list("+192.0.2.0/24"), "198.51.100.1", true},
		{"deny all, permit one", list("-0.0.0.0/0.0.0.0", "+192.0.2.0/255.255.255.0"), "192.0.2.9", true},
		{"deny all, another", list("-0.0.0.0/0", "+192.0.2.0/24"), "198.51.100.1", false},
		{"last one decides", list("+192.0.2.1", "-192.0.2.0/24"), "192.0.2.1", false},
		{"but not this one", list("-0.0.0.0/0", "+192.0.2.0/24,!192.0.2.7"), "192.0.2.7", false},
		{"IPv4 in IPv6", list("-192.0.2.0/24"), "::ffff:192.0.2.1", false},
		{"deny of all IPv4 is deny of all", list("-0.0.0.0/0", "+192.0.2.0/24"), "2001:db8::1", false},
		{"IPv6 opened again", list("-0.0.0.0/0", "+::/0"), "2001:db8::1", true},
		{"IPv6 network", list("-2001:db8::/32"), "2001:db8:1::1", false},
		{"zone", list("-fe80::/10"), "fe80::1%eth0", false},
	}
	for _, tt := range tests {
		if got := tt.list.Allows(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	both := Access{Lists: []AccessList{nil, list("-192.0.2.1")}}
	if both.Allows(netip.MustParseAddr("192.0.2.1")) || !both.Allows(netip.MustParseAddr("192.0.2.2")) {
		t.Error("every list must allow")
	}
}

func TestValues(t *testing.T) {
	for in, want := range map[string]int{"ef": 0xb8, "CS3": 0x60, "af31": 0x68, "0x18": 24, "184": 184} {
		if got, c := parseTOS(in); c != nil || got != want {
			t.Errorf("tos %s: %d, want %d", in, got, want)
		}
	}
	for _, in := range []string{"", "cs9", "256", "-1"} {
		if _, c := parseTOS(in); c == nil {
			t.Errorf("tos %q passes", in)
		}
	}
	for in, want := range map[string]time.Duration{"3": 3 * time.Second, "2.5": 2500 * time.Millisecond, "0": 0} {
		if got, c := parseSeconds(in, day); c != nil || got != want {
			t.Errorf("seconds %s: %v, want %v", in, got, want)
		}
	}
	for _, in := range []string{"", "-1", "NaN", "Inf", "1e9", "3s"} {
		if _, c := parseSeconds(in, day); c == nil {
			t.Errorf("seconds %q passes", in)
		}
	}
	for in, want := range map[string]string{
		"10.1.2.3": "10.1.2.3/32", "10.1.2.3/8": "10.0.0.0/8", "10.1.2.3/255.255.0.0": "10.1.0.0/16", "2001:db8::1/64": "2001:db8::/64",
		"[::1]": "::1/128", "::ffff:10.0.0.1": "10.0.0.1/32", "10.0.0.0/0.0.0.0": "0.0.0.0/0", "2001:db8::/ffff:ffff::": "2001:db8::/32",
	} {
		if got, c := parsePrefix(in); c != nil || got.String() != want {
			t.Errorf("prefix %s: %v, want %v", in, got, want)
		}
	}
	for _, in := range []string{"", "10.0.0", "10.0.0.0/33", "10.0.0.0/255.0.255.0", "10.0.0.0/", "::1/129", "10.0.0.0/ffff::", "fe80::1%eth0"} {
		if _, c := parsePrefix(in); c == nil {
			t.Errorf("prefix %q passes", in)
		}
	}
	for in, want := range map[string]string{"0.0.0.0": "0.0.0.0:5060", "[::]": "[::]:5060", "::": "[::]:5060", "127.0.0.1:0": "127.0.0.1:0", "[::1]:5070": "[::1]:5070"} {
		if got, c := parseBind(in); c != nil || got.String() != want {
			t.Errorf("bind %s: %v, want %v", in, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	net := netip.MustParsePrefix
	for in, want := range map[string]Match{
		"192.0.2.1":            {Prefix: net("192.0.2.1/32")},
		"192.0.2.1:5070":       {Prefix: net("192.0.2.1/32"), Port: 5070},
		"192.0.2.1:5070/24":    {Prefix: net("192.0.2.0/24"), Port: 5070},
		"!192.0.2.0/24":        {Prefix: net("192.0.2.0/24"), Except: true},
		"[2001:db8::1]:5060":   {Prefix: net("2001:db8::1/128"), Port: 5060},
		"2001:db8::/32":        {Prefix: net("2001:db8::/32")},
		"sip.example.com":      {Host: "sip.example.com"},
		"sip.example.com:5070": {Host: "sip.example.com", Port: 5070},
		"_sip._udp.example.":   {Host: "_sip._udp.example."},
	} {
		if got, c := parseMatch(in); c != nil || got != want {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
	for _, in := range []string{"", "192.0.2.300", "192.0.2", "a b", "host:x", "host:70000", "!host", "host/24", "a..b"} {
		if _, c := parseMatch(in); c == nil {
			t.Errorf("%q passes", in)
		}
	}
	i := Identify{Match: []Match{{Prefix: net("192.0.2.0/24")}, {Prefix: net("192.0.2.7/32"), Except: true}, {Prefix: net("198.51.100.1/32"), Port: 5070}, {Host: "x"}}}
	for in, want := range map[string]bool{"192.0.2.1:1": true, "192.0.2.7:1": false, "198.51.100.1:5070": true, "198.51.100.1:5060": false, "[::ffff:192.0.2.1]:9": true} {
		if got := i.MatchesSource(netip.MustParseAddrPort(in)); got != want {
			t.Errorf("MatchesSource %s: %v, want %v", in, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"rtp_symmetric", "rtp_timeout", "context", "auth", "aors"}
	for in, want := range map[string]string{
		"rtp_simetric": `did you mean "rtp_symmetric"?`, "contxet": `did you mean "context"?`, "AUTHS": `did you mean "auth"?`,
		"aor": `did you mean "aors"?`, "wholly_different_thing": "",
	} {
		if got := DidYouMean(in, known); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// asterisk.conf says what pjsip.conf's [global] does not, and is overruled by it.
func TestAuthAlgorithmsOfAsteriskConf(t *testing.T) {
	for _, tt := range []struct{ pjsip, want string }{
		{"", "[MD5]"},
		{"[global]\ntype=global\ndebug=no\n", "[MD5]"},
		{"[global]\ntype=global\ndefault_auth_algorithms_uas=SHA-256\n", "[SHA-256]"},
	} {
		snap, _ := Load(fstest.MapFS{"asterisk.conf": {Data: []byte("[options]\ndefault_auth_algorithms_uas=MD5\n")}, "pjsip.conf": {Data: []byte(tt.pjsip)}}, LoadOptions{})
		if got := fmt.Sprint(snap.PJSIP.Global.DefaultAuthAlgorithmsUAS); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.pjsip, got, tt.want)
		}
	}
}
