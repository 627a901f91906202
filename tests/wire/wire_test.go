package wire

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"asterism/tests/audio"
)

func TestRTPToneAndDigits(t *testing.T) {
	a, b := open(t), open(t)
	to := b.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := a.Tone(to, alaw, 770, 600*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := a.Digits(to, "15#"); err != nil {
		t.Fatal(err)
	}
	if err := a.Garbage(netip.MustParseAddrPort("127.0.0.1:9"), 20); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if ok, level := audio.Hears(b.Heard(0), 8000, 770, 500*time.Millisecond); !ok {
		t.Errorf("no 770 Hz: %v", level)
	}
	if s := b.Stats(); s.Digits != "15#" || s.Breaks != 0 || s.SSRCs != 1 || len(s.Sources) != 1 {
		t.Errorf("stats: %v", s)
	}
}

func open(t *testing.T) *RTP {
	t.Helper()
	r, err := OpenRTP("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func TestRender(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := OpenSIP("tcp", "127.0.0.1", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := s.Render("OPTIONS sip:${PBX} SIP/2.0\nCSeq: ${CSEQ} OPTIONS\nX: ${NAME}\nContent-Length: ${LENGTH}\n\nv=0\n")
	want := "OPTIONS sip:" + l.Addr().String() + " SIP/2.0\r\nCSeq: 1 OPTIONS\r\nX: ${NAME}\r\nContent-Length: 5\r\n\r\nv=0\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMasked(t *testing.T) {
	const a = "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 127.0.0.1:1;rport=1;branch=z9hG4bK1\r\nFrom: <sip:alice@x>;tag=1\r\nTo: <sip:alice@x>;tag=2\r\n" +
		"Call-ID: a\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\nContent-Length: 0\r\n\r\n"
	b := strings.NewReplacer("alice", "nobody", "tag=2", "tag=3", `"1"`, `"77"`, "Call-ID: a", "Call-ID: b").Replace(a)
	if x, y := Masked(a, "alice"), Masked(b, "nobody"); x != y {
		t.Errorf("not the same:\n%s\n%s", x, y)
	}
	if x, y := Masked(a, "alice"), Masked(strings.Replace(b, `realm="r"`, `realm="s"`, 1), "nobody"); x == y {
		t.Error("another realm is not seen")
	}
}
