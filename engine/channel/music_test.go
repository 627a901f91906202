package channel

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/media"
)

// heardOf is the music that a leg was played.
func heardOf(l *fakeLeg) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var music []string
	for _, s := range l.did {
		if strings.HasPrefix(s, "music") || s == "silence" {
			music = append(music, s)
		}
	}
	return strings.Join(music, " ")
}

// TestHoldMusic: who waits hears the class that is due while the other holds, whichever of the two it is, and no longer than the bridge lasts.
func TestHoldMusic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeLeg{onCall: after(time.Second, LegEvent{Kind: LegAnswered})}
		ch, a, _ := setup(t, map[string][]*fakeLeg{"a": {b}})
		ch.core.music = func(class string) (*media.Music, bool) {
			return media.NewMusic(class, nil), slices.Contains([]string{"default", "sales", "mine"}, class)
		}
		res, err := ch.Dial(DialRequest{Targets: []Target{{"FAKE", "a"}}})
		if err != nil {
			t.Fatal(err)
		}
		peer := res.Peer
		defer peer.Release()
		peer.FarEndHeld(true, "") // before the bridge begins
		for i, step := range []func(){
			func() { peer.FarEndHeld(false, "") },
			func() { ch.FarEndHeld(true, "sales") },
			func() { ch.FarEndHeld(true, "sales") }, // the same once more
			func() { ch.FarEndHeld(false, "sales") },
			func() { ch.SetMusicClass("mine"); peer.FarEndHeld(true, "gone") },
			func() { peer.FarEndHeld(false, ""); ch.SetMusicClass("gone"); peer.FarEndHeld(true, "gone") },
			func() { peer.FarEndGone(NormalClearing) },
		} {
			time.AfterFunc(time.Duration(i+1)*time.Second, step)
		}
		if _, err := ch.Bridge(peer, BridgeOptions{}); err != nil {
			t.Fatal(err)
		}
		if got, want := heardOf(a), "music default silence music mine silence"; got != want {
			t.Errorf("the caller hears %s, want %s", got, want)
		}
		if got, want := heardOf(b), "music sales silence"; got != want {
			t.Errorf("the peer hears %s, want %s", got, want)
		}
	})
}

// TestMusicGivesWay: what else is played ends the music, and stopping it then stops nothing.
func TestMusicGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch, leg, _ := setup(t, nil)
		if err := ch.StartMusic(""); err == nil {
			t.Error("music without a class")
		}
		ch.core.music = func(class string) (*media.Music, bool) { return media.NewMusic(class, nil), true }
		leg.playFor = time.Second
		if err := ch.StartMusic("x"); err != nil {
			t.Fatal(err)
		}
		if _, err := ch.Play(nil, ""); err != nil {
			t.Fatal(err)
		}
		ch.StopMusic()
		if got := heardOf(leg); got != "music x silence" {
			t.Error(got)
		}
	})
}
