package registrar

import (
	"context"
	"slices"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// Configure takes over the AORs of a generation; it must not change any more. AORs that are new get their stored
// contacts back, so the first call restores what was registered before a restart; those that are gone lose theirs.
// Limits hold for the next REGISTER. It is not to be called twice at once.
func (r *Registrar) Configure(cfg *config.PJSIP) {
	r.mu.Lock()
	fresh := make(map[string]bool)
	for name := range cfg.AORs {
		if r.aors[name] == nil {
			fresh[name] = true
		}
	}
	r.mu.Unlock()
	var stored []*binding
	if len(fresh) > 0 {
		stored = r.load(func(name string) bool { return fresh[name] })
	}
	now := r.cfg.Clock.Now()
	users := usersOf(cfg)

	r.mu.Lock()
	r.pjsip = cfg
	var removed, added []*binding
	for name, a := range r.aors {
		if cfg.AORs[name] == nil {
			delete(r.aors, name)
			for _, b := range slices.Clone(a.bindings) {
				r.removeLocked(b)
				removed = append(removed, b)
			}
		}
	}
	for name, conf := range cfg.AORs {
		a := r.aors[name]
		if a == nil {
			a = &aor{name: name, turn: make(chan struct{}, 1)}
			r.aors[name] = a
		}
		a.conf = conf
		gone, come := r.staticLocked(a, users[name], now)
		removed, added = append(removed, gone...), append(added, come...)
	}
	for _, b := range stored {
		a := r.aors[b.AOR]
		if b.Pruned {
			b.Status = Unreachable
		}
		r.addLocked(a, b, now)
		added = append(added, b)
	}
	for _, a := range r.aors {
		for _, b := range a.bindings {
			r.scheduleLocked(b, now)
		}
	}
	r.mu.Unlock()
	r.poke()

	for _, b := range removed {
		if !b.Static {
			r.drop(b)
		}
		r.removed(b, "configuration", now)
	}
	for _, b := range added {
		r.cfg.Events.Publish(event.ContactAdded{At: now, Contact: r.eventOf(b)})
	}
}

// drop deletes a binding of an AOR that is gone. Its turn is taken, lest a REGISTER that came just before puts it back.
func (r *Registrar) drop(b *binding) {
	b.aor.turn <- struct{}{}
	defer func() { <-b.aor.turn }()
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	r.forget(ctx, b)
}

// staticLocked makes the static bindings of an AOR those of its contact= lines; what is unchanged keeps its status.
func (r *Registrar) staticLocked(a *aor, endpoint string, now time.Time) (gone, come []*binding) {
	var want []string
	for _, text := range a.conf.Contact {
		if !slices.Contains(want, text) {
			want = append(want, text)
		}
	}
	for _, b := range slices.Clone(a.bindings) {
		switch {
		case !b.Static:
		case !slices.Contains(want, b.URI):
			r.removeLocked(b)
			gone = append(gone, b)
		default:
			b.Endpoint = endpoint
			want = slices.DeleteFunc(want, func(text string) bool { return text == b.URI })
		}
	}
	for _, text := range want {
		uri, err := sip.ParseURI(text)
		if err != nil { // the configuration's checks should have found it
			r.cfg.Log.Error().Err(err).Str("aor", a.name).Msg("registrar: a static contact is no URI; it is left out")
			continue
		}
		b := &binding{Contact: Contact{AOR: a.name, Endpoint: endpoint, URI: text, Original: text, Static: true}, uri: uri, index: -1}
		r.addLocked(a, b, now)
		come = append(come, b)
	}
	return gone, come
}

// usersOf says which endpoint uses an AOR: the first by name.
func usersOf(cfg *config.PJSIP) map[string]string {
	users := make(map[string]string)
	for _, name := range sortedKeys(cfg.Endpoints) {
		for _, aor := range cfg.Endpoints[name].AORs {
			if users[aor] == "" {
				users[aor] = name
			}
		}
	}
	return users
}

func (r *Registrar) addLocked(a *aor, b *binding, now time.Time) {
	b.aor = a
	a.bindings = append(a.bindings, b)
	r.scheduleLocked(b, now)
}

func (r *Registrar) removeLocked(b *binding) {
	b.gone = true
	b.aor.bindings = slices.DeleteFunc(b.aor.bindings, func(o *binding) bool { return o == b })
	r.unscheduleLocked(b)
}
