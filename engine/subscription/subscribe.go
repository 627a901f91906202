package subscription

import (
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// Subscribe answers a SUBSCRIBE without a To tag from an endpoint that has proved who it is (RFC 6665 §4.2.1).
func (n *Notifier) Subscribe(tx *sip.ServerTx, e *config.Endpoint) {
	conf := n.cfg.PJSIP()
	s, expires, refusal := n.asked(tx.Request, e, conf)
	if refusal != nil {
		_ = tx.Respond(refusal) // an error is the transport's; the phone repeats its request
		return
	}
	s.dialog = dialog.NewPlain(dialog.Origin{Request: tx.Request, Tag: tx.LocalTag(), Hop: sip.Hop{Transport: tx.Transport, Addr: tx.Source},
		Contact: "<" + tx.Transport.Contact(s.exten, tx.Source.Addr()).String() + ">", Rewrite: e.RewriteContact})
	s.firstSeq = s.dialog.Seq() + 1
	s.reserved = s.dialog.Seq() + reserve
	s.expires = time.Now().Add(expires)

	n.mu.Lock()
	full := len(n.subscriptions) >= maxAll || n.endpoints[e.Name] >= maxOfEndpoint
	if !full {
		n.addLocked(s)
	}
	n.mu.Unlock()
	if full {
		n.cfg.Log.Warn().Str("endpoint", e.Name).Msg("subscription: too many: one more is refused")
		respond(tx, sip.StatusServiceUnavailable, sip.NewHeader("Retry-After", "60"))
		return
	}
	if expires > 0 {
		n.keep(s)
	}
	n.accept(tx, s, expires)
}

// asked reads what a SUBSCRIBE wants: a subscription without a dialog yet, or the response that refuses it.
func (n *Notifier) asked(req *sip.Request, e *config.Endpoint, conf *config.PJSIP) (*subscription, time.Duration, *sip.Response) {
	refuse := func(status int, headers ...sip.Header) (*subscription, time.Duration, *sip.Response) {
		res := sip.NewResponse(req, status, "", nil)
		for _, h := range headers {
			res.AppendHeader(h)
		}
		return nil, 0, res
	}
	if req.Contact() == nil {
		return nil, 0, sip.NewResponse(req, sip.StatusBadRequest, "Missing Contact header", nil)
	}
	if tags := sip.Tokens(req, "Require"); len(tags) > 0 {
		return refuse(sip.StatusBadExtension, sip.NewHeader("Unsupported", strings.Join(tags, ", ")))
	}
	if !e.AllowSubscribe {
		return refuse(sip.StatusDecline)
	}
	name, id, ok := parseEvent(sip.HeaderValue(req, "Event"))
	k := kindOf(name)
	if !ok || k == nil {
		return refuse(sip.StatusBadEvent, sip.NewHeader("Allow-Events", AllowEvents))
	}
	expires := expiry(req)
	if tooBrief(expires, e) {
		return refuse(sip.StatusIntervalTooBrief, minExpires(e))
	}
	b, ok := k.accepted(req)
	if !ok {
		return refuse(sip.StatusBadEvent, sip.NewHeader("Accept", k.bodies[0].media)) // Asterisk's answer: no such event in such a body
	}
	s := &subscription{kind: k, event: k.event, media: b.media, exten: sip.UserPart(&req.Recipient), endpoint: e.Name,
		userAgent: clean(sip.HeaderValue(req, "User-Agent")), force: true,
		turn: make(chan struct{}, 1)}
	if id != "" {
		s.event += ";id=" + id
	}
	if k.event != "message-summary" {
		if s.context = e.SubscribeContext; s.context == "" {
			s.context = e.Context
		}
	}
	if len(s.exten) > maxExten || clean(s.exten) != s.exten {
		return refuse(sip.StatusNotFound)
	}
	found, status := k.find(n, conf, e, s.context, s.exten)
	if status != 0 {
		n.cfg.Log.Info().Str("endpoint", e.Name).Str("event", k.event).Str("exten", s.exten).Str("context", s.context).Int("status", status).
			Msg("subscription refused")
		return refuse(status)
	}
	s.topic = found
	return s, expires, nil
}

// accept answers 200 and has the state told (RFC 6665 §4.2.1.4: at once).
func (n *Notifier) accept(tx *sip.ServerTx, s *subscription, expires time.Duration) {
	n.mu.Lock()
	contact := s.dialog.Contact()
	n.mu.Unlock()
	respond(tx, sip.StatusOK, sip.NewHeader("Expires", seconds(expires)), sip.NewHeader("Contact", contact))
	n.mu.Lock()
	defer n.mu.Unlock()
	s.force = true
	if expires == 0 { // somebody wants to know it once, or no more
		n.endLocked(s, "timeout")
		return
	}
	n.pushLocked(&s.task)
}

// Deliver answers a request with a To tag if it belongs to a subscription; false if it does not. passes says whether the request proves to be
// the endpoint's; if not, it has answered.
func (n *Notifier) Deliver(tx *sip.ServerTx, passes func(e *config.Endpoint) bool) bool {
	req := tx.Request
	n.mu.Lock()
	s := n.subscriptions[dialog.KeyOf(req)]
	n.mu.Unlock()
	if s == nil {
		return false
	}
	e := n.cfg.PJSIP().Endpoints[s.endpoint]
	switch {
	case e == nil: // the reload has ended it
		return false
	case !passes(e):
	case req.Method != sip.SUBSCRIBE:
		respond(tx, sip.StatusMethodNotAllowed, sip.NewHeader("Allow", sip.Allow))
	default:
		n.refresh(tx, s, e)
	}
	return true
}

// refresh takes a SUBSCRIBE within a subscription (RFC 6665 §4.2.1.3).
func (n *Notifier) refresh(tx *sip.ServerTx, s *subscription, e *config.Endpoint) {
	req := tx.Request
	name, id, ok := parseEvent(sip.HeaderValue(req, "Event"))
	if id != "" {
		name += ";id=" + id
	}
	expires := expiry(req)
	n.mu.Lock()
	status := sip.StatusCallDoesNotExist
	if !s.gone && s.ending == "" {
		status = s.dialog.Take(req, sip.Hop{Transport: tx.Transport, Addr: tx.Source})
	}
	switch {
	case status != 0:
	case !ok || name != s.event:
		status = sip.StatusCallDoesNotExist
	case tooBrief(expires, e):
		status = sip.StatusIntervalTooBrief
	case expires > 0:
		s.expires, s.notBefore = time.Now().Add(expires), time.Time{}
		n.fixLocked(s)
	}
	n.mu.Unlock()
	switch status {
	case 0:
		n.keep(s)
		n.accept(tx, s, expires)
	case sip.StatusIntervalTooBrief:
		respond(tx, status, minExpires(e))
	case sip.StatusServerError: // a CSeq that was used before
		respond(tx, status, sip.NewHeader("Retry-After", "1"))
	default:
		respond(tx, status)
	}
}

const (
	maxExten  = 80 // Asterisk's AST_MAX_EXTENSION
	maxToken  = 128
	reserve   = 64 // CSeq numbers a time
	maxClient = 255
)

// parseEvent reads an Event header field's value: the package, in lower case, and the id, which tells two subscriptions of one dialog apart
// (RFC 6665 §8.2.1). False if it is none.
func parseEvent(value string) (name, id string, ok bool) {
	name, params, _ := strings.Cut(value, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if !sip.IsToken(name) || len(name) > maxToken {
		return "", "", false
	}
	for p := range strings.SplitSeq(params, ";") {
		key, v, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "id") {
			continue
		}
		if id = strings.TrimSpace(v); !sip.IsToken(id) || len(id) > maxToken {
			return "", "", false
		}
	}
	return name, id, true
}

// expiry is how long a SUBSCRIBE asks for; without a number that can be read it is an hour, and never more than a day.
func expiry(req *sip.Request) time.Duration {
	text := strings.TrimSpace(sip.HeaderValue(req, "Expires"))
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return standardExpiry
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n > uint64(maxExpiry/time.Second) {
		return maxExpiry
	}
	return time.Duration(n) * time.Second
}

func tooBrief(expires time.Duration, e *config.Endpoint) bool {
	return expires > 0 && expires < e.SubMinExpiry
}

func minExpires(e *config.Endpoint) sip.Header {
	return sip.NewHeader("Min-Expires", seconds(e.SubMinExpiry))
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func respond(tx *sip.ServerTx, status int, headers ...sip.Header) {
	res := sip.NewResponse(tx.Request, status, "", nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res) // an error is the transport's; the phone repeats its request
}

// clean is foreign text made fit to be shown and stored.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '�' {
			return -1
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(len(s), maxClient)], "")
}
