package media_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/engine/bridge"
	"asterism/engine/media"
)

var addrA, addrB = netip.MustParseAddrPort("192.0.2.1:4000"), netip.MustParseAddrPort("192.0.2.2:4000")

// twoLegs is a lab with two joined ports, and A's and B's mouths.
type twoLegs struct {
	*media.Lab
	a, b       *media.Port
	alice, bob *media.Speaker
	digitsA    []media.Digit
	pressedA   string
	bridge     *bridge.Bridge
}

func join(t testing.TB, a, b []codecs.Format) *twoLegs {
	l := &twoLegs{Lab: media.NewLab(t), alice: media.NewSpeaker(addrA.String(), 0xA), bob: media.NewSpeaker(addrB.String(), 0xB)}
	l.a = l.Port(media.PortConfig{OnDigit: func(d media.Digit) { l.digitsA = append(l.digitsA, d) }, OnPress: func(d rune) { l.pressedA += string(d) }})
	l.b = l.Port(media.PortConfig{})
	l.a.SetStream(media.AgreedStream(addrA, a...))
	l.b.SetStream(media.AgreedStream(addrB, b...))
	l.alice.PT, l.bob.PT = media.AgreedStream(addrA, a...).Codecs[0].Recv, media.AgreedStream(addrB, b...).Codecs[0].Recv
	l.rejoin()
	return l
}

func (l *twoLegs) rejoin() {
	l.T.Helper()
	l.Together(func() {
		var err error
		if l.bridge, err = bridge.Join(l.a, l.b); err != nil {
			l.T.Error(err)
		}
	})
}

// say sends one packet of Alice and returns what Bob got, 20 ms later.
func (l *twoLegs) say(payload []byte) []rtp.Packet {
	l.T.Helper()
	l.Receive(l.a, l.alice.Packet(payload), addrA)
	got := l.RTP(l.b)
	l.Advance(20 * time.Millisecond)
	return got
}

var (
	ulaw = []codecs.Format{media.FormatULaw}
	alaw = []codecs.Format{media.FormatALaw}
)

func TestRelay(t *testing.T) {
	l := join(t, ulaw, ulaw)
	var ssrc uint32
	var seq uint16
	var ts uint32
	for i := range 5 {
		got := l.say(media.Voice(byte(i)))
		if len(got) != 1 || !bytes.Equal(got[0].Payload, media.Voice(byte(i))) {
			t.Fatalf("packet %d: got %v", i, got)
		}
		p := got[0]
		if i == 0 {
			if !p.Marker || p.SSRC == l.alice.SSRC {
				t.Fatal("the first packet has no marker, or the peer's SSRC")
			}
		} else if p.SSRC != ssrc || p.SequenceNumber != seq+1 || p.Timestamp != ts+160 || p.Marker {
			t.Fatalf("packet %d does not follow: %v", i, p)
		}
		ssrc, seq, ts = p.SSRC, p.SequenceNumber, p.Timestamp
	}
	// Loss, reordering and silence arrive as they came.
	l.alice.Seq += 2
	l.alice.TS += 320
	if p := l.say(media.Voice(9))[0]; p.SequenceNumber != seq+3 || p.Timestamp != ts+480 {
		t.Errorf("after a loss of two: seq +%d, ts +%d", p.SequenceNumber-seq, p.Timestamp-ts)
	}
	l.Receive(l.a, l.alice.Raw(0, false, l.alice.Seq-2, l.alice.TS-320, media.Voice(8)), addrA)
	if got := l.RTP(l.b); len(got) != 1 || got[0].SequenceNumber != seq+2 || got[0].Timestamp != ts+320 {
		t.Errorf("late packet: %v", got)
	}
	l.Advance(time.Second)
	l.alice.TS += 8000
	if p := l.say(media.Voice(9))[0]; p.SequenceNumber != seq+4 || p.Timestamp != ts+640+8000 || !p.Marker {
		t.Errorf("after silence: seq +%d, ts +%d, marker %v", p.SequenceNumber-seq, p.Timestamp-ts, p.Marker)
	}
}

// TestTimestampJumps: a sender whose timestamps jump, or whose numbers begin anew, does not take the other leg's stream along.
// (Its second packet may bear a marker, too: two in sequence prove that the sender began anew, RFC 3550 A.1.)
func TestTimestampJumps(t *testing.T) {
	for name, jump := range map[string]func(s *media.Speaker){
		"timestamp ahead": func(s *media.Speaker) { s.TS += 1 << 30 }, "timestamp back": func(s *media.Speaker) { s.TS -= 1 << 20 },
		"sequence ahead": func(s *media.Speaker) { s.Seq += 10000 }, "both": func(s *media.Speaker) { s.Seq, s.TS = s.Seq-20000, s.TS-1<<29 },
	} {
		l := join(t, ulaw, ulaw)
		l.say(media.Voice(1))
		last := l.say(media.Voice(2))[0]
		jump(l.alice)
		for i := range 3 {
			got := l.say(media.Voice(3))
			if len(got) != 1 || got[0].SequenceNumber != last.SequenceNumber+1 || got[0].Timestamp != last.Timestamp+160 || i != 1 && got[0].Marker != (i == 0) {
				t.Errorf("%s, packet %d: %v after %v", name, i, got, last)
				break
			}
			last = got[0]
		}
	}
}

// TestUnknownCodecsPass: a codec without coders here goes from a leg that has it to another, under that leg's number, byte by byte.
func TestUnknownCodecsPass(t *testing.T) {
	for _, f := range []codecs.Format{media.FormatG729, {Name: "AMR", Rate: 8000, Channels: 1}, {Name: "iLBC", Rate: 8000, Channels: 1},
		{Name: "EVS", Rate: 16000, Channels: 1}, {Name: "G726-40", Rate: 8000, Channels: 1}} {
		t.Run(f.Name, func(t *testing.T) {
			l := join(t, []codecs.Format{f}, []codecs.Format{media.FormatULaw, f})
			s := media.AgreedStream(addrB, media.FormatULaw, f)
			s.Codecs[1].Send, s.Codecs[1].Recv = 120, 120
			l.b.SetStream(s)
			l.Obey()
			var last rtp.Packet
			for i := range 5 {
				payload := bytes.Repeat([]byte{byte(i), 0xA5}, 10+i)
				got := l.say(payload)
				if len(got) != 1 || got[0].PayloadType != 120 || !bytes.Equal(got[0].Payload, payload) {
					t.Fatalf("packet %d: %v", i, got)
				}
				if i > 0 && (got[0].SequenceNumber != last.SequenceNumber+1 || got[0].Timestamp != last.Timestamp+160) {
					t.Errorf("packet %d does not follow: %v", i, got[0])
				}
				last = got[0]
			}
			l.b.SetStream(media.AgreedStream(addrB, media.FormatULaw))
			l.Obey()
			if got := l.say([]byte{1, 2, 3}); len(got) != 0 {
				t.Errorf("sent to a leg that has it not: %v", got)
			}
		})
	}
}

func TestPayloadTypesPerLeg(t *testing.T) {
	l := join(t, alaw, alaw)
	s := media.AgreedStream(addrB, media.FormatALaw)
	s.Codecs[0].Send, s.Codecs[0].Recv = 97, 98 // asymmetric numbers are legal (RFC 3264 §5.1)
	l.b.SetStream(s)
	l.Obey()
	if p := l.say(media.Voice(1))[0]; p.PayloadType != 97 {
		t.Errorf("sent as %d, want 97", p.PayloadType)
	}
	l.bob.PT = 98
	l.Receive(l.b, l.bob.Packet(media.Voice(2)), addrB)
	if got := l.RTP(l.a); len(got) != 1 || got[0].PayloadType != 8 {
		t.Errorf("got %v, want payload type 8", got)
	}
	l.bob.PT = 97
	l.Receive(l.b, l.bob.Packet(media.Voice(2)), addrB)
	if got := l.RTP(l.a); len(got) != 0 {
		t.Errorf("a payload type not agreed was sent on: %v", got)
	}
}

// TestContinuity: whoever feeds a leg, its stream goes on: bridge, nobody, playback, echo, digits, another leg, another SSRC.
func TestContinuity(t *testing.T) {
	l := join(t, ulaw, ulaw)
	c := l.Port(media.PortConfig{})
	c.SetStream(media.AgreedStream(netip.MustParseAddrPort("192.0.2.3:4000"), media.FormatULaw))
	carol := media.NewSpeaker("192.0.2.3:4000", 0xC)
	var all []rtp.Packet
	began := map[string]int{}
	stage := func(name string, f func()) {
		began[name] = len(all)
		f()
		l.Obey()
		all = append(all, l.RTP(l.b)...)
		if len(all) == began[name] && name != "nobody" {
			t.Errorf("%s sent nothing", name)
		}
	}
	talk := func() {
		for range 10 {
			all = append(all, l.say(media.Voice(1))...)
		}
	}
	stage("bridge", talk)
	stage("nobody", func() { l.bridge.Leave(); l.Obey(); talk() })
	stage("playback", func() {
		l.b.Play(media.Tone(8000, []float64{440}, nil, 200*time.Millisecond), nil)
		l.Obey()
		l.Advance(300 * time.Millisecond)
	})
	stage("echo", func() {
		l.b.Echo(true)
		l.Obey()
		for range 5 {
			l.Receive(l.b, l.bob.Packet(media.Voice(2)), addrB)
			l.Advance(20 * time.Millisecond)
		}
		l.b.Echo(false)
	})
	stage("digit", func() { l.b.SendDigit('5', 100*time.Millisecond); l.Obey(); l.Advance(300 * time.Millisecond) })
	stage("bridge again", func() { l.rejoin(); talk() })
	stage("another SSRC", func() { l.alice.SSRC++; l.alice.Seq += 7777; l.alice.TS += 123456789; talk() })
	stage("sequence anew", func() { l.alice.Seq += 30000; talk() })
	stage("digit in the bridge", func() { l.b.SendDigit('#', 60*time.Millisecond); l.Obey(); talk() })
	stage("playback in the bridge", func() {
		l.b.Play(media.Tone(8000, []float64{440}, nil, 100*time.Millisecond), nil)
		l.Obey()
		talk()
	})
	stage("another leg", func() {
		l.Together(func() {
			if _, err := bridge.Join(c, l.b); err != nil {
				t.Error(err)
			}
		})
		for range 5 {
			l.Receive(c, carol.Packet(media.Voice(3)), carol.Addr)
			l.Advance(20 * time.Millisecond)
		}
	})
	checkContinuous(t, all)
	for _, name := range []string{"bridge", "playback", "echo", "digit", "bridge again", "another SSRC", "another leg"} {
		if !all[began[name]].Marker {
			t.Errorf("%s begins without a marker", name)
		}
	}
}

func checkContinuous(t *testing.T, all []rtp.Packet) {
	t.Helper()
	for i := 1; i < len(all); i++ {
		p, q := all[i-1], all[i]
		ahead := int32(q.Timestamp - p.Timestamp)
		event := p.PayloadType == 101 && q.PayloadType == 101
		if q.SSRC != p.SSRC || q.SequenceNumber != p.SequenceNumber+1 || ahead < 0 || ahead == 0 && !event || ahead > 8000 {
			t.Errorf("packet %d: ssrc %v, seq +%d, ts +%d (payload types %d, %d)", i, q.SSRC == p.SSRC,
				q.SequenceNumber-p.SequenceNumber, ahead, p.PayloadType, q.PayloadType)
		}
	}
}

func TestULawToALaw(t *testing.T) {
	l := join(t, ulaw, alaw)
	voice := make([]byte, 160)
	for i := range voice {
		voice[i] = byte(i)
	}
	want := make([]byte, 160)
	g711.ULawToALaw(want, voice)
	p := l.say(voice)[0]
	if p.PayloadType != 8 || !bytes.Equal(p.Payload, want) {
		t.Error("not recoded")
	}
	l.Receive(l.b, l.bob.Packet(want), addrB)
	g711.ALawToULaw(voice, want)
	if got := l.RTP(l.a); len(got) != 1 || got[0].PayloadType != 0 || !bytes.Equal(got[0].Payload, voice) {
		t.Error("not recoded back")
	}
}

// TestCodecChange: a re-INVITE in mid-call changes what the bridge does, at the next packet.
func TestCodecChange(t *testing.T) {
	l := join(t, ulaw, ulaw)
	var all []rtp.Packet
	for i, formats := range [][]codecs.Format{ulaw, alaw, {media.FormatALaw, media.FormatULaw}, ulaw} {
		l.b.SetStream(media.AgreedStream(addrB, formats...))
		l.Obey()
		want := []uint8{0, 8, 0, 0}[i] // what both have passes as it is
		for range 3 {
			got := l.say(media.Voice(1))
			if len(got) != 1 || got[0].PayloadType != want {
				t.Fatalf("stage %d: %v", i, got)
			}
			all = append(all, got...)
		}
	}
	checkContinuous(t, all)
}

func TestTranscodeOpus(t *testing.T) {
	l := join(t, ulaw, []codecs.Format{media.FormatOpus})
	s := media.AgreedStream(addrB, media.FormatOpus)
	s.DTMF[0].Format.Rate = 48000
	l.b.SetStream(s)
	l.Obey()
	tone := media.Tone(8000, []float64{440}, nil, 0)
	pcm, voice := make([]int16, 160), make([]byte, 160)
	opus, _ := codecs.ByFormat(media.FormatOpus)
	dec, err := opus.NewDecoderAt(8000)
	if err != nil {
		t.Fatal(err)
	}
	var heard []int16
	var last rtp.Packet
	for i := range 50 {
		_, _ = tone.Read(pcm)
		_, _ = g711.ULaw{}.Encode(voice, pcm)
		got := l.say(voice)
		if len(got) != 1 {
			t.Fatalf("packet %d: %d packets", i, len(got))
		}
		if i > 0 && (got[0].Timestamp != last.Timestamp+960 || got[0].SequenceNumber != last.SequenceNumber+1) {
			t.Fatalf("packet %d: ts +%d", i, got[0].Timestamp-last.Timestamp)
		}
		last = got[0]
		out := make([]int16, 960)
		n, err := dec.Decode(out, got[0].Payload)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, out[:n]...)
	}
	if share := media.ToneShare(heard[1600:], 8000, 440); share < 0.9 {
		t.Errorf("tone share %.3f", share)
	}
	// A key in it: at the other clock, in sequence.
	at := l.alice.TS
	for i := range 4 {
		l.Receive(l.a, l.alice.Event(at, 5, uint16(160*(i+1)), i == 3, i == 0), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.alice.TS += 640
	events := l.RTP(l.b)
	if len(events) != 4 || events[3].Payload[1]&0x80 == 0 || int(events[3].Payload[2])<<8|int(events[3].Payload[3]) != 3840 {
		t.Fatalf("events: %v", events)
	}
	events = append([]rtp.Packet{last}, append(events, l.say(voice)...)...)
	for i := 1; i < len(events); i++ {
		if events[i].SequenceNumber != events[i-1].SequenceNumber+1 {
			t.Errorf("event packet %d out of sequence", i)
		}
	}
	if d := events[5].Timestamp - events[1].Timestamp; d != 3840 {
		t.Errorf("voice comes %d after the key, want 3840", d)
	}
	// A gap stays a gap; what is older than the last is dropped.
	before := events[5].Timestamp
	l.alice.TS += 1600
	l.Advance(200 * time.Millisecond)
	if got := l.say(voice); len(got) != 1 || got[0].Timestamp != before+960+9600 {
		t.Errorf("after a gap: %v", got)
	}
	l.Receive(l.a, l.alice.Raw(0, false, l.alice.Seq-5, l.alice.TS-1200, voice), addrA)
	if got := l.RTP(l.b); len(got) != 0 {
		t.Errorf("an old frame was sent: %v", got)
	}
}

func TestEventsPass(t *testing.T) {
	l := join(t, ulaw, alaw)
	var all []rtp.Packet
	for range 3 {
		all = append(all, l.say(media.Voice(1))...)
	}
	at := l.alice.TS
	for i, n := range []uint16{160, 320, 480, 480, 480} {
		l.Receive(l.a, l.alice.Event(at, 9, n, i >= 2, i == 0), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.alice.TS += 800
	all = append(all, l.RTP(l.b)...)
	all = append(all, l.say(media.Voice(1))...)
	checkContinuous(t, all)
	if len(all) != 9 || all[3].PayloadType != 101 || !all[3].Marker || all[3].Timestamp != all[2].Timestamp+160 ||
		all[8].Timestamp != all[3].Timestamp+800 {
		t.Errorf("events did not pass as they came: %v", all)
	}
	if fmt.Sprint(l.digitsA) != fmt.Sprint([]media.Digit{{Rune: '9', Duration: 60 * time.Millisecond}}) {
		t.Errorf("told %v", l.digitsA)
	}
}

// TestKeyOfTheScript: a key is told at its first packet; one that began before the bridge does not pass in part, the next one does whole.
func TestKeyOfTheScript(t *testing.T) {
	for name, b := range map[string][]codecs.Format{"relayed": ulaw, "transcoded": {media.FormatOpus}} {
		t.Run(name, func(t *testing.T) {
			l := join(t, ulaw, b)
			l.bridge.Leave()
			l.Obey()
			packet := func(key byte, i int) {
				l.Receive(l.a, l.alice.Event(l.alice.TS, key, uint16(160*min(i+1, 3)), i >= 2, i == 0), addrA)
				l.Advance(20 * time.Millisecond)
			}
			packet(5, 0)
			if l.pressedA != "5" || len(l.digitsA) != 0 {
				t.Errorf("after its first packet: pressed %q, over %v", l.pressedA, l.digitsA)
			}
			l.rejoin()
			for i := 1; i < 5; i++ {
				packet(5, i)
			}
			if got := l.RTP(l.b); len(got) != 0 {
				t.Errorf("the rest of the script's key passed: %v", got)
			}
			l.alice.TS += 800
			for i := range 5 {
				packet(6, i)
			}
			got := l.RTP(l.b)
			checkContinuous(t, got)
			if len(got) != 5 || got[0].Payload[0] != 6 || !got[0].Marker {
				t.Errorf("the next key: %v", got)
			}
			if l.pressedA != "56" || len(l.digitsA) != 2 {
				t.Errorf("pressed %q, over %v", l.pressedA, l.digitsA)
			}
		})
	}
}

// TestEventsDropped: a leg without telephone-event gets none, and no gap in its sequence either.
func TestEventsDropped(t *testing.T) {
	l := join(t, ulaw, ulaw)
	s := media.AgreedStream(addrB, media.FormatULaw)
	s.DTMF = nil
	l.b.SetStream(s)
	l.Obey()
	all := l.say(media.Voice(1))
	for i := range 5 {
		l.Receive(l.a, l.alice.Event(l.alice.TS, 1, uint16(160*(i+1)), i >= 2, i == 0), addrA)
	}
	l.Advance(100 * time.Millisecond)
	l.alice.TS += 800
	all = append(all, l.say(media.Voice(1))...)
	if len(all) != 2 {
		t.Fatalf("%d packets, want 2", len(all))
	}
	checkContinuous(t, all)
	if len(l.digitsA) != 1 {
		t.Errorf("told %v", l.digitsA)
	}
}

func TestDirections(t *testing.T) {
	for _, tt := range []struct {
		name          string
		send, receive bool // of B
		toB, toA      int
	}{
		{"sendrecv", true, true, 1, 1},
		{"recvonly", false, true, 0, 1},
		{"sendonly", true, false, 1, 0},
		{"inactive", false, false, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := join(t, ulaw, ulaw)
			s := media.AgreedStream(addrB, media.FormatULaw)
			s.Send, s.Receive = tt.send, tt.receive
			l.b.SetStream(s)
			l.Obey()
			if got := l.say(media.Voice(1)); len(got) != tt.toB {
				t.Errorf("B got %d packets", len(got))
			}
			l.Receive(l.b, l.bob.Packet(media.Voice(2)), addrB)
			if got := l.RTP(l.a); len(got) != tt.toA {
				t.Errorf("A got %d packets", len(got))
			}
		})
	}
}

func TestNowhereToSend(t *testing.T) {
	for _, to := range []string{"0.0.0.0:4000", "192.0.2.2:0", "224.1.2.3:4000", "[ff02::1]:4000"} {
		l := join(t, ulaw, ulaw)
		l.b.SetStream(media.AgreedStream(netip.MustParseAddrPort(to), media.FormatULaw))
		l.Obey()
		l.say(media.Voice(1))
		l.Advance(30 * time.Second)
		l.b.Close()
		l.Obey()
		if n := len(l.RTP(l.b)) + len(l.Control(l.b)); n != 0 {
			t.Errorf("%s: sent %d packets", to, n)
		}
	}
}

func TestBridges(t *testing.T) {
	l := join(t, ulaw, ulaw)
	first := l.bridge
	l.rejoin()
	first.Leave() // of a bridge that is no more
	l.Obey()
	if len(l.say(media.Voice(1))) != 1 {
		t.Error("an old bridge's Leave parted the new one")
	}
	l.bridge.Leave()
	l.bridge.Leave()
	l.Obey()
	if len(l.say(media.Voice(1))) != 0 {
		t.Error("still joined after Leave")
	}
	if _, err := bridge.Join(l.a, l.a); err == nil {
		t.Error("joined a port with itself")
	}
	l.rejoin()
	l.b.Close()
	l.Obey()
	if len(l.say(media.Voice(1))) != 0 {
		t.Error("sent to a closed port")
	}
	l.Together(func() {
		if _, err := bridge.Join(l.a, l.b); err == nil {
			t.Error("joined a closed port")
		}
	})
}
