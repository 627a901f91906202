package media

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"asterism/codecs"
)

// screens is a lab with two joined ports of one kind.
type screens struct {
	*Lab
	a, b       *Port
	alice, bob *Speaker
	toA, toB   netip.AddrPort
}

func newScreens(t testing.TB, k Kind, f Feedback) *screens {
	s := &screens{Lab: NewLab(t), toA: peerRTP, toB: netip.MustParseAddrPort("192.0.2.2:5000")}
	s.alice, s.bob = NewSpeaker(s.toA.String(), 0xA), NewSpeaker(s.toB.String(), 0xB)
	s.a, s.b = s.Port(PortConfig{Kind: k}), s.Port(PortConfig{Kind: k})
	for p, to := range map[*Port]netip.AddrPort{s.a: s.toA, s.b: s.toB} {
		st := AgreedStream(to, codecs.Format{Name: "H264", Rate: 90000, Channels: 1})
		st.DTMF, st.Feedback = nil, f
		p.SetStream(st)
	}
	s.alice.PT, s.bob.PT = 96, 96
	s.Obey()
	s.Together(func() {
		if _, err := Connect(s.a, s.b, s.b.Out(), s.a.Out()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// film sends a packet of Alice's picture to Bob and returns what Bob gets.
func (s *screens) film(marker bool) (seq uint16, marked bool) {
	s.T.Helper()
	b := s.alice.Raw(96, marker, s.alice.Seq, s.alice.TS, []byte("part of a picture"))
	s.alice.Seq++
	s.Receive(s.a, b, s.toA)
	got := s.RTP(s.b)
	s.Advance(time.Millisecond)
	if len(got) != 1 {
		s.T.Fatalf("%d packets", len(got))
	}
	return got[0].SequenceNumber, got[0].Marker
}

// asked is the feedback that a port has sent since the last time, but for reports and names.
func (s *screens) asked(p *Port) (list []rtcp.Packet) {
	s.T.Helper()
	for _, d := range s.Control(p) {
		packets, err := rtcp.Unmarshal(d.data)
		if err != nil {
			s.T.Fatal(err)
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest, *rtcp.TransportLayerNack:
				list = append(list, packet)
			}
		}
	}
	return list
}

// tell lets Bob send RTCP about what he sees.
func (s *screens) tell(packets ...rtcp.Packet) {
	s.b.receiveControl(marshalControl(s.T, append([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 0xB}}, packets...)...), netip.AddrPortFrom(s.toB.Addr(), s.toB.Port()+1))
}

// TestVideo: pictures pass with their markers where they were, also when the sender begins anew.
func TestVideo(t *testing.T) {
	s := newScreens(t, KindVideo, Feedback{})
	last := uint16(0)
	for i := range 12 {
		if i == 6 {
			s.alice.Seq += 20000 // another camera, without saying so
			s.alice.TS += 1 << 28
		}
		seq, marked := s.film(i%3 == 2)
		if i > 0 && seq != last+1 || marked != (i%3 == 2) {
			t.Errorf("packet %d: number %d after %d, marker %v", i, seq, last, marked)
		}
		last = seq
	}
}

// TestFeedback: what Bob asks of the stream he gets is asked of Alice, of her own stream, in a way she knows, and only what she knows.
func TestFeedback(t *testing.T) {
	all := Feedback{NACK: true, PLI: true, FIR: true}
	for _, tt := range []struct {
		name  string
		knows Feedback
		ask   func(ssrc uint32, seq uint16) rtcp.Packet
		want  string
	}{
		{"PLI", all, func(ssrc uint32, _ uint16) rtcp.Packet {
			return &rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: ssrc}
		}, "pli"},
		{"PLI, who knows FIR alone", Feedback{FIR: true}, func(ssrc uint32, _ uint16) rtcp.Packet {
			return &rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: ssrc}
		}, "fir 1"},
		{"PLI of another stream", all, func(uint32, uint16) rtcp.Packet { return &rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: 1} }, ""},
		{"PLI, who knows nothing", Feedback{}, func(ssrc uint32, _ uint16) rtcp.Packet {
			return &rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: ssrc}
		}, ""},
		{"FIR", all, func(ssrc uint32, _ uint16) rtcp.Packet {
			return &rtcp.FullIntraRequest{SenderSSRC: 0xB, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: 77}}}
		}, "fir 1"},
		{"FIR, who knows PLI alone", Feedback{PLI: true}, func(ssrc uint32, _ uint16) rtcp.Packet {
			return &rtcp.FullIntraRequest{SenderSSRC: 0xB, FIR: []rtcp.FIREntry{{SSRC: ssrc}}}
		}, "pli"},
		{"NACK", all, func(ssrc uint32, seq uint16) rtcp.Packet {
			return &rtcp.TransportLayerNack{SenderSSRC: 0xB, MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: seq, LostPackets: 5}}}
		}, "nack"},
		{"NACK, who does not know it", Feedback{PLI: true}, func(ssrc uint32, seq uint16) rtcp.Packet {
			return &rtcp.TransportLayerNack{SenderSSRC: 0xB, MediaSSRC: ssrc, Nacks: []rtcp.NackPair{{PacketID: seq}}}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreens(t, KindVideo, tt.knows)
			for range 5 {
				s.film(false)
			}
			mine := s.alice.Seq
			seq, _ := s.film(true)
			s.film(false)
			s.asked(s.a)
			s.tell(tt.ask(s.b.outgoing.ssrc, seq))
			got := s.asked(s.a)
			if tt.want == "" {
				if len(got) != 0 {
					t.Errorf("asked %v", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("asked %v", got)
			}
			switch p := got[0].(type) {
			case *rtcp.PictureLossIndication:
				if tt.want != "pli" || p.MediaSSRC != 0xA || p.SenderSSRC != s.a.outgoing.ssrc {
					t.Errorf("%+v", p)
				}
			case *rtcp.FullIntraRequest:
				if tt.want != "fir 1" || len(p.FIR) != 1 || p.FIR[0] != (rtcp.FIREntry{SSRC: 0xA, SequenceNumber: 1}) {
					t.Errorf("%+v", p)
				}
			case *rtcp.TransportLayerNack:
				if tt.want != "nack" || p.MediaSSRC != 0xA || !slices.Equal(p.Nacks, []rtcp.NackPair{{PacketID: mine, LostPackets: 5}}) {
					t.Errorf("%+v, want packet %d", p, mine)
				}
			}
		})
	}
}

// TestFeedbackRepeated: a command that is repeated is the same one (RFC 5104 §4.3.1.1), and a flood in one datagram is not passed on.
func TestFeedbackRepeated(t *testing.T) {
	s := newScreens(t, KindVideo, Feedback{NACK: true, PLI: true, FIR: true})
	s.film(true)
	s.asked(s.a)
	var numbers []uint8
	for _, n := range []uint8{9, 9, 10, 10, 9} {
		s.tell(&rtcp.FullIntraRequest{SenderSSRC: 0xB, FIR: []rtcp.FIREntry{{SSRC: s.b.outgoing.ssrc, SequenceNumber: n}}})
		for _, p := range s.asked(s.a) {
			numbers = append(numbers, p.(*rtcp.FullIntraRequest).FIR[0].SequenceNumber)
		}
		s.Advance(time.Millisecond)
	}
	if !slices.Equal(numbers, []uint8{1, 1, 2, 2, 3}) {
		t.Errorf("commands %v", numbers)
	}
	var flood []rtcp.Packet
	for range 100 {
		flood = append(flood, &rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: s.b.outgoing.ssrc})
	}
	s.tell(flood...)
	if n := len(s.asked(s.a)); n == 0 || n > mostFeedback {
		t.Errorf("asked %d times for one datagram", n)
	}
}

// TestPictureWanted: who begins to see in the middle of a film, or sees again after a hold, asks for a whole picture.
func TestPictureWanted(t *testing.T) {
	s := newScreens(t, KindVideo, Feedback{PLI: true})
	if n := len(s.asked(s.a)); n != 0 {
		t.Errorf("asked %d times before anything came", n)
	}
	s.film(true)
	st := s.a.stream
	st.Receive = false
	s.a.SetStream(st)
	s.Obey()
	st.Receive = true
	s.a.SetStream(st)
	s.Obey()
	if n := len(s.asked(s.a)); n != 1 {
		t.Errorf("asked %d times after a hold", n)
	}
	s.Together(func() {
		if _, err := Connect(s.a, s.b, s.b.Out(), s.a.Out()); err != nil {
			t.Error(err)
		}
	})
	if n := len(s.asked(s.a)); n != 1 {
		t.Errorf("asked %d times after joining", n)
	}
}

// TestDatagrams: UDPTL goes through as it is, in both directions, from the agreed address alone, and makes no RTCP.
func TestDatagrams(t *testing.T) {
	s := newScreens(t, KindDatagrams, Feedback{})
	out := func(p *Port) (list [][]byte) {
		for _, d := range s.sent {
			if d.sock == p.rtp {
				list = append(list, d.data)
			}
		}
		s.sent = nil
		return list
	}
	for i := range 5 {
		b := binary.BigEndian.AppendUint16(nil, uint16(i))
		b = append(b, 2, byte(i), 0xFF, 0, 0)
		s.Receive(s.a, b, s.toA)
		if got := out(s.b); len(got) != 1 || !bytes.Equal(got[0], b) {
			t.Fatalf("datagram %d became %v", i, got)
		}
		s.Receive(s.b, b, s.toB)
		if got := out(s.a); len(got) != 1 || !bytes.Equal(got[0], b) {
			t.Fatalf("datagram %d became %v on its way back", i, got)
		}
	}
	s.Receive(s.a, []byte{0, 9, 1, 1, 0, 0}, prober)
	s.Receive(s.a, []byte{0, 9, 1}, s.toA) // too short to be any
	s.a.receiveControl(marshalControl(t, &rtcp.ReceiverReport{SSRC: 7}), peerRTCP)
	s.Advance(30 * time.Second)
	if len(s.sent) != 0 {
		t.Errorf("sent %d datagrams, to %v", len(s.sent), s.sent[0].to)
	}
	if st := s.a.Stats(); st.PacketsIn != 5 || st.PacketsOut != 5 || st.WrongSource != 1 {
		t.Errorf("%+v", st)
	}
}

// TestBesideAllocs: pictures and faxes cost no allocation.
func TestBesideAllocs(t *testing.T) {
	for name, k := range map[string]Kind{"video": KindVideo, "UDPTL": KindDatagrams} {
		s := newScreens(t, k, Feedback{})
		s.Quiet()
		b := make([]byte, 1200)
		say := func() {
			copy(b, s.alice.Raw(96, false, s.alice.Seq, s.alice.TS, nil))
			s.alice.Seq++
			s.Receive(s.a, b, s.toA)
			s.Advance(time.Millisecond)
		}
		say()
		if n := testing.AllocsPerRun(200, say); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
}

// FuzzFeedback: whatever Bob sends as RTCP of a video, nobody but the two peers is sent anything, Alice at most a burst, each a whole
// compound that asks for her own stream.
func FuzzFeedback(f *testing.F) {
	add := func(p rtcp.Packet) { f.Add(marshalControl(f, &rtcp.ReceiverReport{SSRC: 0xB}, p)) }
	add(&rtcp.PictureLossIndication{SenderSSRC: 0xB, MediaSSRC: 1})
	add(&rtcp.FullIntraRequest{SenderSSRC: 0xB, FIR: []rtcp.FIREntry{{SSRC: 1, SequenceNumber: 1}, {SSRC: 1, SequenceNumber: 2}}})
	add(&rtcp.TransportLayerNack{SenderSSRC: 0xB, MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 0xFFFF}}})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newScreens(t, KindVideo, Feedback{NACK: true, PLI: true, FIR: true})
		s.b.outgoing.ssrc = 1
		s.film(true)
		s.sent = nil
		in := bytes.Clone(b)
		s.b.receiveControl(b, netip.AddrPortFrom(s.toB.Addr(), s.toB.Port()+1))
		if !bytes.Equal(in, b) {
			t.Fatal("the datagram was written to")
		}
		if len(s.sent) > mostFeedback {
			t.Fatalf("%d datagrams for one", len(s.sent))
		}
		for _, d := range s.sent {
			if d.to != peerRTCP || checkCompound(d.data) != nil {
				t.Fatalf("%x to %v", d.data, d.to)
			}
		}
		for _, p := range s.asked(s.a) {
			if of := p.DestinationSSRC(); !slices.Equal(of, []uint32{0xA}) {
				t.Fatalf("asks for %v", of)
			}
		}
	})
}

// FuzzDatagrams: any bytes of the peer or a stranger; what passes, passes as it is, to the other peer.
func FuzzDatagrams(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 0, 0}, true)
	f.Add([]byte{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false)
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		s := newScreens(t, KindDatagrams, Feedback{})
		from := prober
		if known {
			from = s.toA
		}
		s.Receive(s.a, b, from)
		if want := known && len(b) >= smallestUDPTL; (len(s.sent) == 1) != want {
			t.Fatalf("%d sent", len(s.sent))
		}
		for _, d := range s.sent {
			if d.to != s.toB || !bytes.Equal(d.data, b) {
				t.Fatalf("%x became %x to %v", b, d.data, d.to)
			}
		}
	})
}
