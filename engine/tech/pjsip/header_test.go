package pjsip

import (
	"strings"
	"testing"
)

// What a script may put into an INVITE, and what would break it or smuggle a line in.
func TestCheckHeader(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		ok          bool
	}{
		{"X-Customer", "42; a=b", true},
		{"Alert-Info", "<http://127.0.0.1/ring>;info=alert-internal", true},
		{"X-Empty", "", true},
		{"X-Umlaut", "Grüße", true},
		{"", "x", false},
		{"X Y", "x", false},
		{"X:", "x", false},
		{"X\r\nVia", "x", false},
		{"X-Long", strings.Repeat("x", maxHeaderValue+1), false},
		{"X-Lines", "a\r\nVia: b", false},
		{"X-Null", "a\x00", false},
		{"via", "SIP/2.0/UDP x", false},
		{"Call-ID", "x", false},
		{"content-length", "0", false},
	} {
		if err := checkHeader(tt.name, tt.value); (err == nil) != tt.ok {
			t.Errorf("%q: %q: %v", tt.name, tt.value, err)
		}
	}
}

func TestAddedHeaders(t *testing.T) {
	l := &leg{outgoing: true}
	for _, name := range []string{"X-A", "X-B", "x-a", "Y"} {
		if err := l.AddHeader(name, "1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.UpdateHeader("X-A", 2, "2"); err != nil {
		t.Error(err)
	}
	if err := l.UpdateHeader("X-A", 3, "2"); err == nil {
		t.Error("a third X-A was changed")
	}
	if n, err := l.RemoveHeaders("x-b"); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	var got []string
	for _, h := range l.takeHeaders() {
		got = append(got, h.Name()+"="+h.Value())
	}
	if s := strings.Join(got, " "); s != "X-A=1 x-a=2 Y=1" {
		t.Error(s)
	}
	if n, _ := l.RemoveHeaders("*"); n != 3 {
		t.Errorf("* removed %d", n)
	}
	if err := (&leg{}).AddHeader("X-A", "1"); err == nil {
		t.Error("a header was added to the peer's call")
	}
}
