package channel

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// talks is an Observer of who talks, and of when that was said.
type talks struct {
	NoObserver
	mu   sync.Mutex
	said []string
	at   []time.Time
}

func (o *talks) ConferenceChanged(f ConferenceFact) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch f.Kind {
	case ConferenceTalking:
		o.said = append(o.said, "+"+f.Channel.Name())
	case ConferenceSilent:
		o.said = append(o.said, "-"+f.Channel.Name())
	default:
		return
	}
	o.at = append(o.at, time.Now())
}

func TestConferenceTalkEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rooms []*fakeRoom
		seen := &talks{}
		k := conferenceCore(&rooms, seen)
		a, b, c := caller(k), caller(k), caller(k)
		join := func(ch *Channel, told bool) *Participant {
			p, err := ch.JoinConference("1", ConferenceConfig{}, ParticipantConfig{TalkEvents: told})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		first, second, third := join(a, true), join(b, true), join(c, false)
		third.talking(true) // nobody wants to know of him
		synctest.Wait()
		if len(seen.said) != 0 || !third.Info().Talks {
			t.Errorf("said %v", seen.said)
		}
		first.talking(true)
		synctest.Wait() // at once
		if !slices.Equal(seen.said, []string{"+" + a.Name()}) {
			t.Errorf("said %v", seen.said)
		}
		began := time.Now()
		for time.Since(began) < 2*time.Second { // one stutters, the other begins amid that: he is heard of all the same
			first.talking(false)
			time.Sleep(10 * time.Millisecond)
			first.talking(true)
			time.Sleep(10 * time.Millisecond)
			if time.Since(began) == 100*time.Millisecond {
				second.talking(true)
			}
		}
		synctest.Wait()
		if !slices.Contains(seen.said, "+"+b.Name()) {
			t.Errorf("said %v", seen.said)
		}
		first.talking(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if last := seen.said[len(seen.said)-1]; last != "-"+a.Name() {
			t.Errorf("the last word is %s", last)
		}
		for i := range seen.at {
			if i >= 5 && seen.at[i].Sub(seen.at[i-5]) < time.Second {
				t.Errorf("six reports within %s", seen.at[i].Sub(seen.at[i-5]))
			}
		}
		for _, p := range []*Participant{first, second, third} {
			p.Leave()
		}
		k.WaitMonitors()
		for _, ch := range []*Channel{a, b, c} {
			ch.Release()
		}
	})
}
