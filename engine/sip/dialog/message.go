package dialog

import (
	"strconv"

	"asterism/engine/sip"
)

// request builds a request within the dialog (§12.2.1.1) with the current CSeq.
func (d *Dialog) request(method sip.Method, body []byte) *sip.Request {
	return d.requestSeq(method, d.localSeq, body)
}

func (d *Dialog) requestSeq(method sip.Method, seq uint32, body []byte) *sip.Request {
	req := sip.NewRequest(method, d.target)
	for _, r := range d.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	req.AppendHeader(sip.NewHeader("From", tagged(d.localURI, d.localTag)))
	req.AppendHeader(sip.NewHeader("To", tagged(d.remoteURI, d.remoteTag)))
	req.AppendHeader(sip.NewHeader("Call-ID", d.callID))
	req.AppendHeader(sip.NewHeader("CSeq", strconv.FormatUint(uint64(seq), 10)+" "+string(method)))
	if method == sip.INVITE || method == sip.UPDATE || len(body) > 0 && method == sip.ACK {
		d.decorate(req, body)
	}
	if d.state == calling && method == sip.INVITE {
		for _, h := range d.extra {
			req.AppendHeader(h)
		}
	}
	if len(body) > 0 {
		req.SetBody(body)
	}
	return req
}

// decorate adds what every message of ours within a dialog carries, and the type of its body.
func (d *Dialog) decorate(m sip.Message, body []byte, headers ...sip.Header) {
	m.AppendHeader(sip.NewHeader("Contact", d.contact))
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

// nextHop is where a request within the dialog goes now.
func (d *Dialog) nextHop() sip.Hop { return d.hop }

// rehop finds the next hop after the route set or the target changed: the first route, else the remote target (§12.2.1.1, §8.1.2).
//
// Deviates: with rewrite_contact, and on connections, it stays where the peer's messages come from, because a phone behind NAT cannot
// be reached at the address it names.
func (d *Dialog) rehop() {
	uri := d.target
	if len(d.routes) > 0 {
		route, err := sip.ParseAddressURI(d.routes[0])
		if err != nil {
			d.log.Debug().Err(err).Msg("route set unusable, keeping the hop")
			return
		}
		uri = route
	} else if d.rewrite || d.hop.Transport.Protocol() != "udp" {
		return
	}
	hop, err := d.layer.stack.Resolve(d.ctx, &uri, d.hop.Transport)
	if err != nil {
		d.log.Debug().Err(err).Str("uri", uri.String()).Msg("remote target does not resolve, keeping the hop")
		return
	}
	d.hop = hop
}
