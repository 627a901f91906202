package channel

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestPage(t *testing.T) {
	answers := func(d time.Duration) func(func(LegEvent)) { return after(d, LegEvent{Kind: LegAnswered}) }
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		end     func(ch *Channel, stop func())
		took    []string // who answered
		hungUp  []string // of those who were never handed over
	}{
		{"stopped", 0, func(_ *Channel, stop func()) { stop(); stop() }, []string{"quick", "slow"}, []string{"rings"}},
		{"the time is up", 3 * time.Second, func(*Channel, func()) {}, []string{"quick"}, []string{"rings", "slow"}},
		{"the caller hangs up", 0, func(ch *Channel, _ func()) { ch.Hangup(NormalClearing) }, []string{"quick", "slow"}, []string{"rings"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				legs := map[string][]*fakeLeg{"quick": {{onCall: answers(time.Second)}}, "slow": {{onCall: answers(5 * time.Second)}},
					"rings": {{onCall: after(time.Second, LegEvent{Kind: LegRinging})}}, "busy": {{onCall: ends(UserBusy)}}}
				ch, leg, tech := setup(t, legs)
				var took []string
				stop, err := ch.Page(DialRequest{Targets: []Target{{"FAKE", "quick"}, {"FAKE", "slow"}, {"FAKE", "rings"}, {"FAKE", "busy"}, {"FAKE", "nobody"}},
					Timeout: tt.timeout}, func(peer *Channel) {
					took = append(took, peer.Endpoint())
					peer.Release()
				})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(10 * time.Second)
				tt.end(ch, stop)
				tech.core.WaitMonitors()
				if !slices.Equal(took, tt.took) {
					t.Errorf("%q answered, want %q", took, tt.took)
				}
				var hungUp []string
				for _, name := range []string{"quick", "rings", "slow"} {
					if !slices.Contains(took, name) && legs[name][0].saw("hangup Normal Clearing") {
						hungUp = append(hungUp, name)
					}
				}
				if !slices.Equal(hungUp, tt.hungUp) {
					t.Errorf("%q hung up, want %q", hungUp, tt.hungUp)
				}
				if leg.saw("180") || leg.saw("play") {
					t.Errorf("the caller hears %v", leg.did)
				}
			})
		})
	}
}

// TestPageBefore: what runs before the phones ring may end the page, or one phone's part.
func TestPageBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		legs := map[string][]*fakeLeg{"a": {{}}, "b": {{}}}
		ch, _, tech := setup(t, legs)
		targets := []Target{{"FAKE", "a"}, {"FAKE", "b"}}
		wrong := errors.New("wrong")
		if _, err := ch.Page(DialRequest{Targets: targets, Before: func(*Channel) error { return wrong }}, func(*Channel) {}); !errors.Is(err, wrong) {
			t.Error(err)
		}
		if legs["a"][0].saw("call") || tech.core.Count() != 1 {
			t.Errorf("%v, %d channels", legs["a"][0].did, tech.core.Count())
		}
		stop, err := ch.Page(DialRequest{Targets: targets, Before: func(leg *Channel) error {
			if leg.Endpoint() == "a" {
				leg.Hangup(NormalClearing)
			}
			return nil
		}}, func(*Channel) {})
		if err != nil || legs["a"][0].saw("call") || !legs["b"][0].saw("call") {
			t.Errorf("%v, %v, %v", err, legs["a"][0].did, legs["b"][0].did)
		}
		stop()
		tech.core.WaitMonitors()
	})
}
