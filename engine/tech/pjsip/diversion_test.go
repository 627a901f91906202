package pjsip

import (
	"strings"
	"testing"

	"asterism/engine/sip"
)

func invite(headers ...string) *sip.Request {
	req := sip.NewRequest(sip.INVITE, *sip.NewURI("101", "example.com", 0))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.AppendHeader(sip.NewHeader(name, value))
	}
	return req
}

func TestDiverted(t *testing.T) {
	for _, tt := range []struct {
		name, number, reason string
		headers              []string
	}{
		{"nobody", "", "", nil},
		{"busy", "102", "cfb", []string{"Diversion: \"Bob\" <sip:102@example.com>;reason=user-busy;counter=1"}},
		{"the last one", "102", "cfnr", []string{"Diversion: <sip:102@a>;reason=No-Answer, <sip:103@a>;reason=unconditional", "Diversion: <sip:104@a>"}},
		{"quoted", "+4930123", "dnd", []string{"Diversion: <tel:+4930123>;reason=\"do-not-disturb\""}},
		{"no word", "102", "unknown", []string{"Diversion: <sip:102@a>"}},
		{"a word of his own", "102", "unknown", []string{"Diversion: <sip:102@a>;reason=full-moon"}},
		{"no number", "", "cfb", []string{"Diversion: <sip:a>;reason=user-busy"}},
		{"a number that could do more", "", "unknown", []string{"Diversion: <sip:1%2C2%26PJSIP@a>"}},
		{"no address", "", "", []string{"Diversion: <<"}},
		{"history", "102", "cfb", []string{"History-Info: <sip:102@a>;index=1, <sip:101@b;cause=486>;index=1.1"}},
		{"a long history", "103", "cfu", []string{"History-Info: <sip:102@a>;index=1", "History-Info: <sip:103@a;cause=408>;index=1.1", "History-Info: <sip:101@b;cause=302>;index=1.1.1"}},
		{"routed, not sent on", "", "", []string{"History-Info: <sip:102@a>;index=1, <sip:101@b>;index=1.1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if number, reason := diverted(invite(tt.headers...)); number != tt.number || reason != tt.reason {
				t.Errorf("%q %q, want %q %q", number, reason, tt.number, tt.reason)
			}
		})
	}
}

func FuzzDiverted(f *testing.F) {
	f.Add("<sip:102@a>;reason=user-busy", "<sip:102@a>;index=1, <sip:101@b;cause=486>;index=1.1")
	f.Add("", "<sip:1%0d%0a2@a>;index=1, <tel:3;cause=486>")
	f.Fuzz(func(t *testing.T, diversion, history string) {
		number, reason := diverted(invite("Diversion: "+diversion, "History-Info: "+history))
		if !dialable(number) || number != printable(number) {
			t.Errorf("%q got in", number)
		}
		if number != "" && reason == "" {
			t.Errorf("%q without a reason", number)
		}
	})
}
