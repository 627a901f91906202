package pjsip

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"asterism/codecs"
	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/registrar"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// destination is a Dial resource taken apart.
type destination struct {
	endpoint *config.Endpoint
	user     string // user@endpoint: replaces the user part of the contact
	uri      string // endpoint/sip:…: this URI instead of a contact
	aor      string // endpoint/aor: only this AOR
}

// parseResource reads chan_pjsip's forms: endpoint, user@endpoint, endpoint/aor, endpoint/sip:uri, sip:uri.
func parseResource(resource string, p *config.PJSIP) (destination, error) {
	var d destination
	name, rest, _ := strings.Cut(resource, "/")
	switch {
	case strings.HasPrefix(resource, "sip:") || strings.HasPrefix(resource, "sips:"):
		name, d.uri = p.Global.DefaultOutboundEndpoint, resource
	case strings.HasPrefix(rest, "sip:") || strings.HasPrefix(rest, "sips:"):
		d.uri = rest
	default:
		d.aor = rest
		if user, ep, ok := strings.Cut(name, "@"); ok {
			d.user, name = user, ep
		}
	}
	e, ok := p.Endpoints[name]
	if !ok {
		return d, &channel.UnavailableError{Cause: channel.SubscriberAbsent, Reason: fmt.Sprintf("pjsip: no endpoint %q", name)}
	}
	d.endpoint = e
	return d, nil
}

// Request makes one channel for each contact of the endpoint's AORs.
//
// Deviates: Asterisk's PJSIP/name rings the first contact only, and PJSIP_DIAL_CONTACTS() all; here all ring, because a user with two
// phones expects both to ring.
func (t *Tech) Request(ctx context.Context, resource string, d *channel.DialLeg) ([]*channel.Channel, error) {
	gen := t.Current()
	dest, err := parseResource(resource, gen.PJSIP)
	if err != nil {
		return nil, err
	}
	var out []*channel.Channel
	var failed error
	for _, c := range t.contacts(dest) {
		call, err := t.route(ctx, dest, c)
		if err != nil {
			failed = err
			continue
		}
		out = append(out, t.outgoing(call, dest.endpoint, gen, d))
	}
	if len(out) == 0 {
		reason := fmt.Sprintf("pjsip: %s has no reachable contact", resource)
		if failed != nil {
			reason += ": " + failed.Error()
		}
		return nil, &channel.UnavailableError{Cause: channel.SubscriberAbsent, Reason: reason}
	}
	return out, nil
}

// contacts are where a destination can be reached now.
func (t *Tech) contacts(d destination) []registrar.Contact {
	if d.uri != "" {
		return []registrar.Contact{{URI: d.uri, Endpoint: d.endpoint.Name}}
	}
	aors := d.endpoint.AORs
	if d.aor != "" {
		aors = []string{d.aor}
	}
	var out []registrar.Contact
	for _, aor := range aors {
		for _, c := range t.Registrar.Contacts(aor) {
			if c.Status != registrar.Unreachable {
				out = append(out, c)
			}
		}
	}
	return out
}

// target is a contact made ready to be called.
type target struct {
	uri    sip.URI
	hop    sip.Hop
	routes []string
}

// route finds listener and address for a contact.
func (t *Tech) route(ctx context.Context, d destination, c registrar.Contact) (target, error) {
	uri, err := sip.ParseURI(c.URI)
	if err != nil {
		return target{}, err
	}
	if d.user != "" {
		uri.User = sip.EscapeUser(d.user)
	}
	call := target{uri: *uri, routes: c.Path}
	via := uri
	proxy := cmp.Or(d.endpoint.OutboundProxy, "")
	if proxy != "" {
		call.routes = append([]string{"<" + strings.Trim(proxy, "<>") + ">"}, call.routes...)
	}
	if len(call.routes) > 0 {
		first, err := sip.ParseAddressURI(call.routes[0])
		if err != nil {
			return target{}, err
		}
		via = &first
	}
	call.hop, err = t.Stack.Resolve(ctx, via, t.transport(d.endpoint.Transport))
	if err != nil {
		return target{}, err
	}
	if len(call.routes) == 0 && c.Received.IsValid() && (d.endpoint.RewriteContact || call.hop.Transport.Connected(c.Received)) {
		call.hop.Addr = c.Received // where the REGISTER came from: through NAT, or on the phone's own connection
	}
	return call, nil
}

// Route says where a contact of an endpoint is reached with a request of its own: Request-URI, Route header fields and the first hop. It may
// look up a name.
func (t *Tech) Route(ctx context.Context, e *config.Endpoint, c registrar.Contact) (uri sip.URI, routes []string, hop sip.Hop, err error) {
	to, err := t.route(ctx, destination{endpoint: e}, c)
	return to.uri, to.routes, to.hop, err
}

func (t *Tech) transport(name string) *sip.Transport {
	if name == "" {
		return nil
	}
	for _, tr := range t.Stack.Transports() {
		if tr.Name() == name {
			return tr
		}
	}
	return nil
}

// outgoing makes the channel of one contact; Call sends the INVITE.
func (t *Tech) outgoing(call target, e *config.Endpoint, gen *Generation, d *channel.DialLeg) *channel.Channel {
	l := &leg{tech: t, endpoint: e, outgoing: true, remote: call.hop.Addr, log: t.Log}
	vars := variables(e)
	for name, value := range d.Variables {
		vars[name] = value
	}
	l.ch = t.Core.New(channel.Config{
		Tech: t.Name(), Endpoint: e.Name, Leg: l, State: channel.Down, Parent: d.Parent, Variables: vars, AccountCode: e.AccountCode, Language: e.Language,
		CallerID: channel.CallerID{Name: e.CallerID.Name, Number: cmp.Or(e.CallerID.Number, sip.UserPart(&call.uri))}, DNID: sip.UserPart(&call.uri),
		ToneZone: e.ToneZone,
	})
	l.log = *l.ch.Log()
	l.call = func() error { return t.send(l, call, gen, d) }
	return l.ch
}

// Call sends the INVITE (channel.Caller).
func (l *leg) Call(notify func(channel.LegEvent)) {
	l.report.To(notify)
	if err := l.call(); err != nil {
		l.log.Error().Err(err).Msg("call not sent")
		l.close()
		l.ch.FarEndGone(channel.Congestion)
		l.tech.wg.Go(func() { l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.Congestion}) })
	}
}

// send opens the port and starts the dialog.
func (t *Tech) send(l *leg, call target, gen *Generation, d *channel.DialLeg) error {
	e := l.endpoint
	if d.Parent != nil {
		l.caller, _ = d.Parent.Leg().(*leg)
	}
	if l.caller != nil {
		l.said, l.shown = l.caller.describe(e)
	}
	if err := t.newPort(l, gen, call.hop.Transport, call.hop.Addr.Addr()); err != nil {
		return err
	}
	l.mu.Lock()
	l.local.Codecs = prefer(l.local.Codecs, l.caller)
	l.sent = sdp.Offer(l.local)
	l.described = l.sent
	body := l.sent.Marshal()
	l.mu.Unlock()
	from := t.from(e, gen, d.CallerID, call.hop)
	to := sip.Address{URI: *sip.NewURI(sip.UserPart(&call.uri), call.uri.Host, call.uri.Port)}
	l.mu.Lock()
	l.from, l.to, l.target, l.localAddr = address(from.URI), address(to.URI), call.uri.String(), call.hop.Transport.Advertised(call.hop.Addr.Addr()).String()
	l.secure = secure(call.hop.Transport)
	l.told = d.CallerID
	l.mu.Unlock()
	l.log.Info().Str("endpoint", e.Name).Str("uri", call.uri.String()).Str("peer", call.hop.Addr.String()).Msg("calling")
	l.dialog.Store(t.Dialogs.Invite(dialog.Call{
		Target: call.uri, Hop: call.hop, Routes: call.routes, From: from.String(), To: to.String(), Offer: body,
		Headers: slices.Concat(reliability(e), identity(e, d.CallerID, call.hop.Transport.Advertised(call.hop.Addr.Addr()).Addr(), "calling"), diversion(e, d.CallerID, &call.uri, call.hop), l.takeHeaders()),
	}, l, dialog.Options{
		Contact: t.contact(cmp.Or(e.ContactUser, e.FromUser, gen.PJSIP.Global.DefaultFromUser, "asterisk"), call.hop.Transport, call.hop.Addr),
		Rewrite: e.RewriteContact, Credentials: credentials(gen.PJSIP, e), Log: l.log,
	}))
	return nil
}

// prefer puts the codecs the caller offered first, in his order, so that as few calls as possible are transcoded
// (outgoing_call_offer_pref=remote_merge).
func prefer(ours []codecs.Codec, caller *leg) []codecs.Codec {
	if caller == nil { // originated
		return ours
	}
	rank := map[codecs.Format]int{}
	caller.mu.Lock()
	for i, f := range caller.offered {
		rank[f] = i + 1
	}
	caller.mu.Unlock()
	out := slices.Clone(ours)
	slices.SortStableFunc(out, func(a, b codecs.Codec) int {
		ra, rb := rank[a.Format], rank[b.Format]
		if ra == 0 {
			ra = len(rank) + 1
		}
		if rb == 0 {
			rb = len(rank) + 1
		}
		return cmp.Compare(ra, rb)
	})
	return out
}

// from is who the called phone sees.
func (t *Tech) from(e *config.Endpoint, gen *Generation, id channel.CallerID, hop sip.Hop) sip.Address {
	us := hop.Transport.Advertised(hop.Addr.Addr())
	host := cmp.Or(e.FromDomain, bracketed(us.Addr()))
	a := sip.Address{DisplayName: id.Name, URI: *sip.NewURI(cmp.Or(e.FromUser, id.Number, gen.PJSIP.Global.DefaultFromUser, "asterisk"), host, 0)}
	if id.Withheld() && e.FromUser == "" { // who may know finds him in P-Asserted-Identity
		a = sip.Address{DisplayName: "Anonymous", URI: *sip.NewURI("anonymous", "anonymous.invalid", 0)} // RFC 3323 §4.1
	}
	return a
}

// contact is our Contact towards a peer.
func (t *Tech) contact(user string, via *sip.Transport, peer netip.AddrPort) string {
	return "<" + via.Contact(user, peer.Addr()).String() + ">"
}

func bracketed(a netip.Addr) string {
	if a.Is6() && !a.Is4In6() {
		return "[" + a.WithZone("").String() + "]"
	}
	return a.Unmap().String()
}

// credentials are what we answer challenges with. A realm that the administrator left open means any, where only places he wrote down are
// called: whoever can register could ask for a trunk's password otherwise.
func credentials(p *config.PJSIP, e *config.Endpoint) []sip.Credentials {
	open := ""
	if !slices.ContainsFunc(e.AORs, func(name string) bool { return p.AORs[name] != nil && p.AORs[name].MaxContacts > 0 }) {
		open = "*"
	}
	var out []sip.Credentials
	for _, name := range e.OutboundAuth {
		if a, ok := p.Auths[name]; ok {
			out = append(out, sip.Credentials{Username: a.Username, Realm: cmp.Or(a.Realm, open), Password: a.Password,
				HA1MD5: a.PasswordDigest["MD5"], HA1SHA256: a.PasswordDigest["SHA-256"]})
		}
	}
	return out
}

// localFor is our concrete address on the way to remote: the listener's own, or for a wildcard the one the routing table picks.
func localFor(t *sip.Transport, remote netip.Addr) netip.Addr {
	if a := t.LocalAddr().Addr(); a.IsValid() && !a.IsUnspecified() {
		return a
	}
	conn, err := net.Dial("udp", netip.AddrPortFrom(remote, 9).String()) // no packet is sent: connect only asks the routing table
	if err != nil {
		return t.Advertised(remote).Addr()
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}
