package pjsip

import (
	"fmt"
	"testing"
)

func TestSipfragStatus(t *testing.T) {
	for body, want := range map[string]int{
		"SIP/2.0 200 OK\r\n": 200, "SIP/2.0 100 Trying\r\nSubject: x\r\n": 100, "sip/2.0 603": 603, "SIP/2.0 486 Busy Here": 486,
		"": 0, "SIP/2.0": 0, "SIP/2.0 20 OK": 0, "SIP/2.0 099 x": 0, "SIP/2.0 700 x": 0, "SIP/2.0 +20 x": 0, "HTTP/1.1 200 OK": 0, "\r\nSIP/2.0 200 OK": 0,
	} {
		if got, ok := sipfragStatus([]byte(body)); got != want && (ok || want != 0) || ok != (want != 0) {
			t.Errorf("%q: %d %v, want %d", body, got, ok, want)
		}
	}
}

// FuzzSipfrag: what is read as a status is one, and stands at the beginning of what was read.
func FuzzSipfrag(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\n"))
	f.Add([]byte("SIP/2.0\t180\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, ok := sipfragStatus(body)
		if !ok {
			return
		}
		again, ok := sipfragStatus(fmt.Appendf(nil, "SIP/2.0 %d", n))
		if n < 100 || n > 699 || !ok || again != n {
			t.Fatalf("%q: status %d, read again %d %v", body, n, again, ok)
		}
	})
}
