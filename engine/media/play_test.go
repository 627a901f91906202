package media

import (
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"asterism/codecs/g711"
)

func playLab(t *testing.T) (*Lab, *Port) {
	l := NewLab(t)
	p := l.Port(PortConfig{})
	p.SetStream(AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), FormatULaw))
	l.Obey()
	return l, p
}

func TestPlayPace(t *testing.T) {
	for _, rate := range []int{8000, 16000, 11025, 44100, 48000} {
		l, p := playLab(t)
		l.Advance(3 * time.Millisecond)
		done := 0
		p.Play(Tone(rate, []float64{440}, nil, time.Second), func() { done++ })
		l.Obey()
		l.Advance(900 * time.Millisecond)
		if done != 0 {
			t.Error("done too early")
		}
		l.Advance(200 * time.Millisecond)
		var at []int64
		for _, d := range l.sent {
			if d.sock == p.rtp {
				at = append(at, d.at)
			}
		}
		packets := l.RTP(p)
		if len(packets) < 50 || len(packets) > 51 || done != 1 {
			t.Fatalf("%d Hz: %d packets, done %d times", rate, len(packets), done)
		}
		var pcm []int16
		for i, packet := range packets {
			if i > 0 && (at[i]-at[i-1] != int64(20*time.Millisecond) || packet.Timestamp-packets[i-1].Timestamp != 160 ||
				packet.SequenceNumber != packets[i-1].SequenceNumber+1) {
				t.Fatalf("%d Hz: packet %d after %v", rate, i, time.Duration(at[i]-at[i-1]))
			}
			out := make([]int16, 160)
			if n, err := (g711.ULaw{}).Decode(out, packet.Payload); n != 160 || err != nil {
				t.Fatalf("%d samples, %v", n, err)
			}
			pcm = append(pcm, out...)
		}
		if share := ToneShare(pcm[800:7200], 8000, 440); share < 0.99 {
			t.Errorf("%d Hz: tone share %.3f", rate, share)
		}
	}
}

func TestPlayEndsOnce(t *testing.T) {
	tests := []struct {
		name string
		act  func(l *Lab, p *Port, stop func())
		max  int // packets
	}{
		{"stop", func(l *Lab, p *Port, stop func()) { stop(); stop() }, 6},
		{"close", func(l *Lab, p *Port, stop func()) { p.Close(); stop() }, 6},
		{"replaced", func(l *Lab, p *Port, stop func()) {
			p.Play(Tone(8000, []float64{100}, nil, time.Nanosecond), nil)
			stop()
		}, 7},
		{"end", func(l *Lab, p *Port, stop func()) { l.Advance(time.Second); stop() }, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, p := playLab(t)
			done := 0
			stop := p.Play(Tone(8000, []float64{440}, nil, time.Second), func() { done++ })
			l.Obey()
			l.Advance(105 * time.Millisecond)
			tt.act(l, p, stop)
			l.Obey()
			if done != 1 {
				t.Errorf("done %d times", done)
			}
			l.Advance(time.Second)
			if n := len(l.RTP(p)); n > tt.max || done != 1 {
				t.Errorf("%d packets, done %d times", n, done)
			}
		})
	}
	l, p := playLab(t)
	p.Close()
	l.Obey()
	done := 0
	stop := p.Play(Tone(8000, nil, nil, 0), func() { done++ })
	stop()
	l.Obey()
	if done != 1 {
		t.Errorf("on a closed port: done %d times", done)
	}
}

type sourceFunc func([]int16) (int, error)

func (sourceFunc) Rate() int                     { return 8000 }
func (f sourceFunc) Read(p []int16) (int, error) { return f(p) }
func (l *Lab) playAll(p *Port, s Source) (n, d int) {
	p.Play(s, func() { d++ })
	l.Obey()
	l.Advance(5 * time.Second)
	return len(l.RTP(p)), d
}

func TestPlayOddSources(t *testing.T) {
	l, p := playLab(t)
	reads := 0
	if n, done := l.playAll(p, sourceFunc(func(b []int16) (int, error) { // one sample at a time
		reads++
		if reads > 400 {
			return 0, io.EOF
		}
		b[0] = 1
		return 1, nil
	})); n != 3 || done != 1 {
		t.Errorf("400 single samples: %d packets, done %d", n, done)
	}
	if n, done := l.playAll(p, sourceFunc(func([]int16) (int, error) { return 0, errors.New("broken") })); n != 0 || done != 1 {
		t.Errorf("broken at once: %d packets, done %d", n, done)
	}
	if n, done := l.playAll(p, sourceFunc(func(b []int16) (int, error) { return 1 << 30, io.EOF })); n != 1 || done != 1 {
		t.Errorf("a liar: %d packets, done %d", n, done)
	}
	reads = 0
	if n, done := l.playAll(p, sourceFunc(func(b []int16) (int, error) {
		if reads++; reads > 10 {
			return 0, io.EOF
		}
		return 0, nil
	})); n != 10 || done != 1 {
		t.Errorf("a hesitant one: %d packets, done %d", n, done)
	}
}

// TestPlayUnheard: a playback nobody can hear takes its time and ends.
func TestPlayUnheard(t *testing.T) {
	peer := netip.MustParseAddrPort("192.0.2.1:4000")
	held := AgreedStream(peer, FormatULaw)
	held.Send = false
	for name, st := range map[string]*Stream{"no stream": nil, "held": &held,
		"no encoder": {Remote: peer, Send: true, Codecs: []PayloadType{{18, 18, FormatG729, ""}}}} {
		l := NewLab(t)
		p := l.Port(PortConfig{})
		if st != nil {
			p.SetStream(*st)
		}
		var ended int64
		began := l.s.now
		p.Play(Tone(8000, []float64{440}, nil, time.Second), func() { ended = l.s.now })
		l.Obey()
		l.Advance(2 * time.Second)
		if took := time.Duration(ended - began); took < time.Second || took > 1100*time.Millisecond || len(l.RTP(p)) != 0 {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// TestPlayCodecChange: the stream changes in mid-play.
func TestPlayCodecChange(t *testing.T) {
	l, p := playLab(t)
	p.Play(Tone(8000, []float64{440}, nil, 0), nil)
	l.Obey()
	l.Advance(100 * time.Millisecond)
	st := AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), FormatOpus)
	st.Ptime = 40 * time.Millisecond
	p.SetStream(st)
	l.Obey()
	l.Advance(200 * time.Millisecond)
	got := l.RTP(p)
	if n := len(got); n < 9 || n > 12 || got[0].PayloadType != 0 || got[n-1].PayloadType != 96 ||
		got[n-1].Timestamp-got[n-2].Timestamp != 1920 {
		t.Errorf("%d packets", len(got))
	}
}

// TestPlayLate: a shard that was away for a moment sends what it owes; after a long sleep it does not flood the peer.
func TestPlayLate(t *testing.T) {
	l, p := playLab(t)
	p.Play(Tone(8000, []float64{440}, nil, 0), nil)
	l.Obey()
	l.Advance(100 * time.Millisecond)
	l.RTP(p)
	l.s.now += int64(60 * time.Millisecond)
	l.Advance(0)
	if n := len(l.RTP(p)); n != 3 {
		t.Errorf("after 60 ms away: %d packets", n)
	}
	l.s.now += int64(10 * time.Second)
	l.Advance(0)
	if n := len(l.RTP(p)); n > 3 {
		t.Errorf("after 10 s away: %d packets at once", n)
	}
}

func TestTone(t *testing.T) {
	on, off := 100*time.Millisecond, 50*time.Millisecond
	src := Tone(8000, []float64{350, 440}, []time.Duration{on, off}, 400*time.Millisecond)
	var all []int16
	buf := make([]int16, 37)
	for {
		n, err := src.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			break
		}
	}
	if len(all) != 3200 {
		t.Fatalf("%d samples", len(all))
	}
	for _, at := range []int{0, 1200, 2400} {
		loud := all[at : at+800]
		if s := ToneShare(loud, 8000, 350) + ToneShare(loud, 8000, 440); s < 0.98 {
			t.Errorf("at %d: tone share %.3f", at, s)
		}
	}
	for _, x := range append(all[800:1200:1200], all[2000:2400]...) {
		if x != 0 {
			t.Fatal("not silent between")
		}
	}
	peak := int16(0)
	for _, x := range all {
		peak = max(peak, x, -x)
	}
	if peak < 5000 || peak > 6700 {
		t.Errorf("peak %d", peak)
	}
	if n, err := Tone(8000, nil, []time.Duration{0, 0}, 0).Read(buf); n != len(buf) || err != nil {
		t.Errorf("no frequency, no cadence: %d, %v", n, err)
	}
}
