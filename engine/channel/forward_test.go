package channel

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fakeLocal is a "Local" whose channels are busy; it keeps what it was asked for.
type fakeLocal struct {
	core    *Core
	asked   []string
	through []string
	blamed  []string
}

func (*fakeLocal) Name() string { return "Local" }
func (t *fakeLocal) Request(_ context.Context, resource string, d *DialLeg) ([]*Channel, error) {
	ch := t.core.New(Config{Tech: "Local", Leg: &fakeLeg{onCall: ends(UserBusy)}, Parent: d.Parent, Variables: d.Variables})
	way, _ := ch.Get(throughVariable)
	blamed, _ := ch.Get(tollguardVariable)
	t.asked, t.through, t.blamed = append(t.asked, resource), append(t.through, way), append(t.blamed, blamed)
	return []*Channel{ch}, nil
}

// TestForwardCircle: a forward to where a forward already sent the call is busy, without another channel; elsewhere it goes on.
func TestForwardCircle(t *testing.T) {
	for _, tt := range []struct {
		to, through    string
		asked, carried []string
	}{
		{"603", "", []string{"603@internal"}, []string{"603@internal"}},
		{"604", "603@internal", []string{"604@internal"}, []string{"603@internal,604@internal"}},
		{"603", "603@internal", nil, nil},
		{"603", "602@internal,603@internal,604@internal", nil, nil},
		{"603", "603@elsewhere", []string{"603@internal"}, []string{"603@elsewhere,603@internal"}},
	} {
		t.Run(tt.to+" after "+tt.through, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				moved := &fakeLeg{onCall: after(time.Second, LegEvent{Kind: LegEnded, Cause: RedirectedToNew, Forward: tt.to})}
				ch, _, tech := setup(t, map[string][]*fakeLeg{"a": {moved}})
				local := &fakeLocal{core: tech.core}
				tech.core.AddTech(local)
				ch.Set(throughVariable, tt.through)
				res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(local.asked, tt.asked) || !slices.Equal(local.through, tt.carried) {
					t.Errorf("asked for %q through %q, want %q through %q", local.asked, local.through, tt.asked, tt.carried)
				}
				for _, blamed := range local.blamed {
					if want := "forward,a," + tt.to; blamed != want {
						t.Errorf("TOLLGUARD is %q, want %q", blamed, want)
					}
				}
				if last := res.Legs[len(res.Legs)-1]; last.Status != StatusBusy || res.Cause != UserBusy {
					t.Errorf("ended %s, cause %v, want %s, %v", last.Status, res.Cause, StatusBusy, UserBusy)
				}
			})
		})
	}
}
