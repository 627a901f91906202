package channel

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/dialplan"
	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// fakeLeg records what the channel asks of it.
type fakeLeg struct {
	mu        sync.Mutex
	did       []string
	notify    func(LegEvent)
	playFor   time.Duration
	onCall    func(func(LegEvent))
	answerErr error
	kept      KeptDigits
}

func (l *fakeLeg) note(s string) { l.mu.Lock(); l.did = append(l.did, s); l.mu.Unlock() }
func (l *fakeLeg) saw(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.did, s)
}
func (l *fakeLeg) Answer(context.Context) error { l.note("answer"); return l.answerErr }
func (l *fakeLeg) Indicate(i Indication) error {
	l.note(map[Indication]string{IndicateRinging: "180", IndicateProgress: "183", IndicateBusy: "486", IndicateCongestion: "503", IndicateProceeding: "100"}[i])
	return nil
}
func (l *fakeLeg) Hangup(c Cause)                 { l.note("hangup " + c.String()) }
func (l *fakeLeg) Media() Media                   { return l }
func (l *fakeLeg) Property(string) (string, bool) { return "", false }
func (l *fakeLeg) PlayMusic(m *media.Music, _ func()) func() {
	l.note("music " + m.Name())
	return func() { l.note("silence") }
}

func (l *fakeLeg) PlayRate() int { return 8000 }

func (l *fakeLeg) Play(_ media.Source, done func()) func() {
	l.note("play")
	var once sync.Once
	end := func() { once.Do(done) }
	t := time.AfterFunc(l.playFor, end)
	return func() { t.Stop(); l.note("stop"); end() }
}
func (l *fakeLeg) Echo(on bool)                        {}
func (l *fakeLeg) SetJitterBuffer(*media.JitterBuffer) {}
func (l *fakeLeg) SetVolume(media.Volume)              {}
func (l *fakeLeg) Volume() media.Volume                { return media.Volume{} }
func (l *fakeLeg) Tap(media.Tap) func()                { l.note("tap"); return func() { l.note("untap") } }
func (l *fakeLeg) Overlay(_ *media.Feed, heard bool) func() {
	word := map[bool]string{true: "heard", false: "said"}[heard]
	l.note("over " + word)
	return func() { l.note("not over " + word) }
}
func (l *fakeLeg) SendDigit(d rune, _ time.Duration) { l.note("dtmf " + string(d)) }
func (l *fakeLeg) Join(_ Media, keep KeptDigits) (func(), error) {
	l.kept = keep
	l.note("join")
	return func() { l.note("leave") }, nil
}
func (l *fakeLeg) Call(notify func(LegEvent)) {
	l.note("call")
	l.notify = notify
	if l.onCall != nil {
		l.onCall(notify)
	}
}

// fakeTech dials legs by resource name.
type fakeTech struct {
	core *Core
	legs map[string][]*fakeLeg
	made []*Channel
}

func (t *fakeTech) Name() string { return "FAKE" }
func (t *fakeTech) Request(_ context.Context, resource string, d *DialLeg) ([]*Channel, error) {
	legs, ok := t.legs[resource]
	if !ok {
		return nil, &UnavailableError{Cause: SubscriberAbsent, Reason: "nobody"}
	}
	var out []*Channel
	for _, l := range legs {
		ch := t.core.New(Config{Tech: "FAKE", Endpoint: resource, Leg: l, Parent: d.Parent, Variables: d.Variables})
		out = append(out, ch)
	}
	t.made = append(t.made, out...)
	return out, nil
}

func setup(t *testing.T, legs map[string][]*fakeLeg) (*Channel, *fakeLeg, *fakeTech) {
	t.Helper()
	core := NewCore(CoreConfig{Log: zerolog.Nop()})
	tech := &fakeTech{core: core, legs: legs}
	core.AddTech(tech)
	leg := &fakeLeg{}
	ch := core.New(Config{Tech: "FAKE", Endpoint: "caller", Leg: leg, State: Ring, Place: dialplan.Place{Context: "internal", Exten: "100", Priority: 1}})
	t.Cleanup(func() {
		ch.Release()
		if n := core.Count(); n != 0 {
			t.Errorf("%d channels left over", n)
		}
	})
	return ch, leg, tech
}

func after(d time.Duration, evs ...LegEvent) func(func(LegEvent)) {
	return func(notify func(LegEvent)) {
		go func() {
			for _, ev := range evs {
				time.Sleep(d)
				notify(ev)
			}
		}()
	}
}

func ends(cause Cause) func(func(LegEvent)) {
	return after(time.Second, LegEvent{Kind: LegEnded, Cause: cause})
}

func TestDialOutcomes(t *testing.T) {
	ring, answer := LegEvent{Kind: LegRinging}, LegEvent{Kind: LegAnswered}
	tests := []struct {
		name     string
		legs     map[string][]*fakeLeg
		targets  []string
		timeout  time.Duration
		peer     string
		timedOut bool
		statuses []string
		cause    Cause
	}{
		{name: "one rings and answers", legs: map[string][]*fakeLeg{"a": {{onCall: after(time.Second, ring, answer)}}}, targets: []string{"a"}, peer: "a", statuses: []string{StatusAnswer}},
		{name: "busy", legs: map[string][]*fakeLeg{"a": {{onCall: ends(UserBusy)}}}, targets: []string{"a"}, statuses: []string{StatusBusy}, cause: UserBusy},
		{name: "congestion", legs: map[string][]*fakeLeg{"a": {{onCall: ends(Congestion)}}}, targets: []string{"a"}, statuses: []string{StatusCongestion}, cause: Congestion},
		{name: "a leg that just hangs up", legs: map[string][]*fakeLeg{"a": {{onCall: ends(NormalClearing)}}}, targets: []string{"a"}, statuses: []string{StatusNoAnswer}, cause: NormalClearing},
		{name: "decline", legs: map[string][]*fakeLeg{"a": {{onCall: ends(CallRejected)}}}, targets: []string{"a"}, statuses: []string{StatusUnavailable}, cause: CallRejected},
		{name: "nobody there", targets: []string{"x"}, statuses: []string{StatusUnavailable}, cause: SubscriberAbsent},
		{name: "time-out", legs: map[string][]*fakeLeg{"a": {{onCall: after(time.Second, ring)}}}, targets: []string{"a"}, timeout: 5 * time.Second, timedOut: true, statuses: []string{""}, cause: NoAnswer},
		{name: "fork of two targets, second wins", legs: map[string][]*fakeLeg{"a": {{onCall: after(time.Second, ring)}}, "b": {{onCall: after(time.Second, ring, answer)}}}, targets: []string{"a", "b"}, peer: "b", statuses: []string{"", StatusAnswer}},
		{name: "two contacts of one target", legs: map[string][]*fakeLeg{"a": {{onCall: after(time.Second, ring)}, {onCall: after(time.Second, answer)}}}, targets: []string{"a"}, peer: "a", statuses: []string{"", StatusAnswer}},
		{name: "busy and unreachable", legs: map[string][]*fakeLeg{"a": {{onCall: ends(UserBusy)}}}, targets: []string{"x", "a"}, statuses: []string{StatusUnavailable, StatusBusy}, cause: UserBusy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch, _, _ := setup(t, tt.legs)
				req := DialRequest{Timeout: tt.timeout}
				for _, r := range tt.targets {
					req.Targets = append(req.Targets, Target{"fake", r})
				}
				res, err := ch.Dial(req)
				if err != nil {
					t.Fatal(err)
				}
				var statuses []string
				for _, l := range res.Legs {
					statuses = append(statuses, l.Status)
				}
				if !slices.Equal(statuses, tt.statuses) {
					t.Errorf("statuses %q, want %q", statuses, tt.statuses)
				}
				if res.TimedOut != tt.timedOut {
					t.Errorf("timed out: %v", res.TimedOut)
				}
				if (res.Peer != nil) != (tt.peer != "") || (res.Peer != nil && res.Peer.Endpoint() != tt.peer) {
					t.Errorf("peer %v, want %q", res.Peer, tt.peer)
				}
				if res.Cause != tt.cause {
					t.Errorf("cause %d, want %d", res.Cause, tt.cause)
				}
				if res.Peer != nil {
					res.Peer.Release()
				}
			})
		})
	}
}

func TestDialLosersAreCancelledElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		loser := &fakeLeg{onCall: after(time.Second, LegEvent{Kind: LegRinging})}
		winner := &fakeLeg{onCall: after(2*time.Second, LegEvent{Kind: LegAnswered})}
		ch, leg, _ := setup(t, map[string][]*fakeLeg{"a": {loser}, "b": {winner}})
		res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}, {"FAKE", "b"}}})
		if err != nil {
			t.Fatal(err)
		}
		if !loser.saw("hangup Answered elsewhere") {
			t.Errorf("loser did %q", loser.did)
		}
		if !leg.saw("180") {
			t.Errorf("the caller heard %q, want ringing", leg.did)
		}
		if res.RingTime != time.Second {
			t.Errorf("ring time %v", res.RingTime)
		}
		res.Peer.Release()
	})
}

func TestDialCallerHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callee := &fakeLeg{onCall: after(time.Second, LegEvent{Kind: LegRinging})}
		ch, _, tech := setup(t, map[string][]*fakeLeg{"a": {callee}})
		time.AfterFunc(3*time.Second, func() { ch.FarEndGone(NormalClearing) })
		_, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}})
		var gone *HangupError
		if !errors.As(err, &gone) || gone.Cause != NormalClearing {
			t.Fatalf("error %v, want a hang-up", err)
		}
		if !callee.saw("hangup Normal Clearing") || !tech.made[0].HungUp() {
			t.Errorf("callee did %q", callee.did)
		}
		if err := ch.Wait(time.Hour); !errors.As(err, &gone) {
			t.Errorf("a primitive after the end: %v", err)
		}
	})
}

func TestEarlyMediaOnlyForOneDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		progress := LegEvent{Kind: LegProgress}
		ch, leg, _ := setup(t, map[string][]*fakeLeg{"a": {{onCall: after(time.Second, progress)}}, "b": {{}}})
		if _, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}, Timeout: 3 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if !leg.saw("183") || !leg.saw("join") || !leg.saw("leave") {
			t.Errorf("single destination: caller's leg did %q", leg.did)
		}
		leg.did = nil
		if _, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}, {"FAKE", "b"}}, Timeout: 3 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if leg.saw("183") || leg.saw("join") {
			t.Errorf("fork: caller's leg did %q", leg.did)
		}
	})
}

func TestPlayStopsForADigitAndKeepsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch, leg, _ := setup(t, nil)
		leg.playFor = time.Minute
		time.AfterFunc(2*time.Second, func() { ch.Digit('7'); ch.Digit('5') })
		began := time.Now()
		d, err := ch.Play(nil, "5") // the 7 before it stays queued and does not interrupt
		if err != nil || d != '5' || time.Since(began) != 2*time.Second {
			t.Fatalf("digit %q after %v, error %v", d, time.Since(began), err)
		}
		ch.FlushDigits()
		time.AfterFunc(2*time.Second, func() { ch.Digit('5') })
		began = time.Now()
		if d, err = ch.Play(nil, "0123456789"); err != nil || d != '5' || time.Since(began) != 2*time.Second {
			t.Errorf("digit %q after %v, error %v", d, time.Since(began), err)
		}
		if d, err = ch.ReadDigit(0); err != nil || d != '5' {
			t.Errorf("the digit is not queued any more: %q, %v", d, err)
		}
		if d, err = ch.ReadDigit(time.Second); err != nil || d != 0 {
			t.Errorf("want a time-out, got %q, %v", d, err)
		}
	})
}

func TestVariableInheritance(t *testing.T) {
	ch, _, tech := setup(t, map[string][]*fakeLeg{"a": {{}}})
	ch.Set("plain", "1")
	ch.Set("_once", "2")
	ch.Set("__always", "3")
	legs, err := tech.Request(context.Background(), "a", &DialLeg{Parent: ch})
	if err != nil {
		t.Fatal(err)
	}
	child := legs[0]
	defer child.Release()
	for name, want := range map[string]string{"plain": "", "once": "2", "always": "3", "__always": "3"} {
		if got, _ := child.Get(name); got != want {
			t.Errorf("child %s = %q, want %q", name, got, want)
		}
	}
	legs, _ = tech.Request(context.Background(), "a", &DialLeg{Parent: child})
	defer legs[0].Release()
	if _, ok := legs[0].Get("once"); ok {
		t.Error("_once reached the grandchild")
	}
	if v, _ := legs[0].Get("always"); v != "3" {
		t.Error("__always did not reach the grandchild")
	}
	ch.Set("once", "9")
	legs2, _ := tech.Request(context.Background(), "a", &DialLeg{Parent: ch})
	defer legs2[0].Release()
	if _, ok := legs2[0].Get("once"); ok {
		t.Error("setting once did not replace _once")
	}
	if child.LinkedID() != ch.LinkedID() || child.CallID() != ch.CallID() {
		t.Error("the child has another linked id or call id")
	}
}

func TestBridgeEndsWithEitherSide(t *testing.T) {
	for _, who := range []string{"caller", "peer"} {
		t.Run(who, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch, leg, _ := setup(t, map[string][]*fakeLeg{"a": {{onCall: after(time.Second, LegEvent{Kind: LegAnswered})}}})
				res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}})
				if err != nil {
					t.Fatal(err)
				}
				defer res.Peer.Release()
				time.AfterFunc(10*time.Second, func() {
					if who == "peer" {
						res.Peer.FarEndGone(NormalClearing)
					} else {
						ch.FarEndGone(NormalClearing)
					}
				})
				b, err := ch.Bridge(res.Peer, BridgeOptions{})
				if (err == nil) != (who == "peer") || b.PeerHungUp != (who == "peer") || b.Duration != 10*time.Second {
					t.Errorf("result %+v, error %v", b, err)
				}
				if !leg.saw("leave") {
					t.Error("the ports are still joined")
				}
			})
		})
	}
}

func TestParseCause(t *testing.T) {
	for in, want := range map[string]Cause{"16": 16, "USER_BUSY": 17, "user_busy": 17, "AST_CAUSE_NO_ANSWER": 19, "BUSY": 17, " 34 ": 34} {
		if got, err := ParseCause(in); err != nil || got != want {
			t.Errorf("ParseCause(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "nonsense", "128", "-1"} {
		if got, err := ParseCause(in); err == nil {
			t.Errorf("ParseCause(%q) = %d, want an error", in, got)
		}
	}
}

// stateObserver hears of states.
type stateObserver struct {
	NoObserver
	heard []State
}

func (o *stateObserver) StateChanged(c *Channel) { o.heard = append(o.heard, c.State()) }

// A phone that tells twice that it rings rings once, and what is up does not ring.
func TestStateChangedIsToldOnce(t *testing.T) {
	o := &stateObserver{}
	c := NewCore(CoreConfig{Log: zerolog.Nop(), Observer: o}).New(Config{Tech: "Test", Endpoint: "a", Leg: &fakeLeg{}, State: Down})
	c.SetState(Ringing)
	c.SetState(Ringing)
	c.MarkAnswered()
	c.SetState(Ringing)
	if len(o.heard) != 1 || o.heard[0] != Ringing || c.State() != Up {
		t.Errorf("heard %v, now %v", o.heard, c.State())
	}
}
