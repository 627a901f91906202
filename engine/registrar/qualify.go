package registrar

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// maxAsking bounds the OPTIONS under way; more wait in line.
const maxAsking = 64

// askLocked starts what waits, as far as maxAsking allows. Each goroutine ends with its transaction or ctx.
func (r *Registrar) askLocked(ctx context.Context, asked *sync.WaitGroup) {
	for r.asking < maxAsking && len(r.waiting) > 0 {
		b := r.waiting[0]
		r.waiting = r.waiting[1:]
		if b.gone || ctx.Err() != nil {
			continue
		}
		r.asking++
		asked.Go(func() {
			r.qualify(ctx, b)
			r.mu.Lock()
			r.asking--
			r.mu.Unlock()
			r.poke() // the next in line
		})
	}
}

// probe is one OPTIONS, as the configuration was when it became due.
type probe struct {
	contact  Contact
	uri      *sip.URI
	conf     *config.AOR
	endpoint *config.Endpoint // nil if there is none
	global   config.Global
	auths    []*config.Auth
}

// qualify sends OPTIONS to one contact, takes over what it says, and schedules the next.
func (r *Registrar) qualify(ctx context.Context, b *binding) {
	p := r.probe(b)
	ask, cancel := ctx, context.CancelFunc(func() {})
	if p.conf.QualifyTimeout > 0 {
		ask, cancel = context.WithTimeout(ctx, p.conf.QualifyTimeout)
	}
	defer cancel()
	start := r.cfg.Clock.Now()
	status := Unreachable
	res, err := r.options(ask, p)
	if err == nil && (!p.conf.Qualify2xxOnly || res.StatusCode >= 200 && res.StatusCode < 300) {
		status = Reachable
	}
	if ctx.Err() != nil {
		return // we are stopping; that says nothing about the phone
	}
	now := r.cfg.Clock.Now()

	r.mu.Lock()
	b.busy = false
	if b.gone || b.aor.conf.QualifyFrequency == 0 {
		r.mu.Unlock()
		return
	}
	was := b.Status
	b.Status, b.RTT = status, 0
	if status == Reachable {
		b.RTT = now.Sub(start)
	}
	// A little earlier each time, so that phones which registered together drift apart.
	f := b.aor.conf.QualifyFrequency
	b.frequency = f
	b.qualify = start.Add(f - rand.N(f/10+1))
	if b.qualify.Before(now) {
		b.qualify = now.Add(f / 10)
	}
	r.fixLocked(b)
	facts := b.event()
	r.mu.Unlock()

	if was != status {
		log := r.cfg.Log.Info()
		if err != nil {
			log = log.AnErr("cause", err)
		}
		log.Str("aor", facts.AOR).Str("contact", facts.URI).Dur("rtt", facts.RTT).Msg("registrar: contact is now " + status.String())
		r.cfg.Events.Publish(event.ContactStatusChanged{At: now, Contact: facts, Was: was.String()})
	}
}

func (r *Registrar) probe(b *binding) *probe {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &probe{contact: b.Contact, uri: b.uri, conf: b.aor.conf, endpoint: r.pjsip.Endpoints[b.Endpoint], global: r.pjsip.Global}
	if p.endpoint != nil {
		for _, name := range p.endpoint.OutboundAuth {
			if a := r.pjsip.Auths[name]; a != nil {
				p.auths = append(p.auths, a)
			}
		}
	}
	return p
}

// options asks once, and once more with credentials if that is configured and allowed.
func (r *Registrar) options(ctx context.Context, p *probe) (*sip.Response, error) {
	hop, route, err := r.route(ctx, p)
	if err != nil {
		return nil, err
	}
	req := p.request(hop, route)
	res, err := r.ask(ctx, hop, req.Clone())
	if err != nil || res.StatusCode != sip.StatusUnauthorized && res.StatusCode != sip.StatusProxyAuthRequired {
		return res, err
	}
	credentials := p.credentials()
	if len(credentials) == 0 {
		return res, nil
	}
	if cseq := req.CSeq(); cseq != nil {
		cseq.SeqNo++
	}
	if err := sip.Authorize(req, res, credentials); err != nil {
		return res, nil // a realm that is none of ours: the challenge is the answer
	}
	return r.ask(ctx, hop, req)
}

// credentials are those a challenge may be answered with: the endpoint's outbound_auth, if authenticate_qualify is set,
// and only towards an address the administrator wrote down. A registered phone's challenge is never answered, or anyone
// with a phone's password could collect a trunk's (CVE-2021-41158).
func (p *probe) credentials() []sip.Credentials {
	if !p.conf.AuthenticateQualify || !p.contact.Static {
		return nil
	}
	var list []sip.Credentials
	for _, a := range p.auths {
		realm := a.Realm
		if realm == "" {
			realm = "*" // left open by the administrator
		}
		list = append(list, sip.Credentials{Username: a.Username, Realm: realm, Password: a.Password,
			HA1MD5: a.PasswordDigest["MD5"], HA1SHA256: a.PasswordDigest["SHA-256"]})
	}
	return list
}

// route says where the OPTIONS goes: through outbound_proxy and Path, or to the URI; to a phone on a connection of its
// own, by that.
func (r *Registrar) route(ctx context.Context, p *probe) (sip.Hop, []string, error) {
	route := slices.Clone(p.contact.Path)
	if p.conf.OutboundProxy != "" {
		route = append([]string{"<" + strings.Trim(p.conf.OutboundProxy, "<>") + ">"}, route...)
	}
	target := p.uri
	if len(route) > 0 {
		first, err := sip.ParseAddressURI(route[0])
		if err != nil {
			return sip.Hop{}, nil, err
		}
		target = &first
	}
	if r.cfg.Stack == nil {
		return sip.Hop{}, route, nil
	}
	hop, err := r.cfg.Stack.Resolve(ctx, target, r.transport(p))
	if err != nil {
		return sip.Hop{}, nil, err
	}
	received := p.contact.Received
	if len(route) == 0 && received.IsValid() && hop.Transport != nil && hop.Transport.Connected(received) {
		hop.Addr = received
	}
	return hop, route, nil
}

// transport is the listener to ask by: the endpoint's, else the one the phone registered at.
func (r *Registrar) transport(p *probe) *sip.Transport {
	name := p.contact.Listener
	if p.endpoint != nil && p.endpoint.Transport != "" {
		name = p.endpoint.Transport
	}
	if name == "" {
		return nil
	}
	for _, t := range r.cfg.Stack.Transports() {
		if t.Name() == name {
			return t
		}
	}
	return nil
}

// request is the OPTIONS (RFC 3261 §11.1).
func (p *probe) request(hop sip.Hop, route []string) *sip.Request {
	uri := p.uri.Clone()
	uri.Headers = nil
	req := sip.NewRequest(sip.OPTIONS, *uri)
	user, host := p.global.DefaultFromUser, "localhost"
	contact := ""
	if hop.Transport != nil {
		local := hop.Transport.Advertised(hop.Addr.Addr())
		host = sip.NewAddrURI("", local).Host
		contact = "<" + hop.Transport.Contact(user, hop.Addr.Addr()).String() + ">"
	}
	if e := p.endpoint; e != nil {
		if e.FromUser != "" {
			user = e.FromUser
		}
		if e.FromDomain != "" {
			host = e.FromDomain
		}
	}
	for _, v := range route {
		req.AppendHeader(sip.NewHeader("Route", v))
	}
	req.AppendHeader(sip.NewHeader("From", fmt.Sprintf("<%s>;tag=%s", sip.NewURI(user, host, 0), sip.NewTag())))
	req.AppendHeader(sip.NewHeader("To", "<"+uri.String()+">"))
	req.AppendHeader(sip.NewHeader("Call-ID", sip.NewCallID()))
	req.AppendHeader(sip.NewHeader("CSeq", fmt.Sprintf("%d OPTIONS", sip.NewCSeq())))
	if contact != "" {
		req.AppendHeader(sip.NewHeader("Contact", contact))
	}
	return req
}

// request sends one request and waits for its final response.
func (r *Registrar) request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error) {
	tx, err := r.cfg.Stack.Request(ctx, hop, req)
	if err != nil {
		return nil, err
	}
	defer tx.Terminate()
	for {
		res, err := tx.Next(ctx)
		if err != nil || res.StatusCode >= 200 {
			return res, err
		}
	}
}
