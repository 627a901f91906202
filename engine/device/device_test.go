package device

import (
	"context"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/registrar"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

func TestCombine(t *testing.T) {
	for _, tt := range []struct {
		in   []State
		want State
	}{
		{nil, Unknown},
		{[]State{NotInUse, Unavailable}, NotInUse},
		{[]State{NotInUse, InUse}, InUse},
		{[]State{InUse, Busy}, Busy},
		{[]State{Ringing, NotInUse}, Ringing},
		{[]State{Ringing, InUse}, RingInUse},
		{[]State{OnHold, Ringing}, RingInUse},
		{[]State{OnHold, NotInUse}, OnHold},
		{[]State{Invalid, Invalid}, Invalid},
		{[]State{Invalid, Unavailable}, Unavailable},
		{[]State{Unknown, Unavailable}, Unavailable},
	} {
		if got := Combine(tt.in...); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.in, got, tt.want)
		}
	}
	for in, want := range map[State]State{Unknown: NotInUse, Invalid: Unavailable, RingInUse: RingInUse, Busy: Busy} {
		if got := Extension(in); got != want {
			t.Errorf("extension of %s: %s, want %s", in, got, want)
		}
	}
}

type leg struct{ held bool }

func (leg) Answer(context.Context) error      { return nil }
func (leg) Indicate(channel.Indication) error { return nil }
func (leg) Hangup(channel.Cause)              {}
func (leg) Media() channel.Media              { return nil }
func (l leg) Property(name string) (string, bool) {
	if l.held && name == "rtp,hold" {
		return "1", true
	}
	return "0", true
}

func TestEndpointStates(t *testing.T) {
	core := channel.NewCore(channel.CoreConfig{Log: zerolog.Nop()})
	contacts := map[string][]registrar.Contact{"here": {{Status: registrar.Unreachable}, {Status: registrar.NonQualified}}, "gone": {{Status: registrar.Unreachable}}}
	s := &Sources{Channels: core.Channels, Contacts: func(aor string) []registrar.Contact { return contacts[aor] }, Config: func() *config.PJSIP {
		return &config.PJSIP{Endpoints: map[string]*config.Endpoint{
			"alice": {Name: "alice", AORs: []string{"none", "here"}}, "bob": {Name: "bob", AORs: []string{"gone"}},
			"two": {Name: "two", AORs: []string{"here"}, DeviceStateBusyAt: 2}}}
	}}
	call := func(endpoint string, state channel.State, held bool) *channel.Channel {
		return core.New(channel.Config{Tech: "PJSIP", Endpoint: endpoint, Leg: leg{held}, State: state})
	}
	check := func(device string, want State) {
		t.Helper()
		if got := s.All(device); got != want {
			t.Errorf("%s: %s, want %s", device, got, want)
		}
	}
	check("PJSIP/alice", NotInUse)
	check("pjsip/bob", Unavailable)
	check("PJSIP/carol", Invalid)
	check("SIP/alice", Invalid)
	check("PJSIP/bob&PJSIP/alice,CustomPresence:x", NotInUse)
	ringing := call("alice", channel.Ringing, false)
	check("PJSIP/alice", Ringing)
	held := call("alice", channel.Up, true)
	check("PJSIP/alice", RingInUse)
	ringing.Release()
	check("PJSIP/alice", OnHold)
	held.Release()
	up := call("two", channel.Up, false)
	check("PJSIP/two", InUse)
	second := call("two", channel.Ring, false)
	check("PJSIP/two", Busy)
	up.Release()
	second.Release()
	check("PJSIP/two", NotInUse)
}

func TestCustomStates(t *testing.T) {
	s := &Sources{Store: store.NewMemory(time.Now)}
	if got := s.Of("Custom:lamp"); got != Unknown {
		t.Errorf("before: %s", got)
	}
	if err := s.Set("Custom:lamp", "inuse"); err != nil {
		t.Fatal(err)
	}
	if got := s.Of("custom:lamp"); got != InUse {
		t.Errorf("after: %s", got)
	}
	for _, bad := range [][2]string{{"PJSIP/alice", "INUSE"}, {"Custom:", "INUSE"}, {"Custom:lamp", "SHOE"}} {
		if err := s.Set(bad[0], bad[1]); err == nil {
			t.Errorf("set %v", bad)
		}
	}
}
