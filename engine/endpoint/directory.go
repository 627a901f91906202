// Package endpoint decides who a request is from, and whether it may pass.
//
//	request ─► Directory.Allowed(nil) ─► Directory.Identify (ip, username, anonymous; endpoint ACLs) ─► Gate.Authenticate ─► handler
//	             403 for type=acl           nobody, or an endpoint that its ACL refuses: nil             401, 403 or pass
//
// A Directory is made of each generation of the configuration and does not change; the Gate lives across them.
package endpoint

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"asterism/engine/config"
	"asterism/engine/sip"
)

// anonymous is the name of the endpoint for callers nobody knows.
const anonymous = "anonymous"

// Directory knows the endpoints of one generation. Its methods are safe from any goroutine.
type Directory struct {
	cfg        *config.PJSIP
	order      []string
	identifies []*config.Identify // in name order
	hosts      atomic.Pointer[hosts]
}

// New makes the directory of cfg, which must not change any more. Host names of identify objects match nothing until
// Resolve has run.
func New(cfg *config.PJSIP) *Directory {
	d := &Directory{cfg: cfg, identifies: slices.Clone(cfg.Identifies)}
	slices.SortStableFunc(d.identifies, func(a, b *config.Identify) int { return cmp.Compare(a.Name, b.Name) })
	d.order = slices.Clone(cfg.Global.EndpointIdentifierOrder)
	// Asterisk appends what the option does not name. Deviates: "anonymous" comes last then, not first, because it
	// would hide the others.
	for _, way := range []string{"ip", "username", "header", "request_uri", "auth_username", anonymous} {
		if !slices.Contains(d.order, way) {
			d.order = append(d.order, way)
		}
	}
	return d
}

// Identify finds the endpoint req comes from, by endpoint_identifier_order; of several identify objects that match, the
// first by name counts. An endpoint whose ACLs refuse the source or its Contact is treated as if there were none, as
// Asterisk does, so that the answer does not say that it exists.
func (d *Directory) Identify(source netip.AddrPort, req *sip.Request) (*config.Endpoint, bool) {
	e := d.find(source, req)
	if e == nil || !d.Allowed(e, source.Addr()) || !allowedContacts(e, req) {
		return nil, false
	}
	return e, true
}

func (d *Directory) find(source netip.AddrPort, req *sip.Request) *config.Endpoint {
	for _, way := range d.order {
		var e *config.Endpoint
		switch way {
		case "ip":
			e = d.identified(func(i *config.Identify) bool { return d.matchesSource(i, source) })
		case "header":
			e = d.identified(func(i *config.Identify) bool { return matchesHeader(i.MatchHeader, req) })
		case "request_uri":
			uri := req.Recipient.String()
			e = d.identified(func(i *config.Identify) bool { return i.MatchRequestURI != nil && i.MatchRequestURI.Matches(uri) })
		case "username":
			e = d.byUsername(req)
		case "auth_username":
			e = d.byAuthUsername(req)
		case anonymous:
			if from := req.From(); from != nil {
				e = d.named(anonymous, from.Address.Host)
			}
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// identified is the endpoint of the first identify object that matches. If that endpoint does not exist, later objects
// are not asked: a broken object must not hand its callers to another one.
func (d *Directory) identified(matches func(*config.Identify) bool) *config.Endpoint {
	for _, i := range d.identifies {
		if matches(i) {
			return d.cfg.Endpoints[i.Endpoint]
		}
	}
	return nil
}

// matchesHeader compares each header field of that name alone.
func matchesHeader(m *config.HeaderMatch, req *sip.Request) bool {
	if m == nil || m.Header == "" {
		return false
	}
	return slices.ContainsFunc(sip.HeaderValues(req, m.Header), func(v string) bool { return m.Matches(strings.TrimSpace(v)) })
}

func (d *Directory) byUsername(req *sip.Request) *config.Endpoint {
	from := req.From()
	if from == nil || !sip.IsSIP(&from.Address) {
		return nil
	}
	user := d.withoutOptions(sip.UserPart(&from.Address))
	return identifiedBy("username", d.named(user, from.Address.Host))
}

func (d *Directory) byAuthUsername(req *sip.Request) *config.Endpoint {
	user := sip.Username(req)
	if user == "" {
		return nil
	}
	return identifiedBy("auth_username", d.named(user, ""))
}

// withoutOptions cuts "100;phone-context=x" if the configuration says so.
func (d *Directory) withoutOptions(user string) string {
	if d.cfg.Global.IgnoreURIUserOptions {
		user, _, _ = strings.Cut(user, ";")
	}
	return user
}

// named finds user@domain, user@(the domain that domain is an alias of), then user.
func (d *Directory) named(user, domain string) *config.Endpoint {
	if user == "" {
		return nil
	}
	if !d.cfg.Global.DisableMultiDomain && domain != "" {
		if e := d.cfg.Endpoints[user+"@"+domain]; e != nil {
			return e
		}
		if meant, ok := d.cfg.DomainAliases[domain]; ok {
			if e := d.cfg.Endpoints[user+"@"+meant]; e != nil {
				return e
			}
		}
	}
	return d.cfg.Endpoints[user]
}

// identifiedBy is e if its identify_by lets it be found in that way.
func identifiedBy(way string, e *config.Endpoint) *config.Endpoint {
	if e == nil || !slices.Contains(e.IdentifyBy, way) {
		return nil
	}
	return e
}

// Allowed says whether the ACLs let source in: the type=acl objects, which hold for everybody, and those of e unless it
// is nil. Ask with nil first of all, and answer 403 if it says no.
func (d *Directory) Allowed(e *config.Endpoint, source netip.Addr) bool {
	for _, acl := range d.cfg.ACLs {
		if !acl.ACL.Allows(source) {
			return false
		}
	}
	return e == nil || e.ACL.Allows(source)
}

// allowedContacts applies contact_acl to the addresses in Contact.
//
// Deviates: a Contact with a host name does not pass a contact_acl, because nothing may wait for DNS here; Asterisk looks
// it up.
func allowedContacts(e *config.Endpoint, req *sip.Request) bool {
	if len(e.ContactACL.Lists) == 0 {
		return true
	}
	list, err := sip.ParseAddressList(req, "Contact")
	if err != nil {
		return false
	}
	for _, c := range list {
		if c.URI.Wildcard || !sip.IsSIP(&c.URI) {
			continue
		}
		addr, ok := sip.HostAddr(&c.URI)
		if !ok || !e.ContactACL.Allows(addr) {
			return false
		}
	}
	return true
}
