package media_test

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"asterism/engine/bridge"
	"asterism/engine/media"
)

// TestPair: a call through a pair is a call: voice, digits, playback.
func TestPair(t *testing.T) {
	l := join(t, ulaw, alaw)
	var near, far []media.Digit
	one, two := l.Pair(media.PortConfig{OnDigit: func(d media.Digit) { near = append(near, d) }},
		media.PortConfig{OnDigit: func(d media.Digit) { far = append(far, d) }})
	l.Together(func() {
		if _, err := bridge.Join(l.a, one); err != nil {
			t.Error(err)
		}
		if _, err := bridge.Join(two, l.b); err != nil {
			t.Error(err)
		}
	})
	var all []rtp.Packet
	for range 5 {
		all = append(all, l.say(media.Voice(7))...)
	}
	at := l.alice.TS
	for i := range 4 {
		l.Receive(l.a, l.alice.Event(at, 3, uint16(160*(i+1)), i == 3, i == 0), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.alice.TS += 640
	all = append(all, l.RTP(l.b)...)
	l.alice.Seq += 3 // a loss is seen through the pair
	l.alice.TS += 480
	l.Advance(60 * time.Millisecond)
	n := len(all)
	all = append(all, l.say(media.Voice(7))...)
	if len(all) != 10 || all[0].PayloadType != 8 || all[n].SequenceNumber != all[n-1].SequenceNumber+4 {
		t.Fatalf("through the pair: %d packets, %v", len(all), all)
	}
	checkContinuous(t, all[:n])
	if len(near) != 0 || len(far) != 1 || far[0].Rune != '3' {
		t.Errorf("digits: near %v, far %v", near, far)
	}
	one.Play(media.Tone(16000, []float64{440}, nil, 100*time.Millisecond), nil)
	l.Obey()
	l.Advance(200 * time.Millisecond)
	if got := l.RTP(l.b); len(got) != 5 || got[0].PayloadType != 8 {
		t.Errorf("playback through the pair: %d packets", len(got))
	}
	one.Close()
	l.Obey()
	if got := l.say(media.Voice(1)); len(got) != 0 {
		t.Error("voice through a closed pair")
	}
}

// TestPairCircle: two echoing halves must not feed each other for ever.
func TestPairCircle(t *testing.T) {
	l := media.NewLab(t)
	one, two := l.Pair(media.PortConfig{}, media.PortConfig{})
	one.Echo(true)
	two.Echo(true)
	done := 0
	one.Play(media.Tone(8000, []float64{440}, nil, 100*time.Millisecond), func() { done++ })
	one.SendDigit('1', 0)
	l.Obey()
	l.Advance(time.Second)
	if done != 1 {
		t.Errorf("done %d times", done)
	}
	l.Together(func() {
		if _, err := bridge.Join(one, two); err != nil {
			t.Error(err)
		}
	})
	one.Play(media.Tone(8000, []float64{440}, nil, 100*time.Millisecond), func() { done++ })
	l.Obey()
	l.Advance(time.Second)
	if done != 2 {
		t.Errorf("done %d times", done)
	}
}
