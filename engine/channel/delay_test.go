package channel

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestDialDelays: targets ring one after the other, each beside those before it; the next one at once when nobody rings any more.
func TestDialDelays(t *testing.T) {
	ring, answer := LegEvent{Kind: LegRinging}, LegEvent{Kind: LegAnswered}
	began := time.Time{}
	called := func(at *time.Duration, then func(func(LegEvent))) func(func(LegEvent)) {
		return func(notify func(LegEvent)) {
			*at = time.Since(began)
			then(notify)
		}
	}
	for _, tt := range []struct {
		name   string
		first  func(func(LegEvent))
		second time.Duration // when the second rings
		third  time.Duration
	}{
		{"the first rings on", after(time.Second, ring), 5 * time.Second, 10 * time.Second},
		{"the first is busy", ends(UserBusy), time.Second, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var first, second, third time.Duration
				ch, _, _ := setup(t, map[string][]*fakeLeg{"a": {{onCall: called(&first, tt.first)}},
					"b": {{onCall: called(&second, after(time.Second, ring))}}, "c": {{onCall: called(&third, after(time.Second, ring, answer))}}})
				began = time.Now()
				res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "c"}, {"FAKE", "b"}, {"FAKE", "a"}},
					Delays: []time.Duration{10 * time.Second, 5 * time.Second}, Timeout: 30 * time.Second})
				if err != nil || res.Peer == nil || res.Target.Resource != "c" {
					t.Fatalf("got %+v, %v; want an answer of c", res, err)
				}
				res.Peer.Release()
				if first != 0 || second != tt.second || third != tt.third {
					t.Errorf("rang after %v, %v, %v; want 0, %v, %v", first, second, third, tt.second, tt.third)
				}
			})
		})
	}
}

// TestDialDelayedTimeout: the time is over before the last one's turn.
func TestDialDelayedTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := &fakeLeg{onCall: func(func(LegEvent)) { t.Error("the last one was called") }}
		ch, _, _ := setup(t, map[string][]*fakeLeg{"a": {{onCall: after(time.Second, LegEvent{Kind: LegRinging})}}, "b": {last}})
		began := time.Now()
		res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}, {"FAKE", "b"}}, Delays: []time.Duration{0, 20 * time.Second}, Timeout: 10 * time.Second})
		if err != nil || !res.TimedOut || time.Since(began) != 10*time.Second {
			t.Errorf("got %+v, %v after %v", res, err, time.Since(began))
		}
	})
}
