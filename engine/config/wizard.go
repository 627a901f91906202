package config

import (
	"fmt"
	"strings"
)

// wizardOptions are the options of type=wizard itself; those with a slash go to the object before it.
var wizardOptions = []string{
	"type", "transport", "remote_hosts", "outbound_proxy", "sends_auth", "accepts_auth", "sends_registrations",
	"sends_line_with_registrations", "accepts_registrations", "has_phoneprov", "server_uri_pattern", "client_uri_pattern",
	"contact_pattern", "has_hint", "hint_context", "hint_exten", "hint_application",
}

var wizardPrefixes = []string{"endpoint/", "aor/", "inbound_auth/", "outbound_auth/", "identify/", "registration/", "phoneprov/"}

// wizards expands pjsip_wizard.conf to the sections that would say the same in pjsip.conf. Positions stay those of
// the wizard's lines, so problems point at what the admin wrote.
func (b *objects) wizards(f *File) []*Section {
	var out []*Section
	for _, sec := range f.Sections {
		if t, ok := sec.Get("type"); sec.Template || !ok || !strings.EqualFold(t, "wizard") {
			if !sec.Template {
				b.report(object{"section", sec.Name}, sec.Pos, bad("write type = wizard", "it is no wizard and is left out"))
			}
			continue
		}
		w := &wizard{objects: b, sec: sec, o: object{"wizard", sec.Name}, hosts: parseList(value(sec, "remote_hosts"))}
		if w.check() {
			out = append(out, w.expand()...)
		}
	}
	return out
}

func value(sec *Section, name string) string {
	v, _ := sec.Get(name)
	return v
}

// wizard is one section on its way to several.
type wizard struct {
	*objects
	sec   *Section
	o     object
	hosts []string
}

func (w *wizard) truth(name string) bool {
	b, _ := Bool(value(w.sec, name))
	return b
}

// check finds what makes the whole wizard void.
func (w *wizard) check() bool {
	good := true
	fail := func(pos Pos, c *complaint) {
		w.report(w.o, pos, c)
		good = good && c.warning
	}
	for _, opt := range w.sec.Options {
		if c := w.checkOption(opt); c != nil {
			fail(opt.Pos, c)
		}
	}
	if w.truth("sends_auth") && value(w.sec, "outbound_auth/username") == "" {
		fail(w.at(w.sec, "sends_auth"), bad("write outbound_auth/username", "sends_auth without a user name"))
	}
	if w.truth("accepts_auth") && value(w.sec, "inbound_auth/username") == "" {
		fail(w.at(w.sec, "accepts_auth"), bad("write inbound_auth/username", "accepts_auth without a user name"))
	}
	if len(w.hosts) == 0 && !w.truth("accepts_registrations") && !w.truth("sends_line_with_registrations") {
		fail(w.sec.Pos, bad("write remote_hosts, or accepts_registrations = yes", "nobody can reach it: it has no remote_hosts and accepts no registration"))
	}
	if w.truth("sends_registrations") && len(w.hosts) == 0 && value(w.sec, "registration/server_uri") == "" {
		fail(w.at(w.sec, "sends_registrations"), bad("write remote_hosts", "sends_registrations to nobody"))
	}
	for _, name := range []string{"has_phoneprov", "has_hint"} {
		if w.truth(name) {
			fail(w.at(w.sec, name), odd("", "%s is not supported yet and has no effect", name))
		}
	}
	return good
}

func (w *wizard) checkOption(opt Option) *complaint {
	if strings.HasPrefix(opt.Name, "@") {
		return nil
	}
	for _, p := range wizardPrefixes {
		if len(opt.Name) > len(p) && strings.EqualFold(opt.Name[:len(p)], p) {
			return nil // the object's own table looks at the rest
		}
	}
	for _, n := range wizardOptions {
		if strings.EqualFold(n, opt.Name) {
			if strings.HasPrefix(n, "sends_") || strings.HasPrefix(n, "accepts_") || strings.HasPrefix(n, "has_") {
				if _, c := parseBool(opt.Value); c != nil {
					c.what = n + ": " + c.what
					return c
				}
			}
			return nil
		}
	}
	return bad(DidYouMean(opt.Name, append(append([]string{}, wizardOptions...), wizardPrefixes...)), "option %q is unknown", clip(opt.Name))
}

// part collects the options written for one object, then those the wizard gives it, which win as in Asterisk.
func (w *wizard) part(kind, name, prefix string, given ...Option) *Section {
	s := &Section{Name: name, Pos: w.sec.Pos}
	s.Options = append(s.Options, Option{Name: "type", Value: kind, Pos: w.sec.Pos})
	for _, opt := range w.sec.Options {
		if len(opt.Name) > len(prefix) && strings.EqualFold(opt.Name[:len(prefix)], prefix) {
			opt.Name = opt.Name[len(prefix):]
			s.Options = append(s.Options, opt)
		}
	}
	s.Options = append(s.Options, given...)
	return s
}

// give is an option of the wizard's making, placed where its cause stands.
func (w *wizard) give(name, value string, cause ...string) Option {
	return Option{Name: name, Value: value, Pos: w.at(w.sec, cause...)}
}

// expand makes endpoint, aor, auths and identify, named as Asterisk names them.
func (w *wizard) expand() []*Section {
	id := w.sec.Name
	var out []*Section
	endpoint := []Option{w.give("aors", id)}
	if w.truth("accepts_auth") {
		endpoint = append(endpoint, w.give("auth", id+"-iauth", "accepts_auth"))
		out = append(out, w.auth("inbound", id+"-iauth"))
	}
	if w.truth("sends_auth") {
		endpoint = append(endpoint, w.give("outbound_auth", id+"-oauth", "sends_auth"))
		out = append(out, w.auth("outbound", id+"-oauth"))
	}
	if v := value(w.sec, "transport"); v != "" {
		endpoint = append(endpoint, w.give("transport", v, "transport"))
	}
	var aor []Option
	if v := value(w.sec, "outbound_proxy"); v != "" {
		endpoint = append(endpoint, w.give("outbound_proxy", v, "outbound_proxy"))
		aor = append(aor, w.give("outbound_proxy", v, "outbound_proxy"))
	}
	if value(w.sec, "aor/contact") == "" {
		aor = append(aor, w.contacts()...)
	}
	out = append(out, w.part("aor", id, "aor/", aor...), w.part("endpoint", id, "endpoint/", endpoint...))
	if !w.truth("accepts_registrations") && !w.truth("sends_line_with_registrations") {
		identify := []Option{w.give("endpoint", id)}
		if value(w.sec, "identify/match") == "" {
			identify = append(identify, w.give("match", strings.Join(w.hosts, ","), "remote_hosts"))
		}
		out = append(out, w.part("identify", id+"-identify", "identify/", identify...))
	}
	if w.truth("sends_registrations") {
		out = append(out, w.registrations()...)
	}
	return out
}

// registrations makes one for each remote host.
func (w *wizard) registrations() (out []*Section) {
	hosts := w.hosts
	if len(hosts) == 0 {
		hosts = []string{""} // it has a server_uri of its own
	}
	for i, host := range hosts {
		var given []Option
		for _, uri := range [][3]string{{"server_uri", "server_uri_pattern", "sip:${REMOTE_HOST}"},
			{"client_uri", "client_uri_pattern", "sip:${USERNAME}@${REMOTE_HOST}"}} {
			if value(w.sec, "registration/"+uri[0]) != "" {
				continue
			}
			pattern := uri[2]
			if p, ok := w.sec.Get(uri[1]); ok {
				pattern = p
			}
			pattern = strings.NewReplacer("${REMOTE_HOST}", inURI(host), "${USERNAME}", value(w.sec, "outbound_auth/username")).Replace(pattern)
			given = append(given, w.give(uri[0], pattern, "sends_registrations"))
		}
		if w.truth("sends_auth") {
			given = append(given, w.give("outbound_auth", w.sec.Name+"-oauth", "sends_auth"))
		}
		for _, name := range []string{"transport", "outbound_proxy"} {
			if v := value(w.sec, name); v != "" {
				given = append(given, w.give(name, v, name))
			}
		}
		if w.truth("sends_line_with_registrations") {
			given = append(given, w.give("line", "yes", "sends_line_with_registrations"), w.give("endpoint", w.sec.Name, "sends_line_with_registrations"))
		}
		out = append(out, w.part("registration", fmt.Sprintf("%s-reg-%d", w.sec.Name, i), "registration/", given...))
	}
	return out
}

// inURI is a host as a URI has it (RFC 3261 §25.1: an IPv6 address stands in brackets).
func inURI(host string) string {
	if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// auth makes the credentials of one direction.
func (w *wizard) auth(direction, name string) *Section {
	if value(w.sec, direction+"_auth/auth_type") != "" {
		return w.part("auth", name, direction+"_auth/")
	}
	return w.part("auth", name, direction+"_auth/", w.give("auth_type", "userpass"))
}

// contacts gives the AOR a static contact for each remote host.
func (w *wizard) contacts() []Option {
	pattern, ok := w.sec.Get("contact_pattern")
	if !ok {
		pattern = "sip:${REMOTE_HOST}"
	}
	var out []Option
	if pattern == "" {
		return nil
	}
	for _, host := range w.hosts {
		out = append(out, w.give("contact", strings.ReplaceAll(pattern, "${REMOTE_HOST}", inURI(host)), "remote_hosts"))
	}
	return out
}
