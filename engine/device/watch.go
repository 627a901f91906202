package device

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

// Hint is an extension that stands for devices.
type Hint struct{ Context, Exten, Devices string }

// Watcher tells of devices, and of the extensions of hints, that are in another state than they were. Its fields are set before Run.
type Watcher struct {
	Sources *Sources
	Hints   func() []Hint // of the configuration in force; those of patterns left out
	Events  *event.Bus
	Log     zerolog.Logger

	// All below belongs to Run.
	conf   *config.PJSIP
	users  map[string][]string // AOR ► endpoints
	known  map[string]State    // devices, as they were looked at last
	hints  []Hint
	states []State          // of hints
	naming map[string][]int // device ► hints
	dirty  map[string]bool  // devices to look at again
	all    bool             // or all of them
}

// settle is how long changes gather after others were told of, so that a busy PBX looks at its channels 50 times a second at most.
const settle = 20 * time.Millisecond

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	facts := w.Events.Subscribe("device states", matters)
	defer facts.Close()
	lamps := w.watchStore(ctx)
	w.known, w.dirty = map[string]State{}, map[string]bool{}
	w.reload()
	w.report(false)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	timer.Stop()
	waiting, last := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-facts.C():
			if !ok {
				return nil
			}
			w.note(e)
		case c, ok := <-changes(lamps):
			if !ok { // we were too slow, or the store is closed
				lamps = w.watchStore(ctx)
				w.all = true
				break
			}
			w.dirty[custom+strings.TrimPrefix(c.Key, family)] = true
		case <-timer.C:
			waiting, last = false, time.Now()
			w.report(true)
		}
		if !waiting && (w.all || len(w.dirty) > 0) {
			waiting = true
			timer.Reset(max(0, settle-time.Since(last)))
		}
	}
}

func (w *Watcher) watchStore(ctx context.Context) *store.Watcher {
	if w.Sources.Store == nil || ctx.Err() != nil {
		return nil
	}
	lamps, err := w.Sources.Store.Watch(ctx, family)
	if err != nil {
		w.Log.Error().Err(err).Msg("device: Custom: devices cannot be watched: who watches them hears nothing")
		return nil
	}
	return lamps
}

func changes(w *store.Watcher) <-chan store.Change {
	if w == nil {
		return nil
	}
	return w.C()
}

// matters is what may change a state.
func matters(e any) bool {
	switch e.(type) {
	case event.ChannelCreated, event.ChannelStateChanged, event.ChannelAnswered, event.ChannelHungUp, event.HoldBegun, event.HoldEnded,
		event.ContactAdded, event.ContactRefreshed, event.ContactRemoved, event.ContactStatusChanged, event.ConfigReloaded:
		return true
	}
	return false
}

func (w *Watcher) note(e any) {
	switch e := e.(type) {
	case event.ChannelCreated:
		w.called(e.Channel)
	case event.ChannelStateChanged:
		w.called(e.Channel)
	case event.ChannelAnswered:
		w.called(e.Channel)
	case event.ChannelHungUp:
		w.called(e.Channel)
	case event.HoldBegun:
		w.called(e.Channel)
	case event.HoldEnded:
		w.called(e.Channel)
	case event.ContactAdded:
		w.moved(e.Contact)
	case event.ContactRefreshed:
		w.moved(e.Contact)
	case event.ContactRemoved:
		w.moved(e.Contact)
	case event.ContactStatusChanged:
		w.moved(e.Contact)
	case event.ConfigReloaded:
		w.reload()
		w.all = true
	}
}

func (w *Watcher) called(ch event.Channel) {
	if ch.Endpoint != "" {
		w.dirty[technology+ch.Endpoint] = true
	}
}

func (w *Watcher) moved(c event.Contact) {
	for _, e := range w.users[c.AOR] {
		w.dirty[technology+e] = true
	}
}

// reload takes over hints and endpoints of a new configuration; what is known of hints that stay is kept.
func (w *Watcher) reload() {
	before := map[Hint]State{}
	for i, h := range w.hints {
		before[h] = w.states[i]
	}
	w.conf, w.users = w.Sources.Config(), map[string][]string{}
	for _, e := range w.conf.Endpoints {
		for _, aor := range e.AORs {
			w.users[aor] = append(w.users[aor], e.Name)
		}
	}
	w.hints, w.states, w.naming = w.Hints(), nil, map[string][]int{}
	for i, h := range w.hints {
		w.states = append(w.states, before[h])
		for _, d := range Names(h.Devices) {
			w.naming[d] = append(w.naming[d], i)
		}
	}
	for d := range w.naming {
		w.dirty[d] = true
	}
}

// report looks at what may have changed, and tells; the first look only learns.
func (w *Watcher) report(tell bool) {
	if w.all {
		for d := range w.known {
			w.dirty[d] = true
		}
		w.all = false
	}
	look, affected := w.Sources.look(), map[int]bool{}
	for _, d := range sorted(w.dirty) {
		now := look.of(d)
		for _, i := range w.naming[d] {
			affected[i] = true
		}
		if w.known[d] != now {
			w.known[d] = now
			if tell {
				w.Events.Publish(event.DeviceStateChanged{At: time.Now(), Device: d, State: string(now)})
			}
		}
	}
	clear(w.dirty)
	for _, i := range sorted(affected) {
		h := w.hints[i]
		now := Extension(look.all(h.Devices))
		if w.states[i] != now {
			w.states[i] = now
			if tell {
				w.Events.Publish(event.ExtensionStateChanged{At: time.Now(), Context: h.Context, Exten: h.Exten, Hint: h.Devices, State: string(now)})
			}
		}
	}
}

func sorted[K cmp.Ordered](set map[K]bool) []K {
	out := make([]K, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
