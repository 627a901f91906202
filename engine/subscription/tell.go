package subscription

import (
	"context"
	"strconv"
	"strings"
	"time"

	"asterism/engine/sip"
)

// tell sends the NOTIFY that is due, if one is: the state is another one than was told, or somebody asked.
func (n *Notifier) tell(ctx context.Context, s *subscription) {
	n.mu.Lock()
	looked, gone := s.topic, s.gone
	n.mu.Unlock()
	if gone {
		return
	}
	now := n.look(looked)
	early := false
	if e := n.cfg.PJSIP().Endpoints[s.endpoint]; e != nil {
		early = e.NotifyEarlyInUse
	}

	n.mu.Lock()
	if s.gone || s.ending == "" && (!s.force && now == s.told || time.Now().Before(s.notBefore)) {
		n.mu.Unlock()
		return
	}
	last := s.ending != ""
	reserved := s.dialog.Seq() < s.reserved
	if !reserved {
		s.reserved += reserve
	}
	n.mu.Unlock()
	if !reserved && !last {
		n.keep(s)
	}

	n.mu.Lock()
	s.told, s.force = now, false
	req, where := s.dialog.Request(sip.NOTIFY, sip.NewHeader("Event", s.event), sip.NewHeader("Subscription-State", s.standing()),
		sip.NewHeader("Allow-Events", AllowEvents))
	d := document{state: now, exten: s.exten, version: s.dialog.Seq() - s.firstSeq, local: uriOf(s.dialog.Local()), remote: uriOf(s.dialog.Remote()),
		earlyInUse: early}
	d.account = accountURI(looked.account, d.local)
	n.mu.Unlock()
	b, _ := s.kind.body(s.media) // it was one of the kind's when the subscription was made
	sip.SetBody(req, b.media, b.write(d))
	res, err := n.ask(ctx, where(ctx, n.cfg.Stack), req)
	n.heard(ctx, s, last, res, err)
}

// standing is the value of Subscription-State now.
func (s *subscription) standing() string {
	if s.ending != "" {
		return "terminated;reason=" + s.ending
	}
	left := max(time.Second, time.Until(s.expires).Round(time.Second))
	return "active;expires=" + seconds(left)
}

// heard takes what a NOTIFY came to (RFC 6665 §4.2.2).
func (n *Notifier) heard(ctx context.Context, s *subscription, last bool, res *sip.Response, err error) {
	if err != nil && ctx.Err() != nil {
		return // we are stopping; that says nothing about the phone
	}
	retry := time.Duration(0)
	if err == nil && res.StatusCode >= 300 {
		retry = retryAfter(res)
	}
	n.mu.Lock()
	switch {
	case last:
		n.removeLocked(s)
	case err == nil && res.StatusCode < 300:
	case retry > 0 && s.ending == "":
		s.force, s.notBefore = true, time.Now().Add(retry)
		n.fixLocked(s)
	case s.ending == "":
		n.removeLocked(s)
	}
	gone := s.gone
	n.mu.Unlock()
	if !gone {
		return
	}
	n.keep(s)
	if !last {
		e := n.cfg.Log.Info().Str("endpoint", s.endpoint).Str("event", s.event).Str("exten", s.exten)
		if res != nil {
			e = e.Int("status", res.StatusCode)
		}
		e.AnErr("reason", err).Msg("subscription ended: the phone does not take the NOTIFY")
	}
}

// retryAfter is how long the subscriber wants to be left alone; 0: he did not say.
func retryAfter(res *sip.Response) time.Duration {
	value := strings.TrimSpace(sip.HeaderValue(res, "Retry-After"))
	digits := strings.IndexFunc(value+" ", func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.ParseUint(value[:digits], 10, 32)
	if err != nil || n == 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// uriOf is the URI of an address, without what a header field has around it.
func uriOf(address string) string {
	uri, err := sip.ParseAddressURI(address)
	if err != nil {
		return address
	}
	return uri.String()
}

// accountURI is whom to call for messages: an extension at the host that is spoken to.
func accountURI(extension, local string) string {
	if extension == "" || strings.Contains(extension, "@") {
		if extension == "" || strings.HasPrefix(extension, "sip:") {
			return extension
		}
		return "sip:" + extension
	}
	uri, err := sip.ParseURI(local)
	if err != nil {
		return ""
	}
	return sip.NewURI(sip.EscapeUser(extension), uri.Host, uri.Port).String()
}

// request sends one request and waits for its final response.
func (n *Notifier) request(ctx context.Context, hop sip.Hop, req *sip.Request) (*sip.Response, error) {
	if hop.Transport == nil {
		return nil, sip.ErrTransport
	}
	tx, err := n.cfg.Stack.Request(ctx, hop, req)
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
