package media

import (
	"net/netip"
	"testing"
	"time"
)

func TestLearner(t *testing.T) {
	sdp := netip.MustParseAddrPort("192.0.2.1:4000")
	other := netip.MustParseAddrPort("192.0.2.1:4444")
	nat := netip.MustParseAddrPort("198.51.100.7:5000")
	attacker := netip.MustParseAddrPort("203.0.113.9:6000")
	ms := int64(time.Millisecond)
	type packet struct {
		from netip.AddrPort
		at   int64 // ms
		n    int   // packets in sequence, 20 ms apart, from there
		ssrc uint32
		skip uint16 // gap in the sequence before each packet
	}
	tests := []struct {
		name       string
		symmetric  bool
		signalling netip.Addr
		heard      []packet
		want       netip.AddrPort
	}{
		{"SDP's address at once", false, netip.Addr{}, []packet{{from: sdp, n: 1}}, sdp},
		{"other port, not symmetric: after the grace", false, netip.Addr{}, []packet{{from: other, n: 12}}, other},
		{"other port, too short", false, netip.Addr{}, []packet{{from: other, n: 9}}, netip.AddrPort{}},
		{"stranger, not symmetric: never", false, netip.Addr{}, []packet{{from: attacker, n: 100}}, netip.AddrPort{}},
		{"stranger, symmetric: after the grace", true, netip.Addr{}, []packet{{from: nat, n: 12}}, nat},
		{"phone behind NAT at its signalling address: after probation", true, nat.Addr(), []packet{{from: nat, n: 4}}, nat},
		{"gaps: no sequence, nobody learned", true, netip.Addr{}, []packet{{from: nat, n: 100, skip: 3}}, netip.AddrPort{}},
		{"attacker first, phone within the grace", true, netip.Addr{},
			[]packet{{from: attacker, n: 9}, {from: sdp, at: 190, n: 1}, {from: attacker, at: 200, n: 50}}, sdp},
		{"attacker first and learned, phone later", true, netip.Addr{},
			[]packet{{from: attacker, n: 30}, {from: sdp, at: 700, n: 1}, {from: attacker, at: 720, n: 50}}, sdp},
		{"attacker first and learned, phone behind NAT at its signalling address", true, nat.Addr(),
			[]packet{{from: attacker, n: 30}, {from: nat, at: 700, n: 4}, {from: attacker, at: 800, n: 50}}, nat},
		{"after: attacker on the learned source's address", true, netip.Addr{},
			[]packet{{from: sdp, n: 3}, {from: other, at: 100, n: 100}, {from: attacker, at: 100, n: 100}}, sdp},
		{"two strangers do not oust each other", true, netip.Addr{},
			[]packet{{from: nat, n: 12}, {from: attacker, at: 300, n: 100}}, nat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := learner{strict: true, symmetric: tt.symmetric, probation: 4}
			l.restart(sdp, tt.signalling)
			for _, h := range tt.heard {
				seq := uint16(65534)
				for i := range h.n {
					if l.known(h.from) {
						break
					}
					ok, _ := l.consider(h.from, h.ssrc, seq, (h.at+int64(i)*20)*ms)
					if ok && !l.known(h.from) {
						t.Fatal("believed, but not learned")
					}
					seq += 1 + h.skip
				}
			}
			if l.source != tt.want {
				t.Errorf("source %v, want %v", l.source, tt.want)
			}
		})
	}
}

// TestLearnerCrowd: strangers cannot keep the phone from being counted, however many they are in turn.
func TestLearnerCrowd(t *testing.T) {
	l := learner{strict: true, symmetric: true, probation: 4}
	phone := netip.MustParseAddr("198.51.100.7")
	l.restart(netip.MustParseAddrPort("10.0.0.5:4000"), phone)
	for i := range 200 {
		now := int64(i) * int64(20*time.Millisecond)
		for j := range 3 {
			l.consider(netip.AddrPortFrom(netip.MustParseAddr("203.0.113.9"), uint16(i*3+j+1)), 1, uint16(i), now)
		}
		l.consider(netip.AddrPortFrom(phone, 7000), 2, uint16(i), now)
	}
	if l.source.Addr() != phone {
		t.Errorf("learned %v", l.source)
	}
}

func TestNobodyInvited(t *testing.T) {
	for _, named := range []string{"0.0.0.0:4000", "192.0.2.1:0", "224.0.0.1:4000", "255.255.255.255:4000", "[::]:4000"} {
		l := learner{strict: true, symmetric: true, probation: 1}
		l.restart(netip.MustParseAddrPort(named), netip.MustParseAddr("192.0.2.1"))
		for i := range 100 {
			if ok, _ := l.consider(netip.MustParseAddrPort("192.0.2.1:4000"), 1, uint16(i), int64(i)*int64(time.Second)); ok {
				t.Fatalf("%s: believed somebody", named)
			}
		}
	}
}
