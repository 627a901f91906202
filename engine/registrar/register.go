package registrar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// refusal is a REGISTER that is answered with an error.
type refusal struct {
	status int
	why    string   // for the log
	header []string // name, value
}

func (f *refusal) Error() string { return fmt.Sprintf("%d: %s", f.status, f.why) }

// Register answers a REGISTER from the authenticated endpoint e (RFC 3261 §10.3, with Asterisk's answers). It returns
// when the bindings are stored and the response was handed to the transport.
func (r *Registrar) Register(tx *sip.ServerTx, e *config.Endpoint) {
	from := source{addr: tx.Source, protocol: "udp"}
	if tx.Transport != nil {
		from.protocol, from.listener = strings.ToLower(tx.Transport.Protocol()), tx.Transport.Name()
	}
	res := r.handle(tx.Request, from, e, tx.Done())
	if res == nil {
		return
	}
	if err := tx.Respond(res); err != nil {
		r.cfg.Log.Debug().Err(err).Stringer("peer", tx.Source).Msg("registrar: the answer could not be sent")
	}
}

// handle is Register without the wire. It returns nil if the transaction ended before its turn came.
func (r *Registrar) handle(req *sip.Request, from source, e *config.Endpoint, gone <-chan struct{}) *sip.Response {
	res, err := r.register(req, from, e, gone)
	var f *refusal
	if !errors.As(err, &f) {
		return res
	}
	log := r.cfg.Log.Warn().Stringer("peer", from.addr).Str("endpoint", e.Name).Int("status", f.status)
	if to := req.To(); to != nil {
		log = log.Str("aor", clean(sip.UserPart(&to.Address), 64))
	}
	log.Msg("registrar: REGISTER refused: " + f.why)
	res = sip.NewResponse(req, f.status, "", nil)
	for i := 0; i+1 < len(f.header); i += 2 {
		res.AppendHeader(sip.NewHeader(f.header[i], f.header[i+1]))
	}
	return res
}

func (r *Registrar) register(req *sip.Request, from source, e *config.Endpoint, gone <-chan struct{}) (*sip.Response, error) {
	if unsupported := slices.DeleteFunc(sip.Tokens(req, "Require"), func(t string) bool { return strings.EqualFold(t, "path") }); len(unsupported) > 0 {
		list := strings.Join(unsupported, ", ")
		return nil, &refusal{sip.StatusBadExtension, "Require: " + clean(list, 100), []string{"Unsupported", list}}
	}
	a, err := r.find(req, e)
	if err != nil {
		return nil, err
	}
	select { // one REGISTER of an AOR after the other
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-gone:
		return nil, nil
	}
	r.mu.Lock()
	conf := a.conf
	r.mu.Unlock()
	reg, err := r.read(req, from, e, conf)
	if err != nil {
		return nil, err
	}
	p, contacts, err := r.commit(a, conf, reg)
	switch {
	case errors.Is(err, errTooMany):
		return nil, &refusal{sip.StatusForbidden, fmt.Sprintf("more than max_contacts=%d", conf.MaxContacts), nil}
	case errors.Is(err, errOrder):
		return nil, &refusal{sip.StatusServerError, err.Error(), nil}
	case err != nil:
		return nil, err
	}
	r.save(p)
	r.tell(p, reg.now)
	return r.accept(req, conf, contacts, reg), nil
}

// find is the AOR of the To header field, which must be one of the endpoint's.
func (r *Registrar) find(req *sip.Request, e *config.Endpoint) (*aor, error) {
	if len(e.AORs) == 0 {
		return nil, &refusal{sip.StatusForbidden, "the endpoint has no aors", nil}
	}
	to := req.To()
	if to == nil || !sip.IsSIP(&to.Address) {
		return nil, &refusal{sip.StatusUnsupportedURIScheme, "To is no SIP URI", nil}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	user := sip.UserPart(&to.Address)
	if r.pjsip.Global.IgnoreURIUserOptions {
		user, _, _ = strings.Cut(user, ";")
	}
	name := r.ownLocked(e, user, to.Address.Host)
	if name == "" && slices.Contains(e.IdentifyBy, "auth_username") {
		name = r.ownLocked(e, sip.Username(req), "")
	}
	a := r.aors[name]
	if a == nil {
		return nil, &refusal{sip.StatusNotFound, "no such AOR among the endpoint's aors", nil}
	}
	if a.conf.MaxContacts == 0 {
		return nil, &refusal{sip.StatusForbidden, "the AOR has max_contacts=0", nil}
	}
	return a, nil
}

// ownLocked is which of e's AORs is meant: user@domain, user@(the domain that domain is an alias of), or user.
func (r *Registrar) ownLocked(e *config.Endpoint, user, domain string) string {
	if user == "" {
		return ""
	}
	for _, name := range []string{user + "@" + domain, user + "@" + r.pjsip.DomainAliases[domain], user} {
		if slices.Contains(e.AORs, name) {
			return name
		}
	}
	return ""
}

// read makes a registration of the request.
func (r *Registrar) read(req *sip.Request, from source, e *config.Endpoint, conf *config.AOR) (*registration, error) {
	list, star, err := offers(req, conf, e.RewriteContact, from)
	if err != nil {
		return nil, &refusal{sip.StatusBadRequest, clean(err.Error(), 200), nil}
	}
	path, err := readPath(req, conf)
	if err != nil {
		return nil, err
	}
	reg := &registration{offers: list, star: star, path: path, now: r.cfg.Clock.Now()}
	reg.from = Contact{AOR: conf.Name, Endpoint: e.Name, Received: from.addr, Transport: from.protocol, Listener: from.listener,
		UserAgent: clean(sip.HeaderValue(req, "User-Agent"), maxUserAgent), CallID: clean(sip.HeaderValue(req, "Call-ID"), maxCallID), Registered: reg.now}
	if cseq := req.CSeq(); cseq != nil {
		reg.from.CSeq = cseq.SeqNo
	}
	if vias := sip.HeaderValues(req, "Via"); len(vias) > 0 {
		reg.from.ViaHost, reg.from.ViaPort = sentBy(vias[len(vias)-1])
	}
	return reg, nil
}

// readPath is the route back through the proxies the REGISTER came by (RFC 3327). Without support_path it is ignored;
// with it, a Path that the phone did not say it understands was put in by somebody: 420 (Asterisk's answer, too).
func readPath(req *sip.Request, conf *config.AOR) ([]string, error) {
	if !conf.SupportPath || !sip.HasHeader(req, "Path") {
		return nil, nil
	}
	if !sip.HasToken(req, "Supported", "path") && !sip.HasToken(req, "Require", "path") {
		return nil, &refusal{sip.StatusBadExtension, "Path without Supported: path", nil}
	}
	list, err := sip.ParseAddressList(req, "Path")
	var path []string
	size := 0
	for _, p := range list {
		path = append(path, p.String())
		size += len(path[len(path)-1])
	}
	if err != nil || len(path) > maxPath || size > maxPathBytes {
		return nil, &refusal{sip.StatusBadRequest, "bad or too long Path", nil}
	}
	return path, nil
}

// commit makes the plan and takes it over, in one step. contacts are those of the AOR afterwards.
func (r *Registrar) commit(a *aor, conf *config.AOR, reg *registration) (*plan, []Contact, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.aors[conf.Name] != a {
		return nil, nil, &refusal{sip.StatusNotFound, "the AOR was removed", nil}
	}
	p, err := makePlan(a.bindings, conf, reg)
	if err != nil {
		return nil, nil, err
	}
	for _, rm := range p.remove {
		r.removeLocked(rm.b)
	}
	for _, f := range p.refresh {
		status, rtt := f.b.Status, f.b.RTT
		f.b.Contact = f.with
		f.b.Status, f.b.RTT = status, rtt
		r.scheduleLocked(f.b, reg.now)
	}
	for _, b := range p.add {
		r.addLocked(a, b, reg.now)
	}
	return p, a.contactsLocked(reg.now), nil
}

// tell publishes what a plan has done.
func (r *Registrar) tell(p *plan, now time.Time) {
	for _, rm := range p.remove {
		r.removed(rm.b, rm.reason, now)
	}
	for _, f := range p.refresh {
		r.cfg.Events.Publish(event.ContactRefreshed{At: now, Contact: r.eventOf(f.b)})
	}
	for _, b := range p.add {
		c := r.eventOf(b)
		r.cfg.Log.Info().Str("aor", c.AOR).Str("contact", c.URI).Stringer("peer", c.Received).Time("expires", c.Expires).Msg("registrar: contact added")
		r.cfg.Events.Publish(event.ContactAdded{At: now, Contact: c})
	}
}

// accept is the 200: all contacts of the AOR with the time they have left, and the date, by which some phones set their
// clock. A phone finds its contact as it wrote it, though we may call it elsewhere (RFC 3261 §10.2.4).
func (r *Registrar) accept(req *sip.Request, conf *config.AOR, contacts []Contact, reg *registration) *sip.Response {
	res := sip.NewResponse(req, sip.StatusOK, "", nil)
	for _, c := range contacts {
		v := "<" + c.Original + ">"
		if !c.Static {
			v += fmt.Sprintf(";expires=%d", max(1, c.Expires.Sub(reg.now)/time.Second))
		}
		res.AppendHeader(sip.NewHeader("Contact", v))
	}
	for _, p := range reg.path {
		res.AppendHeader(sip.NewHeader("Path", p))
	}
	if sip.HasHeader(req, "Expires") {
		d := expiry("", sip.HeaderValue(req, "Expires"), conf)
		res.AppendHeader(sip.NewHeader("Expires", fmt.Sprint(int64(d/time.Second))))
	}
	res.AppendHeader(sip.NewHeader("Date", reg.now.UTC().Format(http.TimeFormat)))
	return res
}

// removed tells of a binding that is gone from memory already.
func (r *Registrar) removed(b *binding, reason string, now time.Time) {
	c := r.eventOf(b)
	r.cfg.Log.Info().Str("aor", c.AOR).Str("contact", c.URI).Str("reason", reason).Msg("registrar: contact removed")
	r.cfg.Events.Publish(event.ContactRemoved{At: now, Contact: c, Reason: reason})
}

func (r *Registrar) eventOf(b *binding) event.Contact {
	r.mu.Lock()
	defer r.mu.Unlock()
	return b.event()
}

// save mirrors a plan to the store. A store that fails does not keep phones from registering: they are lost only if the
// process dies, too, and then they come again.
func (r *Registrar) save(p *plan) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	for _, rm := range p.remove {
		r.forget(ctx, rm.b)
	}
	for _, f := range p.refresh {
		r.remember(ctx, f.b)
	}
	for _, b := range p.add {
		r.remember(ctx, b)
	}
}

// sentBy is host and port of a Via value, as Asterisk keeps them.
func sentBy(via string) (host string, port int) {
	_, rest, _ := strings.Cut(strings.TrimSpace(via), " ")
	rest, _, _ = strings.Cut(rest, ";")
	u, err := sip.ParseURI("sip:" + strings.TrimSpace(rest))
	if err != nil {
		return "", 0
	}
	return u.Host, u.Port
}
