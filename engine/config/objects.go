package config

import (
	"fmt"
	"slices"
	"strings"
)

// fate is what became of an object, so that whoever points at it says the right thing.
type fate struct {
	pos Pos
	bad bool // it has errors and was left out
	off bool // it is of a kind that is not supported yet
}

// objects builds PJSIP from sections. Transports and lists come first: others look at them.
type objects struct {
	*loader
	fates map[string]map[string]fate // type ► name
	refs  []reference                // where endpoints, identifies and registrations point from
}

// reference is where an object names another.
type reference struct {
	sec *Section
	end *Endpoint
	idy *Identify
	reg *Registration
}

// unsupportedTypes are object types of Asterisk that later parts bring, with all their options. "*": any option.
var unsupportedTypes = map[string][]later{
	"contact": list(`authenticate_qualify call_id endpoint expiration_time outbound_proxy path prune_on_boot qualify_2xx_only
		qualify_frequency qualify_timeout reg_server uri user_agent via_addr via_port`),
	"resource_list": list("event full_state list_item notification_batch_interval resource_display_name"),
	"subscription_persistence": list(`contact_uri cseq endpoint expires generator_data local_name local_port packet prune_on_boot
		src_name src_port tag transport_key`),
	"inbound-publication":  list("endpoint *"), // event_… names are open
	"outbound-publish":     list("event expiration from_uri max_auth_attempts multi_user outbound_auth outbound_proxy server_uri to_uri transport"),
	"asterisk-publication": list("device_state device_state_filter devicestate_publish mailbox_state mailbox_state_filter mailboxstate_publish"),
	"phoneprov":            list("*"), // its variables are the admin's own
}

// supportedTypes in the order they are built.
var supportedTypes = []string{"global", "system", "acl", "domain_alias", "transport", "auth", "aor", "endpoint", "identify", "registration"}

// pjsip reads pjsip.conf and pjsip_wizard.conf.
func (l *loader) pjsip() {
	l.snap.PJSIP = PJSIP{
		Global: newGlobal(), System: newSystem(), DomainAliases: map[string]string{},
		Endpoints: map[string]*Endpoint{}, AORs: map[string]*AOR{}, Auths: map[string]*Auth{}, Registrations: map[string]*Registration{},
	}
	l.snap.PJSIP.Global.DefaultAuthAlgorithmsUAS = l.snap.Asterisk.AuthAlgorithms
	b := &objects{loader: l, fates: map[string]map[string]fate{}}
	var sections []*Section
	if f := l.snap.files["pjsip.conf"]; f != nil {
		sections = append(sections, f.Sections...)
	}
	if f := l.snap.files["pjsip_wizard.conf"]; f != nil {
		sections = append(sections, b.wizards(f)...)
	}
	byType := map[string][]*Section{}
	for _, sec := range sections {
		if t := b.typeOf(sec); t != "" {
			byType[t] = append(byType[t], sec)
		}
	}
	for _, t := range supportedTypes {
		for _, sec := range byType[t] {
			b.build(t, sec)
		}
	}
	for _, r := range b.refs {
		if r.end != nil {
			b.checkEndpoint(r.sec, r.end)
		}
	}
	for _, r := range b.refs {
		if r.idy != nil {
			b.checkIdentify(r.sec, r.idy)
		}
		if r.reg != nil {
			b.checkRegistration(r.sec, r.reg)
		}
	}
}

// typeOf gives the type of a section to build, or "" if there is nothing to build; it says why.
func (b *objects) typeOf(sec *Section) string {
	if sec.Template {
		return ""
	}
	t, ok := sec.Get("type")
	t = strings.ToLower(t)
	o := object{"section", sec.Name}
	if !ok {
		b.report(o, sec.Pos, odd("write type = endpoint, aor, auth …", "it has no type and is left out"))
		return ""
	}
	if slices.Contains(supportedTypes, t) {
		return t
	}
	known, ok := unsupportedTypes[t]
	if !ok {
		all := slices.Clone(supportedTypes)
		for k := range unsupportedTypes {
			all = append(all, k)
		}
		slices.Sort(all)
		b.report(o, b.at(sec, "type"), bad(DidYouMean(t, all), "type %q is unknown", clip(t)))
		return ""
	}
	o.kind = t
	b.note(t, sec, fate{pos: sec.Pos, off: true})
	b.report(o, b.at(sec, "type"), odd("", "type=%s is not supported yet and is left out", t))
	b.checkNames(o, sec, known)
	return ""
}

// checkNames finds mistyped options of an object that is not built.
func (b *objects) checkNames(o object, sec *Section, known []later) {
	all := []string{"type"}
	for _, k := range known {
		if k.name == "*" {
			return
		}
		all = append(all, k.name)
	}
	for _, opt := range sec.Options {
		if !strings.HasPrefix(opt.Name, "@") && !slices.ContainsFunc(all, func(n string) bool { return strings.EqualFold(n, opt.Name) }) {
			b.report(o, opt.Pos, bad(DidYouMean(opt.Name, all), "option %q is unknown", clip(opt.Name)))
		}
	}
}

func (b *objects) note(kind string, sec *Section, f fate) {
	if b.fates[kind] == nil {
		b.fates[kind] = map[string]fate{}
	}
	b.fates[kind][sec.Name] = f
}

// build makes one object, unless its name is taken: the first one counts.
func (b *objects) build(kind string, sec *Section) {
	if first, taken := b.fates[kind][sec.Name]; taken {
		b.report(object{kind, sec.Name}, sec.Pos, bad("give it another name, or write [name](+) to add to the first",
			"there is one already (%s); this one is left out", first.pos))
		return
	}
	p := &b.snap.PJSIP
	good, off := false, false
	switch kind {
	case "global":
		good = b.single(kind, sec, func() bool {
			g := newGlobal()
			g.DefaultAuthAlgorithmsUAS = b.snap.Asterisk.AuthAlgorithms
			g.Pos = sec.Pos
			ok := globalSchema.fill(b.loader, &g, sec)
			if ok {
				p.Global = g
			}
			return ok
		})
	case "system":
		good = b.single(kind, sec, func() bool {
			s := newSystem()
			s.Pos = sec.Pos
			ok := systemSchema.fill(b.loader, &s, sec)
			if ok {
				p.System = s
			}
			return ok
		})
	case "acl":
		good = b.buildACL(sec)
	case "domain_alias":
		var d domainAlias
		if good = domainAliasSchema.fill(b.loader, &d, sec); good {
			p.DomainAliases[sec.Name] = d.domain
		}
	case "transport":
		var t *Transport
		if t, good = b.transport(sec); good && t != nil {
			p.Transports = append(p.Transports, t)
		}
		off = t == nil
	case "auth":
		var a *Auth
		if a, good = b.auth(sec); good {
			p.Auths[sec.Name] = a
		}
	case "aor":
		var a *AOR
		if a, good = b.aor(sec); good {
			p.AORs[sec.Name] = a
		}
	case "endpoint":
		var e *Endpoint
		if e, good = b.endpoint(sec); good {
			p.Endpoints[sec.Name] = e
			b.refs = append(b.refs, reference{sec: sec, end: e})
		}
	case "identify":
		var i *Identify
		if i, good = b.identify(sec); good {
			b.refs = append(b.refs, reference{sec: sec, idy: i})
		}
	case "registration":
		var r *Registration
		if r, good = b.registration(sec); good {
			p.Registrations[sec.Name] = r
			b.refs = append(b.refs, reference{sec: sec, reg: r})
		}
	}
	b.note(kind, sec, fate{pos: sec.Pos, bad: !good, off: off})
}

// single builds a type of which there is one.
func (b *objects) single(kind string, sec *Section, build func() bool) bool {
	for _, other := range b.fates[kind] {
		b.report(object{kind, sec.Name}, sec.Pos, bad("put all of it in one section", "there is one already (%s); this one is left out", other.pos))
		return false
	}
	return build()
}

func (b *objects) buildACL(sec *Section) bool {
	d := &aclDraft{ACL: ACL{Name: sec.Name, Pos: sec.Pos}}
	good := aclSchema.fill(b.loader, d, sec)
	o := object{"acl", sec.Name}
	good = b.checkAccess(o, sec, "acl", &d.ACL.ACL) && b.checkAccess(o, sec, "contact_acl", &d.ContactACL) && good
	if !good {
		// An access list that is wrong must not let everybody in.
		b.report(o, sec.Pos, odd("", "as it is wrong, it denies everybody"))
		d.ACL.ACL.Lists = append(d.ACL.ACL.Lists, denyAll())
	}
	if d.own != nil {
		d.ACL.ACL.Lists = append(d.ACL.ACL.Lists, d.own)
	}
	if d.contactOwn != nil {
		d.ContactACL.Lists = append(d.ContactACL.Lists, d.contactOwn)
	}
	b.snap.PJSIP.ACLs = append(b.snap.PJSIP.ACLs, &d.ACL)
	return good
}

func denyAll() AccessList {
	list, _ := parseRules("0.0.0.0/0,::/0", false)
	return list
}

// checkAccess resolves the named lists of an object.
func (b *objects) checkAccess(o object, sec *Section, option string, a *Access) bool {
	good := true
	var lists []AccessList
	for _, name := range a.Names {
		list, ok := b.snap.ACL[name]
		if !ok {
			b.report(o, b.at(sec, option), bad(fmt.Sprintf("add [%s] to acl.conf", name), "%s %q: no such list in acl.conf", option, name))
			good = false
			continue
		}
		lists = append(lists, list)
	}
	a.Lists = append(lists, a.Lists...)
	return good
}

// missing says why a reference leads nowhere, or nil if it leads somewhere. A thing that is not supported yet is
// worth a warning only.
func (b *objects) missing(kind, option, name string) *complaint {
	f, ok := b.fates[kind][name]
	switch {
	case !ok:
		c := bad(fmt.Sprintf("add [%s] with type=%s", name, kind), "%s %q: no such section", option, name)
		var all []string
		for n := range b.fates[kind] {
			all = append(all, n)
		}
		slices.Sort(all)
		if near := DidYouMean(name, all); near != "" && near != fmt.Sprintf("did you mean %q?", name) {
			c.want = near + " If not, " + c.want
		}
		return c
	case f.bad:
		return bad("correct that one", "%s %q has errors and was left out (%s)", option, name, f.pos)
	case f.off:
		return odd("", "%s %q is not supported yet (%s)", option, name, f.pos)
	}
	return nil
}

// checkEndpoint resolves what an endpoint points at. Without its password or its access list it would let
// strangers in, so then it is left out; without an AOR or a transport it can still do some of its work.
func (b *objects) checkEndpoint(sec *Section, e *Endpoint) {
	o := object{"endpoint", sec.Name}
	good := true
	keep := func(kind, option string, list []string, vital bool) []string {
		return slices.DeleteFunc(list, func(name string) bool {
			c := b.missing(kind, option, name)
			if c != nil {
				b.report(o, b.at(sec, option), c)
				good = good && !vital
			}
			return c != nil
		})
	}
	e.Auth = keep("auth", "auth", e.Auth, true)
	e.OutboundAuth = keep("auth", "outbound_auth", e.OutboundAuth, false)
	e.AORs = keep("aor", "aors", e.AORs, false)
	if e.Transport != "" && len(keep("transport", "transport", []string{e.Transport}, false)) == 0 {
		e.Transport = ""
	}
	good = b.checkAccess(o, sec, "acl", &e.ACL) && good
	good = b.checkAccess(o, sec, "contact_acl", &e.ContactACL) && good
	if !good {
		delete(b.snap.PJSIP.Endpoints, sec.Name)
		b.note("endpoint", sec, fate{pos: sec.Pos, bad: true})
	}
}

func (b *objects) checkIdentify(sec *Section, i *Identify) {
	if c := b.missing("endpoint", "endpoint", i.Endpoint); c != nil {
		b.report(object{"identify", sec.Name}, b.at(sec, "endpoint"), c)
		return
	}
	b.snap.PJSIP.Identifies = append(b.snap.PJSIP.Identifies, i)
}
