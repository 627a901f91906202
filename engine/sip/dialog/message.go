package dialog

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/engine/sip"
)

// ourside is our half of a dialog's identity. It never changes.
type ourside struct {
	callID, tag string
	uri, remote string // as they stand in From/To, with display names, without tags
	contact     string // our Contact, address part
	rewrite     bool   // trust the source address more than the Contact (rewrite_contact)
}

// peer is the other half: one remote tag with what it told of itself. Forks of one INVITE are peers that share ourside.
type peer struct {
	tag    string
	target sip.URI  // remote target
	routes []string // route set
	next   sip.Hop  // where requests go
	moved  bool     // target or route set changed since next was found
	seq    uint32   // CSeq of its last request
	seqSet bool
	rseq   uint32 // RSeq of its last reliable provisional response; 0: none
}

// learn takes route set (reversed: we are the UAC) and remote target from a response that makes a dialog (§12.1.2).
func (p *peer) learn(res *sip.Response) {
	p.routes = sip.HeaderValues(res, "Record-Route")
	slices.Reverse(p.routes)
	p.refresh(res.Contact())
	p.moved = true
}

// refresh replaces the remote target (§12.2.1.2, §12.2.2).
func (p *peer) refresh(c *sip.ContactHeader) {
	if c == nil || c.Address.Wildcard {
		return
	}
	p.target, p.moved = requestURI(c.Address), true
}

// requestURI leaves away what a Contact may say and a Request-URI may not (§19.1.1).
func requestURI(u sip.URI) sip.URI {
	u = *u.Clone()
	u.Headers = nil
	sip.RemoveURIParam(&u, "method")
	return u
}

// seen notes where the peer sends from, if that is where it is to be found: behind NAT, or on the connection it has now.
func (p *peer) seen(us *ourside, t *sip.Transport, source netip.AddrPort) {
	if source.IsValid() && (us.rewrite || t.Protocol() != "udp" && p.next.Transport == t) {
		p.next.Transport, p.next.Addr = t, source
	}
}

// request builds a request to p (§12.2.1.1).
func (us *ourside) request(p *peer, method sip.Method, seq uint32, body []byte) *sip.Request {
	uri, routes := p.target, p.routes
	if len(routes) > 0 {
		if first, err := sip.ParseAddressURI(routes[0]); err == nil && !loose(&first) { // a strict router wants to be the target
			uri = requestURI(first)
			routes = append(slices.Clone(routes[1:]), "<"+p.target.String()+">")
		}
	}
	req := sip.NewRequest(method, uri)
	for _, r := range routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	req.AppendHeader(sip.NewHeader("From", tagged(us.uri, us.tag)))
	req.AppendHeader(sip.NewHeader("To", tagged(us.remote, p.tag)))
	req.AppendHeader(sip.NewHeader("Call-ID", us.callID))
	req.AppendHeader(sip.NewHeader("CSeq", strconv.FormatUint(uint64(seq), 10)+" "+string(method)))
	switch {
	case method == sip.INVITE || method == sip.ACK && len(body) > 0:
		us.decorate(req, body)
	case method == sip.UPDATE: // a target refresh; the caller names the type of its body
		us.decorate(req, nil)
	case method == sip.NOTIFY: // a target refresh (RFC 6665 §8.2.2)
		req.AppendHeader(sip.NewHeader("Contact", us.contact))
	case method == sip.REFER: // it makes a subscription (RFC 3515 §2.2); the new party may know whom it owes the call to (RFC 3892)
		req.AppendHeader(sip.NewHeader("Contact", us.contact))
		req.AppendHeader(sip.NewHeader("Referred-By", us.uri))
	}
	if len(body) > 0 {
		req.SetBody(body)
	}
	return req
}

func loose(u *sip.URI) bool {
	_, ok := sip.URIParam(u, "lr")
	return ok
}

// decorate adds what INVITE, UPDATE and their answers carry, and the type of their body.
func (us *ourside) decorate(m sip.Message, body []byte, headers ...sip.Header) {
	m.AppendHeader(sip.NewHeader("Contact", us.contact))
	m.AppendHeader(sip.NewHeader("Allow", sip.Allow))
	for _, h := range headers {
		m.AppendHeader(h)
	}
	if len(body) > 0 {
		m.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
}

func tagged(address, tag string) string {
	if tag == "" {
		return address
	}
	return address + ";tag=" + tag
}

// request builds a request within the dialog with the next CSeq.
func (d *Dialog) request(method sip.Method, body []byte) *sip.Request {
	d.localSeq++
	return d.us.request(d.peer, method, d.localSeq, body)
}

// carry copies the credentials of one request to the next: the ACK needs the INVITE's (§22.1), and one that is challenged a second time
// keeps what satisfied the first proxy (§22.3).
func carry(from, to *sip.Request) {
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		for _, v := range sip.HeaderValues(from, name) {
			to.AppendHeader(sip.NewHeader(name, v))
		}
	}
}

// resolveTimeout bounds a look-up of the peer's host name: the dialog answers nobody meanwhile.
const resolveTimeout = 3 * time.Second

// hop is where a request to p goes now: the first route, else the remote target (§12.2.1.1, §8.1.2). It is looked up when first needed, so
// that a call the peer hangs up never waits for DNS.
//
// Deviates: with rewrite_contact, and while the peer's connection is open, it stays where the peer's messages come from, because a phone
// behind NAT cannot be reached at the address it names.
func (d *Dialog) hop(p *peer) sip.Hop { return d.layer.hop(d.ctx, &d.us, p) }

func transportOf(u *sip.URI) string {
	v, _ := sip.URIParam(u, "transport")
	return strings.ToLower(v)
}

func (l *Layer) hop(ctx context.Context, us *ourside, p *peer) sip.Hop {
	hop, found, err := locate(ctx, l.stack, us, p)
	if err != nil {
		l.log.Debug().Err(err).Str("sip_call_id", us.callID).Msg("remote target does not resolve, keeping the hop")
	}
	if found {
		p.next, p.moved = hop, false
	}
	return hop
}

// locate finds where a request to p goes; found says that it was looked up, and err why the hop is the last one although it should have been.
func locate(ctx context.Context, stack Stack, us *ourside, p *peer) (hop sip.Hop, found bool, err error) {
	stream := p.next.Transport != nil && p.next.Transport.Protocol() != "udp"
	uri := p.target
	switch {
	case !p.moved:
		return p.next, false, nil
	case len(p.routes) > 0:
		if uri, err = sip.ParseAddressURI(p.routes[0]); err != nil {
			return p.next, false, err
		}
	case us.rewrite && !stream && p.next.Transport != nil || stream && p.next.Transport.Connected(p.next.Addr):
		return p.next, false, nil
	}
	t := p.next.Transport
	if named := transportOf(&uri); t != nil && named != "" && named != t.Protocol() {
		t = nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	if hop, err = stack.Resolve(ctx, &uri, t); err != nil {
		return p.next, false, err
	}
	return hop, true, nil
}
