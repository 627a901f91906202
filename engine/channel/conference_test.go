package channel

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// fakeRoom keeps who is in it and what was done to him.
type fakeRoom struct {
	mu  sync.Mutex
	did []string
}

func (r *fakeRoom) note(s string) { r.mu.Lock(); r.did = append(r.did, s); r.mu.Unlock() }
func (r *fakeRoom) Join(Media, media.MemberConfig) (Seat, error) {
	r.note("join")
	return fakeSeat{r}, nil
}
func (r *fakeRoom) Play(_ media.Source, done func()) func() { return func() {} }
func (r *fakeRoom) Tap(int, func(mix []int16)) func()       { return func() {} }
func (r *fakeRoom) Close()                                  { r.note("close") }

type fakeSeat struct{ *fakeRoom }

func (s fakeSeat) Mute(on bool) {
	if on {
		s.note("mute")
	} else {
		s.note("unmute")
	}
}
func (s fakeSeat) Deafen(bool)      { s.note("deafen") }
func (s fakeSeat) SetGain(int, int) { s.note("gain") }
func (s fakeSeat) Leave()           { s.note("leave") }

// facts is an Observer of conferences.
type facts struct {
	NoObserver
	mu    sync.Mutex
	kinds []ConferenceKind
}

func (f *facts) ConferenceChanged(fact ConferenceFact) {
	f.mu.Lock()
	f.kinds = append(f.kinds, fact.Kind)
	f.mu.Unlock()
}

func conferenceCore(rooms *[]*fakeRoom, o Observer) *Core {
	return NewCore(CoreConfig{Log: zerolog.Nop(), Observer: o, NewRoom: func(media.RoomConfig) Room {
		r := &fakeRoom{}
		*rooms = append(*rooms, r)
		return r
	}})
}

func caller(k *Core) *Channel {
	return k.New(Config{Tech: "FAKE", Endpoint: "x", Leg: &fakeLeg{}, State: Up})
}

func TestConferenceLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rooms []*fakeRoom
		seen := &facts{}
		k := conferenceCore(&rooms, seen)
		a, b, c := caller(k), caller(k), caller(k)
		first, err := a.JoinConference("1", ConferenceConfig{MaxMembers: 2}, ParticipantConfig{Admin: true})
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.JoinConference("1", ConferenceConfig{MaxMembers: 2}, ParticipantConfig{Marked: true})
		if err != nil {
			t.Fatal(err)
		}
		if ev, _ := first.Next(0); ev.Kind != "joined" || ev.Who.Channel != b.Name() || !ev.Who.Marked {
			t.Errorf("%+v", ev)
		}
		if _, err := c.JoinConference("1", ConferenceConfig{MaxMembers: 2}, ParticipantConfig{}); !errors.Is(err, ErrConferenceFull) {
			t.Error(err)
		}
		conf, _ := k.Conference("1")
		conf.Lock(true)
		if _, err := c.JoinConference("1", ConferenceConfig{}, ParticipantConfig{}); !errors.Is(err, ErrConferenceLocked) {
			t.Error(err)
		}
		third, err := c.JoinConference("1", ConferenceConfig{}, ParticipantConfig{Admin: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := conf.Mute("participants", true); n != 1 || !second.Info().Muted || first.Info().Muted {
			t.Errorf("%d muted", n)
		}
		if conf.Info().Marked() != 1 || conf.Info().Admins() != 2 || !conf.Info().Locked {
			t.Errorf("%+v", conf.Info())
		}
		began := time.Now()
		if ev, err := third.Next(3 * time.Second); ev.Kind != "timeout" || err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%+v, %v", ev, err)
		}
		c.Digit('5')
		if ev, _ := third.Next(-1); ev.Kind != "digit" || ev.Digit != '5' {
			t.Errorf("%+v", ev)
		}
		conf.Kick("last", "by the admin")
		if ev, _ := third.Next(-1); ev.Kind != "kicked" || ev.Reason != "by the admin" {
			t.Errorf("%+v", ev)
		}
		third.Leave()
		third.Leave()
		b.Hangup(NormalClearing)
		var gone *HangupError
		if _, err := second.Next(-1); !errors.As(err, &gone) {
			t.Error(err)
		}
		second.Leave()
		var kinds []string
		for {
			ev, _ := first.Next(0)
			if ev.Kind == "timeout" {
				break
			}
			kinds = append(kinds, ev.Kind)
		}
		if !slices.Equal(kinds, []string{"joined", "left", "left"}) {
			t.Error(kinds)
		}
		first.Leave()
		if _, ok := k.Conference("1"); ok || len(k.Conferences()) != 0 {
			t.Error("still there")
		}
		if len(rooms) != 1 || rooms[0].did[len(rooms[0].did)-1] != "close" {
			t.Errorf("%d rooms", len(rooms))
		}
		want := []ConferenceKind{ConferenceStarted, ConferenceJoined, ConferenceJoined, ConferenceLocked, ConferenceJoined, ConferenceMuted,
			ConferenceLeft, ConferenceLeft, ConferenceLeft, ConferenceEnded}
		if !slices.Equal(seen.kinds, want) {
			t.Errorf("facts %v, want %v", seen.kinds, want)
		}
		for _, ch := range []*Channel{a, b, c} {
			ch.Release()
		}
	})
}

// TestConferenceCrowd: many come, are muted and kicked, and go at once; the room ends once for each time it was empty.
func TestConferenceCrowd(t *testing.T) {
	var mu sync.Mutex
	opened, closed := 0, 0
	k := NewCore(CoreConfig{Log: zerolog.Nop(), NewRoom: func(media.RoomConfig) Room {
		mu.Lock()
		opened++
		mu.Unlock()
		return countingRoom{&fakeRoom{}, func() { mu.Lock(); closed++; mu.Unlock() }}
	}})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			ch := caller(k)
			defer ch.Release()
			for range 20 {
				p, err := ch.JoinConference("crowd", ConferenceConfig{}, ParticipantConfig{})
				if err != nil {
					t.Error(err)
					return
				}
				p.Conference().Mute("all", true)
				p.Conference().Kick("last", "")
				p.SetGain(1, 1)
				p.Conference().Info()
				p.Leave()
			}
		})
	}
	wg.Wait()
	if len(k.Conferences()) != 0 || opened == 0 || opened != closed {
		t.Errorf("%d conferences left, %d rooms opened, %d closed", len(k.Conferences()), opened, closed)
	}
}

type countingRoom struct {
	*fakeRoom
	close func()
}

func (r countingRoom) Close() { r.close() }
