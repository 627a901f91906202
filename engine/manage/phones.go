package manage

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/registrar"
)

// phones is one look at configuration, contacts and channels together.
type phones struct {
	conf     *config.PJSIP
	contacts []registrar.Contact
	lines    []line
}

func (c *CLI) phones() *phones {
	return &phones{conf: &c.PBX.Config().PJSIP, contacts: c.PBX.Contacts(), lines: c.lines()}
}

func (p *phones) endpoints() []section {
	var list []section
	for _, name := range sortedKeys(p.conf.Endpoints) {
		s, _ := p.endpoint(name)
		list = append(list, s)
	}
	return list
}

func (p *phones) endpoint(name string) (section, bool) {
	e, ok := p.conf.Endpoints[name]
	if !ok {
		return section{}, false
	}
	title := name
	if e.CallerID.Number != "" {
		title += "/" + e.CallerID.Number
	}
	up := 0
	for _, l := range p.lines {
		if l.Endpoint == name {
			up++
		}
	}
	limit := "inf"
	if e.DeviceStateBusyAt > 0 {
		limit = fmt.Sprint(e.DeviceStateBusyAt)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%*s:  %s  %-12.12s  %d of %s\n", indent(0), "Endpoint", cut(title, lastTabstop-indent(0)-2), p.state(e), up, limit)
	for _, list := range []struct {
		way   string
		auths []string
	}{{"OutAuth", e.OutboundAuth}, {"InAuth", e.Auth}} {
		for _, auth := range list.auths {
			if a := p.conf.Auths[auth]; a != nil {
				b.WriteString(authLine(1, list.way, a))
			}
		}
	}
	for _, aor := range e.AORs {
		if a := p.conf.AORs[aor]; a != nil {
			b.WriteString(p.aorLines(1, a))
		}
	}
	for _, t := range p.conf.Transports {
		if t.Name == e.Transport {
			b.WriteString(transportLine(1, t))
		}
	}
	for _, i := range p.conf.Identifies {
		if i.Endpoint == name {
			b.WriteString(identifyLines(1, i))
		}
	}
	for _, l := range p.lines {
		if l.Endpoint == name {
			b.WriteString(channelLines(1, l))
		}
	}
	return section{name: name, lines: b.String(), gap: true, options: optionsOf(*e)}, true
}

// state is the device state of an endpoint: from its contacts and the channels it has.
func (p *phones) state(e *config.Endpoint) string {
	var up, ringing int
	for _, l := range p.lines {
		switch {
		case l.Endpoint != e.Name:
		case l.State == channel.Ringing:
			ringing++
		default:
			up++
		}
	}
	switch {
	case e.DeviceStateBusyAt > 0 && up+ringing >= e.DeviceStateBusyAt:
		return "Busy"
	case up > 0 && ringing > 0:
		return "Ring+Inuse"
	case ringing > 0:
		return "Ringing"
	case up > 0:
		return "In use"
	}
	for _, c := range p.contacts {
		if slices.Contains(e.AORs, c.AOR) && c.Status != registrar.Unreachable {
			return "Not in use"
		}
	}
	return "Unavailable"
}

// hintWords are the states of extensions as `core show hints` has them.
var hintWords = map[string]string{"NOT_INUSE": "Idle", "INUSE": "InUse", "BUSY": "Busy", "UNAVAILABLE": "Unavailable", "RINGING": "Ringing",
	"RINGINUSE": "InUse&Ringing", "ONHOLD": "Hold"}

func (p *phones) aors() []section {
	var list []section
	for _, name := range sortedKeys(p.conf.AORs) {
		s, _ := p.aor(name)
		list = append(list, s)
	}
	return list
}

func (p *phones) aor(name string) (section, bool) {
	a, ok := p.conf.AORs[name]
	if !ok {
		return section{}, false
	}
	return section{name: name, lines: p.aorLines(0, a), gap: true, options: optionsOf(*a)}, true
}

func (p *phones) aorLines(level int, a *config.AOR) string {
	s := fmt.Sprintf("%*s:  %s %12d\n", indent(level), "Aor", cut(a.Name, lastTabstop-indent(level)-12), a.MaxContacts)
	for _, c := range p.contacts {
		if c.AOR == a.Name {
			s += contactLine(level+1, c)
		}
	}
	return s
}

func (p *phones) contactList() []section {
	var list []section
	for _, c := range p.contacts {
		list = append(list, contactSection(c))
	}
	return list
}

func contactSection(c registrar.Contact) section {
	options := []option{
		{"aor", c.AOR}, {"endpoint", c.Endpoint}, {"path", strings.Join(c.Path, ", ")}, {"transport", c.Transport}, {"uri", c.URI},
		{"user_agent", c.UserAgent}, {"via_addr", addr(c.Received)}, {"expiration_time", when(c)},
	}
	slices.SortFunc(options, func(a, b option) int { return cmp.Compare(a.name, b.name) })
	return section{name: c.AOR + "/" + c.URI, lines: contactLine(0, c), options: options}
}

func addr(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func when(c registrar.Contact) string {
	if c.Expires.IsZero() {
		return ""
	}
	return fmt.Sprint(c.Expires.Unix())
}

// contact finds by "aor/uri" or by the URI alone.
func (p *phones) contact(name string) (section, bool) {
	for _, c := range p.contacts {
		if c.URI == name || c.AOR+"/"+c.URI == name {
			return contactSection(c), true
		}
	}
	return section{}, false
}

func contactLine(level int, c registrar.Contact) string {
	status, rtt := "NonQual", "nan"
	switch c.Status {
	case registrar.Reachable:
		status, rtt = "Avail", fmt.Sprintf("%.3f", float64(c.RTT.Microseconds())/1000)
	case registrar.Unreachable:
		status = "Unavail"
	case registrar.Unknown:
		status = "Unknown"
	}
	width := max(0, lastTabstop-indent(level)-9-len(c.AOR)+1)
	return fmt.Sprintf("%*s:  %s/%s %-10.10s %-7.7s %11s\n", indent(level), "Contact", c.AOR, cut(c.URI, width), contactHash(c), status, rtt)
}

// contactHash is how Asterisk's listing tells contacts of one AOR apart: the beginning of MD5 over the URI. It protects nothing.
func contactHash(c registrar.Contact) string {
	sum := md5.Sum([]byte(c.URI))
	return hex.EncodeToString(sum[:])[:10]
}

func (p *phones) auths() []section {
	var list []section
	for _, name := range sortedKeys(p.conf.Auths) {
		s, _ := p.auth(name)
		list = append(list, s)
	}
	return list
}

func (p *phones) auth(name string) (section, bool) {
	a, ok := p.conf.Auths[name]
	if !ok {
		return section{}, false
	}
	return section{name: name, lines: authLine(0, "Auth", a), options: optionsOf(*a)}, true
}

func authLine(level int, way string, a *config.Auth) string {
	return fmt.Sprintf("%*s:  %s/%s\n", indent(level), way, a.Name, a.Username)
}

func (p *phones) transports() []section {
	var list []section
	for _, t := range p.conf.Transports {
		list = append(list, section{name: t.Name, lines: transportLine(0, t), options: optionsOf(*t)})
	}
	return list
}

func (p *phones) transport(name string) (section, bool) { return byName(p.transports(), name) }

func byName(list []section, name string) (section, bool) {
	i := slices.IndexFunc(list, func(s section) bool { return s.name == name })
	if i < 0 {
		return section{}, false
	}
	return list[i], true
}

func transportLine(level int, t *config.Transport) string {
	return fmt.Sprintf("%*s:  %-21s  %6s  %5d  %5d  %s\n", indent(level), "Transport", t.Name, t.Protocol, t.COS, t.TOS, t.Bind)
}

func (p *phones) identifies() []section {
	var list []section
	for _, i := range p.conf.Identifies {
		list = append(list, section{name: i.Name, lines: identifyLines(0, i), gap: true, options: optionsOf(*i)})
	}
	return list
}

func (p *phones) identify(name string) (section, bool) { return byName(p.identifies(), name) }

func identifyLines(level int, i *config.Identify) string {
	s := fmt.Sprintf("%*s:  %s/%s\n", indent(level), "Identify", i.Name, i.Endpoint)
	for _, m := range i.Match {
		s += fmt.Sprintf("%*s: %s\n", indent(level+1), "Match", matchText(m))
	}
	if i.MatchHeader != nil {
		s += fmt.Sprintf("%*s: %s: %s\n", indent(level+1), "Header", i.MatchHeader.Header, headerValue(i.MatchHeader))
	}
	if i.MatchRequestURI != nil {
		s += fmt.Sprintf("%*s: %s\n", indent(level+1), "RequestURI", headerValue(i.MatchRequestURI))
	}
	return s
}

func matchText(m config.Match) string {
	s := m.Host
	if s == "" {
		s = m.Prefix.String()
	}
	if m.Port != 0 {
		s += fmt.Sprintf(":%d", m.Port)
	}
	return s
}

func headerValue(m *config.HeaderMatch) string {
	if m.Regexp != nil {
		return "/" + m.Regexp.String() + "/"
	}
	return m.Value
}

func (p *phones) channelList() []section {
	var list []section
	for _, l := range p.lines {
		if l.Tech == "PJSIP" {
			list = append(list, section{name: l.Name, lines: channelLines(0, l), gap: true, options: optionsOf(l.Info)})
		}
	}
	return list
}

func (p *phones) channel(name string) (section, bool) { return byName(p.channelList(), name) }

func channelLines(level int, l line) string {
	name := l.Name
	if l.Application != "" {
		name += "/" + l.Application
	}
	return fmt.Sprintf("%*s: %s %-12.12s  %-11.11s\n", indent(level), "Channel", cut(name, lastTabstop-indent(level)-1), l.State, clock(l.seconds)) +
		fmt.Sprintf("%*s: %s  CLCID: \"%s\" <%s>\n", indent(level+1), "Exten", cut(l.Place.Exten, lastTabstop-indent(level+1)-25), l.Connected.Name, l.Connected.Number)
}
