package event

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestWanted(t *testing.T) {
	var none *Bus
	b := NewBus(zerolog.Nop())
	defer b.Close()
	if none.Wanted(VariableSet{}) || b.Wanted(VariableSet{}) {
		t.Error("wanted by nobody")
	}
	s := b.Subscribe("reloads", Is[ConfigReloaded])
	if b.Wanted(VariableSet{}) || !b.Wanted(ConfigReloaded{}) {
		t.Error("a filter was not asked")
	}
	s.Close()
	s = b.Subscribe("all")
	defer s.Close()
	if !b.Wanted(VariableSet{}) {
		t.Error("not wanted by who wants all")
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSubscribersGetWhatTheyWantInOrder(t *testing.T) {
	b := NewBus(zerolog.Nop())
	defer b.Close()
	all := b.Subscribe("all")
	some := b.Subscribe("some", Is[ChannelAnswered], Is[ConfigReloaded])
	b.Publish(ChannelCreated{})
	b.Publish(ChannelAnswered{Channel: Channel{Name: "PJSIP/a-1"}})
	b.Publish(ConfigReloaded{Generation: 2})
	all.Close()
	some.Close()
	all.Close()
	b.Publish(ChannelHungUp{})
	if got, want := kinds(all), "ChannelCreated ChannelAnswered ConfigReloaded"; got != want {
		t.Errorf("all: %s, want %s", got, want)
	}
	if got, want := kinds(some), "ChannelAnswered ConfigReloaded"; got != want {
		t.Errorf("some: %s, want %s", got, want)
	}
}

func kinds(s *Subscription) string {
	var names []string
	for e := range s.C() {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", e), "event."))
	}
	return strings.Join(names, " ")
}

func TestASlowSubscriberLosesTheOldest(t *testing.T) {
	var log bytes.Buffer
	b := NewBus(zerolog.New(&log))
	defer b.Close()
	slow, other := b.Subscribe("slow"), b.Subscribe("other", Is[ConfigRejected])
	const extra = 10
	for i := range QueueSize + extra {
		b.Publish(ConfigReloaded{Generation: i})
	}
	slow.Close()
	want := extra
	for e := range slow.C() {
		if g := e.(ConfigReloaded).Generation; g != want {
			t.Fatalf("got %d, want %d", g, want)
		}
		want++
	}
	if want != QueueSize+extra || slow.Dropped() != extra || other.Dropped() != 0 {
		t.Errorf("read up to %d; dropped %d and %d", want, slow.Dropped(), other.Dropped())
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), `"slow"`) {
		t.Errorf("%d log lines: %s", n, log.String())
	}
}

func TestOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBus(zerolog.Nop())
		var got []int
		stop := On(b, "callback", func(e ConfigReloaded) {
			time.Sleep(time.Second)
			got = append(got, e.Generation)
		})
		for i := range 3 {
			b.Publish(ConfigReloaded{Generation: i})
			b.Publish(ChannelCreated{})
		}
		time.Sleep(1500 * time.Millisecond) // in the second call
		stop()
		stop()
		if fmt.Sprint(got) != "[0 1]" {
			t.Errorf("got %v; stop waits for the call under way and starts none", got)
		}
		b.Close()
	})
}

func TestPublishersAndSubscribersComeAndGo(t *testing.T) {
	b := NewBus(zerolog.Nop())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				b.Publish(ConfigReloaded{Generation: i})
			}
		})
		wg.Go(func() {
			for range 200 {
				s := b.Subscribe("short")
				for range 3 {
					select {
					case e := <-s.C():
						if _, ok := e.(ConfigReloaded); !ok {
							t.Errorf("got %T", e)
						}
					default:
					}
				}
				s.Close()
			}
		})
	}
	wg.Wait()
	s := b.Subscribe("at the end")
	b.Close()
	b.Close()
	if _, ok := <-s.C(); ok {
		t.Error("Close left a queue open")
	}
	if _, ok := <-b.Subscribe("late").C(); ok {
		t.Error("a subscription after Close is open")
	}
	b.Publish(ChannelCreated{})
	var none *Bus
	none.Publish(ChannelCreated{})
}

func BenchmarkPublish(b *testing.B) {
	bus := NewBus(zerolog.Nop())
	defer bus.Close()
	for _, f := range []Filter{Is[ChannelCreated], Is[DialBegun], Is[ContactAdded]} {
		bus.Subscribe("some", f)
	}
	stop := On(bus, "reader", func(ConfigReloaded) {})
	defer stop()
	b.ReportAllocs()
	for b.Loop() {
		bus.Publish(ConfigReloaded{})
	}
}
