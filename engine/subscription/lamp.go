package subscription

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/registrar"
	"asterism/engine/sip"
)

// lamp is what one contact of an endpoint with mailboxes= is told of them without asking. Its fields are guarded by Notifier.mu.
type lamp struct {
	task
	endpoint, aor, contact string
	told                   map[string]state // by mailbox, or all of them
	force                  bool             // the contact has come, or come back: it is told whatever it was told before
	gone                   bool
}

func lampKey(endpoint, contact string) string { return endpoint + "\x00" + contact }

// lightAll looks at what everybody should know.
func (n *Notifier) lightAll() {
	conf := n.cfg.PJSIP()
	for _, e := range conf.Endpoints {
		if len(e.Mailboxes) > 0 {
			n.lightEndpoint(conf, e)
		}
	}
}

// lightMailbox tells those who have a mailbox.
func (n *Notifier) lightMailbox(mailbox string) {
	conf := n.cfg.PJSIP()
	for _, e := range conf.Endpoints {
		if slices.ContainsFunc(e.Mailboxes, func(m string) bool { return fullName(m) == mailbox }) {
			n.lightEndpoint(conf, e)
		}
	}
}

func (n *Notifier) lightEndpoint(conf *config.PJSIP, e *config.Endpoint) {
	for _, aor := range e.AORs {
		if conf.AORs[aor] == nil {
			continue
		}
		for _, c := range n.cfg.Contacts(aor) {
			n.light(e.Name, c.AOR, c.URI, false)
		}
	}
}

// lightContact tells a contact that has come, of every endpoint it belongs to. It runs for every REGISTER.
func (n *Notifier) lightContact(c event.Contact) {
	if conf := n.cfg.PJSIP(); conf != n.conf {
		n.conf, n.users = conf, map[string][]*config.Endpoint{}
		for _, e := range conf.Endpoints {
			for _, aor := range e.AORs {
				if len(e.Mailboxes) > 0 {
					n.users[aor] = append(n.users[aor], e)
				}
			}
		}
	}
	for _, e := range n.users[c.AOR] {
		n.light(e.Name, c.AOR, c.URI, true)
	}
}

func (n *Notifier) light(endpoint, aor, contact string, force bool) {
	key := lampKey(endpoint, contact)
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.lamps[key]
	if l == nil {
		l = &lamp{endpoint: endpoint, aor: aor, contact: contact, told: map[string]state{}}
		l.run = func(ctx context.Context) { n.shine(ctx, l) }
		l.done = func() {
			if l.gone && n.lamps[key] == l {
				delete(n.lamps, key)
			}
		}
		n.lamps[key] = l
	}
	l.force, l.gone = l.force || force, false
	n.pushLocked(&l.task)
}

// forget has a contact forgotten that is gone.
func (n *Notifier) forget(c event.Contact) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.lamps {
		if l.contact != c.URI || l.aor != c.AOR {
			continue
		}
		l.gone = true
		if !l.busy && !l.queued {
			delete(n.lamps, lampKey(l.endpoint, l.contact))
		}
	}
}

// shine tells one contact what it does not know yet.
func (n *Notifier) shine(ctx context.Context, l *lamp) {
	conf := n.cfg.PJSIP()
	e := conf.Endpoints[l.endpoint]
	contact, ok := n.reachable(e, l)
	if !ok {
		n.mu.Lock()
		l.gone = true
		n.mu.Unlock()
		return
	}
	if n.subscribes(e) {
		return
	}
	n.mu.Lock()
	force := l.force
	l.force = false
	n.mu.Unlock()
	topics := []topic{{}}
	if !e.AggregateMWI {
		topics = nil
	}
	for _, m := range e.Mailboxes {
		if e.AggregateMWI {
			topics[0].mailboxes = append(topics[0].mailboxes, fullName(m))
		} else {
			topics = append(topics, topic{mailboxes: []string{fullName(m)}})
		}
	}
	for _, t := range topics {
		now, name := n.look(t), ""
		if !e.AggregateMWI {
			name = t.mailboxes[0]
		}
		n.mu.Lock()
		before, known := l.told[name]
		l.told[name] = now
		n.mu.Unlock()
		if force || !known || before != now {
			n.send(ctx, conf, e, contact, now)
		}
	}
}

// reachable is the lamp's contact as it is now; false if it is gone, cannot be reached, or its endpoint has no mailboxes any more.
func (n *Notifier) reachable(e *config.Endpoint, l *lamp) (registrar.Contact, bool) {
	if e == nil || len(e.Mailboxes) == 0 || !slices.Contains(e.AORs, l.aor) {
		return registrar.Contact{}, false
	}
	for _, c := range n.cfg.Contacts(l.aor) {
		if c.URI == l.contact {
			return c, c.Status != registrar.Unreachable
		}
	}
	return registrar.Contact{}, false
}

// subscribes says whether an endpoint has asked for what it would be told anyway (mwi_subscribe_replaces_unsolicited).
func (n *Notifier) subscribes(e *config.Endpoint) bool {
	if !e.MWISubscribeReplaces {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.subscriptions {
		if s.endpoint == e.Name && s.kind.event == "message-summary" && s.ending == "" {
			return true
		}
	}
	return false
}

// send sends the NOTIFY that nobody asked for, as Asterisk does: outside of a dialog, its subscription over. Who does not take it is told
// the next time again.
func (n *Notifier) send(ctx context.Context, conf *config.PJSIP, e *config.Endpoint, c registrar.Contact, now state) {
	uri, routes, hop, err := n.cfg.Route(ctx, e, c)
	if err != nil || hop.Transport == nil {
		n.cfg.Log.Info().Err(err).Str("endpoint", e.Name).Str("contact", c.URI).Msg("the phone is not told of its messages: it cannot be reached")
		return
	}
	user := cmp.Or(e.MWIFromUser, e.FromUser, conf.Global.DefaultFromUser, "asterisk")
	contact := hop.Transport.Contact(user, hop.Addr.Addr())
	from := sip.NewURI(user, cmp.Or(e.FromDomain, contact.Host), 0)
	d := document{state: now}
	account := e.VoicemailExtension
	if a := conf.AORs[c.AOR]; a != nil {
		account = cmp.Or(account, a.VoicemailExtension)
	}
	d.account = accountURI(cmp.Or(account, conf.Global.DefaultVoicemailExtension), from.String())
	req := sip.NewRequest(sip.NOTIFY, uri)
	for _, r := range routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	for _, h := range [][2]string{
		{"From", "<" + from.String() + ">;tag=" + sip.NewTag()}, {"To", "<" + uri.String() + ">"}, {"Call-ID", sip.NewCallID()},
		{"CSeq", strconv.FormatUint(uint64(sip.NewCSeq()), 10) + " NOTIFY"}, {"Contact", "<" + contact.String() + ">"},
		{"Event", "message-summary"}, {"Subscription-State", "terminated"}, {"Allow-Events", AllowEvents}} {
		req.AppendHeader(sip.NewHeader(h[0], h[1]))
	}
	k := kindOf("message-summary")
	sip.SetBody(req, k.bodies[0].media, k.bodies[0].write(d))
	res, err := n.ask(ctx, hop, req)
	if err != nil || res.StatusCode >= 300 {
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		n.cfg.Log.Debug().AnErr("reason", err).Int("status", status).Str("endpoint", e.Name).Str("contact", c.URI).Msg("the phone did not want to know of its messages")
	}
}
