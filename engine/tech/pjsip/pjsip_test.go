package pjsip

import (
	"errors"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/sip"
)

func TestStatusOfCause(t *testing.T) {
	// chan_pjsip's table: what a phone hears when its unanswered call is hung up with a cause.
	want := map[channel.Cause]int{1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 31: 480, 21: 403, 22: 410, 23: 302, 27: 502, 28: 484,
		29: 501, 34: 503, 42: 503, 66: 503, 38: 500, 127: 500, 58: 488, 16: 603, 0: 603, 99: 603}
	for cause, status := range want {
		if got := statusOf(cause); got != status {
			t.Errorf("cause %d: %d, want %d", cause, got, status)
		}
	}
}

func TestCauseOfStatus(t *testing.T) {
	request := sip.NewRequest(sip.INVITE, *sip.NewURI("100", "127.0.0.1", 0))
	response := func(status int, reason string) *sip.Response {
		res := sip.NewResponse(request, status, "", nil)
		if reason != "" {
			res.AppendHeader(sip.NewHeader("Reason", reason))
		}
		return res
	}
	want := map[int]channel.Cause{401: 21, 403: 21, 407: 21, 603: 21, 404: 1, 485: 1, 604: 1, 408: 18, 409: 41, 410: 22, 420: 3, 480: 19, 483: 19, 484: 28,
		486: 17, 600: 17, 488: 58, 606: 58, 500: 38, 501: 29, 502: 27, 503: 34, 504: 102, 505: 127, 302: 23, 405: 127, 415: 127, 481: 127, 487: 127, 499: 127, 599: 34, 699: 127}
	for status, cause := range want {
		if got := causeOf(response(status, "")); got != cause {
			t.Errorf("%d: cause %d, want %d", status, got, cause)
		}
	}
	for reason, cause := range map[string]channel.Cause{
		"Q.850;cause=17": 17, `q.850 ; cause=34;text="x"`: 34, "SIP;cause=200": 21, "Q.850;cause=0": 21, "Q.850;cause=999": 21, "Q.850": 21, "": 21,
	} {
		if got := causeOf(response(603, reason)); got != cause {
			t.Errorf("603 with Reason %q: cause %d, want %d", reason, got, cause)
		}
	}
}

func TestInfoDigit(t *testing.T) {
	tests := []struct {
		kind, body string
		digit      rune
		dur        time.Duration
		ok         bool
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", '5', 250 * time.Millisecond, true},
		{"application/dtmf-relay", "Signal= *\nDuration= 160", '*', 160 * time.Millisecond, true},
		{"application/dtmf-relay", "signal=11", '#', 160 * time.Millisecond, true},
		{"application/dtmf-relay", "Signal=a\r\nDuration=junk", 'A', 160 * time.Millisecond, true},
		{"application/dtmf-relay", "Signal=16", 'F', 160 * time.Millisecond, true},
		{"application/dtmf-relay", "Duration=160", 0, 0, false},
		{"application/dtmf-relay", "Signal=55", 0, 0, false},
		{"application/dtmf", "7", '7', 160 * time.Millisecond, true},
		{"application/dtmf", " 10 ", '*', 160 * time.Millisecond, true},
		{"application/dtmf", "x", 0, 0, false},
		{"application/dtmf", "", 0, 0, false},
	}
	for _, tt := range tests {
		d, dur, ok := infoDigit(tt.kind, tt.body)
		if d != tt.digit || ok != tt.ok || (ok && dur != tt.dur) {
			t.Errorf("%s %q: %q %v %v, want %q %v %v", tt.kind, tt.body, d, dur, ok, tt.digit, tt.dur, tt.ok)
		}
	}
}

func TestParseResource(t *testing.T) {
	alice, trunk := &config.Endpoint{Name: "alice"}, &config.Endpoint{Name: "trunk"}
	p := &config.PJSIP{Endpoints: map[string]*config.Endpoint{"alice": alice, "trunk": trunk}}
	p.Global.DefaultOutboundEndpoint = "trunk"
	tests := []struct {
		in   string
		want destination
	}{
		{"alice", destination{endpoint: alice}},
		{"5551234@trunk", destination{endpoint: trunk, user: "5551234"}},
		{"alice/desk", destination{endpoint: alice, aor: "desk"}},
		{"trunk/sip:bob@192.0.2.1:5080;transport=tcp", destination{endpoint: trunk, uri: "sip:bob@192.0.2.1:5080;transport=tcp"}},
		{"sip:bob@192.0.2.1", destination{endpoint: trunk, uri: "sip:bob@192.0.2.1"}},
	}
	for _, tt := range tests {
		got, err := parseResource(tt.in, p)
		if err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v, want %+v", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{"nobody", "5551234@nobody", "", "@", "nobody/sip:x@y"} {
		_, err := parseResource(in, p)
		var unavailable *channel.UnavailableError
		if !errors.As(err, &unavailable) || unavailable.Cause != channel.SubscriberAbsent {
			t.Errorf("%q: %v, want unavailable with cause 20", in, err)
		}
	}
}

func TestDialled(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:100@127.0.0.1": "100", "sip:127.0.0.1": "s", "sip:%2A97@pbx": "*97", "sip:bob;x=y@pbx": "bob;x=y",
		"tel:+1-201-555-0123": "+12015550123", "tel:555.01(23);phone-context=example.com": "5550123",
	} {
		u, err := sip.ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := dialled(sip.NewRequest(sip.INVITE, *u)); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// TestFindStatus: 404, 484 and what no dialplan may see.
func TestFindStatus(t *testing.T) {
	var b dialplan.Builder
	b.Add(dialplan.Entry{Context: "internal", Pattern: "_1XX", Priority: 1})
	b.Add(dialplan.Entry{Context: "internal", Pattern: "_.", Priority: 1})
	b.Add(dialplan.Entry{Context: "few", Pattern: "1001", Priority: 1})
	index, problems := b.Build()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	gen := &Generation{Index: index, Find: func(context, exten, cid string) (dialplan.Entry, bool) {
		return index.Find(context, exten, cid, 1, dialplan.Match)
	}}
	tests := []struct {
		context, exten string
		overlap        bool
		want           int
	}{
		{"internal", "100", true, 0},
		{"internal", "100&PJSIP/101", true, 404},
		{"internal", "100,60,tT", true, 404},
		{"internal", "1\r\n00", true, 404},
		{"internal", "1 00", true, 404},
		{"few", "1001", true, 0},
		{"few", "100", true, 484},
		{"few", "100", false, 404},
		{"few", "2", true, 404},
		{"nowhere", "100", true, 404},
	}
	for _, tt := range tests {
		e := &config.Endpoint{Context: tt.context, AllowOverlap: tt.overlap}
		if got := findStatus(gen, e, tt.exten, ""); got != tt.want {
			t.Errorf("%s %q overlap %v: %d, want %d", tt.context, tt.exten, tt.overlap, got, tt.want)
		}
	}
}
