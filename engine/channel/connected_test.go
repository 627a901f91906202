package channel

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// shownLeg notes whom its party is shown.
type shownLeg struct {
	*fakeLeg
	mu    sync.Mutex
	shown []string // guarded by mu: the bridge and the far end both tell
}

func (l *shownLeg) ShowConnected(id CallerID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = append(l.shown, id.Name+" "+id.Number)
}

func TestWhoIsTalkedTo(t *testing.T) {
	for _, unshown := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			ch, peer, _, _ := bridged(t)
			mine, theirs := &shownLeg{fakeLeg: &fakeLeg{}}, &shownLeg{fakeLeg: &fakeLeg{}}
			ch.leg, peer.leg = mine, theirs
			ch.SetCallerID(CallerID{Name: "Alice", Number: "101"})
			peer.SetCallerID(CallerID{Name: "Bob", Number: "102", RDNIS: "9"})
			ch.unshown, peer.unshown = unshown, unshown
			peer.calledFor = ch.Name() // it was told who calls when it was called
			time.AfterFunc(time.Second, func() { peer.FarEndIs(CallerID{Name: "Carol", Number: "103"}) })
			if _, err := ch.Bridge(peer, BridgeOptions{Limit: 2 * time.Second}); err != nil {
				t.Fatal(err)
			}
			if _, err := ch.Bridge(peer, BridgeOptions{Limit: time.Second}); err != nil { // the second time it may have talked to others
				t.Fatal(err)
			}
			wantMine, wantTheirs := []string{"Bob 102", "Carol 103", "Carol 103"}, []string{"Alice 101"}
			if unshown {
				wantMine, wantTheirs = nil, nil
			}
			if !slices.Equal(mine.shown, wantMine) || !slices.Equal(theirs.shown, wantTheirs) {
				t.Errorf("I am shown %q, the peer %q; want %q and %q", mine.shown, theirs.shown, wantMine, wantTheirs)
			}
			if got := peer.CallerID(); got.Number != "103" || got.RDNIS != "9" || ch.Connected().Number != "103" {
				t.Errorf("the peer is %+v", got)
			}
			peer.FarEndIs(CallerID{Number: "104"}) // nobody hears it
		})
	}
}
