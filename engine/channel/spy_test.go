package channel

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// tappedLeg lets a test be the media thread.
type tappedLeg struct {
	*fakeLeg
	taps []media.Tap
}

func (l *tappedLeg) Media() Media { return l }
func (l *tappedLeg) Tap(t media.Tap) func() {
	l.taps = append(l.taps, t)
	return func() { l.taps = slices.DeleteFunc(l.taps, func(x media.Tap) bool { return x == t }) }
}

func (l *tappedLeg) block(heard, said int16) {
	for _, t := range l.taps {
		t.Block(slices.Repeat([]int16{heard}, 160), slices.Repeat([]int16{said}, 160))
	}
}

func TestSpy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewCore(CoreConfig{Log: zerolog.Nop()})
		mine, theirs := &tappedLeg{fakeLeg: &fakeLeg{playFor: time.Hour}}, &tappedLeg{fakeLeg: &fakeLeg{}}
		spy := k.New(Config{Tech: "FAKE", Endpoint: "spy", Leg: mine, State: Up})
		target := k.New(Config{Tech: "FAKE", Endpoint: "target", Leg: theirs, State: Up})
		defer spy.Release()
		defer target.Release()
		if _, err := spy.StartSpy(spy, SpyRequest{}); !errors.Is(err, ErrSpySelf) {
			t.Error(err)
		}
		for _, tt := range []struct {
			name string
			req  SpyRequest
			want int16 // of 100 heard and 20 said
		}{
			{"both", SpyRequest{}, 120},
			{"what it says", SpyRequest{HeardOnly: true}, 100},
			{"louder", SpyRequest{Volume: 2}, 240},
			{"softer", SpyRequest{Volume: -4}, 30},
			{"nothing", SpyRequest{Deaf: true}, 0},
		} {
			s, err := spy.StartSpy(target, tt.req)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				theirs.block(100, 20)
			}
			got := make([]int16, 80)
			_, _ = s.hears.Read(got)
			if got[0] != tt.want {
				t.Errorf("%s: %d, want %d", tt.name, got[0], tt.want)
			}
			s.End()
			s.End()
			if len(theirs.taps) != 0 {
				t.Errorf("%s: a tap is left", tt.name)
			}
		}
		s, err := spy.StartSpy(target, SpyRequest{Mode: SpyBarges})
		if err != nil || len(mine.taps) != 1 || !theirs.saw("over said") || !theirs.saw("over heard") {
			t.Errorf("%v, %d taps, %v", err, len(mine.taps), theirs.did)
		}
		s.SetMode(SpyWhispers)
		if !theirs.saw("not over heard") || len(mine.taps) != 1 {
			t.Errorf("%v", theirs.did)
		}
		spy.Digit('5')
		if key, gone, err := s.Next(-1); key != '5' || gone || err != nil {
			t.Errorf("%c, %v, %v", key, gone, err)
		}
		began := time.Now()
		if key, gone, err := s.Next(time.Second); key != 0 || gone || err != nil || time.Since(began) != time.Second {
			t.Errorf("%c, %v, %v", key, gone, err)
		}
		target.Hangup(NormalClearing)
		if _, gone, err := s.Next(-1); !gone || err != nil {
			t.Errorf("%v, %v", gone, err)
		}
		s.End()
		if len(mine.taps)+len(theirs.taps) != 0 {
			t.Error("taps are left")
		}
		if _, err := spy.StartSpy(target, SpyRequest{}); !errors.Is(err, ErrNoMedia) {
			t.Error(err)
		}
		spy.Hangup(NormalClearing)
		var gone *HangupError
		if _, _, err := s.Next(-1); !errors.As(err, &gone) {
			t.Error(err)
		}
	})
}
