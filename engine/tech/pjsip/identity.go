package pjsip

import (
	"cmp"
	"errors"
	"net/netip"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// Who a phone talks to: P-Asserted-Identity (RFC 3325) and Remote-Party-ID, in requests and responses.

// identity is both headers for endpoints that want them and may know. party is "calling" or "called".
func identity(e *config.Endpoint, id channel.CallerID, us netip.Addr, party string) []sip.Header {
	if id.Number == "" || (id.Withheld() && !e.TrustIDOutbound) {
		return nil
	}
	a := sip.Address{DisplayName: id.Name, URI: *sip.NewURI(id.Number, cmp.Or(e.FromDomain, bracketed(us)), 0)}
	var out []sip.Header
	if e.SendPAI {
		out = append(out, sip.NewHeader("P-Asserted-Identity", a.String()))
	}
	if e.SendRPID {
		privacy := "off"
		if id.Withheld() {
			privacy = "full"
		}
		out = append(out, sip.NewHeader("Remote-Party-ID", a.String()+";party="+party+";privacy="+privacy+";screen=no"))
	}
	if id.Withheld() {
		out = append(out, sip.NewHeader("Privacy", "id"))
	}
	return out
}

// asserted is who a trusted peer says it is; false if it does not say so.
func asserted(m sip.Message) (id channel.CallerID, ok bool) {
	for _, name := range []string{"P-Asserted-Identity", "Remote-Party-ID"} {
		if list, err := sip.ParseAddressList(m, name); err == nil && len(list) > 0 {
			id = channel.CallerID{Name: list[0].DisplayName, Number: printable(numberOf(&list[0].URI))}
			if sip.HasToken(m, "Privacy", "id") {
				id.Presentation = "prohib"
			}
			return id, true
		}
	}
	return id, false
}

// ShowConnected (channel.ConnectedShower): with the answer of a call that came in; later by UPDATE to phones that can (RFC 3311), by re-INVITE
// to others.
func (l *leg) ShowConnected(id channel.CallerID) {
	l.mu.Lock()
	l.connected = id
	l.mu.Unlock()
	if l.ch.State() != channel.Up {
		return // its 180 and 200 tell
	}
	headers := l.showing()
	d := l.dialog.Load()
	l.mu.Lock()
	able := l.updates || l.invite != nil && sip.HasToken(l.invite, "Allow", "UPDATE")
	l.mu.Unlock()
	switch {
	case len(headers) == 0 || d == nil:
	case able:
		d.Request(sip.UPDATE, "", nil, nil, headers...)
	default:
		l.showByInvite(headers, showTries)
	}
}

const (
	showTries = 3
	showPause = 2500 * time.Millisecond // RFC 3261 §14.1 after a glare: 2.1 s and more
)

// showByInvite tells whom the party talks to by a re-INVITE that leaves the session as it is.
func (l *leg) showByInvite(headers []sip.Header, tries int) {
	again := func() {
		if tries > 1 {
			l.later(showPause, func() { l.showByInvite(headers, tries-1) })
		}
	}
	l.mu.Lock()
	if l.over || l.fax != nil || l.described == nil {
		l.mu.Unlock()
		return
	}
	if l.offering {
		l.mu.Unlock()
		again()
		return
	}
	offer := sdp.Reoffer(l.described, l.local)
	l.mu.Unlock()
	l.reinvite(offer, func(answer *sdp.Description, err error) {
		var result *sdp.Result
		if err == nil {
			result, err = sdp.Accept(offer, answer)
		}
		switch {
		case errors.Is(err, dialog.ErrPending):
			again()
			return
		case err != nil:
			l.log.Debug().Err(err).Msg("the phone is not shown whom it talks to")
			return
		}
		l.mu.Lock()
		l.described, l.sent = offer, offer
		l.body = offer.Marshal()
		l.apply(result)
		l.mu.Unlock()
		l.tellHold()
	}, headers...)
}

// Refreshed (dialog.Refresher): the peer may have become somebody else.
func (l *leg) Refreshed(req *sip.Request) { l.trustsAnswer(req) }

// showing are the headers that tell the party whom it talks to; none if it knows, or is not to know.
func (l *leg) showing() []sip.Header {
	up := l.ch.State() == channel.Up
	if up && !l.endpoint.SendConnectedLine || !l.endpoint.SendPAI && !l.endpoint.SendRPID {
		return nil
	}
	party := "called"
	if l.outgoing {
		party = "calling"
	}
	l.mu.Lock()
	id, told, addr := l.connected, l.told, l.localAddr
	l.mu.Unlock()
	if id.Number == told.Number && id.Name == told.Name && id.Withheld() == told.Withheld() && up {
		return nil
	}
	if !l.endpoint.SendConnectedLine && told.Number != "" {
		id = told // it hears who answers, and no more of him
	}
	us, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil
	}
	headers := identity(l.endpoint, id, us.Addr(), party)
	if len(headers) > 0 {
		l.mu.Lock()
		l.told = id
		l.mu.Unlock()
	}
	return headers
}

// trustsAnswer takes over who answered, or is there now, from an endpoint that may say so.
func (l *leg) trustsAnswer(m sip.Message) {
	if !l.endpoint.TrustIDInbound || !l.endpoint.TrustConnectedLine {
		return
	}
	if id, ok := asserted(m); ok {
		l.ch.FarEndIs(id)
	}
}
