package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

var (
	sdpHold  = netip.MustParseAddrPort("0.0.0.0:4000")
	peerRTP  = netip.MustParseAddrPort("192.0.2.1:4000")
	peerRTCP = netip.MustParseAddrPort("192.0.2.1:4001")
	prober   = netip.MustParseAddrPort("203.0.113.9:6000")
)

func parseControl(t testing.TB, b []byte) []rtcp.Packet {
	t.Helper()
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := rtcp.CompoundPacket(packets).Validate(); err != nil {
		t.Fatalf("not a valid compound: %v", err)
	}
	return packets
}

func marshalControl(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReports: RR while only receiving, SR once we send, CNAME in each, BYE at the end, at the peer's RTCP address.
func TestReports(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{CNAME: "a@b"})
	p.SetStream(AgreedStream(peerRTP, FormatULaw))
	l.Obey()
	s := NewSpeaker(peerRTP.String(), 7)
	for i := range 100 {
		if i%10 == 5 { // a tenth is lost
			s.Packet(nil)
		} else {
			l.Receive(p, s.Packet(Voice(1)), peerRTP)
		}
		l.Advance(20 * time.Millisecond)
	}
	l.Advance(8 * time.Second) // the last report is due 7.5 s after the one before
	got := l.Control(p)
	if len(got) == 0 || got[0].to != peerRTCP || got[0].sock != p.rtcp {
		t.Fatalf("%d reports", len(got))
	}
	packets := parseControl(t, got[len(got)-1].data)
	rr, ok := packets[0].(*rtcp.ReceiverReport)
	if !ok || len(rr.Reports) != 1 || rr.SSRC != p.outgoing.ssrc {
		t.Fatalf("first is %v", packets[0])
	}
	if b := rr.Reports[0]; b.SSRC != 7 || b.TotalLost != 10 || b.LastSequenceNumber != 7+99 || b.Jitter > 8 {
		t.Errorf("block %+v", b)
	}
	if sdes := packets[1].(*rtcp.SourceDescription); sdes.Chunks[0].Items[0].Text != "a@b" {
		t.Errorf("CNAME %v", sdes)
	}
	p.Play(Tone(8000, []float64{440}, nil, 0), nil)
	l.Obey()
	l.Advance(20 * time.Second)
	got = l.Control(p)
	if n := len(got); n < 2 || n > 8 {
		t.Errorf("%d reports in 20 s", n)
	}
	sr, ok := parseControl(t, got[len(got)-1].data)[0].(*rtcp.SenderReport)
	sent := l.RTP(p)
	if !ok || sr.PacketCount == 0 || sr.OctetCount != sr.PacketCount*160 {
		t.Errorf("sender report %v", sr)
	}
	if d := int32(sr.RTPTime - sent[sr.PacketCount-1].Timestamp); d < 0 || d > 320 {
		t.Errorf("RTP time is %d past the last packet", d)
	}
	p.Close()
	l.Obey()
	got = l.Control(p)
	if len(got) != 1 {
		t.Fatalf("%d packets at the end", len(got))
	}
	packets = parseControl(t, got[0].data)
	if bye, ok := packets[2].(*rtcp.Goodbye); !ok || bye.Sources[0] != p.outgoing.ssrc {
		t.Errorf("no BYE: %v", packets)
	}
	if st := p.Stats(); st.Lost != 10 || st.PacketsIn != 90 || st.RemoteSSRC != 7 || st.BytesIn != 90*160 || st.Source != peerRTP {
		t.Errorf("stats after Close: %+v", st)
	}
}

// TestHeard: RTT, loss and jitter as the peer reports them.
func TestHeard(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	p.SetStream(AgreedStream(peerRTP, FormatULaw))
	p.Play(Tone(8000, []float64{440}, nil, 0), nil)
	l.Obey()
	l.Advance(time.Second)
	l.Receive(p, NewSpeaker(peerRTP.String(), 7).Packet(Voice(1)), peerRTP)
	sent := ntpMiddle(time.Now().Add(-150 * time.Millisecond)) // our SR left then, the peer kept it 100 ms
	block := rtcp.ReceptionReport{SSRC: p.outgoing.ssrc, TotalLost: 0xFFFFFE, Jitter: 80, LastSenderReport: sent, Delay: 6554}
	rr := marshalControl(t, &rtcp.ReceiverReport{SSRC: 7, Reports: []rtcp.ReceptionReport{block}}, rtcp.NewCNAMESourceDescription(7, "x"))
	p.receiveControl(rr, peerRTCP)
	st := p.Stats()
	if st.RTT < 40*time.Millisecond || st.RTT > 90*time.Millisecond || st.RemoteLost != -2 || st.RemoteJitter != 10*time.Millisecond {
		t.Errorf("RTT %v, lost %d, jitter %v", st.RTT, st.RemoteLost, st.RemoteJitter)
	}
	p.receiveControl(marshalControl(t, &rtcp.ReceiverReport{SSRC: 7}, &rtcp.Goodbye{Sources: []uint32{7}}), peerRTCP)
	if !p.Stats().Bye {
		t.Error("BYE not noted")
	}
	// The peer's SR comes back in our report.
	p.receiveControl(marshalControl(t, &rtcp.SenderReport{SSRC: 7, NTPTime: 0x1111222233334444}, rtcp.NewCNAMESourceDescription(7, "x")), peerRTCP)
	l.Advance(time.Second)
	b := p.compound(l.s)[0].(*rtcp.SenderReport).Reports[0]
	if b.LastSenderReport != 0x22223333 || b.Delay != 65536 {
		t.Errorf("LSR %x, DLSR %d", b.LastSenderReport, b.Delay)
	}
}

// TestCompound: what RFC 3550 A.2 demands of a compound packet before a byte of it is believed.
func TestCompound(t *testing.T) {
	rr, cname := &rtcp.ReceiverReport{SSRC: 7}, rtcp.NewCNAMESourceDescription(7, "x")
	good := marshalControl(t, rr, cname)
	changed := func(at int, with byte) []byte {
		b := bytes.Clone(good)
		b[at] = with
		return b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"report and CNAME", good, nil},
		{"report alone", good[:8], nil},
		{"nothing", nil, errNoReport},
		{"CNAME first", marshalControl(t, cname, rr), errNoReport},
		{"BYE alone", marshalControl(t, &rtcp.Goodbye{Sources: []uint32{7}}), errNoReport},
		{"version 1", changed(0, 0x40), errControl},
		{"version 0 within", changed(8, 0x01), errControl},
		{"padding before the end", changed(0, 0xA0), errControl},
		{"padding at the end", changed(8, 0xA1), nil},
		{"longer than it is", changed(3, 200), errControlLen},
		{"last one cut short", good[:len(good)-4], errControlLen},
		{"three bytes too many", append(bytes.Clone(good), 0x80, 200, 0), errControl},
	} {
		if err := checkCompound(tt.b); err != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestControlSource: nobody but the peer is listened to or answered.
func TestControlSource(t *testing.T) {
	bye := func(ssrc uint32) []byte {
		return marshalControl(t, &rtcp.ReceiverReport{SSRC: ssrc}, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	nat := netip.MustParseAddrPort("198.51.100.7:7000")
	tests := []struct {
		name     string
		mux      bool
		rtpFrom  netip.AddrPort // learned before
		from     netip.AddrPort
		ssrc     uint32
		believed bool
		dest     netip.AddrPort
	}{
		{"named by SDP", false, peerRTP, peerRTCP, 7, true, peerRTCP},
		{"stranger with the right SSRC", false, peerRTP, prober, 7, false, peerRTCP},
		{"named address, other port", false, peerRTP, netip.MustParseAddrPort("192.0.2.1:4003"), 7, false, peerRTCP},
		{"NAT: learned address, right SSRC", false, nat, netip.MustParseAddrPort("198.51.100.7:7777"), 7, true, netip.MustParseAddrPort("198.51.100.7:7777")},
		{"NAT: learned address, wrong SSRC", false, nat, netip.MustParseAddrPort("198.51.100.7:7777"), 8, false, netip.MustParseAddrPort("198.51.100.7:7001")},
		{"NAT: stranger", false, nat, prober, 7, false, netip.MustParseAddrPort("198.51.100.7:7001")},
		{"NAT: SDP's address, which is not where RTP comes from", false, nat, peerRTCP, 7, false, netip.MustParseAddrPort("198.51.100.7:7001")},
		{"mux", true, peerRTP, peerRTP, 7, true, peerRTP},
		{"mux: stranger", true, peerRTP, prober, 7, false, peerRTP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLab(t)
			p := l.Port(PortConfig{Symmetric: true})
			st := AgreedStream(peerRTP, FormatULaw)
			st.RTCPMux = tt.mux
			p.SetStream(st)
			l.Obey()
			s := NewSpeaker(tt.rtpFrom.String(), 7)
			for range 12 {
				l.Receive(p, s.Packet(Voice(1)), tt.rtpFrom)
				l.Advance(20 * time.Millisecond)
			}
			if tt.mux {
				l.Receive(p, bye(tt.ssrc), tt.from)
			} else {
				p.receiveControl(bye(tt.ssrc), tt.from)
			}
			if got := p.Stats().Bye; got != tt.believed {
				t.Errorf("believed %v", got)
			}
			l.Advance(8 * time.Second)
			for _, d := range l.Control(p) {
				if d.to != tt.dest {
					t.Errorf("report to %v, want %v", d.to, tt.dest)
				}
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	fired := 0
	l := NewLab(t)
	p := l.Port(PortConfig{Timeout: 10 * time.Second, HoldTimeout: 60 * time.Second, OnTimeout: func() { fired++ }})
	l.Advance(time.Minute)
	expect := func(when string, want int) {
		t.Helper()
		if fired != want {
			t.Errorf("%s: fired %d times, want %d", when, fired, want)
		}
	}
	expect("before a stream", 0)
	st := AgreedStream(peerRTP, FormatULaw)
	p.SetStream(st)
	l.Obey()
	s := NewSpeaker(peerRTP.String(), 7)
	for range 30 {
		l.Receive(p, s.Packet(Voice(1)), peerRTP)
		l.Advance(time.Second)
	}
	expect("while the peer speaks", 0)
	for range 20 {
		p.receiveControl(marshalControl(t, &rtcp.ReceiverReport{SSRC: 7}), peerRTCP)
		l.Advance(time.Second)
	}
	expect("while RTCP says it is there", 0)
	for range 20 {
		l.Receive(p, s.Packet(Voice(1)), prober)
		l.Advance(time.Second)
	}
	expect("while only a stranger speaks", 1)
	l.Advance(time.Hour)
	expect("in the same silence", 1)
	st.Held = true
	p.SetStream(st)
	l.Obey()
	l.Advance(50 * time.Second)
	expect("held", 1)
	l.Advance(11 * time.Second)
	expect("held too long", 2)
	st.Held = false
	p.SetStream(st)
	l.Obey()
	l.Advance(11 * time.Second)
	expect("resumed and silent", 3)
}

func TestKeepalive(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{Keepalive: 15 * time.Second})
	l.Advance(time.Minute)
	st := AgreedStream(peerRTP, FormatULaw)
	st.Send = false
	p.SetStream(st)
	l.Obey()
	l.Advance(time.Minute)
	got := l.RTP(p)
	if len(got) < 3 || len(got) > 5 {
		t.Fatalf("%d packets in a minute", len(got))
	}
	for i, packet := range got {
		if packet.PayloadType != 13 || i > 0 && packet.SequenceNumber != got[i-1].SequenceNumber+1 {
			t.Errorf("packet %d: %v", i, packet)
		}
	}
}

func TestReception(t *testing.T) {
	type packet struct {
		ssrc uint32
		seq  uint16
	}
	run := func(n int, ssrc uint32, seq uint16) (list []packet) {
		for i := range n {
			list = append(list, packet{ssrc, seq + uint16(i)})
		}
		return list
	}
	join := func(lists ...[]packet) (all []packet) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	for _, tt := range []struct {
		name           string
		in             []packet
		expected, lost int64
		began          int
	}{
		{"in order", run(100, 1, 5), 100, 0, 1},
		{"wraps", run(100, 1, 65500), 100, 0, 1},
		{"loss", join(run(10, 1, 5), run(10, 1, 20)), 25, 5, 1},
		{"duplicates", join(run(10, 1, 5), run(10, 1, 5)), 10, -10, 1},
		{"reordered over the wrap", []packet{{1, 65534}, {1, 0}, {1, 65535}, {1, 1}}, 4, 0, 1},
		{"one wild number", join(run(10, 1, 5), run(1, 1, 30000), run(10, 1, 15)), 20, -1, 1},
		{"sender restarted", join(run(10, 1, 5), run(10, 1, 30000)), 9, 0, 2},
		{"new SSRC", join(run(10, 1, 5), run(7, 2, 30000)), 7, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r reception
			began := 0
			for i, p := range tt.in {
				if r.packet(p.ssrc, p.seq, uint32(i)*160, 160, 8000, int64(i)*20e6) {
					began++
				}
			}
			if int64(r.expected()) != tt.expected || r.lost() != tt.lost || began != tt.began {
				t.Errorf("expected %d, lost %d, began %d", r.expected(), r.lost(), began)
			}
		})
	}
	var r reception
	for i := range 2000 { // every other packet 10 ms late: 80 samples either way
		r.packet(1, uint16(i), uint32(i)*160, 160, 8000, int64(i)*20e6+int64(i%2)*10e6)
	}
	if j := r.jitterTime(); j < 9*time.Millisecond || j > 11*time.Millisecond {
		t.Errorf("jitter %v", j)
	}
}

// FuzzControl: any bytes to the RTCP handler; those not believed or not a compound leave no trace.
func FuzzControl(f *testing.F) {
	f.Add(marshalControl(f, &rtcp.ReceiverReport{SSRC: 7}, rtcp.NewCNAMESourceDescription(7, "x"), &rtcp.Goodbye{Sources: []uint32{7}}), true)
	f.Add(marshalControl(f, &rtcp.SenderReport{SSRC: 7, Reports: []rtcp.ReceptionReport{{SSRC: 1, LastSenderReport: 9}}}), false)
	f.Add([]byte{0x81, 200, 0xFF, 0xFF}, true)
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		l := NewLab(t)
		p := l.Port(PortConfig{Symmetric: true})
		p.SetStream(AgreedStream(peerRTP, FormatULaw))
		l.Obey()
		s := NewSpeaker(peerRTP.String(), 7)
		l.Receive(p, s.Packet(Voice(1)), peerRTP)
		p.publish()
		before, heard := p.Stats(), p.lastHeard
		l.s.now++
		from := prober
		if known {
			from = peerRTCP
		}
		in := bytes.Clone(b)
		p.receiveControl(b, from)
		if !bytes.Equal(in, b) {
			t.Fatal("the datagram was written to")
		}
		after := p.Stats()
		if checkCompound(b) != nil || !known {
			after.Dropped, after.WrongSource = before.Dropped, before.WrongSource
			if after != before || p.lastHeard != heard {
				t.Fatalf("%+v became %+v", before, after)
			}
		}
		if after.RTT < 0 || after.RTT >= time.Minute || p.control.dest(p) != peerRTCP {
			t.Fatalf("RTT %v, reports to %v", after.RTT, p.control.dest(p))
		}
	})
}
