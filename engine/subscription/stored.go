package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"asterism/engine/config"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
	"asterism/engine/store"
)

// family holds the subscriptions; a key in it is our tag of the dialog. Asterisk keeps its own elsewhere, packet by packet.
const family = "subscription"

const storeTimeout = 2 * time.Second

// record is a subscription in the store.
type record struct {
	Dialog    dialog.Saved `json:"dialog"` // with the CSeq up to which numbers may have been used
	FirstSeq  uint32       `json:"first_cseq"`
	Event     string       `json:"event"`
	Media     string       `json:"media"`
	Exten     string       `json:"exten"`
	Context   string       `json:"context,omitempty"`
	Endpoint  string       `json:"endpoint"`
	UserAgent string       `json:"user_agent,omitempty"`
	Expires   int64        `json:"expires"` // Unix seconds
}

// keep brings the store to what the subscription is now: there, or gone. Turns keep the order.
func (n *Notifier) keep(s *subscription) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		n.stored(ctx.Err())
		return
	}
	n.mu.Lock()
	saved, left, gone := s.dialog.Save(), time.Until(s.expires), s.gone
	saved.Seq = s.reserved
	rec := record{Dialog: saved, FirstSeq: s.firstSeq, Event: s.event, Media: s.media, Exten: s.exten, Context: s.context, Endpoint: s.endpoint,
		UserAgent: s.userAgent, Expires: s.expires.Unix()}
	n.mu.Unlock()
	key := store.Key(family, saved.Tag)
	if gone || left <= 0 {
		err := n.cfg.Store.Delete(ctx, key, store.Any)
		if !errors.Is(err, store.ErrNotFound) {
			n.stored(err)
		}
		return
	}
	value, err := json.Marshal(rec)
	if err == nil {
		_, err = n.cfg.Store.Put(ctx, key, value, store.Any, left)
	}
	n.stored(err)
}

// stored logs when the store begins to fail and when it works again, not once a SUBSCRIBE.
func (n *Notifier) stored(err error) {
	if err != nil {
		if !n.storeBad.Swap(true) {
			n.cfg.Log.Error().Err(err).Msg("subscription: they cannot be stored; those that are made now would not survive a restart")
		}
	} else if n.storeBad.Load() && n.storeBad.Swap(false) {
		n.cfg.Log.Info().Msg("subscription: they can be stored again")
	}
}

// restore brings the stored subscriptions back; each subscriber is told anew.
func (n *Notifier) restore(ctx context.Context) {
	list, cancel := context.WithTimeout(ctx, 10*storeTimeout)
	defer cancel()
	entries, err := n.cfg.Store.List(list, store.Key(family, ""))
	if err != nil {
		n.cfg.Log.Error().Err(err).Msg("subscription: the stored ones cannot be read; lamps stay dark until the phones subscribe again")
		return
	}
	conf, now := n.cfg.PJSIP(), time.Now()
	for _, entry := range entries {
		s, err := decode(entry.Value, n.cfg.Stack.Transports())
		if err != nil {
			n.cfg.Log.Warn().Err(err).Str("key", entry.Key).Msg("subscription: a stored one is not readable; it is left out")
			continue
		}
		if !s.expires.After(now) {
			continue
		}
		found, ok := n.lookUp(conf, s)
		s.topic = found
		n.mu.Lock()
		if n.subscriptions[s.dialog.Key()] == nil && len(n.subscriptions) < maxAll {
			n.addLocked(s)
			if ok {
				n.pushLocked(&s.task)
			} else {
				n.endLocked(s, "noresource")
			}
		}
		n.mu.Unlock()
	}
}

// lookUp finds what a subscription is about now; false if nothing is left of it.
func (n *Notifier) lookUp(conf *config.PJSIP, s *subscription) (topic, bool) {
	e := conf.Endpoints[s.endpoint]
	if e == nil || !e.AllowSubscribe {
		return topic{}, false
	}
	found, status := s.kind.find(n, conf, e, s.context, s.exten)
	return found, status == 0
}

// decode reads a stored subscription. What is not as it should be is an error, never a half-read one.
func decode(value []byte, transports []*sip.Transport) (*subscription, error) {
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, err
	}
	name, id, ok := parseEvent(rec.Event)
	k := kindOf(name)
	if !ok || k == nil {
		return nil, fmt.Errorf("event %.60q", rec.Event)
	}
	if _, ok := k.body(rec.Media); !ok {
		return nil, fmt.Errorf("media %.60q", rec.Media)
	}
	if len(rec.Exten) > maxExten || clean(rec.Exten) != rec.Exten || rec.Expires <= 0 || rec.Expires > 1<<40 {
		return nil, fmt.Errorf("exten %.60q, expires %d", rec.Exten, rec.Expires)
	}
	d, err := rec.Dialog.Restore(transports)
	if err != nil {
		return nil, err
	}
	event := k.event
	if id != "" {
		event += ";id=" + id
	}
	return &subscription{kind: k, event: event, media: rec.Media, exten: rec.Exten, context: rec.Context, endpoint: rec.Endpoint,
		userAgent: clean(rec.UserAgent), dialog: d, expires: time.Unix(rec.Expires, 0), firstSeq: rec.FirstSeq, reserved: rec.Dialog.Seq, force: true,
		turn: make(chan struct{}, 1)}, nil
}
