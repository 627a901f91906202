package media

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestEventReceiver(t *testing.T) {
	type packet struct {
		ts       uint32
		code     uint8
		duration uint16
		end      bool
	}
	long := []packet{}
	for d := 1600; d < 0xFFFF; d += 1600 {
		long = append(long, packet{100, 5, uint16(d), false})
	}
	long = append(long, packet{100, 5, 0xFFFF, false}, packet{100 + 0xFFFF, 5, 800, false}, packet{100 + 0xFFFF, 5, 1600, true}, packet{100 + 0xFFFF, 5, 1600, true})
	tests := []struct {
		name string
		in   []packet
		want string
		rest string // told by the timer
	}{
		{"three ends are one digit", []packet{{100, 1, 160, false}, {100, 1, 320, false}, {100, 1, 480, true}, {100, 1, 480, true}, {100, 1, 480, true}}, "1/60ms", ""},
		{"only the last end arrives", []packet{{100, 2, 800, true}}, "2/100ms", ""},
		{"ends lost, next digit tells it", []packet{{100, 1, 160, false}, {100, 1, 320, false}, {900, 2, 160, false}, {900, 2, 320, true}}, "1/40ms 2/40ms", ""},
		{"ends lost, both by one end packet", []packet{{100, 1, 320, false}, {900, 2, 320, true}, {900, 2, 320, true}}, "1/40ms 2/40ms", ""},
		{"ends lost, nothing follows", []packet{{100, 11, 160, false}, {100, 11, 1600, false}}, "", "#/200ms"},
		{"same key twice", []packet{{100, 7, 800, true}, {1100, 7, 800, true}}, "7/100ms 7/100ms", ""},
		{"a straggler of the digit before", []packet{{100, 1, 800, true}, {1100, 2, 800, false}, {100, 1, 800, true}, {1100, 2, 960, true}, {1100, 2, 960, true}}, "1/100ms 2/120ms", ""},
		{"reordered within a digit", []packet{{100, 3, 480, true}, {100, 3, 160, false}, {100, 3, 320, false}, {100, 3, 480, true}}, "3/60ms", ""},
		{"another code at the same timestamp is noise", []packet{{100, 3, 160, false}, {100, 4, 320, true}, {100, 3, 480, true}}, "3/60ms", ""},
		{"timestamp wraps", []packet{{0xFFFFFF00, 1, 800, true}, {0x00000100, 2, 800, true}}, "1/100ms 2/100ms", ""},
		{"timestamp 0 is a timestamp", []packet{{0, 1, 800, true}, {0, 1, 800, true}}, "1/100ms", ""},
		{"held for eight seconds: segments", long, "5/8.391875s", ""},
		{"flash", []packet{{5, 16, 800, true}}, "!/100ms", ""},
		{"not a key", []packet{{5, 66, 800, true}, {5, 255, 800, true}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r eventReceiver
			got := ""
			say := func(d Digit, ok bool) {
				if ok {
					got += fmt.Sprintf(" %c/%v", d.Rune, d.Duration)
				}
			}
			for _, p := range tt.in {
				var b [eventSize]byte
				event{code: p.code, end: p.end, duration: p.duration}.put(b[:])
				say(r.packet(p.ts, b[:], 8000))
			}
			if got != prefixed(tt.want) {
				t.Errorf("told%s, want %s", got, tt.want)
			}
			got = ""
			say(r.finish())
			if got != prefixed(tt.rest) {
				t.Errorf("timer told%s, want %s", got, tt.rest)
			}
		})
	}
}

func prefixed(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// TestEventStops: a digit whose end packets are all lost is told 300 ms later.
func TestEventStops(t *testing.T) {
	l := NewLab(t)
	var told []Digit
	p := l.Port(PortConfig{OnDigit: func(d Digit) { told = append(told, d) }})
	peer := netip.MustParseAddrPort("192.0.2.1:4000")
	p.SetStream(AgreedStream(peer, FormatULaw))
	l.Obey()
	s := NewSpeaker(peer.String(), 1)
	l.Receive(p, s.Event(1000, 4, 160, false, true), peer)
	l.Advance(100 * time.Millisecond)
	l.Receive(p, s.Event(1000, 4, 960, false, false), peer)
	l.Advance(290 * time.Millisecond)
	if len(told) != 0 {
		t.Fatal("told too early")
	}
	l.Advance(20 * time.Millisecond)
	l.Receive(p, s.Event(1000, 4, 1200, true, false), peer)
	if len(told) != 1 || told[0] != (Digit{'4', 120 * time.Millisecond}) {
		t.Errorf("told %v", told)
	}
	if p.publish(); p.Stats().DigitsIn != 1 {
		t.Error("not counted")
	}
}

func TestSendDigit(t *testing.T) {
	for _, rate := range []int{8000, 48000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			l := NewLab(t)
			p := l.Port(PortConfig{})
			peer := netip.MustParseAddrPort("192.0.2.1:4000")
			st := AgreedStream(peer, FormatULaw)
			if rate == 48000 {
				st = AgreedStream(peer, FormatOpus)
			}
			st.DTMF[0].Format.Rate = rate
			p.SetStream(st)
			for _, d := range "1x#D" { // x is no key
				p.SendDigit(d, 100*time.Millisecond)
			}
			l.Obey()
			l.Advance(time.Second)
			sent := l.RTP(p)
			var r eventReceiver
			got := ""
			for i, packet := range sent {
				d, ok := r.packet(packet.Timestamp, packet.Payload, rate)
				if ok {
					got += fmt.Sprintf(" %c/%v", d.Rune, d.Duration)
				}
				if packet.PayloadType != 101 || packet.Marker != (i%7 == 0) || i > 0 && packet.SequenceNumber != sent[i-1].SequenceNumber+1 {
					t.Errorf("packet %d: %v", i, packet)
				}
				e, _ := parseEvent(packet.Payload)
				if want := min(i%7+1, 5) * rate / 50; int(e.duration) != want || e.end != (i%7 >= 4) {
					t.Errorf("packet %d: duration %d, want %d, end %v", i, e.duration, want, e.end)
				}
			}
			if len(sent) != 21 || got != " 1/100ms #/100ms D/100ms" {
				t.Errorf("%d packets say%s", len(sent), got)
			}
		})
	}
}

// TestSendLongDigit: the duration field is full after 8 s of 8 kHz, 1.4 s of 48 kHz: segments.
func TestSendLongDigit(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	st := AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), FormatOpus)
	st.DTMF[0].Format.Rate = 48000
	p.SetStream(st)
	p.SendDigit('8', 3*time.Second)
	l.Obey()
	l.Advance(5 * time.Second)
	var r eventReceiver
	var told []Digit
	for _, packet := range l.RTP(p) {
		if d, ok := r.packet(packet.Timestamp, packet.Payload, 48000); ok {
			told = append(told, d)
		}
	}
	if len(told) != 1 || told[0] != (Digit{'8', 3 * time.Second}) {
		t.Errorf("told %v", told)
	}
}

func TestDigitWithoutEvents(t *testing.T) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	st := AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), FormatULaw)
	st.DTMF = nil
	p.SetStream(st)
	for range 1000 {
		p.SendDigit('1', 0)
	}
	l.Obey()
	l.Advance(time.Second)
	if n := len(l.RTP(p)); n != 0 || len(p.digits.queue) != 0 {
		t.Errorf("%d packets, %d waiting", n, len(p.digits.queue))
	}
}

// FuzzEvent: whatever comes, no key is told more often than there are timestamps, and a valid packet prints as it parsed.
func FuzzEvent(f *testing.F) {
	f.Add([]byte{0, 0, 0, 100, 1, 0x8A, 0, 160, 0, 0, 0, 100, 1, 0x8A, 0, 160})
	f.Fuzz(func(t *testing.T, in []byte) {
		var r eventReceiver
		stamps := map[uint32]bool{}
		told := 0
		for ; len(in) >= 8; in = in[8:] {
			ts := uint32(in[0])<<24 | uint32(in[1])<<16 | uint32(in[2])<<8 | uint32(in[3])
			stamps[ts] = true
			if e, ok := parseEvent(in[4:8]); ok {
				var b [eventSize]byte
				e.put(b[:])
				if again, _ := parseEvent(b[:]); again != e {
					t.Fatalf("%+v became %+v", e, again)
				}
			}
			d, ok := r.packet(ts, in[4:8], 8000)
			if ok {
				told++
				if _, valid := eventCode(d.Rune); !valid || d.Duration < 0 {
					t.Fatalf("told %+v", d)
				}
			}
		}
		if _, ok := r.finish(); ok {
			told++
		}
		if _, ok := r.finish(); ok {
			t.Fatal("told twice")
		}
		if told > len(stamps) {
			t.Fatalf("%d keys of %d timestamps", told, len(stamps))
		}
	})
}
