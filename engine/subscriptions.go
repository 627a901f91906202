package engine

import (
	"context"

	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/registrar"
	"asterism/engine/sip"
	"asterism/engine/subscription"
)

// newSubscriptions makes the one who tells phones of extensions and mailboxes.
func (e *Engine) newSubscriptions() *subscription.Notifier {
	return subscription.New(subscription.Config{Stack: e.stack, Store: e.cfg.Store, Events: e.cfg.Events, Log: e.log,
		PJSIP:    func() *config.PJSIP { return &e.current.Load().snap.PJSIP },
		Hint:     func(context, exten string) (string, bool) { return e.current.Load().script.Hint(context, exten) },
		State:    func(devices string) device.State { return device.Extension(e.devices.All(devices)) },
		Waiting:  e.MessagesWaiting,
		Contacts: func(aor string) []registrar.Contact { return e.registrar.Contacts(aor) },
		Route: func(ctx context.Context, to *config.Endpoint, c registrar.Contact) (sip.URI, []string, sip.Hop, error) {
			return e.pjsip.Route(ctx, to, c)
		}})
}

// Subscriptions lists what phones have subscribed to.
func (e *Engine) Subscriptions() []subscription.Subscription { return e.subscriptions.All() }
