package local

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
	"asterism/engine/media"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// phone is a caller's leg that agrees with everything.
type phone struct{}

func (phone) Answer(context.Context) error      { return nil }
func (phone) Indicate(channel.Indication) error { return nil }
func (phone) Hangup(channel.Cause)              {}
func (phone) Media() channel.Media              { return nil }
func (phone) Property(string) (string, bool)    { return "", false }

// dial runs script on the far end of Local/exten@plan and dials it.
func dial(t *testing.T, resource string, script func(*channel.Channel), before func(*channel.Channel)) (channel.DialResult, error) {
	t.Helper()
	m, err := media.New(media.Config{PortMin: 21000, PortMax: 21010, Shards: 1, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	core := channel.NewCore(channel.CoreConfig{Log: zerolog.Nop(), Start: func(ch *channel.Channel) {
		wg.Go(func() { defer ch.Release(); script(ch) })
	}})
	core.AddTech(New(core, m))
	caller := core.New(channel.Config{Tech: "Test", Endpoint: "caller", Leg: phone{}, State: channel.Ring, CallerID: channel.CallerID{Name: "Alice", Number: "100"},
		Place: dialplan.Place{Context: "internal", Exten: "1", Priority: 1}})
	t.Cleanup(func() {
		caller.Release()
		wg.Wait()
		if n := core.Count(); n != 0 {
			t.Errorf("%d channels left over", n)
		}
		m.Close()
		goleak.VerifyNone(t)
	})
	if before != nil {
		before(caller)
	}
	res, err := caller.Dial(channel.DialRequest{Targets: []channel.Target{{Tech: "Local", Resource: resource}}, Timeout: 10 * time.Second})
	return res, err
}

func TestDialIntoTheDialplan(t *testing.T) {
	tests := []struct {
		name, status string
		cause        channel.Cause
		script       func(*channel.Channel)
	}{
		{"answers", channel.StatusAnswer, 0, func(ch *channel.Channel) { _ = ch.Answer(); <-ch.Context().Done() }},
		{"rings, then answers", channel.StatusAnswer, 0, func(ch *channel.Channel) {
			_ = ch.Indicate(channel.IndicateRinging)
			_ = ch.Answer()
			<-ch.Context().Done()
		}},
		{"is busy", channel.StatusBusy, channel.UserBusy, func(ch *channel.Channel) { _ = ch.Indicate(channel.IndicateBusy); <-ch.Context().Done() }},
		{"hangs up with a cause", channel.StatusCongestion, channel.Congestion, func(ch *channel.Channel) { ch.Hangup(channel.Congestion) }},
		{"just ends", channel.StatusNoAnswer, channel.NormalClearing, func(ch *channel.Channel) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var place dialplan.Place
			var id channel.CallerID
			res, err := dial(t, "55@plan/n", func(ch *channel.Channel) { place, id = ch.Place(), ch.CallerID(); tt.script(ch) }, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := res.Legs[0].Status; got != tt.status || res.Cause != tt.cause {
				t.Errorf("status %s cause %d, want %s %d", got, res.Cause, tt.status, tt.cause)
			}
			if (res.Peer != nil) != (tt.status == channel.StatusAnswer) {
				t.Errorf("peer %v", res.Peer)
			}
			if res.Peer != nil {
				res.Peer.Release()
			}
			if place != (dialplan.Place{Context: "plan", Exten: "55", Priority: 1}) || id.Number != "100" {
				t.Errorf("the far end is at %+v, called by %+v", place, id)
			}
		})
	}
}

func TestEitherEndTakesTheOtherAlong(t *testing.T) {
	ended := make(chan channel.Cause, 1)
	res, err := dial(t, "55@plan", func(ch *channel.Channel) {
		_ = ch.Answer()
		<-ch.Context().Done()
		ended <- ch.HangupCause()
	}, nil)
	if err != nil || res.Peer == nil {
		t.Fatal(res, err)
	}
	res.Peer.Hangup(channel.UserBusy)
	if cause := <-ended; cause != channel.UserBusy {
		t.Errorf("the dialplan's end ended with %d", cause)
	}
	res.Peer.Release()
}

func TestWhatCannotBeDialled(t *testing.T) {
	for _, resource := range []string{"@plan", "55@", ""} {
		t.Run(resource, func(t *testing.T) {
			res, err := dial(t, resource, func(*channel.Channel) { t.Error("a script ran") }, nil)
			if err != nil || res.Legs[0].Status != channel.StatusUnavailable {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
}

// TestLoopEnds: a Local channel that dials itself is cut after maxDepth turns.
func TestLoopEnds(t *testing.T) {
	turns := 0
	var mu sync.Mutex
	loop := func(ch *channel.Channel) {
		mu.Lock()
		turns++
		mu.Unlock()
		_, _ = ch.Dial(channel.DialRequest{Targets: []channel.Target{{Tech: "Local", Resource: "1@internal"}}})
	}
	res, err := dial(t, "1@internal", loop, nil)
	if err != nil || res.Peer != nil {
		t.Fatal(res, err)
	}
	if turns != maxDepth {
		t.Errorf("%d turns, want %d", turns, maxDepth)
	}
}

func TestCallerGivesUp(t *testing.T) {
	_, err := dial(t, "55@plan", func(ch *channel.Channel) { <-ch.Context().Done() }, func(caller *channel.Channel) {
		time.AfterFunc(50*time.Millisecond, func() { caller.FarEndGone(channel.NormalClearing) })
	})
	var gone *channel.HangupError
	if !errors.As(err, &gone) {
		t.Fatalf("error %v", err)
	}
}
