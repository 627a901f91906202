package media

import (
	"bytes"
	"testing"
	"time"
)

// FuzzReceive: any bytes from anybody. Nothing panics, the datagram is not written to, nothing from a stranger reaches the
// sink or OnDigit, nobody but the peer is sent anything, and what reaches the sink is of a payload type agreed on.
func FuzzReceive(f *testing.F) {
	s := NewSpeaker(peerRTP.String(), 7)
	f.Add(bytes.Clone(s.Packet(Voice(1))), false)
	f.Add(bytes.Clone(s.Packet(Voice(1))), true)
	f.Add(bytes.Clone(s.Event(0, 1, 800, true, true)), true)
	f.Add(append([]byte{0xBF, 0x80}, make([]byte, 90)...), true)                                            // padding, extension, 15 contributors
	f.Add([]byte{0x00, 0x01, 0x00, 0x00, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, true) // STUN
	f.Add([]byte{0x16, 0xFE, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false)                                    // DTLS
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		digits, source := 0, false
		l := NewLab(t)
		p := l.Port(PortConfig{OnDigit: func(Digit) { digits++ }})
		p.SetStream(AgreedStream(peerRTP, FormatULaw))
		l.Obey()
		caught := &catcher{t: t}
		p.sink = caught
		from := prober
		if known {
			from = peerRTP
			source = len(b) >= 12 && b[0]>>6 == 2
		}
		in := bytes.Clone(b)
		for range 10 {
			l.Receive(p, b, from)
			l.Advance(50 * time.Millisecond)
		}
		if !bytes.Equal(in, b) {
			t.Fatal("the datagram was written to")
		}
		if !known && (caught.frames > 0 || digits > 0 || p.learn.source.IsValid()) {
			t.Fatal("a stranger was heard")
		}
		if !source && caught.frames > 0 {
			t.Fatal("something that is not RTP was heard")
		}
		l.Advance(30 * time.Second)
		for _, d := range l.sent {
			if d.to != peerRTP && d.to != peerRTCP {
				t.Fatalf("sent to %v", d.to)
			}
		}
	})
}

type catcher struct {
	t      *testing.T
	frames int
}

func (c *catcher) WriteFrame(f *Frame) error {
	c.frames++
	if f.Format != FormatULaw && f.Format != FormatEvent || f.Source == 0 {
		c.t.Fatalf("frame of %v", f.Format)
	}
	return nil
}

func TestGarbage(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	caught := &catcher{t: t}
	p.sink = caught
	s := NewSpeaker(peerRTP.String(), 7)
	l.Receive(p, s.Packet(Voice(1)), peerRTP)
	if caught.frames != 0 || p.Stats().Dropped != 1 {
		t.Error("heard before there was a stream")
	}
	p.SetStream(AgreedStream(peerRTP, FormatULaw))
	l.Obey()
	good := bytes.Clone(s.Packet(Voice(1)))
	for name, b := range map[string][]byte{
		"empty": {}, "short": good[:11], "version 1": append([]byte{0x40}, good[1:]...), "version 3": append([]byte{0xC0}, good[1:]...),
		"15 contributors, none there": append([]byte{0x8F}, good[1:20]...),
		"extension longer than it":    append(append([]byte{0x90}, good[1:12]...), 0xBE, 0xDE, 0xFF, 0xFF),
		"padding longer than it":      append(append([]byte{0xA0}, good[1:12]...), 0xFF),
		"payload type not agreed":     append([]byte{0x80, 77}, good[2:]...),
		"RTCP, no mux":                append([]byte{0x80, 200}, good[2:]...),
	} {
		before := p.Stats()
		l.Receive(p, b, peerRTP)
		after := p.Stats()
		if caught.frames != 0 || after.Dropped+after.WrongSource != before.Dropped+before.WrongSource+1 {
			t.Errorf("%s: not dropped and counted once", name)
		}
	}
	l.Receive(p, good, peerRTP)
	if caught.frames != 1 {
		t.Error("a good packet after them was not heard")
	}
	// Header extensions and contributors are stepped over.
	l.Receive(p, append(append([]byte{0x91, 0}, good[2:12]...), 1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 0x10, 9, 0, 0, 0x55), peerRTP)
	if caught.frames != 2 || len(p.frame.Payload) != 1 {
		t.Error("extension or contributors in the way")
	}
	// Padding is no sound (RFC 3550 §5.1): three bytes of it after two of voice.
	l.Receive(p, append(append([]byte{0xA0}, good[1:12]...), 0x55, 0x66, 0, 0, 3), peerRTP)
	if caught.frames != 3 || !bytes.Equal(p.frame.Payload, []byte{0x55, 0x66}) {
		t.Errorf("with padding it is %x", p.frame.Payload)
	}
}

// TestNewSSRC: a phone may begin a new stream at any time from the learned address.
func TestNewSSRC(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	p.SetStream(AgreedStream(peerRTP, FormatULaw))
	l.Obey()
	caught := &catcher{t: t}
	p.sink = caught
	for i := range 5 {
		s := NewSpeaker(peerRTP.String(), uint32(100+i))
		for range 3 {
			l.Receive(p, s.Packet(Voice(1)), peerRTP)
		}
	}
	p.publish()
	if st := p.Stats(); caught.frames != 15 || st.RemoteSSRC != 104 || st.Lost != 0 {
		t.Errorf("%d frames, %+v", caught.frames, st)
	}
}

// TestHoldByZero: while the SDP says 0.0.0.0, no stranger is learned, and nothing is sent to the one learned before.
func TestHoldByZero(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{Symmetric: true})
	st := AgreedStream(peerRTP, FormatULaw)
	p.SetStream(st)
	p.Play(Tone(8000, []float64{440}, nil, 0), nil)
	l.Obey()
	l.Advance(time.Second)
	held := st
	held.Remote, held.Held = sdpHold, true
	p.SetStream(held)
	l.Obey()
	l.sent = nil
	s := NewSpeaker(prober.String(), 9)
	for range 100 {
		l.Receive(p, s.Packet(Voice(1)), prober)
		l.Advance(20 * time.Millisecond)
	}
	if len(l.sent) != 0 || p.learn.source.IsValid() {
		t.Errorf("%d packets sent, learned %v", len(l.sent), p.learn.source)
	}
}

// TestSilenceIsNotAnInvitation: while we ask for silence a stranger cannot be learned by filling it.
func TestSilenceIsNotAnInvitation(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{Symmetric: true})
	st := AgreedStream(peerRTP, FormatULaw)
	st.Receive = false
	p.SetStream(st)
	l.Obey()
	s := NewSpeaker(prober.String(), 9)
	for range 100 {
		l.Receive(p, s.Packet(Voice(1)), prober)
		l.Advance(20 * time.Millisecond)
	}
	if p.learn.source.IsValid() {
		t.Error("learned a stranger")
	}
}
