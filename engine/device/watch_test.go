package device

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/registrar"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

// teller publishes what channels do, as the engine's recorder does.
type teller struct {
	channel.NoObserver
	bus *event.Bus
}

func of(c *channel.Channel) event.Channel { return event.Channel{Endpoint: c.Endpoint()} }

func (o teller) ChannelCreated(c *channel.Channel) {
	o.bus.Publish(event.ChannelCreated{Channel: of(c)})
}
func (o teller) StateChanged(c *channel.Channel) {
	o.bus.Publish(event.ChannelStateChanged{Channel: of(c)})
}
func (o teller) ChannelAnswered(c *channel.Channel) {
	o.bus.Publish(event.ChannelAnswered{Channel: of(c)})
}
func (o teller) ChannelEnded(c *channel.Channel) { o.bus.Publish(event.ChannelHungUp{Channel: of(c)}) }

// watched is a Watcher that runs, and what it tells.
type watched struct {
	t        *testing.T
	bus      *event.Bus
	core     *channel.Core
	sources  *Sources
	hints    []Hint
	contacts map[string][]registrar.Contact
	heard    *event.Subscription
}

func watching(t *testing.T, hints ...Hint) *watched {
	t.Helper()
	w := &watched{t: t, bus: event.NewBus(zerolog.Nop()), hints: hints, contacts: map[string][]registrar.Contact{"alice": {{}}, "bob": {{}}}}
	w.core = channel.NewCore(channel.CoreConfig{Log: zerolog.Nop(), Observer: teller{bus: w.bus}})
	conf := &config.PJSIP{Endpoints: map[string]*config.Endpoint{"alice": {Name: "alice", AORs: []string{"alice"}}, "bob": {Name: "bob", AORs: []string{"bob"}}}}
	w.sources = &Sources{Channels: w.core.Channels, Contacts: func(aor string) []registrar.Contact { return w.contacts[aor] },
		Config: func() *config.PJSIP { return conf }, Store: store.NewMemory(time.Now)}
	w.heard = w.bus.Subscribe("test", event.Is[event.DeviceStateChanged], event.Is[event.ExtensionStateChanged])
	ctx, stop := context.WithCancel(t.Context())
	watcher := &Watcher{Sources: w.sources, Hints: func() []Hint { return w.hints }, Events: w.bus, Log: zerolog.Nop()}
	done := make(chan struct{})
	go func() { _ = watcher.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done; w.heard.Close(); w.bus.Close() })
	synctest.Wait()
	return w
}

// told is what was told since the last time, once all changes have settled.
func (w *watched) told(want string) {
	w.t.Helper()
	time.Sleep(2 * settle) // of the bubble
	synctest.Wait()
	var got []string
	for len(w.heard.C()) > 0 {
		switch e := (<-w.heard.C()).(type) {
		case event.DeviceStateChanged:
			got = append(got, e.Device+"="+e.State)
		case event.ExtensionStateChanged:
			got = append(got, fmt.Sprintf("%s@%s=%s", e.Exten, e.Context, e.State))
		}
	}
	if s := strings.Join(got, " "); s != want {
		w.t.Errorf("told %q, want %q", s, want)
	}
}

func TestWatcherFollowsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watching(t, Hint{"internal", "101", "PJSIP/alice"}, Hint{"internal", "both", "pjsip/alice&PJSIP/bob"}, Hint{"internal", "lamp", "custom:lamp"})
		w.told("")
		ch := w.core.New(channel.Config{Tech: "PJSIP", Endpoint: "alice", Leg: leg{}, State: channel.Down})
		w.told("") // it is not even called
		ch.SetState(channel.Ringing)
		w.told("PJSIP/alice=RINGING 101@internal=RINGING both@internal=RINGING")
		ch.MarkAnswered()
		w.told("PJSIP/alice=INUSE 101@internal=INUSE both@internal=INUSE")
		ch.Release()
		w.told("PJSIP/alice=NOT_INUSE 101@internal=NOT_INUSE both@internal=NOT_INUSE")
		other := w.core.New(channel.Config{Tech: "PJSIP", Endpoint: "bob", Leg: leg{}, State: channel.Up})
		other.Release()
		w.told("") // between two looks it was as before
	})
}

func TestWatcherFollowsLampsContactsAndReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watching(t, Hint{"internal", "lamp", "Custom:lamp"}, Hint{"internal", "102", "PJSIP/bob"})
		if err := w.sources.Set("Custom:lamp", "INUSE"); err != nil {
			t.Fatal(err)
		}
		w.told("Custom:lamp=INUSE lamp@internal=INUSE")
		if err := w.sources.Set("Custom:lamp", "INUSE"); err != nil {
			t.Fatal(err)
		}
		w.told("")
		w.contacts["bob"] = nil
		w.bus.Publish(event.ContactRemoved{Contact: event.Contact{AOR: "bob"}})
		w.told("PJSIP/bob=UNAVAILABLE 102@internal=UNAVAILABLE")
		w.hints = []Hint{{"internal", "lamp", "Custom:lamp&PJSIP/alice"}, {"internal", "102", "PJSIP/alice"}}
		w.bus.Publish(event.ConfigReloaded{})
		w.told("PJSIP/alice=NOT_INUSE lamp@internal=INUSE 102@internal=NOT_INUSE")
	})
}

// A thousand changes at once are a look or two.
func TestWatcherGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watching(t, Hint{"internal", "101", "PJSIP/alice"})
		for range 500 {
			w.core.New(channel.Config{Tech: "PJSIP", Endpoint: "alice", Leg: leg{}, State: channel.Up})
			w.bus.Publish(event.ContactRefreshed{Contact: event.Contact{AOR: "alice"}})
		}
		w.told("PJSIP/alice=INUSE 101@internal=INUSE")
	})
}
