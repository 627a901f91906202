package channel

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bridged is a caller and an answered peer.
func bridged(t *testing.T) (ch, peer *Channel, mine, theirs *fakeLeg) {
	theirs = &fakeLeg{onCall: after(time.Second, LegEvent{Kind: LegAnswered})}
	ch, mine, _ = setup(t, map[string][]*fakeLeg{"a": {theirs}})
	res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(res.Peer.Release)
	return ch, res.Peer, mine, theirs
}

func keys(ch *Channel, at time.Duration, digits string) {
	time.AfterFunc(at, func() {
		for _, d := range digits {
			ch.Digit(d)
		}
	})
}

func TestBridgeCodes(t *testing.T) {
	mine, theirs := map[string]string{"*": "disconnect", "#1": "transfer", "#12": "record"}, map[string]string{"##": "transfer"}
	tests := []struct {
		name   string
		press  func(ch, peer *Channel)
		code   string
		byPeer bool
		after  time.Duration
		passed string // what the other party got
	}{
		{"one digit", func(ch, _ *Channel) { keys(ch, time.Second, "*") }, "disconnect", false, time.Second, ""},
		{"the peer's", func(_, peer *Channel) { keys(peer, time.Second, "##") }, "transfer", true, time.Second, ""},
		{"the longer of two", func(ch, _ *Channel) { keys(ch, time.Second, "#12") }, "record", false, time.Second, ""},
		{"the shorter after the pause", func(ch, _ *Channel) { keys(ch, time.Second, "#1") }, "transfer", false, 2 * time.Second, ""},
		{"what is no code is passed on", func(ch, _ *Channel) { keys(ch, time.Second, "12#3*") }, "disconnect", false, time.Second, "12#3"},
		{"half a code is passed on after the pause", func(ch, _ *Channel) { keys(ch, time.Second, "#"); keys(ch, 5*time.Second, "*") }, "disconnect", false, 5 * time.Second, "#"},
		{"not the other's code", func(ch, peer *Channel) { keys(peer, time.Second, "*"); keys(peer, 3*time.Second, "##") }, "transfer", true, 3 * time.Second, "*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch, peer, mineLeg, theirLeg := bridged(t)
				ch.Digit('9') // typed before the bridge: for nobody
				tt.press(ch, peer)
				res, err := ch.Bridge(peer, BridgeOptions{Mine: mine, Theirs: theirs})
				if err != nil || res.Code != tt.code || res.ByPeer != tt.byPeer || res.Duration != tt.after {
					t.Errorf("%+v, %v; want %s by peer %v after %v", res, err, tt.code, tt.byPeer, tt.after)
				}
				to := theirLeg
				if tt.byPeer {
					to = mineLeg
				}
				var passed strings.Builder
				for _, did := range to.did {
					if d, ok := strings.CutPrefix(did, "dtmf "); ok {
						passed.WriteString(d)
					}
				}
				if passed.String() != tt.passed {
					t.Errorf("passed on %q, want %q", passed.String(), tt.passed)
				}
				if mineLeg.kept != (KeptDigits{Mine: true, Theirs: true}) {
					t.Errorf("kept %+v", mineLeg.kept)
				}
			})
		})
	}
}

func TestBridgeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch, peer, leg, _ := bridged(t)
		for range 2 { // the two can be joined again
			res, err := ch.Bridge(peer, BridgeOptions{Limit: 3 * time.Second})
			if err != nil || !res.TimedOut || res.Duration != 3*time.Second || res.PeerHungUp {
				t.Errorf("%+v, %v", res, err)
			}
		}
		if ch.HungUp() || peer.HungUp() || leg.kept != (KeptDigits{}) {
			t.Error("the limit hung somebody up, or digits were kept without codes")
		}
	})
}

func TestDialDigitsAndProgressTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callee := &fakeLeg{}
		ch, _, _ := setup(t, map[string][]*fakeLeg{"a": {callee}})
		keys(ch, 2*time.Second, "15")
		began := time.Now()
		res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}, Digits: "5*", Cancel: AnsweredElsewhere})
		if err != nil || res.Digit != '5' || time.Since(began) != 2*time.Second || !callee.saw("hangup Answered elsewhere") {
			t.Errorf("%+v, %v after %v; the callee %q", res, err, time.Since(began), callee.did)
		}
		if d, _ := ch.ReadDigit(0); d != '1' {
			t.Errorf("the other digit is not queued: %q", d)
		}
		began = time.Now()
		res, err = ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}, Timeout: time.Minute, ProgressTimeout: 4 * time.Second})
		if err != nil || !res.TimedOut || time.Since(began) != 4*time.Second {
			t.Errorf("%+v, %v after %v", res, err, time.Since(began))
		}
	})
}

func TestDialBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &fakeLeg{}, &fakeLeg{}
		ch, _, _ := setup(t, map[string][]*fakeLeg{"a": {first}, "b": {second}})
		var saw []string
		res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}, {"FAKE", "b"}}, Timeout: time.Second, Before: func(leg *Channel) error {
			saw = append(saw, leg.Endpoint())
			if first.saw("call") || second.saw("call") {
				t.Error("called before all had their turn")
			}
			if leg.Endpoint() == "a" {
				leg.Hangup(UserBusy)
			}
			return nil
		}})
		if err != nil || strings.Join(saw, " ") != "a b" || first.saw("call") || !second.saw("call") || res.Legs[0].Status != StatusBusy {
			t.Errorf("%+v, %v; saw %q; %q %q", res, err, saw, first.did, second.did)
		}
	})
}
