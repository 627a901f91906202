package pjsip

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/sip"
)

// channel.Transferrer: 302 before the answer (RFC 3261 §21.3.3), REFER after it, whose NOTIFYs tell how the new call fares (RFC 3515).

const (
	maxSubscriptions = 8 // REFERs without a final NOTIFY on one leg; more are not sent
)

// Transfer sends the peer to target: a SIP or tel URI, user@host, an endpoint (its first contact), or a number at our domain.
func (l *leg) Transfer(target string, done func(channel.Transferred)) {
	uri, err := l.transferURI(target)
	d := l.dialog.Load()
	if err != nil || d == nil {
		l.log.Warn().Err(err).Str("target", printable(target)).Msg("cannot transfer")
		done(channel.Transferred{})
		return
	}
	if !l.outgoing && l.ch.State() != channel.Up {
		l.log.Info().Str("contact", uri).Msg("redirecting the caller")
		l.ch.SetHangupCause(channel.RedirectedToNew)
		d.Reject(302, sip.NewHeader("Contact", "<"+uri+">"))
		done(channel.Transferred{OK: true})
		return
	}
	if !l.awaitNotify(done) {
		done(channel.Transferred{Protocol: sip.StatusServiceUnavailable})
		return
	}
	l.log.Info().Str("refer_to", uri).Msg("transferring the far end")
	d.Request(sip.REFER, "", nil, func(res *sip.Response, err error) {
		switch {
		case err != nil:
			l.log.Info().Err(err).Msg("REFER without an answer")
			l.transferred(channel.Transferred{})
		case res.StatusCode >= 300:
			l.transferred(channel.Transferred{Protocol: res.StatusCode})
		case strings.EqualFold(strings.TrimSpace(sip.HeaderValue(res, "Refer-Sub")), "false"): // RFC 4488: nobody will tell
			l.transferred(channel.Transferred{OK: true, Protocol: res.StatusCode})
		}
	}, sip.NewHeader("Refer-To", "<"+uri+">"))
}

// awaitNotify makes done the one who hears of the REFERs of this leg; false if too many are open.
func (l *leg) awaitNotify(done func(channel.Transferred)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || len(l.refers) >= maxSubscriptions {
		return false
	}
	l.referred = true
	l.refers = append(l.refers, done)
	return true
}

// transferred tells the oldest that waits, if there is one.
func (l *leg) transferred(r channel.Transferred) {
	l.mu.Lock()
	var done func(channel.Transferred)
	if len(l.refers) > 0 {
		done, l.refers = l.refers[0], l.refers[1:]
	}
	l.mu.Unlock()
	if done != nil {
		done(r)
	}
}

// notified takes a NOTIFY within the dialog: how the call that a REFER of ours asked for fares.
func (l *leg) notified(tx *sip.ServerTx) {
	req := tx.Request
	event, _, _ := strings.Cut(sip.HeaderValue(req, "Event"), ";")
	l.mu.Lock()
	referred := l.referred
	l.mu.Unlock()
	switch {
	case !strings.EqualFold(strings.TrimSpace(event), "refer"):
		refuse(tx, sip.StatusBadEvent, sip.NewHeader("Allow-Events", "refer"))
		return
	case !referred:
		refuse(tx, sip.StatusCallDoesNotExist)
		return
	}
	refuse(tx, sip.StatusOK)
	state, _, _ := strings.Cut(sip.HeaderValue(req, "Subscription-State"), ";")
	status, ok := 0, false
	if contentType(req) == "message/sipfrag" {
		status, ok = sipfragStatus(req.Body())
	}
	l.log.Info().Int("status", status).Str("subscription", printable(state)).Msg("the far end reports on the transfer")
	if ok && status >= 200 || strings.EqualFold(strings.TrimSpace(state), "terminated") {
		l.transferred(channel.Transferred{OK: status >= 200 && status < 300, Protocol: status})
	}
}

// sipfragStatus is the status of the response that a message/sipfrag (RFC 3420) begins with.
func sipfragStatus(body []byte) (int, bool) {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	words := strings.Fields(string(line))
	if len(words) < 2 || !strings.EqualFold(words[0], "SIP/2.0") || len(words[1]) != 3 {
		return 0, false
	}
	n, err := strconv.Atoi(words[1])
	return n, err == nil && n >= 100 && n < 700
}

// transferURI reads what Transfer() was given.
func (l *leg) transferURI(target string) (string, error) {
	p := l.tech.Current().PJSIP
	switch {
	case target == "":
		return "", fmt.Errorf("pjsip: no destination; want a number, an endpoint or a SIP URI")
	case hasScheme(target):
	case strings.Contains(target, "@"):
		target = "sip:" + target
	default:
		if e, ok := p.Endpoints[target]; ok {
			return l.contactOf(e)
		}
		target = "sip:" + sip.EscapeUser(target) + "@" + l.domain()
	}
	uri, err := sip.ParseURI(target)
	if err != nil {
		return "", fmt.Errorf("pjsip: %w", err)
	}
	if s := uri.String(); s == printable(s) && !strings.ContainsAny(s, "<> \"") {
		return s, nil
	}
	return "", fmt.Errorf("pjsip: %q is no URI", target)
}

func hasScheme(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips", "tel":
		return ok
	}
	return false
}

// contactOf is where an endpoint is to be found now.
func (l *leg) contactOf(e *config.Endpoint) (string, error) {
	contacts := l.tech.contacts(destination{endpoint: e})
	if len(contacts) == 0 {
		return "", fmt.Errorf("pjsip: %s has no reachable contact", e.Name)
	}
	return contacts[0].URI, nil
}

// domain is what the peer calls us, with the port if it needs one.
func (l *leg) domain() string {
	if l.invite == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.localAddr
	}
	uri := l.invite.Recipient
	if uri.Port == 0 {
		return uri.Host
	}
	return uri.Host + ":" + itoa(uri.Port)
}
